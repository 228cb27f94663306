//! Counters of a pool, as every surface shows them.

use std::net::IpAddr;
use std::time::Duration;

/// Why a connection was closed. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Closed {
    /// The protocol machine refused reuse; see `keepalive_proto::CloseReason`.
    Protocol(keepalive_proto::CloseReason),
    /// Idle for longer than the limit.
    IdleTimeout,
    /// Older than `max_age`.
    MaxAge,
    /// Its address left the answer for its name (option `dns_ttl`).
    DnsChanged,
    /// `Keep-Alive: max=M` was reached.
    MaxRequests,
    /// The server closed it while idle.
    IdleEof,
    /// The server reset it while idle.
    IdleReset,
    /// The server sent bytes while it was idle.
    StrayBytes,
    /// Made room for another connection.
    Evicted,
    /// An exchange failed on it.
    Failed,
    /// An exchange was cancelled or a response dropped with too much unread.
    Abandoned,
    /// The other try of its request was answered first (option `hedge`).
    HedgeLost,
    /// The body of its response was not read for `body_idle_timeout`.
    BodyIdle,
    /// The client was closed.
    ByClient,
}

impl Closed {
    /// snake_case, stable.
    pub fn name(self) -> &'static str {
        match self {
            Closed::Protocol(reason) => reason.name(),
            Closed::IdleTimeout => "idle_timeout",
            Closed::MaxAge => "max_age",
            Closed::DnsChanged => "dns_changed",
            Closed::MaxRequests => "max_requests",
            Closed::IdleEof => "idle_eof",
            Closed::IdleReset => "idle_reset",
            Closed::StrayBytes => "stray_bytes",
            Closed::Evicted => "evicted",
            Closed::Failed => "failed",
            Closed::Abandoned => "abandoned",
            Closed::HedgeLost => "hedge_lost",
            Closed::BodyIdle => "body_idle_timeout",
            Closed::ByClient => "client_closed",
        }
    }
}

/// A snapshot. The first group counts since the client was made, the second is the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections opened.
    pub opened: u64,
    /// Requests sent on a connection that had carried a response before.
    pub reused: u64,
    /// Idle connections found dead, at checkout or while idle.
    pub stale: u64,
    /// Requests sent again on a fresh connection.
    pub replayed: u64,
    /// Further tries after failures (option `retries`).
    pub retried: u64,
    /// Second tries sent because the first took long (option `hedge`).
    pub hedged: u64,
    /// Look-ups of names, of the whole process, that have had no answer for 5 s and more.
    pub stuck_lookups: u64,
    /// Connections closed, by reason; only reasons that happened, sorted by name.
    pub closed: Vec<(&'static str, u64)>,
    /// Requests waiting for a connection.
    pub waiting: u64,
    /// Idle connections.
    pub idle: u64,
    /// Connections in use.
    pub active: u64,
    /// Connections being opened.
    pub dialing: u64,
    /// The same moment by origin, in the order they were first used.
    pub origins: Vec<OriginStats>,
}

/// One origin's part of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginStats {
    /// `https://example.com:8443`.
    pub origin: String,
    /// Requests waiting for a connection.
    pub waiting: u64,
    /// Idle connections.
    pub idle: u64,
    /// Connections in use.
    pub active: u64,
    /// Connections being opened.
    pub dialing: u64,
    /// How long a connection may idle; `None` for ever.
    pub idle_limit: Option<Duration>,
    /// Why: `option`, `hint` (the server's Keep-Alive) or `learnt`.
    pub idle_limit_source: &'static str,
    /// The circuit breaker: `closed`, `open` or `half_open`.
    pub breaker: &'static str,
    /// What its name resolved to last, while it has connections; empty when the URL has an address
    /// and when names are not looked up again (option `dns_ttl`).
    pub addresses: Vec<IpAddr>,
}
