//! Counters as JavaScript receives them.

use napi_derive::napi;

/// A reason and how often it happened.
#[napi(object, object_from_js = false)]
pub struct ClosedCount {
    /// snake_case, stable.
    pub reason: &'static str,
    /// How often; exact up to 2^53.
    pub count: f64,
}

pub(crate) fn closed(closed: &[(&'static str, u64)]) -> Vec<ClosedCount> {
    closed.iter().map(|(reason, count)| ClosedCount { reason, count: *count as f64 }).collect()
}
