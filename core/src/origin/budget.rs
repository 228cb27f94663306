//! The budget that keeps retries from multiplying an outage.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::sync::lock;

/// Tries per second that an origin always has, and how many of them it keeps in hand: a script's
/// retries work, and ten a second hurt no server (Finagle's minRetriesPerSec).
const RESERVE: u64 = 10;
const RESERVE_REFILL: Duration = Duration::from_millis(1000 / RESERVE);
/// Tries that requests have earned, at most, in thousandths.
const MOST: u64 = 100_000;
/// What one try costs, in thousandths.
const COST: u64 = 1_000;
/// From this percentage on there is no bound.
pub(crate) const UNBOUNDED: u64 = 100;

/// An origin's retry budget: each request earns a part of a try, above a reserve.
#[derive(Default)]
pub(crate) struct Budget(Mutex<Purse>);

#[derive(Default)]
struct Purse {
    /// In thousandths of a try.
    earned: u64,
    /// The reserve is whole again at that time.
    whole_at: Option<Instant>,
}

impl Budget {
    fn lock(&self) -> MutexGuard<'_, Purse> {
        lock(&self.0)
    }

    /// A request was sent: it earns `percent` of a try.
    pub fn earn(&self, percent: u64) {
        let mut purse = self.lock();
        purse.earned = (purse.earned + percent.min(UNBOUNDED) * COST / 100).min(MOST);
    }

    /// Takes one try; `false` when there is none left.
    pub fn spend(&self, now: Instant, percent: u64) -> bool {
        if percent >= UNBOUNDED {
            return true;
        }
        let mut purse = self.lock();
        let whole_at = purse.whole_at.map_or(now, |at| at.max(now)) + RESERVE_REFILL;
        if whole_at <= now + RESERVE_REFILL * RESERVE as u32 {
            purse.whole_at = Some(whole_at);
            return true;
        }
        match purse.earned.checked_sub(COST) {
            Some(left) => {
                purse.earned = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_of_a_fifth_allows_one_retry_in_five_requests_above_its_reserve() {
        let (budget, now) = (Budget::default(), Instant::now());
        let spend = || budget.spend(now, 20);
        (0..10).for_each(|_| assert!(spend()));
        assert!(!spend());
        (0..4).for_each(|_| budget.earn(20));
        assert!(!spend());
        budget.earn(20);
        assert!(spend());
        assert!(!spend());
        (0..10_000).for_each(|_| budget.earn(20));
        assert_eq!((0..1000).filter(|_| spend()).count(), 100);
    }

    #[test]
    fn the_reserve_is_ten_a_second() {
        let (budget, now) = (Budget::default(), Instant::now());
        let spent = |after: u64| {
            let at = now + Duration::from_millis(after);
            (0..100).filter(|_| budget.spend(at, 0)).count()
        };
        assert_eq!([0, 99, 100, 350, 1_000, 60_000].map(spent), [10, 0, 1, 2, 7, 10]);
        assert!((0..1000).all(|_| budget.spend(now, 100)));
    }
}
