//! Snapshots handed out as sized structs: a client's counters, and how an exchange went.

use std::time::Duration;

use keepalive_core::{Info, Stats};

use crate::slice::ka_str;

/// How many close reasons a `ka_stats` has room for.
pub const KA_MAX_CLOSE_REASONS: usize = 32;

/// How many connections were closed for one reason.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_close_count {
    /// Stable name such as "idle_timeout" or "response_said_close"; static.
    pub reason: ka_str,
    /// Connections closed for it.
    pub count: u64,
}

/// Counters of a client's pool. The first group counts since the client was made, the second is the
/// moment.
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
    /// Connections closed, for whatever reason.
    pub closed: u64,
    /// Requests waiting for a connection.
    pub waiting: u64,
    /// Idle connections.
    pub idle: u64,
    /// Connections in use.
    pub active: u64,
    /// Connections being opened.
    pub dialing: u64,
    /// The number of entries of `close_reasons`.
    pub close_reason_count: u64,
    /// Connections closed by reason; only reasons that happened, sorted by name.
    pub close_reasons: [ka_close_count; KA_MAX_CLOSE_REASONS],
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
    /// Always 0.
    pub reserved: u32,
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
        let none = ka_close_count { reason: ka_str::NONE, count: 0 };
        let mut close_reasons = [none; KA_MAX_CLOSE_REASONS];
        for (slot, (reason, count)) in close_reasons.iter_mut().zip(&stats.closed) {
            *slot = ka_close_count { reason: ka_str::new(reason.as_bytes()), count: *count };
        }
        ka_stats {
            size: size_of::<ka_stats>(),
            opened: stats.opened,
            reused: stats.reused,
            stale: stats.stale,
            replayed: stats.replayed,
            closed: stats.closed.iter().map(|(_, count)| count).sum(),
            waiting: stats.waiting,
            idle: stats.idle,
            active: stats.active,
            dialing: stats.dialing,
            close_reason_count: stats.closed.len().min(KA_MAX_CLOSE_REASONS) as u64,
            close_reasons,
        }
    }
}

impl ka_info {
    pub(crate) fn new(info: &Info) -> ka_info {
        let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let timings = &info.timings;
        ka_info {
            size: size_of::<ka_info>(),
            connection_id: info.connection_id,
            reused: info.reused.into(),
            replays: info.replays,
            redirects: info.redirects,
            reserved: 0,
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
