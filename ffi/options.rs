//! `ka_client_options`: every row of the engine's option table as a field of a sized struct.

use std::ffi::{CStr, c_char};
use std::time::Duration;

use bytes::Bytes;
use keepalive_core::{ClientConfig, Error, Result};

use crate::handle::{bytes, text, utf8};
use crate::sized;
use crate::slice::ka_bytes;
use crate::status::{ka_error, ka_status};

/// The options of a client. Set the defaults with ka_client_options_init, then change fields; the
/// strings and bytes are copied by ka_client_new. Lengths of time are milliseconds, 0 is no limit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ka_client_options {
    /// sizeof(ka_client_options), written by ka_client_options_init.
    pub size: usize,
    /// Connections per origin, in use, idle and being opened: streams hold one for minutes.
    /// Default: 128.
    pub max_per_host: u64,
    /// Connections of the client over all origins; never more than half of the process's file
    /// descriptors (RLIMIT_NOFILE when the pool is opened). Default: 1024.
    pub max_total: u64,
    /// Connections being opened per origin at a time, so that a cold burst is no SYN flood.
    /// Default: 16.
    pub max_dials_per_host: u64,
    /// How long a request waits for a connection at most, however fast the queue moves. Default: 0,
    /// no limit.
    pub queue_timeout: u64,
    /// How long a request waits while no connection of its origin is given back: a long queue that
    /// moves is work, one that stands still is a fault. The error says what holds the connections.
    /// Default: 10,000 ms.
    pub queue_stall_timeout: u64,
    /// Requests that may wait for a connection; more fail at once. Default: 65536.
    pub queue_limit: u64,
    /// How long an idle connection is kept; lowered by the server's Keep-Alive: timeout=N minus
    /// 1 s. Default: 30,000 ms.
    pub idle_timeout: u64,
    /// Age after which a connection is not reused (+-20 % jitter), so that DNS changes reach the
    /// pool. Default: 300,000 ms.
    pub max_age: u64,
    /// How often the names of pooled connections are looked up again, in the background; also how
    /// long an answer serves new connections. A connection whose address has left the answer is
    /// given up after a third to twice this time (10 to 60 s). 0: never. Default: 30,000 ms.
    pub dns_ttl: u64,
    /// DNS, TCP and TLS together. Default: 5,000 ms.
    pub connect_timeout: u64,
    /// From the end of the request to the end of the response head: just above the 60 s after which
    /// gateways (nginx, load balancers) answer 504. Default: 65,000 ms.
    pub header_timeout: u64,
    /// Longest wait without a byte, sending or receiving. Default: 65,000 ms.
    pub stall_timeout: u64,
    /// How long a response may wait for its body to be read on, before its connection is closed:
    /// longer than servers wait for a reader (60 s), and as long as a connection is kept at all.
    /// Default: 300,000 ms.
    pub body_idle_timeout: u64,
    /// The whole exchange with its body, redirects included. Default: 0, no limit.
    pub total_timeout: u64,
    /// Bytes of a response head, 1xx heads counted in. Default: 65536.
    pub max_head_size: u64,
    /// Fields of a response head or trailer section. Default: 512.
    pub max_fields: u64,
    /// Bytes, decoded, of a response body that is collected whole (ka_response_read_all, queue
    /// events); more is an error. Streams have no limit. 0: none. Default: 2147483648 (2 GiB).
    pub max_body_size: u64,
    /// Bytes of an unread body that are read to save the connection. Default: 262144.
    pub drain_limit: u64,
    /// Time spent on reading them. Default: 50 ms.
    pub drain_timeout: u64,
    /// Microseconds that a wait for an answer watches the socket before the thread sleeps, on
    /// connections whose answers come that fast (a server on the same machine or rack; saves the
    /// wake-up). 0: always sleep; at most 1000. Default: 50.
    pub busy_poll: u64,
    /// Redirects followed when following is asked for (RFC 9110 15.4; the number of httpx and
    /// browsers). Default: 20.
    pub max_redirects: u64,
    /// Further tries of a replayable request after a connect failure, a broken connection or 408,
    /// 429, 500, 502, 503, 504; waits are jittered and exponential from 100 ms, or what Retry-After
    /// says. Default: 0.
    pub retries: u64,
    /// Retries to an origin as a percentage of the requests to it, above a reserve of 10 retries a
    /// second that is always there, so that they never multiply an outage (Finagle's budget). 100:
    /// no bound. Default: 20.
    pub retry_budget: u64,
    /// Longest wait for another try. A server that asks for a longer one (Retry-After) gets none:
    /// its response is returned. 0: no limit. Default: 30,000 ms.
    pub retry_max_wait: u64,
    /// Fail at once while an origin fails: opens when half of at least 20 requests in 10 s failed,
    /// lets one probe through after 5 s (doubled up to 60 s). 0 is off, 1 is on. Default: 0.
    pub circuit_breaker: u64,
    /// Send a replayable request a second time, on an idle connection, when its response head has
    /// taken longer than 95 % of the last ones of its origin; the first response counts, within
    /// the retry budget. Blocking calls then run on the engine's thread. 0 is off, 1 is on.
    /// Default: 0.
    pub hedge: u64,
    /// User-Agent of requests that give none. NULL: not sent. Default: libkeepalive/VERSION.
    pub user_agent: *const c_char,
    /// Addresses of names, instead of the system's: "host:port:address[,address]", several
    /// separated by spaces; or "@file" with such entries, which is read again at each lookup.
    /// Default: NULL.
    pub resolve: *const c_char,
    /// PEM file of trusted certificates, instead of the system's. Default: NULL.
    pub ca_file: *const c_char,
    /// PEM bytes of trusted certificates, instead of the system's. Default: empty.
    pub ca_pem: ka_bytes,
    /// PEM file of the client certificate chain; needs client_key_file. Default: NULL.
    pub client_cert_file: *const c_char,
    /// PEM file of the client certificate's private key. Default: NULL.
    pub client_key_file: *const c_char,
    /// PEM bytes of the client certificate chain; needs client_key_pem. Default: empty.
    pub client_cert_pem: ka_bytes,
    /// PEM bytes of the private key. Default: empty.
    pub client_key_pem: ka_bytes,
    /// Password of an encrypted private key (PKCS #8). Default: NULL.
    pub client_key_password: *const c_char,
}

/// Fills `options` with the defaults. `size` is sizeof(ka_client_options): a program and a library of
/// different versions then agree on the fields that both know.
/// Ownership: `options` stays the caller's; its pointers are static.
/// Threads: any.
/// Errors: none; NULL, or a `size` that holds not even the first field, is left alone.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_options_init(options: *mut ka_client_options, size: usize) {
    ka_fn!(value(()), {
        let defaults =
            ka_client_options { size, ..ka_client_options::of(&ClientConfig::default()) };
        // SAFETY: by the header's contract `options` is NULL or has room for `size` bytes.
        unsafe { sized::write(options, size, &defaults, "options") }
    })
}

/// Fills `options` with the defaults of a profile: "default", or "service" for calls between
/// services (total_timeout and header_timeout 5 s, queue_timeout 2 s, queue_limit 1,024, 2 retries,
/// circuit breaker on).
/// Ownership: all stays the caller's; the pointers in `options` are static.
/// Threads: any.
/// Errors: KA_INVALID_ARGUMENT for NULL, another profile, or a `size` that holds not even the first
/// field.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_options_init_profile(
    options: *mut ka_client_options,
    size: usize,
    profile: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // SAFETY: by the header's contract `profile` is NULL or a NUL-terminated string.
        let name = utf8(unsafe { text(profile, "profile") }?, "profile")?;
        let defaults =
            ka_client_options { size, ..ka_client_options::of(&ClientConfig::profile(name)?) };
        // SAFETY: by the header's contract `options` is NULL or has room for `size` bytes.
        unsafe { sized::write(options, size, &defaults, "options") }
    })
}

const USER_AGENT: &CStr = match CStr::from_bytes_with_nul(
    concat!("libkeepalive/", env!("CARGO_PKG_VERSION"), "\0").as_bytes(),
) {
    Ok(text) => text,
    Err(_) => c"libkeepalive",
};

impl ka_client_options {
    fn of(config: &ClientConfig) -> ka_client_options {
        let milliseconds = |time: Option<Duration>| time.map_or(0, |time| time.as_millis() as u64);
        ka_client_options {
            size: size_of::<ka_client_options>(),
            max_per_host: config.max_per_host,
            max_total: config.max_total,
            max_dials_per_host: config.max_dials_per_host,
            queue_timeout: milliseconds(config.queue_timeout),
            queue_stall_timeout: milliseconds(config.queue_stall_timeout),
            queue_limit: config.queue_limit,
            idle_timeout: milliseconds(config.idle_timeout),
            max_age: milliseconds(config.max_age),
            dns_ttl: milliseconds(config.dns_ttl),
            connect_timeout: milliseconds(config.connect_timeout),
            header_timeout: milliseconds(config.header_timeout),
            stall_timeout: milliseconds(config.stall_timeout),
            body_idle_timeout: milliseconds(config.body_idle_timeout),
            total_timeout: milliseconds(config.total_timeout),
            max_head_size: config.max_head_size,
            max_fields: config.max_fields,
            max_body_size: config.max_body_size,
            drain_limit: config.drain_limit,
            drain_timeout: milliseconds(config.drain_timeout),
            busy_poll: config.busy_poll,
            max_redirects: config.max_redirects,
            retries: config.retries,
            retry_budget: config.retry_budget,
            retry_max_wait: milliseconds(config.retry_max_wait),
            circuit_breaker: u64::from(config.circuit_breaker),
            hedge: u64::from(config.hedge),
            user_agent: USER_AGENT.as_ptr(),
            resolve: std::ptr::null(),
            ca_file: std::ptr::null(),
            ca_pem: ka_bytes::NONE,
            client_cert_file: std::ptr::null(),
            client_key_file: std::ptr::null(),
            client_cert_pem: ka_bytes::NONE,
            client_key_pem: ka_bytes::NONE,
            client_key_password: std::ptr::null(),
        }
    }

    /// Copies everything that `options` points to.
    ///
    /// # Safety
    /// `options` is NULL or points to a struct of the size it states, whose strings and bytes are
    /// as their fields say.
    pub(crate) unsafe fn read(options: *const ka_client_options) -> Result<ClientConfig> {
        let mut config = ClientConfig::default();
        if options.is_null() {
            return Ok(config);
        }
        // SAFETY: the caller's promise; all fields are integers and raw pointers, for which every
        // bit pattern is a value.
        let given = unsafe { sized::read(options, ka_client_options::of(&config), "options") }?;
        config.max_per_host = given.max_per_host;
        config.max_total = given.max_total;
        config.max_dials_per_host = given.max_dials_per_host;
        config.queue_timeout = limit(given.queue_timeout);
        config.queue_stall_timeout = limit(given.queue_stall_timeout);
        config.queue_limit = given.queue_limit;
        config.idle_timeout = limit(given.idle_timeout);
        config.max_age = limit(given.max_age);
        config.dns_ttl = limit(given.dns_ttl);
        config.connect_timeout = limit(given.connect_timeout);
        config.header_timeout = limit(given.header_timeout);
        config.stall_timeout = limit(given.stall_timeout);
        config.body_idle_timeout = limit(given.body_idle_timeout);
        config.total_timeout = limit(given.total_timeout);
        config.max_head_size = given.max_head_size;
        config.max_fields = given.max_fields;
        config.max_body_size = given.max_body_size;
        config.drain_limit = given.drain_limit;
        config.drain_timeout = limit(given.drain_timeout);
        config.busy_poll = given.busy_poll;
        config.max_redirects = given.max_redirects;
        config.retries = given.retries;
        config.retry_budget = given.retry_budget;
        config.retry_max_wait = limit(given.retry_max_wait);
        config.circuit_breaker = flag(given.circuit_breaker, "option circuit_breaker")?;
        config.hedge = flag(given.hedge, "option hedge")?;
        // SAFETY: the caller's promise about the strings and bytes.
        unsafe {
            config.user_agent = optional_text(given.user_agent, "option user_agent")?;
            config.resolve = optional_text(given.resolve, "option resolve")?;
            config.ca_file = optional_text(given.ca_file, "option ca_file")?;
            config.ca_pem = optional_bytes(given.ca_pem, "option ca_pem")?;
            config.client_cert_file =
                optional_text(given.client_cert_file, "option client_cert_file")?;
            config.client_key_file =
                optional_text(given.client_key_file, "option client_key_file")?;
            config.client_cert_pem =
                optional_bytes(given.client_cert_pem, "option client_cert_pem")?;
            config.client_key_pem = optional_bytes(given.client_key_pem, "option client_key_pem")?;
            config.client_key_password =
                optional_text(given.client_key_password, "option client_key_password")?;
        }
        Ok(config)
    }
}

fn flag(value: u64, name: &'static str) -> Result<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Error::argument(format!("{name}: {other} is neither 0 nor 1"))),
    }
}

/// 0 is no limit.
pub(crate) fn limit(milliseconds: u64) -> Option<Duration> {
    (milliseconds != 0).then(|| Duration::from_millis(milliseconds))
}

/// # Safety
/// As [`text`].
unsafe fn optional_text(pointer: *const c_char, name: &'static str) -> Result<Option<String>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    let text = unsafe { text(pointer, name) }?;
    Ok(Some(utf8(text, name)?.to_string()))
}

/// # Safety
/// As [`bytes`].
unsafe fn optional_bytes(view: ka_bytes, name: &'static str) -> Result<Option<Bytes>> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { bytes(view.ptr, view.len, name) }?;
    Ok((!bytes.is_empty()).then(|| Bytes::copy_from_slice(bytes)))
}

#[cfg(test)]
mod tests;
