//! The pool, its tickets, lines of requests on a connection, the completion queue, cancellation and the slots of submissions, compiled from core's own files
//! with shuttle's locks: each scenario runs under thousands of thread schedules, and a thread that
//! nobody wakes is reported as a deadlock.

pub mod handoffs;
pub mod lines;
pub mod pools;
pub mod queues;
pub mod wakings;

mod engine;

#[path = "../../../core/src/pool/mod.rs"]
#[allow(dead_code, unreachable_pub)] // core uses what a scenario does not
mod pool;

#[path = "../../../core/src/connection/line/mod.rs"]
#[allow(dead_code, unreachable_pub)]
mod line;

/// What the shared files take from core's `sync`.
mod sync {
    pub(crate) use shuttle::sync::atomic::{AtomicBool, Ordering};
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};

    pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().expect("never poisoned")
    }
}

/// Stands for core's error table.
mod error {
    #[derive(Debug)]
    pub struct Error;
    pub type Result<T> = std::result::Result<T, Error>;
    pub enum ErrorKind {
        Panic,
        Cancelled,
    }
    pub enum Phase {
        Request,
    }

    impl Error {
        pub fn state(_: &str) -> Error {
            Error
        }

        pub fn new(_: ErrorKind, _: Phase, _: &str) -> Error {
            Error
        }
    }
}

/// A panic here is a failure of the model.
mod guard {
    pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
        Some(work())
    }

    pub async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
        Some(work.await)
    }
}

/// One process, never forked.
mod fork {
    pub fn generation() -> u64 {
        1
    }

    pub fn keep<T>(value: T) {
        std::mem::forget(value);
    }
}
