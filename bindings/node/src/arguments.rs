//! What a request is made of beside its URL, as `Bridge::submit` gets it from JavaScript.

use keepalive_core::Request;

use crate::convert::{Thrown, invalid, thrown};

/// What a request has for itself: an option, or what is no option of a client's.
pub fn set_own(request: &mut Request, name: &str, value: &str) -> keepalive_core::Result<()> {
    match name {
        "raw_target" => request.set_raw_target(value.as_bytes()),
        "omit" => request.omit_header(value.as_bytes()),
        _ => request.set_option(name, Some(value)),
    }
}

/// Adds `count` fields out of `name NUL value NUL ...`.
pub fn add_headers(request: &mut Request, block: &[u8], count: u32) -> Result<(), Thrown> {
    let mut pieces = block.split(|byte| *byte == 0);
    for _ in 0..count {
        let (Some(name), Some(value)) = (pieces.next(), pieces.next()) else {
            return Err(invalid("headers: fewer fields than announced"));
        };
        request.add_header(name, value).map_err(thrown)?;
    }
    match pieces.next() {
        // The block ends in a NUL; more than that is a NUL inside a name or value.
        Some(b"") if pieces.next().is_none() => Ok(()),
        _ => Err(invalid("headers: a name or value contains a NUL character")),
    }
}
