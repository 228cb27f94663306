//! Further tries and the circuit breaker, around a request's one exchange and its one replay.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use crate::config::Settings;
use crate::connection::manager::ClientPool;
use crate::deadline::{Deadline, Deadlines};
use crate::drive::perform::send;
use crate::drive::wait::{Stopped, Wait};
use crate::error::{Error, ErrorGroup, ErrorKind, Phase, Result};
use crate::origin::Origin;
use crate::origin::budget::{backoff, is_retryable_error, is_retryable_status, retry_after};
use crate::origin::state::OriginState;
use crate::request::Request;
use crate::response::Response;

/// Sends a request with the tries and the breaker the client asks for.
pub(super) async fn insist<W: Wait>(
    settings: &Settings,
    pool: &Arc<ClientPool>,
    request: &Request,
    wait: &mut W,
    deadlines: &Deadlines,
    started: Instant,
) -> Result<Response> {
    let config = &settings.config;
    if config.retries == 0 && !config.circuit_breaker && !config.hedge {
        return send(settings, pool, request, wait, deadlines, started).await;
    }
    // Boxed: what is seldom asked for makes no other request's future larger.
    Box::pin(tries(settings, pool, request, wait, deadlines, started)).await
}

async fn tries<W: Wait>(
    settings: &Settings,
    pool: &Arc<ClientPool>,
    request: &Request,
    wait: &mut W,
    deadlines: &Deadlines,
    started: Instant,
) -> Result<Response> {
    let config = &settings.config;
    let memory = pool.manager.process.origins.of(&request.target.origin);
    memory.budget.earn(config.retry_budget);
    let mut tries = 0;
    loop {
        let begun = if tries == 0 { started } else { Instant::now() };
        let result = match config.circuit_breaker {
            false => send(settings, pool, request, wait, deadlines, begun).await,
            true => {
                let guarded = Guarded::admitted(&memory, request, begun)?;
                let result = send(settings, pool, request, wait, deadlines, begun).await;
                guarded.ended(&result);
                result
            }
        };
        let pause = match &result {
            Ok(response) if is_retryable_status(response.status()) => {
                let after = response.headers().get(b"retry-after");
                after.and_then(|value| retry_after(value, SystemTime::now()))
            }
            Err(error) if is_retryable_error(error) => None,
            _ => return tried(result, tries),
        };
        let pause = pause.unwrap_or_else(|| backoff(tries, random()));
        // A server that asks for a longer wait than the caller allows is not asked again at all.
        let worth = u64::from(tries) < config.retries
            && config.retry_max_wait.is_none_or(|most| pause <= most)
            && (request.head.is_replayable() || result.is_err())
            && request.body.can_restart()
            && deadlines.total.left().is_none_or(|left| pause < left)
            && memory.budget.spend(Instant::now(), config.retry_budget);
        if !worth {
            let body_is_gone = u64::from(tries) < config.retries && !request.body.can_restart();
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
        pool.manager.counters.retried.fetch_add(1, Ordering::Relaxed);
        sleep(wait, pause, &request.target.origin).await?;
    }
}

/// Says how many tries were made before the last.
fn tried(result: Result<Response>, before: u32) -> Result<Response> {
    match result {
        Ok(mut response) => {
            response.about.info.retries = before;
            Ok(response)
        }
        Err(error) => Err(error.with_tries(before + 1)),
    }
}

/// Uniform in 0..1, enough for jitter.
fn random() -> f64 {
    let bits = RandomState::new().hash_one(0u8);
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

async fn sleep<W: Wait>(wait: &mut W, pause: Duration, origin: &Origin) -> Result<()> {
    let deadline = Deadline::from_now(Some(pause), ErrorKind::TotalTimeout);
    let never =
        std::future::poll_fn(|cx| wait.poll_until(cx, &deadline, &mut |_| Poll::<()>::Pending));
    match never.await {
        Err(Stopped::Interrupted) => {
            Err(Stopped::Interrupted.into_error(Phase::Pool, origin, &deadline))
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
    fn admitted(memory: &'a OriginState, request: &Request, now: Instant) -> Result<Guarded<'a>> {
        memory.admit(now).map_err(|left| {
            let origin = &request.target.origin;
            Error::new(
                ErrorKind::CircuitOpen,
                Phase::Request,
                format!("the circuit breaker of {origin} is open; next probe in {left:.1?}"),
            )
        })?;
        Ok(Guarded { memory, counted: false })
    }

    fn ended(mut self, result: &Result<Response>) {
        self.counted = true;
        let good = match result {
            Ok(response) => Some(response.status() < 500),
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
