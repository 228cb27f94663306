//! What a caller's URL may look like. Programs decide with other parsers (`urllib.parse`, httpx,
//! libcurl) whether a URL may be asked for, so where those read another host than WHATWG does, the
//! URL is refused. What they agree on but spell differently (a space, other alphabets in path and
//! query) is encoded, as they do.

use url::{Host, Url};

use crate::error::Result;
use crate::request::url::refuse::{invalid, unsupported};
use crate::request::url::scheme::is_scheme;

/// A URL that every parser reads alike.
#[derive(Debug)]
pub(super) struct Screened {
    /// For the parser: without the zone.
    pub url: String,
    /// The host as it was written.
    host: String,
    /// An IPv6 zone identifier (RFC 6874).
    pub zone: Option<String>,
}

pub(super) fn screen(text: &str) -> Result<Screened> {
    check_characters(text)?;
    let no_scheme = || invalid(text, "no scheme; expected http:// or https://");
    let (scheme, rest) = text.split_once(':').ok_or_else(no_scheme)?;
    if !is_scheme(scheme) {
        return Err(no_scheme());
    }
    let known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let Some(rest) = rest.strip_prefix("//") else {
        return Err(match rest.bytes().next() {
            Some(byte) if !known && !byte.is_ascii_digit() => unsupported(scheme),
            _ if known => invalid(text, format_args!("expected {scheme}:// and a host")),
            _ => no_scheme(),
        });
    };
    if !known {
        return Err(unsupported(scheme));
    }
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let start = text.len() - rest.len();
    if tail.starts_with('\\') {
        return Err(invalid(
            text,
            format_args!(
                "a backslash at byte {}: not every parser ends the host there; expected /",
                start + end
            ),
        ));
    }
    if let Some(at) = authority.find(' ') {
        return Err(invalid(text, format_args!("a space at byte {} in the host", start + at)));
    }
    let (userinfo, host_port) = match authority.rsplit_once('@') {
        Some((userinfo, host_port)) => (Some(userinfo), host_port),
        None => (None, authority),
    };
    if userinfo.is_some_and(|userinfo| userinfo.contains(['@', '[', ']'])) {
        return Err(invalid(
            text,
            "@, [ or ] in the user name or password; percent-encode it (%40, %5B, %5D)",
        ));
    }
    let (host, port, zone) = match host_port.strip_prefix('[') {
        Some(literal) => {
            let (inner, port) = literal
                .split_once(']')
                .ok_or_else(|| invalid(text, "an IPv6 address without its ]"))?;
            let (address, zone) = split_zone(text, inner)?;
            (format!("[{address}]"), port, zone)
        }
        None => {
            let colon = host_port.find(':').unwrap_or(host_port.len());
            let (host, port) = host_port.split_at(colon);
            if host.contains('%') {
                return Err(invalid(
                    text,
                    "a percent sign in the host: not every parser decodes it; write it decoded",
                ));
            }
            (host.to_string(), port, None)
        }
    };
    if host.is_empty() {
        return Err(invalid(text, "the host is empty"));
    }
    let userinfo = userinfo.map_or(String::new(), |userinfo| format!("{userinfo}@"));
    let tail = tail.replace(' ', "%20").replace('\\', "%5C");
    Ok(Screened { url: format!("{scheme}://{userinfo}{host}{port}{tail}"), host, zone })
}

impl Screened {
    /// Whether the parser took the host for what is written: its IDNA and IPv4 rules turn other
    /// spellings into a host that other parsers do not see.
    pub fn check_host(&self, text: &str, url: &Url) -> Result<()> {
        let read = match url.host() {
            Some(Host::Ipv6(_)) | None => return Ok(()),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Domain(name)) if self.host.is_ascii() => name.to_string(),
            Some(Host::Domain(name)) => idna::domain_to_unicode(name).0,
        };
        if read == self.host.to_lowercase() {
            return Ok(());
        }
        let host = &self.host;
        Err(invalid(
            text,
            format_args!("not every parser reads the host {host:?} as {read:?}; write that"),
        ))
    }
}

/// An address and its zone; RFC 6874 writes `%25`, users and curl also `%`.
fn split_zone<'a>(text: &str, inner: &'a str) -> Result<(&'a str, Option<String>)> {
    let Some((address, zone)) = inner.split_once('%') else { return Ok((inner, None)) };
    let zone = zone.strip_prefix("25").unwrap_or(zone);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if zone.is_empty() || !zone.bytes().all(plain) {
        return Err(invalid(
            text,
            "an IPv6 zone is an interface's name or number, as in [fe80::1%25eth0]",
        ));
    }
    Ok((address, Some(zone.to_string())))
}

/// WHATWG parsing drops tabs and newlines; a client library refuses them, since they are a sign of
/// unescaped input.
fn check_characters(text: &str) -> Result<()> {
    let Some(at) = text.bytes().position(|byte| byte < b' ' || byte == 0x7f) else {
        return match text.starts_with(' ') {
            true => Err(invalid(text, "a space at byte 0; expected http:// or https://")),
            false => Ok(()),
        };
    };
    let what = match text.as_bytes()[at] {
        b'\r' | b'\n' => "a line break",
        b'\t' => "a tab",
        b'\0' => "a NUL",
        _ => "a control character",
    };
    Err(invalid(text, format_args!("{what} at byte {at}; percent-encode it")))
}
