//! The process-wide engine: one thread with a tokio reactor, started at the first dial or
//! submission. It blocks all signals, so handlers run on the host's threads and a broken pipe
//! never kills it.

use std::cell::RefCell;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow};
use tokio::runtime::{Builder, EnterGuard, Handle};
use tokio::sync::Notify;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::fork::PerFork;
use crate::handoff::{Handoff, Job, Lingering, Turn};
use crate::queue::Queue;

pub(crate) struct Engine {
    handle: Handle,
    inbox: Arc<Inbox>,
    /// Submissions that have not ended.
    running: Arc<AtomicUsize>,
}

struct Inbox {
    jobs: Mutex<Vec<Job>>,
    filled: Notify,
    /// The thread sleeps in its reactor, or is about to: a new job must wake it.
    parked: AtomicBool,
    /// The thread is awake and will look at the inbox by itself, at the latest within [`LOOK`].
    looking: AtomicBool,
}

/// A thread that is busy with other work looks for new jobs at least this often.
const LOOK: Duration = Duration::from_millis(1);

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

fn wake_consumers() {
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

/// The engine of this fork generation.
pub(crate) fn engine() -> Result<&'static Engine> {
    static ENGINE: PerFork<Engine> = PerFork::new();
    ENGINE.get_or_try_init(Engine::start)
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
        let inbox = Arc::new(Inbox {
            jobs: Mutex::new(Vec::new()),
            filled: Notify::new(),
            parked: AtomicBool::new(false),
            looking: AtomicBool::new(false),
        });
        let (parking, unparked) = (inbox.clone(), inbox.clone());
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("keepalive")
            .max_blocking_threads(16)
            .on_thread_park(move || parking.park())
            .on_thread_unpark(move || unparked.parked.store(false, Ordering::SeqCst))
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let jobs = inbox.clone();
        // Blocked before the thread exists and inherited, so there is no moment in which a signal
        // could be delivered to it.
        let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK).ok();
        let spawned = std::thread::Builder::new().name("keepalive".to_string()).spawn(move || {
            FILLED.set(Some((Vec::new(), 0)));
            runtime.block_on(jobs.serve());
        });
        if let Some(before) = before {
            let _ = before.thread_set_mask();
        }
        spawned.map_err(failed)?;
        Ok(Engine { handle, inbox, running: Arc::default() })
    }

    /// Runs `job` on the engine's thread. Jobs are handed over in batches: a thread that is awake
    /// finds them by itself.
    pub fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        self.inbox.lock().push(Box::pin(job));
        let parked = self.inbox.parked.swap(false, Ordering::SeqCst);
        if parked || !self.inbox.looking.load(Ordering::SeqCst) {
            self.inbox.filled.notify_one();
        }
    }
}

impl Engine {
    /// Runs a submission. A lone one begins on the caller's thread, which writes the request; its
    /// answer is the reactor's, unless the caller `lingers` for it. With others under way the
    /// engine is awake anyhow, and the caller's thread is better spared.
    pub fn submit(
        &'static self,
        lingers: bool,
        job: impl Future<Output = ()> + Send + 'static,
    ) -> Option<Lingering> {
        let lone = self.running.fetch_add(1, Ordering::Relaxed) == 0;
        let running = Running(self.running.clone());
        let job = async move {
            job.await;
            drop(running);
        };
        if !lone {
            self.spawn(job);
            return None;
        }
        let turn = if lingers { Turn::Begin } else { Turn::Engine };
        let handoff = Handoff::begin(self, Box::pin(job), turn);
        lingers.then(|| Lingering::new(handoff))
    }

    /// Whether at most one submission is under way.
    pub fn is_lone(&self) -> bool {
        self.running.load(Ordering::Relaxed) <= 1
    }

    /// Runs a job that began elsewhere.
    pub fn adopt(&self, job: Job) {
        self.handle.spawn(job);
    }

    /// Sockets and timers made while the guard lives are the reactor's.
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

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Vec<Job>> {
        self.jobs.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The thread ran out of work: consumers are woken, and a last look keeps it from sleeping on
    /// a new job (the runtime looks for woken tasks once more after this).
    fn park(&self) {
        wake_consumers();
        self.parked.store(true, Ordering::SeqCst);
        if !self.lock().is_empty() {
            self.parked.store(false, Ordering::SeqCst);
            self.filled.notify_one();
        }
    }

    async fn serve(&self) {
        let mut batch = Vec::new();
        loop {
            std::mem::swap(&mut *self.lock(), &mut batch);
            if batch.is_empty() {
                self.looking.store(false, Ordering::SeqCst);
                if self.lock().is_empty() {
                    self.filled.notified().await;
                }
                continue;
            }
            self.looking.store(true, Ordering::SeqCst);
            for job in batch.drain(..) {
                tokio::spawn(job);
            }
            let _ = tokio::time::timeout(LOOK, self.filled.notified()).await;
        }
    }
}
