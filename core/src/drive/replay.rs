//! The replay ring: a reused connection that died under a request costs it nothing. It is sent again
//! once, at once, on a fresh connection, if that cannot make the server act twice (`repeat`).

use std::sync::OnceLock;
use std::time::Instant;

use crate::connection::idle_reaper::examine_all;
use crate::drive::acquire::acquire;
use crate::drive::call::Call;
use crate::drive::exchange::{self, Attempt, Failure};
use crate::drive::expect::{self, EXPECTATION_FAILED};
use crate::drive::hedge;
use crate::drive::pipeline;
use crate::drive::reply::{Reply, reply};
use crate::drive::upload::UploadSource;
use crate::drive::wait::Wait;
use crate::error::{Error, ErrorKind, Result};
use crate::observe::Event;
use crate::repeat::{self, Answer, Refusal};
use crate::request::Request;
use crate::stats::CloseCause;

/// Sends `request` until the head of its answer is there.
pub(super) async fn send<W: Wait>(call: &mut Call<'_, W>, request: &Request) -> Result<Box<Reply>> {
    let route = call.route(request)?;
    let mut body = UploadSource::take(&request.body)?;
    let mut replays = 0u32;
    // Without the wish for 100 (Continue) that a server refused.
    let without = OnceLock::new();
    let mut request = request;
    loop {
        if replays > 0 {
            // It waits anew, by its own clock.
            call.record.begin(Instant::now());
        }
        let asked = call.record.begun;
        let mut lease = acquire(call, request, &route, replays > 0, asked).await?;
        if call.replayed {
            call.replayed = false;
            replays += 1;
        }
        let (now, behind) = (call.record.marks.leased, call.ahead.is_some());
        let result = match hedge::allowed(&call.settings.config, request) {
            false => match exchange::begin(call, &mut lease, request, now) {
                Ok(mut begun) => {
                    let upload = body.upload();
                    let attempt = Attempt { lease: &mut lease, request, upload, now };
                    let result = exchange::run(call, attempt, &mut begun).await;
                    exchange::end(call, &mut lease, &begun, result)
                }
                Err(failure) => Err(failure),
            },
            true => {
                let attempt = Attempt { lease: &mut lease, request, upload: body.upload(), now };
                // Boxed: what is seldom asked for makes no other request's future larger.
                Box::pin(hedge::exchange(call, attempt)).await
            }
        };
        let failure = match result {
            Ok(received) if received.asked && received.head.status == EXPECTATION_FAILED => {
                let refused = reply(call, request, lease, received)?;
                let Some(plain) = expect::without(request, body.again()) else {
                    return Ok(refused);
                };
                call.pool.manager.process.origins.of(&route.origin).expectation.ignored(now);
                // Its connection goes back by the drain rule.
                drop(refused);
                call.record.again();
                call.record.begin(Instant::now());
                body.restart()?;
                request = without.get_or_init(|| plain);
                continue;
            }
            Ok(received) => return reply(call, request, lease, received),
            Err(failure) => failure,
        };
        let reused = call.record.info.reused;
        let Failure { mut error, sent, response_started } = failure;
        let died_on_reuse = reused && is_death(&error);
        if let Ok(connection) = lease.connection() {
            if let Some(peer) = connection.peer {
                error = error.with_address(peer);
            }
            if call.settings.config.pipelining > 1 {
                pipeline::judge(connection, behind, response_started, error.kind());
            }
            if died_on_reuse && !behind {
                connection.died_on_reuse(now, &call.settings.config);
            }
            call.record.ends = Some(connection.ends.clone());
        }
        if died_on_reuse {
            examine_all(call.pool, &route);
        }
        lease.discard(CloseCause::Failed);
        let idempotent = request.head.is_replayable();
        let answer = if response_started { Answer::Part } else { Answer::None };
        let attempt = repeat::Attempt { idempotent, sent, answer, body: body.again() };
        let again = (died_on_reuse && replays == 0).then(|| attempt.again());
        if again != Some(Ok(())) {
            let error = error.with_exchange(reused, sent, idempotent, response_started);
            return Err(match again {
                Some(Err(Refusal::BodyGone)) => error.with_note(
                    "not sent again: its streamed body cannot be produced a second time",
                ),
                _ => error,
            });
        }
        body.restart()?;
        replays += 1;
        // Of the attempt that is over.
        (call.record.info.hedged, call.record.info.pipelined) = (false, false);
        call.record.ends = None;
        call.record.tell(Event::Replay(error.kind()));
    }
}

/// The connection died under the request. A limit of our own that passes is no death, since the server
/// may still be at work; the kernel giving the path up (ETIMEDOUT) is one.
fn is_death(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionClosed | ErrorKind::ConnectionReset)
}
