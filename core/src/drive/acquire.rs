//! The wait for a connection: for how long, and what is said when it was too long.

use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::connection::manager::ClientPool;
use crate::connection::manager::ConnectionManager;
use crate::deadline::{Deadline, Deadlines, show};
use crate::drive::wait::{Stopped, Wait};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::origin::Origin;
use crate::pool::{Grant, Standing, Ticket};

/// Waits until the ticket is served. Two limits: `queue_timeout` from when the wait `started`, and
/// `queue_stall_timeout` from when the queue last moved. Neither counts while a connection is being
/// opened for the ticket, which has a limit of its own.
pub(super) async fn granted<W: Wait>(
    ticket: &mut Ticket<ConnectionManager>,
    pool: &ClientPool,
    wait: &mut W,
    deadlines: &Deadlines,
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
