//! URLs that name a Unix domain socket: `http+unix://%2Frun%2Fa.sock/target`, as requests-unixsocket,
//! docker-py and others write them.

use percent_encoding::percent_decode_str;

use crate::error::Result;
use crate::request::url::refuse::invalid;

const SCHEME: &str = "http+unix://";

/// The socket's path and the URL of what is asked for on it; `None` for any other URL.
pub(crate) fn split(text: &str) -> Result<Option<(String, String)>> {
    let Some((scheme, rest)) = text.split_at_checked(SCHEME.len()) else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Ok(None);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (socket, target) = rest.split_at(end);
    if socket.contains('@') {
        return Err(invalid(text, "user name or password; a socket has none"));
    }
    let path = percent_decode_str(socket).decode_utf8();
    let path = path.map_err(|_| invalid(text, "the socket's path is no UTF-8"))?;
    if path.is_empty() {
        return Err(invalid(text, "no socket; expected its path with / written as %2F"));
    }
    Ok(Some((path.into_owned(), format!("http://localhost{target}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_read_from_its_url() {
        for (text, socket, url) in [
            ("http+unix://%2Frun%2Fa.sock/x?y#z", "/run/a.sock", "http://localhost/x?y#z"),
            ("HTTP+unix://%2frun", "/run", "http://localhost"),
            ("http+unix://%40name?q", "@name", "http://localhost?q"),
            ("http+unix://relative.sock/", "relative.sock", "http://localhost/"),
        ] {
            let expected = Some((socket.to_string(), url.to_string()));
            assert_eq!(split(text).expect(text), expected, "{text}");
        }
        for other in ["http://a/", "http+uni", "", "unix:///a", "http\u{e9}unix://a"] {
            assert_eq!(split(other).expect(other), None, "{other}");
        }
        for (text, reason) in [
            ("http+unix://", "no socket"),
            ("http+unix:///run/a.sock", "no socket"),
            ("http+unix://us:geheim@a/", "user name or password"),
            ("http+unix://%ff/", "no UTF-8"),
        ] {
            let error = split(text).expect_err(text);
            assert!(error.message().contains(reason), "{error}");
            assert!(!error.message().contains("geheim"), "{error}");
        }
    }
}
