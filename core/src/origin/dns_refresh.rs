//! What the names of pooled connections resolve to, looked up again in the background.
//!
//! A connection whose address has left the answer is not closed at once, since load balancers
//! answer with subsets: what is left of its life is cut to a time that differs from connection to
//! connection, and given back if the address returns. New connections go where the new answer
//! says. A failed lookup changes nothing.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::net::dns_cache::Answer;
use crate::origin::Origin;
use crate::sync::lock;

/// The name of one origin in one pool.
#[derive(Default)]
pub(crate) struct DnsEntry {
    /// Changes with the set of addresses.
    version: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Sorted.
    addresses: Vec<IpAddr>,
    /// When they were looked up, or a lookup failed.
    at: Option<Instant>,
    looking: bool,
}

impl DnsEntry {
    fn lock(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    /// Takes an answer in; `true` if it differs from the one before.
    fn update(&self, answer: &Answer) -> bool {
        let mut addresses: Vec<_> = answer.addresses.iter().map(|address| address.ip()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let mut known = self.lock();
        if known.at.is_some_and(|at| at > answer.at) {
            return false;
        }
        known.at = Some(answer.at);
        if known.addresses == addresses {
            return false;
        }
        let first = known.addresses.is_empty();
        known.addresses = addresses;
        self.version.fetch_add(1, Ordering::Release);
        !first
    }
}

/// A connection's address, and what became of it.
pub(crate) struct PeerAddress {
    entry: Arc<DnsEntry>,
    peer: IpAddr,
    ttl: Duration,
    /// Of the answer that was looked at last.
    version: u64,
    /// The address has left the answer: not to be used from then on.
    ends: Option<Instant>,
}

impl PeerAddress {
    /// Schedule at the last answer; `spread` in 0..1 tells connections apart. One atomic load when
    /// there is none that is new.
    pub fn look(&mut self, now: Instant, spread: f64) {
        let version = self.entry.version.load(Ordering::Acquire);
        if version == self.version {
            return;
        }
        self.version = version;
        self.ends = match self.entry.lock().addresses.binary_search(&self.peer) {
            Ok(_) => None,
            Err(_) => self.ends.or_else(|| now.checked_add(remaining(self.ttl, spread))),
        };
    }

    /// Until when it may be used; `None` while its address is in the answer.
    pub fn ends(&self) -> Option<Instant> {
        self.ends
    }
}

/// A third of the TTL to twice the TTL: 10 to 60 s by default.
fn remaining(ttl: Duration, spread: f64) -> Duration {
    ttl / 3 + (ttl * 5 / 3).mul_f64(spread)
}

/// The names of a pool's connections.
pub(crate) struct DnsRefresh {
    /// `None`: not looked up again.
    ttl: Option<Duration>,
    schedule: Mutex<Schedule>,
}

#[derive(Default)]
struct Schedule {
    entries: HashMap<Arc<Origin>, Arc<DnsEntry>>,
    /// When the first lookup is due.
    next: Option<Instant>,
}

impl DnsRefresh {
    /// `ttl` is the option `dns_ttl`.
    pub fn new(ttl: Option<Duration>) -> DnsRefresh {
        DnsRefresh { ttl: ttl.filter(|ttl| !ttl.is_zero()), schedule: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Schedule> {
        lock(&self.schedule)
    }

    /// What the name of `origin` last resolved to; empty for addresses and when nobody schedule.
    pub fn addresses(&self, origin: &Arc<Origin>) -> Vec<IpAddr> {
        let entry = self.lock().entries.get(origin).cloned();
        entry.map(|entry| entry.lock().addresses.clone()).unwrap_or_default()
    }

    /// The address of a connection just opened to `peer`, and whether the answer that named it differs
    /// from the one before; `None` when the name is not looked up again.
    pub fn follow(
        &self,
        origin: &Arc<Origin>,
        peer: IpAddr,
        answer: &Answer,
    ) -> Option<(PeerAddress, bool)> {
        let ttl = self.ttl?;
        if origin.server_name().parse::<IpAddr>().is_ok() {
            return None;
        }
        let entry = self.entry(origin, answer.at + ttl);
        let changed = entry.update(answer);
        let version = entry.version.load(Ordering::Acquire);
        Some((PeerAddress { entry, peer, ttl, version, ends: None }, changed))
    }

    fn entry(&self, origin: &Arc<Origin>, due: Instant) -> Arc<DnsEntry> {
        let mut schedule = self.lock();
        schedule.next = Some(schedule.next.map_or(due, |next| next.min(due)));
        schedule.entries.entry(origin.clone()).or_default().clone()
    }

    /// The entries whose lookup is due, marked as being looked up; forgets those without
    /// connections. Also returns when the next is due.
    pub fn due(&self, now: Instant) -> (Vec<Lookup>, Option<Instant>) {
        let Some(ttl) = self.ttl else { return (Vec::new(), None) };
        let mut schedule = self.lock();
        if schedule.next.is_none_or(|next| next > now) {
            return (Vec::new(), schedule.next);
        }
        let (mut due, mut next) = (Vec::new(), None);
        // A connection, or its lookup, has a reference of its own.
        schedule.entries.retain(|_, entry| Arc::strong_count(entry) > 1);
        for (origin, entry) in &schedule.entries {
            let mut known = entry.lock();
            let mut at = known.at.map_or(now, |at| at + ttl);
            if at <= now {
                at = now + ttl;
                if !std::mem::replace(&mut known.looking, true) {
                    due.push(Lookup { origin: origin.clone(), entry: entry.clone() });
                }
            }
            next = Some(next.map_or(at, |next: Instant| next.min(at)));
        }
        schedule.next = next;
        (due, next)
    }
}

/// A look-up that is due.
pub(crate) struct Lookup {
    pub origin: Arc<Origin>,
    entry: Arc<DnsEntry>,
}

impl Lookup {
    /// It has ended; `true` if its answer differs from the one before.
    pub fn ended(&self, result: &io::Result<Answer>, now: Instant) -> bool {
        {
            let mut known = self.entry.lock();
            known.looking = false;
            if result.is_err() {
                known.at = Some(now);
            }
        }
        result.as_ref().is_ok_and(|answer| self.entry.update(answer))
    }
}

#[cfg(test)]
mod tests;
