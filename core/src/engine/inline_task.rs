//! A submission that begins on the submitter's thread. With nothing else under way the engine
//! sleeps: waking it to write a request, and being woken by it with the answer, costs more than
//! both take. So the submitter's thread writes the request, and then either leaves the answer to
//! the engine's reactor or, when it polls inline, comes back to watch for it.

use std::cell::Cell;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use crate::engine::inbox::{Inbox, Job};
use crate::fork;
use crate::guard::guarded;
use crate::sync::{Mutex, MutexGuard, lock};

/// Who polls a submission, and so how it may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PollSite {
    /// Waits by the engine's reactor.
    Engine,
    /// The submitter's thread, which will come back for the answer.
    Begin,
    /// It came back, and may watch for the answer.
    Inline,
}

thread_local! {
    static SITE: Cell<PollSite> = const { Cell::new(PollSite::Engine) };
}

/// The turn of whatever this thread polls.
pub(crate) fn poll_site() -> PollSite {
    SITE.get()
}

/// Polls a job on this thread and carries it to the engine when it is woken later.
pub(crate) struct InlineTask {
    inbox: &'static Inbox,
    stage: Mutex<Stage>,
}

enum Stage {
    /// Being polled on the submitter's thread.
    Here,
    /// Being polled there, and woken meanwhile.
    Woken,
    Waiting(Job),
    /// The engine has it, or it is done.
    Gone,
}

impl InlineTask {
    /// Begins `job` on this thread.
    pub fn begin(inbox: &'static Inbox, job: Job, site: PollSite) -> Arc<InlineTask> {
        let task = Arc::new(InlineTask { inbox, stage: Mutex::new(Stage::Here) });
        task.poll(job, site);
        task
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        lock(&self.stage)
    }

    /// Polls `job` while the stage is `Here`.
    fn poll(self: &Arc<Self>, mut job: Job, site: PollSite) {
        let waker = Waker::from(self.clone());
        let context = self.inbox.enter();
        let before = SITE.replace(site);
        // Its end, also by a panic, is told by the job itself; dropping it may panic too.
        let job = guarded(|| {
            let poll = job.as_mut().poll(&mut Context::from_waker(&waker));
            poll.is_pending().then_some(job)
        });
        SITE.set(before);
        drop(context);
        let mut stage = self.lock();
        let Some(Some(job)) = job else {
            *stage = Stage::Gone;
            return;
        };
        if matches!(*stage, Stage::Woken) {
            *stage = Stage::Gone;
            drop(stage);
            self.inbox.adopt(job);
        } else {
            *stage = Stage::Waiting(job);
        }
    }

    /// The job if it waits, and what it is then.
    fn take(&self, next: Stage) -> Option<Job> {
        let mut stage = self.lock();
        if !matches!(*stage, Stage::Waiting(_)) {
            return None;
        }
        match std::mem::replace(&mut *stage, next) {
            Stage::Waiting(job) => Some(job),
            _ => None,
        }
    }
}

impl Wake for InlineTask {
    fn wake(self: Arc<Self>) {
        let mut stage = self.lock();
        let next = match *stage {
            Stage::Here | Stage::Woken => Stage::Woken,
            Stage::Waiting(_) | Stage::Gone => Stage::Gone,
        };
        let before = std::mem::replace(&mut *stage, next);
        drop(stage);
        if let Stage::Waiting(job) = before {
            self.inbox.adopt(job);
        }
    }
}

/// A job whose answer the submitter's thread promised to come back for. Dropping it leaves the job
/// to the engine.
pub(crate) struct InlinePoll {
    task: Option<Arc<InlineTask>>,
    generation: u64,
}

impl InlinePoll {
    pub fn new(task: Arc<InlineTask>) -> InlinePoll {
        InlinePoll { task: Some(task), generation: fork::generation() }
    }

    /// Watches for the answer on this thread, for as long as that pays on its connection, unless
    /// others were submitted meanwhile: then the engine is awake anyhow.
    pub fn watch(mut self) {
        let Some(task) = self.task.take() else { return };
        if !task.inbox.is_lone() || self.generation != fork::generation() {
            self.task = Some(task);
        } else if let Some(job) = task.take(Stage::Here) {
            task.poll(job, PollSite::Inline);
        }
    }
}

impl Drop for InlinePoll {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        if self.generation != fork::generation() {
            // The job's timers and registrations are the parent's.
            fork::keep(task);
        } else if let Some(job) = task.take(Stage::Gone) {
            task.inbox.adopt(job);
        }
    }
}
