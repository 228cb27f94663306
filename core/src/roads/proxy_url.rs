//! The URL of a proxy.

use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::auth::Login;
use crate::error::{Error, Result};
use crate::origin::proxy::{ProxyScheme, ProxyServer};
use crate::origin::{Origin, Scheme};

/// Where it was given, for messages.
pub(super) enum Place {
    Option(&'static str),
    Variable(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Option(name) => write!(f, "option {name}"),
            Place::Variable(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// What stands for "no proxy" in the place of a URL.
const DIRECT: &str = "direct";

/// The proxy at `text`, which gets `fields` beside its credentials; `None` for none. Without a scheme it
/// is an http proxy, as every client has it.
pub(super) fn parse(place: &Place, text: &str, fields: &[u8]) -> Result<Option<ProxyServer>> {
    // The text may hold a password: it is never shown.
    let wrong = |reason: &str| Error::argument(format!("{place}: {reason}"));
    if text.is_empty() || text.eq_ignore_ascii_case(DIRECT) {
        return Ok(None);
    }
    if !text.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        return Err(wrong("a blank, control or non-ASCII character in the URL; percent-encode it"));
    }
    let (scheme, rest) = match text.split_once("://") {
        None => (ProxyScheme::Http, text),
        Some((scheme, rest)) => {
            let known = ProxyScheme::ALL.iter();
            let mut known = known.filter(|(_, name, _)| name.eq_ignore_ascii_case(scheme));
            let Some(&(scheme, ..)) = known.next() else {
                let shown: String = scheme.chars().take(20).filter(|c| *c != '@').collect();
                return Err(wrong(&format!(
                    "scheme {shown:?} is not one of a proxy; expected http, https, socks4, socks4a, \
                     socks5 or socks5h"
                )));
            };
            (scheme, rest)
        }
    };
    let broken = |error: url::ParseError| wrong(&format!("the URL cannot be parsed: {error}"));
    // A special scheme has the host checked, another one keeps a port that is the former's default.
    let url = Url::parse(&format!("http://{rest}")).map_err(broken)?;
    let port = Url::parse(&format!("proxy://{rest}")).map_err(broken)?.port();
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("a path, query or fragment in the URL; expected scheme://host:port"));
    }
    let host = match url.host() {
        Some(Host::Domain(name)) if !name.is_empty() => name.to_string(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        _ => return Err(wrong("the URL has no host")),
    };
    let default = ProxyScheme::ALL.iter().find(|(known, ..)| *known == scheme);
    let port = port.unwrap_or(default.map_or(0, |(.., port)| *port));
    if port == 0 {
        return Err(wrong("port 0 cannot be connected to"));
    }
    let login = login(scheme, &url).map_err(|reason| wrong(&reason))?;
    let reached = match scheme {
        ProxyScheme::Https => Scheme::Https,
        _ => Scheme::Http,
    };
    let origin = Arc::new(Origin::new(reached, host, port));
    Ok(Some(ProxyServer::new(scheme, origin, login, fields.to_vec())))
}

fn login(scheme: ProxyScheme, url: &Url) -> std::result::Result<Option<Login>, String> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        let text = text.map_err(|_| "user name or password is no UTF-8".to_string())?;
        match text.contains(|c: char| c.is_control()) {
            true => Err("a control character in the user name or password".to_string()),
            false => Ok(text.into_owned()),
        }
    };
    let (user, password) = (decoded(url.username())?, decoded(url.password().unwrap_or(""))?);
    let fits = |text: &str| (1..=255).contains(&text.len());
    match scheme {
        ProxyScheme::Http | ProxyScheme::Https if user.contains(':') => {
            Err("a colon in the user name, which Basic cannot carry (RFC 7617 2)".to_string())
        }
        ProxyScheme::Socks4 | ProxyScheme::Socks4a if !password.is_empty() => {
            Err("a password, which SOCKS4 does not have; socks5 does".to_string())
        }
        ProxyScheme::Socks5 | ProxyScheme::Socks5h if !fits(&user) || !fits(&password) => {
            Err("user name and password must have 1 to 255 bytes (RFC 1929)".to_string())
        }
        _ => Ok(Some(Login { user, password })),
    }
}
