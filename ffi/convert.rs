//! Values of the engine as the fields of C's structs hold them, and back. The generated structs are
//! built on these.

use std::ffi::c_char;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use keepalive_core::{Error, Result};

use crate::handle::{bytes, text, utf8};
use crate::slice::{ka_bytes, ka_str};

/// How many bytes a `ka_origin_stats` has for the origin: the longest host name fits.
pub const KA_ORIGIN_SIZE: usize = 288;

/// How many bytes a `ka_origin_stats` has for addresses: eight of the longest fit.
pub const KA_ADDRESSES_SIZE: usize = 384;

/// 0 is off, 1 is on.
pub(crate) fn flag(value: u64, name: &'static str) -> Result<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Error::argument(format!("{name}: {other} is neither 0 nor 1"))),
    }
}

/// No limit is 0.
pub(crate) fn milliseconds(time: Option<Duration>) -> u64 {
    time.map_or(0, |time| time.as_millis() as u64)
}

/// NULL is not set.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_text(
    pointer: *const c_char,
    name: &'static str,
) -> Result<Option<String>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    let text = unsafe { text(pointer, name) }?;
    Ok(Some(utf8(text, name)?.to_string()))
}

/// Empty is not set.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn optional_bytes(view: ka_bytes, name: &'static str) -> Result<Option<Bytes>> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { bytes(view.ptr, view.len, name) }?;
    Ok((!bytes.is_empty()).then(|| Bytes::copy_from_slice(bytes)))
}

/// Separated by commas, as far as there is room.
pub(crate) fn listed(addresses: &[IpAddr]) -> [c_char; KA_ADDRESSES_SIZE] {
    let mut list = String::new();
    for address in addresses {
        let next = format!("{}{address}", if list.is_empty() { "" } else { "," });
        if list.len() + next.len() >= KA_ADDRESSES_SIZE {
            break;
        }
        list.push_str(&next);
    }
    characters(&list)
}

/// The last byte stays 0 whatever the text is.
pub(crate) fn characters<const SIZE: usize>(text: &str) -> [c_char; SIZE] {
    let mut characters = [0; SIZE];
    for (slot, byte) in characters[..SIZE - 1].iter_mut().zip(text.bytes()) {
        *slot = byte as c_char;
    }
    characters
}

/// A text that is there for as long as what it was asked of; empty where there is none.
pub(crate) fn viewed(text: Option<&str>) -> ka_str {
    text.map_or(ka_str::NONE, |text| ka_str::new(text.as_bytes()))
}

pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
