//! Whether what comes is a part of what is there: one file is never made of two representations
//! (RFC 9110 13.1.5, 14.4, 15.3.7).

use std::time::Duration;

use keepalive_proto::Fields;

use crate::response::Response;

/// Of what a body is, as far as it tells: what a later part of it has to fit to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Representation {
    /// The value of If-Range.
    pub validator: Option<Vec<u8>>,
    /// All its bytes.
    pub total: Option<u64>,
    /// The value of Content-Encoding, empty without.
    pub coding: Vec<u8>,
    /// It is written decoded, so that its bytes are not those that the server counts.
    pub is_decoded: bool,
}

impl Representation {
    /// That of a response with a body which has not been read.
    pub fn of(response: &Response) -> Representation {
        let fields = response.headers();
        let is_decoded = response.is_decoded();
        let length = single(fields, b"content-length").and_then(number);
        Representation {
            validator: strong_validator(fields),
            // The framing holds its end to it.
            total: length.filter(|_| !is_decoded && fields.get(b"transfer-encoding").is_none()),
            coding: single(fields, b"content-encoding").unwrap_or_default().to_vec(),
            is_decoded,
        }
    }

    /// What a request for the rest is conditional on; `None` when no rest can be asked for.
    pub fn condition(&self) -> Option<&[u8]> {
        self.validator.as_deref().filter(|_| !self.is_decoded)
    }
}

/// What an answer is to what is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All of it, from the beginning.
    All,
    /// What follows what is there, of so many bytes in all.
    Rest(u64),
    Misfit(String),
    /// No body that was asked for.
    Other,
}

/// Judges an answer to the request for what is behind the first `at` bytes of what is `known`; the caller
/// may have asked for a range of its own.
pub(super) fn judge(
    response: &Response,
    at: u64,
    known: Option<&Representation>,
    came: &Representation,
    own_range: bool,
) -> Verdict {
    let (status, fields) = (response.status(), response.headers());
    let asked = known.filter(|known| at > 0 && known.condition().is_some());
    match (status, asked) {
        (206, None) if !own_range => Verdict::Misfit("a 206 that nobody asked for".into()),
        (206, Some(known)) => match part(fields, at, known, came) {
            Ok(total) => Verdict::Rest(total),
            Err(reason) => Verdict::Misfit(reason),
        },
        (416, Some(_)) => Verdict::Misfit(format!("the server has nothing behind byte {at} (416)")),
        (200..=299, _) => Verdict::All,
        _ => Verdict::Other,
    }
}

/// How many bytes there are in all, where a 206 has what follows the first `at`.
fn part(
    fields: &Fields,
    at: u64,
    known: &Representation,
    came: &Representation,
) -> Result<u64, String> {
    let several = |value: &[u8]| value.to_ascii_lowercase().starts_with(b"multipart/byteranges");
    if single(fields, b"content-type").is_some_and(several) {
        return Err("several ranges came".into());
    }
    let Some((first, last, total)) = single(fields, b"content-range").and_then(content_range)
    else {
        return Err("a 206 without a usable Content-Range".into());
    };
    if first != at {
        return Err(format!("bytes from {first} on came in place of {at}"));
    }
    if let (Some(total), Some(known)) = (total, known.total)
        && total != known
    {
        return Err(format!("it has {total} bytes now, {known} before"));
    }
    // A server may give less than it was asked for: without this nobody knows whether it did.
    let Some(total) = total.or(known.total) else {
        return Err("a Content-Range that does not say how long the whole is".into());
    };
    if last >= total {
        return Err("a Content-Range beyond its end".into());
    }
    if came.total.is_some_and(|length| length != last - first + 1) {
        return Err("Content-Length and Content-Range differ".into());
    }
    if fields.get(b"etag").is_some()
        && known.validator.as_ref().is_some_and(|value| value.starts_with(b"\""))
        && single(fields, b"etag") != known.validator.as_deref()
    {
        return Err("the ETag is another one".into());
    }
    if came.coding != known.coding || came.is_decoded {
        return Err("the Content-Encoding is another one".into());
    }
    Ok(total)
}

/// `bytes FIRST-LAST/TOTAL`, of which TOTAL may be unknown.
fn content_range(value: &[u8]) -> Option<(u64, u64, Option<u64>)> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let (unit, range) = text.split_once(' ')?;
    let (range, total) = range.trim().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first.as_bytes())?, number(last.as_bytes())?);
    let total = match total {
        "*" => None,
        total => Some(number(total.as_bytes())?),
    };
    (unit.eq_ignore_ascii_case("bytes") && first <= last).then_some((first, last, total))
}

fn number(value: &[u8]) -> Option<u64> {
    let value = value.trim_ascii();
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()
}

/// The value of a field that is there once.
fn single<'a>(fields: &'a Fields, name: &'static [u8]) -> Option<&'a [u8]> {
    let mut values = fields.get_all(name);
    values.next().filter(|_| values.next().is_none()).map(<[u8]>::trim_ascii)
}

/// How much older than Date a Last-Modified is that two versions cannot share (RFC 9110 8.8.2.2 asks for a
/// difference that makes it unlikely; RFC 7232 2.2.2 says a minute).
const APART: Duration = Duration::from_secs(60);

/// A value for If-Range: a strong entity tag, or a Last-Modified that is strong.
fn strong_validator(fields: &Fields) -> Option<Vec<u8>> {
    if fields.get(b"etag").is_some() {
        return single(fields, b"etag").filter(|tag| is_strong(tag)).map(<[u8]>::to_vec);
    }
    let date = |name| {
        let text = std::str::from_utf8(single(fields, name)?).ok()?;
        httpdate::parse_http_date(text).ok()
    };
    let (modified, now) = (date(b"last-modified")?, date(b"date")?);
    let apart = now.duration_since(modified).is_ok_and(|time| time >= APART);
    single(fields, b"last-modified").filter(|_| apart).map(<[u8]>::to_vec)
}

/// `"` etagc `"` without `W/` (RFC 9110 8.8.3).
fn is_strong(tag: &[u8]) -> bool {
    let inner = tag.strip_prefix(b"\"").and_then(|tag| tag.strip_suffix(b"\""));
    inner.is_some_and(|inner| inner.iter().all(|&byte| byte > b' ' && byte != b'"' && byte != 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_read_strictly() {
        assert_eq!(content_range(b"bytes 5-9/10"), Some((5, 9, Some(10))));
        assert_eq!(content_range(b" Bytes 0-0/* "), Some((0, 0, None)));
        for wrong in [
            "",
            "bytes",
            "bytes 5-9",
            "bytes */10",
            "bytes 9-5/10",
            "items 5-9/10",
            "bytes +5-9/10",
            "bytes 5-9/1x",
            "bytes 5-9/10/10",
            "bytes 5--9/10",
            "bytes=5-9/10",
            "bytes 5-99999999999999999999/100000000000000000000",
        ] {
            assert_eq!(content_range(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn only_strong_tags_are_strong() {
        for tag in [&b"\"\""[..], b"\"a\"", b"\"xyz-1;!\xff\""] {
            assert!(is_strong(tag));
        }
        for tag in [&b""[..], b"\"", b"W/\"a\"", b"a", b"\"a", b"\"a\"b\"", b"\"a b\""] {
            assert!(!is_strong(tag), "{tag:?}");
        }
    }
}
