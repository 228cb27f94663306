//! How the pool opens a connection, and closes one that it gives up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::auth::tries::Tries;
use crate::connection::dial_watch::DialWatch;
use crate::connection::follow_dns::follow;
use crate::connection::graceful_close::close_gracefully;
use crate::connection::limits;
use crate::connection::manager::{ClientPool, ConnectionManager};
use crate::connection::tunnel::{self, Opened};
use crate::connection::{Connection, idle_reaper, stay};
use crate::deadline::Deadline;
use crate::engine::cancel::panicked;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::connect::dialled::Dialled;
use crate::net::connect::socks::{Socks, SocksTarget};
use crate::net::resolver::{Names, shown};
use crate::net::socket::Binding;
use crate::net::steps::{Step, StepWatch};
use crate::origin::proxy::{ProxyScheme, ProxyServer};
use crate::origin::route::{Address, Proxy, ProxyKind, Road, Route, Source};
use crate::origin::{Origin, Scheme};
use crate::pool::{DialOrder, EvictReason, Manager, Witness};
use crate::stats::CloseCause;

impl Manager for ConnectionManager {
    type Key = Route;
    type Connection = Box<Connection>;
    type Error = Error;

    fn dial(pool: &Arc<ClientPool>, route: Route, order: DialOrder, witness: Witness) {
        let watch = DialWatch::of(pool, witness);
        let permit = Permit { pool: pool.clone(), order: Some(order), watch: watch.clone() };
        let job = async move {
            let began = Instant::now();
            let deadline = Deadline::after(began, order.limit, ErrorKind::ConnectTimeout);
            let watch = watch.map(|watch| watch as Arc<dyn StepWatch>);
            let work = reach(&permit.pool.manager, &route, watch);
            let result = match deadline.at {
                None => work.await,
                Some(at) => tokio::time::timeout_at(at.into(), work)
                    .await
                    .unwrap_or_else(|_| Err(late(&deadline, &route))),
            };
            match result {
                Ok(dialled) => permit.dialled(&route, dialled, began),
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
async fn reach(
    manager: &ConnectionManager,
    route: &Route,
    watch: Option<Arc<dyn StepWatch>>,
) -> Result<Dialled> {
    let mut tried = Tries::default();
    loop {
        // A proxy that asks for other credentials is dialled anew, and asks no more often than it may.
        if let Some(dialled) = go(manager, route, &watch, &mut tried).await? {
            return Ok(dialled);
        }
    }
}

/// Goes along it once; `None` when a proxy is to be asked again.
async fn go(
    manager: &ConnectionManager,
    route: &Route,
    watch: &Option<Arc<dyn StepWatch>>,
    tried: &mut Tries,
) -> Result<Option<Dialled>> {
    let ConnectionManager { process, resolver, tls, config, socket_hook, .. } = manager;
    let (origin, Road { via, address, source, tls: own }) = (&route.origin, route.road());
    let tls = own.0.as_ref().unwrap_or(tls);
    let via = via.0.as_deref().unwrap_or_default();
    let names = Names { resolver, dns: &process.dns, reachability: &process.reachability };
    let (hook, watch) = (socket_hook.get().cloned(), watch.clone());
    let mut binding = Binding { hook, watch, ..Binding::default() };
    if let Some(Source { address, interface }) = source.as_deref() {
        (binding.address, binding.interface) = (*address, interface.clone());
    }
    let (host, port) = match address {
        Address::Other(host, port) => (&**host, *port),
        _ => (&*origin.host, origin.port),
    };
    let mut made = match (address, via.first()) {
        (Address::Unix(path), _) => Dialled::to_unix(path, &binding).await?,
        (_, Some(Proxy { server, .. })) => {
            let Origin { host, port, .. } = &*server.origin;
            let reached = Dialled::to_name(host, *port, names, &binding).await;
            reached.map_err(|error| at_proxy(error, server))?
        }
        (Address::Name | Address::Other(..), None) => {
            Dialled::to_name(host, port, names, &binding).await?
        }
    };
    for (at, Proxy { kind, server }) in via.iter().enumerate() {
        if server.scheme == ProxyScheme::Https {
            let Origin { host, port, .. } = &*server.origin;
            binding.tell(&Step::Securing(host));
            let secured = made.tls(host, *port, tls.of_proxies(), &process.tls, false).await;
            binding.tell(&Step::Secured(secured.as_ref().err()));
            made = secured.map_err(|error| at_proxy(error, server))?;
        }
        if *kind == ProxyKind::Forward {
            return Ok(Some(made));
        }
        let (host, port) = match via.get(at + 1) {
            Some(next) => (next.server.origin.server_name(), next.server.origin.port),
            None => (host.split('%').next().unwrap_or(host), port),
        };
        if server.scheme.is_http() {
            let target = shown(host, port);
            let asked = Instant::now();
            made = match tunnel::open(made, server, &target, limits(config), tried).await? {
                Opened::Tunnel(made) => *made,
                Opened::Asked => return Ok(None),
            };
            made.connect += asked.elapsed();
        } else {
            made = socks(made, server, host, port, names).await?;
        }
    }
    if origin.scheme == Scheme::Https {
        binding.tell(&Step::Securing(&origin.host));
        let secured = made.tls(&origin.host, origin.port, tls, &process.tls, true).await;
        binding.tell(&Step::Secured(secured.as_ref().err()));
        made = secured?;
    }
    Ok(Some(made))
}

/// The time is over; whoever is on the way may be whom it waited for.
fn late(deadline: &Deadline, route: &Route) -> Error {
    let error = deadline.error(Phase::Connect, &route.origin);
    match route.road().via.0.as_deref() {
        Some([Proxy { server, .. }, ..]) => {
            error.with_note(&format!("by way of the proxy {server}"))
        }
        _ => error,
    }
}

/// What failed on the way to a proxy, not to the server.
fn at_proxy(error: Error, proxy: &ProxyServer) -> Error {
    error.with_note(&format!("that is the proxy {proxy}"))
}

async fn socks(
    made: Dialled,
    server: &ProxyServer,
    host: &str,
    port: u16,
    names: Names<'_>,
) -> Result<Dialled> {
    let version = match server.scheme {
        ProxyScheme::Socks4 | ProxyScheme::Socks4a => 4,
        _ => 5,
    };
    let login = server.login.as_ref();
    let login = login.map(|login| (login.user.as_str(), login.password.as_str()));
    let proxy = Socks { version, login, shown: format!("proxy {server}") };
    let by_name = matches!(server.scheme, ProxyScheme::Socks4a | ProxyScheme::Socks5h);
    if by_name {
        return made.socks(&proxy, SocksTarget::Name(host, port)).await;
    }
    let answer = names.resolve(host, port, None).await?;
    let fits = |address: &&SocketAddr| version == 5 || address.is_ipv4();
    let Some(address) = answer.addresses.iter().find(fits) else {
        let text = format!("proxy {server} reaches IPv4 addresses only, and {host} has none");
        return Err(Error::new(ErrorKind::ProxyFailed, Phase::Connect, text));
    };
    made.socks(&proxy, SocksTarget::Address(*address)).await
}

/// A dial under way: it ends in a connection or in an error for whoever waits for it, also when its
/// job panics.
struct Permit {
    pool: Arc<ClientPool>,
    order: Option<DialOrder>,
    watch: Option<Arc<DialWatch>>,
}

impl Permit {
    fn dialled(mut self, route: &Route, dialled: Dialled, began: Instant) {
        let (pool, now) = (self.pool.clone(), Instant::now());
        let manager = &pool.manager;
        let memory = manager.process.origins.of(&route.origin);
        memory.forget(now);
        #[cfg(test)]
        assert_ne!(route.origin.host, crate::connection::tests::PANICS, "asked for");
        let address = follow(&pool, route, &dialled);
        let id = manager.process.next_connection_id();
        let numbered = (id, began);
        let connection =
            Connection::new(numbered, route, dialled, &manager.config, memory, address);
        let connection = Box::new(connection);
        manager.opened(&connection, &route.origin);
        let until = connection.idle_until(&manager.config, now);
        // Whoever waits may give up the observer at once.
        self.watch = None;
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
            if let Some(watch) = self.watch.take() {
                watch.failed(&error);
            }
            self.pool.dial_failed(order, error);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.end(panicked());
    }
}
