//! Facts for the caller: how an exchange went, and the counters of a pool.

use std::collections::BTreeMap;

use keepalive_core::{Info as CoreInfo, Timings as CoreTimings};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Seconds by phase; 0.0 where a phase did not happen.
#[pyclass(frozen, get_all, module = "libkeepalive")]
pub struct Timings {
    /// Waiting for a connection, dialling included.
    queued: f64,
    /// Resolving the host name.
    resolve: f64,
    /// The TCP handshake.
    connect: f64,
    /// The TLS handshake.
    tls: f64,
    /// From the first byte of the request to its last.
    send: f64,
    /// From then to the end of the response head.
    wait: f64,
    /// From the call to the response head.
    total: f64,
}

#[pymethods]
impl Timings {
    fn __repr__(&self) -> String {
        format!(
            "Timings(queued={:.6}, resolve={:.6}, connect={:.6}, tls={:.6}, send={:.6}, wait={:.6}, total={:.6})",
            self.queued, self.resolve, self.connect, self.tls, self.send, self.wait, self.total
        )
    }
}

/// How an exchange went.
#[pyclass(frozen, get_all, module = "libkeepalive")]
pub struct Info {
    /// Whether the connection had carried a response before.
    reused: bool,
    /// Number of the connection, unique in the process.
    connection_id: u64,
    /// How often the request was sent again on a fresh connection: 0 or 1.
    replays: u32,
    /// Why it was sent again: the kind of error, such as "ConnectionClosed"; None if it was not.
    replay_reason: Option<&'static str>,
    /// Tries before this one that failed and were worth another (option `retries`).
    retries: u32,
    /// Redirects followed before this response.
    redirects: u32,
    /// Whether a second try was sent because the first took long (option `hedge`).
    hedged: bool,
    /// Whether the response is the second try's.
    hedge_won: bool,
    /// Seconds by phase.
    timings: Py<Timings>,
}

impl Info {
    pub fn of(py: Python<'_>, info: &CoreInfo, timings: &CoreTimings) -> PyResult<Info> {
        let timings = Timings {
            queued: timings.queued.as_secs_f64(),
            resolve: timings.resolve.as_secs_f64(),
            connect: timings.connect.as_secs_f64(),
            tls: timings.tls.as_secs_f64(),
            send: timings.send.as_secs_f64(),
            wait: timings.wait.as_secs_f64(),
            total: timings.total.as_secs_f64(),
        };
        Ok(Info {
            reused: info.reused,
            connection_id: info.connection_id,
            replays: info.replays,
            replay_reason: info.replay_reason.map(keepalive_core::ErrorKind::name),
            retries: info.retries,
            redirects: info.redirects,
            hedged: info.hedged,
            hedge_won: info.hedge_won,
            timings: Py::new(py, timings)?,
        })
    }
}

#[pymethods]
impl Info {
    fn __repr__(&self) -> String {
        let reused = if self.reused { "True" } else { "False" };
        format!(
            "Info(reused={reused}, connection_id={}, replays={}, redirects={}, timings={})",
            self.connection_id,
            self.replays,
            self.redirects,
            self.timings.get().__repr__()
        )
    }
}

/// Counters of a client's pool. The first seven count since the client was made, the others are of
/// this moment.
#[pyclass(frozen, get_all, eq, module = "libkeepalive")]
#[derive(Clone, PartialEq)]
pub struct Stats {
    /// Connections opened.
    opened: u64,
    /// Requests sent on a connection that had carried a response before.
    reused: u64,
    /// Idle connections found dead, at checkout or while idle.
    stale: u64,
    /// Requests sent again on a fresh connection.
    replayed: u64,
    /// Further tries after failures (option `retries`).
    retried: u64,
    /// Second tries sent because the first took long (option `hedge`).
    hedged: u64,
    /// Look-ups of names, of the whole process, that have had no answer for 5 s and more.
    stuck_lookups: u64,
    /// Connections closed, by reason.
    closed: BTreeMap<&'static str, u64>,
    /// Requests waiting for a connection.
    waiting: u64,
    /// Idle connections.
    idle: u64,
    /// Connections in use.
    active: u64,
    /// Connections being opened.
    dialing: u64,
    /// The same moment by origin, in the order they were first used.
    origins: Vec<OriginStats>,
}

/// One origin's part of a snapshot.
#[pyclass(frozen, get_all, eq, module = "libkeepalive")]
#[derive(Clone, PartialEq)]
pub struct OriginStats {
    /// As in "https://example.com:8443".
    origin: String,
    /// Requests waiting for a connection.
    waiting: u64,
    /// Idle connections.
    idle: u64,
    /// Connections in use.
    active: u64,
    /// Connections being opened.
    dialing: u64,
    /// Seconds a connection may idle; None for ever.
    idle_limit: Option<f64>,
    /// Why: "option", "hint" (the server's Keep-Alive) or "learnt".
    idle_limit_source: &'static str,
    /// The circuit breaker: "closed", "open" or "half_open".
    breaker: &'static str,
    /// What its name resolved to last; empty without connections, when the URL has an address, and
    /// when names are not looked up again (option `dns_ttl`).
    addresses: Vec<String>,
}

#[pymethods]
impl OriginStats {
    /// The counters as a dict.
    fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("origin", &self.origin)?;
        dict.set_item("waiting", self.waiting)?;
        dict.set_item("idle", self.idle)?;
        dict.set_item("active", self.active)?;
        dict.set_item("dialing", self.dialing)?;
        dict.set_item("idle_limit", self.idle_limit)?;
        dict.set_item("idle_limit_source", self.idle_limit_source)?;
        dict.set_item("breaker", self.breaker)?;
        dict.set_item("addresses", &self.addresses)?;
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let limit = self.idle_limit.map_or("None".to_string(), |limit| limit.to_string());
        format!(
            "OriginStats(origin={:?}, waiting={}, idle={}, active={}, dialing={}, idle_limit={limit}, \
             idle_limit_source={:?}, breaker={:?}, addresses={:?})",
            self.origin,
            self.waiting,
            self.idle,
            self.active,
            self.dialing,
            self.idle_limit_source,
            self.breaker,
            self.addresses
        )
    }
}

impl From<keepalive_core::OriginStats> for OriginStats {
    fn from(stats: keepalive_core::OriginStats) -> OriginStats {
        OriginStats {
            origin: stats.origin,
            waiting: stats.waiting,
            idle: stats.idle,
            active: stats.active,
            dialing: stats.dialing,
            idle_limit: stats.idle_limit.map(|limit| limit.as_secs_f64()),
            idle_limit_source: stats.idle_limit_source,
            breaker: stats.breaker,
            addresses: stats.addresses.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<keepalive_core::Stats> for Stats {
    fn from(stats: keepalive_core::Stats) -> Stats {
        Stats {
            opened: stats.opened,
            reused: stats.reused,
            stale: stats.stale,
            replayed: stats.replayed,
            retried: stats.retried,
            hedged: stats.hedged,
            stuck_lookups: stats.stuck_lookups,
            closed: stats.closed.into_iter().collect(),
            waiting: stats.waiting,
            idle: stats.idle,
            active: stats.active,
            dialing: stats.dialing,
            origins: stats.origins.into_iter().map(OriginStats::from).collect(),
        }
    }
}

#[pymethods]
impl Stats {
    /// The counters as a dict of what JSON has: numbers, texts, dicts and lists.
    fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("opened", self.opened)?;
        dict.set_item("reused", self.reused)?;
        dict.set_item("stale", self.stale)?;
        dict.set_item("replayed", self.replayed)?;
        dict.set_item("retried", self.retried)?;
        dict.set_item("hedged", self.hedged)?;
        dict.set_item("stuck_lookups", self.stuck_lookups)?;
        dict.set_item("closed", &self.closed)?;
        dict.set_item("waiting", self.waiting)?;
        dict.set_item("idle", self.idle)?;
        dict.set_item("active", self.active)?;
        dict.set_item("dialing", self.dialing)?;
        let origins = self.origins.iter().map(|origin| origin.as_dict(py));
        dict.set_item("origins", origins.collect::<PyResult<Vec<_>>>()?)?;
        Ok(dict)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let parts =
            self.as_dict(py)?.iter().map(|(name, value)| Ok(format!("{name}={}", value.repr()?)));
        Ok(format!("Stats({})", parts.collect::<PyResult<Vec<_>>>()?.join(", ")))
    }
}
