//! Every option of a client, in one table: name, default, unit and reason. The struct, the lookup
//! by name that Python and Node use, and the printed reference all come from it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use keepalive_proto::Limits;

use crate::error::{Error, Result};

/// The type and unit of an option as other languages see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// A whole number of things.
    Count,
    /// A length of time; absent (Python `None`, Node `null`, C 0) means no limit.
    Time,
    /// Yes or no.
    Flag,
    /// Text; absent means not set.
    Text,
    /// Bytes (PEM); absent means not set.
    Pem,
}

/// A value given by name.
#[derive(Debug, Clone)]
pub enum OptionValue {
    /// For [`OptionKind::Count`].
    Count(u64),
    /// For [`OptionKind::Time`].
    Time(Option<Duration>),
    /// For [`OptionKind::Flag`].
    Flag(bool),
    /// For [`OptionKind::Text`].
    Text(Option<String>),
    /// For [`OptionKind::Pem`].
    Pem(Option<Bytes>),
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct OptionInfo {
    /// snake_case, the same in C and Python; Node spells it in camelCase.
    pub name: &'static str,
    /// Type and unit.
    pub kind: OptionKind,
    /// The default, as text.
    pub default: &'static str,
    /// What it does and why the default is what it is.
    pub doc: &'static str,
}

macro_rules! options {
    (@time Time $value:expr) => { $value };
    (@time $kind:ident $value:expr) => { None };
    (@type Count) => { u64 };
    (@type Time) => { Option<Duration> };
    (@type Flag) => { bool };
    (@type Text) => { Option<String> };
    (@type Pem) => { Option<Bytes> };
    ($($name:ident: $kind:ident = $default:expr, $text:literal, $doc:literal;)*) => {
        /// The options of a client. `ClientConfig::default()` is the table's defaults.
        #[derive(Clone)]
        #[non_exhaustive]
        pub struct ClientConfig {
            $(#[doc = concat!($doc, " Default: ", $text, ".")] pub $name: options!(@type $kind),)*
        }

        impl Default for ClientConfig {
            fn default() -> Self {
                ClientConfig { $($name: $default,)* }
            }
        }

        impl ClientConfig {
            /// The lengths of time that are given, by name.
            fn times(&self) -> impl Iterator<Item = (&'static str, Duration)> {
                [$((stringify!($name), options!(@time $kind self.$name)),)*]
                    .into_iter()
                    .filter_map(|(name, time)| Some((name, time?)))
            }
        }

        impl std::fmt::Debug for ClientConfig {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut shown = f.debug_struct("ClientConfig");
                $(match SECRET.contains(&stringify!($name)) {
                    true => shown.field(stringify!($name), &"..."),
                    false => shown.field(stringify!($name), &self.$name),
                };)*
                shown.finish()
            }
        }

        /// All options, in the order of the reference.
        pub const OPTIONS: &[OptionInfo] = &[$(OptionInfo {
            name: stringify!($name),
            kind: OptionKind::$kind,
            default: $text,
            doc: $doc,
        },)*];

        impl ClientConfig {
            /// Sets an option by its name; names the option when the name or type is wrong.
            pub fn set(&mut self, name: &str, value: OptionValue) -> Result<()> {
                match (name, value) {
                    $((stringify!($name), OptionValue::$kind(value)) => self.$name = value,)*
                    _ => return Err(match OPTIONS.iter().find(|option| option.name == name) {
                        Some(option) => Error::argument(
                            format!("option {name}: expected {}", option.kind.describe())),
                        None => Error::argument(format!("unknown option {name}")),
                    }),
                }
                Ok(())
            }
        }
    };
}

/// Options whose values are never shown.
const SECRET: &[&str] = &["client_key_pem", "client_key_password"];

const fn seconds(n: u64) -> Option<Duration> {
    Some(Duration::from_secs(n))
}

options! {
    max_per_host: Count = 128, "128", "Connections per origin, in use, idle and being opened: streams hold one for minutes.";
    max_total: Count = 1024, "1024", "Connections of the client over all origins; never more than half of the process's file descriptors (RLIMIT_NOFILE when the pool is opened).";
    max_dials_per_host: Count = 16, "16", "Connections being opened per origin at a time, so that a cold burst is no SYN flood.";
    queue_timeout: Time = None, "none", "How long a request waits for a connection at most, however fast the queue moves.";
    queue_stall_timeout: Time = seconds(10), "10 s", "How long a request waits while no connection of its origin is given back: a long queue that moves is work, one that stands still is a fault. The error says what holds the connections.";
    queue_limit: Count = 65_536, "65536", "Requests that may wait for a connection; more fail at once.";
    idle_timeout: Time = seconds(30), "30 s", "How long an idle connection is kept; lowered by the server's Keep-Alive: timeout=N minus 1 s.";
    max_age: Time = seconds(300), "5 min", "Age after which a connection is not reused (+-20 % jitter), so that DNS changes reach the pool.";
    dns_ttl: Time = seconds(30), "30 s", "How often the names of pooled connections are looked up again, in the background; also how long an answer serves new connections. A connection whose address has left the answer is given up after a third to twice this time (10 to 60 s). None or 0: never.";
    connect_timeout: Time = seconds(5), "5 s", "DNS, TCP and TLS together.";
    header_timeout: Time = seconds(65), "65 s", "From the end of the request to the end of the response head: just above the 60 s after which gateways (nginx, load balancers) answer 504.";
    stall_timeout: Time = seconds(65), "65 s", "Longest wait without a byte, sending or receiving.";
    body_idle_timeout: Time = seconds(300), "5 min", "How long a response may wait for its body to be read on, before its connection is closed: longer than servers wait for a reader (60 s), and as long as a connection is kept at all. None or 0: for ever.";
    total_timeout: Time = None, "none", "The whole exchange with its body, redirects included.";
    max_head_size: Count = 64 * 1024, "65536", "Bytes of a response head, 1xx heads counted in; 64 to 1073741824 (1 GiB).";
    max_fields: Count = 512, "512", "Fields of a response head or trailer section.";
    max_body_size: Count = 2 << 30, "2147483648", "Bytes, decoded, of a response body that is collected whole; more is an error. Streams have no limit. 0: none.";
    drain_limit: Count = 256 * 1024, "262144", "Bytes of an unread body that are read to save the connection.";
    drain_timeout: Time = Some(Duration::from_millis(50)), "50 ms", "Time spent on reading them.";
    busy_poll: Count = 50, "50", "Microseconds that a wait for an answer watches the socket before the thread sleeps, on connections whose answers come that fast (a server on the same machine or rack; saves the wake-up). 0: always sleep.";
    max_redirects: Count = 20, "20", "Redirects followed when following is asked for (RFC 9110 15.4; the number of httpx and browsers).";
    retries: Count = 0, "0", "Further tries of a replayable request after a connect failure, a broken connection or 408, 429, 500, 502, 503, 504; waits are jittered and exponential from 100 ms, or what Retry-After says.";
    retry_budget: Count = 20, "20", "Retries to an origin as a percentage of the requests to it, above a reserve of 10 retries a second that is always there, so that they never multiply an outage (Finagle's budget). 100: no bound.";
    retry_max_wait: Time = seconds(30), "30 s", "Longest wait for another try. A server that asks for a longer one (Retry-After) gets none: its response is returned.";
    circuit_breaker: Flag = false, "off", "Fail at once while an origin fails: opens when half of at least 20 requests in 10 s failed, lets one probe through after 5 s (doubled up to 60 s).";
    hedge: Flag = false, "off", "Send a replayable request a second time, on an idle connection, when its response head has taken longer than 95 % of the last ones of its origin; the first response counts, within the retry budget. Blocking calls then run on the engine's thread.";
    user_agent: Text = Some(concat!("libkeepalive/", env!("CARGO_PKG_VERSION")).to_string()), "libkeepalive/VERSION", "User-Agent of requests that give none; absent: not sent.";
    resolve: Text = None, "none", "Addresses of names, instead of the system's: \"host:port:address[,address]\", several separated by spaces; or \"@file\" with such entries, which is read again at each lookup.";
    ca_file: Text = None, "none", "PEM file of trusted certificates, instead of the system's.";
    ca_pem: Pem = None, "none", "The same as bytes.";
    client_cert_file: Text = None, "none", "PEM file of the client certificate chain; needs client_key_file.";
    client_key_file: Text = None, "none", "PEM file of the client certificate's private key.";
    client_cert_pem: Pem = None, "none", "PEM bytes of the client certificate chain; needs client_key_pem.";
    client_key_pem: Pem = None, "none", "PEM bytes of the private key.";
    client_key_password: Text = None, "none", "Password of an encrypted private key (PKCS #8).";
}

/// The options of a client, and what follows from them once and for all.
pub(crate) struct Settings {
    pub config: Arc<ClientConfig>,
    /// The serialised User-Agent field.
    pub agent_field: Vec<u8>,
    /// The same and the Accept-Encoding field, for requests whose responses are decoded.
    pub decoding_fields: Vec<u8>,
}

impl Settings {
    /// `codings` are the content codings that can be decoded.
    pub fn new(config: ClientConfig, codings: &str) -> Settings {
        let agent_field = match &config.user_agent {
            Some(agent) => format!("User-Agent: {agent}\r\n").into_bytes(),
            None => Vec::new(),
        };
        let encoding = format!("Accept-Encoding: {codings}\r\n");
        let decoding_fields = [&agent_field, encoding.as_bytes()].concat();
        Settings { config: Arc::new(config), agent_field, decoding_fields }
    }
}

impl OptionKind {
    /// For messages: "a whole number" and the like.
    pub const fn describe(self) -> &'static str {
        match self {
            OptionKind::Count => "a whole number",
            OptionKind::Time => "a length of time or nothing",
            OptionKind::Flag => "yes or no",
            OptionKind::Text => "text",
            OptionKind::Pem => "PEM bytes",
        }
    }
}

impl ClientConfig {
    /// The defaults of a named profile: `default`, or `service` for calls between services (total
    /// 5 s, header 5 s, at most 2 s and 1,024 requests in the queue, 2 retries within the budget,
    /// circuit breaker on).
    pub fn profile(name: &str) -> Result<ClientConfig> {
        let default = ClientConfig::default();
        match name {
            "default" => Ok(default),
            "service" => Ok(ClientConfig {
                total_timeout: seconds(5),
                header_timeout: seconds(5),
                queue_timeout: seconds(2),
                queue_limit: 1024,
                retries: 2,
                circuit_breaker: true,
                ..default
            }),
            _ => Err(Error::argument(format!(
                "option profile: {name:?} is not a profile; expected \"default\" or \"service\""
            ))),
        }
    }

    /// Checks the values; the error names the option and the reason.
    pub fn check(&self) -> Result<()> {
        let least_one = [
            ("max_per_host", self.max_per_host),
            ("max_total", self.max_total),
            ("max_dials_per_host", self.max_dials_per_host),
            ("max_fields", self.max_fields),
        ];
        for (name, value) in least_one {
            if value == 0 {
                return Err(Error::argument(format!("option {name}: must be at least 1")));
            }
        }
        for (name, time) in self.times() {
            check_time(&format!("option {name}"), time)?;
        }
        if self.busy_poll > 1_000 {
            return Err(Error::argument("option busy_poll: must be at most 1000 microseconds"));
        }
        if self.retry_budget > 100 {
            return Err(Error::argument("option retry_budget: must be at most 100 percent"));
        }
        let most = Limits::MOST_HEAD_BYTES as u64;
        if !(64..=most).contains(&self.max_head_size) {
            return Err(Error::argument(format!(
                "option max_head_size: must be at least 64 and at most {most} bytes"
            )));
        }
        if let Some(agent) = &self.user_agent
            && !agent.bytes().all(|byte| byte == b'\t' || (b' '..0x7f).contains(&byte))
        {
            return Err(Error::argument("option user_agent: only printable ASCII is allowed"));
        }
        if self.client_cert_file.is_some() != self.client_key_file.is_some() {
            return Err(Error::argument(
                "options client_cert_file and client_key_file: one needs the other",
            ));
        }
        if self.client_cert_pem.is_some() != self.client_key_pem.is_some() {
            return Err(Error::argument(
                "options client_cert_pem and client_key_pem: one needs the other",
            ));
        }
        Ok(())
    }
}

/// The longest time that can be asked for, 10 years: more is a slip of units, and the sums of clocks
/// and jitter have room beyond it. Without a limit is said by giving none.
pub const MAX_TIME: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Checks a length of time that a caller gave; `name` is what it was given as.
pub(crate) fn check_time(name: &str, time: Duration) -> Result<()> {
    if time <= MAX_TIME {
        return Ok(());
    }
    Err(Error::argument(format!(
        "{name}: {} s is longer than the longest time, 10 years ({} s)",
        time.as_secs(),
        MAX_TIME.as_secs()
    )))
}

/// Per-request deadlines; `None` takes the client's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Overrides `queue_timeout`.
    pub queue: Option<Limit>,
    /// Overrides `connect_timeout`.
    pub connect: Option<Limit>,
    /// Overrides `header_timeout`.
    pub header: Option<Limit>,
    /// Overrides `stall_timeout` while sending.
    pub send: Option<Limit>,
    /// Overrides `stall_timeout` while receiving.
    pub read: Option<Limit>,
    /// Overrides `total_timeout`.
    pub total: Option<Limit>,
}

impl Timeouts {
    /// Checks the values; the error names the limit.
    pub(crate) fn check(&self) -> Result<()> {
        let Timeouts { queue, connect, header, send, read, total } = self;
        let all = [
            ("queue timeout", queue),
            ("connect timeout", connect),
            ("header timeout", header),
            ("send timeout", send),
            ("read timeout", read),
            ("total timeout", total),
        ];
        for (name, limit) in all {
            if let Some(Some(limit)) = limit {
                check_time(name, *limit)?;
            }
        }
        Ok(())
    }
}

/// A time limit that was given: a duration or none at all.
pub type Limit = Option<Duration>;
