//! Field lines of heads and trailer sections (RFC 9112 5): httparse reads them, this file copies
//! them out and rebuilds what it refuses to read, folded lines.
//!
//! Two ways in: `try_fields` is the fast one for a head that is there whole, `parse_fields` the one
//! with the verdict.

use crate::facts::Facts;
use crate::fields::Fields;

/// Most heads have fewer fields; larger ones are parsed with room from the heap.
const USUAL_FIELDS: usize = 32;

/// Why a block of field lines was refused.
#[derive(Debug)]
pub(crate) enum FieldsError {
    Invalid(&'static str),
    TooMany(usize),
}

/// Reads usual field lines at `bytes[from..]` at one go, whatever follows their empty line; the
/// Fields own a copy of `bytes` up to it. None when that cannot be done, for whatever reason: then
/// the end must be found first, and `parse_fields` has the verdict.
pub(crate) fn try_fields(
    bytes: &[u8],
    from: usize,
    limit: usize,
    facts: &mut Facts,
) -> Option<(Fields, usize)> {
    let mut usual = [httparse::EMPTY_HEADER; USUAL_FIELDS];
    let usual = &mut usual[..limit.min(USUAL_FIELDS)];
    match httparse::parse_headers(&bytes[from..], usual) {
        Ok(httparse::Status::Complete((len, parsed))) => {
            let end = from + len;
            Some((note_all(&bytes[..end], parsed, facts), end))
        }
        _ => None,
    }
}

/// Parses the field lines of `bytes[from..]`, which ends with their empty line; the Fields own a
/// copy of all of `bytes`.
pub(crate) fn parse_fields(
    bytes: &[u8],
    from: usize,
    limit: usize,
    facts: &mut Facts,
) -> Result<Fields, FieldsError> {
    match scan_fields(bytes, from, limit, facts) {
        Ok(fields) => Ok(fields),
        Err(error) => {
            // The lean parser refuses folded lines: they are rare enough to be rebuilt.
            let Some(unfolded) = unfold(bytes, from)? else {
                return Err(error);
            };
            *facts = Facts::default();
            scan_fields(&unfolded, from, limit, facts)
        }
    }
}

fn scan_fields(
    bytes: &[u8],
    from: usize,
    limit: usize,
    facts: &mut Facts,
) -> Result<Fields, FieldsError> {
    // A line has at least three bytes, so a short head cannot need the limit's room.
    let mut room = vec![httparse::EMPTY_HEADER; limit.min((bytes.len() - from) / 3 + 1)];
    match httparse::parse_headers(&bytes[from..], &mut room) {
        Ok(httparse::Status::Complete((_, parsed))) => Ok(note_all(bytes, parsed, facts)),
        Ok(httparse::Status::Partial) => Err(FieldsError::Invalid("incomplete field")),
        Err(httparse::Error::TooManyHeaders) => Err(FieldsError::TooMany(limit)),
        Err(httparse::Error::HeaderName) => {
            Err(FieldsError::Invalid("field name is not a token followed by a colon"))
        }
        Err(_) => Err(FieldsError::Invalid("control character in a field value")),
    }
}

/// `text` is what the fields were parsed from.
fn note_all(text: &[u8], parsed: &[httparse::Header<'_>], facts: &mut Facts) -> Fields {
    Fields::new(
        text,
        parsed.iter().map(|field| {
            facts.note(field.name.as_bytes(), field.value);
            (field.name.as_bytes(), field.value)
        }),
    )
}

/// Joins folded lines with one space (RFC 9112 5.2); None when no line is folded.
fn unfold(bytes: &[u8], from: usize) -> Result<Option<Vec<u8>>, FieldsError> {
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(&bytes[..from]);
    let mut folded = false;
    for line in bytes[from..].split_inclusive(|&b| b == b'\n') {
        if !matches!(line[0], b' ' | b'\t') {
            out.extend_from_slice(line);
            continue;
        }
        if out.len() == from {
            return Err(FieldsError::Invalid("whitespace before the first field"));
        }
        folded = true;
        let text = out.strip_suffix(b"\n").map_or(&out[..], |o| o.strip_suffix(b"\r").unwrap_or(o));
        let keep = text.len() - text.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
        out.truncate(keep);
        out.push(b' ');
        out.extend_from_slice(trim_start(line));
    }
    Ok(folded.then_some(out))
}

fn trim_start(line: &[u8]) -> &[u8] {
    let spaces = line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    &line[spaces..]
}
