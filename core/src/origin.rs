//! URLs split into what a connection is chosen by (the origin) and what a request line says.
//! Parsing is WHATWG's (crate `url`); white space and control characters are refused, not repaired.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::Arc;

use base64::Engine as _;
use once_cell::race::OnceBox;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::error::{Error, ErrorKind, Phase, Result};

/// The schemes this library speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`, default port 80.
    Http,
    /// `https`, default port 443.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub const fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// Scheme, host and port: connections are shared within one origin (RFC 9110 4.3).
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// Lower-case ASCII host name or IP address, IPv6 without brackets.
    pub host: String,
    /// The port, also when it is the default.
    pub port: u16,
    /// Computed once: every request looks its origin up.
    hash: u64,
}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Origin {
    pub(crate) fn new(scheme: Scheme, host: String, port: u16) -> Origin {
        static KEYS: OnceBox<RandomState> = OnceBox::new();
        let hash = KEYS.get_or_init(Box::default).hash_one((scheme, &host, port));
        Origin { scheme, host, port, hash }
    }

    /// The Host field's value: IPv6 in brackets, port unless default (RFC 9110 7.2).
    pub fn host_field(&self) -> String {
        let host = self.bracketed();
        if self.port == self.scheme.default_port() { host } else { format!("{host}:{}", self.port) }
    }

    /// `host:port`, for messages.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.host_field())
    }
}

/// A URL ready for a request.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub origin: Arc<Origin>,
    /// Path and query, never the fragment (RFC 9110 7.1).
    pub path: String,
    /// `Basic ...` from the URL's userinfo.
    pub authorization: Option<String>,
    /// The URL as it is shown: no userinfo, no fragment.
    pub href: Arc<str>,
}

fn invalid(url: &str, reason: impl fmt::Display) -> Error {
    let shown: String = url.chars().take(200).collect();
    Error::new(ErrorKind::InvalidUrl, Phase::Request, format!("url {shown:?}: {reason}"))
}

impl Target {
    pub fn parse(text: &str) -> Result<Target> {
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
        let path = url[url::Position::BeforePath..].to_string();
        let href = Arc::from(url.as_str());
        Ok(Target { origin: Arc::new(Origin::new(scheme, host, port)), path, authorization, href })
    }
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

    fn parts(url: &str) -> (String, String, String) {
        let target = Target::parse(url).expect(url);
        (target.origin.host_field(), target.path, target.href.to_string())
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
