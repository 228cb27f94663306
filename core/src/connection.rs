//! A pooled connection: socket, TLS and protocol machine together, what the pool does with it, and
//! the lease an exchange holds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use keepalive_proto::{Connection as Machine, Limits};

use crate::cancel::{caught, panicked};
use crate::config::ClientConfig;
use crate::deadline::Deadline;
use crate::error::Phase;
use crate::error::{Error, ErrorKind, Result};
use crate::fork;
use crate::keeper::Watch;
use crate::learn::Memory;
use crate::net::dial::{Dialled, dial};
use crate::net::pace::Pace;
use crate::net::socket::{Io, Layer, Probe};
use crate::net::tls::TlsSettings;
use crate::origin::{Origin, Scheme};
use crate::pool::{Caps, DialOrder, HostId, Idle, Keeper, Moment, Pool, Why};
use crate::runtime::{engine, next_connection_id};
use crate::stats::{Closed, OriginStats, Stats};

/// Idle times and ages without a limit end here.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

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
    /// `Keep-Alive: max=M`: how many requests it may carry in all.
    max_requests: Option<u64>,
    /// When it last became idle.
    idle_since: Moment,
    /// What is known of its origin.
    memory: Arc<Memory>,
    generation: u64,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            self.io.abandon();
        }
    }
}

impl Connection {
    fn new(mut dialled: Dialled, config: &ClientConfig, memory: Arc<Memory>) -> Connection {
        let id = next_connection_id();
        // A cheap spread is enough for jitter: consecutive connections differ.
        let jitter =
            0.8 + 0.4 * ((id.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 16_777_216.0);
        dialled.io.pace = Pace::new(Duration::from_micros(config.busy_poll));
        let age = config.max_age.map_or(FOREVER, |age| age.mul_f64(jitter).min(FOREVER));
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
            max_requests: None,
            idle_since: Moment::now(),
            memory,
            generation: fork::generation(),
        }
    }

    /// Says goodbye and closes, unless it is a forked parent's.
    fn close(mut self: Box<Self>) {
        if self.generation == fork::generation() {
            let Connection { layer, io, .. } = &mut *self;
            layer.close(io.fd());
        }
    }

    /// It was found dead while idle: the server's limit is at most that age.
    fn learn_from(&self, reason: Closed) {
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

    /// Whether the next request is the last the server allows (`Keep-Alive: max=M`), and should
    /// say so.
    pub fn is_last_request(&self) -> bool {
        self.max_requests.is_some_and(|max| self.served + 1 >= max)
    }

    /// How long it may idle from `now` on: the option, what is known of the server, and its age.
    fn idle_until(&self, config: &ClientConfig, now: Instant) -> Instant {
        let (idle, _) = self.memory.limit(config.idle_timeout.unwrap_or(FOREVER));
        self.retires.min(now + idle.min(FOREVER))
    }

    /// Whether it may be kept after the exchange that just ended, and until when.
    fn keep_until(
        &mut self,
        config: &ClientConfig,
        now: Instant,
    ) -> std::result::Result<Instant, Closed> {
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
        if now >= self.retires {
            return Err(Closed::MaxAge);
        }
        if let Some(timeout) = hint.timeout {
            // The server counts from when it sent, we from when we received.
            let margin = Duration::from_secs(1).max(self.dialled[1] * 2);
            self.memory.hinted(Some(Duration::from_secs(timeout).saturating_sub(margin)));
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
}

#[derive(Default)]
pub(crate) struct Counters {
    opened: AtomicU64,
    pub reused: AtomicU64,
    pub stale: AtomicU64,
    pub replayed: AtomicU64,
    pub retried: AtomicU64,
    closed: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counters {
    fn closed(&self, reason: Closed) {
        let mut closed = self.closed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *closed.entry(reason.name()).or_default() += 1;
    }
}

/// A pool for one fork generation of a client.
pub(crate) fn open_pool(config: &Arc<ClientConfig>, tls: &Arc<TlsSettings>) -> Arc<ClientPool> {
    let count = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let caps = Caps {
        per_host: count(config.max_per_host),
        total: count(config.max_total),
        dials_per_host: count(config.max_dials_per_host),
        waiters: count(config.queue_limit),
    };
    Pool::new(
        caps,
        ClientKeeper {
            config: config.clone(),
            tls: tls.clone(),
            counters: Counters::default(),
            watch: Arc::default(),
        },
    )
}

impl Keeper for ClientKeeper {
    type Key = Arc<Origin>;
    type Connection = Box<Connection>;
    type Error = Error;

    fn dial(pool: &Arc<ClientPool>, origin: Arc<Origin>, order: DialOrder) {
        let dialling = pool.clone();
        let job = async move {
            let pool = dialling;
            let started = Instant::now();
            let deadline = Deadline::after(started, order.limit, ErrorKind::ConnectTimeout);
            let tls = (origin.scheme == Scheme::Https).then_some(&*pool.keeper.tls);
            let work = async {
                let dialled = caught(dial(&origin.host, origin.port, tls)).await;
                dialled.unwrap_or_else(|| Err(panicked()))
            };
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
                    let connection =
                        Box::new(Connection::new(dialled, &pool.keeper.config, memory));
                    pool.keeper.counters.opened.fetch_add(1, Ordering::Relaxed);
                    let now = Instant::now();
                    let until = connection.idle_until(&pool.keeper.config, now);
                    pool.dialled(order, stay(connection, now, until));
                    pool.keeper.watch.arm(&pool);
                }
                Err(error) => pool.dial_failed(order, error),
            }
        };
        match engine() {
            Ok(engine) => engine.spawn(job),
            Err(error) => pool.dial_failed(order, error),
        }
    }

    fn close(&self, connection: Box<Connection>, why: Why) {
        self.counters.closed(match why {
            Why::IdleTimeout => Closed::IdleTimeout,
            Why::Evicted => Closed::Evicted,
            Why::PoolClosed => Closed::ByClient,
        });
        connection.close();
    }
}

fn stay(mut connection: Box<Connection>, since: Instant, until: Instant) -> Idle<Box<Connection>> {
    let since = Moment { now: since, wall: SystemTime::now() };
    connection.idle_since = since;
    let span = until.saturating_duration_since(since.now);
    let until = Moment { now: until, wall: since.wall.checked_add(span).unwrap_or(since.wall) };
    let registered = connection.io.watch().is_some();
    Idle { connection, since, until, registered, stay: 0, watched: false }
}

impl ClientPool {
    /// What every surface shows.
    pub fn stats(&self) -> Stats {
        let counters = &self.keeper.counters;
        // Counted before the moment is looked at: what was counted has left the pool by then.
        let closed: Vec<_> = {
            let closed = counters.closed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            closed.iter().map(|(name, count)| (*name, *count)).collect()
        };
        let option = self.keeper.config.idle_timeout;
        let now = Instant::now();
        let origins: Vec<OriginStats> = self
            .counts_by_key()
            .into_iter()
            .map(|(origin, counts)| {
                let memory = Memory::of(&origin).unwrap_or_default();
                memory.forget(now);
                let (limit, source) = memory.limit(option.unwrap_or(FOREVER));
                OriginStats {
                    origin: origin.to_string(),
                    waiting: counts.waiting as u64,
                    idle: counts.idle as u64,
                    active: counts.active as u64,
                    dialing: counts.dialing as u64,
                    idle_limit: (limit < FOREVER).then_some(limit),
                    idle_limit_source: source.name(),
                    breaker: memory.breaker_state(now).name(),
                }
            })
            .collect();
        let sum = |part: fn(&OriginStats) -> u64| origins.iter().map(part).sum();
        Stats {
            opened: counters.opened.load(Ordering::Relaxed),
            reused: counters.reused.load(Ordering::Relaxed),
            stale: counters.stale.load(Ordering::Relaxed),
            replayed: counters.replayed.load(Ordering::Relaxed),
            retried: counters.retried.load(Ordering::Relaxed),
            closed,
            waiting: sum(|origin| origin.waiting),
            idle: sum(|origin| origin.idle),
            active: sum(|origin| origin.active),
            dialing: sum(|origin| origin.dialing),
            origins,
        }
    }

    /// Closes the breakers of the origins in use.
    pub fn forget_failures(&self) {
        for (origin, _) in self.counts_by_key() {
            if let Ok(memory) = Memory::of(&origin) {
                memory.reset_breaker();
            }
        }
    }

    /// One of them died: siblings often die together, so each is looked at before it is used.
    pub fn examine_all(self: &Arc<Self>, origin: &Arc<Origin>) {
        for (host, stay) in self.stays(origin) {
            self.examine(host, stay);
        }
    }

    /// Judges an idle connection that the keeper saw move: it stays, or goes for its reason.
    pub fn examine(self: &Arc<Self>, host: HostId, number: u32) {
        let Some(mut idle) = self.take_stay(host, number) else {
            return;
        };
        match probe(&mut idle.connection) {
            Ok(()) => self.check_in(host, Idle { watched: false, ..idle }),
            Err(reason) => {
                idle.connection.learn_from(reason);
                self.keeper.counters.stale.fetch_add(1, Ordering::Relaxed);
                self.keeper.counters.closed(reason);
                idle.connection.close();
                self.discard(host);
            }
        }
    }
}

fn probe(connection: &mut Connection) -> std::result::Result<(), Closed> {
    let Connection { layer, io, .. } = connection;
    match layer.probe(io.fd()) {
        Probe::Alive => Ok(()),
        Probe::Eof => Err(Closed::IdleEof),
        Probe::Reset => Err(Closed::IdleReset),
        Probe::StrayBytes => Err(Closed::StrayBytes),
    }
}

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

    pub fn connection(&mut self) -> Result<&mut Connection> {
        if self.is_foreign() {
            return Err(Error::state("it belongs to the process this one was forked from"));
        }
        self.connection
            .as_deref_mut()
            .ok_or_else(|| Error::new(ErrorKind::Internal, Phase::Request, "the lease is over"))
    }

    /// Whether it belongs to the parent of this forked process.
    pub fn is_foreign(&self) -> bool {
        self.connection.as_ref().is_some_and(|own| own.generation != fork::generation())
    }

    /// Whether the reactor watches it and has seen nothing.
    pub fn is_quiet(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.io.is_quiet())
    }

    /// Looks whether it is still alive; a dead one is discarded and counted.
    pub fn probed(mut self) -> Option<Lease> {
        let reason = match self.connection.as_deref_mut().map(probe) {
            Some(Ok(())) => return Some(self),
            Some(Err(reason)) => reason,
            None => return None,
        };
        if let Some(connection) = &self.connection {
            connection.learn_from(reason);
        }
        self.pool.keeper.counters.stale.fetch_add(1, Ordering::Relaxed);
        self.discard(reason);
        None
    }

    /// Gives the connection back if it may be reused, else closes it.
    pub fn check_in(mut self, now: Instant) {
        if self.is_foreign() {
            return;
        }
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let pool = self.pool.clone();
        let kept = connection
            .keep_until(&pool.keeper.config, now)
            .and_then(|until| connection.http.recycle().map_err(Closed::Protocol).map(|()| until));
        match kept {
            Ok(until) => {
                pool.check_in(self.host, stay(connection, now, until));
                pool.keeper.watch.arm(&pool);
            }
            Err(reason) => {
                pool.keeper.counters.closed(reason);
                connection.close();
                pool.discard(self.host);
            }
        }
    }

    /// Returns an unused connection as it came.
    pub fn put_back(mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        let now = Instant::now();
        let until = connection.idle_until(&self.pool.keeper.config, now);
        self.pool.check_in(self.host, stay(connection, now, until));
        self.pool.keeper.watch.arm(&self.pool);
    }

    /// Closes the connection for `reason`.
    pub fn discard(mut self, reason: Closed) {
        self.end(reason);
    }

    fn end(&mut self, reason: Closed) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        if connection.generation != fork::generation() {
            // A forked child: neither the pool nor the connection is ours to touch.
            drop(connection);
            return;
        }
        self.pool.keeper.counters.closed(reason);
        connection.close();
        self.pool.discard(self.host);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end(Closed::Abandoned);
    }
}
