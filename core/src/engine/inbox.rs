//! What other threads hand to the engine's. Work comes in batches: a thread that is awake finds it
//! by itself, one that sleeps in its reactor is woken.
//!
//! | parked | looking | whoever adds work |
//! |---|---|---|
//! | yes | any | wakes the thread, which is then no longer parked |
//! | no | yes | does nothing: the thread looks by itself, at the latest within its interval |
//! | no | no | wakes it: it is busy, and its next sleep may be long |

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;

use tokio::runtime::{EnterGuard, Handle};

use crate::engine::announce::wake_consumers;
use crate::sync::{Mutex, lock};

/// A piece of work, begun or not; a submission keeps its [`Count`] until it has ended.
pub(crate) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What comes to the engine's thread from others.
pub(super) enum Work {
    Job(Job),
    /// One of the submissions, to be begun.
    Submitted(Job),
    /// It began on another thread.
    Begun(Job),
}

#[derive(Default)]
pub(crate) struct Inbox {
    work: Mutex<Vec<Work>>,
    /// The task that takes it.
    task: Mutex<Option<Waker>>,
    /// The thread sleeps in its reactor, or is about to.
    parked: AtomicBool,
    /// The thread is awake and will look by itself.
    looking: AtomicBool,
    /// Submissions that have not ended.
    running: AtomicUsize,
    reactor: OnceLock<Handle>,
}

impl Inbox {
    pub(super) fn add(&self, work: Work) {
        lock(&self.work).push(work);
        let parked = self.parked.swap(false, Ordering::SeqCst);
        if parked || !self.looking.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Hands a job over that began on another thread.
    pub fn adopt(&self, job: Job) {
        self.add(Work::Begun(job));
    }

    /// Whether at most one submission is under way.
    pub fn is_lone(&self) -> bool {
        self.running.load(Ordering::Relaxed) <= 1
    }

    /// Sockets made while the guard lives are the reactor's.
    pub fn enter(&self) -> Option<EnterGuard<'_>> {
        self.reactor.get().map(Handle::enter)
    }

    pub(super) fn serve(&self, reactor: Handle) {
        let _ = self.reactor.set(reactor);
    }

    fn wake(&self) {
        let task = lock(&self.task).clone();
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Whose task takes the work.
    pub(super) fn register(&self, waker: &Waker) {
        let mut task = lock(&self.task);
        if !task.as_ref().is_some_and(|task| task.will_wake(waker)) {
            *task = Some(waker.clone());
        }
    }

    /// Swaps what has come for an empty list.
    pub(super) fn take(&self, batch: &mut Vec<Work>) {
        std::mem::swap(&mut *lock(&self.work), batch);
    }

    pub(super) fn is_looking(&self) -> bool {
        self.looking.load(Ordering::SeqCst)
    }

    pub(super) fn look(&self, yes: bool) {
        self.looking.store(yes, Ordering::SeqCst);
    }

    /// The thread ran out of work: consumers are woken, and a last look keeps it from sleeping on
    /// new work (the runtime looks for woken tasks once more after this).
    pub(super) fn park(&self) {
        wake_consumers();
        self.parked.store(true, Ordering::SeqCst);
        if !lock(&self.work).is_empty() {
            self.parked.store(false, Ordering::SeqCst);
            self.wake();
        }
    }

    pub(super) fn unpark(&self) {
        self.parked.store(false, Ordering::SeqCst);
    }
}

/// One more submission under way, until it is dropped.
pub(crate) struct Count(&'static Inbox);

impl Count {
    /// Says too whether there was no other.
    pub(super) fn new(inbox: &'static Inbox) -> (Count, bool) {
        let before = inbox.running.fetch_add(1, Ordering::Relaxed);
        (Count(inbox), before == 0)
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
