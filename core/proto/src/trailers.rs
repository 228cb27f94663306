//! Trailer fields of a request (RFC 9110 6.5): which of them may be sent, and how they are written.

use crate::error::LocalError;
use crate::request_head::{check_field, invalid};

/// Trailer fields, validated as they are added and kept serialised.
#[derive(Debug, Clone, Default)]
pub struct Trailers(Vec<u8>);

/// What must not come behind a body (RFC 9110 6.5.1): what frames and routes the message, asks for
/// something, authenticates, or says how the content is to be understood; and what is of one connection
/// only (7.6.1).
const FORBIDDEN: [&str; 36] = [
    "Accept-Ranges",
    "Age",
    "Authentication-Info",
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Cookie",
    "Date",
    "Expect",
    "Expires",
    "Host",
    "Keep-Alive",
    "Location",
    "Max-Forwards",
    "Pragma",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Range",
    "Retry-After",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Vary",
    "Via",
    "Warning",
    "WWW-Authenticate",
];

impl Trailers {
    /// Appends a field; order and case are kept, outer whitespace of the value is not.
    ///
    /// # Errors
    /// `InvalidHeader`, naming the field and the reason.
    pub fn append(&mut self, name: &[u8], value: &[u8]) -> Result<(), LocalError> {
        Trailers::check_name(name)?;
        let value = check_field(name, value)?;
        for part in [name, b": ", value, b"\r\n"] {
            self.0.extend_from_slice(part);
        }
        Ok(())
    }

    /// Whether a field of that name may be a trailer.
    ///
    /// # Errors
    /// `InvalidHeader`, naming the field and the reason.
    pub fn check_name(name: &[u8]) -> Result<(), LocalError> {
        check_field(name, b"")?;
        let conditional = name.len() > 3 && name[..3].eq_ignore_ascii_case(b"If-");
        let is = |other: &&str| name.eq_ignore_ascii_case(other.as_bytes());
        if conditional || FORBIDDEN.iter().any(is) {
            let name = format!("trailer {}", name.escape_ascii());
            return Err(invalid(name, "must stand before the body (RFC 9110 6.5.1)"));
        }
        Ok(())
    }

    /// The field lines, none of them the empty one.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_recipient_needs_before_the_body_is_no_trailer() {
        for name in FORBIDDEN.iter().chain(&["if-match", "content-LENGTH", "If-None-Match"]) {
            let error = Trailers::default().append(name.as_bytes(), b"x").expect_err(name);
            assert!(format!("{error:?}").contains("6.5.1"), "{error:?}");
        }
        let mut sorted = FORBIDDEN;
        sorted.sort_by_key(|name| name.to_ascii_lowercase());
        assert_eq!(sorted, FORBIDDEN);
    }

    #[test]
    fn lines_are_as_those_of_a_head() {
        let mut trailers = Trailers::default();
        trailers.append(b"X-Sum", b" \t1 2 ").expect("a field");
        trailers.append(b"If", b"").expect("a field");
        assert_eq!(trailers.bytes(), b"X-Sum: 1 2\r\nIf: \r\n");
        for (name, value) in
            [(&b""[..], &b"x"[..]), (b"a b", b"x"), (b"a", b"b\r\nc: d"), (b"a", b"\0")]
        {
            assert!(trailers.append(name, value).is_err(), "{}", name.escape_ascii());
        }
        assert_eq!(trailers.bytes(), b"X-Sum: 1 2\r\nIf: \r\n");
    }
}
