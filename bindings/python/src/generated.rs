//! Generated from the tables in core/tables by `make generate`; do not edit.
//!
//! What is told of a pool and of an exchange, and what the options are.

use std::collections::BTreeMap;
use std::sync::Arc;

use keepalive_core::{
    ErrorKind, Info as CoreInfo, Timings as CoreTimings, TlsInfo as CoreTlsInfo,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::info::repr;
use crate::tls_info::{TlsInfo, tls_info};

/// Seconds by phase; 0.0 where a phase did not happen. All but ``total`` add up to it. They are of
/// the try that was answered: what was before it is in ``stalled``.
///
/// >>> timings = libkeepalive.get("http://example.com/").info.timings
/// >>> timings.total >= timings.wait
/// True
#[pyclass(frozen, get_all, module = "libkeepalive")]
pub struct Timings {
    /// Waiting for a connection or for leave to open one: the limits of the pool. In seconds.
    queued: f64,
    /// What is none of the others: tries before this one with the pauses between them, the
    /// redirects that led to it, and what opening a connection cost beside the next three. In
    /// seconds.
    stalled: f64,
    /// Resolving the host name, as far as the request waited for it. In seconds.
    resolve: f64,
    /// The TCP handshake, and what a proxy took to open the way, as far as the request waited for
    /// them. In seconds.
    connect: f64,
    /// The TLS handshakes, as far as the request waited for them. In seconds.
    tls: f64,
    /// From the connection to the last byte of the request. In seconds.
    send: f64,
    /// From the last byte of the request to the end of the response head. In seconds.
    wait: f64,
    /// From the response head to the end of the body; 0 before that end, and when all came with the
    /// head. In seconds.
    receive: f64,
    /// From the call to the end of the response, or to its head while the body is still to come. In
    /// seconds.
    total: f64,
}

impl Timings {
    pub fn of(timings: &CoreTimings) -> Timings {
        Timings {
            queued: timings.queued.as_secs_f64(),
            stalled: timings.stalled.as_secs_f64(),
            resolve: timings.resolve.as_secs_f64(),
            connect: timings.connect.as_secs_f64(),
            tls: timings.tls.as_secs_f64(),
            send: timings.send.as_secs_f64(),
            wait: timings.wait.as_secs_f64(),
            receive: timings.receive.as_secs_f64(),
            total: timings.total.as_secs_f64(),
        }
    }
}

#[pymethods]
impl Timings {
    fn __repr__(&self) -> String {
        format!(
            "Timings(queued={:.6}, stalled={:.6}, resolve={:.6}, connect={:.6}, tls={:.6}, send={:.6}, wait={:.6}, receive={:.6}, total={:.6})",
            self.queued, self.stalled, self.resolve, self.connect, self.tls, self.send, self.wait, self.receive, self.total,
        )
    }
}

/// How an exchange went.
///
/// >>> libkeepalive.get("http://example.com/").info.replays
/// 0
#[pyclass(frozen, get_all, module = "libkeepalive")]
pub struct Info {
    /// Whether the connection had carried a response before.
    reused: bool,
    /// Number of the connection, unique in the process.
    connection_id: u64,
    /// Requests that the connection has carried, this one counted in.
    requests: u64,
    /// Whether it was sent behind other requests on its connection (option ``pipelining``).
    pipelined: bool,
    /// How often the request was sent again on a fresh connection: 0 or 1.
    replays: u32,
    /// Why it was sent again: the kind of the error that it met. Such as "ConnectionClosed"; None:
    /// it was not.
    replay_reason: Option<&'static str>,
    /// Tries before this one that failed and were worth another (option ``retries``).
    retries: u32,
    /// Redirects followed before this response.
    redirects: u32,
    /// Whether a second try was sent because the first took long (option ``hedge``).
    hedged: bool,
    /// Whether the response is the second try's.
    hedge_won: bool,
    /// What was sent of the request, in bytes: head and body as they stood in the connection,
    /// before TLS.
    bytes_sent: u64,
    /// What has come of the response, in bytes: 1xx heads, head and body as they stood in the
    /// connection, chunked and coded, after TLS. While the body is being read, what came with the
    /// head.
    bytes_received: u64,
    /// Address and port of this end of the connection. None where there is none.
    local_address: Option<String>,
    /// Address and port that the connection leads to, which are a proxy's where there is one; of a
    /// Unix domain socket its path, as the option ``unix_socket`` has it. None where there is none.
    peer_address: Option<String>,
    /// Seconds by phase.
    timings: Py<Timings>,
    /// How TLS was agreed on when the connection was opened; None without TLS.
    tls: Option<Py<TlsInfo>>,
    /// The 1xx heads that came before the response: pairs of status and ``Headers``.
    informational: Py<PyTuple>,
}

impl Info {
    pub fn of(py: Python<'_>, info: &CoreInfo, timings: &CoreTimings, tls: Option<&Arc<CoreTlsInfo>>, informational: Py<PyTuple>) -> PyResult<Info> {
        Ok(Info {
            reused: info.reused,
            connection_id: info.connection_id,
            requests: info.requests,
            pipelined: info.pipelined,
            replays: info.replays,
            replay_reason: info.replay_reason.map(ErrorKind::name),
            retries: info.retries,
            redirects: info.redirects,
            hedged: info.hedged,
            hedge_won: info.hedge_won,
            bytes_sent: info.bytes_sent,
            bytes_received: info.bytes_received,
            local_address: info.local_address.as_deref().map(str::to_string),
            peer_address: info.peer_address.as_deref().map(str::to_string),
            timings: Py::new(py, Timings::of(timings))?,
            tls: tls_info(py, tls)?,
            informational,
        })
    }

    fn facts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("reused", self.reused)?;
        dict.set_item("connection_id", self.connection_id)?;
        dict.set_item("requests", self.requests)?;
        dict.set_item("pipelined", self.pipelined)?;
        dict.set_item("replays", self.replays)?;
        dict.set_item("replay_reason", self.replay_reason)?;
        dict.set_item("retries", self.retries)?;
        dict.set_item("redirects", self.redirects)?;
        dict.set_item("hedged", self.hedged)?;
        dict.set_item("hedge_won", self.hedge_won)?;
        dict.set_item("bytes_sent", self.bytes_sent)?;
        dict.set_item("bytes_received", self.bytes_received)?;
        dict.set_item("local_address", &self.local_address)?;
        dict.set_item("peer_address", &self.peer_address)?;
        dict.set_item("timings", &self.timings)?;
        dict.set_item("tls", &self.tls)?;
        dict.set_item("informational", &self.informational)?;
        Ok(dict)
    }
}

#[pymethods]
impl Info {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        repr("Info", &self.facts(py)?)
    }
}

/// One origin's part of the counters of a pool.
///
/// >>> [origin.idle for origin in libkeepalive.Client().stats().origins]
/// []
#[pyclass(frozen, get_all, eq, module = "libkeepalive")]
#[derive(Clone, PartialEq)]
pub struct OriginStats {
    /// The origin, such as "https://example.com:8443".
    origin: String,
    /// Requests waiting for a connection.
    waiting: u64,
    /// Idle connections.
    idle: u64,
    /// Connections in use.
    active: u64,
    /// Connections being opened.
    dialing: u64,
    /// How long a connection may idle. In seconds; None: for ever.
    idle_limit: Option<f64>,
    /// Where that limit is from: the option ``idle_timeout``, the server's Keep-Alive, or what its
    /// closes have taught. "option", "hint" or "learnt".
    idle_limit_source: &'static str,
    /// The circuit breaker, which all clients of the process share. "closed", "open" or
    /// "half_open".
    breaker: &'static str,
    /// What its name resolved to last; empty without connections, when the URL has an address, and
    /// when names are not looked up again (option ``dns_ttl``).
    addresses: Vec<String>,
}

impl OriginStats {
    fn of(stats: &keepalive_core::OriginStats) -> OriginStats {
        OriginStats {
            origin: stats.origin.clone(),
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

#[pymethods]
impl OriginStats {
    /// The facts as a dict.
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

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        repr("OriginStats", &self.as_dict(py)?)
    }
}

/// Counters of a client's pool. What is not of the moment counts since the client was made.
///
/// >>> stats = libkeepalive.Client().stats()
/// >>> stats.opened, stats.idle
/// (0, 0)
#[pyclass(frozen, get_all, eq, module = "libkeepalive")]
#[derive(Clone, PartialEq)]
pub struct Stats {
    /// Connections opened.
    opened: u64,
    /// Requests sent on a connection that had carried a response before.
    reused: u64,
    /// Requests sent behind others on their connection (option ``pipelining``).
    pipelined: u64,
    /// Idle connections found dead, at checkout or while idle.
    stale: u64,
    /// Requests sent again on a fresh connection.
    replayed: u64,
    /// Further tries after failures (option ``retries``).
    retried: u64,
    /// Second tries sent because the first took long (option ``hedge``).
    hedged: u64,
    /// Look-ups of names, of the whole process, that have had no answer for 5 s and more.
    stuck_lookups: u64,
    /// Connections closed, by reason.
    closed: BTreeMap<&'static str, u64>,
    /// Requests waiting for a connection, at this moment.
    waiting: u64,
    /// Idle connections, at this moment.
    idle: u64,
    /// Connections in use, at this moment.
    active: u64,
    /// Connections being opened, at this moment.
    dialing: u64,
    /// The same moment by origin, in the order they were first used.
    origins: Vec<OriginStats>,
}

impl Stats {
    pub fn of(stats: &keepalive_core::Stats) -> Stats {
        Stats {
            opened: stats.opened,
            reused: stats.reused,
            pipelined: stats.pipelined,
            stale: stats.stale,
            replayed: stats.replayed,
            retried: stats.retried,
            hedged: stats.hedged,
            stuck_lookups: stats.stuck_lookups,
            closed: stats.closed.iter().copied().collect(),
            waiting: stats.waiting,
            idle: stats.idle,
            active: stats.active,
            dialing: stats.dialing,
            origins: stats.origins.iter().map(OriginStats::of).collect(),
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
        dict.set_item("pipelined", self.pipelined)?;
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
        let origins = self.origins.iter().map(|one| one.as_dict(py));
        dict.set_item("origins", origins.collect::<PyResult<Vec<_>>>()?)?;
        Ok(dict)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        repr("Stats", &self.as_dict(py)?)
    }
}

/// The options of a client: name, type, default, meaning.
pub const OPTION_ROWS: &[(&str, &str, &str, &str)] = &[
    ("max_per_host", "int", "128", "Connections per origin, in use, idle and being opened: streams hold one for minutes. At least 1."),
    ("max_total", "int", "1024", "Connections of the client over all origins; never more than half of the process's file descriptors (RLIMIT_NOFILE when the pool is opened). At least 1."),
    ("max_dials_per_host", "int", "16", "Connections being opened per origin at a time, so that a cold burst is no SYN flood. At least 1."),
    ("pipelining", "int", "1", "Requests that a connection carries at a time: with more than one, while all connections that the caps allow are in use, a replayable request with no or a small body (16 KiB) is sent behind others, on a connection that has answered as HTTP/1.1 (RFC 9112 9.3.2). Answers come in order, so that a slow one holds up those behind it: for many small requests over a long way to a server that is known to do it well. An origin that mishandles it gets 1 for ten minutes. Not together with ``hedge``. 1 to 256."),
    ("queue_timeout", "float | None", "no limit", "How long a request waits for a connection at most, however fast the queue moves. ``math.inf``: no limit."),
    ("queue_stall_timeout", "float | None", "10.0", "How long a request waits while no connection of its origin is given back: a long queue that moves is work, one that stands still is a fault. The error says what holds the connections. ``math.inf``: no limit."),
    ("queue_limit", "int", "65536", "Requests that may wait for a connection; more fail at once."),
    ("idle_timeout", "float | None", "30.0", "How long an idle connection is kept; lowered by the server's Keep-Alive: timeout=N minus 1 s. ``math.inf``: no limit."),
    ("max_age", "float | None", "300.0", "Age after which a connection is not reused (+-20 % jitter), so that DNS changes reach the pool. ``math.inf``: no limit."),
    ("dns_ttl", "float | None", "30.0", "How often the names of pooled connections are looked up again, in the background; also how long an answer serves new connections. A connection whose address has left the answer is given up after a third to twice this time (10 to 60 s). ``math.inf``: never."),
    ("connect_timeout", "float | None", "5.0", "DNS, TCP and TLS together. ``math.inf``: no limit."),
    ("header_timeout", "float | None", "65.0", "From the end of the request to the end of the response head: just above the 60 s after which gateways (nginx, load balancers) answer 504. ``math.inf``: no limit."),
    ("stall_timeout", "float | None", "65.0", "Longest wait without a byte, sending or receiving. ``math.inf``: no limit."),
    ("min_speed", "int", "0", "Bytes per second that a body must move at on average over ``min_speed_time``, as curl's low-speed limit; slower is an error (KA_TOO_SLOW). Bytes are counted as they are on the wire; only time spent on waiting for the peer to send or to take some counts, and the wait for a response head does not. 0: any speed."),
    ("min_speed_time", "float | None", "30.0", "The time over which ``min_speed`` is to be reached. ``math.inf``: no limit."),
    ("max_speed", "int", "0", "Bytes per second that a body, sent or received, moves at on average at most: what comes faster is left in the socket, so that TCP slows the sender down. 0: no limit."),
    ("body_idle_timeout", "float | None", "300.0", "How long a response may wait for its body to be read on, before its connection is closed: longer than servers wait for a reader (60 s), and as long as a connection is kept at all. ``math.inf``: for ever."),
    ("total_timeout", "float | None", "no limit", "The whole exchange with its body, redirects included. ``math.inf``: no limit."),
    ("max_head_size", "int", "65536", "Bytes of a response head, 1xx heads counted in. 64 to 1,073,741,824 (1 GiB)."),
    ("max_fields", "int", "512", "Fields of a response head or trailer section. At least 1."),
    ("max_body_size", "int", "2147483648", "Bytes, decoded, of a response body that is collected whole; more is an error. Streams have no limit. 0: no limit."),
    ("decode", "bool", "by language", "Whether gzip, deflate, br and zstd bodies of responses are decoded, and offered in Accept-Encoding by requests that have no such field. Without, a body is handed out as it came. Python and Node's fetch decode unless told not to, C and Node's request do not."),
    ("drain_limit", "int", "262144", "Bytes of an unread body that are read to save the connection."),
    ("drain_timeout", "float | None", "0.05", "Time spent on reading the unread rest of a body to save the connection. ``math.inf``: no limit."),
    ("busy_poll", "int", "50", "Microseconds that a wait for an answer watches the socket before the thread sleeps, on connections whose answers come that fast (a server on the same machine or rack; saves the wake-up). 0: always sleep. At most 1,000."),
    ("redirect", "str | None", "not set", "What becomes of 301, 302, 303, 307 and 308 with a Location (RFC 9110 15.4): \"follow\"; \"manual\", they are responses like others; \"error\", they are errors. Empty: \"manual\"."),
    ("max_redirects", "int", "20", "Redirects followed when following is asked for (RFC 9110 15.4; the number of httpx and browsers)."),
    ("redirect_downgrade", "bool", "False", "Whether a redirect from https to http is followed: it shows everybody on the way what was to be hidden. Without, it is an error."),
    ("sensitive_headers", "str | None", "not set", "Names of header fields that a redirect takes to no other origin, as X-Api-Key, separated by commas or blanks: beside Authorization, Cookie and Proxy-Authorization, which are always among them. A request's are in addition to its client's."),
    ("auth", "str | None", "not set", "Who asks, for the origin of the request's URL and no other: \"basic USER:PASSWORD\" (RFC 7617), \"bearer TOKEN\" (RFC 6750) or \"digest USER:PASSWORD\" (RFC 7616: MD5, SHA-256 and SHA-512-256, answers to a server's 401, and from then on with every request to it). A request's own Authorization field goes before it, and it before the URL's user and password. Empty: none, whatever the client has."),
    ("retries", "int", "0", "Further tries of a replayable request after a connect failure, a broken connection or 408, 429, 500, 502, 503, 504; waits are jittered and exponential from 100 ms, or what Retry-After says."),
    ("retry_budget", "int", "20", "Retries to an origin as a percentage of the requests to it, above a reserve of 10 retries a second that is always there, so that they never multiply an outage (Finagle's budget). 100: no bound. At most 100."),
    ("retry_max_wait", "float | None", "30.0", "Longest wait for another try. A server that asks for a longer one (Retry-After) gets none: its response is returned. ``math.inf``: no limit."),
    ("circuit_breaker", "bool", "False", "Fail at once while an origin fails: opens when half of at least 20 requests in 10 s failed, lets one probe through after 5 s (doubled up to 60 s)."),
    ("expect_threshold", "int", "1048576", "Bytes of a request body above which it, and one of unknown length, waits up to 1 s for the server's 100 (Continue), so that one that is refused is not sent (RFC 9110 10.1.1; curl's threshold). A server that ignores it is remembered for 10 min. A request asks with a field of its own (Expect: 100-continue), and does not with an empty one. 0: never by itself."),
    ("hedge", "bool", "False", "Send a replayable request a second time, on an idle connection, when its response head has taken longer than 95 % of the last ones of its origin; the first response counts, within ``retry_budget``. Blocking calls then run on the engine's thread."),
    ("cookies", "bool", "by language", "Whether cookies of answers are kept and sent with later requests, by a jar of the client's own (RFC 6265bis). Clients in Python keep them unless told not to, the functions of the module do not; a jar that several clients share is given by other means (docs/cookies.md)."),
    ("user_agent", "str | None", "libkeepalive/VERSION", "User-Agent of requests that give none. Empty: not sent."),
    ("resolve", "str | None", "not set", "Addresses of names, instead of the system's: \"host:port:address[,address]\", several separated by spaces; or \"@file\" with such entries, which is read again at each lookup."),
    ("proxy", "str | None", "not set", "Proxy for all requests, or for some: a URL (http, https, socks4, socks4a, socks5 or socks5h, with a user name and password percent-encoded; without a scheme http), or several entries \"PATTERN=>URL\" separated by blanks, where a pattern is http://, https:// or all:// with or without a host (name, *.name, *name) and port, and the URL may be \"direct\"; the most specific one holds, as in httpx's mounts. An empty text: none, whatever the environment says. Plain http is forwarded, https goes through CONNECT."),
    ("no_proxy", "str | None", "not set", "Hosts that no proxy is used for, separated by commas or blanks: names (and what is below them), *.names, addresses, networks as in 10.0.0.0/8, each with or without a port; * for all. Unless it is given, the environment's list holds for the environment's proxies."),
    ("trust_env", "bool", "by language", "Whether http_proxy, https_proxy, all_proxy and no_proxy of the environment are used, in lower case before upper case; HTTP_PROXY not in a CGI program (REQUEST_METHOD is set). They are read when the client is made. Python reads them unless told not to, Node with NODE_USE_ENV_PROXY=1 or --use-env-proxy, C with KEEPALIVE_TRUST_ENV=1."),
    ("proxy_headers", "str | None", "not set", "Header fields for the proxy alone: \"Name: value\" lines."),
    ("unix_socket", "str | None", "not set", "Unix domain socket that every request goes to, whatever host its URL names: a path, or \"@name\" for an abstract one. No proxy is used then."),
    ("local_address", "str | None", "not set", "IP address that connections come from, instead of the system's choice."),
    ("interface", "str | None", "not set", "Network interface that connections go through (SO_BINDTODEVICE), such as eth0, instead of the system's choice."),
    ("connect_to", "str | None", "not set", "Other places for hosts, as curl's --connect-to: \"HOST:PORT:HOST:PORT\" entries separated by blanks; an empty HOST or PORT means any, or no change. Host field, TLS name and pool stay those of the URL."),
    ("tls_verify", "bool", "True", "Whether a server has to prove with its certificate who it is. Without, whoever is on the way can read and change everything; ``tls_pins`` still hold. Also: verify in Python, rejectUnauthorized in Node."),
    ("tls_verify_host", "bool", "True", "Whether the certificate has to be for the host that is asked. Without, any server that a trusted authority vouches for will do."),
    ("ca_file", "str | None", "not set", "PEM file of trusted certificates, in addition to the system's (``ca_only``: instead of them)."),
    ("ca_dir", "str | None", "not set", "Directory whose files are PEM with trusted certificates, as OpenSSL's; in addition to the system's."),
    ("ca_pem", "bytes | None", "not set", "PEM bytes of trusted certificates, in addition to the system's."),
    ("ca_only", "bool", "False", "Trust what ``ca_file``, ``ca_dir`` and ``ca_pem`` have and not the system's certificates."),
    ("client_cert_file", "str | None", "not set", "PEM file of the client certificate, its chain behind it; it may hold the private key too."),
    ("client_key_file", "str | None", "not set", "PEM file of the client certificate's private key."),
    ("client_cert_pem", "bytes | None", "not set", "PEM bytes of the client certificate, its chain behind it; they may hold the private key too."),
    ("client_key_pem", "bytes | None", "not set", "PEM bytes of the client certificate's private key."),
    ("client_key_password", "str | None", "not set", "Password of an encrypted private key (PKCS #8)."),
    ("tls_min_version", "str | None", "not set", "Oldest version of TLS: \"1.2\" (which is also the default) or \"1.3\"."),
    ("tls_max_version", "str | None", "not set", "Newest version of TLS: \"1.2\" or \"1.3\" (which is also the default)."),
    ("tls_server_name", "str | None", "not set", "Name or IP address that is asked for (SNI) and that the certificate has to be for, instead of the URL's host. Also: servername in Node."),
    ("tls_pins", "str | None", "not set", "Public keys of which the server has to have one: \"sha256//BASE64\", several separated by semicolons, each the SHA-256 of a SubjectPublicKeyInfo (as curl's CURLOPT_PINNEDPUBLICKEY). Checked beside all else, and without ``tls_verify`` too."),
    ("tls_early_data", "bool", "False", "Whether a GET, HEAD or OPTIONS without a body travels with the TLS handshake on a session that is resumed, which saves a round trip (0-RTT, RFC 8446 2.3). Whoever is on the way can send such a request a second time; what a server does not want so is sent again by itself (425, RFC 8470)."),
    ("keylog_file", "str | None", "not set", "File to which the secrets of all sessions are appended, for Wireshark and the like (the form of SSLKEYLOGFILE, which is not looked at). Whoever can read it can read the traffic; it is made for its owner alone."),
];
