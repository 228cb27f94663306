//! A connection goes from the request in front to the one behind it (pipelining).

use std::sync::Arc;
use std::time::Instant;

use keepalive_proto::CloseReason;

use crate::connection::Connection;
use crate::connection::graceful_close::close_gracefully;
use crate::connection::line::Break;
use crate::connection::manager::ClientPool;
use crate::pool::HostId;
use crate::stats::CloseCause;

/// The exchange in front has ended well: the connection goes to the next one, or comes back.
#[cold]
pub(super) fn pass_on(
    pool: &Arc<ClientPool>,
    host: HostId,
    mut connection: Box<Connection>,
    now: Instant,
) -> Option<Box<Connection>> {
    let pipeline = connection.pipeline.clone()?;
    let id = connection.id;
    let Some(next) = pipeline.line.next(now) else {
        close(pool, host, id);
        if pipeline.outlet.has_pending() {
            // An answer came before its request had left: what is left of that would be in the way.
            end(pool, host, connection, CloseCause::Protocol(CloseReason::RequestUnfinished));
            return None;
        }
        return Some(connection);
    };
    if let Err(reason) = connection.go_on(next.note) {
        close(pool, host, id);
        pipeline.line.end(Some(next), Break::Closed);
        end(pool, host, connection, reason);
        return None;
    }
    match connection.outlived(now) {
        None => pool.line_moved(host, id, now),
        // Those under way are answered. Without that, one that is always busy would never retire.
        Some(_) => close(pool, host, id),
    }
    if let Some(connection) = next.give(connection) {
        (pipeline.unread)(host, connection);
    }
    None
}

fn end(pool: &Arc<ClientPool>, host: HostId, connection: Box<Connection>, reason: CloseCause) {
    pool.manager.closed(&connection, reason);
    close_gracefully(pool.manager.process, connection);
    pool.discard(host);
}

/// Nobody joins it any more.
pub(super) fn close(pool: &ClientPool, host: HostId, id: u64) {
    pool.close_line(host, id);
    pool.manager.pipelines.remove(id);
}

/// Its answer says that it is the last one: those behind need not wait for its end.
#[cold]
pub(crate) fn is_last(pool: &ClientPool, host: HostId, connection: &Connection) {
    if let Some(pipeline) = &connection.pipeline {
        close(pool, host, connection.id);
        pipeline.line.end(None, Break::Closed);
    }
}

/// The connection in front is given up: those behind hear of it.
#[cold]
pub(super) fn break_up(pool: &ClientPool, host: HostId, connection: &Connection) {
    if let Some(pipeline) = &connection.pipeline {
        close(pool, host, connection.id);
        pipeline.line.end(None, Break::Failed);
    }
}
