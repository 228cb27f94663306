//! Generated from the tables in core/tables by `make generate`; do not edit.
//!
//! What is told of a client and of an exchange, as structs.

use std::ffi::c_char;

use keepalive_core::{Info, OriginStats, Stats, Timings};

use crate::convert::{KA_ADDRESSES_SIZE, KA_ORIGIN_SIZE, characters, listed, nanoseconds, viewed};
use crate::slice::ka_str;
use crate::status::ka_status;

/// Counters of a client's pool: ka_client_stats. What is not of the moment counts since the client
/// was made.
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
    /// Look-ups of names, of the whole process, that have had no answer for 5 s and more.
    pub stuck_lookups: u64,
    /// Connections closed, for whatever reason; ka_client_close_reasons has the reasons.
    pub closed: u64,
    /// Requests waiting for a connection, at this moment.
    pub waiting: u64,
    /// Idle connections, at this moment.
    pub idle: u64,
    /// Connections in use, at this moment.
    pub active: u64,
    /// Connections being opened, at this moment.
    pub dialing: u64,
    /// The number of origins that ka_client_origin_stats tells about.
    pub origin_count: u64,
    /// Requests sent behind others on their connection (option `pipelining`).
    pub pipelined: u64,
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
            stuck_lookups: stats.stuck_lookups,
            closed: stats.closed.iter().map(|(_, count)| count).sum(),
            waiting: stats.waiting,
            idle: stats.idle,
            active: stats.active,
            dialing: stats.dialing,
            origin_count: stats.origins.len() as u64,
            pipelined: stats.pipelined,
        }
    }
}

/// One origin's part of a client's counters, at this moment: ka_client_origin_stats.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_origin_stats {
    /// The number of bytes of this struct that the running library knows.
    pub size: usize,
    /// The origin, such as "https://example.com:8443". Ends in a NUL.
    pub origin: [c_char; KA_ORIGIN_SIZE],
    /// Requests waiting for a connection.
    pub waiting: u64,
    /// Idle connections.
    pub idle: u64,
    /// Connections in use.
    pub active: u64,
    /// Connections being opened.
    pub dialing: u64,
    /// How long a connection may idle. UINT64_MAX: for ever.
    pub idle_limit_ns: u64,
    /// Where that limit is from: the option `idle_timeout_ms`, the server's Keep-Alive, or what its
    /// closes have taught. "option", "hint" or "learnt"; static.
    pub idle_limit_source: ka_str,
    /// The circuit breaker, which all clients of the process share. "closed", "open" or
    /// "half_open"; static.
    pub breaker: ka_str,
    /// What its name resolved to last; empty without connections, when the URL has an address, and
    /// when names are not looked up again (option `dns_ttl_ms`). Separated by commas, as far as
    /// there is room; ends in a NUL.
    pub addresses: [c_char; KA_ADDRESSES_SIZE],
}

impl ka_origin_stats {
    pub(crate) fn new(stats: &OriginStats) -> ka_origin_stats {
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
            addresses: listed(&stats.addresses),
        }
    }
}

/// How an exchange went: ka_response_info, ka_error_info. Durations are nanoseconds, 0 where a
/// phase did not happen; all but `total_ns` add up to it. They are of the try that was answered:
/// what was before it is in `stalled_ns`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_info {
    /// The number of bytes of this struct that the running library knows.
    pub size: usize,
    /// Whether the connection had carried a response before. 0: no, 1: yes.
    pub reused: u64,
    /// Number of the connection, unique in the process.
    pub connection_id: u64,
    /// How often the request was sent again on a fresh connection: 0 or 1.
    pub replays: u64,
    /// Why it was sent again: the kind of the error that it met. KA_OK: it was not.
    pub replay_reason: ka_status,
    /// Always 0.
    pub replay_reason_reserved: u32,
    /// Tries before this one that failed and were worth another (option `retries`).
    pub retries: u64,
    /// Redirects followed before this response.
    pub redirects: u64,
    /// Whether a second try was sent because the first took long (option `hedge`). 0: no, 1: yes.
    pub hedged: u64,
    /// Whether the response is the second try's. 0: no, 1: yes.
    pub hedge_won: u64,
    /// Waiting for a connection or for leave to open one: the limits of the pool.
    pub queued_ns: u64,
    /// Resolving the host name, as far as the request waited for it.
    pub resolve_ns: u64,
    /// The TCP handshake, and what a proxy took to open the way, as far as the request waited for
    /// them.
    pub connect_ns: u64,
    /// The TLS handshakes, as far as the request waited for them.
    pub tls_ns: u64,
    /// From the connection to the last byte of the request.
    pub send_ns: u64,
    /// From the last byte of the request to the end of the response head.
    pub wait_ns: u64,
    /// From the call to the end of the response, or to its head while the body is still to come.
    pub total_ns: u64,
    /// Requests that the connection has carried, this one counted in.
    pub requests: u64,
    /// What was sent of the request, in bytes: head and body as they stood in the connection,
    /// before TLS.
    pub bytes_sent: u64,
    /// What has come of the response, in bytes: 1xx heads, head and body as they stood in the
    /// connection, chunked and coded, after TLS. While the body is being read, what came with the
    /// head.
    pub bytes_received: u64,
    /// Address and port of this end of the connection. Empty where there is none; a view, valid as
    /// long as what it was asked of.
    pub local_address: ka_str,
    /// Address and port that the connection leads to, which are a proxy's where there is one; of a
    /// Unix domain socket its path, as the option `unix_socket` has it. Empty where there is none;
    /// a view, valid as long as what it was asked of.
    pub peer_address: ka_str,
    /// What is none of the others: tries before this one with the pauses between them, the
    /// redirects that led to it, and what opening a connection cost beside the next three.
    pub stalled_ns: u64,
    /// From the response head to the end of the body; 0 before that end, and when all came with the
    /// head.
    pub receive_ns: u64,
    /// The number of 1xx heads that came before it: ka_response_informational_at has them.
    pub informational_count: u64,
    /// Whether it was sent behind other requests on its connection (option `pipelining`). 0: no,
    /// 1: yes.
    pub pipelined: u64,
}

impl ka_info {
    pub(crate) fn new(info: &Info, timings: &Timings, informational: usize) -> ka_info {
        ka_info {
            size: size_of::<ka_info>(),
            reused: info.reused.into(),
            connection_id: info.connection_id,
            replays: info.replays.into(),
            replay_reason: info.replay_reason.map_or(ka_status::KA_OK, ka_status::of),
            replay_reason_reserved: 0,
            retries: info.retries.into(),
            redirects: info.redirects.into(),
            hedged: info.hedged.into(),
            hedge_won: info.hedge_won.into(),
            queued_ns: nanoseconds(timings.queued),
            resolve_ns: nanoseconds(timings.resolve),
            connect_ns: nanoseconds(timings.connect),
            tls_ns: nanoseconds(timings.tls),
            send_ns: nanoseconds(timings.send),
            wait_ns: nanoseconds(timings.wait),
            total_ns: nanoseconds(timings.total),
            requests: info.requests,
            bytes_sent: info.bytes_sent,
            bytes_received: info.bytes_received,
            local_address: viewed(info.local_address.as_deref()),
            peer_address: viewed(info.peer_address.as_deref()),
            stalled_ns: nanoseconds(timings.stalled),
            receive_ns: nanoseconds(timings.receive),
            informational_count: informational as u64,
            pipelined: info.pipelined.into(),
        }
    }
}
