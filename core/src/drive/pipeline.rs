//! Requests behind others on their connection (option `pipelining`, RFC 9112 9.3.2).
//!
//! While the caps hold every connection, a request that may be sent twice and is small takes a place
//! behind the exchange of another one: it writes itself at once, waits until the one before it is done,
//! and then has the connection as if it had sent itself there. Not before the caps hold: a connection
//! of its own is never held up by another request's answer, and costs one round trip, once.
//!
//! | what happens                          | what becomes of those behind                       |
//! |---------------------------------------|----------------------------------------------------|
//! | the answer in front is over           | the next one reads                                 |
//! | the connection ends or is given up    | they are replayed, once, on a fresh one            |
//! | it was closed in good order           | they ask for another connection                    |
//! | nothing moves for the stall limit     | they are replayed as above                         |
//! | one of them is given up               | its answer is read for nobody, within limits       |

use std::sync::Arc;
use std::time::Instant;

use keepalive_proto::{Ahead, Version};

use crate::config::ClientConfig;
use crate::connection::lease::Lease;
use crate::connection::line::{Break, Line, Turn};
use crate::connection::manager::ClientPool;
use crate::connection::{Connection, Pipeline};
use crate::deadline::Deadline;
use crate::drive::call::Call;
use crate::drive::drain;
use crate::drive::start::{proxy_fields, started};
use crate::drive::wait::{Stopped, Wait};
use crate::error::{Error, ErrorKind, Phase, Result, Sent};
use crate::fork;
use crate::net::outlet::Outlet;
use crate::origin::pipelining::Fault;
use crate::origin::route::Route;
use crate::pool::{HostId, LineId, Places};
use crate::request::{Body, Request};

/// The largest body that goes behind others: more would hold up what is behind it.
const SMALL: usize = 16 * 1024;

/// Whether `request` may be sent behind others, and others behind it.
#[inline]
pub(super) fn fits(config: &ClientConfig, request: &Request) -> bool {
    config.pipelining > 1 && !config.hedge && is_fit(config, request)
}

#[cold]
fn is_fit(config: &ClientConfig, request: &Request) -> bool {
    let head = &request.head;
    let small = match &request.body {
        Body::Empty => true,
        // It would go out at once, whatever its speed is to be.
        Body::Whole(_) if request.pace.is_some() || config.limits_speed() => false,
        Body::Whole(bytes) => bytes.len() <= SMALL,
        Body::Stream { .. } => false,
    };
    small
        && head.is_replayable()
        && !head.switches()
        && !head.expects_continue()
        && request.trailers.is_none()
        && !head.says_close()
}

/// A connection on which others may be sent behind the request that it is about to carry.
pub(super) struct Opening {
    pool: Arc<ClientPool>,
    host: HostId,
    id: LineId,
    pipeline: Arc<Pipeline>,
    places: Places,
}

/// Whether that may be: it has answered as HTTP/1.1 and may be used for longer, its origin does it well.
#[cold]
pub(super) fn opening(
    pool: &Arc<ClientPool>,
    host: HostId,
    connection: &mut Connection,
    now: Instant,
) -> Option<Box<Opening>> {
    let answered = connection.served > 0 && connection.wire.http.version() == Version::Http11;
    // The request in front, and a last one, which says that it is that.
    let left = connection.requests_left().map_or(u64::MAX, |left| left.saturating_sub(2));
    let fit = answered
        && left > 0
        && connection.outlived(now).is_none()
        && connection.memory().pipelining.is_fit(now);
    if !fit {
        return None;
    }
    let depth = usize::try_from(pool.manager.config.pipelining - 1).unwrap_or(usize::MAX);
    let pipeline = pipeline_of(pool, connection);
    let places = Places { depth, left };
    Some(Box::new(Opening { pool: pool.clone(), host, id: connection.id, pipeline, places }))
}

fn pipeline_of(pool: &Arc<ClientPool>, connection: &mut Connection) -> Arc<Pipeline> {
    if let Some(known) = &connection.pipeline {
        return known.clone();
    }
    let outlet = Arc::new(Outlet::beside(&connection.io, &mut connection.wire.transport));
    let pool = Arc::downgrade(pool);
    let pipeline = Arc::new(Pipeline {
        line: Line::default(),
        outlet: outlet.clone(),
        unread: Box::new(move |host, connection| {
            if let Some(pool) = pool.upgrade() {
                drain::unread(Lease::new(pool, host, connection));
            }
        }),
    });
    connection.wire.outlet = Some(outlet);
    connection.pipeline = Some(pipeline.clone());
    pipeline
}

impl Opening {
    /// The request in front has left.
    #[cold]
    pub fn open(self) {
        let Opening { pool, host, id, pipeline, places } = self;
        pipeline.line.open();
        pool.manager.pipelines.add(id, pipeline);
        pool.open_line(host, id, places);
    }
}

/// What came of a place.
pub(super) enum Ride {
    /// The connection, and the request stands on it.
    Turn(Lease),
    /// The line was gone: nothing was sent.
    Gone,
    /// It was sent and not done: it needs another connection.
    Again,
    /// It is to be replayed, since that happened.
    Replay(ErrorKind),
}

/// Sends `request` behind the others on a connection of which the pool granted a place, and waits
/// for its turn.
pub(super) async fn ride<W: Wait>(
    call: &mut Call<'_, W>,
    request: &Request,
    route: &Route,
    (host, id): (HostId, LineId),
    asked: Instant,
) -> Result<Ride> {
    let pool = call.pool;
    let Some(pipeline) = pool.manager.pipelines.of(id) else { return Ok(Ride::Gone) };
    let mut bytes = Vec::with_capacity(1024);
    let ahead = match write(call, request, route, &mut bytes) {
        Ok(ahead) => ahead,
        Err(error) => {
            pool.leave_line(host, id);
            return Err(error);
        }
    };
    let orphan = {
        let pipeline = Arc::downgrade(&pipeline);
        Box::new(move |connection| {
            if let Some(pipeline) = pipeline.upgrade() {
                (pipeline.unread)(host, connection);
            }
        })
    };
    let joined = pipeline.line.join(ahead, || pipeline.outlet.push(&bytes), orphan);
    let length = bytes.len() as u64;
    drop(bytes);
    let Some(mut hold) = joined else { return Ok(Ride::Gone) };
    call.record.pipelined();
    let (generation, origin) = (fork::generation(), &*route.origin);
    let Call { deadlines, wait, .. } = call;
    let limit = deadlines.starting(asked, deadlines.queue, ErrorKind::PoolTimeout);
    let mut since = Instant::now();
    loop {
        let stall = Deadline::after(since, deadlines.queue_stall, ErrorKind::PoolTimeout);
        let deadline = limit.sooner(stall);
        let waited =
            std::future::poll_fn(|cx| wait.poll_until(cx, &deadline, &mut |cx| hold.poll(cx)));
        let stopped = match waited.await {
            Ok(Turn::Come(connection)) => {
                call.ahead = Some(length);
                call.record.info.pipelined = true;
                return Ok(Ride::Turn(Lease::new(pool.clone(), host, connection)));
            }
            Ok(Turn::Broken(Break::Closed)) => return Ok(Ride::Again),
            Ok(Turn::Broken(Break::Failed)) => {
                return Ok(Ride::Replay(ErrorKind::ConnectionClosed));
            }
            Err(stopped) => stopped,
        };
        if generation != fork::generation() {
            hold.forget();
            return Err(Error::state("it belongs to the process this one was forked from"));
        }
        if matches!(stopped, Stopped::Expired) && !limit.is_over() {
            match pipeline.line.moved().filter(|&moved| moved > since) {
                Some(moved) => since = moved,
                None => return Ok(Ride::Replay(ErrorKind::PoolTimeout)),
            }
            continue;
        }
        let error = stopped.into_error(Phase::Head, origin, &limit);
        return Err(error.with_exchange(true, Sent::All, true, false));
    }
}

fn write<W: Wait>(
    call: &mut Call<'_, W>,
    request: &Request,
    route: &Route,
    into: &mut Vec<u8>,
) -> Result<Ahead> {
    let forwarder = route.road().forwarder();
    let for_proxy = forwarder.and_then(|proxy| proxy_fields(proxy, request, &mut call.tried));
    let mut start = started(&call.fields, forwarder.map(|proxy| &**proxy), request);
    start.more = for_proxy.as_deref().unwrap_or_default();
    let body = match &request.body {
        Body::Whole(bytes) => Some(&bytes[..]),
        _ => None,
    };
    Ok(Ahead::write(&request.head, body, &start, into)?)
}

/// An exchange failed that had others behind it, or was behind one: what that says of the origin.
#[cold]
pub(super) fn judge(connection: &Connection, behind: bool, answered: bool, kind: ErrorKind) {
    let followed = || connection.pipeline.as_ref().is_some_and(|own| own.line.len() > 0);
    let fault = match kind {
        ErrorKind::ConnectionClosed | ErrorKind::ConnectionReset if !answered => Fault::Ended,
        ErrorKind::ReadTimeout if behind && !answered => Fault::Unanswered,
        ErrorKind::InvalidResponseHead | ErrorKind::InvalidFraming if behind => Fault::Unanswered,
        _ => return,
    };
    if behind || followed() {
        connection.memory().pipelining.failed(Instant::now(), fault);
    }
}
