//! URLs made into what a request needs: the origin it goes to and the target it names.
//!
//! Parsing is WHATWG's (crate `url`); white space and control characters are refused, not repaired.
//! Programs ask the same few origins again and again, so a plain path below a known origin skips
//! the parser.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::origin::{Origin, Scheme};

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
}

fn invalid(url: &str, reason: impl fmt::Display) -> Error {
    let shown: String = url.chars().take(200).collect();
    Error::new(ErrorKind::InvalidUrl, Phase::Request, format!("url {shown:?}: {reason}"))
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
        check_characters(text)?;
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => {
                invalid(text, "no scheme; expected http:// or https://")
            }
            url::ParseError::InvalidPort => invalid(text, "invalid port; expected 0 to 65535"),
            url::ParseError::EmptyHost => invalid(text, "the host is empty"),
            other => invalid(text, other),
        })?;
        Target::from_url(text, url)
    }

    /// Resolves a Location against this URL (RFC 9110 10.2.2).
    pub fn join(&self, location: &str) -> Result<Target> {
        check_characters(location)?;
        let base = Url::parse(&self.href).map_err(|error| invalid(&self.href, error))?;
        let url = base.join(location).map_err(|error| invalid(location, error))?;
        Target::from_url(location, url)
    }

    fn from_url(text: &str, mut url: Url) -> Result<Target> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => {
                return Err(Error::new(
                    ErrorKind::UnsupportedScheme,
                    Phase::Request,
                    format!("url scheme {other:?} is not supported; expected http or https"),
                ));
            }
        };
        let host = match url.host() {
            Some(url::Host::Domain(name)) if !name.is_empty() => name.to_string(),
            Some(url::Host::Ipv4(address)) => address.to_string(),
            Some(url::Host::Ipv6(address)) => address.to_string(),
            _ => return Err(invalid(text, "the host is empty")),
        };
        let port = url.port().unwrap_or(scheme.default_port());
        if port == 0 {
            return Err(invalid(text, "invalid port; 0 cannot be connected to"));
        }
        let authorization = basic_auth(&url);
        url.set_fragment(None);
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let path = url[..url::Position::BeforePath].len();
        let href = Arc::from(url.as_str());
        Ok(Target { origin: Arc::new(Origin::new(scheme, host, port)), authorization, href, path })
    }

    /// Path and query, never the fragment (RFC 9110 7.1).
    pub fn path(&self) -> &str {
        &self.href[self.path..]
    }
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

/// WHATWG parsing drops tabs and newlines and encodes spaces; a client library refuses them, since
/// they are a sign of unescaped input.
fn check_characters(text: &str) -> Result<()> {
    match text.bytes().position(|byte| byte <= b' ' || byte == 0x7f) {
        None => Ok(()),
        Some(at) => {
            let what = match text.as_bytes()[at] {
                b' ' => "a space",
                b'\r' | b'\n' => "a line break",
                _ => "a control character",
            };
            Err(invalid(text, format_args!("{what} at byte {at}; percent-encode it")))
        }
    }
}

fn basic_auth(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let user: Vec<u8> = percent_decode_str(url.username()).collect();
    let password: Vec<u8> = percent_decode_str(url.password().unwrap_or("")).collect();
    Some(basic_credentials(&user, &password))
}

/// `Basic` credentials of RFC 7617.
pub fn basic_credentials(user: &[u8], password: &[u8]) -> String {
    let mut pair = user.to_vec();
    pair.push(b':');
    pair.extend_from_slice(password);
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_and_the_parser_agree() {
        for url in [
            "http://a/",
            "http://a/x",
            "http://a/x/y?z=1&w=a,b;c:d@e",
            "http://a/?",
            "http://a//b",
            "http://a/./b",
            "http://a/../b",
            "http://a/.b",
            "http://a/b/..",
            "http://a/%2e%2e/b",
            "http://a/'?'",
            "http://a/x#f",
            "http://a/ä",
            "http://a/<",
            "http://a/\\b",
            "http://a/|",
            "http://a:80/x",
            "HTTP://a/x",
            "http://A/x",
            "http://u:p@a/x",
            "https://a:443/x",
            "https://a:8443/x",
            "http://[::1]:9/x",
            "http://127.1/x",
        ] {
            let slow = Target::parse_anew(url).expect(url);
            for _ in 0..2 {
                let target = Target::parse(url).expect(url);
                assert_eq!(target.path(), slow.path(), "{url}");
                assert_eq!(target.href, slow.href, "{url}");
                assert_eq!(target.origin, slow.origin, "{url}");
                assert_eq!(target.authorization, slow.authorization, "{url}");
            }
        }
    }

    fn parts(url: &str) -> (String, String, String) {
        let target = Target::parse(url).expect(url);
        (target.origin.host_field().to_string(), target.path().to_string(), target.href.to_string())
    }

    #[test]
    fn hosts_ports_and_paths_are_split_as_whatwg_says() {
        for (url, host, path, href) in [
            ("http://Example.COM", "example.com", "/", "http://example.com/"),
            ("http://a:80/x?y#z", "a", "/x?y", "http://a/x?y"),
            ("https://a:443/", "a", "/", "https://a/"),
            ("https://a:80/", "a:80", "/", "https://a:80/"),
            ("http://[::1]:8080/p", "[::1]:8080", "/p", "http://[::1]:8080/p"),
            ("http://a/ä?ö=\"", "a", "/%C3%A4?%C3%B6=%22", "http://a/%C3%A4?%C3%B6=%22"),
            ("http://a/b/../c/./d", "a", "/c/d", "http://a/c/d"),
            (
                "http://bücher.example/",
                "xn--bcher-kva.example",
                "/",
                "http://xn--bcher-kva.example/",
            ),
            ("http://0x7f.1/", "127.0.0.1", "/", "http://127.0.0.1/"),
            ("http://a?q", "a", "/?q", "http://a/?q"),
        ] {
            assert_eq!(parts(url), (host.into(), path.into(), href.into()), "{url}");
        }
    }

    #[test]
    fn userinfo_becomes_basic_credentials_and_is_not_shown() {
        let target = Target::parse("http://us%65r:p%40ss%2B+@a/").expect("a URL");
        assert_eq!(target.authorization.as_deref(), Some("Basic dXNlcjpwQHNzKys="));
        assert_eq!(&*target.href, "http://a/");
        assert_eq!(Target::parse("http://a/").expect("a URL").authorization, None);
    }

    #[test]
    fn bad_urls_are_refused_with_the_reason() {
        for (url, kind, reason) in [
            ("example.com/", ErrorKind::InvalidUrl, "no scheme"),
            ("/path", ErrorKind::InvalidUrl, "no scheme"),
            ("", ErrorKind::InvalidUrl, "no scheme"),
            ("ftp://a/", ErrorKind::UnsupportedScheme, "\"ftp\""),
            ("http://", ErrorKind::InvalidUrl, "host is empty"),
            ("http://a:99999/", ErrorKind::InvalidUrl, "port"),
            ("http://a:x/", ErrorKind::InvalidUrl, "port"),
            ("http://a:0/", ErrorKind::InvalidUrl, "port"),
            ("http://a/b c", ErrorKind::InvalidUrl, "a space at byte 10"),
            (" http://a/", ErrorKind::InvalidUrl, "a space at byte 0"),
            ("http://a/\r\nX: y", ErrorKind::InvalidUrl, "a line break"),
            ("http://a/\0", ErrorKind::InvalidUrl, "a control character"),
            ("http://a\tb/", ErrorKind::InvalidUrl, "a control character"),
            ("http://[::1/", ErrorKind::InvalidUrl, "IPv6"),
        ] {
            let error = Target::parse(url).expect_err(url);
            assert_eq!(error.kind(), kind, "{url:?}: {error}");
            assert!(error.message().contains(reason), "{url:?}: {error}");
        }
    }
}
