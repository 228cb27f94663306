//! The pool: one lock, held only to decide.
//!
//! Vocabulary. *Host*: what connections are shared by (an origin). *Leased*: in use by an exchange.
//! *Idle*: reusable, nobody's. *Ticket*: a place in a host's queue. *Permit*: the right to one
//! connection under the caps, held while it is dialled, leased or idle.
//!
//! The rule: lock, decide, unlock, act. No I/O, close, callback or wake-up under the lock.

mod idle;
mod lines;
mod state;
#[cfg(test)]
mod tests;
mod types;

use std::hash::Hash;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::pool::state::PoolState;
use crate::pool::types::{Action, TicketId};
pub(crate) use crate::pool::types::{
    CheckoutError, CheckoutOptions, Counts, Decision, EvictReason, Grant, HostId, Idle, LineId,
    Moment, Places, PoolLimits, Standing, Witness,
};
use crate::sync::{Mutex, MutexGuard, lock};

/// What the pool has done for it; called without the lock.
pub(crate) trait Manager: Send + Sync + Sized + 'static {
    type Key: Clone + Eq + Hash + Send + 'static;
    type Connection: Send + 'static;
    type Error: Send + 'static;

    /// Opens a connection and reports it with [`Pool::dialled`] or [`Pool::dial_failed`].
    fn dial(pool: &Arc<Pool<Self>>, key: Self::Key, order: DialOrder, witness: Witness);

    /// Closes a connection that the pool gave up.
    fn close(&self, connection: Self::Connection, why: EvictReason);
}

/// Identifies a dial.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DialOrder {
    host: HostId,
    dial: usize,
    /// How long it may take; `None` for ever.
    pub limit: Option<Duration>,
}

type State<T> = PoolState<<T as Manager>::Key, <T as Manager>::Connection, <T as Manager>::Error>;
type Actions<T> = Vec<Action<<T as Manager>::Key, <T as Manager>::Connection>>;

/// A pool of `T::Connection`.
pub(crate) struct Pool<T: Manager> {
    state: Mutex<State<T>>,
    pub manager: T,
}

/// What a checkout gave.
pub(crate) enum Checkout<T: Manager> {
    Idle(HostId, T::Connection),
    Ticket(Ticket<T>),
}

impl<T: Manager> Pool<T> {
    pub fn new(caps: PoolLimits, manager: T) -> Arc<Pool<T>> {
        Arc::new(Pool { state: Mutex::new(PoolState::new(caps)), manager })
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }

    /// Decides under the lock, then acts.
    fn decide<R>(
        self: &Arc<Self>,
        decision: impl FnOnce(&mut State<T>, &mut Actions<T>) -> R,
    ) -> R {
        let mut actions = Vec::new();
        let result = decision(&mut self.lock(), &mut actions);
        // Mostly there is nothing to do.
        if !actions.is_empty() {
            self.act(actions);
        }
        result
    }

    fn act(self: &Arc<Self>, actions: Actions<T>) {
        for action in actions {
            match action {
                Action::Wake(waker) => waker.wake(),
                Action::Close(connection, why) => self.manager.close(connection, why),
                Action::Dial { key, host, dial, limit, witness } => {
                    T::dial(self, key, DialOrder { host, dial, limit }, witness);
                }
            }
        }
    }

    /// An idle connection that meets the wish, or a place in the queue.
    pub fn checkout(
        self: &Arc<Self>,
        key: &T::Key,
        at: Moment,
        wish: CheckoutOptions,
    ) -> Result<Checkout<T>, CheckoutError> {
        self.checkout_seen(key, at, wish, None)
    }

    /// An idle connection that meets the wish, or a place in the queue; a dial that is begun for it is told
    /// to `witness`.
    #[inline]
    pub fn checkout_seen(
        self: &Arc<Self>,
        key: &T::Key,
        at: Moment,
        wish: CheckoutOptions,
        witness: Witness,
    ) -> Result<Checkout<T>, CheckoutError> {
        let decide = |state: &mut State<T>, actions: &mut Actions<T>| {
            state.checkout_seen(key, at, wish, witness, actions)
        };
        let checkout = self.decide(decide)?;
        Ok(match checkout {
            Decision::Idle(host, connection) => Checkout::Idle(host, connection),
            Decision::Ticket(ticket) => Checkout::Ticket(Ticket::new(self.clone(), ticket)),
        })
    }

    pub fn check_in(self: &Arc<Self>, host: HostId, idle: Idle<T::Connection>) {
        self.decide(|state, actions| state.check_in(host, idle, actions));
    }

    /// Gives the permit back; the caller closes the connection.
    pub fn discard(self: &Arc<Self>, host: HostId) {
        self.decide(|state, actions| state.discard(host, Instant::now(), actions));
    }

    pub fn dialled(self: &Arc<Self>, order: DialOrder, idle: Idle<T::Connection>) {
        self.decide(|state, actions| state.dialled(order.host, order.dial, idle, actions));
    }

    pub fn dial_failed(self: &Arc<Self>, order: DialOrder, error: T::Error) {
        let now = Instant::now();
        self.decide(|state, actions| {
            state.dial_failed(order.host, order.dial, error, now, actions);
        });
    }

    /// A leased connection takes requests behind the one it carries, so many.
    pub fn open_line(self: &Arc<Self>, host: HostId, line: LineId, places: Places) {
        self.decide(|state, actions| state.open_line(host, line, places, actions));
    }

    /// The request in front is done, the next one is in front.
    pub fn line_moved(self: &Arc<Self>, host: HostId, line: LineId, now: Instant) {
        self.decide(|state, actions| state.line_moved(host, line, now, actions));
    }

    /// Gives a granted place back.
    pub fn leave_line(self: &Arc<Self>, host: HostId, line: LineId) {
        self.decide(|state, actions| state.leave_line(host, line, actions));
    }

    /// It takes no more.
    pub fn close_line(&self, host: HostId, line: LineId) {
        self.lock().close_line(host, line);
    }

    /// Closes what has been idle for too long and forgets hosts that are not used any more; returns
    /// when to look again.
    pub fn expire(self: &Arc<Self>, now: Instant) -> Option<Instant> {
        self.decide(|state, actions| {
            let expiry = state.expire(now, actions);
            expiry.into_iter().chain(state.forget(now)).min()
        })
    }

    /// `watch` runs under the lock, since the connection may leave the pool at any other time: it
    /// may add to a watch list, never wait.
    pub fn unwatched(
        &self,
        before: Instant,
        watch: impl FnMut(HostId, &mut Idle<T::Connection>),
    ) -> usize {
        self.lock().unwatched(before, watch)
    }

    pub fn take_stay(&self, host: HostId, stay: u32) -> Option<Idle<T::Connection>> {
        self.lock().take_stay(host, stay)
    }

    /// The stays of a key's idle connections.
    pub fn stays(&self, key: &T::Key) -> Vec<(HostId, u32)> {
        self.lock().stays(key)
    }

    /// `look` runs under the lock: it may change until when a connection is kept, never wait.
    pub fn visit(&self, key: &T::Key, look: impl FnMut(&mut Idle<T::Connection>)) {
        self.lock().visit(key, look);
    }

    pub fn close(self: &Arc<Self>, forever: bool) {
        self.decide(|state, actions| state.close(forever, actions));
    }

    pub fn counts_by_key(&self) -> Vec<(T::Key, Counts)> {
        self.lock().counts_by_key()
    }
}

/// A place in a host's queue. Dropping it gives the place up; a connection that had already been
/// granted goes on to the next waiter.
pub(crate) struct Ticket<T: Manager> {
    pool: Arc<Pool<T>>,
    id: Option<TicketId>,
    /// What becomes of a granted connection whose waiter is gone.
    pub orphan: fn(&Arc<Pool<T>>, HostId, T::Connection),
}

impl<T: Manager> Ticket<T> {
    fn new(pool: Arc<Pool<T>>, id: TicketId) -> Self {
        Ticket { pool, id: Some(id), orphan: |pool, host, _| pool.discard(host) }
    }

    /// Whether a connection is being opened on this ticket's account, rather than it waiting for a
    /// permit.
    pub fn is_dialled(&self) -> bool {
        self.id.is_some_and(|id| self.pool.lock().is_dialled(id))
    }

    /// What it waits for; `None` once it is spent.
    pub fn standing(&self) -> Option<Standing> {
        self.id.map(|id| self.pool.lock().standing(id))
    }

    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Grant<T::Connection, T::Error>> {
        let Some(id) = self.id else {
            return Poll::Ready(Grant::PoolClosed);
        };
        match self.pool.lock().poll(id, cx.waker()) {
            Some(grant) => {
                self.id = None;
                Poll::Ready(grant)
            }
            None => Poll::Pending,
        }
    }
}

impl<T: Manager> Drop for Ticket<T> {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        let granted = self.pool.decide(|state, actions| state.cancel(id, actions));
        if let Some((host, connection)) = granted {
            (self.orphan)(&self.pool, host, connection);
        }
    }
}
