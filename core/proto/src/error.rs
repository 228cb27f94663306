//! Who is at fault is in the type: `LocalError` is the caller's, `RemoteError` the peer's.

use std::borrow::Cow;
use std::fmt;

/// A request that cannot be sent as given. Nothing of it has reached the transport.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalError {
    /// The method is not a token (RFC 9110 9.1). Holds the method, with unprintable bytes escaped.
    InvalidMethod(String),
    /// A part of the request head is not what RFC 9110/9112 allow.
    InvalidHeader {
        /// The argument at fault: "header name ...", "header value of ...", "host", "body".
        name: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// The request target holds a byte that would not survive the request line.
    InvalidTarget {
        /// The rule it breaks.
        reason: &'static str,
    },
    /// The body is shorter or longer than its Content-Length.
    BodyLengthMismatch {
        /// Bytes promised.
        declared: u64,
        /// Bytes given, the refused ones included.
        given: u64,
    },
    /// A method was called in the wrong state.
    InvalidState(&'static str),
}

/// What the peer did wrong. Final for the connection: its `reuse()` is `CloseReason::Broken`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoteError {
    /// The response head breaks this rule.
    InvalidHead(&'static str),
    /// The heads of one response (1xx included), its fields or its trailers exceed a limit.
    HeadTooLarge {
        /// The limit, in units of `what`.
        limit: usize,
        /// "bytes", "fields", "trailer bytes" or "trailer fields".
        what: &'static str,
    },
    /// The end of the body cannot be told, or it has a transfer coding other than chunked (RFC 9112
    /// 6.3).
    InvalidFraming(Cow<'static, str>),
    /// The chunked coding is broken (RFC 9112 7.1).
    InvalidChunk(&'static str),
    /// End of stream before the final head was complete.
    HeadTruncated {
        /// Bytes of this response that had come, 1xx heads included.
        received: usize,
    },
    /// End of stream before the first byte of a response.
    Closed,
    /// End of stream inside the body.
    BodyTruncated {
        /// Body bytes that had come, without transfer coding.
        received: u64,
        /// Bytes the Content-Length promised; None for the other framings.
        expected: Option<u64>,
    },
}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidMethod(method) => write!(f, "method \"{method}\" is not a token"),
            Self::InvalidHeader { name, reason } => write!(f, "{name}: {reason}"),
            Self::InvalidTarget { reason } => write!(f, "request target: {reason}"),
            Self::BodyLengthMismatch { declared, given } => {
                write!(f, "body of {given} bytes does not match Content-Length {declared}")
            }
            Self::InvalidState(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidHead(rule) => write!(f, "invalid response head: {rule}"),
            Self::HeadTooLarge { limit, what } => {
                write!(f, "response head exceeds the limit of {limit} {what}")
            }
            Self::InvalidFraming(rule) => write!(f, "invalid response framing: {rule}"),
            Self::InvalidChunk(rule) => write!(f, "invalid chunked body: {rule}"),
            Self::HeadTruncated { received } => {
                write!(f, "connection closed inside the response head after {received} bytes")
            }
            Self::Closed => f.write_str("connection closed before a response"),
            Self::BodyTruncated { received, expected: Some(expected) } => {
                write!(f, "body cut off: received {received} of {expected} bytes")
            }
            Self::BodyTruncated { received, expected: None } => {
                write!(f, "body cut off after {received} bytes, before its end was marked")
            }
        }
    }
}

impl std::error::Error for LocalError {}
impl std::error::Error for RemoteError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_is_wrong() {
        let truncated = RemoteError::BodyTruncated { received: 3, expected: Some(9) };
        assert_eq!(truncated.to_string(), "body cut off: received 3 of 9 bytes");
        let limit = RemoteError::HeadTooLarge { limit: 128, what: "fields" };
        assert_eq!(limit.to_string(), "response head exceeds the limit of 128 fields");
        let mismatch = LocalError::BodyLengthMismatch { declared: 5, given: 7 };
        assert_eq!(mismatch.to_string(), "body of 7 bytes does not match Content-Length 5");
    }
}
