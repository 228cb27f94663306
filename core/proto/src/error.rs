//! Who is at fault is in the type: `LocalError` is the caller's, `RemoteError` the peer's.
#![allow(missing_docs)]

/// A request that cannot be sent as given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalError {
    InvalidMethod(String),
    /// argument name ("header name", "header value", "target", "host"...) and the reason
    InvalidHeader { name: String, reason: &'static str },
    InvalidTarget { reason: &'static str },
    /// body shorter or longer than its Content-Length
    BodyLengthMismatch { declared: u64, given: u64 },
    /// method called in the wrong state
    InvalidState(&'static str),
}

/// What the peer did wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoteError {
    /// the rule broken, in words
    InvalidHead(&'static str),
    HeadTooLarge { limit: usize, what: &'static str },
    InvalidFraming(&'static str),
    InvalidChunk(&'static str),
    /// end of stream before the head was complete (some bytes of it had come)
    HeadTruncated { received: usize },
    /// end of stream before the first byte of a response
    Closed,
    BodyTruncated { received: u64, expected: Option<u64> },
}
