//! The caller's hold on submitted work.

use std::sync::Arc;

use crate::client::outcome::Queue;
use crate::engine::announce::unannounced;
use crate::engine::cancel::Cancel;
use crate::engine::inline_task::InlinePoll;
use crate::fork;

/// A submitted request. Dropping it lets the request run on.
pub struct Call {
    cancel: Arc<Cancel>,
    generation: u64,
    inline: Option<InlinePoll>,
}

impl Call {
    /// For a piece of work that is about to start, and what it watches.
    pub(super) fn new() -> (Call, Arc<Cancel>) {
        let cancel = Cancel::new();
        let call = Call { cancel: cancel.clone(), generation: fork::generation(), inline: None };
        (call, cancel)
    }

    pub(super) fn with_inline(mut self, inline: Option<InlinePoll>) -> Call {
        self.inline = inline;
        self
    }

    /// Asks the request to end; it still ends in exactly one completion, `Cancelled` unless it was
    /// faster. Harmless at any time.
    pub fn cancel(&self) {
        if self.generation == fork::generation() {
            self.cancel.cancel();
        }
    }

    /// As `cancel`; the completion of a read comes when the connection is free or closed, by the drain
    /// rule, as that of [`Client::submit_close`](crate::Client::submit_close) does.
    pub fn leave(&self) {
        if self.generation == fork::generation() {
            self.cancel.leave();
        }
    }

    /// Whether [`Call::poll_inline`] is to be called.
    pub fn is_inline(&self) -> bool {
        self.inline.is_some()
    }

    /// Watches for the answer on this thread, for at most `busy_poll` and only where that has
    /// paid; if it has not come by then, the engine brings it. `true`: `own` was filled, and its
    /// consumer, which is the caller, was not woken for it.
    pub fn poll_inline(&mut self, own: &Arc<Queue>) -> bool {
        let Some(inline) = self.inline.take() else { return false };
        let mut mine = false;
        for consumer in unannounced(|| inline.watch()) {
            if Arc::as_ptr(&consumer).cast::<()>() == Arc::as_ptr(own).cast::<()>() {
                mine = true;
            } else {
                consumer.wake();
            }
        }
        mine
    }
}
