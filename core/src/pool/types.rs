//! The words the pool's decisions are made of.

use std::hash::{BuildHasherDefault, Hasher};
use std::task::Waker;
use std::time::{Duration, Instant};

/// Caps of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caps {
    pub per_host: usize,
    pub total: usize,
    pub dials_per_host: usize,
    pub waiters: usize,
}

/// What must be done once the lock is released.
pub(crate) enum Action<K, C> {
    Wake(Waker),
    Close(C, Why),
    /// Open a connection for `host`; report with `dialled` or `dial_failed` under this number.
    Dial {
        key: K,
        host: HostId,
        dial: usize,
        limit: Option<Duration>,
    },
}

/// Why the pool itself closed a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    IdleTimeout,
    Evicted,
    PoolClosed,
}

/// Keys hash to one number that is already well spread, so hashing it again is waste.
#[derive(Default)]
pub(crate) struct Fold(u64);

pub(super) type Folded = BuildHasherDefault<Fold>;

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = self.0.rotate_left(5) ^ number;
    }
}

pub(crate) type HostId = usize;
pub(crate) type TicketId = usize;

/// The answer to a checkout.
pub(crate) enum Checkout<C> {
    /// An idle connection, leased to the caller.
    Idle(HostId, C),
    /// Wait with this ticket.
    Ticket(TicketId),
}

/// Why a checkout was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// So many requests wait already.
    QueueFull(usize),
    Closed,
}

/// What a ticket ended in.
pub(crate) enum Grant<C, E> {
    /// A connection, leased to the caller.
    Connection(HostId, C),
    Failed(E),
    PoolClosed,
}

/// A checked-in connection.
pub(crate) struct Idle<C> {
    pub connection: C,
    pub since: Instant,
    /// Not to be reused from then on.
    pub until: Instant,
    /// Registered with the runtime rather than plain.
    pub registered: bool,
    /// Identifies this stay in the pool.
    pub stay: u32,
    /// Whether the keeper watches it.
    pub watched: bool,
}

/// The moment's counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub waiting: usize,
    pub idle: usize,
    pub active: usize,
    pub dialing: usize,
}
