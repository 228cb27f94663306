//! Whether a server answers `Expect: 100-continue`. One that let a body wait in vain would do so each
//! time, so it is remembered for as long as other things that were seen of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long it counts.
const RECENT: Duration = Duration::from_secs(600);

/// What is known; reading it is one atomic load.
pub(crate) struct Expectation {
    born: Instant,
    /// When a wait was in vain, in microseconds since `born` plus one; 0 for never.
    ignored_at: AtomicU64,
}

impl Default for Expectation {
    fn default() -> Expectation {
        Expectation { born: Instant::now(), ignored_at: AtomicU64::new(0) }
    }
}

impl Expectation {
    fn since_born(&self, now: Instant) -> u64 {
        let micros = now.saturating_duration_since(self.born).as_micros();
        u64::try_from(micros).unwrap_or(u64::MAX - 1)
    }

    /// The server said nothing for as long as a body waits, refused to be asked (417), or speaks HTTP/1.0.
    pub fn ignored(&self, now: Instant) {
        self.ignored_at.store(self.since_born(now) + 1, Ordering::Relaxed);
    }

    /// It answered, if late.
    pub fn heeded(&self) {
        self.ignored_at.store(0, Ordering::Relaxed);
    }

    /// Whether waiting would be in vain.
    pub fn is_ignored(&self, now: Instant) -> bool {
        let at = self.ignored_at.load(Ordering::Relaxed);
        at != 0 && u128::from(self.since_born(now).saturating_sub(at - 1)) < RECENT.as_micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_ignored_is_asked_again_after_a_while() {
        let (known, now) = (Expectation::default(), Instant::now());
        assert!(!known.is_ignored(now));
        known.ignored(now);
        assert!(known.is_ignored(now) && known.is_ignored(now + RECENT - Duration::from_secs(1)));
        assert!(!known.is_ignored(now + RECENT + Duration::from_secs(1)));
        known.heeded();
        assert!(!known.is_ignored(now));
    }
}
