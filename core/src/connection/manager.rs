//! What the pool of a client has beside its connections: settings, counters, names that are looked up
//! again, responses that wait to be read.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use once_cell::race::OnceBox;

use crate::config::ClientConfig;
use crate::connection::Connection;
use crate::connection::alarm::Alarm;
use crate::connection::parked_body::ParkedBodies;
use crate::connection::pipelines::Pipelines;
use crate::error::Result;
use crate::net::resolver::Resolver;
use crate::net::socket::SocketHook;
use crate::net::tls::TlsSettings;
use crate::observe::{Event, ObserverCell, tell};
use crate::origin::Origin;
use crate::origin::dns_refresh::DnsRefresh;
use crate::origin::nonces::Nonces;
use crate::pool::{Pool, PoolLimits};
use crate::process::Process;
use crate::request::redirect_hook::RedirectHook;
use crate::request::tls_options::TlsOptions;
use crate::roads::Roads;
use crate::stats::{CloseCause, Counters};
use crate::sync::lock;

/// TLS options of requests that are remembered, each with its sessions.
const OWN_TLS: usize = 64;

/// What the host does with new sockets, if anything.
pub(crate) type HookCell = OnceBox<Arc<SocketHook>>;

/// Who decides about redirects, if anybody.
pub(crate) type RedirectCell = OnceBox<Arc<dyn RedirectHook>>;

pub(crate) type ClientPool = Pool<ConnectionManager>;

/// What the pool of a client does with its connections.
pub(crate) struct ConnectionManager {
    pub process: &'static Process,
    pub config: Arc<ClientConfig>,
    pub tls: Arc<TlsSettings>,
    /// Those of requests with TLS options of their own.
    own_tls: Mutex<HashMap<Arc<TlsOptions>, Arc<TlsSettings>>>,
    pub resolver: Arc<Resolver>,
    pub roads: Roads,
    pub socket_hook: Arc<HookCell>,
    pub redirect_hook: Arc<RedirectCell>,
    /// Challenges of origins.
    pub nonces: Nonces,
    pub counters: Counters,
    pub alarm: Arc<Alarm>,
    pub names: DnsRefresh,
    pub parked: ParkedBodies,
    pub pipelines: Pipelines,
    /// Told of all that happens.
    pub observer: Arc<ObserverCell>,
}

impl Drop for ConnectionManager {
    fn drop(&mut self) {
        self.alarm.ring();
    }
}

impl ConnectionManager {
    /// The TLS settings of requests that have these options; the same ones for the same options.
    ///
    /// # Errors
    /// `InvalidArgument` names the option.
    pub fn tls_with(&self, own: &Arc<TlsOptions>) -> Result<Arc<TlsSettings>> {
        if let Some(known) = lock(&self.own_tls).get(own) {
            return Ok(known.clone());
        }
        let config = own.over(&self.config)?;
        let made = Arc::new(TlsSettings::new(&config, &self.process.tls)?);
        let mut known = lock(&self.own_tls);
        if known.len() >= OWN_TLS {
            known.clear();
        }
        Ok(known.entry(own.clone()).or_insert(made).clone())
    }

    /// A connection was opened.
    pub fn opened(&self, connection: &Connection, origin: &Origin) {
        self.counters.opened.fetch_add(1, Ordering::Relaxed);
        if self.observer.get().is_none() {
            return;
        }
        let (connection, [resolve, connect, tls]) = (connection.id, connection.opening.spent);
        let origin = origin.to_string();
        self.tell(&Event::Dialled { connection, origin: Some(&origin), resolve, connect, tls });
    }

    /// A connection is closed, for `reason`.
    pub fn closed(&self, connection: &Connection, reason: CloseCause) {
        self.counters.closed(reason);
        self.tell(&Event::Evicted { connection: connection.id, reason });
    }

    /// Something happened to a connection of the client.
    pub fn tell(&self, event: &Event<'_>) {
        self.tell_of(0, event);
    }

    /// Something happened to the request of that number.
    pub fn tell_of(&self, request: u64, event: &Event<'_>) {
        tell(self.observer.get(), request, event);
    }
}

/// A pool for one fork generation of a client.
pub(crate) fn open_pool(
    process: &'static Process,
    config: &Arc<ClientConfig>,
    tls: &Arc<TlsSettings>,
    (resolver, roads, hooks): (&Arc<Resolver>, Roads, (&Arc<HookCell>, &Arc<RedirectCell>)),
    observer: Arc<ObserverCell>,
) -> Arc<ClientPool> {
    let count = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let caps = PoolLimits {
        per_host: count(config.max_per_host),
        total: count(config.max_total).min(descriptors() / 2).max(1),
        dials_per_host: count(config.max_dials_per_host),
        waiters: count(config.queue_limit),
    };
    Pool::new(
        caps,
        ConnectionManager {
            process,
            config: config.clone(),
            tls: tls.clone(),
            own_tls: Mutex::default(),
            resolver: resolver.clone(),
            roads,
            socket_hook: hooks.0.clone(),
            redirect_hook: hooks.1.clone(),
            nonces: Nonces::default(),
            counters: Counters::default(),
            alarm: Arc::default(),
            names: DnsRefresh::new(config.dns_ttl),
            parked: ParkedBodies::new(config.body_idle_timeout),
            pipelines: Pipelines::default(),
            observer,
        },
    )
}

/// How many descriptors the process may have open; the host needs some too.
fn descriptors() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
