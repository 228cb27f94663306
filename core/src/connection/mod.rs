//! A pooled connection: socket, TLS and protocol machine together, and what the pool does with it.

pub(crate) mod graceful_close;
pub(crate) mod idle_reaper;
pub(crate) mod lease;
pub(crate) mod parked_body;
mod snapshot;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use keepalive_proto::{Connection as Machine, Limits};

use crate::config::{ClientConfig, MAX_TIME};
use crate::connection::idle_reaper::Watch;
pub(crate) use crate::connection::lease::Lease;
use crate::connection::parked_body::Unread;
use crate::deadline::Deadline;
use crate::engine::cancel::panicked;
use crate::engine::{engine, next_connection_id};
use crate::error::Phase;
use crate::error::{Error, ErrorKind};
use crate::fork;
use crate::net::busy_poll::Pace;
use crate::net::dial::{Dialled, dial};
use crate::net::resolver::Resolver;
use crate::net::socket::{Io, Layer, Probe};
use crate::net::tls::TlsSettings;
use crate::origin::dns_refresh::{Names, Route};
use crate::origin::state::{Hint, Memory};
use crate::origin::{Origin, Scheme};
use crate::pool::{Caps, DialOrder, Idle, Keeper, Moment, Pool, Why};
use crate::stats::Closed;

/// Idle times and ages without a limit end here.
pub(crate) const FOREVER: Duration = MAX_TIME;

pub(crate) type ClientPool = Pool<ClientKeeper>;

/// One connection, from dial to close.
pub(crate) struct Connection {
    pub id: u64,
    pub http: Machine,
    pub layer: Layer,
    pub io: Io,
    /// Bytes the kernel took from us, TLS and all.
    pub wire: u64,
    /// Responses completed.
    pub served: u64,
    /// Spent on resolving, connecting and the TLS handshake.
    pub dialled: [Duration; 3],
    /// Not to be reused from then on (`max_age` with its jitter).
    retires: Instant,
    /// The server's address.
    pub peer: SocketAddr,
    /// Where its name leads; `None` when that is not looked up again.
    route: Option<Route>,
    /// `Keep-Alive: max=M`: how many requests it may carry in all.
    max_requests: Option<u64>,
    /// What its server said of how long it may idle.
    hint: Hint,
    /// When it last became idle.
    idle_since: Moment,
    /// What is known of its origin.
    memory: Arc<Memory>,
    pub generation: u64,
}

/// A number in 0..1 for jitter; a cheap spread is enough, consecutive connections differ.
fn spread(id: u64) -> f64 {
    (id.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 16_777_216.0
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            self.io.abandon();
        }
    }
}

impl Connection {
    fn new(
        mut dialled: Dialled,
        config: &ClientConfig,
        memory: Arc<Memory>,
        route: Option<Route>,
    ) -> Connection {
        let id = next_connection_id();
        let jitter = 0.8 + 0.4 * spread(id);
        dialled.io.pace = Pace::new(Duration::from_micros(config.busy_poll));
        let age = config.max_age.map_or(FOREVER, |age| age.min(FOREVER).mul_f64(jitter));
        Connection {
            id,
            http: Machine::new(Limits {
                head_bytes: usize::try_from(config.max_head_size).unwrap_or(usize::MAX),
                fields: usize::try_from(config.max_fields).unwrap_or(usize::MAX),
            }),
            layer: dialled.layer,
            io: dialled.io,
            wire: 0,
            served: 0,
            dialled: [dialled.resolve, dialled.connect, dialled.tls],
            retires: Instant::now() + age,
            peer: dialled.peer,
            route,
            max_requests: None,
            hint: Hint::Unknown,
            idle_since: Moment::now(),
            memory,
            generation: fork::generation(),
        }
    }

    /// Says goodbye and closes, unless it is a forked parent's.
    pub fn close(mut self: Box<Self>) {
        if self.generation == fork::generation() {
            let Connection { layer, io, .. } = &mut *self;
            layer.close(io.fd());
        }
    }

    /// It was found dead while idle: the server's limit is at most that age.
    pub fn learn_from(&self, reason: Closed) {
        if matches!(reason, Closed::IdleEof | Closed::IdleReset) {
            let now = Instant::now();
            self.memory.ended(now, now.saturating_duration_since(self.idle_since.now));
        }
    }

    /// It died under a request on reuse.
    pub fn died_on_reuse(&self, leased_at: Instant, config: &ClientConfig) {
        let age = leased_at.saturating_duration_since(self.idle_since.now);
        self.memory.failed(Instant::now(), age, config.idle_timeout.unwrap_or(FOREVER));
    }

    /// How long it has idled.
    pub fn idled(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.idle_since.now)
    }

    /// Whether it was there at that time, so that its handshakes cost a request from then nothing.
    pub fn was_ready(&self, at: Instant) -> bool {
        self.idle_since.now <= at
    }

    /// What is known of its origin.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Whether the next request is the last the server allows (`Keep-Alive: max=M`), and should
    /// say so.
    pub fn is_last_request(&self) -> bool {
        self.max_requests.is_some_and(|max| self.served + 1 >= max)
    }

    /// How long it may idle from `now` on: the option, what is known of the server, and its age.
    pub fn idle_until(&self, config: &ClientConfig, now: Instant) -> Instant {
        let option = config.idle_timeout.unwrap_or(FOREVER);
        let (idle, _) = self.memory.limit(option, self.hint, now);
        let until = self.retires.min(now + idle.min(FOREVER));
        self.route.as_ref().and_then(Route::ends).map_or(until, |ends| until.min(ends))
    }

    /// The answer for its name changed: `until` is when its stay in the pool ends.
    pub fn look_at_address(&mut self, config: &ClientConfig, now: Instant, until: &mut Moment) {
        let spread = spread(self.id);
        if let Some(route) = &mut self.route {
            route.look(now, spread);
        }
        *until = moment(self.idle_since, self.idle_until(config, self.idle_since.now));
    }

    /// What ended its life, if it is over at `now`.
    pub fn outlived(&self, now: Instant) -> Option<Closed> {
        if now >= self.retires {
            return Some(Closed::MaxAge);
        }
        let left = self.route.as_ref().and_then(Route::ends).is_some_and(|ends| now >= ends);
        left.then_some(Closed::DnsChanged)
    }

    /// Whether it may be kept after the exchange that just ended, and until when.
    pub fn keep_until(&mut self, config: &ClientConfig, now: Instant) -> Result<Instant, Closed> {
        self.http.reuse().map_err(Closed::Protocol)?;
        let hint = self.http.keep_alive_hint();
        self.served += 1;
        if let Some(max) = hint.max {
            // Servers send the number that is left or a constant total; the smaller reading is
            // right for both.
            let limit = (self.served - 1).saturating_add(max);
            self.max_requests = Some(self.max_requests.map_or(limit, |known| known.min(limit)));
        }
        if self.max_requests.is_some_and(|max| self.served >= max) {
            return Err(Closed::MaxRequests);
        }
        if let Some(route) = &mut self.route {
            route.look(now, spread(self.id));
        }
        if let Some(reason) = self.outlived(now) {
            return Err(reason);
        }
        if let Some(timeout) = hint.timeout {
            // The server counts from when it sent, we from when we received.
            let margin = Duration::from_secs(1).max(self.dialled[1] * 2);
            let limit = Duration::from_secs(timeout).saturating_sub(margin);
            self.hint = Hint::Limit(limit);
            self.memory.hinted(now, limit);
        } else if self.hint == Hint::Unknown {
            self.hint = Hint::None;
        }
        let until = self.idle_until(config, now);
        if until <= now {
            return Err(Closed::IdleTimeout);
        }
        Ok(until)
    }
}

/// What the pool of a client does with its connections.
pub(crate) struct ClientKeeper {
    pub config: Arc<ClientConfig>,
    tls: Arc<TlsSettings>,
    pub counters: Counters,
    pub watch: Arc<Watch>,
    pub names: Names,
    pub unread: Unread,
    pub resolver: Arc<Resolver>,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub opened: AtomicU64,
    pub reused: AtomicU64,
    pub stale: AtomicU64,
    pub replayed: AtomicU64,
    pub retried: AtomicU64,
    pub hedged: AtomicU64,
    closed: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counters {
    pub fn by_reason(&self) -> Vec<(&'static str, u64)> {
        let closed = self.closed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        closed.iter().map(|(name, count)| (*name, *count)).collect()
    }

    pub fn closed(&self, reason: Closed) {
        let mut closed = self.closed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *closed.entry(reason.name()).or_default() += 1;
    }
}

/// A pool for one fork generation of a client.
pub(crate) fn open_pool(
    config: &Arc<ClientConfig>,
    tls: &Arc<TlsSettings>,
    resolver: &Arc<Resolver>,
) -> Arc<ClientPool> {
    let count = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let caps = Caps {
        per_host: count(config.max_per_host),
        total: count(config.max_total).min(descriptors() / 2).max(1),
        dials_per_host: count(config.max_dials_per_host),
        waiters: count(config.queue_limit),
    };
    let pool = Pool::new(
        caps,
        ClientKeeper {
            config: config.clone(),
            tls: tls.clone(),
            counters: Counters::default(),
            watch: Arc::default(),
            names: Names::new(config.dns_ttl),
            unread: Unread::new(config.body_idle_timeout),
            resolver: resolver.clone(),
        },
    );
    graceful_close::remember(&pool);
    pool
}

/// How many descriptors the process may have open; the host needs some too.
fn descriptors() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

impl Keeper for ClientKeeper {
    type Key = Arc<Origin>;
    type Connection = Box<Connection>;
    type Error = Error;

    fn dial(pool: &Arc<ClientPool>, origin: Arc<Origin>, order: DialOrder) {
        let permit = Permit { pool: pool.clone(), order: Some(order) };
        let job = async move {
            let Permit { pool, .. } = &permit;
            let started = Instant::now();
            let deadline = Deadline::after(started, order.limit, ErrorKind::ConnectTimeout);
            let tls = (origin.scheme == Scheme::Https).then_some(&*pool.keeper.tls);
            let work = dial(&origin.host, origin.port, tls, &pool.keeper.resolver);
            let result = match deadline.at {
                None => work.await,
                Some(at) => tokio::time::timeout_at(at.into(), work)
                    .await
                    .unwrap_or_else(|_| Err(deadline.error(Phase::Connect, &origin))),
            };
            match result {
                Ok(dialled) => {
                    let memory = Memory::of(&origin).unwrap_or_default();
                    memory.forget(Instant::now());
                    #[cfg(test)]
                    assert_ne!(origin.host, tests::PANICS, "asked for");
                    let route = pool.route(&origin, dialled.peer.ip(), &dialled.answer);
                    let config = &pool.keeper.config;
                    let connection = Box::new(Connection::new(dialled, config, memory, route));
                    pool.keeper.counters.opened.fetch_add(1, Ordering::Relaxed);
                    let now = Instant::now();
                    let until = connection.idle_until(&pool.keeper.config, now);
                    let pool = pool.clone();
                    permit.dialled(stay(connection, now, until));
                    pool.keeper.watch.arm(&pool);
                }
                Err(error) => permit.failed(error),
            }
        };
        match engine() {
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
        graceful_close::part(connection);
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

/// `until` on both clocks, counted from `since`.
fn moment(since: Moment, until: Instant) -> Moment {
    let span = until.saturating_duration_since(since.now);
    Moment { now: until, wall: since.wall.checked_add(span).unwrap_or(since.wall) }
}

pub(crate) fn stay(
    mut connection: Box<Connection>,
    since: Instant,
    until: Instant,
) -> Idle<Box<Connection>> {
    let since = Moment { now: since, wall: SystemTime::now() };
    connection.idle_since = since;
    let until = moment(since, until);
    let registered = connection.io.watch().is_some();
    Idle { connection, since, until, registered, stay: 0, watched: false }
}

pub(crate) fn probe(connection: &mut Connection) -> Result<(), Closed> {
    let Connection { layer, io, .. } = connection;
    match layer.probe(io.fd()) {
        Probe::Alive => Ok(()),
        Probe::Eof => Err(Closed::IdleEof),
        Probe::Reset => Err(Closed::IdleReset),
        Probe::StrayBytes => Err(Closed::StrayBytes),
    }
}

#[cfg(test)]
mod tests;
