//! The lease of a response between two reads, and the response's right to it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use crate::connection::idle_reaper;
use crate::connection::lease::Lease;
use crate::connection::manager::ClientPool;
use crate::connection::parked_body::{Parked, Waits};
use crate::error::{Error, Result};
use crate::fork;
use crate::pool::HostId;
use crate::stats::CloseCause;
use crate::sync::lock;

struct Slot {
    host: HostId,
    held: Mutex<Held>,
}

enum Held {
    /// A read has the lease.
    Taken,
    Parked(Lease, Instant),
    GivenUp,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Held> {
        lock(&self.held)
    }
}

impl Parked for Slot {
    fn host(&self) -> HostId {
        self.host
    }

    fn waits(&self) -> Waits {
        let Ok(held) = self.held.try_lock() else { return Waits::Unknown };
        match &*held {
            Held::Parked(_, since) => Waits::Since(*since),
            Held::Taken => Waits::BeingRead,
            Held::GivenUp => Waits::Never,
        }
    }

    fn give_up(&self, since: Instant) {
        let mut held = self.lock();
        if !matches!(&*held, Held::Parked(_, own) if *own == since) {
            return;
        }
        let lease = std::mem::replace(&mut *held, Held::GivenUp);
        drop(held);
        if let Held::Parked(lease, _) = lease {
            lease.discard(CloseCause::BodyIdle);
        }
    }
}

/// A response's right to its lease.
pub(crate) struct ParkedLease {
    slot: Arc<Slot>,
    number: usize,
    pool: Arc<ClientPool>,
    generation: u64,
}

/// Parks a lease until it is claimed; gives it back when there is no limit.
pub(crate) fn park(lease: Lease, parked: &mut Option<ParkedLease>) -> Option<Lease> {
    let bodies = &lease.pool.manager.parked;
    let Some(limit) = bodies.limit().filter(|_| !lease.is_foreign()) else { return Some(lease) };
    let now = Instant::now();
    if let Some(parked) = parked {
        *parked.slot.lock() = Held::Parked(lease, now);
        return None;
    }
    let pool = lease.pool.clone();
    let slot = Arc::new(Slot { host: lease.host(), held: Mutex::new(Held::Parked(lease, now)) });
    let (number, first) = pool.manager.parked.add(slot.clone(), now.checked_add(limit));
    if first {
        idle_reaper::arm(&pool);
    }
    *parked = Some(ParkedLease { slot, number, pool, generation: fork::generation() });
    None
}

impl ParkedLease {
    /// Takes the lease back.
    ///
    /// # Errors
    /// `InvalidState` when it was given up.
    pub fn take(&self) -> Result<Lease> {
        if self.generation != fork::generation() {
            return Err(Error::state("it belongs to the process this one was forked from"));
        }
        let mut held = self.slot.lock();
        match std::mem::replace(&mut *held, Held::Taken) {
            Held::Parked(lease, _) => Ok(lease),
            Held::Taken => Err(Error::state("the response is over")),
            Held::GivenUp => {
                *held = Held::GivenUp;
                let limit = self.pool.manager.parked.limit().unwrap_or_default();
                Err(Error::state(format!(
                    "the response was given up because its body was not read for {limit:.1?} \
                     (option body_idle_timeout)"
                )))
            }
        }
    }
}

impl Drop for ParkedLease {
    fn drop(&mut self) {
        if self.generation == fork::generation() {
            self.pool.manager.parked.remove(self.number);
        } else {
            // The parent's threads may have held its locks at the fork.
            fork::keep(self.slot.clone());
        }
    }
}
