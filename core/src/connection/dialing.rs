//! How the pool opens a connection, and closes one that it gives up.

use std::sync::Arc;
use std::time::Instant;

use crate::connection::follow_dns::follow;
use crate::connection::graceful_close::close_gracefully;
use crate::connection::manager::{ClientPool, ConnectionManager};
use crate::connection::{Connection, idle_reaper, stay};
use crate::deadline::Deadline;
use crate::engine::cancel::panicked;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::connect::{Connector, Dialled, dial};
use crate::origin::Scheme;
use crate::origin::route::{Address, Proxy, Road, Route};
use crate::pool::{DialOrder, EvictReason, Manager};
use crate::stats::CloseCause;

impl Manager for ConnectionManager {
    type Key = Route;
    type Connection = Box<Connection>;
    type Error = Error;

    fn dial(pool: &Arc<ClientPool>, route: Route, order: DialOrder) {
        let permit = Permit { pool: pool.clone(), order: Some(order) };
        let job = async move {
            let deadline = Deadline::after(Instant::now(), order.limit, ErrorKind::ConnectTimeout);
            let work = reach(&permit.pool.manager, &route);
            let result = match deadline.at {
                None => work.await,
                Some(at) => tokio::time::timeout_at(at.into(), work)
                    .await
                    .unwrap_or_else(|_| Err(deadline.error(Phase::Connect, &route.origin))),
            };
            match result {
                Ok(dialled) => permit.dialled(&route, dialled),
                Err(error) => permit.failed(error),
            }
        };
        match pool.manager.process.engine() {
            Ok(engine) => engine.spawn(job),
            Err(error) => pool.dial_failed(order, error),
        }
    }

    fn close(&self, connection: Box<Connection>, why: EvictReason) {
        let reason = match why {
            EvictReason::IdleTimeout => {
                connection.outlived(Instant::now()).unwrap_or(CloseCause::IdleTimeout)
            }
            EvictReason::Evicted => CloseCause::Evicted,
            EvictReason::PoolClosed => CloseCause::ByClient,
        };
        self.closed(&connection, reason);
        close_gracefully(self.process, connection);
    }
}

/// Opens a connection along `route`.
async fn reach(manager: &ConnectionManager, route: &Route) -> Result<Dialled> {
    let ConnectionManager { process, resolver, tls, .. } = manager;
    let (origin, Road { via, address, .. }) = (&route.origin, route.road());
    let (mut host, mut port) = (&*origin.host, origin.port);
    if let Some(nearest) = via.0.as_deref().and_then(<[Proxy]>::first) {
        (host, port) = (&nearest.host, nearest.port);
    }
    let first = match address {
        Address::Name => Connector::Name { host, port, resolver, dns: &process.dns },
        Address::Literal(address) => Connector::Address(*address),
        Address::Unix(path) => Connector::Unix(path),
    };
    if origin.scheme == Scheme::Http || route.is_forwarded() {
        return dial(&[first]).await;
    }
    let (host, port, settings) = (&*origin.host, origin.port, &**tls);
    dial(&[first, Connector::Tls { host, port, settings, sessions: &process.tls }]).await
}

/// A dial under way: it ends in a connection or in an error for whoever waits for it, also when its
/// job panics.
struct Permit {
    pool: Arc<ClientPool>,
    order: Option<DialOrder>,
}

impl Permit {
    fn dialled(mut self, route: &Route, dialled: Dialled) {
        let (pool, now) = (self.pool.clone(), Instant::now());
        let manager = &pool.manager;
        let memory = manager.process.origins.of(&route.origin);
        memory.forget(now);
        #[cfg(test)]
        assert_ne!(route.origin.host, crate::connection::tests::PANICS, "asked for");
        let address = follow(&pool, route, &dialled);
        let id = manager.process.next_connection_id();
        let connection = Connection::new(id, route, dialled, &manager.config, memory, address);
        let connection = Box::new(connection);
        manager.opened(&connection);
        let until = connection.idle_until(&manager.config, now);
        if let Some(order) = self.order.take() {
            pool.dialled(order, stay(connection, now, until));
        }
        idle_reaper::arm(&pool);
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
