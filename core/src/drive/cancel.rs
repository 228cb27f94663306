//! Cancelling a submitted piece of work from any thread.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

/// A flag that wakes the task it belongs to.
#[derive(Default)]
pub(crate) struct Cancel {
    flag: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Cancel {
    pub fn new() -> Arc<Cancel> {
        Arc::default()
    }

    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Release);
        let waker = self
            .waker
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Runs `work` until it is done or `cancel` is set; dropping it then discards its connection.
pub(crate) async fn cancellable<T>(cancel: &Cancel, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut registered = false;
    std::future::poll_fn(|cx| {
        if !registered {
            // The task of a submission keeps its waker for life.
            *cancel
                .waker
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(cx.waker().clone());
            registered = true;
        }
        if cancel.flag.load(Ordering::Acquire) {
            return Poll::Ready(None);
        }
        work.as_mut().poll(cx).map(Some)
    })
    .await
}
