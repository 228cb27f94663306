//! What the process has learnt about origins: how long they keep an idle connection.
//!
//! Three sources, best first: the server's own `Keep-Alive: timeout=N`; the ages at which it was
//! seen to end idle connections; a failed reuse, which halves what was believed. A hint binds the
//! connection that gave it and is a guess for those that have not answered yet: there may be many
//! servers behind one name. Nothing is believed for ever, observations count for [`RECENT`]; and
//! nothing ends reuse, none of it lowers the limit below [`FLOOR`].

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::origin::Origin;
use crate::origin::breaker::{Breaker, BreakerState};
use crate::origin::budget::Budget;
use crate::origin::expectation::Expectation;
use crate::origin::latency::Latency;
use crate::origin::pipelining::Pipelining;
use crate::sync::lock;

/// How long an observation counts.
const RECENT: Duration = Duration::from_secs(600);
/// Reuse within this time is always tried: a request that follows at once is what a pool is for.
const FLOOR: Duration = Duration::from_secs(1);
/// Observations kept per origin.
const KEPT: usize = 8;
/// Part of the shortest observed age that is still trusted.
const TRUST: f64 = 0.9;
/// Ends within this time of each other, at ages that differ, are a restart and no idle limit.
const BURST: Duration = Duration::from_millis(100);
/// An end or a failed reuse this soon after the last use has another cause than an idle limit.
const TELLING: Duration = Duration::from_millis(100);
/// Origins remembered, more only while connections to them are open.
const ORIGINS: usize = 4096;

/// Where an idle limit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitSource {
    /// The client's `idle_timeout`.
    Option,
    /// The server's `Keep-Alive: timeout=N`.
    Hint,
    /// The ages at which the server ended idle connections.
    Learnt,
}

impl LimitSource {
    /// `option`, `hint` or `learnt`.
    pub const fn name(self) -> &'static str {
        match self {
            LimitSource::Option => "option",
            LimitSource::Hint => "hint",
            LimitSource::Learnt => "learnt",
        }
    }
}

/// What is known of one origin. Reading costs a few atomic loads.
pub(crate) struct OriginState {
    born: Instant,
    /// The learnt limit in microseconds; 0 for none.
    learnt: AtomicU64,
    /// The last hint, margin taken off, in microseconds plus one; 0 for none.
    hint: AtomicU64,
    /// When it came, in microseconds since `born`.
    hinted_at: AtomicU64,
    ends: Mutex<Ends>,
    /// Retries that may be made of requests to it.
    pub budget: Budget,
    /// Whether it answers `Expect: 100-continue`.
    pub expectation: Expectation,
    /// Whether requests can be sent behind others.
    pub pipelining: Pipelining,
    breaker: Mutex<Option<Breaker>>,
    /// Times to the response head, while somebody hedges.
    latency: Mutex<Option<Box<Latency>>>,
    /// What follows from them, in microseconds; 0 for nothing.
    late_after: AtomicU64,
}

impl Default for OriginState {
    fn default() -> OriginState {
        OriginState {
            born: Instant::now(),
            learnt: AtomicU64::default(),
            hint: AtomicU64::default(),
            hinted_at: AtomicU64::default(),
            ends: Mutex::default(),
            budget: Budget::default(),
            expectation: Expectation::default(),
            pipelining: Pipelining::default(),
            breaker: Mutex::default(),
            latency: Mutex::default(),
            late_after: AtomicU64::default(),
        }
    }
}

/// What a connection's own server said of how long it keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// It has not answered yet.
    Unknown,
    /// It answered and said nothing.
    None,
    /// `Keep-Alive: timeout=N`, margin taken off.
    Limit(Duration),
}

#[derive(Default)]
struct Ends {
    recent: VecDeque<End>,
    /// When a restart was last noticed.
    restart: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct End {
    at: Instant,
    age: Duration,
}

/// All memories, each with the number of the look that last asked for it.
#[derive(Default)]
struct Known {
    all: HashMap<Arc<Origin>, (u64, Arc<OriginState>)>,
    looks: u64,
}

impl Known {
    fn of(&mut self, origin: &Arc<Origin>) -> Arc<OriginState> {
        self.looks += 1;
        if self.all.len() >= ORIGINS && !self.all.contains_key(origin) {
            self.forget();
        }
        let (used, memory) = self.all.entry(origin.clone()).or_default();
        *used = self.looks;
        memory.clone()
    }

    /// Forgets the quarter that was not asked for for longest, except what connections refer to.
    fn forget(&mut self) {
        let free = |memory: &Arc<OriginState>| Arc::strong_count(memory) == 1;
        let mut used: Vec<u64> = self.all.values().map(|(used, _)| *used).collect();
        let (_, &mut oldest, _) = used.select_nth_unstable(ORIGINS / 4);
        self.all.retain(|_, (used, memory)| *used > oldest || !free(memory));
    }
}

/// What is known of the servers of a process, for every client in it.
#[derive(Default)]
pub(crate) struct OriginStates(Mutex<Known>);

impl OriginStates {
    /// That of `origin`.
    pub fn of(&self, origin: &Arc<Origin>) -> Arc<OriginState> {
        lock(&self.0).of(origin)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX - 1)
}

impl OriginState {
    /// A server said how long it keeps connections.
    pub fn hinted(&self, now: Instant, limit: Duration) {
        self.hint.store(micros(limit) + 1, Ordering::Relaxed);
        self.hinted_at.store(micros(now.saturating_duration_since(self.born)), Ordering::Relaxed);
    }

    /// How long a connection with that hint may idle, and why: the least of the option and what is
    /// known.
    #[inline]
    pub fn limit(&self, option: Duration, hint: Hint, now: Instant) -> (Duration, LimitSource) {
        if hint == Hint::None && self.learnt.load(Ordering::Relaxed) == 0 {
            return (option, LimitSource::Option);
        }
        self.known_limit(option, hint, now)
    }

    fn known_limit(&self, option: Duration, hint: Hint, now: Instant) -> (Duration, LimitSource) {
        let hint = match hint {
            Hint::Limit(limit) => Some(limit),
            Hint::Unknown => self.last_hint(now),
            Hint::None => None,
        };
        let (known, source) = match (hint, self.learnt.load(Ordering::Relaxed)) {
            (Some(hint), _) => (hint, LimitSource::Hint),
            (None, 0) => return (option, LimitSource::Option),
            (None, learnt) => (Duration::from_micros(learnt), LimitSource::Learnt),
        };
        let known = known.max(FLOOR);
        if known < option { (known, source) } else { (option, LimitSource::Option) }
    }

    fn last_hint(&self, now: Instant) -> Option<Duration> {
        let hint = self.hint.load(Ordering::Relaxed).checked_sub(1)?;
        let at = self.born + Duration::from_micros(self.hinted_at.load(Ordering::Relaxed));
        (now.saturating_duration_since(at) < RECENT).then(|| Duration::from_micros(hint))
    }

    /// The server ended a connection that had been idle for `age`.
    pub fn ended(&self, now: Instant, age: Duration) {
        if age < TELLING {
            return;
        }
        let mut ends = lock(&self.ends);
        let close = |at: Instant| now.saturating_duration_since(at) < BURST;
        let differs = |other: &End| {
            let (less, more) = (age.min(other.age), age.max(other.age));
            close(other.at) && less.mul_f64(1.25) < more
        };
        if ends.restart.is_some_and(close) || ends.recent.iter().any(differs) {
            ends.recent.retain(|other| !close(other.at));
            ends.restart = Some(now);
        } else {
            ends.push(End { at: now, age });
        }
        self.conclude(&mut ends, now);
    }

    /// A reused connection that had been idle for `age` died under its request, so the server had
    /// given it up by then: half of what was believed is left.
    pub fn failed(&self, now: Instant, age: Duration, option: Duration) {
        if age < TELLING {
            return;
        }
        let half = self.limit(option, Hint::Unknown, now).0.min(age) / 2;
        let mut ends = lock(&self.ends);
        ends.push(End { at: now, age: half.div_f64(TRUST) });
        self.hint.store(0, Ordering::Relaxed);
        self.conclude(&mut ends, now);
    }

    /// Forgets what is old; called at each dial, which short limits cause more of.
    pub fn forget(&self, now: Instant) {
        if self.learnt.load(Ordering::Relaxed) != 0 {
            let mut ends = lock(&self.ends);
            self.conclude(&mut ends, now);
        }
    }

    /// A response head came after `time`.
    pub fn answered(&self, time: Duration) {
        let mut latency = lock(&self.latency);
        let latency = latency.get_or_insert_default();
        latency.record(time);
        let late = latency.p95().map_or(0, |late| micros(late).max(1));
        self.late_after.store(late, Ordering::Relaxed);
    }

    /// An answer that takes longer is late: 95 % of the last ones were faster.
    pub fn late_after(&self) -> Option<Duration> {
        let late = self.late_after.load(Ordering::Relaxed);
        (late != 0).then(|| Duration::from_micros(late))
    }

    fn breaker(&self) -> MutexGuard<'_, Option<Breaker>> {
        lock(&self.breaker)
    }

    /// Whether the breaker lets a request pass; if not, how long until the next probe.
    pub fn admit(&self, now: Instant) -> Result<(), Duration> {
        self.breaker().get_or_insert_with(|| Breaker::new(now)).admit(now)
    }

    /// An admitted request ended; `None` when that says nothing about the origin.
    pub fn record(&self, now: Instant, good: Option<bool>) {
        if let Some(breaker) = self.breaker().as_mut() {
            match good {
                Some(good) => breaker.record(now, good),
                None => breaker.forgo(now),
            }
        }
    }

    /// `Closed` also where no client uses it.
    pub fn breaker_state(&self, now: Instant) -> BreakerState {
        self.breaker().as_ref().map_or(BreakerState::Closed, |breaker| breaker.state(now))
    }

    /// Closes the breaker and forgets its counts.
    pub fn reset_breaker(&self) {
        *self.breaker() = None;
    }

    fn conclude(&self, ends: &mut Ends, now: Instant) {
        ends.recent.retain(|end| now.saturating_duration_since(end.at) < RECENT);
        let shortest = ends.recent.iter().map(|end| end.age).min();
        let learnt = shortest.map_or(0, |age| micros(age.mul_f64(TRUST)).max(1));
        self.learnt.store(learnt, Ordering::Relaxed);
    }
}

impl Ends {
    fn push(&mut self, end: End) {
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTION: Duration = Duration::from_secs(30);
    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_hint_beats_what_was_seen_and_the_option_bounds_both() {
        let (memory, now) = (OriginState::default(), Instant::now());
        let limit = |option, hint| memory.limit(option, hint, now);
        assert_eq!(limit(OPTION, Hint::Unknown), (OPTION, LimitSource::Option));
        memory.ended(now, secs(10));
        assert_eq!(limit(OPTION, Hint::Unknown), (secs(9), LimitSource::Learnt));
        memory.hinted(now, secs(14));
        assert_eq!(limit(OPTION, Hint::Unknown), (secs(14), LimitSource::Hint));
        assert_eq!(limit(secs(2), Hint::Unknown), (secs(2), LimitSource::Option));
        assert_eq!(limit(OPTION, Hint::Limit(secs(3))), (secs(3), LimitSource::Hint));
        // One that answered without a hint is another server's.
        assert_eq!(limit(OPTION, Hint::None), (secs(9), LimitSource::Learnt));
    }

    #[test]
    fn a_hint_is_forgotten() {
        let (memory, now) = (OriginState::default(), Instant::now());
        memory.hinted(now, secs(5));
        let limit = |at| memory.limit(OPTION, Hint::Unknown, at).0;
        assert_eq!(limit(now + secs(599)), secs(5));
        assert_eq!(limit(now + secs(601)), OPTION);
        // The connection that gave it is still bound.
        let own = memory.limit(OPTION, Hint::Limit(secs(5)), now + secs(601));
        assert_eq!(own.0, secs(5));
    }

    #[test]
    fn nothing_but_the_option_goes_below_a_second() {
        let (memory, now) = (OriginState::default(), Instant::now());
        let limit = |option, hint| memory.limit(option, hint, now).0;
        memory.hinted(now, Duration::ZERO);
        assert_eq!(limit(OPTION, Hint::Unknown), FLOOR);
        assert_eq!(limit(OPTION, Hint::Limit(Duration::ZERO)), FLOOR);
        memory.ended(now, Duration::from_millis(200));
        memory.failed(now, secs(1), OPTION);
        assert_eq!(limit(OPTION, Hint::None), FLOOR);
        let short = Duration::from_millis(10);
        assert_eq!(limit(short, Hint::Limit(Duration::ZERO)), short);
    }

    #[test]
    fn the_shortest_recent_end_counts_and_is_forgotten() {
        let (memory, now) = (OriginState::default(), Instant::now());
        let limit = || memory.limit(OPTION, Hint::None, now);
        memory.ended(now, secs(20));
        memory.ended(now + secs(100), secs(10));
        assert_eq!(limit().0, secs(9));
        memory.ended(now + secs(200), secs(20));
        memory.forget(now + secs(701));
        assert_eq!(limit().0, secs(18));
        memory.forget(now + secs(801));
        assert_eq!(limit(), (OPTION, LimitSource::Option));
    }

    #[test]
    fn a_failed_reuse_halves_what_was_believed_and_not_at_once_after_a_use() {
        let (memory, now) = (OriginState::default(), Instant::now());
        let limit = || memory.limit(OPTION, Hint::None, now);
        memory.failed(now, Duration::from_millis(1), OPTION);
        assert_eq!(limit().0, OPTION);
        memory.failed(now, secs(20), OPTION);
        assert_eq!(limit(), (secs(10), LimitSource::Learnt));
        memory.failed(now, secs(20), OPTION);
        assert_eq!(limit().0, secs(5));
    }

    #[test]
    fn origins_are_forgotten_when_there_are_many_and_the_least_used_first() {
        let origin = |number: usize| {
            Arc::new(Origin::new(crate::origin::Scheme::Http, format!("host-{number}"), 80))
        };
        let mut memories = Known::default();
        let connected = memories.of(&origin(0));
        for number in 1..ORIGINS {
            memories.of(&origin(number));
        }
        memories.of(&origin(1));
        memories.of(&origin(ORIGINS));
        assert!(memories.all.len() <= ORIGINS);
        let known = |number| memories.all.contains_key(&origin(number));
        assert!(known(0) && known(1) && known(ORIGINS - 1) && known(ORIGINS));
        assert!(!known(2));
        assert!(Arc::ptr_eq(&memories.of(&origin(0)), &connected));
    }

    #[test]
    fn a_restart_teaches_nothing() {
        let (memory, now) = (OriginState::default(), Instant::now());
        for age in [1, 5, 12] {
            memory.ended(now + Duration::from_millis(age), secs(age));
        }
        assert_eq!(memory.limit(OPTION, Hint::None, now).1, LimitSource::Option);
    }
}
