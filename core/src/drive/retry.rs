//! The retry ring: what failed by load or luck is tried again, after a wait, within the origin's budget,
//! and not at all while its circuit breaker is open.

use std::hash::{BuildHasher, RandomState};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use crate::deadline::Deadline;
use crate::drive::call::Call;
use crate::drive::cookies;
use crate::drive::reply::Reply;
use crate::drive::wait::{Stopped, Wait};
use crate::error::{Error, ErrorGroup, ErrorKind, Phase, Result, Sent};
use crate::observe::Event;
use crate::origin::Origin;
use crate::origin::state::OriginState;
use crate::repeat::{Answer, Attempt, Refusal};
use crate::request::Request;

/// The first wait is up to this, each further one up to twice the last.
const BASE: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Whether a request is tried once, whatever comes of it.
#[inline(always)]
pub(super) fn is_off<W>(call: &Call<'_, W>) -> bool {
    let config = &call.settings.config;
    config.retries == 0 && !config.circuit_breaker && !config.hedge
}

/// Sends a request with the tries and the breaker the client asks for.
pub(super) async fn send<W: Wait>(call: &mut Call<'_, W>, request: &Request) -> Result<Box<Reply>> {
    match is_off(call) {
        true => cookies::send(call, request).await,
        false => tries(call, request).await,
    }
}

async fn tries<W: Wait>(call: &mut Call<'_, W>, request: &Request) -> Result<Box<Reply>> {
    let config = &call.settings.config;
    let memory = call.pool.manager.process.origins.of(&request.target.origin);
    memory.budget.earn(config.retry_budget);
    let mut tries = 0;
    loop {
        if tries > 0 {
            call.record.begin(Instant::now());
        }
        let result = match config.circuit_breaker {
            false => cookies::send(call, request).await,
            true => {
                let guarded = Guarded::admitted(&memory, call, request)?;
                let result = cookies::send(call, request).await;
                guarded.ended(&result);
                result
            }
        };
        let (pause, answer) = match &result {
            Ok(reply) if is_retryable_status(reply.status()) => {
                let after = reply.headers().get(b"retry-after");
                let pause = after.and_then(|value| retry_after(value, SystemTime::now()));
                (pause, Answer::Whole)
            }
            Err(error) if is_retryable_error(error) => (None, Answer::None),
            _ => return tried(result, tries),
        };
        let pause = pause.unwrap_or_else(|| backoff(tries, random()));
        // The error of a failed try has been judged by what was sent already (`retry_safe`).
        let sent = if result.is_err() { Sent::Nothing } else { Sent::All };
        let again = Attempt { sent, answer, ..request.attempt() }.again();
        let any_left = u64::from(tries) < config.retries;
        // A server that asks for a longer wait than the caller allows is not asked again at all.
        let worth = any_left
            && again.is_ok()
            && config.retry_max_wait.is_none_or(|most| pause <= most)
            && call.deadlines.total.left().is_none_or(|left| pause < left)
            && memory.budget.spend(Instant::now(), config.retry_budget);
        if !worth {
            let body_is_gone = any_left && again == Err(Refusal::BodyGone);
            return tried(result, tries).map_err(|error| match body_is_gone {
                true => error.with_note(
                    "not tried again: its streamed body cannot be produced a second time",
                ),
                false => error,
            });
        }
        // Its connection goes back by the drain rule while this waits.
        drop(result);
        tries += 1;
        call.record.tell(Event::Retry(pause));
        call.record.again();
        sleep(call.wait, pause, &request.target.origin).await?;
    }
}

/// Says how many tries were made.
fn tried(result: Result<Box<Reply>>, before: u32) -> Result<Box<Reply>> {
    result.map_err(|error| error.with_tries(before + 1))
}

/// Uniform in 0..1, enough for jitter.
fn random() -> f64 {
    let bits = RandomState::new().hash_one(0u8);
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// Waits before something is tried once more that failed `tries` times before.
///
/// # Errors
/// `TotalTimeout`, `Interrupted`.
pub(crate) async fn rest<W: Wait>(
    wait: &mut W,
    tries: u32,
    total: &Deadline,
    origin: &Origin,
) -> Result<()> {
    let pause = backoff(tries, random());
    sleep(wait, total.left().map_or(pause, |left| pause.min(left)), origin).await?;
    if total.is_over() { Err(total.error(Phase::Body, origin)) } else { Ok(()) }
}

async fn sleep<W: Wait>(wait: &mut W, pause: Duration, origin: &Origin) -> Result<()> {
    let deadline = Deadline::from_now(Some(pause), ErrorKind::TotalTimeout);
    let never =
        std::future::poll_fn(|cx| wait.poll_until(cx, &deadline, &mut |_| Poll::<()>::Pending));
    match never.await {
        Err(stopped @ (Stopped::Interrupted | Stopped::Cancelled)) => {
            Err(stopped.into_error(Phase::Pool, origin, &deadline))
        }
        _ => Ok(()),
    }
}

/// A request the breaker let pass; its end is counted, also when it is cancelled.
struct Guarded<'a> {
    memory: &'a OriginState,
    counted: bool,
}

impl<'a> Guarded<'a> {
    fn admitted<W: Wait>(
        memory: &'a OriginState,
        call: &mut Call<'_, W>,
        request: &Request,
    ) -> Result<Guarded<'a>> {
        memory.admit(call.record.begun).map_err(|left| {
            call.record.tell(Event::Breaker);
            let origin = &request.target.origin;
            Error::new(
                ErrorKind::CircuitOpen,
                Phase::Request,
                format!("the circuit breaker of {origin} is open; next probe in {left:.1?}"),
            )
        })?;
        Ok(Guarded { memory, counted: false })
    }

    fn ended(mut self, result: &Result<Box<Reply>>) {
        self.counted = true;
        let good = match result {
            Ok(reply) => Some(reply.status() < 500),
            Err(error) => {
                use ErrorGroup::{Carry, Peer, Reach, Tls};
                matches!(error.kind().group(), Reach | Tls | Carry | Peer).then_some(false)
            }
        };
        self.memory.record(Instant::now(), good);
    }
}

impl Drop for Guarded<'_> {
    fn drop(&mut self) {
        if !self.counted {
            self.memory.record(Instant::now(), None);
        }
    }
}

/// Statuses worth another try (those of got, curl and urllib3 that are about load or luck).
pub(crate) fn is_retryable_status(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Failures worth another try: no connection was made, or one broke and a repeat cannot make the
/// server act twice.
fn is_retryable_error(error: &Error) -> bool {
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
fn backoff(tries: u32, random: f64) -> Duration {
    LONGEST.min(BASE.saturating_mul(1 << tries.min(16))).mul_f64(random)
}

/// `Retry-After` in seconds or as a date (RFC 9110 10.2.3).
fn retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
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
