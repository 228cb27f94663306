//! Tells the observers of a client, and of the request that it was begun for, of the steps of a dial.

use std::any::Any;
use std::sync::Arc;

use crate::connection::manager::ClientPool;
use crate::error::{Error, ErrorKind};
use crate::net::steps::{Step, StepWatch};
use crate::observe::{Event, Witness, tell};

/// A dial that somebody watches.
pub(super) struct DialWatch {
    dial: u64,
    pool: Arc<ClientPool>,
    witness: Option<Arc<dyn Any + Send + Sync>>,
}

impl DialWatch {
    /// For a dial of `pool` that was begun for `witness`; `None` when nobody watches.
    pub fn of(
        pool: &Arc<ClientPool>,
        witness: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Option<Arc<DialWatch>> {
        let all = pool.manager.observer.get().is_some_and(|observer| observer.is_on());
        if witness.is_none() && !all {
            return None;
        }
        let dial = pool.manager.process.next_dial_id();
        Some(Arc::new(DialWatch { dial, pool: pool.clone(), witness }))
    }

    /// It has failed.
    pub fn failed(&self, error: &Error) {
        self.tell(&Event::DialFailed { dial: self.dial, error });
    }

    fn tell(&self, event: &Event<'_>) {
        let own = self.witness.as_deref().and_then(|witness| witness.downcast_ref::<Witness>());
        let request = own.map_or(0, |own| own.request);
        self.pool.manager.tell_of(request, event);
        tell(own.map(|own| &own.observer), request, event);
    }
}

impl StepWatch for DialWatch {
    fn step(&self, step: &Step<'_>) {
        let dial = self.dial;
        self.tell(&match *step {
            Step::Resolving(host) => Event::Resolving { dial, host },
            Step::Resolved(Ok(addresses)) => Event::Resolved { dial, addresses, failed: None },
            Step::Resolved(Err(error)) => {
                Event::Resolved { dial, addresses: &[], failed: Some(error.kind()) }
            }
            Step::Connecting(address) => Event::Connecting { dial, address },
            Step::Connected(address, error) => {
                let failed = error.map(|_| ErrorKind::ConnectFailed);
                Event::Connected { dial, address, failed }
            }
            Step::Securing(host) => Event::Securing { dial, host },
            Step::Secured(error) => Event::Secured { dial, failed: error.map(Error::kind) },
        });
    }
}
