//! The caller's hold on submitted work.

use std::sync::Arc;

use crate::client::outcome::Queue;
use crate::engine::announce::unannounced;
use crate::engine::cancel::Cancel;
use crate::engine::inline_task::Lingering;
use crate::fork;

/// A submitted request. Dropping it lets the request run on.
pub struct Call {
    cancel: Arc<Cancel>,
    generation: u64,
    lingering: Option<Lingering>,
}

impl Call {
    /// For a piece of work that is about to start, and what it watches.
    pub(super) fn new() -> (Call, Arc<Cancel>) {
        let cancel = Cancel::new();
        let call = Call { cancel: cancel.clone(), generation: fork::generation(), lingering: None };
        (call, cancel)
    }

    pub(super) fn lingering(mut self, lingering: Option<Lingering>) -> Call {
        self.lingering = lingering;
        self
    }

    /// Asks the request to end; it still ends in exactly one completion, `Cancelled` unless it was
    /// faster. Harmless at any time.
    pub fn cancel(&self) {
        if self.generation == fork::generation() {
            self.cancel.cancel();
        }
    }

    /// Whether [`Call::linger`] is to be called.
    pub fn lingers(&self) -> bool {
        self.lingering.is_some()
    }

    /// Watches for the answer on this thread, for at most `busy_poll` and only where that has
    /// paid; if it has not come by then, the engine brings it. `true`: `own` was filled, and its
    /// consumer, which is the caller, was not woken for it.
    pub fn linger(&mut self, own: &Arc<Queue>) -> bool {
        let Some(lingering) = self.lingering.take() else { return false };
        let mut mine = false;
        for consumer in unannounced(|| lingering.watch()) {
            if Arc::as_ptr(&consumer).cast::<()>() == Arc::as_ptr(own).cast::<()>() {
                mine = true;
            } else {
                consumer.wake();
            }
        }
        mine
    }
}
