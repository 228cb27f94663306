//! Counters as JavaScript receives them: numbers, exact up to 2^53.

use keepalive_core::{OriginStats, Stats};
use napi_derive::napi;

/// The engine's counters of a pool.
#[napi(object, object_from_js = false)]
pub struct NativeStats {
    /// Connections opened.
    pub opened: f64,
    /// Requests on a connection that had carried a response before.
    pub reused: f64,
    /// Idle connections found dead.
    pub stale: f64,
    /// Requests sent again on a fresh connection.
    pub replayed: f64,
    /// Further tries after failures.
    pub retried: f64,
    /// Second tries sent because the first took long.
    pub hedged: f64,
    /// Look-ups of names, of the whole process, that have had no answer for 5 s and more.
    pub stuck_lookups: f64,
    /// Connections closed, by reason.
    pub closed: Vec<ClosedCount>,
    /// Requests waiting for a connection.
    pub waiting: f64,
    /// Idle connections.
    pub idle: f64,
    /// Connections in use.
    pub active: f64,
    /// Connections being opened.
    pub dialing: f64,
    /// The moment by origin.
    pub origins: Vec<NativeOrigin>,
}

/// A reason and how often it happened.
#[napi(object, object_from_js = false)]
pub struct ClosedCount {
    /// snake_case, stable.
    pub reason: &'static str,
    /// How often.
    pub count: f64,
}

/// One origin's part.
#[napi(object, object_from_js = false)]
pub struct NativeOrigin {
    /// `https://example.com:8443`.
    pub origin: String,
    /// Requests waiting for a connection.
    pub waiting: f64,
    /// Idle connections.
    pub idle: f64,
    /// Connections in use.
    pub active: f64,
    /// Connections being opened.
    pub dialing: f64,
    /// Milliseconds; infinity for ever.
    pub idle_limit: f64,
    /// `option`, `hint` or `learnt`.
    pub idle_limit_source: &'static str,
    /// `closed`, `open` or `half_open`.
    pub breaker: &'static str,
    /// What its name resolved to last.
    pub addresses: Vec<String>,
}

impl From<Stats> for NativeStats {
    fn from(stats: Stats) -> NativeStats {
        let closed = stats.closed.into_iter();
        NativeStats {
            opened: stats.opened as f64,
            reused: stats.reused as f64,
            stale: stats.stale as f64,
            replayed: stats.replayed as f64,
            retried: stats.retried as f64,
            hedged: stats.hedged as f64,
            stuck_lookups: stats.stuck_lookups as f64,
            closed: closed
                .map(|(reason, count)| ClosedCount { reason, count: count as f64 })
                .collect(),
            waiting: stats.waiting as f64,
            idle: stats.idle as f64,
            active: stats.active as f64,
            dialing: stats.dialing as f64,
            origins: stats.origins.into_iter().map(NativeOrigin::from).collect(),
        }
    }
}

impl From<OriginStats> for NativeOrigin {
    fn from(stats: OriginStats) -> NativeOrigin {
        NativeOrigin {
            origin: stats.origin,
            waiting: stats.waiting as f64,
            idle: stats.idle as f64,
            active: stats.active as f64,
            dialing: stats.dialing as f64,
            idle_limit: stats.idle_limit.map_or(f64::INFINITY, |limit| limit.as_secs_f64() * 1e3),
            idle_limit_source: stats.idle_limit_source,
            breaker: stats.breaker,
            addresses: stats.addresses.iter().map(ToString::to_string).collect(),
        }
    }
}
