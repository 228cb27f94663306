//! How an exchange went, as the caller sees it.

use std::time::{Duration, Instant};

use crate::error::ErrorKind;

/// How an exchange went.
#[derive(Debug, Clone, Default)]
pub struct Info {
    /// Whether the connection had carried a response before.
    pub reused: bool,
    /// Number of the connection, unique in the process.
    pub connection_id: u64,
    /// How often the request was sent again on a fresh connection (0 or 1).
    pub replays: u32,
    /// Why it was sent again.
    pub replay_reason: Option<ErrorKind>,
    /// Tries before this one that failed and were worth another (option `retries`).
    pub retries: u32,
    /// Redirects followed before this response.
    pub redirects: u32,
    /// Whether a second try was sent because the first took long (option `hedge`).
    pub hedged: bool,
    /// Whether the response is the second try's.
    pub hedge_won: bool,
}

/// Durations by phase; zero where a phase did not happen. `queued` holds `resolve`, `connect` and
/// `tls` where the request waited for its own dial, so that they do not add up to `total`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timings {
    /// Waiting for a connection, dialling included.
    pub queued: Duration,
    /// Resolving the name.
    pub resolve: Duration,
    /// TCP handshake.
    pub connect: Duration,
    /// TLS handshake.
    pub tls: Duration,
    /// From the first byte of the request to its last.
    pub send: Duration,
    /// From then to the end of the response head.
    pub wait: Duration,
    /// From the call to the response head.
    pub total: Duration,
}

/// When things happened: the durations between are made when somebody asks for them.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    /// The request was handed over, or the redirect that led to it.
    pub started: Instant,
    /// The attempt that was answered began.
    pub begun: Instant,
    /// It had its connection.
    pub leased: Instant,
    /// It was sent.
    pub sent: Instant,
    /// The head was there.
    pub head: Instant,
    /// The waits for a connection, of a replay too.
    pub queued: Duration,
    /// Resolving, connecting and the TLS handshake, where the request waited for them.
    pub dialled: [Duration; 3],
}

impl Marks {
    /// Nothing has happened since `started`.
    pub fn at(started: Instant) -> Marks {
        Marks {
            started,
            begun: started,
            leased: started,
            sent: started,
            head: started,
            queued: Duration::ZERO,
            dialled: Default::default(),
        }
    }
}
