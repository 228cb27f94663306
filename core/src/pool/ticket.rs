//! A place in a host's queue. Dropping it gives the place up; a connection that had already been
//! granted goes on to the next waiter.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::pool::types::{Grant, TicketId};
use crate::pool::{HostId, Keeper, Pool, Standing};

/// Waits for a connection.
pub(crate) struct Ticket<T: Keeper> {
    pool: Arc<Pool<T>>,
    id: Option<TicketId>,
    /// What becomes of a granted connection whose waiter is gone.
    pub orphan: fn(&Arc<Pool<T>>, HostId, T::Connection),
}

impl<T: Keeper> Ticket<T> {
    pub(super) fn new(pool: Arc<Pool<T>>, id: TicketId) -> Self {
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

impl<T: Keeper> Drop for Ticket<T> {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        let granted = self.pool.decide(|state, actions| state.cancel(id, actions));
        if let Some((host, connection)) = granted {
            (self.orphan)(&self.pool, host, connection);
        }
    }
}
