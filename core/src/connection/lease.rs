//! The lease an exchange holds on a connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keepalive_proto::{CloseReason, Eof};

use crate::connection::graceful_close::close_gracefully;
use crate::connection::handover::{break_up, pass_on};
use crate::connection::manager::ClientPool;
use crate::connection::{Connection, idle_reaper, probe, stay};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::fork;
use crate::observe::Event;
use crate::pool::HostId;
use crate::stats::CloseCause;

/// A checked-out connection. Dropping it discards the connection; only `check_in` returns it, so
/// forgetting is safe.
pub(crate) struct Lease {
    connection: Option<Box<Connection>>,
    host: HostId,
    pub pool: Arc<ClientPool>,
}

impl Lease {
    pub fn new(pool: Arc<ClientPool>, host: HostId, connection: Box<Connection>) -> Lease {
        Lease { connection: Some(connection), host, pool }
    }

    pub fn host(&self) -> HostId {
        self.host
    }

    #[inline]
    pub fn connection(&mut self) -> Result<&mut Connection> {
        if self.is_foreign() {
            return Err(Error::state("it belongs to the process this one was forked from"));
        }
        self.connection
            .as_deref_mut()
            .ok_or_else(|| Error::new(ErrorKind::Internal, Phase::Request, "the lease is over"))
    }

    /// Whether it belongs to the parent of this forked process.
    #[inline]
    pub fn is_foreign(&self) -> bool {
        self.connection.as_ref().is_some_and(|own| own.generation != fork::generation())
    }

    /// Whether the reactor watches it and has seen nothing, soon after its last use: servers end
    /// connections, and tell of it with stray bytes, when they have idled for long.
    pub fn is_quiet(&self, now: Instant) -> bool {
        self.connection.as_ref().is_some_and(|connection| {
            connection.io.is_quiet()
                && !connection.wire.transport.holds()
                && connection.idled(now) < Duration::from_millis(100)
        })
    }

    /// Whether other requests wait behind the one it carries.
    pub fn is_followed(&self) -> bool {
        let pipeline = self.connection.as_ref().and_then(|own| own.pipeline.as_ref());
        pipeline.is_some_and(|pipeline| pipeline.line.len() > 0)
    }

    /// Looks whether it is still alive; a dead one is discarded and counted.
    pub fn probed(mut self) -> Option<Lease> {
        let reason = match self.connection.as_deref_mut().map(probe) {
            Some(Ok(())) => return Some(self),
            Some(Err(reason)) => reason,
            None => return None,
        };
        if let Some(connection) = self.connection.take() {
            idle_reaper::bury(&self.pool, self.host, connection, reason);
        }
        None
    }

    /// Gives the connection back if it may be reused, else closes it; whether it was given back.
    pub fn check_in(mut self, now: Instant) -> bool {
        if self.is_foreign() {
            return false;
        }
        let Some(mut connection) = self.connection.take() else {
            return false;
        };
        let pool = &self.pool;
        if connection.pipeline.is_some() {
            match pass_on(pool, self.host, connection, now) {
                Some(back) => connection = back,
                None => return false,
            }
        }
        if connection.wire.transport.holds() {
            connection.wire.http.received_eof(Eof::Abrupt);
        }
        let kept = connection.keep_until(&pool.manager.config, now).and_then(|until| {
            connection.wire.http.recycle().map_err(CloseCause::Protocol).map(|()| until)
        });
        match kept {
            Ok(until) => {
                let number = connection.id;
                pool.check_in(self.host, stay(connection, now, until));
                idle_reaper::arm(pool);
                pool.manager.tell(&Event::Returned { connection: number });
                true
            }
            Err(reason) => {
                pool.manager.closed(&connection, reason);
                close_gracefully(pool.manager.process, connection);
                pool.discard(self.host);
                false
            }
        }
    }

    /// Returns an unused connection as it came.
    pub fn put_back(mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        let now = Instant::now();
        let until = connection.idle_until(&self.pool.manager.config, now);
        self.pool.check_in(self.host, stay(connection, now, until));
        idle_reaper::arm(&self.pool);
    }

    /// Takes the connection out of the pool for good: its place is free, it is the caller's to close.
    ///
    /// # Errors
    /// `InvalidState` in a forked child.
    pub fn detach(mut self) -> Result<Box<Connection>> {
        self.connection()?;
        let connection = self.connection.take().ok_or_else(|| Error::state("the lease is over"))?;
        self.pool.manager.closed(&connection, CloseCause::Protocol(CloseReason::Switched));
        self.pool.discard(self.host);
        Ok(connection)
    }

    /// Closes the connection for `reason`.
    pub fn discard(mut self, reason: CloseCause) {
        self.end(reason);
    }

    fn end(&mut self, reason: CloseCause) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        if connection.generation != fork::generation() {
            // A forked child: neither the pool nor the connection is ours to touch.
            drop(connection);
            return;
        }
        break_up(&self.pool, self.host, &connection);
        self.pool.manager.closed(&connection, reason);
        connection.close();
        self.pool.discard(self.host);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end(CloseCause::Abandoned);
    }
}
