//! How an exchange went, as the caller sees it.

use std::time::{Duration, Instant};

pub use keepalive_tables::{Info, Timings};

/// When things happened: the durations between are made when somebody asks for them.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    /// The request was handed over, or the redirect that led to it.
    pub started: Instant,
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
            leased: started,
            sent: started,
            head: started,
            queued: Duration::ZERO,
            dialled: Default::default(),
        }
    }
}
