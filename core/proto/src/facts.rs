//! What the head fields say about framing and persistence, gathered in the one pass over them.
//!
//! Everything later decided (`framing.rs`, `persist.rs`) reads these facts, never the fields.

use crate::persist::KeepAliveHint;

/// All Content-Length fields of a message taken together (RFC 9110 8.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ContentLength {
    #[default]
    Absent,
    Valid(u64),
    /// Differing, signed, empty, overflowing or not a number.
    Invalid(&'static str),
}

/// All Transfer-Encoding fields of a message taken together, as one list (RFC 9112 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TransferEncoding {
    #[default]
    Absent,
    /// Registered codings only, chunked not among them (yet).
    Coded,
    /// Chunked is the last coding, and every coding before it is a registered one.
    Chunked,
    /// Chunked is not last or comes twice, or a coding is unknown.
    Other,
}

/// Facts of one response head.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facts {
    pub content_length: ContentLength,
    pub transfer_encoding: TransferEncoding,
    pub close: bool,
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
    /// `6, 6` and repeated equal fields are one value (RFC 9112 6.3 rule 5).
    pub fn note(&mut self, value: &[u8]) {
        if let (Self::Absent, Ok(n)) = (*self, parse_decimal(value)) {
            *self = Self::Valid(n);
            return;
        }
        for element in value.split(|&b| b == b',').map(trim) {
            *self = match (*self, parse_decimal(element)) {
                (Self::Absent, Ok(n)) => Self::Valid(n),
                (Self::Valid(old), Ok(n)) if old == n => Self::Valid(n),
                (Self::Valid(_), Ok(_)) => Self::Invalid("Content-Length values differ"),
                (Self::Invalid(first), _) => Self::Invalid(first),
                (_, Err(reason)) => Self::Invalid(reason),
            };
        }
    }
}

impl TransferEncoding {
    pub fn note(&mut self, value: &[u8]) {
        const KNOWN: [&[u8]; 5] = [b"gzip", b"x-gzip", b"deflate", b"compress", b"x-compress"];
        for coding in list(value) {
            let chunked = same(coding, b"chunked");
            let known = KNOWN.iter().any(|k| coding.eq_ignore_ascii_case(k));
            *self = match *self {
                Self::Absent | Self::Coded if chunked => Self::Chunked,
                Self::Absent | Self::Coded if known => Self::Coded,
                _ => Self::Other,
            };
        }
        if *self == Self::Absent {
            *self = Self::Other; // a field that names no coding at all
        }
    }
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
        assert_eq!(all(&["7"]), ContentLength::Valid(7));
        assert_eq!(all(&["7, 07", "7"]), ContentLength::Valid(7));
        assert_eq!(all(&["18446744073709551615"]), ContentLength::Valid(u64::MAX));
        for values in [&["7", "8"][..], &["x", "7"], &["7", ""], &["18446744073709551616"], &["+7"]]
        {
            assert!(matches!(all(values), ContentLength::Invalid(_)), "{values:?}");
        }
    }

    #[test]
    fn transfer_codings_are_one_list() {
        let all = |values: &[&str]| {
            let mut coding = TransferEncoding::Absent;
            values.iter().for_each(|value| coding.note(value.as_bytes()));
            coding
        };
        assert_eq!(all(&[]), TransferEncoding::Absent);
        for values in
            [&["chunked"][..], &[" Chunked ,"], &["gzip", "chunked"], &["x-gzip,deflate,chunked"]]
        {
            assert_eq!(all(values), TransferEncoding::Chunked, "{values:?}");
        }
        assert_eq!(all(&["gzip"]), TransferEncoding::Coded);
        for values in [
            &[""][..],
            &["chunked", "gzip"],
            &["chunked, chunked"],
            &["foo, chunked"],
            &["foo", "chunked"],
        ] {
            assert_eq!(all(values), TransferEncoding::Other, "{values:?}");
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
