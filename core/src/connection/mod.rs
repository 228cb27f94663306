//! A pooled connection: socket, TLS and protocol machine together, and how long it may be kept.
//!
//! The rooms around it, from the bottom up: how it is closed (`graceful_close`), what a client's pool
//! has beside it (`manager`), who looks after the idle ones (`idle_reaper`), the lease of an exchange
//! (`lease`), responses that nobody reads (`parked_body`, `parked_lease`), and how one is opened
//! (`dialing`).

mod alarm;
pub(crate) mod detached;
mod dial_watch;
mod dialing;
pub(crate) mod ends;
pub(crate) mod exit;
mod follow_dns;
mod graceful_close;
pub(crate) mod handover;
pub(crate) mod idle_reaper;
pub(crate) mod lease;
pub(crate) mod line;
pub(crate) mod manager;
pub(crate) mod opening;
mod parked_body;
pub(crate) mod parked_lease;
pub(crate) mod pipelines;
mod snapshot;
pub(crate) mod tunnel;
pub(crate) mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use keepalive_proto::{Ahead, Connection as Machine, KeepAliveHint, Limits};

use crate::config::{ClientConfig, MAX_TIME};
use crate::connection::ends::Ends;
use crate::connection::line::Line;
use crate::connection::opening::Opening;
use crate::connection::wire::Wire;
use crate::fork;
use crate::net::busy_poll::Pace;
use crate::net::connect::dialled::Dialled;
use crate::net::outlet::Outlet;
use crate::net::socket::Io;
use crate::net::tls::info::TlsInfo;
use crate::net::transport::Probe;
use crate::origin::Scheme;
use crate::origin::dns_refresh::PeerAddress;
use crate::origin::proxy::ProxyServer;
use crate::origin::route::Route;
use crate::origin::state::{Hint, OriginState};
use crate::pool::{HostId, Idle, Moment};
use crate::stats::CloseCause;

/// Idle times and ages without a limit end here.
pub(crate) const FOREVER: Duration = MAX_TIME;

/// One connection, from dial to close.
pub(crate) struct Connection {
    pub id: u64,
    pub wire: Wire,
    pub io: Io,
    /// Responses completed.
    pub served: u64,
    pub opening: Opening,
    /// Both its ends, as they are told.
    pub ends: Arc<Ends>,
    /// What TLS with the server was agreed on; made once, shared by the responses.
    pub tls: Option<Arc<TlsInfo>>,
    /// That is not known yet: its handshake was left open for its first request.
    tls_open: bool,
    /// Not to be reused from then on (`max_age` with its jitter).
    retires: Instant,
    /// Whom it goes to; `None` for a Unix domain socket.
    pub peer: Option<SocketAddr>,
    /// Who forwards its requests; their targets are in absolute-form then.
    pub forwarder: Option<Arc<ProxyServer>>,
    /// Where its name leads; `None` when that is not looked up again.
    address: Option<PeerAddress>,
    /// `Keep-Alive: max=M`: how many requests it may carry in all.
    max_requests: Option<u64>,
    /// What its server said of how long it may idle.
    hint: Hint,
    /// When it last became idle.
    idle_since: Moment,
    /// What is known of its origin.
    memory: Arc<OriginState>,
    pub generation: u64,
    /// Requests behind the one it carries, if it ever had any.
    pub pipeline: Option<Arc<Pipeline>>,
}

/// What a connection has beside others when requests are sent behind the one that it carries.
pub(crate) struct Pipeline {
    pub line: Line<Ahead, Box<Connection>>,
    pub outlet: Arc<Outlet>,
    /// Reads an answer that nobody waits for, and hands the connection on.
    pub unread: Box<dyn Fn(HostId, Box<Connection>) + Send + Sync>,
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

/// Of what servers and proxies may send.
fn limits(config: &ClientConfig) -> Limits {
    Limits {
        head_bytes: usize::try_from(config.max_head_size).unwrap_or(usize::MAX),
        fields: usize::try_from(config.max_fields).unwrap_or(usize::MAX),
    }
}

impl Connection {
    /// A connection just opened along `route` by a dial that began then; `id` is its number in the
    /// process.
    pub fn new(
        (id, began): (u64, Instant),
        route: &Route,
        mut dialled: Dialled,
        config: &ClientConfig,
        memory: Arc<OriginState>,
        address: Option<PeerAddress>,
    ) -> Connection {
        let spent = [dialled.resolve, dialled.connect, dialled.tls];
        let ends = Arc::new(Ends::of(&dialled.io, route, dialled.peer));
        let jitter = 0.8 + 0.4 * spread(id);
        dialled.io.pace = Pace::new(Duration::from_micros(config.busy_poll));
        let age = config.max_age.map_or(FOREVER, |age| age.min(FOREVER).mul_f64(jitter));
        // TLS with a proxy that forwards is none with the server.
        let secure = route.origin.scheme == Scheme::Https;
        let open = dialled.transport.is_handshaking();
        let known = secure && !open;
        let tls = known.then(|| dialled.transport.tls_info()).flatten().map(Arc::new);
        Connection {
            id,
            wire: Wire {
                http: Machine::new(limits(config)),
                transport: dialled.transport,
                written: 0,
                sent: 0,
                received: 0,
                outlet: None,
            },
            io: dialled.io,
            served: 0,
            opening: Opening { began, ready: Instant::now(), spent },
            ends,
            tls,
            tls_open: open,
            retires: Instant::now() + age,
            peer: dialled.peer,
            forwarder: route.road().forwarder().cloned(),
            address,
            max_requests: None,
            hint: Hint::Unknown,
            idle_since: Moment::now(),
            memory,
            generation: fork::generation(),
            pipeline: None,
        }
    }

    /// What TLS was agreed on, for an answer that has come.
    pub fn tls_of_answer(&mut self) -> Option<Arc<TlsInfo>> {
        if std::mem::take(&mut self.tls_open) {
            let first = self.wire.transport.tls_info()?;
            // The next requests did not travel with the handshake.
            self.tls = Some(Arc::new(first.clone().later()));
            return Some(Arc::new(first));
        }
        self.tls.clone()
    }

    /// Says goodbye and closes, unless it is a forked parent's.
    pub fn close(mut self: Box<Self>) {
        if self.generation == fork::generation() {
            let Connection { wire, io, .. } = &mut *self;
            wire.transport.close(io.fd());
        }
    }

    /// It was found dead while idle: the server's limit is at most that age.
    pub fn learn_from(&self, reason: CloseCause) {
        if matches!(reason, CloseCause::IdleEof | CloseCause::IdleReset) {
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
    pub fn memory(&self) -> &Arc<OriginState> {
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
        self.address.as_ref().and_then(PeerAddress::ends).map_or(until, |ends| until.min(ends))
    }

    /// The answer for its name changed: `until` is when its stay in the pool ends.
    pub fn look_at_address(&mut self, config: &ClientConfig, now: Instant, until: &mut Moment) {
        let spread = spread(self.id);
        if let Some(address) = &mut self.address {
            address.look(now, spread);
        }
        *until = moment(self.idle_since, self.idle_until(config, self.idle_since.now));
    }

    /// What ended its life, if it is over at `now`.
    pub fn outlived(&self, now: Instant) -> Option<CloseCause> {
        if now >= self.retires {
            return Some(CloseCause::MaxAge);
        }
        let left =
            self.address.as_ref().and_then(PeerAddress::ends).is_some_and(|ends| now >= ends);
        left.then_some(CloseCause::DnsChanged)
    }

    /// The answer is over, and the next one is that to a request which was sent behind: neither age nor
    /// limits of idling end what is under way.
    pub fn go_on(&mut self, next: Ahead) -> Result<(), CloseCause> {
        let hint = self.wire.http.keep_alive_hint();
        self.wire.http.follow(next).map_err(CloseCause::Protocol)?;
        self.served_one(hint)
    }

    /// How many more requests the server takes; `None` when it has not said.
    pub fn requests_left(&self) -> Option<u64> {
        self.max_requests.map(|max| max.saturating_sub(self.served))
    }

    #[inline(always)]
    fn served_one(&mut self, hint: KeepAliveHint) -> Result<(), CloseCause> {
        self.served += 1;
        if let Some(max) = hint.max {
            // Servers send the number that is left or a constant total; the smaller reading is
            // right for both.
            let limit = (self.served - 1).saturating_add(max);
            self.max_requests = Some(self.max_requests.map_or(limit, |known| known.min(limit)));
        }
        match self.max_requests.is_some_and(|max| self.served >= max) {
            true => Err(CloseCause::MaxRequests),
            false => Ok(()),
        }
    }

    /// Whether it may be kept after the exchange that just ended, and until when.
    pub fn keep_until(
        &mut self,
        config: &ClientConfig,
        now: Instant,
    ) -> Result<Instant, CloseCause> {
        self.wire.http.reuse().map_err(CloseCause::Protocol)?;
        let hint = self.wire.http.keep_alive_hint();
        self.served_one(hint)?;
        if let Some(address) = &mut self.address {
            address.look(now, spread(self.id));
        }
        if let Some(reason) = self.outlived(now) {
            return Err(reason);
        }
        if let Some(timeout) = hint.timeout {
            // The server counts from when it sent, we from when we received.
            let margin = Duration::from_secs(1).max(self.opening.spent[1] * 2);
            let limit = Duration::from_secs(timeout).saturating_sub(margin);
            self.hint = Hint::Limit(limit);
            self.memory.hinted(now, limit);
        } else if self.hint == Hint::Unknown {
            self.hint = Hint::None;
        }
        let until = self.idle_until(config, now);
        if until <= now {
            return Err(CloseCause::IdleTimeout);
        }
        Ok(until)
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

pub(crate) fn probe(connection: &mut Connection) -> Result<(), CloseCause> {
    let Connection { wire, io, .. } = connection;
    match wire.transport.probe(io.fd()) {
        Probe::Alive => Ok(()),
        Probe::Eof => Err(CloseCause::IdleEof),
        Probe::Reset => Err(CloseCause::IdleReset),
        Probe::StrayBytes => Err(CloseCause::StrayBytes),
    }
}

#[cfg(test)]
mod tests;
