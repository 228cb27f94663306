//! Snapshots handed out as sized structs: a client's counters, and how an exchange went.

use std::ffi::c_char;
use std::time::Duration;

use keepalive_core::{Info, OriginStats, Stats, Timings};

use crate::slice::ka_str;
use crate::status::ka_status;

/// How many connections were closed for one reason: ka_client_close_reasons.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_close_count {
    /// Stable name such as "idle_timeout" or "response_said_close"; static.
    pub reason: ka_str,
    /// Connections closed for it.
    pub count: u64,
}

/// Counters of a client's pool: ka_client_stats. Those up to `closed` count since the client was made,
/// those after it are of the moment.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_stats {
    /// The number of bytes of this struct that the running library knows.
    pub size: usize,
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
    /// Connections closed, for whatever reason; ka_client_close_reasons has the reasons.
    pub closed: u64,
    /// Requests waiting for a connection.
    pub waiting: u64,
    /// Idle connections.
    pub idle: u64,
    /// Connections in use.
    pub active: u64,
    /// Connections being opened.
    pub dialing: u64,
    /// Look-ups of names, of the whole process, that have had no answer for 5 s and more.
    pub stuck_lookups: u64,
    /// The number of origins that ka_client_origin_stats tells about.
    pub origin_count: u64,
}

/// How many bytes a `ka_origin_stats` has for the origin: the longest host name fits.
pub const KA_ORIGIN_SIZE: usize = 288;

/// How many bytes a `ka_origin_stats` has for addresses: eight of the longest fit.
pub const KA_ADDRESSES_SIZE: usize = 384;

/// One origin's part of a client's counters, at this moment.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_origin_stats {
    /// The number of bytes of this struct that the running library knows.
    pub size: usize,
    /// Such as "https://example.com:8443", with a terminating NUL.
    pub origin: [c_char; KA_ORIGIN_SIZE],
    /// Requests waiting for a connection.
    pub waiting: u64,
    /// Idle connections.
    pub idle: u64,
    /// Connections in use.
    pub active: u64,
    /// Connections being opened.
    pub dialing: u64,
    /// How long a connection may idle, in nanoseconds; UINT64_MAX: for ever, 0: none is kept.
    pub idle_limit_ns: u64,
    /// Why: "option", "hint" (the server's Keep-Alive) or "learnt" (when it closed others); static.
    pub idle_limit_source: ka_str,
    /// The circuit breaker: "closed", "open" or "half_open"; static.
    pub breaker: ka_str,
    /// What its name resolved to last, separated by commas, with a terminating NUL, as far as there
    /// is room; empty without connections, when the URL has an address, and when names are not
    /// looked up again (option `dns_ttl`).
    pub addresses: [c_char; KA_ADDRESSES_SIZE],
}

/// How an exchange went. Durations are nanoseconds, 0 where a phase did not happen.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_info {
    /// The number of bytes of this struct that the running library knows.
    pub size: usize,
    /// Number of the connection, unique in the process.
    pub connection_id: u64,
    /// 1 when the connection had carried a response before, else 0.
    pub reused: u32,
    /// How often the request was sent again on a fresh connection: 0 or 1.
    pub replays: u32,
    /// Redirects followed before this response.
    pub redirects: u32,
    /// Tries before this one that failed and were worth another (option `retries`).
    pub retries: u32,
    /// Why the request was sent again; KA_OK when it was not.
    pub replay_reason: ka_status,
    /// 1 when a second try was sent because the first took long (option `hedge`), 2 when the
    /// response is that second try's, else 0.
    pub hedged: u32,
    /// Waiting for a connection, opening one included.
    pub queued_ns: u64,
    /// Resolving the name.
    pub resolve_ns: u64,
    /// The TCP handshake.
    pub connect_ns: u64,
    /// The TLS handshake.
    pub tls_ns: u64,
    /// From the first byte of the request to its last.
    pub send_ns: u64,
    /// From then to the end of the response head.
    pub wait_ns: u64,
    /// From the call to the response head.
    pub total_ns: u64,
}

impl ka_stats {
    pub(crate) fn new(stats: &Stats) -> ka_stats {
        ka_stats {
            size: size_of::<ka_stats>(),
            opened: stats.opened,
            reused: stats.reused,
            stale: stats.stale,
            replayed: stats.replayed,
            retried: stats.retried,
            hedged: stats.hedged,
            closed: stats.closed.iter().map(|(_, count)| count).sum(),
            waiting: stats.waiting,
            idle: stats.idle,
            active: stats.active,
            dialing: stats.dialing,
            stuck_lookups: stats.stuck_lookups,
            origin_count: stats.origins.len() as u64,
        }
    }
}

impl ka_close_count {
    pub(crate) fn new(&(reason, count): &(&'static str, u64)) -> ka_close_count {
        ka_close_count { reason: ka_str::new(reason.as_bytes()), count }
    }
}

impl ka_origin_stats {
    pub(crate) fn new(stats: &OriginStats) -> ka_origin_stats {
        let mut addresses = String::new();
        for address in &stats.addresses {
            let next = format!("{}{address}", if addresses.is_empty() { "" } else { "," });
            if addresses.len() + next.len() >= KA_ADDRESSES_SIZE {
                break;
            }
            addresses.push_str(&next);
        }
        ka_origin_stats {
            size: size_of::<ka_origin_stats>(),
            origin: characters(&stats.origin),
            waiting: stats.waiting,
            idle: stats.idle,
            active: stats.active,
            dialing: stats.dialing,
            idle_limit_ns: stats.idle_limit.map_or(u64::MAX, nanoseconds),
            idle_limit_source: ka_str::new(stats.idle_limit_source.as_bytes()),
            breaker: ka_str::new(stats.breaker.as_bytes()),
            addresses: characters(&addresses),
        }
    }
}

/// The last byte stays 0 whatever the text is.
fn characters<const SIZE: usize>(text: &str) -> [c_char; SIZE] {
    let mut characters = [0; SIZE];
    for (slot, byte) in characters[..SIZE - 1].iter_mut().zip(text.bytes()) {
        *slot = byte as c_char;
    }
    characters
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl ka_info {
    pub(crate) fn new(info: &Info, timings: &Timings) -> ka_info {
        let ns = nanoseconds;
        ka_info {
            size: size_of::<ka_info>(),
            connection_id: info.connection_id,
            reused: info.reused.into(),
            replays: info.replays,
            redirects: info.redirects,
            retries: info.retries,
            replay_reason: info.replay_reason.map_or(ka_status::KA_OK, ka_status::of),
            hedged: u32::from(info.hedged) + u32::from(info.hedge_won),
            queued_ns: ns(timings.queued),
            resolve_ns: ns(timings.resolve),
            connect_ns: ns(timings.connect),
            tls_ns: ns(timings.tls),
            send_ns: ns(timings.send),
            wait_ns: ns(timings.wait),
            total_ns: ns(timings.total),
        }
    }
}
