//! What the pool decides, as a value: no lock, clock, socket or waker is touched here. Time is an
//! argument; what must happen outside the lock is returned as actions. Tested with numbers as
//! connections.
//!
//! Laws: leased + idle + dialling of a host never exceeds `per_host`, of all hosts never `total`;
//! a waiter is served in order of arrival; every permit comes back.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::task::Waker;
use std::time::{Duration, Instant};

use slab::Slab;

use crate::pool::types::{
    Action, BuildIdentityHasher, CheckoutError, CheckoutOptions, Decision, EvictReason, Grant,
    HostId, Idle, Line, Moment, PoolLimits, Standing, TicketId, Witness,
};

pub(super) struct Host<K, C> {
    pub(super) key: K,
    /// Oldest at the front, most recently used at the back.
    pub(super) idle: VecDeque<Idle<C>>,
    pub(super) leased: usize,
    /// Dials under way, each with the ticket a failure of it is told to.
    pub(super) dials: Slab<Option<TicketId>>,
    pub(super) queue: VecDeque<TicketId>,
    /// Leased connections that take requests behind the one they carry.
    pub(super) lines: Vec<Line>,
    /// When it was last asked for.
    pub(super) used: Instant,
    /// When its queue last had a chance to move: a connection was given back, opened or given up.
    pub(super) moved: Instant,
}

pub(super) struct Waiter<C, E> {
    pub(super) host: HostId,
    /// Takes only a newly opened connection.
    pub(super) fresh: bool,
    /// Takes a place behind other requests too.
    pub(super) pipelined: bool,
    /// A dial is under way on its account.
    pub(super) dialled: bool,
    /// How long that may take.
    pub(super) dial_limit: Option<Duration>,
    pub(super) witness: Witness,
    pub(super) waker: Option<Waker>,
    pub(super) grant: Option<Grant<C, E>>,
}

pub(crate) struct PoolState<K, C, E> {
    pub(super) caps: PoolLimits,
    pub(super) keys: HashMap<K, HostId, BuildIdentityHasher>,
    pub(super) hosts: Vec<Host<K, C>>,
    /// Hosts that were forgotten: their places serve again.
    pub(super) free: Vec<HostId>,
    pub(super) waiters: Slab<Waiter<C, E>>,
    /// Leased, idle and dialling of all hosts.
    pub(super) total: usize,
    pub(super) waiting: usize,
    pub(super) undialled: usize,
    pub(super) stays: u32,
    /// As of the hosts, of any of them.
    pub(super) moved: Option<Instant>,
    pub(super) closed: bool,
}

impl<K: Clone + Eq + Hash, C, E> PoolState<K, C, E> {
    pub fn new(caps: PoolLimits) -> Self {
        PoolState {
            caps,
            keys: HashMap::default(),
            hosts: Vec::new(),
            free: Vec::new(),
            waiters: Slab::new(),
            total: 0,
            waiting: 0,
            undialled: 0,
            stays: 0,
            moved: None,
            closed: false,
        }
    }

    fn host_of(&mut self, key: &K, now: Instant) -> HostId {
        if let Some(&host) = self.keys.get(key) {
            self.hosts[host].used = now;
            return host;
        }
        let new = Host {
            key: key.clone(),
            idle: VecDeque::new(),
            leased: 0,
            dials: Slab::new(),
            queue: VecDeque::new(),
            lines: Vec::new(),
            used: now,
            moved: now,
        };
        let host = match self.free.pop() {
            Some(host) => {
                self.hosts[host] = new;
                host
            }
            None => {
                self.hosts.push(new);
                self.hosts.len() - 1
            }
        };
        self.keys.insert(key.clone(), host);
        host
    }

    /// An idle connection, most recently used first, if one meets the wish; else a ticket, and a
    /// dial if the caps allow.
    #[cfg(test)]
    pub fn checkout(
        &mut self,
        key: &K,
        at: Moment,
        wish: CheckoutOptions,
        actions: &mut Vec<Action<K, C>>,
    ) -> Result<Decision<C>, CheckoutError> {
        self.checkout_seen(key, at, wish, None, actions)
    }

    /// An idle connection, most recently used first, if one meets the wish; else a ticket, and a
    /// dial if the caps allow, which is told to `witness`.
    pub fn checkout_seen(
        &mut self,
        key: &K,
        at: Moment,
        wish: CheckoutOptions,
        witness: Witness,
        actions: &mut Vec<Action<K, C>>,
    ) -> Result<Decision<C>, CheckoutError> {
        if self.closed {
            return Err(CheckoutError::Closed);
        }
        let host = self.host_of(key, at.now);
        while let Some(position) = self.best_idle(host, at, &wish) {
            let Some(idle) = self.hosts[host].idle.remove(position) else { break };
            if idle.is_usable(at) {
                self.hosts[host].leased += 1;
                return Ok(Decision::Idle(host, idle.connection));
            }
            self.total -= 1;
            actions.push(Action::Close(idle.connection, EvictReason::IdleTimeout));
        }
        // Who was accepted once is not refused now.
        if self.waiting >= self.caps.waiters && !wish.first {
            return Err(CheckoutError::QueueFull(self.waiting));
        }
        let ticket = self.waiters.insert(Waiter {
            host,
            fresh: wish.fresh,
            pipelined: wish.pipelined,
            dialled: false,
            dial_limit: wish.dial_limit,
            witness,
            waker: None,
            grant: None,
        });
        match wish.first {
            true => self.hosts[host].queue.push_front(ticket),
            false => self.hosts[host].queue.push_back(ticket),
        }
        self.waiting += 1;
        self.undialled += 1;
        self.pump(host, actions);
        if wish.pipelined {
            self.seat(host, actions);
        }
        Ok(Decision::Ticket(ticket))
    }

    /// The most recently used one, unless the one before has the preferred form and it has not.
    fn best_idle(&self, host: HostId, at: Moment, wish: &CheckoutOptions) -> Option<usize> {
        let idle = &self.hosts[host].idle;
        let last = idle.len().checked_sub(1).filter(|_| !wish.fresh)?;
        let second = last.checked_sub(1);
        let preferred = |position: usize| idle[position].registered == wish.registered;
        let best = second.filter(|&second| !preferred(last) && preferred(second)).unwrap_or(last);
        let fit = |position: usize| {
            wish.max_idle.is_none_or(|max_idle| idle[position].is_fresh(at, max_idle))
                || !idle[position].is_usable(at)
        };
        [best, last].into_iter().find(|&position| fit(position))
    }

    /// Starts the dials that waiters of `host` lack and the caps allow.
    fn pump(&mut self, host: HostId, actions: &mut Vec<Action<K, C>>) {
        while self.undialled > 0 {
            let waiters = &self.waiters;
            let entry = &self.hosts[host];
            let Some(&ticket) = entry.queue.iter().find(|&&ticket| !waiters[ticket].dialled) else {
                return;
            };
            // A dial whose own waiter was served meanwhile will do.
            let entry = &mut self.hosts[host];
            if let Some((_, owner)) = entry.dials.iter_mut().find(|(_, owner)| owner.is_none()) {
                *owner = Some(ticket);
                self.waiters[ticket].dialled = true;
                self.undialled -= 1;
                continue;
            }
            if entry.dials.len() >= self.caps.dials_per_host {
                return;
            }
            if entry.leased + entry.idle.len() + entry.dials.len() >= self.caps.per_host {
                // Idle connections here can only be unwanted ones: the waiter wants a fresh one.
                let Some(oldest) = self.hosts[host].idle.pop_front() else {
                    return;
                };
                self.total -= 1;
                actions.push(Action::Close(oldest.connection, EvictReason::Evicted));
            }
            if self.total >= self.caps.total && !self.evict_oldest(actions) {
                return;
            }
            let dial = self.hosts[host].dials.insert(Some(ticket));
            self.total += 1;
            self.waiters[ticket].dialled = true;
            self.undialled -= 1;
            let key = self.hosts[host].key.clone();
            let limit = self.waiters[ticket].dial_limit;
            let witness = self.waiters[ticket].witness.take();
            actions.push(Action::Dial { key, host, dial, limit, witness });
        }
    }

    /// At the total cap: the connection of all hosts that has been idle longest makes room.
    fn evict_oldest(&mut self, actions: &mut Vec<Action<K, C>>) -> bool {
        let oldest = self
            .hosts
            .iter_mut()
            .filter(|host| !host.idle.is_empty())
            .min_by_key(|host| host.idle.front().map(|idle| idle.since.now));
        let Some(idle) = oldest.and_then(|host| host.idle.pop_front()) else {
            return false;
        };
        self.total -= 1;
        actions.push(Action::Close(idle.connection, EvictReason::Evicted));
        true
    }

    /// A permit of `host` came free: waiters there first, then of any host that the total cap held.
    pub(super) fn pump_after_release(&mut self, host: HostId, actions: &mut Vec<Action<K, C>>) {
        if self.undialled == 0 {
            return;
        }
        self.pump(host, actions);
        for other in 0..self.hosts.len() {
            if self.undialled == 0 {
                return;
            }
            self.pump(other, actions);
        }
    }

    /// Hands a leased connection to the waiter at `position` of the host's queue.
    pub(super) fn grant(
        &mut self,
        host: HostId,
        position: usize,
        grant: Grant<C, E>,
        actions: &mut Vec<Action<K, C>>,
    ) {
        let Some(ticket) = self.hosts[host].queue.remove(position) else {
            return;
        };
        self.leave(host, ticket);
        let waiter = &mut self.waiters[ticket];
        waiter.grant = Some(grant);
        if let Some(waker) = waiter.waker.take() {
            actions.push(Action::Wake(waker));
        }
    }

    /// `ticket` waits no longer; its dial, if any, now serves the next waiter without one.
    fn leave(&mut self, host: HostId, ticket: TicketId) {
        self.waiting -= 1;
        if !self.waiters[ticket].dialled {
            self.undialled -= 1;
            return;
        }
        let waiters = &self.waiters;
        let entry = &mut self.hosts[host];
        let heir = entry.queue.iter().copied().find(|&other| !waiters[other].dialled);
        if let Some((_, owner)) = entry.dials.iter_mut().find(|(_, owner)| **owner == Some(ticket))
        {
            *owner = heir;
            if let Some(heir) = heir {
                self.waiters[heir].dialled = true;
                self.undialled -= 1;
            }
        }
    }

    /// A lease ended well: the connection goes to the first waiter that takes reused ones (late
    /// binding: also one whose own dial is under way), else it becomes idle.
    pub fn check_in(&mut self, host: HostId, idle: Idle<C>, actions: &mut Vec<Action<K, C>>) {
        self.moves(host, idle.since.now);
        if self.closed {
            self.hosts[host].leased -= 1;
            self.total -= 1;
            actions.push(Action::Close(idle.connection, EvictReason::PoolClosed));
            return;
        }
        if self.waiting > 0 {
            let waiters = &self.waiters;
            let position = self.hosts[host].queue.iter().position(|&ticket| !waiters[ticket].fresh);
            if let Some(position) = position {
                self.grant(host, position, Grant::Connection(host, idle.connection), actions);
                return;
            }
        }
        self.hosts[host].leased -= 1;
        self.stays = self.stays.wrapping_add(1);
        let idles = &mut self.hosts[host].idle;
        let at = idles
            .iter()
            .rposition(|other| other.since.now <= idle.since.now)
            .map_or(0, |at| at + 1);
        idles.insert(at, Idle { stay: self.stays, ..idle });
        self.pump_after_release(host, actions);
    }

    /// A lease ended otherwise: its permit is free.
    pub fn discard(&mut self, host: HostId, now: Instant, actions: &mut Vec<Action<K, C>>) {
        self.moves(host, now);
        self.hosts[host].leased -= 1;
        self.total -= 1;
        self.pump_after_release(host, actions);
    }

    pub(super) fn moves(&mut self, host: HostId, now: Instant) {
        self.hosts[host].moved = now;
        self.moved = Some(now);
    }

    /// A dial succeeded: its own waiter if that wants a fresh one, else the first waiter, else idle.
    pub fn dialled(
        &mut self,
        host: HostId,
        dial: usize,
        idle: Idle<C>,
        actions: &mut Vec<Action<K, C>>,
    ) {
        let owner = self.hosts[host].dials.remove(dial);
        self.hosts[host].leased += 1;
        self.moves(host, idle.since.now);
        let own = owner.filter(|&ticket| self.waiters[ticket].fresh);
        let position = match own {
            Some(own) => self.hosts[host].queue.iter().position(|&ticket| ticket == own),
            None => (!self.hosts[host].queue.is_empty()).then_some(0),
        };
        match position {
            Some(position) => {
                // The one who is served may own another dial; the owner of this one keeps a claim.
                self.swap_dial(host, owner, position);
                self.grant(host, position, Grant::Connection(host, idle.connection), actions);
            }
            None => self.check_in(host, idle, actions),
        }
        self.pump(host, actions);
    }

    /// This dial served `position` instead of `owner`: `owner` inherits the dial of the one served.
    fn swap_dial(&mut self, host: HostId, owner: Option<TicketId>, position: usize) {
        let Some(owner) = owner else { return };
        let entry = &mut self.hosts[host];
        let served = entry.queue[position];
        if served == owner {
            self.waiters[owner].dialled = false;
            self.undialled += 1;
            return;
        }
        match entry.dials.iter_mut().find(|(_, other)| **other == Some(served)) {
            Some((_, other)) => {
                *other = Some(owner);
                self.waiters[served].dialled = false;
            }
            None => self.waiters[owner].dialled = false,
        }
        self.undialled += 1;
    }

    /// A dial failed: its own waiter hears of it, and its permit is free.
    pub fn dial_failed(
        &mut self,
        host: HostId,
        dial: usize,
        error: E,
        now: Instant,
        actions: &mut Vec<Action<K, C>>,
    ) {
        let owner = self.hosts[host].dials.remove(dial);
        self.moves(host, now);
        self.total -= 1;
        if let Some(owner) = owner {
            // Its dial is gone, so it has none to pass on.
            self.waiters[owner].dialled = false;
            self.undialled += 1;
            let position = self.hosts[host].queue.iter().position(|&ticket| ticket == owner);
            if let Some(position) = position {
                self.grant(host, position, Grant::Failed(error), actions);
            }
        }
        self.pump_after_release(host, actions);
    }

    /// Looks at a ticket; it is spent once this returns a grant.
    pub fn poll(&mut self, ticket: TicketId, waker: &Waker) -> Option<Grant<C, E>> {
        let waiter = &mut self.waiters[ticket];
        match waiter.grant.take() {
            Some(grant) => {
                self.waiters.remove(ticket);
                Some(grant)
            }
            None => {
                waiter.waker = Some(waker.clone());
                None
            }
        }
    }

    /// Whether a connection is being opened on the ticket's account.
    pub fn is_dialled(&self, ticket: TicketId) -> bool {
        self.waiters[ticket].dialled
    }

    /// What a waiting ticket waits for. Where the total cap holds it, any host's connection will do.
    pub fn standing(&self, ticket: TicketId) -> Standing {
        let host = self.waiters[ticket].host;
        let entry = &self.hosts[host];
        let connections = entry.leased + entry.idle.len() + entry.dials.len();
        let by_total = connections < self.caps.per_host && self.total >= self.caps.total;
        Standing {
            host,
            moved: if by_total { self.moved.unwrap_or(entry.moved) } else { entry.moved },
            by_total,
            cap: if by_total { self.caps.total } else { self.caps.per_host },
            total: self.total,
            counts: entry.counts(),
        }
    }

    /// The waiter gave up. A connection it had been granted is returned and is still leased.
    pub fn cancel(
        &mut self,
        ticket: TicketId,
        actions: &mut Vec<Action<K, C>>,
    ) -> Option<(HostId, C)> {
        let host = self.waiters[ticket].host;
        match self.waiters[ticket].grant.take() {
            Some(grant) => {
                self.waiters.remove(ticket);
                match grant {
                    Grant::Connection(host, connection) => Some((host, connection)),
                    Grant::Place(host, line) => {
                        self.leave_line(host, line, actions);
                        None
                    }
                    Grant::Failed(_) | Grant::PoolClosed => None,
                }
            }
            None => {
                self.hosts[host].queue.retain(|&other| other != ticket);
                self.leave(host, ticket);
                self.waiters.remove(ticket);
                self.pump(host, actions);
                None
            }
        }
    }
}
