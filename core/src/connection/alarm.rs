//! What wakes the reaper of a pool.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

#[derive(Default)]
pub(crate) struct Alarm {
    started: AtomicBool,
    /// The reaper will look at the idle connections by itself within a tick.
    armed: AtomicBool,
    changed: Notify,
}

/// What an armed alarm still needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Armed {
    /// Nothing: the reaper looks.
    Already,
    /// The reaper is to be started: nobody has yet.
    First,
}

impl Alarm {
    /// An idle connection came: makes sure that the reaper looks at it.
    #[inline]
    pub(super) fn arm(&self) -> Armed {
        if self.armed.load(Ordering::Acquire) || self.armed.swap(true, Ordering::AcqRel) {
            return Armed::Already;
        }
        if self.started.swap(true, Ordering::AcqRel) {
            self.changed.notify_one();
            return Armed::Already;
        }
        Armed::First
    }

    /// An idle deadline changed, or there is nothing left to look after: the reaper is to look now.
    pub(super) fn ring(&self) {
        self.changed.notify_one();
    }

    /// The reaper looks: what comes from now on arms it again.
    pub(super) fn disarm(&self) {
        self.armed.store(false, Ordering::Release);
    }

    /// The reaper will look again within a tick anyhow.
    pub(super) fn stay_armed(&self) {
        self.armed.store(true, Ordering::Release);
    }

    pub(super) async fn rung(&self) {
        self.changed.notified().await;
    }
}
