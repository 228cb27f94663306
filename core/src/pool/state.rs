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

struct Host<K, C> {
    key: K,
    /// Oldest at the front, most recently used at the back.
    idle: VecDeque<Idle<C>>,
    leased: usize,
    /// Dials under way, each with the ticket a failure of it is told to.
    dials: Slab<Option<TicketId>>,
    queue: VecDeque<TicketId>,
}

struct Waiter<C, E> {
    host: HostId,
    /// Takes only a newly opened connection.
    fresh: bool,
    /// A dial is under way on its account.
    dialled: bool,
    /// How long that may take.
    dial_limit: Option<Duration>,
    waker: Option<Waker>,
    grant: Option<Grant<C, E>>,
}

pub(crate) struct PoolState<K, C, E> {
    caps: Caps,
    keys: HashMap<K, HostId>,
    hosts: Vec<Host<K, C>>,
    waiters: Slab<Waiter<C, E>>,
    /// Leased, idle and dialling of all hosts.
    total: usize,
    waiting: usize,
    undialled: usize,
    stays: u32,
    closed: bool,
}

/// The moment's counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub waiting: usize,
    pub idle: usize,
    pub active: usize,
    pub dialing: usize,
}

impl<K: Clone + Eq + Hash, C, E> PoolState<K, C, E> {
    pub fn new(caps: Caps) -> Self {
        PoolState {
            caps,
            keys: HashMap::new(),
            hosts: Vec::new(),
            waiters: Slab::new(),
            total: 0,
            waiting: 0,
            undialled: 0,
            stays: 0,
            closed: false,
        }
    }

    fn host_of(&mut self, key: &K) -> HostId {
        if let Some(&host) = self.keys.get(key) {
            return host;
        }
        let host = self.hosts.len();
        self.hosts.push(Host {
            key: key.clone(),
            idle: VecDeque::new(),
            leased: 0,
            dials: Slab::new(),
            queue: VecDeque::new(),
        });
        self.keys.insert(key.clone(), host);
        host
    }

    /// An idle connection, most recently used first and of the preferred form when the two freshest
    /// differ; else a ticket, and a dial if the caps allow. `fresh` takes no idle connection.
    pub fn checkout(
        &mut self,
        key: &K,
        now: Instant,
        registered: bool,
        fresh: bool,
        dial_limit: Option<Duration>,
        actions: &mut Vec<Action<K, C>>,
    ) -> Result<Checkout<C>, Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        let host = self.host_of(key);
        if !fresh {
            while let Some(idle) = self.pop_idle(host, registered) {
                if idle.until > now {
                    self.hosts[host].leased += 1;
                    return Ok(Checkout::Idle(host, idle.connection));
                }
                self.total -= 1;
                actions.push(Action::Close(idle.connection, Why::IdleTimeout));
            }
        }
        if self.waiting >= self.caps.waiters {
            return Err(Refused::QueueFull(self.waiting));
        }
        let ticket = self.waiters.insert(Waiter {
            host,
            fresh,
            dialled: false,
            dial_limit,
            waker: None,
            grant: None,
        });
        self.hosts[host].queue.push_back(ticket);
        self.waiting += 1;
        self.undialled += 1;
        self.pump(host, actions);
        Ok(Checkout::Ticket(ticket))
    }

    fn pop_idle(&mut self, host: HostId, registered: bool) -> Option<Idle<C>> {
        let idle = &mut self.hosts[host].idle;
        let last = idle.len().checked_sub(1)?;
        let second = last.checked_sub(1);
        let better = second
            .filter(|&at| idle[last].registered != registered && idle[at].registered == registered);
        idle.remove(better.unwrap_or(last))
    }

    /// Starts the dials that waiters of `host` lack and the caps allow.
    fn pump(&mut self, host: HostId, actions: &mut Vec<Action<K, C>>) {
        while self.undialled > 0 {
            let waiters = &self.waiters;
            let entry = &self.hosts[host];
            let Some(&ticket) = entry.queue.iter().find(|&&ticket| !waiters[ticket].dialled) else {
                return;
            };
            if entry.dials.len() >= self.caps.dials_per_host {
                return;
            }
            if entry.leased + entry.idle.len() + entry.dials.len() >= self.caps.per_host {
                // Idle connections here can only be unwanted ones: the waiter wants a fresh one.
                let Some(oldest) = self.hosts[host].idle.pop_front() else {
                    return;
                };
                self.total -= 1;
                actions.push(Action::Close(oldest.connection, Why::Evicted));
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
            actions.push(Action::Dial {
                key,
                host,
                dial,
                limit,
            });
        }
    }

    /// At the total cap: the connection of all hosts that has been idle longest makes room.
    fn evict_oldest(&mut self, actions: &mut Vec<Action<K, C>>) -> bool {
        let oldest = self
            .hosts
            .iter_mut()
            .filter(|host| !host.idle.is_empty())
            .min_by_key(|host| host.idle.front().map(|idle| idle.since));
        let Some(idle) = oldest.and_then(|host| host.idle.pop_front()) else {
            return false;
        };
        self.total -= 1;
        actions.push(Action::Close(idle.connection, Why::Evicted));
        true
    }

    /// A permit of `host` came free: waiters there first, then of any host that the total cap held.
    fn pump_after_release(&mut self, host: HostId, actions: &mut Vec<Action<K, C>>) {
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
    fn grant(
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
        let heir = entry
            .queue
            .iter()
            .copied()
            .find(|&other| !waiters[other].dialled);
        if let Some((_, owner)) = entry
            .dials
            .iter_mut()
            .find(|(_, owner)| **owner == Some(ticket))
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
        if self.closed {
            self.hosts[host].leased -= 1;
            self.total -= 1;
            actions.push(Action::Close(idle.connection, Why::PoolClosed));
            return;
        }
        if self.waiting > 0 {
            let waiters = &self.waiters;
            let position = self.hosts[host]
                .queue
                .iter()
                .position(|&ticket| !waiters[ticket].fresh);
            if let Some(position) = position {
                self.grant(
                    host,
                    position,
                    Grant::Connection(host, idle.connection),
                    actions,
                );
                return;
            }
        }
        self.hosts[host].leased -= 1;
        self.stays = self.stays.wrapping_add(1);
        let idles = &mut self.hosts[host].idle;
        let at = idles
            .iter()
            .rposition(|other| other.since <= idle.since)
            .map_or(0, |at| at + 1);
        idles.insert(
            at,
            Idle {
                stay: self.stays,
                ..idle
            },
        );
        self.pump_after_release(host, actions);
    }

    /// A lease ended otherwise: its permit is free.
    pub fn discard(&mut self, host: HostId, actions: &mut Vec<Action<K, C>>) {
        self.hosts[host].leased -= 1;
        self.total -= 1;
        self.pump_after_release(host, actions);
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
        let own = owner.filter(|&ticket| self.waiters[ticket].fresh);
        let position = match own {
            Some(own) => self.hosts[host]
                .queue
                .iter()
                .position(|&ticket| ticket == own),
            None => (!self.hosts[host].queue.is_empty()).then_some(0),
        };
        match position {
            Some(position) => {
                // The one who is served may own another dial; the owner of this one keeps a claim.
                self.swap_dial(host, owner, position);
                self.grant(
                    host,
                    position,
                    Grant::Connection(host, idle.connection),
                    actions,
                );
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
        match entry
            .dials
            .iter_mut()
            .find(|(_, other)| **other == Some(served))
        {
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
        actions: &mut Vec<Action<K, C>>,
    ) {
        let owner = self.hosts[host].dials.remove(dial);
        self.total -= 1;
        if let Some(owner) = owner {
            // Its dial is gone, so it has none to pass on.
            self.waiters[owner].dialled = false;
            self.undialled += 1;
            let position = self.hosts[host]
                .queue
                .iter()
                .position(|&ticket| ticket == owner);
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

    /// Closes what has been idle for too long; returns when the next one will have been.
    pub fn expire(&mut self, now: Instant, actions: &mut Vec<Action<K, C>>) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        for host in 0..self.hosts.len() {
            let mut at = 0;
            while let Some(idle) = self.hosts[host].idle.get(at) {
                if idle.until > now {
                    next = Some(next.map_or(idle.until, |next| next.min(idle.until)));
                    at += 1;
                } else if let Some(idle) = self.hosts[host].idle.remove(at) {
                    self.total -= 1;
                    actions.push(Action::Close(idle.connection, Why::IdleTimeout));
                }
            }
            self.pump_after_release(host, actions);
        }
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
                if idle.since <= before {
                    idle.watched = true;
                    watch(id, idle);
                } else {
                    young += 1;
                }
            }
        }
        young
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
                actions.push(Action::Close(idle.connection, Why::PoolClosed));
            }
            while forever && !self.hosts[host].queue.is_empty() {
                self.grant(host, 0, Grant::PoolClosed, actions);
            }
            self.pump_after_release(host, actions);
        }
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            waiting: self.waiting,
            ..Counts::default()
        };
        for host in &self.hosts {
            counts.idle += host.idle.len();
            counts.active += host.leased;
            counts.dialing += host.dials.len();
        }
        counts
    }
}

#[cfg(test)]
impl<K: Clone + Eq + Hash, C, E> PoolState<K, C, E> {
    /// The laws at the head of this file.
    pub fn check(&self, caps: &Caps) {
        let mut total = 0;
        for host in &self.hosts {
            let sum = host.leased + host.idle.len() + host.dials.len();
            assert!(sum <= caps.per_host, "per host: {sum}");
            assert!(host.dials.len() <= caps.dials_per_host);
            total += sum;
        }
        assert_eq!(total, self.total);
        assert!(total <= caps.total, "total: {total}");
        let waiting = self
            .waiters
            .iter()
            .filter(|(_, waiter)| waiter.grant.is_none());
        assert_eq!(waiting.clone().count(), self.waiting);
        assert_eq!(
            waiting.filter(|(_, waiter)| !waiter.dialled).count(),
            self.undialled
        );
        assert_eq!(
            self.hosts
                .iter()
                .map(|host| host.queue.len())
                .sum::<usize>(),
            self.waiting
        );
    }
}
