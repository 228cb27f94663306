//! The process-wide engine: one thread with a tokio reactor, started at the first dial or
//! submission. It blocks all signals, so handlers run on the host's threads and a broken pipe
//! never kills it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use nix::sys::signal::{SigSet, SigmaskHow};
use tokio::runtime::Builder;
use tokio::sync::Notify;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::fork::PerFork;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(crate) struct Engine {
    inbox: Arc<Inbox>,
}

struct Inbox {
    jobs: Mutex<Vec<Job>>,
    filled: Notify,
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
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("keepalive")
            .max_blocking_threads(16)
            .build()
            .map_err(failed)?;
        let inbox = Arc::new(Inbox { jobs: Mutex::new(Vec::new()), filled: Notify::new() });
        let jobs = inbox.clone();
        // Blocked before the thread exists and inherited, so there is no moment in which a signal
        // could be delivered to it.
        let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK).ok();
        let spawned = std::thread::Builder::new()
            .name("keepalive".to_string())
            .spawn(move || runtime.block_on(jobs.serve()));
        if let Some(before) = before {
            let _ = before.thread_set_mask();
        }
        spawned.map_err(failed)?;
        Ok(Engine { inbox })
    }

    /// Runs `job` on the engine's thread. Jobs are handed over in batches: the thread is woken only
    /// when its inbox was empty.
    pub fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        let was_empty = {
            let mut jobs = self.inbox.jobs.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            jobs.push(Box::pin(job));
            jobs.len() == 1
        };
        if was_empty {
            self.inbox.filled.notify_one();
        }
    }
}

impl Inbox {
    async fn serve(&self) {
        let mut batch = Vec::new();
        loop {
            self.filled.notified().await;
            {
                let mut jobs = self.jobs.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                std::mem::swap(&mut *jobs, &mut batch);
            }
            for job in batch.drain(..) {
                tokio::spawn(job);
            }
        }
    }
}
