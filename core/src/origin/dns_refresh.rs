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
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

use crate::connection::ClientPool;
use crate::guard::caught;
use crate::net::resolver::Answer;
use crate::origin::Origin;

/// The name of one origin in one pool.
#[derive(Default)]
pub(crate) struct Place {
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

impl Place {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
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
pub(crate) struct Route {
    place: Arc<Place>,
    peer: IpAddr,
    ttl: Duration,
    /// Of the answer that was looked at last.
    version: u64,
    /// The address has left the answer: not to be used from then on.
    ends: Option<Instant>,
}

impl Route {
    /// Looks at the last answer; `spread` in 0..1 tells connections apart. One atomic load when
    /// there is none that is new.
    pub fn look(&mut self, now: Instant, spread: f64) {
        let version = self.place.version.load(Ordering::Acquire);
        if version == self.version {
            return;
        }
        self.version = version;
        self.ends = match self.place.lock().addresses.binary_search(&self.peer) {
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
pub(crate) struct Names {
    /// `None`: not looked up again.
    ttl: Option<Duration>,
    looks: Mutex<Looks>,
}

#[derive(Default)]
struct Looks {
    places: HashMap<Arc<Origin>, Arc<Place>>,
    /// When the first lookup is due.
    next: Option<Instant>,
}

impl Names {
    /// `ttl` is the option `dns_ttl`.
    pub fn new(ttl: Option<Duration>) -> Names {
        Names { ttl: ttl.filter(|ttl| !ttl.is_zero()), looks: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What the name of `origin` last resolved to; empty for addresses and when nobody looks.
    pub fn addresses(&self, origin: &Arc<Origin>) -> Vec<IpAddr> {
        let place = self.lock().places.get(origin).cloned();
        place.map(|place| place.lock().addresses.clone()).unwrap_or_default()
    }

    fn place(&self, origin: &Arc<Origin>, due: Instant) -> Arc<Place> {
        let mut looks = self.lock();
        looks.next = Some(looks.next.map_or(due, |next| next.min(due)));
        looks.places.entry(origin.clone()).or_default().clone()
    }

    /// The places whose lookup is due, marked as being looked up; forgets those without
    /// connections. Also returns when the next is due.
    fn due(&self, now: Instant) -> (Vec<(Arc<Origin>, Arc<Place>)>, Option<Instant>) {
        let Some(ttl) = self.ttl else { return (Vec::new(), None) };
        let mut looks = self.lock();
        if looks.next.is_none_or(|next| next > now) {
            return (Vec::new(), looks.next);
        }
        let (mut due, mut next) = (Vec::new(), None);
        // A connection, or its lookup, has a reference of its own.
        looks.places.retain(|_, place| Arc::strong_count(place) > 1);
        for (origin, place) in &looks.places {
            let mut known = place.lock();
            let mut at = known.at.map_or(now, |at| at + ttl);
            if at <= now {
                at = now + ttl;
                if !std::mem::replace(&mut known.looking, true) {
                    due.push((origin.clone(), place.clone()));
                }
            }
            next = Some(next.map_or(at, |next: Instant| next.min(at)));
        }
        looks.next = next;
        (due, next)
    }
}

impl ClientPool {
    /// The route of a connection just opened to `peer`; `None` when its name is not looked up again.
    pub fn route(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        peer: IpAddr,
        answer: &Answer,
    ) -> Option<Route> {
        let names = &self.keeper.names;
        let ttl = names.ttl?;
        if origin.server_name().parse::<IpAddr>().is_ok() {
            return None;
        }
        let place = names.place(origin, answer.at + ttl);
        self.answered(origin, &place, answer);
        let version = place.version.load(Ordering::Acquire);
        Some(Route { place, peer, ttl, version, ends: None })
    }

    fn answered(self: &Arc<Self>, origin: &Arc<Origin>, place: &Place, answer: &Answer) {
        if !place.update(answer) {
            return;
        }
        let now = Instant::now();
        let config = &self.keeper.config;
        self.visit(origin, |idle| idle.connection.look_at_address(config, now, &mut idle.until));
        self.keeper.watch.look();
    }

    /// Starts the lookups that are due; returns when the next will be. Runs on the engine.
    pub fn look_up_names(self: &Arc<Self>, now: Instant) -> Option<Instant> {
        let (due, next) = self.keeper.names.due(now);
        for (origin, place) in due {
            tokio::spawn(look_up(Arc::downgrade(self), origin, place));
        }
        next
    }
}

async fn look_up(pool: Weak<ClientPool>, origin: Arc<Origin>, place: Arc<Place>) {
    let Some(resolver) = pool.upgrade().map(|pool| pool.keeper.resolver.clone()) else { return };
    let result = caught(resolver.lookup(&origin.host, origin.port, None)).await;
    let result = result.unwrap_or_else(|| Err(io::Error::other("it panicked")));
    let failed_at = Instant::now();
    {
        let mut known = place.lock();
        known.looking = false;
        if result.is_err() {
            known.at = Some(failed_at);
        }
    }
    if let (Ok(answer), Some(pool)) = (result, pool.upgrade()) {
        pool.answered(&origin, &place, &answer);
    }
}

#[cfg(test)]
mod tests;
