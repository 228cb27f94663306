//! Consumers are woken in batches: on the engine's thread a filled queue is noted, and its consumer
//! woken when the thread runs out of work, so that one on another core is woken for a batch rather
//! than for each completion.

use std::cell::RefCell;
use std::sync::Arc;

/// Who waits for what the engine fills.
pub(crate) trait Consumer: Send + Sync {
    /// Runs on whatever thread is at hand; must not block.
    fn wake(&self);
}

/// Completions that may wait for the thread to run out of work before their consumers are woken.
const UNANNOUNCED: usize = 32;

/// Consumers that are not woken yet, and how many completions that makes.
type Filled = (Vec<Arc<dyn Consumer>>, usize);

thread_local! {
    /// `None` elsewhere than on the engine's thread.
    static FILLED: RefCell<Option<Filled>> = const { RefCell::new(None) };
}

/// Makes this thread the engine's: what it fills is announced in batches from now on.
pub(crate) fn begin() {
    FILLED.set(Some((Vec::new(), 0)));
}

/// Announces a completion: at once, or with others when the engine's thread runs out of work.
/// `was_empty` says that nothing had been waiting for the consumer.
pub(crate) fn announce<C: Consumer + 'static>(consumer: &Arc<C>, was_empty: bool) {
    let mut now = was_empty;
    // A handler of atexit runs when its thread's storage is gone; it is not the engine's thread.
    let many = FILLED.try_with(|filled| {
        let mut filled = filled.borrow_mut();
        let Some((consumers, count)) = filled.as_mut() else { return false };
        now = false;
        if was_empty {
            consumers.push(consumer.clone());
        }
        *count += 1;
        *count >= UNANNOUNCED
    });
    if now {
        consumer.wake();
    } else if many == Ok(true) {
        wake_consumers();
    }
}

/// The thread has more to do: nobody waits for the end of that.
pub(crate) fn wake_consumers() {
    let mut consumers = FILLED.with_borrow_mut(|filled| match filled {
        Some((consumers, count)) => {
            *count = 0;
            std::mem::take(consumers)
        }
        None => Vec::new(),
    });
    for consumer in consumers.drain(..) {
        consumer.wake();
    }
    // The storage serves again.
    FILLED.with_borrow_mut(|filled| {
        if let Some((own, _)) = filled
            && own.capacity() == 0
        {
            *own = consumers;
        }
    });
}

/// Runs `work` and returns the consumers that it did not wake.
pub(crate) fn unannounced(work: impl FnOnce()) -> Vec<Arc<dyn Consumer>> {
    let before = FILLED.replace(Some((Vec::new(), 0)));
    work();
    FILLED.replace(before).map(|(consumers, _)| consumers).unwrap_or_default()
}
