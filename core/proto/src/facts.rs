//! What the head fields say about framing and persistence, gathered in the one pass over them.
//!
//! Everything later decided (`framing.rs`, `persist.rs`) reads these facts, never the fields.

use crate::persist::KeepAliveHint;

/// All Content-Length fields of a message taken together (RFC 9110 8.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ContentLength {
    #[default]
    Absent,
    /// The number and how many digits it was written with: together they stand for the text.
    Valid(u64, usize),
    /// Differing, signed, empty, overflowing or not a number.
    Invalid(&'static str),
}

/// All Transfer-Encoding fields of a message taken together, as one list (RFC 9112 6.1). `identity`,
/// which RFC 7230 dropped, and empty elements count as nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TransferEncoding {
    #[default]
    Absent,
    Chunked,
    /// Chunked and nothing else, but more than once.
    Repeated,
    /// A coding that is not undone here: `foreign_coding` tells which.
    Other,
}

/// Facts of one response head.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facts {
    pub content_length: ContentLength,
    pub transfer_encoding: TransferEncoding,
    pub close: bool,
    /// Proxy-Connection says that; it counts only from a proxy.
    pub proxy_close: bool,
    pub keep_alive: bool,
    pub hint: KeepAliveHint,
}

impl Facts {
    /// Takes note of one field. Length and first letter decide nearly every field alone.
    #[inline]
    pub fn note(&mut self, name: &[u8], value: &[u8]) {
        match (name.len(), name.first().map(|b| b | 0x20)) {
            (10, Some(b'c')) if same(name, b"Connection") => {
                if same(value, b"keep-alive") {
                    self.keep_alive = true;
                    return;
                }
                for token in list(value) {
                    self.close |= same(token, b"close");
                    self.keep_alive |= same(token, b"keep-alive");
                }
            }
            (10, Some(b'k')) if same(name, b"Keep-Alive") => self.hint.note(value),
            (14, Some(b'c')) if same(name, b"Content-Length") => self.content_length.note(value),
            // Of proxies that know no better (RFC 9112 C.2.2): an end is believed, a promise is not.
            (16, Some(b'p')) if same(name, b"Proxy-Connection") => {
                self.proxy_close |= list(value).any(|token| same(token, b"close"));
            }
            (17, Some(b't')) if same(name, b"Transfer-Encoding") => {
                self.transfer_encoding.note(value);
            }
            _ => {}
        }
    }
}

/// ASCII case-insensitive equality; the usual spelling costs one comparison.
#[inline]
pub(crate) fn same(text: &[u8], usual: &[u8]) -> bool {
    text == usual || text.eq_ignore_ascii_case(usual)
}

impl ContentLength {
    /// `6, 6` and repeated fields of the same text are one value (RFC 9112 6.3 rule 5); `5, 05` are
    /// two, because another parser may read them as different numbers.
    pub fn note(&mut self, value: &[u8]) {
        if let (Self::Absent, Ok(n)) = (*self, parse_decimal(value)) {
            *self = Self::Valid(n, value.len());
            return;
        }
        for element in value.split(|&b| b == b',').map(trim) {
            *self = match (*self, parse_decimal(element)) {
                (Self::Absent, Ok(n)) => Self::Valid(n, element.len()),
                (same @ Self::Valid(old, digits), Ok(n)) if old == n && digits == element.len() => {
                    same
                }
                (Self::Valid(..), Ok(_)) => Self::Invalid("Content-Length values differ"),
                (Self::Invalid(first), _) => Self::Invalid(first),
                (_, Err(reason)) => Self::Invalid(reason),
            };
        }
    }
}

impl TransferEncoding {
    pub fn note(&mut self, value: &[u8]) {
        for coding in list(value) {
            *self = match *self {
                before if is_identity(coding) => before,
                Self::Absent if is_chunked(coding) => Self::Chunked,
                Self::Chunked | Self::Repeated if is_chunked(coding) => Self::Repeated,
                _ => Self::Other,
            };
        }
    }
}

/// Neither coding has parameters (RFC 9112 7.1): with some it is another one.
fn is_chunked(coding: &[u8]) -> bool {
    same(coding, b"chunked")
}

fn is_identity(coding: &[u8]) -> bool {
    same(coding, b"identity")
}

/// The coding that made a `TransferEncoding` `Other`, from the values of its fields.
pub(crate) fn foreign_coding<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    values.flat_map(list).find(|coding| !is_chunked(coding) && !is_identity(coding))
}

/// Strips SP and HTAB (OWS, RFC 9110 5.6.3) from both ends.
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Elements of a comma list; empty ones are skipped (RFC 9110 5.6.1.2).
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').map(trim).filter(|element| !element.is_empty())
}

/// A decimal of digits only: no sign, no space, no overflow.
pub(crate) fn parse_decimal(digits: &[u8]) -> Result<u64, &'static str> {
    if digits.is_empty() {
        return Err("Content-Length is empty");
    }
    let mut number = 0u64;
    for &b in digits {
        if !b.is_ascii_digit() {
            return Err("Content-Length is not a number");
        }
        number = number
            .checked_mul(10)
            .and_then(|n| n.checked_add(u64::from(b - b'0')))
            .ok_or("Content-Length is too large")?;
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_length_is_one_number() {
        let all = |values: &[&str]| {
            let mut length = ContentLength::Absent;
            values.iter().for_each(|value| length.note(value.as_bytes()));
            length
        };
        assert_eq!(all(&[]), ContentLength::Absent);
        assert_eq!(all(&["7"]), ContentLength::Valid(7, 1));
        assert_eq!(all(&["7, 7", "7"]), ContentLength::Valid(7, 1));
        assert_eq!(all(&["007", "007"]), ContentLength::Valid(7, 3));
        assert_eq!(all(&["18446744073709551615"]), ContentLength::Valid(u64::MAX, 20));
        for values in [
            &["7", "8"][..],
            &["x", "7"],
            &["7", ""],
            &["7", "07"],
            &["07", "7"],
            &["7, 07"],
            &["0, 00"],
            &["7, 7", "7, 007"],
            &["18446744073709551616"],
            &["+7"],
        ] {
            assert!(matches!(all(values), ContentLength::Invalid(_)), "{values:?}");
        }
    }

    #[test]
    fn transfer_codings_are_one_list_in_any_order() {
        let all = |values: &[&str]| {
            let mut coding = TransferEncoding::Absent;
            values.iter().for_each(|value| coding.note(value.as_bytes()));
            let foreign = foreign_coding(values.iter().map(|value| value.as_bytes()));
            (coding, foreign.map(|coding| String::from_utf8_lossy(coding).into_owned()))
        };
        let cases: [(&[&str], _, Option<&str>); 15] = [
            (&[], TransferEncoding::Absent, None),
            (&[""], TransferEncoding::Absent, None),
            (&[", ,", "Identity"], TransferEncoding::Absent, None),
            (&["chunked"], TransferEncoding::Chunked, None),
            (&[" Chunked ,"], TransferEncoding::Chunked, None),
            (&["chunked", ""], TransferEncoding::Chunked, None),
            (&["chunked, identity"], TransferEncoding::Chunked, None),
            (&["chunked, CHUNKED"], TransferEncoding::Repeated, None),
            (&["chunked", "identity", "chunked", "chunked"], TransferEncoding::Repeated, None),
            (&["gzip"], TransferEncoding::Other, Some("gzip")),
            (&["gzip", "chunked"], TransferEncoding::Other, Some("gzip")),
            (&["x-gzip, deflate, chunked"], TransferEncoding::Other, Some("x-gzip")),
            (&["chunked, chunked", "Foo"], TransferEncoding::Other, Some("Foo")),
            (&["chunked;q=1"], TransferEncoding::Other, Some("chunked;q=1")),
            (&["identity;a=\"b,chunked\""], TransferEncoding::Other, Some("identity;a=\"b")),
        ];
        for (values, coding, foreign) in cases {
            let reversed: Vec<_> = values.iter().copied().rev().collect();
            assert_eq!(all(values), (coding, foreign.map(str::to_owned)), "{values:?}");
            assert_eq!(all(&reversed).0, coding, "{reversed:?}");
        }
    }

    #[test]
    fn a_proxy_connection_ends_and_promises_nothing() {
        for (value, close) in [("close", true), ("a, Close", true), ("keep-alive", false)] {
            let mut facts = Facts::default();
            facts.note(b"proxy-connection", value.as_bytes());
            assert_eq!(
                (facts.proxy_close, facts.close, facts.keep_alive),
                (close, false, false),
                "{value}"
            );
        }
    }

    #[test]
    fn connection_options_are_whole_tokens() {
        let noted = |value: &str| {
            let mut facts = Facts::default();
            facts.note(b"cOnnection", value.as_bytes());
            (facts.close, facts.keep_alive)
        };
        assert_eq!(noted("close"), (true, false));
        assert_eq!(noted("x ,\tKeep-Alive,Close"), (true, true));
        assert_eq!(noted("closed, keep-alive-x, \"close\""), (false, false));
    }
}
