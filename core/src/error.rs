//! What a failure carries: its kind, a row of the table of errors, and what is known of its exchange.

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;

use keepalive_proto::{LocalError, RemoteError};

use keepalive_tables::{Info, Timings};

pub use keepalive_tables::{ErrorGroup, ErrorKind, Phase, Sent};

use crate::repeat::{Answer, Attempt, Body};

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
    told: Option<Box<(Info, Timings)>>,
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
            told: None,
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

    /// With how the exchange went until then, and where its time went.
    pub(crate) fn with_info(mut self, info: Info, timings: Timings) -> Self {
        self.0.told = Some(Box::new((info, timings)));
        self
    }

    /// How the exchange went until it failed; `None` when it never began.
    pub fn info(&self) -> Option<&Info> {
        self.0.told.as_deref().map(|(info, _)| info)
    }

    /// Where the time went until then: the phase in which it failed has what it took to fail.
    pub fn timings(&self) -> Option<&Timings> {
        self.0.told.as_deref().map(|(_, timings)| timings)
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
        use ErrorKind::{
            Cancelled, CertificateRejected, Interrupted, RedirectRefused, TooManyRedirects,
        };
        match self.0.kind {
            CertificateRejected | Cancelled | Interrupted | RedirectRefused | TooManyRedirects => {
                false
            }
            kind if matches!(kind.group(), Caller | Peer | Bug) => false,
            _ => {
                let answer = if self.0.response_started { Answer::Part } else { Answer::None };
                // Whether its body is there again is the caller's to know.
                let (idempotent, sent, body) = (self.0.replayable, self.0.sent, Body::AnyTime);
                Attempt { idempotent, sent, answer, body }.again().is_ok()
            }
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
    fn what_is_nobody_s_chance_is_not_worth_a_retry() {
        let safe = |kind| Error::new(kind, Phase::Connect, "").retry_safe();
        let never = [100, 301, 501, 602, 603, 606, 607, 900, 901];
        let worth = [200, 202, 300, 302, 400, 403, 600, 601, 604, 605];
        for kind in ErrorKind::ALL {
            let number = *kind as i32;
            assert!(!(never.contains(&number) && safe(*kind)), "{kind:?}");
            assert!(!worth.contains(&number) || safe(*kind), "{kind:?}");
        }
    }
}
