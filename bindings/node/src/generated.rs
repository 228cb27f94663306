//! Generated from the tables in core/tables by `make generate`; do not edit.
//!
//! Counters as JavaScript receives them: numbers, exact up to 2^53.

use keepalive_core::{OriginStats, Stats};
use napi_derive::napi;

use crate::stats::{ClosedCount, closed};

/// The engine's counters of a pool.
#[napi(object, object_from_js = false)]
pub struct NativeStats {
    /// Connections opened.
    pub opened: f64,
    /// Requests sent on a connection that had carried a response before.
    pub reused: f64,
    /// Idle connections found dead, at checkout or while idle.
    pub stale: f64,
    /// Requests sent again on a fresh connection.
    pub replayed: f64,
    /// Further tries after failures (option `retries`).
    pub retried: f64,
    /// Second tries sent because the first took long (option `hedge`).
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

impl NativeStats {
    pub fn of(stats: &Stats) -> NativeStats {
        NativeStats {
            opened: stats.opened as f64,
            reused: stats.reused as f64,
            stale: stats.stale as f64,
            replayed: stats.replayed as f64,
            retried: stats.retried as f64,
            hedged: stats.hedged as f64,
            stuck_lookups: stats.stuck_lookups as f64,
            closed: closed(&stats.closed),
            waiting: stats.waiting as f64,
            idle: stats.idle as f64,
            active: stats.active as f64,
            dialing: stats.dialing as f64,
            origins: stats.origins.iter().map(NativeOrigin::of).collect(),
        }
    }
}

/// One origin's part of them.
#[napi(object, object_from_js = false)]
pub struct NativeOrigin {
    /// The origin, such as "https://example.com:8443".
    pub origin: String,
    /// Requests waiting for a connection.
    pub waiting: f64,
    /// Idle connections.
    pub idle: f64,
    /// Connections in use.
    pub active: f64,
    /// Connections being opened.
    pub dialing: f64,
    /// How long a connection may idle.
    pub idle_limit: Option<f64>,
    /// Where that limit is from: the option `idle_timeout`, the server's Keep-Alive, or what its
    /// closes have taught.
    pub idle_limit_source: &'static str,
    /// The circuit breaker, which all clients of the process share.
    pub breaker: &'static str,
    /// What its name resolved to last; empty without connections, when the URL has an address, and
    /// when names are not looked up again (option `dns_ttl`).
    pub addresses: Vec<String>,
}

impl NativeOrigin {
    fn of(stats: &OriginStats) -> NativeOrigin {
        NativeOrigin {
            origin: stats.origin.clone(),
            waiting: stats.waiting as f64,
            idle: stats.idle as f64,
            active: stats.active as f64,
            dialing: stats.dialing as f64,
            idle_limit: stats.idle_limit.map(|limit| limit.as_secs_f64() * 1e3),
            idle_limit_source: stats.idle_limit_source,
            breaker: stats.breaker,
            addresses: stats.addresses.iter().map(ToString::to_string).collect(),
        }
    }
}
