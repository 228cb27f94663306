//! Responses whose bodies wait to be read. One that nobody reads for `body_idle_timeout` is given
//! up, so that a forgotten response does not hold a place in the pool for ever.
//!
//! Between reads the lease is parked here, and a read takes it out again: only the time between
//! reads counts. There is no timer for a response; the keeper of the pool looks.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use slab::Slab;

use crate::connection::{ClientPool, Lease};
use crate::error::{Error, Result};
use crate::fork;
use crate::pool::HostId;
use crate::stats::Closed;

/// Two looks at the parked leases are at least this apart, or a sixteenth of the limit.
const APART: Duration = Duration::from_secs(1);

/// The parked leases of a pool.
pub(crate) struct Unread {
    /// `None`: for ever.
    limit: Option<Duration>,
    spots: Mutex<Spots>,
}

#[derive(Default)]
struct Spots {
    all: Slab<Arc<Spot>>,
    /// When the first of them may be over.
    next: Option<Instant>,
}

/// The place of one response.
struct Spot {
    host: HostId,
    held: Mutex<Held>,
}

enum Held {
    /// A read has the lease.
    Taken,
    Parked(Lease, Instant),
    GivenUp,
}

impl Spot {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A response's right to its lease.
pub(crate) struct Claim {
    spot: Arc<Spot>,
    number: usize,
    pool: Arc<ClientPool>,
    generation: u64,
}

impl Unread {
    /// `limit` is the option `body_idle_timeout`.
    pub fn new(limit: Option<Duration>) -> Unread {
        Unread { limit: limit.filter(|limit| !limit.is_zero()), spots: Mutex::default() }
    }

    /// How many responses of a host the callers have not read to their end.
    pub fn of_host(&self, host: HostId) -> usize {
        self.lock().all.iter().filter(|(_, spot)| spot.host == host).count()
    }

    fn lock(&self) -> MutexGuard<'_, Spots> {
        self.spots.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Parks a lease until it is claimed; gives it back when there is no limit.
pub(crate) fn park(lease: Lease, claim: &mut Option<Claim>) -> Option<Lease> {
    let unread = &lease.pool.keeper.unread;
    let Some(limit) = unread.limit.filter(|_| !lease.is_foreign()) else { return Some(lease) };
    let now = Instant::now();
    if let Some(claim) = claim {
        *claim.spot.lock() = Held::Parked(lease, now);
        return None;
    }
    let pool = lease.pool.clone();
    let spot = Arc::new(Spot { host: lease.host(), held: Mutex::new(Held::Parked(lease, now)) });
    let (number, first) = {
        let mut spots = pool.keeper.unread.lock();
        let first = spots.next.is_none();
        if first {
            spots.next = now.checked_add(limit);
        }
        (spots.all.insert(spot.clone()), first)
    };
    if first {
        pool.keeper.watch.arm(&pool);
    }
    *claim = Some(Claim { spot, number, pool, generation: fork::generation() });
    None
}

impl Claim {
    /// Takes the lease back.
    ///
    /// # Errors
    /// `InvalidState` when it was given up.
    pub fn take(&self) -> Result<Lease> {
        if self.generation != fork::generation() {
            return Err(Error::state("it belongs to the process this one was forked from"));
        }
        let mut held = self.spot.lock();
        match std::mem::replace(&mut *held, Held::Taken) {
            Held::Parked(lease, _) => Ok(lease),
            Held::Taken => Err(Error::state("the response is over")),
            Held::GivenUp => {
                *held = Held::GivenUp;
                let limit = self.pool.keeper.unread.limit.unwrap_or_default();
                Err(Error::state(format!(
                    "the response was given up because its body was not read for {limit:.1?} \
                     (option body_idle_timeout)"
                )))
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.generation == fork::generation() {
            self.pool.keeper.unread.lock().all.try_remove(self.number);
        } else {
            // The parent's threads may have held its locks at the fork.
            fork::keep(self.spot.clone());
        }
    }
}

impl ClientPool {
    /// Gives up what has been unread for too long; returns when to look again.
    pub fn give_up_unread(&self, now: Instant) -> Option<Instant> {
        let unread = &self.keeper.unread;
        let limit = unread.limit?;
        let mut over = Vec::new();
        let next = {
            let mut spots = unread.lock();
            if spots.next.is_none_or(|next| next > now) {
                return spots.next;
            }
            let mut next: Option<Instant> = None;
            for (_, spot) in &spots.all {
                // Whoever holds it is about to take or to park the lease.
                let Ok(mut held) = spot.held.try_lock() else {
                    next = Some(now);
                    continue;
                };
                let until = match &*held {
                    Held::Parked(_, since) => *since + limit,
                    Held::Taken => now + limit,
                    Held::GivenUp => continue,
                };
                if until <= now {
                    over.push(std::mem::replace(&mut *held, Held::GivenUp));
                } else {
                    next = Some(next.map_or(until, |next| next.min(until)));
                }
            }
            spots.next = next.map(|next| next.max(now + APART.min(limit / 16)));
            spots.next
        };
        for held in over {
            if let Held::Parked(lease, _) = held {
                lease.discard(Closed::BodyIdle);
            }
        }
        next
    }
}
