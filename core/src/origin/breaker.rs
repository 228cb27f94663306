//! A circuit breaker per origin, as a value: time is an argument. One for the whole process, so
//! every language's failures count.
//!
//! Closed: requests pass, outcomes are counted over a rolling window. Open: requests fail at once
//! until the pause is over. Half-open: one probe passes; its outcome decides.

use std::time::{Duration, Instant};

/// The window and its parts; opossum and resilience4j use the same length.
const WINDOW: Duration = Duration::from_secs(10);
const PARTS: usize = 10;
/// Fewer outcomes than this in the window say nothing.
const LEAST: u32 = 20;
/// Share of failures that opens, in percent.
const FAILURES: u32 = 50;
/// How long it stays open: doubled after each failed probe, up to the longest.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A probe whose outcome never came does not keep it half-open for ever.
const PROBE: Duration = Duration::from_secs(30);

/// What callers see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BreakerState {
    Closed,
    Open,
    HalfOpen,
}

impl BreakerState {
    pub const fn name(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half_open",
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Part {
    /// Which part of time it counts.
    number: u64,
    good: u32,
    bad: u32,
}

#[derive(Debug)]
enum Mode {
    Closed,
    Open { until: Instant },
    HalfOpen { since: Instant },
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Breaker {
    mode: Mode,
    start: Instant,
    parts: [Part; PARTS],
    pause: Duration,
}

impl Breaker {
    pub fn new(now: Instant) -> Breaker {
        Breaker { mode: Mode::Closed, start: now, parts: [Part::default(); PARTS], pause: PAUSE }
    }

    /// Whether a request may pass; if not, how long until the next probe.
    pub fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        match self.mode {
            Mode::Closed => Ok(()),
            Mode::Open { until } if now < until => Err(until - now),
            Mode::HalfOpen { since } if now < since + PROBE => Err(since + PROBE - now),
            Mode::Open { .. } | Mode::HalfOpen { .. } => {
                self.mode = Mode::HalfOpen { since: now };
                Ok(())
            }
        }
    }

    /// Counts an outcome: a failure is a connection that could not be made or broke, or a 5xx.
    pub fn record(&mut self, now: Instant, good: bool) {
        match self.mode {
            Mode::Open { .. } => {}
            Mode::HalfOpen { .. } if good => *self = Breaker::new(now),
            Mode::HalfOpen { .. } => {
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                self.mode = Mode::Open { until: now + self.pause };
            }
            Mode::Closed => {
                self.count(now, good);
                let (mut all, mut bad) = (0, 0);
                for part in self.recent(now) {
                    all += part.good + part.bad;
                    bad += part.bad;
                }
                if all >= LEAST && bad * 100 >= all * FAILURES {
                    self.mode = Mode::Open { until: now + self.pause };
                }
            }
        }
    }

    /// A probe ended without an outcome (cancelled): the next request may probe at once.
    pub fn forgo(&mut self, now: Instant) {
        if matches!(self.mode, Mode::HalfOpen { .. }) {
            self.mode = Mode::Open { until: now };
        }
    }

    pub fn state(&self, now: Instant) -> BreakerState {
        match self.mode {
            Mode::Closed => BreakerState::Closed,
            Mode::Open { until } if now < until => BreakerState::Open,
            Mode::Open { .. } | Mode::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn number(&self, now: Instant) -> u64 {
        let length = WINDOW / PARTS as u32;
        (now.saturating_duration_since(self.start).as_nanos() / length.as_nanos()) as u64
    }

    fn count(&mut self, now: Instant, good: bool) {
        let number = self.number(now);
        let part = &mut self.parts[(number % PARTS as u64) as usize];
        if part.number != number {
            *part = Part { number, ..Part::default() };
        }
        match good {
            true => part.good += 1,
            false => part.bad += 1,
        }
    }

    fn recent(&self, now: Instant) -> impl Iterator<Item = &Part> {
        let number = self.number(now);
        self.parts.iter().filter(move |part| part.number + PARTS as u64 > number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(now: Instant, count: u32) -> Breaker {
        let mut breaker = Breaker::new(now);
        (0..count).for_each(|_| breaker.record(now, false));
        breaker
    }

    #[test]
    fn few_failures_and_a_small_share_of_them_do_not_open() {
        let now = Instant::now();
        assert_eq!(failing(now, LEAST - 1).state(now), BreakerState::Closed);
        let mut breaker = Breaker::new(now);
        (0..LEAST).for_each(|_| breaker.record(now, true));
        (0..LEAST - 1).for_each(|_| breaker.record(now, false));
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }

    #[test]
    fn old_failures_do_not_count() {
        let now = Instant::now();
        let mut breaker = failing(now, LEAST - 1);
        breaker.record(now + WINDOW * 2, false);
        assert_eq!(breaker.state(now + WINDOW * 2), BreakerState::Closed);
    }

    #[test]
    fn it_opens_lets_one_probe_through_and_closes_when_that_is_good() {
        let now = Instant::now();
        let mut breaker = failing(now, LEAST);
        assert_eq!(breaker.state(now), BreakerState::Open);
        assert_eq!(breaker.admit(now), Err(PAUSE));
        let later = now + PAUSE;
        assert_eq!(breaker.admit(later), Ok(()));
        assert_eq!(breaker.admit(later), Err(PROBE));
        breaker.record(later, true);
        assert_eq!(breaker.state(later), BreakerState::Closed);
        assert_eq!(breaker.admit(later), Ok(()));
    }

    #[test]
    fn a_failed_probe_doubles_the_pause_and_a_forgone_one_does_not() {
        let now = Instant::now();
        let mut breaker = failing(now, LEAST);
        let later = now + PAUSE;
        assert_eq!(breaker.admit(later), Ok(()));
        breaker.forgo(later);
        assert_eq!(breaker.admit(later), Ok(()));
        breaker.record(later, false);
        assert_eq!(breaker.admit(later), Err(PAUSE * 2));
    }
}
