//! What clients side by side have in common: their pool, which the last one closes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::connection::manager::ClientPool;
use crate::error::{Error, Result};
use crate::fork::PerFork;

pub struct Pools {
    /// One for each fork generation: a child never touches its parent's.
    each: PerFork<Arc<ClientPool>>,
    /// How many clients are not closed.
    open: AtomicUsize,
}

impl Pools {
    /// Of one client.
    pub fn new() -> Pools {
        Pools { each: PerFork::new(), open: AtomicUsize::new(1) }
    }

    pub fn get(&self) -> Option<&Arc<ClientPool>> {
        self.each.get()
    }

    pub fn get_or_try_init(
        &self,
        make: impl FnOnce() -> Result<Arc<ClientPool>>,
    ) -> Result<&Arc<ClientPool>> {
        self.each.get_or_try_init(make)
    }

    /// One more client.
    ///
    /// # Errors
    /// `InvalidState` when all of them are closed.
    pub fn enter(&self) -> Result<()> {
        let more = |open: usize| (open > 0).then_some(open + 1);
        let entered = self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        entered.map(drop).map_err(|_| Error::state("the client is closed"))
    }

    /// A client is closed; each does so once.
    pub fn leave(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close();
        }
    }

    fn close(&self) {
        if let Some(pool) = self.get() {
            pool.close(true);
        }
    }
}

/// A request that was under way may have opened it after the last close.
impl Drop for Pools {
    fn drop(&mut self) {
        self.close();
    }
}
