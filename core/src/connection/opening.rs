//! How a connection was opened: when, and where the time went.

use std::time::{Duration, Instant};

/// From the beginning of a dial to the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    pub began: Instant,
    pub ready: Instant,
    /// Spent on resolving, connecting and the TLS handshake, in that order; they may be less than the
    /// whole.
    pub spent: [Duration; 3],
}
