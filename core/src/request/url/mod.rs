//! URLs made into what a request needs: the origin it goes to and the target it names.
//!
//! Parsing is WHATWG's (crate `url`). A caller's URL is screened first (`strict`): what another
//! parser would read as another host is refused, since programs filter URLs with other parsers. A
//! server's Location is repaired instead, as WHATWG parses bytes. Programs ask the same few origins
//! again and again, so a plain path below a known origin skips the parser.

pub(crate) mod base;
pub(crate) mod query;
mod refuse;
mod scheme;
pub(crate) mod secret;
mod strict;
#[cfg(test)]
mod tests;
pub(crate) mod unix;

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use percent_encoding::{AsciiSet, percent_decode_str, percent_encode};
use url::Url;

use crate::auth::basic_credentials;
use crate::error::Result;
use crate::origin::{Origin, Scheme};
use crate::request::url::refuse::{invalid, unsupported};
use crate::request::url::strict::screen;

/// A URL ready for a request.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub origin: Arc<Origin>,
    /// `Basic ...` from the URL's userinfo.
    pub authorization: Option<String>,
    /// The URL as it is shown: no userinfo, no fragment.
    pub href: Arc<str>,
    /// Where its path begins.
    path: usize,
    /// What followed `#`; never sent, inherited by redirects (RFC 9110 10.2.2).
    fragment: Option<Arc<str>>,
}

impl Target {
    pub fn parse(text: &str) -> Result<Target> {
        if let Some(target) = known(text) {
            return Ok(target);
        }
        let target = Target::parse_anew(text)?;
        remember(text, &target);
        Ok(target)
    }

    fn parse_anew(text: &str) -> Result<Target> {
        let screened = screen(text)?;
        let url = Url::parse(&screened.url).map_err(|error| match error {
            url::ParseError::InvalidPort => invalid(text, "invalid port; expected 0 to 65535"),
            url::ParseError::EmptyHost => invalid(text, "the host is empty"),
            other => invalid(text, other),
        })?;
        screened.check_host(text, &url)?;
        Target::from_url(text, url, screened.zone)
    }

    /// Resolves a Location against this URL (RFC 9110 10.2.2). What a browser repairs is repaired;
    /// userinfo and fragment are inherited, the former within the origin.
    pub fn join(&self, location: &[u8]) -> Result<Target> {
        /// What is no part of UTF-8 text is encoded byte by byte, whatever it was meant to be.
        const BEYOND_ASCII: &AsciiSet = &AsciiSet::EMPTY;
        let location = match std::str::from_utf8(location) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => percent_encode(location, BEYOND_ASCII).to_string().into(),
        };
        let zone = self.origin.zone();
        let base = match zone {
            None => Cow::Borrowed(&*self.href),
            Some(_) => Cow::Owned(format!("{}{}", self.origin, self.path())),
        };
        let base = Url::parse(&base).map_err(|error| invalid(&self.href, error))?;
        let url = base.join(&location).map_err(|error| invalid(&location, error))?;
        let zone = zone.filter(|_| url.host() == base.host()).map(str::to_string);
        let mut next = Target::from_url(&location, url, zone)?;
        if next.authorization.is_none() && next.origin == self.origin {
            next.authorization = self.authorization.clone();
        }
        if next.fragment.is_none() {
            next.fragment = self.fragment.clone();
        }
        Ok(next)
    }

    fn from_url(text: &str, mut url: Url, zone: Option<String>) -> Result<Target> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(unsupported(other)),
        };
        let host = match (url.host(), &zone) {
            (Some(url::Host::Domain(name)), None) if !name.is_empty() => {
                // WHATWG lets more pass, such as braces, which no Host field can carry.
                if let Some(byte) = name.bytes().find(|&byte| !is_reg_name(byte)) {
                    let shown = char::from(byte);
                    return Err(invalid(text, format_args!("{shown:?} in the host")));
                }
                name.to_string()
            }
            (Some(url::Host::Ipv4(address)), None) => address.to_string(),
            (Some(url::Host::Ipv6(address)), None) => address.to_string(),
            (Some(url::Host::Ipv6(address)), Some(zone)) => format!("{address}%{zone}"),
            _ => return Err(invalid(text, "the host is empty")),
        };
        let port = url.port().unwrap_or(scheme.default_port());
        if port == 0 {
            return Err(invalid(text, "invalid port; 0 cannot be connected to"));
        }
        let authorization = basic_auth(&url);
        let fragment = url.fragment().map(Arc::from);
        url.set_fragment(None);
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let path = url[..url::Position::BeforePath].len();
        let (href, path) = match zone {
            None => (Arc::from(url.as_str()), path),
            Some(zone) => {
                // RFC 6874 2: the percent sign before a zone is itself encoded.
                let (authority, rest) = url.as_str().split_at(path);
                let authority = authority.replacen(']', &format!("%25{zone}]"), 1);
                (Arc::from(format!("{authority}{rest}")), authority.len())
            }
        };
        let origin = Arc::new(Origin::new(scheme, host, port));
        Ok(Target { origin, authorization, href, path, fragment })
    }

    /// Path and query, never the fragment (RFC 9110 7.1).
    pub fn path(&self) -> &str {
        &self.href[self.path..]
    }

    /// The `host:port` that the path is, for CONNECT (RFC 9112 3.2.3).
    ///
    /// # Errors
    /// `InvalidUrl`: it is something else.
    pub fn authority_in_path(&self) -> Result<String> {
        const EXPECTED: &str =
            "CONNECT wants host:port as its path, as in http://proxy:3128/example.com:443";
        let text = self.path().strip_prefix('/').unwrap_or_default();
        let text = percent_decode_str(text).decode_utf8_lossy();
        let port = text.rsplit_once(':').map_or("", |(_, port)| port);
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || text.contains(['/', '?', '#', '@', '%']) {
            return Err(invalid(&self.href, EXPECTED));
        }
        let target = Target::parse_anew(&format!("http://{text}/"))?;
        Ok(target.origin.authority())
    }

    /// The URL with its fragment.
    pub fn url(&self) -> Arc<str> {
        match &self.fragment {
            None => self.href.clone(),
            Some(fragment) => Arc::from(format!("{}#{fragment}", self.href)),
        }
    }
}

/// Bytes of a registered name (RFC 3986 3.2.2), percent signs left out: they are decoded by now.
fn is_reg_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

/// Origins remembered per thread.
const KNOWN: usize = 8;

thread_local! {
    /// Scheme and authority as written, where that is already the canonical form.
    static ORIGINS: RefCell<Vec<(Box<str>, Arc<Origin>)>> = const { RefCell::new(Vec::new()) };
}

/// `https://host:port` of `https://host:port/path`, and the rest.
fn split_authority(text: &str) -> Option<(&str, &str)> {
    let start = text.find("://")? + 3;
    let end = start + text.get(start..)?.find('/')?;
    text.split_at_checked(end)
}

/// A path and query that the parser would hand through unchanged: nothing to encode, no dot
/// segments, no fragment.
fn is_plain(path: &str) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&()*+,;=:@/?".contains(byte);
    path.as_bytes().iter().all(plain) && !path.contains("/.")
}

fn known(text: &str) -> Option<Target> {
    let (authority, path) = split_authority(text)?;
    // Not there any more in a handler of atexit, which may still send.
    let found = ORIGINS.try_with(|origins| {
        let origins = origins.borrow();
        let found = origins.iter().find(|(known, _)| **known == *authority);
        found.map(|(_, origin)| origin.clone())
    });
    let origin = found.ok().flatten()?;
    is_plain(path).then(|| Target {
        origin,
        authorization: None,
        href: Arc::from(text),
        path: authority.len(),
        fragment: None,
    })
}

fn remember(text: &str, target: &Target) {
    let Some((authority, _)) = split_authority(text) else { return };
    let canonical = target.href.strip_prefix(authority).is_some_and(|rest| rest.starts_with('/'));
    if !canonical || authority.contains('@') {
        return;
    }
    let _ = ORIGINS.try_with(|origins| {
        let mut origins = origins.borrow_mut();
        if origins.iter().any(|(known, _)| **known == *authority) {
            return;
        }
        if origins.len() == KNOWN {
            origins.remove(0);
        }
        origins.push((authority.into(), target.origin.clone()));
    });
}

fn basic_auth(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let user: Vec<u8> = percent_decode_str(url.username()).collect();
    let password: Vec<u8> = percent_decode_str(url.password().unwrap_or("")).collect();
    Some(basic_credentials(&user, &password))
}
