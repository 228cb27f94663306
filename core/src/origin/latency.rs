//! How long an origin takes to answer, as a histogram that forgets: what `hedge` waits for. Time is
//! an argument, nothing is locked here.

use std::time::Duration;

/// Fewer answers than this say nothing.
const LEAST: u32 = 20;
/// With so many answers all counts are halved, so that the last thousand matter.
const MOST: u32 = 1024;
/// Slots of an eighth of a power of two each, from microseconds to more than an hour.
const SLOTS: usize = 240;

/// Answers by the time they took.
pub(crate) struct Latency {
    counts: [u16; SLOTS],
    total: u32,
}

impl Default for Latency {
    fn default() -> Self {
        Latency { counts: [0; SLOTS], total: 0 }
    }
}

impl Latency {
    /// An answer took `time`.
    pub fn record(&mut self, time: Duration) {
        if self.total >= MOST {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().map(|&count| u32::from(count)).sum();
        }
        self.counts[slot(time)] += 1;
        self.total += 1;
    }

    /// The time within which 95 % of the answers came, rounded up by at most an eighth; `None` when
    /// there were too few.
    pub fn p95(&self) -> Option<Duration> {
        if self.total < LEAST {
            return None;
        }
        let (slower, mut seen) = (self.total / 20, 0);
        let last = self.counts.iter().rposition(|&count| {
            seen += u32::from(count);
            seen > slower
        });
        last.map(|slot| Duration::from_micros(end(slot)))
    }
}

fn slot(time: Duration) -> usize {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    if micros < 8 {
        return micros as usize;
    }
    let power = micros.ilog2() as usize;
    let eighth = (micros >> (power - 3)) as usize & 7;
    ((power - 2) * 8 + eighth).min(SLOTS - 1)
}

/// The first microsecond that is beyond a slot.
fn end(slot: usize) -> u64 {
    if slot < 8 {
        return slot as u64 + 1;
    }
    (8 + slot as u64 % 8 + 1) << (slot / 8 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_slot_ends_within_an_eighth_of_what_is_in_it() {
        for micros in (0..100).chain([1_000, 65_535, 65_536, 1_000_000, 3_599_000_000]) {
            let slot = slot(Duration::from_micros(micros));
            let end = end(slot);
            assert!(end > micros && end <= micros + micros / 8 + 1, "{micros}: {end}");
        }
        assert_eq!(slot(Duration::MAX), SLOTS - 1);
    }

    #[test]
    fn one_in_twenty_answers_may_be_slower() {
        let mut latency = Latency::default();
        (0..19).for_each(|_| latency.record(millis(10)));
        assert_eq!(latency.p95(), None, "too few");
        latency.record(millis(500));
        let fast = millis(10)..millis(12);
        assert!(fast.contains(&latency.p95().expect("known")), "{:?}", latency.p95());
        latency.record(millis(500));
        assert!((millis(500)..millis(570)).contains(&latency.p95().expect("known")));
        (0..40).for_each(|_| latency.record(millis(10)));
        assert!(fast.contains(&latency.p95().expect("known")));
    }

    #[test]
    fn a_thousand_answers_later_the_old_ones_hardly_count() {
        let mut latency = Latency::default();
        (0..5_000).for_each(|_| latency.record(millis(900)));
        (0..5_000).for_each(|_| latency.record(millis(1)));
        assert!(latency.p95().expect("known") < millis(2));
        assert!(latency.total <= MOST);
    }
}
