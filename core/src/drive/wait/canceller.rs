//! Ends blocking calls from another thread, or from a function that they call.

use std::sync::Arc;

use crate::engine::cancel::Cancel;
use crate::fork;

/// Ends the blocking calls that were given it. Cheap to clone; clones are one. Any thread.
#[derive(Clone)]
pub struct Canceller {
    cancel: Arc<Cancel>,
    generation: u64,
}

impl Default for Canceller {
    fn default() -> Canceller {
        Canceller { cancel: Cancel::new(), generation: fork::generation() }
    }
}

impl Canceller {
    /// One that ends nothing yet.
    pub fn new() -> Canceller {
        Canceller::default()
    }

    /// Has what waits by it end with `Cancelled`, now and from now on. More than once does no harm; in a
    /// forked child it does nothing.
    pub fn cancel(&self) {
        if self.is_here() {
            self.cancel.cancel();
        }
    }

    /// A child has its parent's, whose lock may have been held at the fork.
    fn is_here(&self) -> bool {
        self.generation == fork::generation()
    }

    pub(crate) fn here(&self) -> Option<&Cancel> {
        self.is_here().then_some(&*self.cancel)
    }
}
