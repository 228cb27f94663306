//! Field lines of heads and trailer sections (RFC 9112 5): httparse reads them, this file copies
//! them out and rebuilds what it refuses to read, folded lines.

use crate::facts::Facts;
use crate::fields::{FieldRange, Fields};

/// Most heads have fewer fields; larger ones take a second parse with the full limit.
const USUAL_FIELDS: usize = 32;

/// Why a block of field lines was refused.
#[derive(Debug)]
pub(crate) enum FieldsError {
    Invalid(&'static str),
    TooMany(usize),
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
        Ok(ranges) => Ok(Fields::new(bytes.into(), ranges)),
        Err(error) => {
            // The lean parser refuses folded lines: they are rare enough to be rebuilt.
            let Some(unfolded) = unfold(bytes, from)? else {
                return Err(error);
            };
            *facts = Facts::default();
            let ranges = scan_fields(&unfolded, from, limit, facts)?;
            Ok(Fields::new(unfolded.into(), ranges))
        }
    }
}

fn scan_fields(
    bytes: &[u8],
    from: usize,
    limit: usize,
    facts: &mut Facts,
) -> Result<Vec<FieldRange>, FieldsError> {
    let mut usual = [httparse::EMPTY_HEADER; USUAL_FIELDS];
    let lines = &bytes[from..];
    match httparse::parse_headers(lines, &mut usual[..limit.min(USUAL_FIELDS)]) {
        Err(httparse::Error::TooManyHeaders) if limit > USUAL_FIELDS => {
            let mut all = vec![httparse::EMPTY_HEADER; limit];
            collect(
                bytes,
                httparse::parse_headers(lines, &mut all),
                limit,
                facts,
            )
        }
        result => collect(bytes, result, limit, facts),
    }
}

fn collect(
    bytes: &[u8],
    parsed: httparse::Result<(usize, &[httparse::Header<'_>])>,
    limit: usize,
    facts: &mut Facts,
) -> Result<Vec<FieldRange>, FieldsError> {
    let parsed = match parsed {
        Ok(httparse::Status::Complete((_, parsed))) => parsed,
        Ok(httparse::Status::Partial) => return Err(FieldsError::Invalid("incomplete field")),
        Err(httparse::Error::TooManyHeaders) => return Err(FieldsError::TooMany(limit)),
        Err(httparse::Error::HeaderName) => {
            return Err(FieldsError::Invalid(
                "field name is not a token followed by a colon",
            ));
        }
        Err(_) => return Err(FieldsError::Invalid("control character in a field value")),
    };
    let base = bytes.as_ptr() as usize;
    let range = |part: &[u8]| {
        let start = (part.as_ptr() as usize).wrapping_sub(base);
        (start as u32, (start + part.len()) as u32)
    };
    let mut ranges = Vec::with_capacity(parsed.len());
    for field in parsed {
        facts.note(field.name.as_bytes(), field.value);
        ranges.push(FieldRange {
            name: range(field.name.as_bytes()),
            value: range(field.value),
        });
    }
    Ok(ranges)
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
        let text = out
            .strip_suffix(b"\n")
            .map_or(&out[..], |o| o.strip_suffix(b"\r").unwrap_or(o));
        let keep = text.len()
            - text
                .iter()
                .rev()
                .take_while(|b| matches!(b, b' ' | b'\t'))
                .count();
        out.truncate(keep);
        out.push(b' ');
        out.extend_from_slice(trim_start(line));
    }
    Ok(folded.then_some(out))
}

fn trim_start(line: &[u8]) -> &[u8] {
    let spaces = line
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    &line[spaces..]
}
