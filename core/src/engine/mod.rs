//! The engine: one thread with a tokio reactor that runs jobs. It knows no client and no HTTP; what a
//! job is about, and whom its end is told, is the job's own matter.
//!
//! The thread is started at the first dial or submission. It blocks all signals, so handlers run on the
//! host's threads and a broken pipe never kills it.

pub(crate) mod announce;
pub(crate) mod cancel;
mod driver;
pub(crate) mod inbox;
pub(crate) mod inline_task;
pub(crate) mod queue;
mod task_set;
pub(crate) mod thread;
pub(crate) mod timers;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{Instant, Sleep, sleep};

use crate::engine::driver::Driver;
use crate::engine::inbox::{Count, Inbox, Job, Work};
use crate::engine::inline_task::{InlinePoll, InlineTask, PollSite};
use crate::engine::task_set::TaskSet;
use crate::engine::timers::Timers;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::guard::caught;

pub(crate) struct Engine {
    inbox: &'static Inbox,
    timers: &'static Timers,
    /// What its thread refers to stays reachable by it, in a forked child too.
    driver: Driver,
}

/// A thread that is busy with other work looks for new work at least this often.
const LOOK: Duration = Duration::from_millis(1);

/// Until work that panicked begins again.
const AGAIN: Duration = Duration::from_millis(250);

fn failed(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Internal, Phase::Request, format!("cannot start the engine: {error}"))
        .with_os(&error)
}

impl Engine {
    /// Starts it.
    pub fn start() -> Result<Engine> {
        // An engine is never given up, nor is what its thread and its tasks refer to.
        let inbox: &'static Inbox = Box::leak(Box::default());
        let timers: &'static Timers = Box::leak(Box::default());
        let begin = |runtime: &Runtime| {
            inbox.serve(runtime.handle().clone());
            let _guard = runtime.enter();
            runtime.spawn(steadily(|| timers.keep()));
            // What it drives is bounded by what is in flight; a budget would only poll it twice.
            runtime.spawn(tokio::task::unconstrained(Server::new(inbox)));
        };
        let threads = (announce::begin as fn(), announce::wake_consumers as fn());
        let driver = Driver::start(|| inbox.park(), || inbox.unpark(), begin, threads);
        Ok(Engine { inbox, timers, driver: driver.map_err(failed)? })
    }

    /// # Errors
    /// Its thread could not be started again after a pause.
    pub fn is_running(&self) -> Result<()> {
        match self.driver.is_running() {
            true => Ok(()),
            false => Err(failed(std::io::Error::other("no thread could be started after a fork"))),
        }
    }

    /// Ends its thread until [`Engine::resume`].
    pub fn pause(&self) {
        self.driver.pause();
    }

    pub fn resume(&self) {
        self.driver.resume();
    }

    /// The deadlines of what runs on the engine's thread.
    pub fn timers(&self) -> &'static Timers {
        self.timers
    }

    /// Runs `job` on the engine's thread. One that panics ends: what it holds is dropped, and what waits
    /// for it is told by that ([`Owed`](crate::engine::queue::Owed) and its like).
    pub fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        self.inbox.add(Work::Job(Box::pin(job)));
    }

    /// Runs a submission. A lone one begins on the caller's thread, which writes the request; its
    /// answer is the reactor's, unless the caller polls `inline` for it. With others under way the
    /// engine is awake anyhow, and the caller's thread is better spared.
    pub fn submit(&self, inline: bool, job: impl FnOnce(Count) -> Job) -> Option<InlinePoll> {
        let (count, lone) = Count::new(self.inbox);
        let job = job(count);
        if !lone {
            self.inbox.add(Work::Submitted(job));
            return None;
        }
        let site = if inline { PollSite::Begin } else { PollSite::Engine };
        let task = InlineTask::begin(self.inbox, job, site);
        inline.then(|| InlinePoll::new(task))
    }
}

/// Runs work that others rely on: if it panics, it begins again after a while.
pub(crate) async fn steadily<F: Future<Output = ()>>(begin: impl Fn() -> F) {
    while caught(begin()).await.is_none() {
        sleep(AGAIN).await;
    }
}

/// The task on the engine's thread that takes what comes and drives the submissions.
struct Server {
    inbox: &'static Inbox,
    tasks: TaskSet<Job>,
    /// Storage that serves again.
    batch: Vec<Work>,
    look: Pin<Box<Sleep>>,
    /// Something came from another thread since `look` was set.
    found: bool,
}

impl Server {
    fn new(inbox: &'static Inbox) -> Server {
        Server {
            inbox,
            tasks: TaskSet::new(),
            batch: Vec::new(),
            look: Box::pin(sleep(LOOK)),
            found: false,
        }
    }

    /// Takes what is in the inbox.
    fn take(&mut self) {
        self.inbox.take(&mut self.batch);
        for work in self.batch.drain(..) {
            self.found |= !matches!(work, Work::Begun(_));
            match work {
                // The runtime catches a panic.
                Work::Job(job) => drop(tokio::spawn(job)),
                Work::Submitted(job) | Work::Begun(job) => self.tasks.add(job),
            }
        }
    }
}

impl Future for Server {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.inbox.register(cx.waker());
        self.take();
        self.tasks.poll_woken(cx);
        loop {
            let looking = self.inbox.is_looking();
            if !looking && !self.found {
                return Poll::Pending;
            }
            if looking && self.look.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            // Looks on for a while if something came, else sleeps until it is woken.
            let found = std::mem::take(&mut self.found);
            self.inbox.look(found);
            if found {
                self.look.as_mut().reset(Instant::now() + LOOK);
            } else {
                self.take();
            }
        }
    }
}
