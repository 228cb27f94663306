//! URLs split into what a connection is chosen by (the origin) and what a request line says.
//! Parsing is WHATWG's (crate `url`); white space and control characters are refused, not repaired.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
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
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// Lower-case ASCII host name or IP address, IPv6 without brackets.
    pub host: String,
    /// The port, also when it is the default.
    pub port: u16,
}

impl Origin {
    /// The Host field's value: IPv6 in brackets, port unless default (RFC 9110 7.2).
    pub fn host_field(&self) -> String {
        let host = self.bracketed();
        if self.port == self.scheme.default_port() {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// `host:port`, for messages.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        }
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
    Error::new(
        ErrorKind::InvalidUrl,
        Phase::Request,
        format!("url {shown:?}: {reason}"),
    )
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
        let url = base
            .join(location)
            .map_err(|error| invalid(location, error))?;
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
        Ok(Target {
            origin: Arc::new(Origin { scheme, host, port }),
            path,
            authorization,
            href,
        })
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
            Err(invalid(
                text,
                format_args!("{what} at byte {at}; percent-encode it"),
            ))
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
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    )
}
