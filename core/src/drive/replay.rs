//! The replay ring: a reused connection that died under a request costs it nothing. It is sent again
//! once, at once, on a fresh connection, if that cannot make the server act twice (`repeat`).

use std::sync::OnceLock;
use std::time::Instant;

use crate::connection::idle_reaper::examine_all;
use crate::drive::acquire::{self, Wish};
use crate::drive::call::Call;
use crate::drive::exchange::{self, Arrived, Attempt, Failure};
use crate::drive::expect;
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
    let mut body = UploadSource::take(call.settings, request)?;
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
        let wish = Wish { request, route: &route, asked };
        let mut lease = match acquire::at_once(call, wish, replays > 0)? {
            Ok(lease) => acquire::got(call, wish, lease, asked)?,
            Err(ticket) => acquire::wait(call, wish, ticket, replays > 0).await?,
        };
        if call.replayed {
            call.replayed = false;
            replays += 1;
        }
        let (now, behind) = (call.record.marks.leased, call.ahead.is_some());
        let mut come = Arrived::default();
        let result = {
            let upload = &mut body.upload();
            match hedge::allowed(&call.settings.config, request) {
                false => match exchange::begin(call, &mut lease, request, now) {
                    Ok(mut begun) => {
                        let attempt = Attempt { lease: &mut lease, request, upload, now };
                        let result = exchange::run(call, attempt, &mut begun, &mut come).await;
                        exchange::end(call, &mut lease, &begun, result)
                    }
                    Err(failure) => Err(failure),
                },
                true => {
                    let attempt = Attempt { lease: &mut lease, request, upload, now };
                    // Boxed: what is seldom asked for makes no other request's future larger.
                    Box::pin(hedge::exchange(call, attempt, &mut come)).await
                }
            }
        };
        let failure = match result {
            Ok(()) => {
                let refuses = come.refuses();
                let reply = reply(call, request, lease, &mut come)?;
                if !refuses {
                    return Ok(reply);
                }
                let Some(plain) = expect::without(request, body.again()) else {
                    return Ok(reply);
                };
                call.pool.manager.process.origins.of(&route.origin).expectation.ignored(now);
                // Its connection goes back by the drain rule.
                drop(reply);
                call.record.again();
                call.record.begin(Instant::now());
                body.restart()?;
                request = without.get_or_init(|| plain);
                continue;
            }
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
