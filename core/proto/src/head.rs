//! Response heads: finding the end as bytes come, then one parse (RFC 9112 2.2, 4, 5).
//!
//! The verdict on a head is a function of its bytes alone, never of how they were cut: each rule is
//! checked at the first byte that can break it, or when the head is complete.

use crate::error::RemoteError;
use crate::event::Limits;
use crate::facts::Facts;
use crate::field_lines::{FieldsError, parse_fields, try_fields};
use crate::fields::Fields;

/// Protocol version of a response; HTTP/1.x above 1.1 counts as 1.1 (RFC 9110 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
}

/// A parsed response head. Owns its bytes (one exact copy out of the receive buffer).
#[derive(Debug, Clone)]
pub struct ResponseHead {
    /// Status code, 100-999.
    pub status: u16,
    /// Version in the status line.
    pub version: Version,
    /// Header fields in the order received.
    pub fields: Fields,
    reason: (u32, u32),
}

impl ResponseHead {
    /// Reason phrase as it was sent, possibly empty.
    pub fn reason(&self) -> &[u8] {
        self.fields.raw(self.reason.0..self.reason.1)
    }
}

/// A complete head in the receive buffer.
#[derive(Debug)]
pub(crate) struct ParsedHead {
    pub head: ResponseHead,
    pub facts: Facts,
    /// Bytes it took, empty lines before it included.
    pub len: usize,
}

/// Finds and parses the heads of one response. Offsets count from the first unread byte.
#[derive(Debug, Default)]
pub(crate) struct HeadParser {
    /// Bytes of the 1xx heads before this one: they share its limit.
    used: usize,
    empty_lines: usize,
    /// Start of the status line.
    start: usize,
    /// Start of the first field, 0 until the status line is complete and valid.
    fields: usize,
    /// Start of the line being received.
    line: usize,
    /// No LF stands between `line` and here.
    scanned: usize,
}

/// Empty lines tolerated before a status line (RFC 9112 2.2 asks servers for it; some servers send
/// a CRLF too many).
const MAX_EMPTY_LINES: usize = 2;
/// "HTTP/1.1 200".
const STATUS_LEN: usize = 12;

impl HeadParser {
    /// Bytes of complete 1xx heads.
    pub fn used(&self) -> usize {
        self.used
    }

    /// Starts over for the next head of the same response.
    pub fn next_head(&mut self, len: usize) {
        *self = Self { used: self.used + len, ..Self::default() };
    }

    /// Looks at all unread bytes; None when more are needed.
    pub fn advance(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Option<ParsedHead>, RemoteError> {
        let budget = limits.head_bytes.saturating_sub(self.used);
        let window = &bytes[..bytes.len().min(budget)];
        if self.fields == 0 && self.find_status_line(window)? {
            // The first look at the fields: nearly always the head is there whole and regular.
            let mut facts = Facts::default();
            let (line, from) = (&window[self.start..], self.fields - self.start);
            if let Some((fields, len)) = try_fields(line, from, limits.fields, &mut facts) {
                return Ok(Some(self.parsed(line, fields, facts, self.start + len)));
            }
        }
        if self.fields != 0
            && let Some(len) = self.find_end(window)
        {
            return self.parse(&window[..len], limits).map(Some);
        }
        if bytes.len() >= budget {
            return Err(RemoteError::HeadTooLarge { limit: limits.head_bytes, what: "bytes" });
        }
        Ok(None)
    }

    /// Where the empty line ends that ends the head, if it is there.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        loop {
            match &bytes[self.line..] {
                [b'\n', ..] => return Some(self.line + 1),
                [b'\r', b'\n', ..] => return Some(self.line + 2),
                [] | [b'\r'] => return None,
                _ if self.next_line(bytes) => {}
                _ => return None,
            }
        }
    }

    /// Moves `line` behind the next LF, if it is there.
    fn next_line(&mut self, bytes: &[u8]) -> bool {
        match memchr::memchr(b'\n', &bytes[self.scanned..]) {
            Some(at) => {
                self.line = self.scanned + at + 1;
                self.scanned = self.line;
                true
            }
            None => {
                self.scanned = bytes.len();
                false
            }
        }
    }

    fn find_status_line(&mut self, bytes: &[u8]) -> Result<bool, RemoteError> {
        loop {
            self.start += match &bytes[self.start..] {
                [b'\n', ..] => 1,
                [b'\r', b'\n', ..] => 2,
                [] | [b'\r'] => return Ok(false),
                _ => break,
            };
            self.empty_lines += 1;
            if self.empty_lines > MAX_EMPTY_LINES {
                return Err(RemoteError::InvalidHead(
                    "too many empty lines before the status line",
                ));
            }
        }
        check_status_start(&bytes[self.start..])?;
        self.scanned = self.scanned.max(self.start);
        if !self.next_line(bytes) {
            return Ok(false);
        }
        let reason = reason(bytes, self.start, self.line);
        if bytes[reason.0 as usize..reason.1 as usize].iter().any(|&b| is_control(b)) {
            return Err(RemoteError::InvalidHead("control character in the reason phrase"));
        }
        self.fields = self.line;
        Ok(true)
    }

    /// `bytes` ends with the empty line; the status line has been checked.
    fn parse(&self, bytes: &[u8], limits: &Limits) -> Result<ParsedHead, RemoteError> {
        let line = &bytes[self.start..];
        let mut facts = Facts::default();
        let fields = parse_fields(line, self.fields - self.start, limits.fields, &mut facts)
            .map_err(|error| match error {
                FieldsError::Invalid(rule) => RemoteError::InvalidHead(rule),
                FieldsError::TooMany(limit) => RemoteError::HeadTooLarge { limit, what: "fields" },
            })?;
        Ok(self.parsed(line, fields, facts, bytes.len()))
    }

    /// `line` begins with the status line, which has been checked.
    fn parsed(&self, line: &[u8], fields: Fields, facts: Facts, len: usize) -> ParsedHead {
        let digit = |at: usize| u16::from(line[at] - b'0');
        let status = digit(9) * 100 + digit(10) * 10 + digit(11);
        let version = if line[7] == b'0' { Version::Http10 } else { Version::Http11 };
        let reason = reason(line, 0, self.fields - self.start);
        ParsedHead { head: ResponseHead { status, version, fields, reason }, facts, len }
    }
}

/// Fails as soon as the bytes so far cannot begin "HTTP/1.x NNN" and a separator, so that another
/// protocol's banner is told at once instead of by a timeout.
fn check_status_start(bytes: &[u8]) -> Result<(), RemoteError> {
    const PREFIX: &[u8] = b"HTTP/1.";
    let prefix = &bytes[..bytes.len().min(PREFIX.len())];
    if prefix != &PREFIX[..prefix.len()] {
        let rule = if prefix.starts_with(b"HTTP/") {
            "HTTP version is not 1.x"
        } else {
            "not an HTTP/1.x status line"
        };
        return Err(RemoteError::InvalidHead(rule));
    }
    let at = |index: usize, allowed: fn(u8) -> bool| bytes.get(index).is_none_or(|&b| allowed(b));
    if !at(7, |b| b.is_ascii_digit()) || !at(8, |b| b == b' ') {
        return Err(RemoteError::InvalidHead("malformed HTTP version"));
    }
    let digits = at(9, |b| matches!(b, b'1'..=b'9'))
        && at(10, |b| b.is_ascii_digit())
        && at(11, |b| b.is_ascii_digit());
    if !digits || !at(STATUS_LEN, |b| matches!(b, b' ' | b'\r' | b'\n')) {
        return Err(RemoteError::InvalidHead("status code is not three digits from 100 to 999"));
    }
    if bytes.get(STATUS_LEN) == Some(&b'\r') && !at(STATUS_LEN + 1, |b| b == b'\n') {
        return Err(RemoteError::InvalidHead("bare CR behind the status code"));
    }
    Ok(())
}

/// Range of the reason phrase in the status line `bytes[start..end]`, which ends with LF.
fn reason(bytes: &[u8], start: usize, end: usize) -> (u32, u32) {
    let mut end = end - 1;
    if bytes[end - 1] == b'\r' {
        end -= 1;
    }
    let begin = (start + STATUS_LEN + 1).min(end);
    (begin as u32, end as u32)
}

fn is_control(b: u8) -> bool {
    (b < 0x20 && b != b'\t') || b == 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advance(bytes: &[u8]) -> Result<Option<ParsedHead>, RemoteError> {
        HeadParser::default().advance(bytes, &Limits::default())
    }

    #[test]
    fn what_cannot_be_a_status_line_fails_at_its_first_byte() {
        for line in [&b"HTTP/1.1 200 OK"[..], b"HTTP/1.1 200\r\n"] {
            // The reason, and the fields, may begin with any letter.
            let fixed = if line.ends_with(b"\n") { 14 } else { 13 };
            for at in 0..fixed {
                assert!(advance(&line[..at]).is_ok_and(|parsed| parsed.is_none()), "at {at}");
                let broken = [&line[..at], b"x"].concat();
                assert!(advance(&broken).is_err(), "{}", broken.escape_ascii());
            }
        }
    }

    #[test]
    fn a_head_keeps_its_bytes_and_nothing_behind_it() {
        let bytes = b"\r\nHTTP/1.1 404 Not Found\r\nX-A:  1 \r\nx-a: 2\r\n\r\nbody";
        let parsed = advance(bytes).unwrap().unwrap();
        assert_eq!(parsed.len, bytes.len() - "body".len());
        let head = parsed.head;
        assert_eq!(
            (head.status, head.version, head.reason()),
            (404, Version::Http11, &b"Not Found"[..])
        );
        assert_eq!((head.fields.len(), head.fields.is_empty()), (2, false));
        assert_eq!(head.fields.at(0), Some((&b"X-A"[..], &b"1"[..])));
        assert_eq!(head.fields.at(2), None);
        assert_eq!(head.fields.get(b"X-a"), Some(&b"1"[..]));
        assert_eq!(head.fields.get_all(b"X-a").collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!(head.fields.iter().len(), 2);
        let stranger = ResponseHead { fields: Fields::default(), ..head };
        assert_eq!(stranger.reason(), b"");
    }
}
