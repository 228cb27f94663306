//! The one error table. `KA_*` numbers, Python classes, Node's `err.code` and the error page are
//! all generated from it; a kind that lacks one of them does not compile.

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;

use keepalive_proto::{LocalError, RemoteError};

macro_rules! errors {
    ($($kind:ident = $number:literal, $group:ident, $code:literal, $python:literal, $text:literal;)*) => {
        /// What went wrong. Numbers are stable and never reused; HTTP statuses are never errors.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum ErrorKind {
            $(#[doc = $text] $kind = $number,)*
        }

        impl ErrorKind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$kind,)*];

            /// The kind's name, as in `ConnectTimeout`.
            pub const fn name(self) -> &'static str {
                match self { $(ErrorKind::$kind => stringify!($kind),)* }
            }

            /// Whose fault it is.
            pub const fn group(self) -> ErrorGroup {
                match self { $(ErrorKind::$kind => ErrorGroup::$group,)* }
            }

            /// The name in C and in Node's `err.code`, as in `KA_CONNECT_TIMEOUT`.
            pub const fn code(self) -> &'static str {
                match self { $(ErrorKind::$kind => $code,)* }
            }

            /// The same with a terminating NUL, for C.
            pub const fn code_z(self) -> &'static str {
                match self { $(ErrorKind::$kind => concat!($code, "\0"),)* }
            }

            /// The Python class in `libkeepalive`.
            pub const fn python_class(self) -> &'static str {
                match self { $(ErrorKind::$kind => $python,)* }
            }

            /// One line on what it means.
            pub const fn summary(self) -> &'static str {
                match self { $(ErrorKind::$kind => $text,)* }
            }
        }
    };
}

errors! {
    InvalidArgument = 100, Caller, "KA_INVALID_ARGUMENT", "InvalidArgument", "An argument or option has a value that is not allowed.";
    InvalidUrl = 101, Caller, "KA_INVALID_URL", "InvalidURL", "The URL cannot be parsed or lacks a host.";
    UnsupportedScheme = 102, Caller, "KA_UNSUPPORTED_SCHEME", "UnsupportedProtocol", "The URL's scheme is not http or https.";
    InvalidMethod = 103, Caller, "KA_INVALID_METHOD", "LocalProtocolError", "The method is not a token (RFC 9110 9.1).";
    InvalidHeader = 104, Caller, "KA_INVALID_HEADER", "LocalProtocolError", "A header name or value is not allowed (RFC 9110 5).";
    BodyLengthMismatch = 105, Caller, "KA_BODY_LENGTH_MISMATCH", "LocalProtocolError", "The request body is shorter or longer than declared.";
    BodySourceFailed = 106, Caller, "KA_BODY_SOURCE_FAILED", "BodySourceFailed", "The source of a streamed request body failed.";
    InvalidState = 107, Caller, "KA_INVALID_STATE", "InvalidState", "The object is closed, consumed or in use.";
    ResolveFailed = 200, Reach, "KA_RESOLVE_FAILED", "ConnectError", "The host name could not be resolved.";
    ConnectFailed = 201, Reach, "KA_CONNECT_FAILED", "ConnectError", "No address of the host accepted a connection.";
    ConnectTimeout = 202, Reach, "KA_CONNECT_TIMEOUT", "ConnectTimeout", "Resolving, connecting and the TLS handshake took too long.";
    TlsHandshakeFailed = 300, Tls, "KA_TLS_HANDSHAKE_FAILED", "ConnectError", "The TLS handshake failed.";
    CertificateRejected = 301, Tls, "KA_CERTIFICATE_REJECTED", "ConnectError", "The server's certificate is not trusted or not for this host.";
    TlsProtocol = 302, Tls, "KA_TLS_PROTOCOL", "ReadError", "The peer broke the TLS protocol after the handshake.";
    ConnectionClosed = 400, Carry, "KA_CONNECTION_CLOSED", "RemoteDisconnected", "The server closed the connection before any byte of the response.";
    ConnectionReset = 401, Carry, "KA_CONNECTION_RESET", "ReadError", "The connection was reset.";
    SendTimeout = 402, Carry, "KA_SEND_TIMEOUT", "WriteTimeout", "The server accepted no byte of the request for too long.";
    ReadTimeout = 403, Carry, "KA_READ_TIMEOUT", "ReadTimeout", "No byte of the response came for too long.";
    InvalidResponseHead = 500, Peer, "KA_INVALID_RESPONSE_HEAD", "RemoteProtocolError", "The response head breaks RFC 9112.";
    HeadTooLarge = 501, Peer, "KA_HEAD_TOO_LARGE", "RemoteProtocolError", "The response head exceeds a limit.";
    InvalidFraming = 502, Peer, "KA_INVALID_FRAMING", "RemoteProtocolError", "The response's framing fields are faulty.";
    InvalidChunk = 503, Peer, "KA_INVALID_CHUNK", "RemoteProtocolError", "The chunked coding of the response is faulty.";
    BodyTruncated = 504, Peer, "KA_BODY_TRUNCATED", "RemoteDisconnected", "The connection ended before the response body was complete.";
    HeadTruncated = 505, Peer, "KA_HEAD_TRUNCATED", "RemoteDisconnected", "The connection ended inside the response head.";
    DecodingFailed = 506, Peer, "KA_DECODING_FAILED", "DecodingError", "The response body does not decode by its Content-Encoding.";
    InvalidRedirect = 507, Peer, "KA_INVALID_REDIRECT", "RemoteProtocolError", "A redirect has no usable Location.";
    BodyTooLarge = 508, Peer, "KA_BODY_TOO_LARGE", "BodyTooLarge", "The response body exceeds max_body_size.";
    PoolTimeout = 600, Flow, "KA_POOL_TIMEOUT", "PoolTimeout", "No connection became free in time.";
    TotalTimeout = 601, Flow, "KA_TOTAL_TIMEOUT", "TotalTimeout", "The whole exchange took too long.";
    Cancelled = 602, Flow, "KA_CANCELLED", "Cancelled", "The caller cancelled the request.";
    Interrupted = 603, Flow, "KA_INTERRUPTED", "Interrupted", "A signal handler asked for the wait to end.";
    CircuitOpen = 604, Flow, "KA_CIRCUIT_OPEN", "CircuitOpen", "The origin's circuit breaker is open.";
    QueueFull = 605, Flow, "KA_QUEUE_FULL", "PoolTimeout", "Too many requests already wait for a connection.";
    TooManyRedirects = 606, Flow, "KA_TOO_MANY_REDIRECTS", "TooManyRedirects", "More redirects than allowed.";
    Panic = 900, Bug, "KA_PANIC", "InternalError", "A bug: a panic was caught at the boundary.";
    Internal = 901, Bug, "KA_INTERNAL", "InternalError", "A bug, or a failure of the operating system.";
}

/// Whose fault an error is; its number is the hundreds of the numbers of its kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorGroup {
    /// The caller's mistake, or a failure of its body source.
    Caller = 1,
    /// The server was not reached.
    Reach = 2,
    /// TLS: the handshake, or the protocol after it.
    Tls = 3,
    /// The connection failed under the exchange.
    Carry = 4,
    /// The server broke the protocol, or sent what the caller does not accept.
    Peer = 5,
    /// A limit or the caller ended it.
    Flow = 6,
    /// A bug of the library, or a failure of the operating system.
    Bug = 9,
}

impl ErrorGroup {
    /// Lower-case name, stable.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorGroup::Caller => "caller",
            ErrorGroup::Reach => "reach",
            ErrorGroup::Tls => "tls",
            ErrorGroup::Carry => "carry",
            ErrorGroup::Peer => "peer",
            ErrorGroup::Flow => "flow",
            ErrorGroup::Bug => "bug",
        }
    }
}

/// Where in an exchange it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Before anything was done with the network.
    Request,
    /// Waiting for a connection.
    Pool,
    /// Resolving the host name.
    Resolve,
    /// The TCP handshake.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the response head.
    Head,
    /// Receiving the response body.
    Body,
}

impl Phase {
    /// Lower-case name, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Request => "request",
            Phase::Pool => "pool",
            Phase::Resolve => "resolve",
            Phase::Connect => "connect",
            Phase::Tls => "tls",
            Phase::Send => "send",
            Phase::Head => "head",
            Phase::Body => "body",
        }
    }
}

/// How much of the request the kernel had taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sent {
    /// Not a byte: the server cannot have seen the request.
    Nothing,
    /// Some bytes.
    Part,
    /// The whole request.
    All,
}

impl Sent {
    /// Lower-case name, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Sent::Nothing => "nothing",
            Sent::Part => "part",
            Sent::All => "all",
        }
    }
}

type Source = std::sync::Arc<dyn StdError + Send + Sync>;

/// A failure, one pointer wide. The text is for people and may change; decide by `kind()`.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ErrorKind,
    phase: Phase,
    message: String,
    os_errno: Option<i32>,
    reused: bool,
    sent: Sent,
    replayable: bool,
    response_started: bool,
    tries: u32,
    address: Option<SocketAddr>,
    source: Option<Source>,
    partial: Option<bytes::Bytes>,
}

/// `Result` with this crate's error.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `kind`; the message names the argument or the peer, and the reason.
    pub fn new(kind: ErrorKind, phase: Phase, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            phase,
            message: message.into(),
            os_errno: None,
            reused: false,
            sent: Sent::Nothing,
            replayable: false,
            response_started: false,
            tries: 1,
            address: None,
            source: None,
            partial: None,
        }))
    }

    /// A caller's mistake, found before any byte is sent.
    pub fn argument(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::InvalidArgument, Phase::Request, message)
    }

    /// Use after close, a second use of a stream and the like.
    pub fn state(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::InvalidState, Phase::Request, message)
    }

    pub(crate) fn with_os(mut self, error: &std::io::Error) -> Self {
        self.0.os_errno = error.raw_os_error();
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(std::sync::Arc::new(source));
        self
    }

    pub(crate) fn with_exchange(
        mut self,
        reused: bool,
        sent: Sent,
        replayable: bool,
        response_started: bool,
    ) -> Self {
        self.0.reused = reused;
        self.0.sent = sent;
        self.0.replayable = replayable;
        self.0.response_started = response_started;
        self
    }

    /// With the body bytes that came before the failure, which the caller has in memory of its own.
    pub fn with_partial(mut self, body: bytes::Bytes) -> Self {
        self.0.partial = Some(body);
        self
    }

    /// Adds what the caller should know besides.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.0.message = format!("{} ({note})", self.0.message);
        self
    }

    /// It ended the last of so many tries.
    pub(crate) fn with_tries(mut self, tries: u32) -> Self {
        self.0.tries = tries;
        if tries > 1 { self.with_note(&format!("{tries} tries were made")) } else { self }
    }

    pub(crate) fn with_address(mut self, address: SocketAddr) -> Self {
        self.0.address = Some(address);
        self
    }

    /// The body bytes that came before the failure, when a whole body was asked for.
    pub fn partial_body(&self) -> Option<&[u8]> {
        self.0.partial.as_deref()
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Where in the exchange.
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// The text without the kind's name.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The operating system's error number, when there is one.
    pub fn os_errno(&self) -> Option<i32> {
        self.0.os_errno
    }

    /// How often the request was tried in all (option `retries`); 1 without further tries. The one
    /// replay after a dead reuse is part of its try.
    pub fn tries(&self) -> u32 {
        self.0.tries
    }

    /// The address of the server's that it is about, where one was being connected to or was.
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.address
    }

    /// The system call that failed, as Node's errors and strace name it: `getaddrinfo`, `connect`,
    /// `read` or `write`. `None` when the operating system reported nothing.
    pub fn syscall(&self) -> Option<&'static str> {
        if self.0.kind == ErrorKind::ResolveFailed {
            return Some("getaddrinfo");
        }
        self.0.os_errno.and(match self.0.phase {
            Phase::Connect => Some("connect"),
            Phase::Send => Some("write"),
            Phase::Tls | Phase::Head | Phase::Body => Some("read"),
            Phase::Request | Phase::Pool | Phase::Resolve => None,
        })
    }

    /// Whether it happened on a connection that had carried a response before.
    pub fn reused(&self) -> bool {
        self.0.reused
    }

    /// How much of the request had been written.
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// Whether sending the request again cannot make the server act twice (RFC 9110 9.2.2):
    /// nothing was written, or the method is idempotent and no byte of a response came.
    /// A caller's own mistakes, a certificate that is not trusted and what a server answered are not
    /// worth a retry and say no.
    pub fn retry_safe(&self) -> bool {
        use ErrorGroup::{Bug, Caller, Peer};
        use ErrorKind::{Cancelled, CertificateRejected, Interrupted, TooManyRedirects};
        match self.0.kind {
            CertificateRejected | Cancelled | Interrupted | TooManyRedirects => false,
            kind if matches!(kind.group(), Caller | Peer | Bug) => false,
            _ => self.0.sent == Sent::Nothing || (self.0.replayable && !self.0.response_started),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

impl From<LocalError> for Error {
    fn from(error: LocalError) -> Self {
        let (kind, message) = match error {
            LocalError::InvalidMethod(method) => (
                ErrorKind::InvalidMethod,
                format!("method {method:?} is not a token of letters, digits and !#$%&'*+-.^_`|~"),
            ),
            LocalError::InvalidHeader { name, reason } => {
                (ErrorKind::InvalidHeader, format!("{name}: {reason}"))
            }
            LocalError::InvalidTarget { reason } => {
                (ErrorKind::InvalidUrl, format!("request target: {reason}"))
            }
            LocalError::BodyLengthMismatch { declared, given } => (
                ErrorKind::BodyLengthMismatch,
                format!("request body: {declared} bytes declared, {given} given"),
            ),
            LocalError::InvalidState(what) => (ErrorKind::InvalidState, what.to_string()),
            other => (ErrorKind::Internal, format!("{other:?}")),
        };
        Error::new(kind, Phase::Request, message)
    }
}

impl From<RemoteError> for Error {
    fn from(error: RemoteError) -> Self {
        let (kind, phase, message) = match error {
            RemoteError::InvalidHead(rule) => (
                ErrorKind::InvalidResponseHead,
                Phase::Head,
                format!("invalid response head: {rule}"),
            ),
            RemoteError::HeadTooLarge { limit, what } => (
                ErrorKind::HeadTooLarge,
                Phase::Head,
                format!("response head exceeds the limit of {limit} {what}"),
            ),
            RemoteError::InvalidFraming(rule) => (
                ErrorKind::InvalidFraming,
                Phase::Head,
                format!("invalid framing of the response: {rule}"),
            ),
            RemoteError::InvalidChunk(rule) => {
                (ErrorKind::InvalidChunk, Phase::Body, format!("invalid chunk: {rule}"))
            }
            RemoteError::HeadTruncated { received } => (
                ErrorKind::HeadTruncated,
                Phase::Head,
                format!("connection ended after {received} bytes of the response head"),
            ),
            RemoteError::Closed => (
                ErrorKind::ConnectionClosed,
                Phase::Head,
                "server closed the connection without sending a response".to_string(),
            ),
            RemoteError::BodyTruncated { received, expected: Some(expected) } => (
                ErrorKind::BodyTruncated,
                Phase::Body,
                format!("response body ended after {received} bytes, {expected} expected"),
            ),
            RemoteError::BodyTruncated { received, expected: None } => (
                ErrorKind::BodyTruncated,
                Phase::Body,
                format!("response body ended after {received} bytes without its end mark"),
            ),
            other => (ErrorKind::Internal, Phase::Head, format!("{other:?}")),
        };
        Error::new(kind, phase, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_begin_with_their_group() {
        for (row, kind) in ErrorKind::ALL.iter().enumerate() {
            assert_eq!(*kind as i32 / 100, kind.group() as i32, "{kind:?}");
            assert!(ErrorKind::ALL[..row].iter().all(|other| (*other as i32) < *kind as i32));
        }
    }

    #[test]
    fn what_is_nobody_s_chance_is_not_worth_a_retry() {
        let safe = |kind| Error::new(kind, Phase::Connect, "").retry_safe();
        let never = [100, 301, 501, 602, 603, 606, 900, 901];
        let worth = [200, 202, 300, 302, 400, 403, 600, 601, 604, 605];
        for kind in ErrorKind::ALL {
            let number = *kind as i32;
            assert!(!(never.contains(&number) && safe(*kind)), "{kind:?}");
            assert!(!worth.contains(&number) || safe(*kind), "{kind:?}");
        }
    }
}
