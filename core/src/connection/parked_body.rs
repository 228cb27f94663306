//! Responses whose bodies wait to be read. One that nobody reads for `body_idle_timeout` is given
//! up, so that a forgotten response does not hold a place in the pool for ever.
//!
//! Between reads the lease is parked here, and a read takes it out again: only the time between
//! reads counts. There is no timer for a response; the reaper of the pool looks.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use slab::Slab;

use crate::pool::HostId;
use crate::sync::lock;

/// Two looks at the parked leases are at least this apart, or a sixteenth of the limit.
const APART: Duration = Duration::from_secs(1);

/// The place of one response.
pub(super) trait Parked: Send + Sync {
    fn host(&self) -> HostId;

    /// Since when it waits to be read.
    fn waits(&self) -> Waits;

    /// Gives it up if it has waited since `since` all the time.
    fn give_up(&self, since: Instant);
}

pub(super) enum Waits {
    Since(Instant),
    /// A read is under way.
    BeingRead,
    /// Whoever holds it is about to read or to park it.
    Unknown,
    /// It was given up.
    Never,
}

/// The parked responses of a pool.
pub(crate) struct ParkedBodies {
    /// `None`: for ever.
    limit: Option<Duration>,
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    all: Slab<Arc<dyn Parked>>,
    /// When the first of them may be over.
    next: Option<Instant>,
}

impl ParkedBodies {
    /// `limit` is the option `body_idle_timeout`.
    pub fn new(limit: Option<Duration>) -> ParkedBodies {
        ParkedBodies { limit: limit.filter(|limit| !limit.is_zero()), slots: Mutex::default() }
    }

    /// How long a response may wait; `None` for ever, and then nothing is parked.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// How many responses of a host the callers have not read to their end.
    pub fn of_host(&self, host: HostId) -> usize {
        self.lock().all.iter().filter(|(_, slot)| slot.host() == host).count()
    }

    /// A new place, its number, and whether the reaper has to be told of it.
    pub(super) fn add(&self, slot: Arc<dyn Parked>, until: Option<Instant>) -> (usize, bool) {
        let mut slots = self.lock();
        let first = slots.next.is_none();
        if first {
            slots.next = until;
        }
        (slots.all.insert(slot), first)
    }

    pub(super) fn remove(&self, number: usize) {
        self.lock().all.try_remove(number);
    }

    /// Gives up what has been unread for too long; returns when to look again.
    pub(super) fn give_up(&self, now: Instant) -> Option<Instant> {
        let limit = self.limit?;
        let mut over = Vec::new();
        let next = {
            let mut slots = self.lock();
            if slots.next.is_none_or(|next| next > now) {
                return slots.next;
            }
            let mut next: Option<Instant> = None;
            for (_, slot) in &slots.all {
                let until = match slot.waits() {
                    Waits::Since(since) if since + limit <= now => {
                        over.push((slot.clone(), since));
                        continue;
                    }
                    Waits::Since(since) => since + limit,
                    Waits::BeingRead => now + limit,
                    Waits::Unknown => now,
                    Waits::Never => continue,
                };
                next = Some(next.map_or(until, |next| next.min(until)));
            }
            slots.next = next.map(|next| next.max(now + APART.min(limit / 16)));
            slots.next
        };
        for (slot, since) in over {
            slot.give_up(since);
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        lock(&self.slots)
    }
}
