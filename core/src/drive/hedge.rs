//! Hedging: when an answer is late, the request is sent a second time on an idle connection, and
//! the first response head counts. Only for requests that may be repeated, never by a dial or a
//! place in a queue, and within the budget of the retries.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::config::ClientConfig;
use crate::connection::lease::Lease;
use crate::connection::manager::ClientPool;
use crate::deadline::Deadline;
use crate::drive::call::Call;
use crate::drive::exchange::{self, Arrived, Attempt, Failure};
use crate::drive::upload::Upload;
use crate::drive::wait::{Wait, Waited};
use crate::error::{ErrorKind, Sent};
use crate::observe::Event;
use crate::origin::route::Route;
use crate::origin::state::OriginState;
use crate::pool::Moment;
use crate::repeat;
use crate::request::{Body, Request};
use crate::stats::CloseCause;

/// Whether a request may be sent twice at the client's wish.
#[inline]
pub(crate) fn allowed(config: &ClientConfig, request: &Request) -> bool {
    config.hedge
        && !request.head.switches()
        && !is_metered(config, request)
        && repeat::Attempt { sent: Sent::All, ..request.attempt() }.beside()
}

/// Whether the speed of its body is limited, or told of: only one of two could be measured.
fn is_metered(config: &ClientConfig, request: &Request) -> bool {
    let is_paced = request.pace.is_some() || config.limits_speed();
    is_paced && !matches!(request.body, Body::Empty)
}

/// What came of a hedged exchange.
enum End {
    First,
    Second,
    /// Both failed; the first one's failure counts.
    Neither(Failure),
}

/// One exchange, or two: for a request that is [`allowed`] to be sent twice. If the second try wins, the
/// attempt's lease becomes its own.
pub(super) async fn exchange<W: Wait>(
    call: &mut Call<'_, W>,
    attempt: Attempt<'_, '_>,
    come: &mut Arrived,
) -> Result<(), Failure> {
    let memory = match attempt.lease.connection() {
        Ok(connection) => connection.memory().clone(),
        Err(error) => return Err(Failure::before(error)),
    };
    let now = attempt.now;
    let result = race(call, &memory, attempt, come).await;
    if result.is_ok() {
        memory.answered(call.record.marks.head.saturating_duration_since(now));
    }
    result
}

async fn race<W: Wait>(
    call: &mut Call<'_, W>,
    memory: &OriginState,
    attempt: Attempt<'_, '_>,
    come: &mut Arrived,
) -> Result<(), Failure> {
    let (late, second_wait) = (memory.late_after(), call.wait.another());
    let (Some(late), Some(mut second_wait)) = (late, second_wait) else {
        return exchange::exchange(call, attempt, come).await;
    };
    let Ok(route) = call.route(attempt.request) else {
        return exchange::exchange(call, attempt, come).await;
    };
    let Attempt { lease, request, upload, now } = attempt;
    let pool = call.pool;
    let percent = call.settings.config.retry_budget;
    let mut second_call = call.beside(&mut second_wait);
    let (mut other, begun): (Option<Lease>, Instant);
    let (mut first_failed, mut second_failed) = (None, false);
    let mut second_come = Arrived::default();
    let end = {
        let first = Attempt { lease: &mut *lease, request, upload, now };
        let mut first = pin!(exchange::exchange(call, first, &mut *come));
        if let Some(result) = before(now, late, second_call.wait, first.as_mut()).await {
            return result;
        }
        other = idle(pool, &route).filter(|_| memory.budget.spend(Instant::now(), percent));
        let Some(second_lease) = &mut other else { return first.await };
        second_call.record.tell(Event::Hedge);
        let upload = &mut Upload::whole(&request.body);
        begun = Instant::now();
        let second = Attempt { lease: second_lease, request, upload, now: begun };
        let second = exchange::exchange(&mut second_call, second, &mut second_come);
        let mut second = pin!(second);
        std::future::poll_fn(|cx| {
            if first_failed.is_none()
                && let Poll::Ready(result) = first.as_mut().poll(cx)
            {
                match result {
                    Ok(()) => return Poll::Ready(End::First),
                    Err(failure) => first_failed = Some(failure),
                }
            }
            if !second_failed && let Poll::Ready(result) = second.as_mut().poll(cx) {
                match result {
                    Ok(()) => return Poll::Ready(End::Second),
                    Err(_) => second_failed = true,
                }
            }
            match first_failed.take() {
                Some(failure) if second_failed => Poll::Ready(End::Neither(failure)),
                failure => {
                    first_failed = failure;
                    Poll::Pending
                }
            }
        })
        .await
    };
    let Some(mut other) = other else {
        return Err(Failure::before(crate::error::Error::state("the lease is over")));
    };
    let reason = |failed: bool| if failed { CloseCause::Failed } else { CloseCause::HedgeLost };
    call.record.info.hedged = true;
    match end {
        End::First => {
            other.discard(reason(second_failed));
            Ok(())
        }
        End::Second => {
            *come = second_come;
            std::mem::swap(lease, &mut other);
            other.discard(reason(first_failed.is_some()));
            call.record.tell(Event::HedgeWon);
            call.record.won(&mut second_call.record, begun);
            if let Ok(connection) = lease.connection() {
                call.record.info.connection_id = connection.id;
                call.record.info.reused = connection.served > 0;
            }
            Ok(())
        }
        End::Neither(failure) => {
            other.discard(CloseCause::Failed);
            Err(failure)
        }
    }
}

/// The result of `work` if it comes before its time is over.
async fn before<W: Wait, T>(
    started: Instant,
    time: Duration,
    wait: &mut W,
    mut work: std::pin::Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    let deadline = Deadline::after(started, Some(time), ErrorKind::ReadTimeout);
    let result: Result<T, _> = std::future::poll_fn(|cx| -> Waited<T> {
        wait.poll_until(cx, &deadline, &mut |cx| work.as_mut().poll(cx))
    })
    .await;
    result.ok()
}

/// The most recently used idle connection that is alive and may carry more than one request.
fn idle(pool: &Arc<ClientPool>, route: &Route) -> Option<Lease> {
    let at = Moment::now();
    pool.stays(route).into_iter().rev().find_map(|(host, stay)| {
        let idle = pool.take_stay(host, stay)?;
        if !idle.is_usable(at) || idle.connection.is_last_request() {
            pool.check_in(host, idle);
            return None;
        }
        Lease::new(pool.clone(), host, idle.connection).probed()
    })
}

#[cfg(test)]
mod tests;
