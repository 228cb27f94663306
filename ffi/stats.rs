//! What the sized structs of counters and of exchanges are filled with.

use std::ffi::c_char;
use std::net::IpAddr;
use std::time::Duration;

pub use crate::generated::stats::{ka_info, ka_origin_stats, ka_stats};
use crate::slice::ka_str;

/// How many connections were closed for one reason: ka_client_close_reasons.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_close_count {
    /// Stable name such as "idle_timeout" or "response_said_close"; static.
    pub reason: ka_str,
    /// Connections closed for it.
    pub count: u64,
}

/// How many bytes a `ka_origin_stats` has for the origin: the longest host name fits.
pub const KA_ORIGIN_SIZE: usize = 288;

/// How many bytes a `ka_origin_stats` has for addresses: eight of the longest fit.
pub const KA_ADDRESSES_SIZE: usize = 384;

impl ka_close_count {
    pub(crate) fn new(&(reason, count): &(&'static str, u64)) -> ka_close_count {
        ka_close_count { reason: ka_str::new(reason.as_bytes()), count }
    }
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

pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
