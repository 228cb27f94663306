//! Hedging: when an answer is late, the request is sent a second time on an idle connection, and
//! the first response head counts. Only for requests that may be repeated, never by a dial or a
//! place in a queue, and within the budget of the retries.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::config::ClientConfig;
use crate::connection::lease::Lease;
use crate::connection::manager::ClientPool;
use crate::deadline::{Deadline, Deadlines};
use crate::drive::exchange::{Answer, Failure, Feed};
use crate::drive::wait::{Wait, Waited};
use crate::error::ErrorKind;
use crate::origin::Origin;
use crate::origin::state::OriginState;
use crate::pool::Moment;
use crate::request::Request;
use crate::stats::Closed;

/// Whether a request may be sent twice at the client's wish.
pub(crate) fn allowed(config: &ClientConfig, request: &Request) -> bool {
    config.hedge && request.head.is_replayable() && request.body.is_repeatable()
}

/// What came of a hedged exchange.
enum End {
    First(Answer),
    Second(Answer),
    /// Both failed; the first one's failure counts.
    Neither(Failure),
}

/// As [`super::exchange::exchange`], for a request that is [`allowed`] to be sent twice. If the
/// second try wins, `lease` becomes its own.
pub(super) async fn exchange<W: Wait>(
    lease: &mut Lease,
    request: &Request,
    defaults: &[u8],
    feed: Feed<'_>,
    wait: &mut W,
    deadlines: &Deadlines,
    origin: &Arc<Origin>,
    now: Instant,
) -> Result<Answer, Failure> {
    let (pool, memory) = match lease.connection() {
        Ok(connection) => {
            let memory = connection.memory().clone();
            (lease.pool.clone(), memory)
        }
        Err(error) => return Err(Failure::before(error)),
    };
    let result =
        race(&pool, &memory, lease, request, defaults, feed, wait, deadlines, origin, now).await;
    if let Ok(answer) = &result {
        memory.answered(answer.head_at.saturating_duration_since(now));
    }
    result
}

async fn race<W: Wait>(
    pool: &Arc<ClientPool>,
    memory: &OriginState,
    lease: &mut Lease,
    request: &Request,
    defaults: &[u8],
    feed: Feed<'_>,
    wait: &mut W,
    deadlines: &Deadlines,
    origin: &Arc<Origin>,
    now: Instant,
) -> Result<Answer, Failure> {
    let (late, second_wait) = (memory.late_after(), wait.another());
    let mut other: Option<Lease>;
    let (mut first_failed, mut second_failed) = (None, false);
    let end = {
        let mut first = pin!(super::exchange::exchange(
            lease, request, defaults, feed, wait, deadlines, origin, now,
        ));
        let (Some(late), Some(mut second_wait)) = (late, second_wait) else {
            return first.await;
        };
        if let Some(result) = before(now, late, &mut second_wait, first.as_mut()).await {
            return result;
        }
        let percent = pool.manager.config.retry_budget;
        other = idle(pool, origin).filter(|_| memory.budget.spend(Instant::now(), percent));
        let Some(second_lease) = &mut other else { return first.await };
        pool.manager.counters.hedged.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let feed = Feed::new(&request.body, None);
        let mut second = pin!(super::exchange::exchange(
            second_lease,
            request,
            defaults,
            feed,
            &mut second_wait,
            deadlines,
            origin,
            begun,
        ));
        std::future::poll_fn(|cx| {
            if first_failed.is_none()
                && let Poll::Ready(result) = first.as_mut().poll(cx)
            {
                match result {
                    Ok(answer) => return Poll::Ready(End::First(answer)),
                    Err(failure) => first_failed = Some(failure),
                }
            }
            if !second_failed && let Poll::Ready(result) = second.as_mut().poll(cx) {
                match result {
                    Ok(answer) => return Poll::Ready(End::Second(answer)),
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
    let reason = |failed: bool| if failed { Closed::Failed } else { Closed::HedgeLost };
    lease.hedged = true;
    match end {
        End::First(answer) => {
            other.discard(reason(second_failed));
            Ok(answer)
        }
        End::Second(answer) => {
            std::mem::swap(lease, &mut other);
            other.discard(reason(first_failed.is_some()));
            (lease.hedged, lease.hedge_won) = (true, true);
            Ok(answer)
        }
        End::Neither(failure) => {
            other.discard(Closed::Failed);
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
fn idle(pool: &Arc<ClientPool>, origin: &Arc<Origin>) -> Option<Lease> {
    let at = Moment::now();
    pool.stays(origin).into_iter().rev().find_map(|(host, stay)| {
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
