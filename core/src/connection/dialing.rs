//! How the pool opens a connection, and closes one that it gives up.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::connection::follow_dns::follow;
use crate::connection::graceful_close::close_gracefully;
use crate::connection::manager::{ClientPool, ConnectionManager};
use crate::connection::{Connection, idle_reaper, stay};
use crate::deadline::Deadline;
use crate::engine::cancel::panicked;
use crate::error::{Error, ErrorKind, Phase};
use crate::net::dial::dial;
use crate::origin::{Origin, Scheme};
use crate::pool::{DialOrder, Idle, Manager, Why};
use crate::stats::Closed;

impl Manager for ConnectionManager {
    type Key = Arc<Origin>;
    type Connection = Box<Connection>;
    type Error = Error;

    fn dial(pool: &Arc<ClientPool>, origin: Arc<Origin>, order: DialOrder) {
        let permit = Permit { pool: pool.clone(), order: Some(order) };
        let job = async move {
            let Permit { pool, .. } = &permit;
            let started = Instant::now();
            let deadline = Deadline::after(started, order.limit, ErrorKind::ConnectTimeout);
            let tls = (origin.scheme == Scheme::Https)
                .then_some((&*pool.manager.tls, &pool.manager.process.tls));
            let dns = &pool.manager.process.dns;
            let work = dial(&origin.host, origin.port, tls, &pool.manager.resolver, dns);
            let result = match deadline.at {
                None => work.await,
                Some(at) => tokio::time::timeout_at(at.into(), work)
                    .await
                    .unwrap_or_else(|_| Err(deadline.error(Phase::Connect, &origin))),
            };
            match result {
                Ok(dialled) => {
                    let process = pool.manager.process;
                    let memory = process.origins.of(&origin);
                    memory.forget(Instant::now());
                    #[cfg(test)]
                    assert_ne!(origin.host, crate::connection::tests::PANICS, "asked for");
                    let address = follow(pool, &origin, dialled.peer.ip(), &dialled.answer);
                    let config = &pool.manager.config;
                    let connection = Box::new(Connection::new(
                        process.next_connection_id(),
                        dialled,
                        config,
                        memory,
                        address,
                    ));
                    pool.manager.counters.opened.fetch_add(1, Ordering::Relaxed);
                    let now = Instant::now();
                    let until = connection.idle_until(&pool.manager.config, now);
                    let pool = pool.clone();
                    permit.dialled(stay(connection, now, until));
                    idle_reaper::arm(&pool);
                }
                Err(error) => permit.failed(error),
            }
        };
        match pool.manager.process.engine() {
            Ok(engine) => engine.spawn(job),
            Err(error) => pool.dial_failed(order, error),
        }
    }

    fn close(&self, connection: Box<Connection>, why: Why) {
        self.counters.closed(match why {
            Why::IdleTimeout => connection.outlived(Instant::now()).unwrap_or(Closed::IdleTimeout),
            Why::Evicted => Closed::Evicted,
            Why::PoolClosed => Closed::ByClient,
        });
        close_gracefully(self.process, connection);
    }
}

/// A dial under way: it ends in a connection or in an error for whoever waits for it, also when its
/// job panics.
struct Permit {
    pool: Arc<ClientPool>,
    order: Option<DialOrder>,
}

impl Permit {
    fn dialled(mut self, idle: Idle<Box<Connection>>) {
        if let Some(order) = self.order.take() {
            self.pool.dialled(order, idle);
        }
    }

    fn failed(mut self, error: Error) {
        self.end(error);
    }

    fn end(&mut self, error: Error) {
        if let Some(order) = self.order.take() {
            self.pool.dial_failed(order, error);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.end(panicked());
    }
}
