//! The words the pool's decisions are made of.

use std::any::Any;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant, SystemTime};

/// PoolLimits of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolLimits {
    pub per_host: usize,
    pub total: usize,
    pub dials_per_host: usize,
    pub waiters: usize,
}

/// What must be done once the lock is released.
pub(crate) enum Action<K, C> {
    Wake(Waker),
    Close(C, EvictReason),
    /// Open a connection for `host`; report with `dialled` or `dial_failed` under this number.
    Dial {
        key: K,
        host: HostId,
        dial: usize,
        limit: Option<Duration>,
        witness: Witness,
    },
}

/// Whom a dial is told to, of the waiter that it is begun for; the pool only hands it on.
pub(crate) type Witness = Option<Arc<dyn Any + Send + Sync>>;

/// Why the pool itself closed a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EvictReason {
    IdleTimeout,
    Evicted,
    PoolClosed,
}

/// Keys hash to one number that is already well spread, so hashing it again is waste.
#[derive(Default)]
pub(crate) struct IdentityHasher(u64);

pub(super) type BuildIdentityHasher = BuildHasherDefault<IdentityHasher>;

impl Hasher for IdentityHasher {
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
/// Names a connection that carries several requests at once; unique in the pool.
pub(crate) type LineId = u64;

/// A leased connection that takes requests behind the one it carries.
pub(super) struct Line {
    pub id: LineId,
    /// Requests behind the one in front.
    pub length: usize,
    pub places: Places,
}

impl Line {
    pub fn has_room(&self) -> bool {
        self.length < self.places.depth && self.places.left > 0
    }
}

/// How many requests may be sent behind others on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places {
    /// At a time.
    pub depth: usize,
    /// From now on, in all.
    pub left: u64,
}

/// The answer to a checkout.
pub(crate) enum Decision<C> {
    /// An idle connection, leased to the caller.
    Idle(HostId, C),
    /// Wait with this ticket.
    Ticket(TicketId),
}

/// Why a checkout was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CheckoutError {
    /// So many requests wait already.
    QueueFull(usize),
    Closed,
}

impl<C> Idle<C> {
    /// Whether it may still be reused at all.
    pub fn is_usable(&self, at: Moment) -> bool {
        self.until.now > at.now && self.until.wall > at.wall
    }

    /// Whether a request that cannot be replayed may use it.
    pub fn is_fresh(&self, at: Moment, max_idle: Duration) -> bool {
        at.since(self.since) < max_idle.min(self.span() / 2)
    }

    fn span(&self) -> Duration {
        self.until.now.saturating_duration_since(self.since.now)
    }
}

/// What a ticket ended in.
pub(crate) enum Grant<C, E> {
    /// A connection, leased to the caller.
    Connection(HostId, C),
    /// A place behind the requests on a connection that another one has leased.
    Place(HostId, LineId),
    Failed(E),
    PoolClosed,
}

/// A point in time on both clocks: the monotonic one stops while a machine sleeps or a container
/// is frozen, the wall clock does not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub now: Instant,
    pub wall: SystemTime,
}

impl Moment {
    pub fn now() -> Moment {
        Moment { now: Instant::now(), wall: SystemTime::now() }
    }

    /// Time since `earlier` by the clock that shows more.
    pub fn since(&self, earlier: Moment) -> Duration {
        let by_wall = self.wall.duration_since(earlier.wall).unwrap_or_default();
        self.now.saturating_duration_since(earlier.now).max(by_wall)
    }
}

/// What a checkout asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CheckoutOptions {
    /// Prefer a connection registered with the runtime.
    pub registered: bool,
    /// Take only a newly opened connection.
    pub fresh: bool,
    /// Take no connection that has idled for longer than this or for half of what it may: for
    /// requests that cannot be replayed.
    pub max_idle: Option<Duration>,
    /// A place behind other requests will do, where no connection can be had at once.
    pub pipelined: bool,
    /// It had its turn and was not served: before all others.
    pub first: bool,
    /// How long a dial made for this caller may take; `None` for ever.
    pub dial_limit: Option<Duration>,
}

/// A checked-in connection.
pub(crate) struct Idle<C> {
    pub connection: C,
    pub since: Moment,
    /// Not to be reused from then on, by either clock.
    pub until: Moment,
    /// Registered with the runtime rather than plain.
    pub registered: bool,
    /// Identifies this stay in the pool.
    pub stay: u32,
    /// Whether the manager watches it.
    pub watched: bool,
}

/// Why a ticket still waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub host: HostId,
    /// When the queue last had a chance to move.
    pub moved: Instant,
    /// The cap over all hosts holds it, not the host's own.
    pub by_total: bool,
    /// The cap.
    pub cap: usize,
    /// Connections of all hosts.
    pub total: usize,
    /// Of its own host.
    pub counts: Counts,
}

/// The moment's counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub waiting: usize,
    pub idle: usize,
    pub active: usize,
    pub dialing: usize,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.idle += other.idle;
        self.active += other.active;
        self.dialing += other.dialing;
        self.waiting += other.waiting;
    }
}
