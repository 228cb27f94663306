//! Further tries after a failure: when, how long to wait, and the budget that keeps retries from
//! multiplying an outage. Decisions only; `drive` acts on them.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use crate::error::{Error, ErrorKind};
use crate::sync::lock;

/// The first wait is up to this, each further one up to twice the last.
const BASE: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);
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

/// Statuses worth another try (those of got, curl and urllib3 that are about load or luck).
pub(crate) fn is_retryable_status(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Failures worth another try: no connection was made, or one broke and a repeat cannot make the
/// server act twice.
pub(crate) fn is_retryable_error(error: &Error) -> bool {
    let kind = matches!(
        error.kind(),
        ErrorKind::ResolveFailed
            | ErrorKind::ConnectFailed
            | ErrorKind::ConnectTimeout
            | ErrorKind::ConnectionClosed
            | ErrorKind::ConnectionReset
    );
    kind && error.retry_safe()
}

/// Exponential backoff with full jitter; `random` is uniform in 0..1.
pub(crate) fn backoff(tries: u32, random: f64) -> Duration {
    LONGEST.min(BASE.saturating_mul(1 << tries.min(16))).mul_f64(random)
}

/// `Retry-After` in seconds or as a date (RFC 9110 10.2.3).
pub(crate) fn retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
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

    #[test]
    fn backoff_doubles_within_its_bound_and_is_jittered() {
        assert_eq!(backoff(0, 1.0), BASE);
        assert_eq!(backoff(3, 1.0), BASE * 8);
        assert_eq!(backoff(3, 0.25), BASE * 2);
        assert_eq!(backoff(60, 1.0), LONGEST);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after(b" 12 ", now), Some(Duration::from_secs(12)));
        let date = b"Sun, 06 Nov 1994 08:49:47 GMT";
        assert_eq!(retry_after(date, now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after(b"Sun, 06 Nov 1994 08:49:30 GMT", now), Some(Duration::ZERO));
        let most = Some(Duration::from_secs(u64::MAX));
        assert_eq!(retry_after(b"99999999999999999999", now), most);
        assert_eq!(retry_after(b"", now), None);
        assert_eq!(retry_after(b"soon", now), None);
        assert_eq!(retry_after(b"-1", now), None);
    }
}
