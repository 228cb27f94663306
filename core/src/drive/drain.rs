//! The drain rule: an unread body is read on the engine within limits, so that the connection can
//! be used again; a larger one closes it.

use std::time::{Duration, Instant};

use keepalive_proto::Event;

use crate::connection::Connection;
use crate::connection::lease::Lease;
use crate::deadline::Deadline;
use crate::drive::body::Live;
use crate::drive::wait::tokio::TokioWait;
use crate::drive::wait::{Wait, Want};
use crate::error::ErrorKind;
use crate::net::socket::Received;
use crate::process::process;
use crate::stats::CloseCause;

/// Bytes asked for at a time.
const READ: usize = 32 * 1024;

impl Live {
    /// Ends the response: what is left to do on the engine, if that was not decided at once.
    pub fn leave(&mut self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let _ = self.claim();
        let mut lease = self.lease.take()?;
        if lease.is_foreign() {
            return None;
        }
        let config = lease.pool.manager.config.clone();
        let left = lease.connection().ok()?.wire.http.body_remaining();
        let limit = config.drain_limit;
        if left.is_some_and(|left| left > limit) || config.drain_timeout == Some(Duration::ZERO) {
            lease.discard(CloseCause::Abandoned);
            return None;
        }
        Some(async move {
            let work = drain(&mut lease, limit);
            let done = match config.drain_timeout {
                None => work.await,
                Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or(false),
            };
            if done {
                lease.check_in(Instant::now());
            } else {
                lease.discard(CloseCause::Abandoned);
            }
        })
    }
}

/// Reads an answer that nobody waits for, and gives the connection to whoever is behind it: for as long
/// as those would wait.
pub(super) fn unread(mut lease: Lease) {
    let Ok(engine) = lease.pool.manager.process.engine() else { return };
    let config = lease.pool.manager.config.clone();
    engine.spawn(async move {
        let followed = lease.is_followed();
        let limit = if followed { config.queue_stall_timeout } else { config.drain_timeout };
        let work = drain(&mut lease, config.drain_limit);
        let done = match limit {
            None => work.await,
            Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or(false),
        };
        if done {
            lease.check_in(Instant::now());
        } else {
            lease.discard(CloseCause::Abandoned);
        }
    });
}

/// Never blocks the one who drops.
impl Drop for Live {
    fn drop(&mut self) {
        if let Some(work) = self.leave()
            && let Ok(engine) = process().engine()
        {
            engine.spawn(work);
        }
    }
}

async fn drain(lease: &mut Lease, limit: u64) -> bool {
    let Ok(mut wait) = lease.pool.manager.process.engine().map(TokioWait::new) else {
        return false;
    };
    let never = Deadline::from_now(None, ErrorKind::ReadTimeout);
    let Ok(connection) = lease.connection() else {
        return false;
    };
    if wait.adopt(&mut connection.io).is_err() {
        return false;
    }
    let Connection { wire, io, .. } = connection;
    let mut count = 0;
    loop {
        loop {
            match wire.http.poll_event() {
                Ok(Some(Event::Data(data))) => count += data.len() as u64,
                Ok(Some(Event::End)) => return true,
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return false,
            }
        }
        if count > limit {
            return false;
        }
        let received = std::future::poll_fn(|cx| {
            wait.poll_io(cx, io, Want::Read.of(&wire.transport), &never, &mut |fd, _| {
                Ok(wire.try_read(fd, READ)?.0)
            })
        })
        .await;
        match received {
            Ok(received) => {
                if let Received::Bytes(count) = received {
                    wait.spend(count);
                }
            }
            Err(_) => return false,
        }
    }
}
