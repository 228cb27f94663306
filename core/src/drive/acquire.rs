//! A live connection for a request: an idle one that passes its probe, or one that was waited for.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::connection::Connection;
use crate::connection::lease::Lease;
use crate::connection::manager::{ClientPool, ConnectionManager};
use crate::deadline::{Deadline, Deadlines, show};
use crate::drive::call::Call;
use crate::drive::pipeline::{self, Ride};
use crate::drive::wait::{Stopped, Wait};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::transport::Transport;
use crate::observe::Event;
use crate::origin::Origin;
use crate::origin::route::Route;
use crate::pool::{Checkout, CheckoutError, CheckoutOptions, Grant, Moment, Standing, Ticket};
use crate::request::Request;

/// What cannot be repeated takes no connection that has idled for longer (4 s, below the 5 s of Node's
/// servers).
const FRESH: Duration = Duration::from_secs(4);

/// Who asks for a connection, and since when.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub request: &'a Request,
    pub route: &'a Route,
    pub asked: Instant,
}

/// A place in the queue.
type Place = Ticket<ConnectionManager>;

/// An idle connection, or a place in the queue. It waits for nothing: a request that finds a connection, as
/// most do, has no future for that. `fresh`: a new one, not an idle one.
#[inline(always)]
pub(super) fn at_once<W: Wait>(
    call: &mut Call<'_, W>,
    wish: Wish<'_>,
    fresh: bool,
) -> Result<std::result::Result<Lease, Place>> {
    call.record.tell(Event::Queued);
    look(call, wish, Terms::of(call, wish.request, fresh), wish.asked)
}

/// The connection is there; when it was is `marks.leased`.
#[inline(always)]
pub(super) fn got<W: Wait>(
    call: &mut Call<'_, W>,
    Wish { asked, .. }: Wish<'_>,
    mut lease: Lease,
    now: Instant,
) -> Result<Lease> {
    let marks = &mut call.record.marks;
    marks.leased(now);
    let connection = lease.connection()?;
    let reused = connection.served > 0;
    if now != asked {
        marks.waited(asked, &connection.opening, !reused);
    }
    if !reused && !connection.was_ready(asked) {
        let (connection, [resolve, connect, tls]) = (connection.id, connection.opening.spent);
        call.record.tell(Event::Dialled { connection, origin: None, resolve, connect, tls });
    }
    // Nobody else asks.
    let idle = match call.record.is_observed() {
        true => connection.idled(now),
        false => Duration::ZERO,
    };
    call.record.tell(Event::Picked { connection: connection.id, reused, idle });
    Ok(lease)
}

/// What it may be.
#[derive(Clone, Copy)]
struct Terms {
    /// A new one, not an idle one.
    fresh: bool,
    /// Or a place behind others on one.
    pipelined: bool,
    /// It stands in front of those who came later.
    first: bool,
}

impl Terms {
    #[inline(always)]
    fn of<W: Wait>(call: &Call<'_, W>, request: &Request, fresh: bool) -> Terms {
        let pipelined = !fresh && pipeline::fits(&call.settings.config, request);
        Terms { fresh, pipelined, first: false }
    }
}

/// Whether a connection need not be probed: what the reactor watches, where a death it has not told of yet
/// costs no more than a replay.
#[inline(always)]
fn is_trusted<W: Wait>(request: &Request, lease: &Lease, now: Instant) -> bool {
    W::REGISTERED
        && request.head.is_replayable()
        && !request.body.is_stream()
        && lease.is_quiet(now)
}

/// An idle connection that is alive, or a place in the queue.
#[inline(always)]
fn look<W: Wait>(
    call: &mut Call<'_, W>,
    Wish { request, route, .. }: Wish<'_>,
    Terms { fresh, pipelined, first }: Terms,
    now: Instant,
) -> Result<std::result::Result<Lease, Place>> {
    loop {
        let witness = call.record.witness();
        let Call { pool, deadlines, .. } = call;
        let wish = CheckoutOptions {
            registered: W::REGISTERED,
            fresh,
            max_idle: (!request.head.is_replayable()).then_some(FRESH),
            pipelined,
            first,
            dial_limit: deadlines.connect,
        };
        let at = Moment { now, wall: SystemTime::now() };
        match pool.checkout_seen(route, at, wish, witness) {
            Ok(Checkout::Idle(host, connection)) => {
                let lease = Lease::new(pool.clone(), host, connection);
                if is_trusted::<W>(request, &lease, now) {
                    return Ok(Ok(lease));
                }
                if let Some(lease) = lease.probed() {
                    return Ok(Ok(lease));
                }
            }
            Ok(Checkout::Ticket(ticket)) => return Ok(Err(ticket)),
            Err(refused) => return Err(refusal(refused)),
        }
    }
}

/// Waits in the queue until there is a connection.
pub(super) async fn wait<W: Wait>(
    call: &mut Call<'_, W>,
    wish: Wish<'_>,
    ticket: Place,
    fresh: bool,
) -> Result<Lease> {
    let (lease, now) = find(call, wish, ticket, fresh).await?;
    got(call, wish, lease, now)
}

async fn find<W: Wait>(
    call: &mut Call<'_, W>,
    wish: Wish<'_>,
    mut ticket: Place,
    fresh: bool,
) -> Result<(Lease, Instant)> {
    let Wish { request, route, asked } = wish;
    let origin = &*route.origin;
    let mut terms = Terms::of(call, request, fresh);
    let mut stillborn = false;
    loop {
        ticket.orphan = |pool, host, connection| {
            Lease::new(pool.clone(), host, connection).put_back();
        };
        let Call { pool, deadlines, wait, .. } = call;
        let grant = granted(&mut ticket, pool, *wait, deadlines, origin, asked).await?;
        let mut now = Instant::now();
        if let Grant::Place(host, line) = grant {
            // Boxed: what is seldom asked for makes no other request's future larger.
            match Box::pin(pipeline::ride(call, request, route, (host, line), asked)).await? {
                Ride::Turn(lease) => return Ok((lease, Instant::now())),
                Ride::Gone => {}
                Ride::Again => terms.pipelined = false,
                Ride::Replay(why) => {
                    (terms.fresh, terms.pipelined, call.replayed) = (true, false, true);
                    call.record.tell(Event::Replay(why));
                }
            }
            terms.first = true;
            now = Instant::now();
        } else {
            let mut lease = taken(pool, grant)?;
            let connection = lease.connection()?;
            let is_new = connection.served == 0;
            // A TLS 1.3 server refuses a client after the client's handshake is over: the exchange then
            // reports the alert, which a probe would swallow.
            if is_new && matches!(connection.wire.transport, Transport::Tls(_)) {
                return Ok((lease, now));
            }
            if !is_new && is_trusted::<W>(request, &lease, now) {
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
        drop(ticket);
        match look(call, wish, terms, now)? {
            Ok(lease) => return Ok((lease, now)),
            Err(next) => ticket = next,
        }
    }
}

/// Why there is no place in the queue.
pub(super) fn refusal(refused: CheckoutError) -> Error {
    match refused {
        CheckoutError::Closed => Error::state("the client is closed"),
        CheckoutError::QueueFull(waiting) => Error::new(
            ErrorKind::QueueFull,
            Phase::Pool,
            format!("{waiting} requests already wait for a connection (queue_limit)"),
        ),
    }
}

/// The lease that a grant brings.
pub(super) fn taken(pool: &Arc<ClientPool>, grant: Grant<Box<Connection>, Error>) -> Result<Lease> {
    match grant {
        Grant::Connection(host, connection) => Ok(Lease::new(pool.clone(), host, connection)),
        Grant::Failed(error) => Err(error),
        Grant::Place(host, line) => {
            pool.leave_line(host, line);
            Err(Error::new(ErrorKind::Internal, Phase::Pool, "a place that nobody asked for"))
        }
        Grant::PoolClosed => Err(Error::state("the client was closed")),
    }
}

/// Waits until the ticket is served. Two limits: `queue_timeout` from when the wait `started`, and
/// `queue_stall_timeout` from when the queue last moved. Neither counts while a connection is being
/// opened for the ticket, which has a limit of its own.
pub(super) async fn granted<W: Wait>(
    ticket: &mut Ticket<ConnectionManager>,
    pool: &ClientPool,
    wait: &mut W,
    deadlines: &Deadlines<'_>,
    origin: &Origin,
    started: Instant,
) -> Result<Grant<Box<Connection>, Error>> {
    let mut limit = deadlines.starting(started, deadlines.queue, ErrorKind::PoolTimeout);
    let mut moved = started;
    loop {
        let stall = Deadline::after(moved, deadlines.queue_stall, ErrorKind::PoolTimeout);
        let deadline = limit.sooner(stall);
        let waited =
            std::future::poll_fn(|cx| wait.poll_until(cx, &deadline, &mut |cx| ticket.poll(cx)));
        let stopped = match waited.await {
            Ok(grant) => return Ok(grant),
            Err(stopped) => stopped,
        };
        let now = Instant::now();
        let is_over = limit.at.is_some_and(|at| at <= now);
        match stopped {
            Stopped::Expired if is_over && limit.is(ErrorKind::PoolTimeout) => {
                if !ticket.is_dialled() {
                    return Err(limit.error(Phase::Pool, origin));
                }
                limit = deadlines.total;
            }
            Stopped::Expired if !is_over => {
                let standing = ticket.standing();
                let last = standing.map_or(now, |standing| standing.moved);
                match deadlines.queue_stall {
                    Some(most) if !ticket.is_dialled() && now >= last.max(moved) + most => {
                        let held = standing.map(|standing| held(&standing, pool));
                        return Err(stalled(origin, most, &held.unwrap_or_default()));
                    }
                    _ if ticket.is_dialled() => moved = now,
                    _ => moved = last.max(moved),
                }
            }
            stopped => return Err(stopped.into_error(Phase::Pool, origin, &limit)),
        }
    }
}

fn stalled(origin: &Origin, limit: Duration, held: &str) -> Error {
    let (peer, limit) = (origin.authority(), show(limit));
    let text =
        format!("no connection to {peer} was given back for {limit} (queue_stall_timeout): {held}");
    Error::new(ErrorKind::PoolTimeout, Phase::Pool, text)
}

/// What holds the connections.
fn held(standing: &Standing, pool: &ClientPool) -> String {
    let Standing { host, by_total, cap, total, counts, .. } = *standing;
    let unread = pool.manager.parked.of_host(host);
    let responses = match unread {
        0 => String::new(),
        unread => format!(", {unread} of them by responses that were not read to their end"),
    };
    let opened = match counts.dialing {
        0 => String::new(),
        dialing => format!(", {dialing} are being opened"),
    };
    let used = match by_total {
        true => format!("{total} of {cap} (max_total) are in use, {} of them here", counts.active),
        false => format!("{} of {cap} (max_per_host) are in use", counts.active),
    };
    format!("{used}{responses}{opened}; {} requests wait", counts.waiting)
}
