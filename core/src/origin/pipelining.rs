//! Whether an origin can be sent requests behind others: one that mishandles it gets one at a time.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::sync::lock;

/// How long a fault counts.
const RECENT: Duration = Duration::from_secs(600);

/// Enough of them.
const ENOUGH: u32 = 2;

/// What went wrong with a request behind another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection ended, though nothing had announced it: a restart does that too.
    Ended,
    /// Its answer was none, or did not come at all.
    Unanswered,
}

/// What is remembered of an origin.
#[derive(Default)]
pub(crate) struct Pipelining(Mutex<Faults>);

#[derive(Default)]
struct Faults {
    count: u32,
    last: Option<Instant>,
}

impl Faults {
    fn forget(&mut self, now: Instant) {
        if self.last.is_none_or(|last| now.saturating_duration_since(last) >= RECENT) {
            *self = Faults::default();
        }
    }
}

impl Pipelining {
    /// Whether it is to be tried.
    pub fn is_fit(&self, now: Instant) -> bool {
        let mut faults = lock(&self.0);
        faults.forget(now);
        faults.count < ENOUGH
    }

    /// What was learnt is not so any more.
    pub fn forget(&self) {
        *lock(&self.0) = Faults::default();
    }

    /// It went wrong.
    pub fn failed(&self, now: Instant, fault: Fault) {
        let mut faults = lock(&self.0);
        faults.forget(now);
        faults.count = faults.count.saturating_add(match fault {
            Fault::Ended => 1,
            Fault::Unanswered => ENOUGH,
        });
        faults.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_end_may_be_chance_two_are_not_and_all_is_forgotten() {
        let (origin, now) = (Pipelining::default(), Instant::now());
        assert!(origin.is_fit(now));
        origin.failed(now, Fault::Ended);
        assert!(origin.is_fit(now));
        origin.failed(now + RECENT, Fault::Ended);
        assert!(origin.is_fit(now + RECENT), "the first one is forgotten");
        origin.failed(now + RECENT, Fault::Ended);
        assert!(!origin.is_fit(now + RECENT));
        assert!(origin.is_fit(now + 2 * RECENT));
    }

    #[test]
    fn a_wrong_answer_is_enough() {
        let (origin, now) = (Pipelining::default(), Instant::now());
        origin.failed(now, Fault::Unanswered);
        assert!(!origin.is_fit(now));
    }
}
