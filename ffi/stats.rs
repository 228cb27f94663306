//! What was closed and why; the other counters are structs of generated/stats.rs.

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

impl ka_close_count {
    pub(crate) fn new(&(reason, count): &(&'static str, u64)) -> ka_close_count {
        ka_close_count { reason: ka_str::new(reason.as_bytes()), count }
    }
}
