//! The process-wide engine: one thread with a tokio reactor, started at the first dial or
//! submission. It blocks all signals, so handlers run on the host's threads and a broken pipe
//! never kills it.

pub(crate) mod cancel;
mod driver;
pub(crate) mod inline_task;
pub(crate) mod queue;
mod task_set;
pub(crate) mod timers;

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{EnterGuard, Handle, Runtime};
use tokio::time::{Instant, Sleep, sleep};

use crate::client::submission::Submission;
use crate::drive::wait::tokio::TokioWait;
use crate::engine::driver::Driver;
use crate::engine::inline_task::{Handoff, Job, Lingering, Turn};
use crate::engine::queue::Queue;
use crate::engine::task_set::Slots;
use crate::engine::timers::Timers;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::fork::PerFork;
use crate::guard::caught;

pub(crate) struct Engine {
    handle: Handle,
    inbox: &'static Inbox,
    timers: &'static Timers,
    /// Submissions that have not ended.
    running: &'static AtomicUsize,
    /// What its thread refers to stays reachable by it, in a forked child too.
    driver: Driver,
}

/// What comes to the engine's thread from others.
enum Work {
    Job(Job),
    Submission(Submission, Count),
    /// A submission that began on another thread.
    Begun(Job),
}

#[derive(Default)]
struct Inbox {
    work: Mutex<Vec<Work>>,
    /// The task that takes it.
    task: Mutex<Option<Waker>>,
    /// The thread sleeps in its reactor, or is about to: new work must wake it.
    parked: AtomicBool,
    /// The thread is awake and will look at the inbox by itself, at the latest within [`LOOK`].
    looking: AtomicBool,
}

/// A thread that is busy with other work looks for new work at least this often.
const LOOK: Duration = Duration::from_millis(1);

/// Until work that panicked begins again.
const AGAIN: Duration = Duration::from_millis(250);

/// Completions that may wait for the thread to run out of work before their consumers are woken.
const UNANNOUNCED: usize = 32;

thread_local! {
    /// On the engine's thread: queues that were filled and whose consumers are not woken yet, and
    /// how many completions that makes. `None` elsewhere.
    static FILLED: RefCell<Option<(Vec<Arc<Queue>>, usize)>> = const { RefCell::new(None) };
}

/// Announces a completion: at once, or with others when the engine's thread runs out of work, so
/// that a consumer on another core is woken for a batch rather than for each. `wake` says that
/// the queue was empty.
pub(crate) fn announce(queue: &Arc<Queue>, was_empty: bool) {
    let mut now = was_empty;
    // A handler of atexit runs when its thread's storage is gone; it is not the engine's thread.
    let many = FILLED.try_with(|filled| {
        let mut filled = filled.borrow_mut();
        let Some((queues, count)) = filled.as_mut() else { return false };
        now = false;
        if was_empty {
            queues.push(queue.clone());
        }
        *count += 1;
        *count >= UNANNOUNCED
    });
    if now {
        queue.wake();
    } else if many == Ok(true) {
        wake_consumers();
    }
}

/// The thread has more to do: nobody waits for the end of that.
pub(crate) fn wake_consumers() {
    let mut queues = FILLED.with_borrow_mut(|filled| match filled {
        Some((queues, count)) => {
            *count = 0;
            std::mem::take(queues)
        }
        None => Vec::new(),
    });
    for queue in queues.drain(..) {
        queue.wake();
    }
    // The storage serves again.
    FILLED.with_borrow_mut(|filled| {
        if let Some((own, _)) = filled
            && own.capacity() == 0
        {
            *own = queues;
        }
    });
}

static ENGINE: PerFork<Engine> = PerFork::new();

/// The engine of this fork generation.
pub(crate) fn engine() -> Result<&'static Engine> {
    let engine = ENGINE.get_or_try_init(Engine::start)?;
    match engine.driver.is_running() {
        true => Ok(engine),
        false => Err(failed(std::io::Error::other("no thread could be started after a fork"))),
    }
}

/// To be called before a `fork()` by a host that wants no other threads to exist meanwhile, and
/// followed by [`fork_resume`] in the parent: ends the engine's threads. What is under way waits
/// until then; callers may go on submitting. Costs nothing where the engine was never used. Look-ups
/// of names that get no answer keep their threads. Any thread.
pub fn fork_pause() {
    if let Some(engine) = ENGINE.get() {
        engine.driver.pause();
    }
}

/// Ends a [`fork_pause`], in the parent; a child begins with an engine of its own anyway. Any thread.
pub fn fork_resume() {
    if let Some(engine) = ENGINE.get() {
        engine.driver.resume();
    }
}

/// A number that no other connection of the process has.
pub(crate) fn next_connection_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn failed(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Internal, Phase::Request, format!("cannot start the engine: {error}"))
        .with_os(&error)
}

impl Engine {
    fn start() -> Result<Engine> {
        // An engine is never given up, nor is what its thread and its tasks refer to.
        let inbox: &'static Inbox = Box::leak(Box::default());
        let timers: &'static Timers = Box::leak(Box::default());
        let mut handle = None;
        let begin = |runtime: &Runtime| {
            handle = Some(runtime.handle().clone());
            let _guard = runtime.enter();
            runtime.spawn(steadily(|| timers.keep()));
            // What it drives is bounded by what is in flight; a budget would only poll it twice.
            runtime.spawn(tokio::task::unconstrained(Server::new(inbox, timers)));
        };
        let park = || inbox.park();
        let unpark = || inbox.parked.store(false, Ordering::SeqCst);
        let on_start = || FILLED.set(Some((Vec::new(), 0)));
        let driver =
            Driver::start(park, unpark, begin, (on_start, wake_consumers)).map_err(failed)?;
        let handle = handle.ok_or_else(|| failed(std::io::ErrorKind::Other.into()))?;
        Ok(Engine { handle, inbox, timers, running: Box::leak(Box::default()), driver })
    }

    /// A wait for what runs on the engine's thread.
    pub fn wait(&self) -> TokioWait {
        TokioWait::new(self.timers)
    }

    /// Runs `job` on the engine's thread. One that panics ends: what it holds is dropped, and what waits
    /// for it is told by that ([`Owed`](crate::engine::queue::Owed) and its like).
    pub fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        self.inbox.add(Work::Job(Box::pin(job)));
    }

    /// Runs a submission. A lone one begins on the caller's thread, which writes the request; its
    /// answer is the reactor's, unless the caller `lingers` for it. With others under way the
    /// engine is awake anyhow, and the caller's thread is better spared.
    pub fn submit(&'static self, lingers: bool, submission: Submission) -> Option<Lingering> {
        let (count, lone) = Count::new(self.running);
        if !lone {
            self.inbox.add(Work::Submission(submission, count));
            return None;
        }
        let turn = if lingers { Turn::Begin } else { Turn::Engine };
        let handoff = Handoff::begin(self, submission.begin(self.wait(), count), turn);
        lingers.then(|| Lingering::new(handoff))
    }

    /// Whether at most one submission is under way.
    pub fn is_lone(&self) -> bool {
        self.running.load(Ordering::Relaxed) <= 1
    }

    /// Runs a job that began elsewhere.
    pub fn adopt(&self, job: Job) {
        self.inbox.add(Work::Begun(job));
    }

    /// Sockets made while the guard lives are the reactor's.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }
}

/// Runs `work` and returns the queues that it filled and whose consumers were not woken.
pub(crate) fn unannounced(work: impl FnOnce()) -> Vec<Arc<Queue>> {
    let before = FILLED.replace(Some((Vec::new(), 0)));
    work();
    FILLED.replace(before).map(|(queues, _)| queues).unwrap_or_default()
}

/// Runs work that others rely on: if it panics, it begins again after a while.
pub(crate) async fn steadily<F: Future<Output = ()>>(begin: impl Fn() -> F) {
    while caught(begin()).await.is_none() {
        sleep(AGAIN).await;
    }
}

/// One more submission under way, until it is dropped.
pub(crate) struct Count(&'static AtomicUsize);

impl Count {
    /// Says too whether there was no other.
    fn new(all: &'static AtomicUsize) -> (Count, bool) {
        let before = all.fetch_add(1, Ordering::Relaxed);
        (Count(all), before == 0)
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Vec<Work>> {
        self.work.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Work is handed over in batches: a thread that is awake finds it by itself.
    fn add(&self, work: Work) {
        self.lock().push(work);
        let parked = self.parked.swap(false, Ordering::SeqCst);
        if parked || !self.looking.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    fn wake(&self) {
        let task = self.task.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        if let Some(task) = task {
            task.wake();
        }
    }

    /// The thread ran out of work: consumers are woken, and a last look keeps it from sleeping on
    /// new work (the runtime looks for woken tasks once more after this).
    fn park(&self) {
        wake_consumers();
        self.parked.store(true, Ordering::SeqCst);
        if !self.lock().is_empty() {
            self.parked.store(false, Ordering::SeqCst);
            self.wake();
        }
    }
}

/// The task on the engine's thread that takes what comes and drives the submissions.
struct Server {
    inbox: &'static Inbox,
    timers: &'static Timers,
    slots: Slots<Job>,
    /// Storage that serves again.
    batch: Vec<Work>,
    look: Pin<Box<Sleep>>,
    /// Something came from another thread since `look` was set.
    found: bool,
}

impl Server {
    fn new(inbox: &'static Inbox, timers: &'static Timers) -> Server {
        Server {
            inbox,
            timers,
            slots: Slots::new(),
            batch: Vec::new(),
            look: Box::pin(sleep(LOOK)),
            found: false,
        }
    }

    /// Takes what is in the inbox.
    fn take(&mut self) {
        std::mem::swap(&mut *self.inbox.lock(), &mut self.batch);
        for work in self.batch.drain(..) {
            self.found |= !matches!(work, Work::Begun(_));
            match work {
                // The runtime catches a panic.
                Work::Job(job) => drop(tokio::spawn(job)),
                Work::Submission(submission, count) => {
                    self.slots.add(submission.begin(TokioWait::new(self.timers), count));
                }
                Work::Begun(job) => self.slots.add(job),
            }
        }
    }
}

impl Future for Server {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut task = self.inbox.task.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if !task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            *task = Some(cx.waker().clone());
        }
        drop(task);
        self.take();
        self.slots.poll_woken(cx);
        loop {
            let looking = self.inbox.looking.load(Ordering::SeqCst);
            if !looking && !self.found {
                return Poll::Pending;
            }
            if looking && self.look.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            // Looks on for a while if something came, else sleeps until it is woken.
            let found = std::mem::take(&mut self.found);
            self.inbox.looking.store(found, Ordering::SeqCst);
            if found {
                self.look.as_mut().reset(Instant::now() + LOOK);
            } else {
                self.take();
            }
        }
    }
}
