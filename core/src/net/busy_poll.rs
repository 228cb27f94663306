//! When to watch a socket instead of sleeping on it. To sleep and to be woken costs several
//! microseconds, on virtual machines tens of them: more than a server nearby needs to answer. So a
//! wait for an answer first looks at the socket again and again, for as long as sleeping would
//! cost at most (a spin lock that then sleeps is never more than twice as dear as the better of
//! the two: Karlin et al., "Competitive randomized algorithms", 1990), and only on connections
//! where that has paid.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// After so many vain attempts in a row one answer in 1,024 is still watched for.
const LEAST_OFTEN: u32 = 1_023;

/// Threads of the process that wait for an answer. With several at once the cores are wanted, and
/// whoever watches would be served before those who sleep.
#[derive(Default)]
pub(crate) struct Waiting(AtomicU32);

/// A thread that waits for an answer, until this is dropped.
pub(crate) struct Waiter<'a> {
    all: &'a Waiting,
    alone: bool,
}

impl Waiting {
    pub fn begin(&self) -> Waiter<'_> {
        let alone = self.0.fetch_add(1, Ordering::Relaxed) == 0;
        Waiter { all: self, alone }
    }
}

impl Waiter<'_> {
    /// Whether no other thread was waiting when it began.
    pub fn is_alone(&self) -> bool {
        self.alone
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.all.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether watching pays on one connection.
#[derive(Default)]
pub(crate) struct Pace {
    limit: Duration,
    /// Answers to sleep for before the next attempt.
    skip: AtomicU32,
    /// What `skip` became after the last vain attempt.
    penalty: AtomicU32,
}

impl Pace {
    /// Watches for at most `limit`; zero never watches.
    pub fn new(limit: Duration) -> Pace {
        Pace { limit, ..Pace::default() }
    }

    /// Whether the next answer is to be watched for.
    pub fn is_due(&self) -> bool {
        let skip = self.skip.load(Ordering::Relaxed);
        if skip > 0 {
            self.skip.store(skip - 1, Ordering::Relaxed);
        }
        skip == 0 && !self.limit.is_zero()
    }

    /// Calls `look` until it returns something else than `WouldBlock`; `None` if it did not in
    /// time.
    pub fn watch<T>(&self, mut look: impl FnMut() -> io::Result<T>) -> Option<io::Result<T>> {
        let started = Instant::now();
        loop {
            match look() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => {
                    self.penalty.store(0, Ordering::Relaxed);
                    return Some(result);
                }
            }
            if started.elapsed() >= self.limit {
                let penalty = (self.penalty.load(Ordering::Relaxed) * 2 + 1).min(LEAST_OFTEN);
                self.penalty.store(penalty, Ordering::Relaxed);
                self.skip.store(penalty, Ordering::Relaxed);
                return None;
            }
            // The server may need this very core.
            std::thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    #[test]
    fn a_slow_server_is_watched_ever_more_seldom_and_a_fast_one_always() {
        let pace = Pace::new(Duration::from_nanos(1));
        let attempts = |answers: u32| {
            let due = (0..answers).filter(|_| pace.is_due());
            due.inspect(|_| assert!(pace.watch(nothing).is_none())).count()
        };
        assert_eq!(attempts(10_000), 10 + 8); // 1 + 2 + 4 + ... + 512 answers, then one in 1,024
        while !pace.is_due() {}
        assert!(pace.watch(|| Ok(())).is_some());
        assert!((0..1_000).all(|_| pace.is_due() && pace.watch(|| Ok(())).is_some()));
    }

    #[test]
    fn only_who_waits_alone_may_watch() {
        let waiting = Waiting::default();
        let first = waiting.begin();
        assert!(first.is_alone() && !waiting.begin().is_alone());
        drop(first);
        assert!(waiting.begin().is_alone());
    }

    #[test]
    fn without_a_limit_nothing_is_looked_at() {
        assert!(!Pace::new(Duration::ZERO).is_due());
    }
}
