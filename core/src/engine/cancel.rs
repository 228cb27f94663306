//! Cancelling a submitted piece of work from any thread.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::guard::caught;
use crate::sync::{AtomicBool, Mutex, Ordering, lock};

/// A flag that wakes the task it belongs to.
#[derive(Default)]
pub(crate) struct Cancel {
    flag: AtomicBool,
    left: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Cancel {
    pub fn new() -> Arc<Cancel> {
        Arc::default()
    }

    /// Whose task is woken by a cancel.
    pub fn register(&self, waker: &Waker) {
        let waker = Some(waker.clone());
        let before = {
            let mut known = lock(&self.waker);
            std::mem::replace(&mut *known, waker)
        };
        drop(before);
    }

    /// To be asked after `register`.
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Acquire)
    }

    /// Cancels; who asked waits for the connection, too.
    pub fn leave(&self) {
        self.left.store(true, Ordering::Release);
        self.cancel();
    }

    /// To be asked once it is cancelled.
    pub fn is_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Release);
        let waker = lock(&self.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// How a piece of work ended.
pub(crate) enum Ended<T> {
    Done(T),
    Cancelled,
    /// It panicked: a bug, reported like any other failure so that nobody waits for ever.
    Panicked,
}

impl<T> Ended<Result<T>> {
    /// Turns cancellation and panics into errors.
    pub fn into_result(self) -> Result<T> {
        match self {
            Ended::Done(result) => result,
            Ended::Cancelled => {
                let text = "the request was cancelled";
                Err(Error::new(ErrorKind::Cancelled, Phase::Request, text))
            }
            Ended::Panicked => Err(panicked()),
        }
    }
}

/// Runs `work` until it is done or `cancel` is set; dropping it then discards its connection.
pub(crate) async fn cancellable<T>(cancel: &Cancel, work: impl Future<Output = T>) -> Ended<T> {
    let mut work = pin!(caught(work));
    let mut registered: Option<Waker> = None;
    std::future::poll_fn(|cx| {
        if !registered.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            cancel.register(cx.waker());
            registered = Some(cx.waker().clone());
        }
        if cancel.is_cancelled() {
            return Poll::Ready(Ended::Cancelled);
        }
        work.as_mut().poll(cx).map(|result| result.map_or(Ended::Panicked, Ended::Done))
    })
    .await
}

/// The error of a caught panic.
pub(crate) fn panicked() -> Error {
    Error::new(ErrorKind::Panic, Phase::Request, "a bug: the engine panicked on this request")
}
