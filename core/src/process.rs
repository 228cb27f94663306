//! What there is one of in a process, whoever uses it: the engine, the cache of names, TLS sessions,
//! what is known of servers, connections that are being closed.
//!
//! All of it stands behind one fork generation: a child begins with a new one and never touches its
//! parent's. What outlives a fork stands elsewhere, each with its reason: the generation itself and
//! what a child must keep (`fork`), the keys of hashes (`origin`), the handle of the shared client
//! (`client`), whose pools are made anew.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Instant;

use once_cell::sync::OnceCell;

use crate::engine::Engine;
use crate::error::Result;
use crate::fork::PerFork;
use crate::net::busy_poll::Waiting;
use crate::net::dns_cache::DnsCache;
use crate::net::reachability::Reachability;
use crate::net::tls::TlsSessions;
use crate::origin::state::OriginStates;
use crate::sync::lock;

#[derive(Default)]
pub(crate) struct Process {
    engine: OnceCell<Engine>,
    pub dns: DnsCache,
    pub reachability: Reachability,
    pub tls: TlsSessions,
    pub origins: OriginStates,
    /// Threads that wait for an answer.
    pub waiting: Waiting,
    /// Connections that wait for their server to close.
    pub closing: Closing,
    pools: Mutex<Vec<Weak<dyn ClosesIdle>>>,
    connections: AtomicU64,
    requests: AtomicU64,
    dials: AtomicU64,
}

/// A pool, seen from the process.
pub(crate) trait ClosesIdle: Send + Sync {
    fn close_idle(self: Arc<Self>);
}

/// That of this fork generation.
#[inline]
pub(crate) fn process() -> &'static Process {
    static PROCESS: PerFork<Process> = PerFork::new();
    PROCESS.get_or_init(Process::default)
}

impl Process {
    /// The engine, started at first use.
    ///
    /// # Errors
    /// `Internal` when its thread cannot be started.
    pub fn engine(&self) -> Result<&Engine> {
        let engine = self.engine.get_or_try_init(Engine::start)?;
        engine.is_running().map(|()| engine)
    }

    /// The engine if it was started.
    pub fn running_engine(&self) -> Option<&Engine> {
        self.engine.get()
    }

    /// A number that no other connection of the process has.
    pub fn next_connection_id(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A number that no other request of the process has; for those that somebody watches.
    pub fn next_request_id(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A number that no other dial of the process has; for those that somebody watches.
    pub fn next_dial_id(&self) -> u64 {
        self.dials.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A pool whose idle connections are to be closed at the end of the process.
    pub fn remember(&self, pool: Weak<dyn ClosesIdle>) {
        let mut pools = lock(&self.pools);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(pool);
    }

    /// Closes the idle connections of all pools.
    pub fn close_idle(&self) {
        let pools: Vec<_> = lock(&self.pools).iter().filter_map(Weak::upgrade).collect();
        pools.into_iter().for_each(ClosesIdle::close_idle);
    }
}

/// Counts what is being closed.
#[derive(Default)]
pub(crate) struct Closing {
    count: Mutex<usize>,
    none: Condvar,
}

/// One of them, until it is dropped.
pub(crate) struct OneClosing(&'static Closing);

impl Closing {
    pub fn begin(&'static self) -> OneClosing {
        *lock(&self.count) += 1;
        OneClosing(self)
    }

    /// Waits on this thread until nothing is being closed, at most until then.
    pub fn wait(&self, until: Instant) {
        let mut count = lock(&self.count);
        while *count > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.none.wait_timeout(count, left);
            count = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }
}

impl Drop for OneClosing {
    fn drop(&mut self) {
        let mut count = lock(&self.0.count);
        *count -= 1;
        if *count == 0 {
            self.0.none.notify_all();
        }
    }
}

/// To be called before a `fork()` by a host that wants no other threads to exist meanwhile, and
/// followed by [`fork_resume`] in the parent: ends the engine's threads. What is under way waits
/// until then; callers may go on submitting. Costs nothing where the engine was never used. Look-ups
/// of names that get no answer keep their threads. Any thread.
pub fn fork_pause() {
    if let Some(engine) = process().running_engine() {
        engine.pause();
    }
}

/// Ends a [`fork_pause`], in the parent; a child begins with an engine of its own anyway. Any thread.
pub fn fork_resume() {
    if let Some(engine) = process().running_engine() {
        engine.resume();
    }
}
