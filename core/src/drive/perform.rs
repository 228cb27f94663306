//! A request from checkout to response head: leases, the one replay, redirects.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use crate::config::Settings;
use crate::connection::Connection;
use crate::connection::idle_reaper::examine_all;
use crate::connection::lease::Lease;
use crate::connection::manager::ClientPool;
use crate::deadline::Deadlines;
use crate::decode::{ACCEPTED, Decoder};
use crate::drive::acquire::granted;
use crate::drive::body::{Live, Taken, take_events};
use crate::drive::buffer::Buffer;
use crate::drive::exchange::{Answer, Early, Feed, exchange};
use crate::drive::retry::insist;
use crate::drive::wait::Wait;
use crate::drive::{hedge, redirect, replay};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::transport::Transport;
use crate::pool::{Got, Grant, HostId, Moment, Refused, Wish};
use crate::request::body::Kept;
use crate::request::{Body, Request};
use crate::response::{About, Info, Marks, Response, State};
use crate::sync::lock;

/// Sends `request`, following redirects when it asks for that, until a response head is there.
pub(crate) async fn perform<W: Wait>(
    settings: &Settings,
    pool: &Arc<ClientPool>,
    request: &Request,
    wait: &mut W,
) -> Result<Response> {
    let started = Instant::now();
    let deadlines = Deadlines::new(&settings.config, &request.timeouts, started);
    let response = insist(settings, pool, request, wait, &deadlines, started).await?;
    if !request.follow_redirects && !request.refuse_redirects {
        return Ok(response);
    }
    // Boxed: what is seldom asked for makes no other request's future larger.
    Box::pin(follow(settings, pool, request, wait, &deadlines, started, response)).await
}

async fn follow<W: Wait>(
    settings: &Settings,
    pool: &Arc<ClientPool>,
    request: &Request,
    wait: &mut W,
    deadlines: &Deadlines,
    started: Instant,
    mut response: Response,
) -> Result<Response> {
    let mut redirects = 0;
    let mut next = redirect::next(request, &response)?;
    while let Some(following) = next {
        if u64::from(redirects) >= settings.config.max_redirects {
            return Err(Error::new(
                ErrorKind::TooManyRedirects,
                Phase::Head,
                format!(
                    "more than {} redirects from {}",
                    settings.config.max_redirects,
                    request.url()
                ),
            ));
        }
        redirects += 1;
        // Its connection goes back by the drain rule.
        drop(response);
        response = insist(settings, pool, &following, wait, deadlines, Instant::now()).await?;
        response.about.info.redirects = redirects;
        next = redirect::next(&following, &response)?;
    }
    response.about.marks.started = started;
    Ok(response)
}

/// The streamed body of a request, put back when the exchange is over.
struct Borrowed<'a> {
    body: &'a Body,
    source: Option<Kept>,
}

impl<'a> Borrowed<'a> {
    fn take(body: &'a Body) -> Result<Borrowed<'a>> {
        let mut borrowed = Borrowed { body, source: None };
        if let Body::Stream { source, .. } = body {
            let mut shared = lock(&source);
            borrowed.source = shared.take();
            drop(shared);
            if borrowed.source.is_none() {
                return Err(Error::state("the request's body stream is being sent"));
            }
        }
        borrowed.restart()?;
        Ok(borrowed)
    }

    fn can_restart(&self) -> bool {
        self.source.as_ref().is_none_or(Kept::can_restart)
    }

    fn restart(&mut self) -> Result<()> {
        self.source.as_mut().map_or(Ok(()), Kept::restart)
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if let (Body::Stream { source, .. }, Some(own)) = (self.body, self.source.take()) {
            *lock(&source) = Some(own);
        }
    }
}

pub(super) async fn send<W: Wait>(
    settings: &Settings,
    pool: &Arc<ClientPool>,
    request: &Request,
    wait: &mut W,
    deadlines: &Deadlines,
    started: Instant,
) -> Result<Response> {
    let origin = &request.target.origin;
    let defaults = default_fields(settings, request);
    let mut body = Borrowed::take(&request.body)?;
    let mut replays = 0;
    let mut replay_reason = None;
    let mut queued = Duration::ZERO;
    loop {
        // A replay waits anew, by its own clock.
        let asked = if replays == 0 { started } else { Instant::now() };
        let (mut lease, leased_at) =
            lease(pool, request, wait, deadlines, replays > 0, asked).await?;
        if leased_at != asked {
            queued += leased_at - asked;
        }
        let connection = lease.connection()?;
        let reused = connection.served > 0;
        if reused {
            pool.manager.counters.reused.fetch_add(1, Ordering::Relaxed);
        }
        let feed = Feed::new(&request.body, body.source.as_mut());
        let result = match hedge::allowed(&settings.config, request) {
            false => {
                exchange(&mut lease, request, &defaults, feed, wait, deadlines, origin, leased_at)
                    .await
            }
            true => {
                let (lease, at) = (&mut lease, leased_at);
                let tries =
                    hedge::exchange(lease, request, &defaults, feed, wait, deadlines, origin, at);
                Box::pin(tries).await
            }
        };
        match result {
            Ok(answer) => {
                let tries = Tries { started, queued, leased_at, replays, replay_reason };
                return respond(lease, request, answer, tries, deadlines);
            }
            Err(mut failure) => {
                if let Ok(connection) = lease.connection() {
                    failure.error = failure.error.with_address(connection.peer);
                }
                if reused && replay::is_death(&failure.error) {
                    if let Ok(connection) = lease.connection() {
                        connection.died_on_reuse(leased_at, &settings.config);
                    }
                    examine_all(pool, origin);
                }
                lease.discard(crate::stats::Closed::Failed);
                let replayable = request.head.is_replayable();
                let attempt = replay::Try {
                    reused,
                    sent: failure.sent,
                    response_started: failure.response_started,
                    replayable,
                    rewindable: body.can_restart(),
                    replays,
                };
                if !replay::allowed(&attempt, &failure.error) {
                    let error = match replay::lacks_only_the_body(&attempt, &failure.error) {
                        true => failure.error.with_note(
                            "not sent again: its streamed body cannot be produced a second time",
                        ),
                        false => failure.error,
                    };
                    return Err(error.with_exchange(
                        reused,
                        failure.sent,
                        replayable,
                        failure.response_started,
                    ));
                }
                body.restart()?;
                replays += 1;
                replay_reason = Some(failure.error.kind());
                pool.manager.counters.replayed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Fields a request gets unless it has its own.
fn default_fields<'a>(settings: &'a Settings, request: &Request) -> Cow<'a, [u8]> {
    if request.target.authorization.is_none() && !request.own_defaults {
        return Cow::Borrowed(match request.decode {
            true => &settings.decoding_fields,
            false => &settings.agent_field,
        });
    }
    let mut fields = Vec::with_capacity(256);
    let mut add = |name: &str, value: &str| {
        if !request.has_header(name.as_bytes()) {
            for part in [name, ": ", value, "\r\n"] {
                fields.extend_from_slice(part.as_bytes());
            }
        }
    };
    if let Some(agent) = &settings.config.user_agent {
        add("User-Agent", agent);
    }
    if request.decode {
        add("Accept-Encoding", ACCEPTED);
    }
    if let Some(authorization) = &request.target.authorization {
        add("Authorization", authorization);
    }
    Cow::Owned(fields)
}

/// What cannot be replayed takes no connection that has idled for longer (4 s, below the 5 s of Node's
/// servers).
const FRESH: Duration = Duration::from_secs(4);

/// A live connection for the request, an idle one that passes its probe or one that was waited for,
/// and when it was there.
async fn lease<W: Wait>(
    pool: &Arc<ClientPool>,
    request: &Request,
    wait: &mut W,
    deadlines: &Deadlines,
    fresh: bool,
    started: Instant,
) -> Result<(Lease, Instant)> {
    let origin = &request.target.origin;
    let mut stillborn = false;
    let mut now = started;
    // What the reactor watches need not be probed where a death it has not told of yet costs no
    // more than a replay.
    let repeatable = request.head.is_replayable() && request.body.is_repeatable();
    let trusted = |lease: &Lease, now| W::REGISTERED && repeatable && lease.is_quiet(now);
    loop {
        let wish = Wish {
            registered: W::REGISTERED,
            fresh,
            max_idle: (!request.head.is_replayable()).then_some(FRESH),
            dial_limit: deadlines.connect,
        };
        let at = Moment { now, wall: SystemTime::now() };
        let got = pool.checkout(origin, at, wish);
        let mut ticket = match got {
            Ok(Got::Idle(host, connection)) => {
                let lease = Lease::new(pool.clone(), host, connection);
                if trusted(&lease, now) {
                    return Ok((lease, now));
                }
                match lease.probed() {
                    Some(lease) => return Ok((lease, now)),
                    None => continue,
                }
            }
            Ok(Got::Ticket(ticket)) => ticket,
            Err(Refused::Closed) => return Err(Error::state("the client is closed")),
            Err(Refused::QueueFull(waiting)) => {
                return Err(Error::new(
                    ErrorKind::QueueFull,
                    Phase::Pool,
                    format!("{waiting} requests already wait for a connection (queue_limit)"),
                ));
            }
        };
        ticket.orphan = return_orphan;
        let grant = granted(&mut ticket, pool, wait, deadlines, origin, started).await?;
        now = Instant::now();
        let mut lease = match grant {
            Grant::Connection(host, connection) => Lease::new(pool.clone(), host, connection),
            Grant::Failed(error) => return Err(error),
            Grant::PoolClosed => return Err(Error::state("the client was closed")),
        };
        let connection = lease.connection()?;
        let is_new = connection.served == 0;
        // A TLS 1.3 server refuses a client after the client's handshake is over: the exchange then
        // reports the alert, which a probe would swallow.
        if is_new && matches!(connection.transport, Transport::Tls(_)) {
            return Ok((lease, now));
        }
        if !is_new && trusted(&lease, now) {
            return Ok((lease, now));
        }
        match lease.probed() {
            Some(lease) => return Ok((lease, now)),
            // A server that closes whatever is opened would be dialled without end.
            None if is_new && std::mem::replace(&mut stillborn, true) => {
                let peer = origin.authority();
                return Err(Error::new(
                    ErrorKind::ConnectionClosed,
                    Phase::Connect,
                    format!("{peer} closed two connections as soon as they were open"),
                ));
            }
            None => {}
        }
    }
}

/// A waiter gave up with a connection already granted: the next one takes it.
fn return_orphan(pool: &Arc<ClientPool>, host: HostId, connection: Box<Connection>) {
    Lease::new(pool.clone(), host, connection).put_back();
}

/// How a request came to the exchange that was answered.
struct Tries {
    started: Instant,
    /// The waits for a connection, of a replay too.
    queued: Duration,
    leased_at: Instant,
    replays: u32,
    replay_reason: Option<ErrorKind>,
}

/// Makes the response; a body that came with the head is taken at once, so that the connection is
/// free before the caller has even looked.
fn respond(
    mut lease: Lease,
    request: &Request,
    answer: Answer,
    tries: Tries,
    deadlines: &Deadlines,
) -> Result<Response> {
    let Answer { head, early, sent_at, head_at } = answer;
    let mut decoder = match request.decode {
        true => Decoder::for_fields(head.fields.get_all(b"content-encoding"))?,
        false => None,
    };
    let most = request.max_body_size.unwrap_or(lease.pool.manager.config.max_body_size);
    let max_body_size = (most > 0).then_some(most);
    let (hedged, hedge_won) = (lease.hedged, lease.hedge_won);
    let connection = lease.connection()?;
    let reused = connection.served > 0;
    let dialled = match reused || connection.was_ready(tries.started) {
        true => Default::default(),
        false => connection.dialled,
    };
    let mut response = Response {
        about: Box::new(About {
            head,
            url: request.target.url(),
            info: Info {
                reused,
                connection_id: connection.id,
                replays: tries.replays,
                replay_reason: tries.replay_reason,
                hedged,
                hedge_won,
                ..Info::default()
            },
            marks: Marks {
                started: tries.started,
                leased: tries.leased_at,
                sent: sent_at,
                head: head_at,
                queued: tries.queued,
                dialled,
            },
            trailers: None,
            max_body_size,
        }),
        ready: Buffer::default(),
        state: State::Done,
    };
    let taken = take_arrived(connection, early, &mut decoder, &mut response);
    match taken {
        Ok(Taken::End) => lease.check_in(head_at),
        Ok(Taken::More(_) | Taken::Dry(_)) => {
            response.state = State::Live(Box::new(Live::new(
                lease,
                decoder,
                deadlines.read,
                deadlines.total,
                request.target.origin.clone(),
                reused,
            )));
        }
        Err(error) => {
            lease.discard(crate::stats::Closed::Failed);
            let error = error.with_exchange(reused, crate::error::Sent::All, false, true);
            response.state = State::Failed(error);
        }
    }
    Ok(response)
}

/// Moves what has arrived of the body into the response.
fn take_arrived(
    connection: &mut Connection,
    early: Option<Box<Early>>,
    decoder: &mut Option<Decoder>,
    response: &mut Response,
) -> Result<Taken> {
    let Response { ready, about, .. } = response;
    if let Some(early) = early {
        match decoder {
            None => ready.space().extend_from_slice(&early.body),
            Some(decoder) => decoder.push(&early.body),
        }
        about.trailers = early.trailers;
        match decoder {
            None if early.ended => return Ok(Taken::End),
            Some(decoder) if early.ended => decoder.end(),
            _ => {}
        }
    }
    take_events(connection, decoder, ready.space(), &mut about.trailers)
}
