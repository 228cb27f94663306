//! The options of a client.

use std::time::Duration;

/// What an option is, and its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// A whole number of things.
    Count,
    /// A number of bytes.
    Size,
    /// A number of microseconds, for times too short for milliseconds.
    Micros,
    /// A percentage.
    Percent,
    /// A length of time; absent means no limit.
    Time,
    /// Yes or no.
    Flag,
    /// Text; absent means not set.
    Text,
    /// The path of a file; absent means not set.
    File,
    /// Bytes (PEM); absent means not set.
    Pem,
}

/// The type of an option's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `u64`.
    Count,
    /// `Option<Duration>`.
    Time,
    /// `bool`.
    Flag,
    /// `Option<String>`.
    Text,
    /// `Option<Bytes>`.
    Pem,
}

impl OptionKind {
    /// The type of the value.
    pub const fn shape(self) -> Shape {
        match self {
            OptionKind::Count | OptionKind::Size | OptionKind::Micros | OptionKind::Percent => {
                Shape::Count
            }
            OptionKind::Time => Shape::Time,
            OptionKind::Flag => Shape::Flag,
            OptionKind::Text | OptionKind::File => Shape::Text,
            OptionKind::Pem => Shape::Pem,
        }
    }
}

impl Shape {
    /// For messages: "a whole number" and the like.
    pub const fn describe(self) -> &'static str {
        match self {
            Shape::Count => "a whole number",
            Shape::Time => "a length of time or nothing",
            Shape::Flag => "yes or no",
            Shape::Text => "text",
            Shape::Pem => "PEM bytes",
        }
    }
}

/// The value that an option has when nobody sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionDefault {
    /// For [`Shape::Count`].
    Count(u64),
    /// For [`Shape::Time`].
    Time(Option<Duration>),
    /// For [`Shape::Flag`].
    Flag(bool),
    /// For [`Shape::Text`].
    Text(Option<&'static str>),
    /// For [`Shape::Pem`], which is never set by default.
    Pem,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct OptionInfo {
    /// snake_case. Python has this name, Node the same in camelCase, C the same with the unit of
    /// times and sizes at its end.
    pub name: &'static str,
    /// What it is, and its unit.
    pub kind: OptionKind,
    /// Its value when nobody sets it.
    pub default: OptionDefault,
    /// What it does and why the default is what it is. Other options stand in it in backticks, and
    /// are spelled as each language does.
    pub doc: &'static str,
    /// The least number.
    pub least: u64,
    /// The largest number.
    pub most: u64,
    /// What an absent time or text means, or the number 0; empty where that says itself.
    pub none: &'static str,
    /// The default in Node, where it is another one: that of the clients which it replaces.
    pub node: Option<Duration>,
    /// The default for people, where the value itself would tell them less.
    pub shown: &'static str,
    /// Whether the value is never shown.
    pub secret: bool,
    /// What Python and Node take for a text beside the text itself.
    pub form: Form,
    /// Whether a request can have its own, before the client's.
    pub per_request: bool,
}

/// What a text may be given as where a language has better things than texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Nothing else.
    Plain,
    /// A mapping of patterns to proxies, of which none is "direct": `PATTERN=>URL` entries.
    Proxies,
    /// A list of entries, separated by blanks.
    List,
    /// Header fields: `Name: value` lines.
    Fields,
    /// A flag, or what keeps cookies.
    Jar,
    /// Credentials: `SCHEME CREDENTIALS`.
    Credentials,
    /// One of these words.
    Words(&'static [&'static str]),
}

impl OptionInfo {
    /// A row that says no more than the four things that each must.
    const fn plain(
        name: &'static str,
        kind: OptionKind,
        default: OptionDefault,
        doc: &'static str,
    ) -> OptionInfo {
        OptionInfo {
            name,
            kind,
            default,
            doc,
            least: 0,
            most: u64::MAX,
            none: if matches!(kind, OptionKind::Time) { "no limit" } else { "" },
            node: None,
            shown: "",
            secret: false,
            form: Form::Plain,
            per_request: false,
        }
    }
}

/// For the rows of the table.
pub const fn seconds(count: u64) -> Option<Duration> {
    Some(Duration::from_secs(count))
}

/// For the rows of the table.
pub const fn milliseconds(count: u64) -> Option<Duration> {
    Some(Duration::from_millis(count))
}

/// Calls the macro `$define` with all rows, in the order of the reference. A row is
///
/// ```text
/// name: Kind = default, "what it does", more = value, ...;
/// ```
///
/// where the kind is a variant of [`OptionKind`], and `more` a field of [`OptionInfo`] that differs
/// from the usual. The order is free: structs of C keep theirs and grow at the end.
#[macro_export]
macro_rules! options {
    ($define:ident) => {
        $define! {
            max_per_host: Count = 128, "Connections per origin, in use, idle and being opened: streams hold one for minutes.", least = 1;
            max_total: Count = 1024, "Connections of the client over all origins; never more than half of the process's file descriptors (RLIMIT_NOFILE when the pool is opened).", least = 1;
            max_dials_per_host: Count = 16, "Connections being opened per origin at a time, so that a cold burst is no SYN flood.", least = 1;
            pipelining: Count = 1, "Requests that a connection carries at a time: with more than one, while all connections that the caps allow are in use, a replayable request with no or a small body (16 KiB) is sent behind others, on a connection that has answered as HTTP/1.1 (RFC 9112 9.3.2). Answers come in order, so that a slow one holds up those behind it: for many small requests over a long way to a server that is known to do it well. An origin that mishandles it gets 1 for ten minutes. Not together with `hedge`.", least = 1, most = 256;
            queue_timeout: Time = None, "How long a request waits for a connection at most, however fast the queue moves.";
            queue_stall_timeout: Time = seconds(10), "How long a request waits while no connection of its origin is given back: a long queue that moves is work, one that stands still is a fault. The error says what holds the connections.";
            queue_limit: Count = 65_536, "Requests that may wait for a connection; more fail at once.";
            idle_timeout: Time = seconds(30), "How long an idle connection is kept; lowered by the server's Keep-Alive: timeout=N minus 1 s.";
            max_age: Time = seconds(300), "Age after which a connection is not reused (+-20 % jitter), so that DNS changes reach the pool.";
            dns_ttl: Time = seconds(30), "How often the names of pooled connections are looked up again, in the background; also how long an answer serves new connections. A connection whose address has left the answer is given up after a third to twice this time (10 to 60 s).", none = "never";
            connect_timeout: Time = seconds(5), "DNS, TCP and TLS together.";
            header_timeout: Time = seconds(65), "From the end of the request to the end of the response head: just above the 60 s after which gateways (nginx, load balancers) answer 504.", node = seconds(300);
            stall_timeout: Time = seconds(65), "Longest wait without a byte, sending or receiving.", node = seconds(300);
            min_speed: Size = 0, "Bytes per second that a body must move at on average over `min_speed_time`, as curl's low-speed limit; slower is an error (KA_TOO_SLOW). Bytes are counted as they are on the wire; only time spent on waiting for the peer to send or to take some counts, and the wait for a response head does not.", none = "any speed", per_request = true;
            min_speed_time: Time = seconds(30), "The time over which `min_speed` is to be reached.", per_request = true;
            max_speed: Size = 0, "Bytes per second that a body, sent or received, moves at on average at most: what comes faster is left in the socket, so that TCP slows the sender down.", none = "no limit", per_request = true;
            body_idle_timeout: Time = seconds(300), "How long a response may wait for its body to be read on, before its connection is closed: longer than servers wait for a reader (60 s), and as long as a connection is kept at all.", none = "for ever";
            total_timeout: Time = None, "The whole exchange with its body, redirects included.";
            max_head_size: Size = 64 * 1024, "Bytes of a response head, 1xx heads counted in.", least = 64, most = 1 << 30;
            max_fields: Count = 512, "Fields of a response head or trailer section.", least = 1;
            max_body_size: Size = 2 << 30, "Bytes, decoded, of a response body that is collected whole; more is an error. Streams have no limit.", none = "no limit";
            decode: Flag = false, "Whether gzip, deflate, br and zstd bodies of responses are decoded, and offered in Accept-Encoding by requests that have no such field. Without, a body is handed out as it came. Python and Node's fetch decode unless told not to, C and Node's request do not.", shown = "by language", per_request = true;
            drain_limit: Size = 256 * 1024, "Bytes of an unread body that are read to save the connection.";
            drain_timeout: Time = milliseconds(50), "Time spent on reading the unread rest of a body to save the connection.";
            busy_poll: Micros = 50, "Microseconds that a wait for an answer watches the socket before the thread sleeps, on connections whose answers come that fast (a server on the same machine or rack; saves the wake-up).", none = "always sleep", most = 1_000;
            redirect: Text = None, "What becomes of 301, 302, 303, 307 and 308 with a Location (RFC 9110 15.4): \"follow\"; \"manual\", they are responses like others; \"error\", they are errors.", none = "\"manual\"", form = Form::Words(&["follow", "manual", "error"]), per_request = true;
            max_redirects: Count = 20, "Redirects followed when following is asked for (RFC 9110 15.4; the number of httpx and browsers).";
            redirect_downgrade: Flag = false, "Whether a redirect from https to http is followed: it shows everybody on the way what was to be hidden. Without, it is an error.", per_request = true;
            sensitive_headers: Text = None, "Names of header fields that a redirect takes to no other origin, as X-Api-Key, separated by commas or blanks: beside Authorization, Cookie and Proxy-Authorization, which are always among them. A request's are in addition to its client's.", form = Form::List, per_request = true;
            auth: Text = None, "Who asks, for the origin of the request's URL and no other: \"basic USER:PASSWORD\" (RFC 7617), \"bearer TOKEN\" (RFC 6750) or \"digest USER:PASSWORD\" (RFC 7616: MD5, SHA-256 and SHA-512-256, answers to a server's 401, and from then on with every request to it). A request's own Authorization field goes before it, and it before the URL's user and password. Empty: none, whatever the client has.", secret = true, form = Form::Credentials, per_request = true;
            retries: Count = 0, "Further tries of a replayable request after a connect failure, a broken connection or 408, 429, 500, 502, 503, 504; waits are jittered and exponential from 100 ms, or what Retry-After says.";
            retry_budget: Percent = 20, "Retries to an origin as a percentage of the requests to it, above a reserve of 10 retries a second that is always there, so that they never multiply an outage (Finagle's budget). 100: no bound.", most = 100;
            retry_max_wait: Time = seconds(30), "Longest wait for another try. A server that asks for a longer one (Retry-After) gets none: its response is returned.";
            circuit_breaker: Flag = false, "Fail at once while an origin fails: opens when half of at least 20 requests in 10 s failed, lets one probe through after 5 s (doubled up to 60 s).";
            expect_threshold: Size = 1 << 20, "Bytes of a request body above which it, and one of unknown length, waits up to 1 s for the server's 100 (Continue), so that one that is refused is not sent (RFC 9110 10.1.1; curl's threshold). A server that ignores it is remembered for 10 min. A request asks with a field of its own (Expect: 100-continue), and does not with an empty one.", none = "never by itself";
            hedge: Flag = false, "Send a replayable request a second time, on an idle connection, when its response head has taken longer than 95 % of the last ones of its origin; the first response counts, within `retry_budget`. Blocking calls then run on the engine's thread.";
            cookies: Flag = false, "Whether cookies of answers are kept and sent with later requests, by a jar of the client's own (RFC 6265bis). Clients in Python keep them unless told not to, the functions of the module do not; a jar that several clients share is given by other means (docs/cookies.md).", shown = "by language", form = Form::Jar;
            user_agent: Text = Some(concat!("libkeepalive/", env!("CARGO_PKG_VERSION"))), "User-Agent of requests that give none.", none = "not sent", shown = "libkeepalive/VERSION";
            resolve: Text = None, "Addresses of names, instead of the system's: \"host:port:address[,address]\", several separated by spaces; or \"@file\" with such entries, which is read again at each lookup.";
            proxy: Text = None, "Proxy for all requests, or for some: a URL (http, https, socks4, socks4a, socks5 or socks5h, with a user name and password percent-encoded; without a scheme http), or several entries \"PATTERN=>URL\" separated by blanks, where a pattern is http://, https:// or all:// with or without a host (name, *.name, *name) and port, and the URL may be \"direct\"; the most specific one holds, as in httpx's mounts. An empty text: none, whatever the environment says. Plain http is forwarded, https goes through CONNECT.", secret = true, form = Form::Proxies, per_request = true;
            no_proxy: Text = None, "Hosts that no proxy is used for, separated by commas or blanks: names (and what is below them), *.names, addresses, networks as in 10.0.0.0/8, each with or without a port; * for all. Unless it is given, the environment's list holds for the environment's proxies.", form = Form::List, per_request = true;
            trust_env: Flag = false, "Whether http_proxy, https_proxy, all_proxy and no_proxy of the environment are used, in lower case before upper case; HTTP_PROXY not in a CGI program (REQUEST_METHOD is set). They are read when the client is made. Python reads them unless told not to, Node with NODE_USE_ENV_PROXY=1 or --use-env-proxy, C with KEEPALIVE_TRUST_ENV=1.", shown = "by language";
            proxy_headers: Text = None, "Header fields for the proxy alone: \"Name: value\" lines.", secret = true, form = Form::Fields, per_request = true;
            unix_socket: Text = None, "Unix domain socket that every request goes to, whatever host its URL names: a path, or \"@name\" for an abstract one. No proxy is used then.", per_request = true;
            local_address: Text = None, "IP address that connections come from, instead of the system's choice.", per_request = true;
            interface: Text = None, "Network interface that connections go through (SO_BINDTODEVICE), such as eth0, instead of the system's choice.", per_request = true;
            connect_to: Text = None, "Other places for hosts, as curl's --connect-to: \"HOST:PORT:HOST:PORT\" entries separated by blanks; an empty HOST or PORT means any, or no change. Host field, TLS name and pool stay those of the URL.", form = Form::List, per_request = true;
            tls_verify: Flag = true, "Whether a server has to prove with its certificate who it is. Without, whoever is on the way can read and change everything; `tls_pins` still hold. Also: verify in Python, rejectUnauthorized in Node.", per_request = true;
            tls_verify_host: Flag = true, "Whether the certificate has to be for the host that is asked. Without, any server that a trusted authority vouches for will do.", per_request = true;
            ca_file: File = None, "PEM file of trusted certificates, in addition to the system's (`ca_only`: instead of them).", per_request = true;
            ca_dir: File = None, "Directory whose files are PEM with trusted certificates, as OpenSSL's; in addition to the system's.", per_request = true;
            ca_pem: Pem = None, "PEM bytes of trusted certificates, in addition to the system's.";
            ca_only: Flag = false, "Trust what `ca_file`, `ca_dir` and `ca_pem` have and not the system's certificates.", per_request = true;
            client_cert_file: File = None, "PEM file of the client certificate, its chain behind it; it may hold the private key too.", per_request = true;
            client_key_file: File = None, "PEM file of the client certificate's private key.", per_request = true;
            client_cert_pem: Pem = None, "PEM bytes of the client certificate, its chain behind it; they may hold the private key too.", secret = true;
            client_key_pem: Pem = None, "PEM bytes of the client certificate's private key.", secret = true;
            client_key_password: Text = None, "Password of an encrypted private key (PKCS #8).", secret = true, per_request = true;
            tls_min_version: Text = None, "Oldest version of TLS: \"1.2\" (which is also the default) or \"1.3\".", per_request = true;
            tls_max_version: Text = None, "Newest version of TLS: \"1.2\" or \"1.3\" (which is also the default).", per_request = true;
            tls_server_name: Text = None, "Name or IP address that is asked for (SNI) and that the certificate has to be for, instead of the URL's host. Also: servername in Node.", per_request = true;
            tls_pins: Text = None, "Public keys of which the server has to have one: \"sha256//BASE64\", several separated by semicolons, each the SHA-256 of a SubjectPublicKeyInfo (as curl's CURLOPT_PINNEDPUBLICKEY). Checked beside all else, and without `tls_verify` too.", per_request = true;
            tls_early_data: Flag = false, "Whether a GET, HEAD or OPTIONS without a body travels with the TLS handshake on a session that is resumed, which saves a round trip (0-RTT, RFC 8446 2.3). Whoever is on the way can send such a request a second time; what a server does not want so is sent again by itself (425, RFC 8470).";
            keylog_file: File = None, "File to which the secrets of all sessions are appended, for Wireshark and the like (the form of SSLKEYLOGFILE, which is not looked at). Whoever can read it can read the traffic; it is made for its owner alone.";
        }
    };
}

macro_rules! default_of {
    (Pem $value:expr) => {
        OptionDefault::Pem
    };
    (Time $value:expr) => {
        OptionDefault::Time($value)
    };
    (Flag $value:expr) => {
        OptionDefault::Flag($value)
    };
    (Text $value:expr) => {
        OptionDefault::Text($value)
    };
    (File $value:expr) => {
        OptionDefault::Text($value)
    };
    ($number:ident $value:expr) => {
        OptionDefault::Count($value)
    };
}

macro_rules! define_rows {
    ($($name:ident: $kind:ident = $default:expr, $doc:literal $(, $more:ident = $value:expr)*;)*) => {
        /// All options, in the order of the reference.
        pub const OPTIONS: &[OptionInfo] = &[$(OptionInfo {
            $($more: $value,)*
            ..OptionInfo::plain(
                stringify!($name),
                OptionKind::$kind,
                default_of!($kind $default),
                $doc,
            )
        },)*];
    };
}

options! { define_rows }

/// Defaults by another name.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// What the option `profile` is set to.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// The options whose default is another one.
    pub sets: &'static [(&'static str, OptionDefault)],
}

/// All profiles; the first is the table of options itself.
pub const PROFILES: &[Profile] = &[
    Profile { name: "default", doc: "the defaults", sets: &[] },
    Profile {
        name: "service",
        doc: "calls between services",
        sets: &[
            ("total_timeout", OptionDefault::Time(seconds(5))),
            ("header_timeout", OptionDefault::Time(seconds(5))),
            ("queue_timeout", OptionDefault::Time(seconds(2))),
            ("queue_limit", OptionDefault::Count(1024)),
            ("retries", OptionDefault::Count(2)),
            ("circuit_breaker", OptionDefault::Flag(true)),
        ],
    },
];

/// A time limit that a request can have of its own, in place of an option of its client.
#[derive(Debug, Clone, Copy)]
pub struct LimitInfo {
    /// The name in the engine and, in capitals behind `KA_TIMEOUT_`, in C.
    pub name: &'static str,
    /// The option that holds for requests that have none of their own.
    pub option: &'static str,
    /// What it limits.
    pub doc: &'static str,
    /// The argument of `Timeout` in Python.
    pub python: &'static str,
    /// The option of a request in Node.
    pub node: &'static str,
}

/// Calls the macro `$define` with the time limits of a request. A row is
///
/// ```text
/// name: option, "what it limits", argument of Python's Timeout, option of a request in Node;
/// ```
///
/// New rows go last: their place is their number in C.
#[macro_export]
macro_rules! limits {
    ($define:ident) => {
        $define! {
            queue: queue_timeout, "Waiting for a connection.", pool, queueTimeout;
            connect: connect_timeout, "DNS, TCP and TLS together.", connect, connectTimeout;
            header: header_timeout, "From the end of the request to the end of the response head.", read, headersTimeout;
            send: stall_timeout, "Longest wait without a byte while sending.", write, sendTimeout;
            read: stall_timeout, "Longest wait without a byte while receiving.", read, bodyTimeout;
            total: total_timeout, "The whole exchange with its body, redirects included.", total, totalTimeout;
        }
    };
}

macro_rules! define_limits {
    ($($name:ident: $option:ident, $doc:literal, $python:ident, $node:ident;)*) => {
        /// All time limits of a request; the place of each is its number in C.
        pub const LIMITS: &[LimitInfo] = &[$(LimitInfo {
            name: stringify!($name),
            option: stringify!($option),
            doc: $doc,
            python: stringify!($python),
            node: stringify!($node),
        },)*];
    };
}

limits! { define_limits }

#[cfg(test)]
mod tests {
    use super::*;

    fn option(name: &str) -> &'static OptionInfo {
        let found = OPTIONS.iter().find(|option| option.name == name);
        found.unwrap_or_else(|| panic!("{name} is no option"))
    }

    #[test]
    fn names_are_unique_and_texts_are_sentences() {
        for (row, option) in OPTIONS.iter().enumerate() {
            assert!(
                OPTIONS[..row].iter().all(|other| other.name != option.name),
                "{}",
                option.name
            );
            assert!(option.doc.ends_with('.'), "{}", option.name);
            assert!(!option.none.ends_with('.'), "{}", option.name);
        }
    }

    #[test]
    fn what_stands_in_backticks_is_an_option() {
        for doc in OPTIONS.iter().map(|option| option.doc) {
            for name in doc.split('`').skip(1).step_by(2) {
                option(name);
            }
        }
    }

    #[test]
    fn defaults_are_within_their_bounds_and_bounds_belong_to_numbers() {
        for option in OPTIONS {
            match option.default {
                OptionDefault::Count(count) => {
                    assert!((option.least..=option.most).contains(&count), "{}", option.name);
                    assert!(option.none.is_empty() || option.least == 0, "{}", option.name);
                }
                _ => assert_eq!((option.least, option.most), (0, u64::MAX), "{}", option.name),
            }
            assert!(option.node.is_none() || option.kind == OptionKind::Time, "{}", option.name);
        }
    }

    #[test]
    fn limits_stand_for_times() {
        for limit in LIMITS {
            assert_eq!(option(limit.option).kind, OptionKind::Time, "{}", limit.name);
        }
    }

    #[test]
    fn profiles_set_options_to_values_of_their_shape() {
        for (name, value) in PROFILES.iter().flat_map(|profile| profile.sets) {
            let same = match value {
                OptionDefault::Count(_) => Shape::Count,
                OptionDefault::Time(_) => Shape::Time,
                OptionDefault::Flag(_) => Shape::Flag,
                OptionDefault::Text(_) => Shape::Text,
                OptionDefault::Pem => Shape::Pem,
            };
            assert_eq!(option(name).kind.shape(), same, "{name}");
        }
    }
}
