//! Generated from the tables in core/tables by `make generate`; do not edit.
//!
//! The options of a client as a struct, to and from the engine's.

use std::ffi::c_char;

use keepalive_core::{ClientConfig, Result, limit_from_whole_millis};

use crate::convert::{flag, milliseconds, optional_bytes, optional_text};
use crate::slice::ka_bytes;

/// The options of a client. Set the defaults with ka_client_options_init, then change fields; the
/// strings and bytes are copied by ka_client_new. Names of lengths of time and of sizes end in
/// their unit: milliseconds `_ms`, microseconds `_us`, bytes `_size`. The profile "service", for
/// calls between services, has total_timeout_ms 5,000, header_timeout_ms 5,000, queue_timeout_ms
/// 2,000, queue_limit 1,024, retries 2, circuit_breaker 1.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ka_client_options {
    /// sizeof(ka_client_options), written by ka_client_options_init.
    pub size: usize,
    /// Connections per origin, in use, idle and being opened: streams hold one for minutes. At
    /// least 1. Default: 128.
    pub max_per_host: u64,
    /// Connections of the client over all origins; never more than half of the process's file
    /// descriptors (RLIMIT_NOFILE when the pool is opened). At least 1. Default: 1,024.
    pub max_total: u64,
    /// Connections being opened per origin at a time, so that a cold burst is no SYN flood. At
    /// least 1. Default: 16.
    pub max_dials_per_host: u64,
    /// How long a request waits for a connection at most, however fast the queue moves. 0: no
    /// limit. Default: 0.
    pub queue_timeout_ms: u64,
    /// How long a request waits while no connection of its origin is given back: a long queue that
    /// moves is work, one that stands still is a fault. The error says what holds the connections.
    /// 0: no limit. Default: 10,000 ms.
    pub queue_stall_timeout_ms: u64,
    /// Requests that may wait for a connection; more fail at once. Default: 65,536.
    pub queue_limit: u64,
    /// How long an idle connection is kept; lowered by the server's Keep-Alive: timeout=N minus
    /// 1 s. 0: no limit. Default: 30,000 ms.
    pub idle_timeout_ms: u64,
    /// Age after which a connection is not reused (+-20 % jitter), so that DNS changes reach the
    /// pool. 0: no limit. Default: 300,000 ms.
    pub max_age_ms: u64,
    /// How often the names of pooled connections are looked up again, in the background; also how
    /// long an answer serves new connections. A connection whose address has left the answer is
    /// given up after a third to twice this time (10 to 60 s). 0: never. Default: 30,000 ms.
    pub dns_ttl_ms: u64,
    /// DNS, TCP and TLS together. 0: no limit. Default: 5,000 ms.
    pub connect_timeout_ms: u64,
    /// From the end of the request to the end of the response head: just above the 60 s after which
    /// gateways (nginx, load balancers) answer 504. 0: no limit. Default: 65,000 ms.
    pub header_timeout_ms: u64,
    /// Longest wait without a byte, sending or receiving. 0: no limit. Default: 65,000 ms.
    pub stall_timeout_ms: u64,
    /// How long a response may wait for its body to be read on, before its connection is closed:
    /// longer than servers wait for a reader (60 s), and as long as a connection is kept at all.
    /// 0: for ever. Default: 300,000 ms.
    pub body_idle_timeout_ms: u64,
    /// The whole exchange with its body, redirects included. 0: no limit. Default: 0.
    pub total_timeout_ms: u64,
    /// Bytes of a response head, 1xx heads counted in. 64 to 1,073,741,824 (1 GiB). Default: 65,536
    /// (64 KiB).
    pub max_head_size: u64,
    /// Fields of a response head or trailer section. At least 1. Default: 512.
    pub max_fields: u64,
    /// Bytes, decoded, of a response body that is collected whole; more is an error. Streams have
    /// no limit. 0: no limit. Default: 2,147,483,648 (2 GiB).
    pub max_body_size: u64,
    /// Bytes of an unread body that are read to save the connection. Default: 262,144 (256 KiB).
    pub drain_limit_size: u64,
    /// Time spent on reading the unread rest of a body to save the connection. 0: no limit.
    /// Default: 50 ms.
    pub drain_timeout_ms: u64,
    /// Microseconds that a wait for an answer watches the socket before the thread sleeps, on
    /// connections whose answers come that fast (a server on the same machine or rack; saves the
    /// wake-up). 0: always sleep. At most 1,000. Default: 50.
    pub busy_poll_us: u64,
    /// Redirects followed when following is asked for (RFC 9110 15.4; the number of httpx and
    /// browsers). Default: 20.
    pub max_redirects: u64,
    /// Further tries of a replayable request after a connect failure, a broken connection or
    /// 408, 429, 500, 502, 503, 504; waits are jittered and exponential from 100 ms, or what
    /// Retry-After says. Default: 0.
    pub retries: u64,
    /// Retries to an origin as a percentage of the requests to it, above a reserve of 10 retries a
    /// second that is always there, so that they never multiply an outage (Finagle's budget).
    /// 100: no bound. At most 100. Default: 20.
    pub retry_budget: u64,
    /// Longest wait for another try. A server that asks for a longer one (Retry-After) gets none:
    /// its response is returned. 0: no limit. Default: 30,000 ms.
    pub retry_max_wait_ms: u64,
    /// Fail at once while an origin fails: opens when half of at least 20 requests in 10 s failed,
    /// lets one probe through after 5 s (doubled up to 60 s). 0 is off, 1 is on. Default: 0.
    pub circuit_breaker: u64,
    /// Send a replayable request a second time, on an idle connection, when its response head has
    /// taken longer than 95 % of the last ones of its origin; the first response counts, within
    /// `retry_budget`. Blocking calls then run on the engine's thread. 0 is off, 1 is on.
    /// Default: 0.
    pub hedge: u64,
    /// User-Agent of requests that give none. NULL: not sent. Default: libkeepalive/VERSION.
    pub user_agent: *const c_char,
    /// Addresses of names, instead of the system's: "host:port:address[,address]", several
    /// separated by spaces; or "@file" with such entries, which is read again at each lookup.
    /// Default: NULL.
    pub resolve: *const c_char,
    /// PEM file of trusted certificates, in addition to the system's (`ca_only`: instead of them).
    /// Default: NULL.
    pub ca_file: *const c_char,
    /// PEM bytes of trusted certificates, in addition to the system's. Default: empty.
    pub ca_pem: ka_bytes,
    /// PEM file of the client certificate, its chain behind it; it may hold the private key too.
    /// Default: NULL.
    pub client_cert_file: *const c_char,
    /// PEM file of the client certificate's private key. Default: NULL.
    pub client_key_file: *const c_char,
    /// PEM bytes of the client certificate, its chain behind it; they may hold the private key too.
    /// Default: empty.
    pub client_cert_pem: ka_bytes,
    /// PEM bytes of the client certificate's private key. Default: empty.
    pub client_key_pem: ka_bytes,
    /// Password of an encrypted private key (PKCS #8). Default: NULL.
    pub client_key_password: *const c_char,
    /// Proxy for all requests, or for some: a URL (http, https, socks4, socks4a, socks5 or socks5h,
    /// with a user name and password percent-encoded; without a scheme http), or several entries
    /// "PATTERN=>URL" separated by blanks, where a pattern is http://, https:// or all:// with or
    /// without a host (name, *.name, *name) and port, and the URL may be "direct"; the most
    /// specific one holds, as in httpx's mounts. An empty text: none, whatever the environment
    /// says. Plain http is forwarded, https goes through CONNECT. Default: NULL.
    pub proxy: *const c_char,
    /// Hosts that no proxy is used for, separated by commas or blanks: names (and what is below
    /// them), *.names, addresses, networks as in 10.0.0.0/8, each with or without a port; * for
    /// all. Unless it is given, the environment's list holds for the environment's proxies.
    /// Default: NULL.
    pub no_proxy: *const c_char,
    /// Whether http_proxy, https_proxy, all_proxy and no_proxy of the environment are used, in
    /// lower case before upper case; HTTP_PROXY not in a CGI program (REQUEST_METHOD is set). They
    /// are read when the client is made. Python reads them unless told not to, Node with
    /// NODE_USE_ENV_PROXY=1 or --use-env-proxy, C with KEEPALIVE_TRUST_ENV=1. 0 is off, 1 is on.
    /// Default: by language.
    pub trust_env: u64,
    /// Header fields for the proxy alone: "Name: value" lines. Default: NULL.
    pub proxy_headers: *const c_char,
    /// Unix domain socket that every request goes to, whatever host its URL names: a path, or
    /// "@name" for an abstract one. No proxy is used then. Default: NULL.
    pub unix_socket: *const c_char,
    /// IP address that connections come from, instead of the system's choice. Default: NULL.
    pub local_address: *const c_char,
    /// Network interface that connections go through (SO_BINDTODEVICE), such as eth0, instead of
    /// the system's choice. Default: NULL.
    pub interface: *const c_char,
    /// Other places for hosts, as curl's --connect-to: "HOST:PORT:HOST:PORT" entries separated by
    /// blanks; an empty HOST or PORT means any, or no change. Host field, TLS name and pool stay
    /// those of the URL. Default: NULL.
    pub connect_to: *const c_char,
    /// Whether a server has to prove with its certificate who it is. Without, whoever is on the way
    /// can read and change everything; `tls_pins` still hold. Also: verify in Python,
    /// rejectUnauthorized in Node. 0 is off, 1 is on. Default: 1.
    pub tls_verify: u64,
    /// Whether the certificate has to be for the host that is asked. Without, any server that a
    /// trusted authority vouches for will do. 0 is off, 1 is on. Default: 1.
    pub tls_verify_host: u64,
    /// Directory whose files are PEM with trusted certificates, as OpenSSL's; in addition to the
    /// system's. Default: NULL.
    pub ca_dir: *const c_char,
    /// Trust what `ca_file`, `ca_dir` and `ca_pem` have and not the system's certificates. 0 is
    /// off, 1 is on. Default: 0.
    pub ca_only: u64,
    /// Oldest version of TLS: "1.2" (which is also the default) or "1.3". Default: NULL.
    pub tls_min_version: *const c_char,
    /// Newest version of TLS: "1.2" or "1.3" (which is also the default). Default: NULL.
    pub tls_max_version: *const c_char,
    /// Name or IP address that is asked for (SNI) and that the certificate has to be for, instead
    /// of the URL's host. Also: servername in Node. Default: NULL.
    pub tls_server_name: *const c_char,
    /// Public keys of which the server has to have one: "sha256//BASE64", several separated by
    /// semicolons, each the SHA-256 of a SubjectPublicKeyInfo (as curl's CURLOPT_PINNEDPUBLICKEY).
    /// Checked beside all else, and without `tls_verify` too. Default: NULL.
    pub tls_pins: *const c_char,
    /// File to which the secrets of all sessions are appended, for Wireshark and the like (the form
    /// of SSLKEYLOGFILE, which is not looked at). Whoever can read it can read the traffic; it is
    /// made for its owner alone. Default: NULL.
    pub keylog_file: *const c_char,
    /// Whether a GET, HEAD or OPTIONS without a body travels with the TLS handshake on a session
    /// that is resumed, which saves a round trip (0-RTT, RFC 8446 2.3). Whoever is on the way can
    /// send such a request a second time; what a server does not want so is sent again by itself
    /// (425, RFC 8470). 0 is off, 1 is on. Default: 0.
    pub tls_early_data: u64,
    /// Requests that a connection carries at a time: with more than one, while all connections that
    /// the caps allow are in use, a replayable request with no or a small body (16 KiB) is sent
    /// behind others, on a connection that has answered as HTTP/1.1 (RFC 9112 9.3.2). Answers come
    /// in order, so that a slow one holds up those behind it: for many small requests over a long
    /// way to a server that is known to do it well. An origin that mishandles it gets 1 for ten
    /// minutes. Not together with `hedge`. 1 to 256. Default: 1.
    pub pipelining: u64,
    /// Bytes per second that a body must move at on average over `min_speed_time_ms`, as curl's
    /// low-speed limit; slower is an error (KA_TOO_SLOW). Bytes are counted as they are on the
    /// wire; only time spent on waiting for the peer to send or to take some counts, and the wait
    /// for a response head does not. 0: any speed. Default: 0.
    pub min_speed_size: u64,
    /// The time over which `min_speed_size` is to be reached. 0: no limit. Default: 30,000 ms.
    pub min_speed_time_ms: u64,
    /// Bytes per second that a body, sent or received, moves at on average at most: what comes
    /// faster is left in the socket, so that TCP slows the sender down. 0: no limit. Default: 0.
    pub max_speed_size: u64,
    /// Whether gzip, deflate, br and zstd bodies of responses are decoded, and offered in
    /// Accept-Encoding by requests that have no such field. Without, a body is handed out as it
    /// came. Python and Node's fetch decode unless told not to, C and Node's request do not. 0 is
    /// off, 1 is on. Default: by language.
    pub decode: u64,
    /// What becomes of 301, 302, 303, 307 and 308 with a Location (RFC 9110 15.4): "follow";
    /// "manual", they are responses like others; "error", they are errors. NULL: "manual".
    /// Default: NULL.
    pub redirect: *const c_char,
    /// Whether a redirect from https to http is followed: it shows everybody on the way what was to
    /// be hidden. Without, it is an error. 0 is off, 1 is on. Default: 0.
    pub redirect_downgrade: u64,
    /// Names of header fields that a redirect takes to no other origin, as X-Api-Key, separated by
    /// commas or blanks: beside Authorization, Cookie and Proxy-Authorization, which are always
    /// among them. A request's are in addition to its client's. Default: NULL.
    pub sensitive_headers: *const c_char,
    /// Who asks, for the origin of the request's URL and no other: "basic USER:PASSWORD" (RFC
    /// 7617), "bearer TOKEN" (RFC 6750) or "digest USER:PASSWORD" (RFC 7616: MD5, SHA-256 and
    /// SHA-512-256, answers to a server's 401, and from then on with every request to it). A
    /// request's own Authorization field goes before it, and it before the URL's user and password.
    /// Empty: none, whatever the client has. Default: NULL.
    pub auth: *const c_char,
    /// Bytes of a request body above which it, and one of unknown length, waits up to 1 s for the
    /// server's 100 (Continue), so that one that is refused is not sent (RFC 9110 10.1.1; curl's
    /// threshold). A server that ignores it is remembered for 10 min. A request asks with a field
    /// of its own (Expect: 100-continue), and does not with an empty one. 0: never by itself.
    /// Default: 1,048,576 (1 MiB).
    pub expect_threshold_size: u64,
    /// Whether cookies of answers are kept and sent with later requests, by a jar of the client's
    /// own (RFC 6265bis). Clients in Python keep them unless told not to, the functions of the
    /// module do not; a jar that several clients share is given by other means (docs/cookies.md).
    /// 0 is off, 1 is on. Default: by language.
    pub cookies: u64,
}

impl ka_client_options {
    /// As C has them; strings and bytes are the defaults.
    pub(crate) fn of(config: &ClientConfig) -> ka_client_options {
        ka_client_options {
            size: size_of::<ka_client_options>(),
            max_per_host: config.max_per_host,
            max_total: config.max_total,
            max_dials_per_host: config.max_dials_per_host,
            queue_timeout_ms: milliseconds(config.queue_timeout),
            queue_stall_timeout_ms: milliseconds(config.queue_stall_timeout),
            queue_limit: config.queue_limit,
            idle_timeout_ms: milliseconds(config.idle_timeout),
            max_age_ms: milliseconds(config.max_age),
            dns_ttl_ms: milliseconds(config.dns_ttl),
            connect_timeout_ms: milliseconds(config.connect_timeout),
            header_timeout_ms: milliseconds(config.header_timeout),
            stall_timeout_ms: milliseconds(config.stall_timeout),
            body_idle_timeout_ms: milliseconds(config.body_idle_timeout),
            total_timeout_ms: milliseconds(config.total_timeout),
            max_head_size: config.max_head_size,
            max_fields: config.max_fields,
            max_body_size: config.max_body_size,
            drain_limit_size: config.drain_limit,
            drain_timeout_ms: milliseconds(config.drain_timeout),
            busy_poll_us: config.busy_poll,
            max_redirects: config.max_redirects,
            retries: config.retries,
            retry_budget: config.retry_budget,
            retry_max_wait_ms: milliseconds(config.retry_max_wait),
            circuit_breaker: u64::from(config.circuit_breaker),
            hedge: u64::from(config.hedge),
            user_agent: c"libkeepalive/0.1.0".as_ptr(),
            resolve: std::ptr::null(),
            ca_file: std::ptr::null(),
            ca_pem: ka_bytes::NONE,
            client_cert_file: std::ptr::null(),
            client_key_file: std::ptr::null(),
            client_cert_pem: ka_bytes::NONE,
            client_key_pem: ka_bytes::NONE,
            client_key_password: std::ptr::null(),
            proxy: std::ptr::null(),
            no_proxy: std::ptr::null(),
            trust_env: u64::from(config.trust_env),
            proxy_headers: std::ptr::null(),
            unix_socket: std::ptr::null(),
            local_address: std::ptr::null(),
            interface: std::ptr::null(),
            connect_to: std::ptr::null(),
            tls_verify: u64::from(config.tls_verify),
            tls_verify_host: u64::from(config.tls_verify_host),
            ca_dir: std::ptr::null(),
            ca_only: u64::from(config.ca_only),
            tls_min_version: std::ptr::null(),
            tls_max_version: std::ptr::null(),
            tls_server_name: std::ptr::null(),
            tls_pins: std::ptr::null(),
            keylog_file: std::ptr::null(),
            tls_early_data: u64::from(config.tls_early_data),
            pipelining: config.pipelining,
            min_speed_size: config.min_speed,
            min_speed_time_ms: milliseconds(config.min_speed_time),
            max_speed_size: config.max_speed,
            decode: u64::from(config.decode),
            redirect: std::ptr::null(),
            redirect_downgrade: u64::from(config.redirect_downgrade),
            sensitive_headers: std::ptr::null(),
            auth: std::ptr::null(),
            expect_threshold_size: config.expect_threshold,
            cookies: u64::from(config.cookies),
        }
    }

    /// Copies everything into `config`.
    ///
    /// # Safety
    /// Strings and bytes are as their fields say.
    pub(crate) unsafe fn copy_to(&self, config: &mut ClientConfig) -> Result<()> {
        config.max_per_host = self.max_per_host;
        config.max_total = self.max_total;
        config.max_dials_per_host = self.max_dials_per_host;
        config.pipelining = self.pipelining;
        config.queue_timeout = limit_from_whole_millis(self.queue_timeout_ms);
        config.queue_stall_timeout = limit_from_whole_millis(self.queue_stall_timeout_ms);
        config.queue_limit = self.queue_limit;
        config.idle_timeout = limit_from_whole_millis(self.idle_timeout_ms);
        config.max_age = limit_from_whole_millis(self.max_age_ms);
        config.dns_ttl = limit_from_whole_millis(self.dns_ttl_ms);
        config.connect_timeout = limit_from_whole_millis(self.connect_timeout_ms);
        config.header_timeout = limit_from_whole_millis(self.header_timeout_ms);
        config.stall_timeout = limit_from_whole_millis(self.stall_timeout_ms);
        config.min_speed = self.min_speed_size;
        config.min_speed_time = limit_from_whole_millis(self.min_speed_time_ms);
        config.max_speed = self.max_speed_size;
        config.body_idle_timeout = limit_from_whole_millis(self.body_idle_timeout_ms);
        config.total_timeout = limit_from_whole_millis(self.total_timeout_ms);
        config.max_head_size = self.max_head_size;
        config.max_fields = self.max_fields;
        config.max_body_size = self.max_body_size;
        config.decode = flag(self.decode, "option decode")?;
        config.drain_limit = self.drain_limit_size;
        config.drain_timeout = limit_from_whole_millis(self.drain_timeout_ms);
        config.busy_poll = self.busy_poll_us;
        config.max_redirects = self.max_redirects;
        config.redirect_downgrade = flag(self.redirect_downgrade, "option redirect_downgrade")?;
        config.retries = self.retries;
        config.retry_budget = self.retry_budget;
        config.retry_max_wait = limit_from_whole_millis(self.retry_max_wait_ms);
        config.circuit_breaker = flag(self.circuit_breaker, "option circuit_breaker")?;
        config.expect_threshold = self.expect_threshold_size;
        config.hedge = flag(self.hedge, "option hedge")?;
        config.cookies = flag(self.cookies, "option cookies")?;
        config.trust_env = flag(self.trust_env, "option trust_env")?;
        config.tls_verify = flag(self.tls_verify, "option tls_verify")?;
        config.tls_verify_host = flag(self.tls_verify_host, "option tls_verify_host")?;
        config.ca_only = flag(self.ca_only, "option ca_only")?;
        config.tls_early_data = flag(self.tls_early_data, "option tls_early_data")?;
        // SAFETY: the caller's promise.
        unsafe {
            config.redirect = optional_text(self.redirect, "option redirect")?;
            config.sensitive_headers = optional_text(self.sensitive_headers, "option sensitive_headers")?;
            config.auth = optional_text(self.auth, "option auth")?;
            config.user_agent = optional_text(self.user_agent, "option user_agent")?;
            config.resolve = optional_text(self.resolve, "option resolve")?;
            config.proxy = optional_text(self.proxy, "option proxy")?;
            config.no_proxy = optional_text(self.no_proxy, "option no_proxy")?;
            config.proxy_headers = optional_text(self.proxy_headers, "option proxy_headers")?;
            config.unix_socket = optional_text(self.unix_socket, "option unix_socket")?;
            config.local_address = optional_text(self.local_address, "option local_address")?;
            config.interface = optional_text(self.interface, "option interface")?;
            config.connect_to = optional_text(self.connect_to, "option connect_to")?;
            config.ca_file = optional_text(self.ca_file, "option ca_file")?;
            config.ca_dir = optional_text(self.ca_dir, "option ca_dir")?;
            config.ca_pem = optional_bytes(self.ca_pem, "option ca_pem")?;
            config.client_cert_file = optional_text(self.client_cert_file, "option client_cert_file")?;
            config.client_key_file = optional_text(self.client_key_file, "option client_key_file")?;
            config.client_cert_pem = optional_bytes(self.client_cert_pem, "option client_cert_pem")?;
            config.client_key_pem = optional_bytes(self.client_key_pem, "option client_key_pem")?;
            config.client_key_password = optional_text(self.client_key_password, "option client_key_password")?;
            config.tls_min_version = optional_text(self.tls_min_version, "option tls_min_version")?;
            config.tls_max_version = optional_text(self.tls_max_version, "option tls_max_version")?;
            config.tls_server_name = optional_text(self.tls_server_name, "option tls_server_name")?;
            config.tls_pins = optional_text(self.tls_pins, "option tls_pins")?;
            config.keylog_file = optional_text(self.keylog_file, "option keylog_file")?;
        }
        Ok(())
    }
}

/// A time limit of one request, in place of an option of its client.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ka_timeout {
    /// Waiting for a connection. In place of `queue_timeout_ms`.
    KA_TIMEOUT_QUEUE = 0,
    /// DNS, TCP and TLS together. In place of `connect_timeout_ms`.
    KA_TIMEOUT_CONNECT = 1,
    /// From the end of the request to the end of the response head. In place of
    /// `header_timeout_ms`.
    KA_TIMEOUT_HEADER = 2,
    /// Longest wait without a byte while sending. In place of `stall_timeout_ms`.
    KA_TIMEOUT_SEND = 3,
    /// Longest wait without a byte while receiving. In place of `stall_timeout_ms`.
    KA_TIMEOUT_READ = 4,
    /// The whole exchange with its body, redirects included. In place of `total_timeout_ms`.
    KA_TIMEOUT_TOTAL = 5,
}
