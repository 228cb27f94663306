//! What the pool decides about idle connections, and its counts.

use std::hash::Hash;
use std::time::{Duration, Instant};

use crate::pool::state::{Host, PoolState};
use crate::pool::types::{Action, Counts, EvictReason, Grant, HostId, Idle};

/// A host without connections that nobody has asked for is forgotten after this time; when there
/// are more than [`MANY`], as in a crawler, after the second.
const FORGET: Duration = Duration::from_secs(300);
const FORGET_MANY: Duration = Duration::from_secs(10);
const MANY: usize = 4096;

impl<K: Clone + Eq + Hash, C, E> PoolState<K, C, E> {
    /// Closes what has been idle for too long; returns when the next one will have been.
    pub fn expire(&mut self, now: Instant, actions: &mut Vec<Action<K, C>>) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        for host in 0..self.hosts.len() {
            let mut at = 0;
            while let Some(idle) = self.hosts[host].idle.get(at) {
                if idle.until.now > now {
                    next = Some(next.map_or(idle.until.now, |next| next.min(idle.until.now)));
                    at += 1;
                } else if let Some(idle) = self.hosts[host].idle.remove(at) {
                    self.total -= 1;
                    actions.push(Action::Close(idle.connection, EvictReason::IdleTimeout));
                }
            }
            self.pump_after_release(host, actions);
        }
        next
    }

    /// Forgets the hosts that have nothing and have not been used for long; returns when to look
    /// again.
    pub fn forget(&mut self, now: Instant) -> Option<Instant> {
        let age = if self.keys.len() > MANY { FORGET_MANY } else { FORGET };
        let mut next: Option<Instant> = None;
        let PoolState { keys, hosts, free, .. } = self;
        keys.retain(|_, id| {
            let host = &mut hosts[*id];
            let until = host.used + age;
            if !host.is_unused() || until > now {
                next = Some(next.map_or(until, |next| next.min(until)).max(now + age / 4));
                return true;
            }
            host.idle.shrink_to_fit();
            host.queue.shrink_to_fit();
            free.push(*id);
            false
        });
        next
    }

    /// Calls `watch` for each idle connection that has been idle since before `before` and is not
    /// watched yet; counts those still too young.
    pub fn unwatched(
        &mut self,
        before: Instant,
        mut watch: impl FnMut(HostId, &mut Idle<C>),
    ) -> usize {
        let mut young = 0;
        for (id, host) in self.hosts.iter_mut().enumerate() {
            for idle in host.idle.iter_mut().filter(|idle| !idle.watched) {
                if idle.since.now <= before {
                    idle.watched = true;
                    watch(id, idle);
                } else {
                    young += 1;
                }
            }
        }
        young
    }

    /// The stays of a key's idle connections.
    pub fn stays(&self, key: &K) -> Vec<(HostId, u32)> {
        let Some(&host) = self.keys.get(key) else { return Vec::new() };
        self.hosts[host].idle.iter().map(|idle| (host, idle.stay)).collect()
    }

    /// Calls `look` for each idle connection of a key, which may change until when it is kept.
    pub fn visit(&mut self, key: &K, look: impl FnMut(&mut Idle<C>)) {
        if let Some(&host) = self.keys.get(key) {
            self.hosts[host].idle.iter_mut().for_each(look);
        }
    }

    /// Leases the idle connection of that stay, to look at it; `None` if it has left the pool.
    pub fn take_stay(&mut self, host: HostId, stay: u32) -> Option<Idle<C>> {
        let entry = self.hosts.get_mut(host)?;
        let at = entry.idle.iter().position(|idle| idle.stay == stay)?;
        let idle = entry.idle.remove(at)?;
        entry.leased += 1;
        Some(idle)
    }

    /// Closes all idle connections; with `forever`, fails waiters and refuses checkouts.
    pub fn close(&mut self, forever: bool, actions: &mut Vec<Action<K, C>>) {
        self.closed |= forever;
        for host in 0..self.hosts.len() {
            while let Some(idle) = self.hosts[host].idle.pop_front() {
                self.total -= 1;
                actions.push(Action::Close(idle.connection, EvictReason::PoolClosed));
            }
            while forever && !self.hosts[host].queue.is_empty() {
                self.grant(host, 0, Grant::PoolClosed, actions);
            }
            self.pump_after_release(host, actions);
        }
    }

    /// The counts of each host, in the order they were first used, as long as none was forgotten.
    pub fn counts_by_key(&self) -> Vec<(K, Counts)> {
        let mut known: Vec<HostId> = self.keys.values().copied().collect();
        known.sort_unstable();
        let host = |id: HostId| &self.hosts[id];
        known.into_iter().map(|id| (host(id).key.clone(), host(id).counts())).collect()
    }
}

impl<K, C> Host<K, C> {
    pub(super) fn counts(&self) -> Counts {
        Counts {
            waiting: self.queue.len(),
            idle: self.idle.len(),
            active: self.leased,
            dialing: self.dials.len(),
        }
    }

    fn is_unused(&self) -> bool {
        let connections = self.leased + self.idle.len() + self.dials.len();
        connections == 0 && self.queue.is_empty()
    }
}

#[cfg(test)]
impl<K: Clone + Eq + Hash, C, E> PoolState<K, C, E> {
    /// Hosts there is room for.
    pub fn places(&self) -> usize {
        self.hosts.len()
    }

    /// The laws at the head of `state`.
    pub fn check(&self, caps: &crate::pool::types::PoolLimits) {
        let mut total = 0;
        for host in &self.hosts {
            let sum = host.leased + host.idle.len() + host.dials.len();
            assert!(sum <= caps.per_host, "per host: {sum}");
            assert!(host.dials.len() <= caps.dials_per_host);
            total += sum;
        }
        assert_eq!(total, self.total);
        assert!(total <= caps.total, "total: {total}");
        let waiting = self.waiters.iter().filter(|(_, waiter)| waiter.grant.is_none());
        assert_eq!(waiting.clone().count(), self.waiting);
        assert_eq!(waiting.filter(|(_, waiter)| !waiter.dialled).count(), self.undialled);
        assert_eq!(self.hosts.iter().map(|host| host.queue.len()).sum::<usize>(), self.waiting);
    }
}
