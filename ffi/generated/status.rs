//! Generated from the tables in core/tables by `make generate`; do not edit.
//!
//! What became of a call, as numbers.

use keepalive_core::{ErrorKind, Sent};

/// What became of a call. Numbers are stable and never reused. 1xx: the caller's mistake, or a
/// failure of its body source; 2xx: the server was not reached; 3xx: TLS failed: the handshake, or
/// the protocol after it; 4xx: the connection failed under the exchange; 5xx: the server broke the
/// protocol, or sent what the caller does not accept; 6xx: a limit or the caller ended it; 9xx: a
/// bug of the library, or a failure of the operating system.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ka_status {
    /// Success.
    KA_OK = 0,
    /// An argument or option has a value that is not allowed; the message names it.
    KA_INVALID_ARGUMENT = 100,
    /// The URL cannot be parsed or lacks a host.
    KA_INVALID_URL = 101,
    /// The URL's scheme is not http or https.
    KA_UNSUPPORTED_SCHEME = 102,
    /// The method is not a token (RFC 9110 9.1).
    KA_INVALID_METHOD = 103,
    /// A header name or value is not allowed (RFC 9110 5).
    KA_INVALID_HEADER = 104,
    /// The request body is shorter or longer than declared.
    KA_BODY_LENGTH_MISMATCH = 105,
    /// The source of a streamed request body failed.
    KA_BODY_SOURCE_FAILED = 106,
    /// The object is closed, consumed or in use.
    KA_INVALID_STATE = 107,
    /// What a body was to be written to failed: no permission, no room, a directory, gone; the
    /// system's number says which.
    KA_FILE_FAILED = 108,
    /// The host name could not be resolved.
    KA_RESOLVE_FAILED = 200,
    /// No address of the host accepted a connection.
    KA_CONNECT_FAILED = 201,
    /// Resolving, connecting and the TLS handshake took too long.
    KA_CONNECT_TIMEOUT = 202,
    /// The proxy refused to open the way to the server, or broke the protocol.
    KA_PROXY_FAILED = 203,
    /// The proxy asks for credentials (407) that it was not given, or refused those it got; the
    /// message has its challenges.
    KA_PROXY_AUTHENTICATION_REQUIRED = 204,
    /// The TLS handshake failed.
    KA_TLS_HANDSHAKE_FAILED = 300,
    /// The server's certificate is not trusted or not for this host.
    KA_CERTIFICATE_REJECTED = 301,
    /// The peer broke the TLS protocol after the handshake.
    KA_TLS_PROTOCOL = 302,
    /// The server closed the connection before any byte of the response.
    KA_CONNECTION_CLOSED = 400,
    /// The connection was reset.
    KA_CONNECTION_RESET = 401,
    /// The server accepted no byte of the request for too long.
    KA_SEND_TIMEOUT = 402,
    /// No byte of the response came for too long.
    KA_READ_TIMEOUT = 403,
    /// A body moved at less than `min_speed_size` over `min_speed_time_ms`.
    KA_TOO_SLOW = 404,
    /// The response head breaks RFC 9112.
    KA_INVALID_RESPONSE_HEAD = 500,
    /// The response head exceeds a limit.
    KA_HEAD_TOO_LARGE = 501,
    /// The response's framing fields are faulty.
    KA_INVALID_FRAMING = 502,
    /// The chunked coding of the response is faulty.
    KA_INVALID_CHUNK = 503,
    /// The connection ended before the response body was complete.
    KA_BODY_TRUNCATED = 504,
    /// The connection ended inside the response head.
    KA_HEAD_TRUNCATED = 505,
    /// The response body does not decode by its Content-Encoding.
    KA_DECODING_FAILED = 506,
    /// A redirect has no usable Location.
    KA_INVALID_REDIRECT = 507,
    /// The response body, decoded, exceeds `max_body_size` and was to be collected whole.
    KA_BODY_TOO_LARGE = 508,
    /// What the server sends is no part of what is there of a download, also when asked for all of
    /// it again.
    KA_RESUME_FAILED = 509,
    /// No connection became free in time.
    KA_POOL_TIMEOUT = 600,
    /// The whole exchange took too long.
    KA_TOTAL_TIMEOUT = 601,
    /// The caller cancelled the request.
    KA_CANCELLED = 602,
    /// A signal handler asked for the wait to end.
    KA_INTERRUPTED = 603,
    /// The origin's circuit breaker is open.
    KA_CIRCUIT_OPEN = 604,
    /// Too many requests already wait for a connection.
    KA_QUEUE_FULL = 605,
    /// More redirects than allowed.
    KA_TOO_MANY_REDIRECTS = 606,
    /// A redirect was not followed: the caller's function refused it, or it leads from https to
    /// http without `redirect_downgrade`.
    KA_REDIRECT_REFUSED = 607,
    /// A bug: a panic was caught at the boundary.
    KA_PANIC = 900,
    /// A bug, or a failure of the operating system.
    KA_INTERNAL = 901,
}

impl ka_status {
    /// Every status, in the order of the table.
    pub const ALL: &'static [ka_status] = &[
        ka_status::KA_OK,
        ka_status::KA_INVALID_ARGUMENT,
        ka_status::KA_INVALID_URL,
        ka_status::KA_UNSUPPORTED_SCHEME,
        ka_status::KA_INVALID_METHOD,
        ka_status::KA_INVALID_HEADER,
        ka_status::KA_BODY_LENGTH_MISMATCH,
        ka_status::KA_BODY_SOURCE_FAILED,
        ka_status::KA_INVALID_STATE,
        ka_status::KA_FILE_FAILED,
        ka_status::KA_RESOLVE_FAILED,
        ka_status::KA_CONNECT_FAILED,
        ka_status::KA_CONNECT_TIMEOUT,
        ka_status::KA_PROXY_FAILED,
        ka_status::KA_PROXY_AUTHENTICATION_REQUIRED,
        ka_status::KA_TLS_HANDSHAKE_FAILED,
        ka_status::KA_CERTIFICATE_REJECTED,
        ka_status::KA_TLS_PROTOCOL,
        ka_status::KA_CONNECTION_CLOSED,
        ka_status::KA_CONNECTION_RESET,
        ka_status::KA_SEND_TIMEOUT,
        ka_status::KA_READ_TIMEOUT,
        ka_status::KA_TOO_SLOW,
        ka_status::KA_INVALID_RESPONSE_HEAD,
        ka_status::KA_HEAD_TOO_LARGE,
        ka_status::KA_INVALID_FRAMING,
        ka_status::KA_INVALID_CHUNK,
        ka_status::KA_BODY_TRUNCATED,
        ka_status::KA_HEAD_TRUNCATED,
        ka_status::KA_DECODING_FAILED,
        ka_status::KA_INVALID_REDIRECT,
        ka_status::KA_BODY_TOO_LARGE,
        ka_status::KA_RESUME_FAILED,
        ka_status::KA_POOL_TIMEOUT,
        ka_status::KA_TOTAL_TIMEOUT,
        ka_status::KA_CANCELLED,
        ka_status::KA_INTERRUPTED,
        ka_status::KA_CIRCUIT_OPEN,
        ka_status::KA_QUEUE_FULL,
        ka_status::KA_TOO_MANY_REDIRECTS,
        ka_status::KA_REDIRECT_REFUSED,
        ka_status::KA_PANIC,
        ka_status::KA_INTERNAL,
    ];

    pub(crate) fn of(kind: ErrorKind) -> ka_status {
        match kind {
            ErrorKind::InvalidArgument => ka_status::KA_INVALID_ARGUMENT,
            ErrorKind::InvalidUrl => ka_status::KA_INVALID_URL,
            ErrorKind::UnsupportedScheme => ka_status::KA_UNSUPPORTED_SCHEME,
            ErrorKind::InvalidMethod => ka_status::KA_INVALID_METHOD,
            ErrorKind::InvalidHeader => ka_status::KA_INVALID_HEADER,
            ErrorKind::BodyLengthMismatch => ka_status::KA_BODY_LENGTH_MISMATCH,
            ErrorKind::BodySourceFailed => ka_status::KA_BODY_SOURCE_FAILED,
            ErrorKind::InvalidState => ka_status::KA_INVALID_STATE,
            ErrorKind::FileFailed => ka_status::KA_FILE_FAILED,
            ErrorKind::ResolveFailed => ka_status::KA_RESOLVE_FAILED,
            ErrorKind::ConnectFailed => ka_status::KA_CONNECT_FAILED,
            ErrorKind::ConnectTimeout => ka_status::KA_CONNECT_TIMEOUT,
            ErrorKind::ProxyFailed => ka_status::KA_PROXY_FAILED,
            ErrorKind::ProxyAuthenticationRequired => ka_status::KA_PROXY_AUTHENTICATION_REQUIRED,
            ErrorKind::TlsHandshakeFailed => ka_status::KA_TLS_HANDSHAKE_FAILED,
            ErrorKind::CertificateRejected => ka_status::KA_CERTIFICATE_REJECTED,
            ErrorKind::TlsProtocol => ka_status::KA_TLS_PROTOCOL,
            ErrorKind::ConnectionClosed => ka_status::KA_CONNECTION_CLOSED,
            ErrorKind::ConnectionReset => ka_status::KA_CONNECTION_RESET,
            ErrorKind::SendTimeout => ka_status::KA_SEND_TIMEOUT,
            ErrorKind::ReadTimeout => ka_status::KA_READ_TIMEOUT,
            ErrorKind::TooSlow => ka_status::KA_TOO_SLOW,
            ErrorKind::InvalidResponseHead => ka_status::KA_INVALID_RESPONSE_HEAD,
            ErrorKind::HeadTooLarge => ka_status::KA_HEAD_TOO_LARGE,
            ErrorKind::InvalidFraming => ka_status::KA_INVALID_FRAMING,
            ErrorKind::InvalidChunk => ka_status::KA_INVALID_CHUNK,
            ErrorKind::BodyTruncated => ka_status::KA_BODY_TRUNCATED,
            ErrorKind::HeadTruncated => ka_status::KA_HEAD_TRUNCATED,
            ErrorKind::DecodingFailed => ka_status::KA_DECODING_FAILED,
            ErrorKind::InvalidRedirect => ka_status::KA_INVALID_REDIRECT,
            ErrorKind::BodyTooLarge => ka_status::KA_BODY_TOO_LARGE,
            ErrorKind::ResumeFailed => ka_status::KA_RESUME_FAILED,
            ErrorKind::PoolTimeout => ka_status::KA_POOL_TIMEOUT,
            ErrorKind::TotalTimeout => ka_status::KA_TOTAL_TIMEOUT,
            ErrorKind::Cancelled => ka_status::KA_CANCELLED,
            ErrorKind::Interrupted => ka_status::KA_INTERRUPTED,
            ErrorKind::CircuitOpen => ka_status::KA_CIRCUIT_OPEN,
            ErrorKind::QueueFull => ka_status::KA_QUEUE_FULL,
            ErrorKind::TooManyRedirects => ka_status::KA_TOO_MANY_REDIRECTS,
            ErrorKind::RedirectRefused => ka_status::KA_REDIRECT_REFUSED,
            ErrorKind::Panic => ka_status::KA_PANIC,
            ErrorKind::Internal => ka_status::KA_INTERNAL,
            _ => ka_status::KA_INTERNAL,
        }
    }
}

/// How much of a request had left this process when it failed.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ka_sent {
    /// Not a byte: the server cannot have seen the request.
    KA_SENT_NOTHING = 0,
    /// Some bytes.
    KA_SENT_PART = 1,
    /// The whole request.
    KA_SENT_ALL = 2,
}

impl ka_sent {
    pub(crate) fn of(sent: Sent) -> ka_sent {
        match sent {
            Sent::Nothing => ka_sent::KA_SENT_NOTHING,
            Sent::Part => ka_sent::KA_SENT_PART,
            Sent::All => ka_sent::KA_SENT_ALL,
        }
    }
}
