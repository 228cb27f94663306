//! Further tries after a failure: when, how long to wait, and the budget that keeps retries from
//! multiplying an outage. Decisions only; `drive` acts on them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorKind};

/// The first wait is up to this, each further one up to twice the last.
const BASE: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);
/// Tries an origin has in hand at first, so that a quiet client can retry at all; and at most.
const AT_FIRST: i64 = 3_000;
const MOST: i64 = 10_000;
/// What one try costs, in thousandths.
const COST: i64 = 1_000;

/// An origin's retry budget: each request earns a part of a try.
pub(crate) struct Budget(AtomicI64);

impl Default for Budget {
    fn default() -> Self {
        Budget(AtomicI64::new(AT_FIRST))
    }
}

impl Budget {
    /// A request was sent: it earns `percent` of a try.
    pub fn earn(&self, percent: u64) {
        let part = i64::try_from(percent).unwrap_or(100).min(100) * COST / 100;
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |have| {
            Some((have + part).min(MOST))
        });
    }

    /// Takes one try; `false` when there is none left.
    pub fn spend(&self) -> bool {
        let take = |have| (have >= COST).then_some(have - COST);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
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
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_of_a_fifth_allows_one_retry_in_five_requests() {
        let budget = Budget::default();
        (0..3).for_each(|_| assert!(budget.spend()));
        assert!(!budget.spend());
        (0..4).for_each(|_| budget.earn(20));
        assert!(!budget.spend());
        budget.earn(20);
        assert!(budget.spend());
        (0..1000).for_each(|_| budget.earn(20));
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 10);
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
        assert_eq!(retry_after(b"soon", now), None);
        assert_eq!(retry_after(b"-1", now), None);
    }
}
