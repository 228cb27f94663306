//! `ka_status`, `ka_sent` and `ka_error`: the engine's error table as C sees it. Types only: the
//! boundary is built on them.

use keepalive_core::{Error, ErrorKind};

/// What became of a call. Numbers are stable and never reused; 1xx: the caller's mistake, 2xx: the
/// server was not reached, 3xx: TLS, 4xx: the connection failed, 5xx: the server broke the protocol,
/// 6xx: limits and cancellation, 9xx: a bug.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ka_status {
    /// Success.
    KA_OK = 0,
    /// An argument or option has a value that is not allowed.
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
    /// The host name could not be resolved.
    KA_RESOLVE_FAILED = 200,
    /// No address of the host accepted a connection.
    KA_CONNECT_FAILED = 201,
    /// Resolving, connecting and the TLS handshake took too long.
    KA_CONNECT_TIMEOUT = 202,
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
    /// The response body exceeds max_body_size.
    KA_BODY_TOO_LARGE = 508,
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
    /// A bug: a panic was caught at the boundary.
    KA_PANIC = 900,
    /// A bug, or a failure of the operating system.
    KA_INTERNAL = 901,
}

/// A `ka_status` as it comes from C, where it is any number.
pub type ka_status_number = i32;

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
        ka_status::KA_RESOLVE_FAILED,
        ka_status::KA_CONNECT_FAILED,
        ka_status::KA_CONNECT_TIMEOUT,
        ka_status::KA_TLS_HANDSHAKE_FAILED,
        ka_status::KA_CERTIFICATE_REJECTED,
        ka_status::KA_TLS_PROTOCOL,
        ka_status::KA_CONNECTION_CLOSED,
        ka_status::KA_CONNECTION_RESET,
        ka_status::KA_SEND_TIMEOUT,
        ka_status::KA_READ_TIMEOUT,
        ka_status::KA_INVALID_RESPONSE_HEAD,
        ka_status::KA_HEAD_TOO_LARGE,
        ka_status::KA_INVALID_FRAMING,
        ka_status::KA_INVALID_CHUNK,
        ka_status::KA_BODY_TRUNCATED,
        ka_status::KA_HEAD_TRUNCATED,
        ka_status::KA_DECODING_FAILED,
        ka_status::KA_INVALID_REDIRECT,
        ka_status::KA_BODY_TOO_LARGE,
        ka_status::KA_POOL_TIMEOUT,
        ka_status::KA_TOTAL_TIMEOUT,
        ka_status::KA_CANCELLED,
        ka_status::KA_INTERRUPTED,
        ka_status::KA_CIRCUIT_OPEN,
        ka_status::KA_QUEUE_FULL,
        ka_status::KA_TOO_MANY_REDIRECTS,
        ka_status::KA_PANIC,
        ka_status::KA_INTERNAL,
    ];

    pub(crate) fn of(kind: ErrorKind) -> ka_status {
        let number = kind as i32;
        let same = |status: &&ka_status| **status as i32 == number;
        ka_status::ALL.iter().find(same).copied().unwrap_or(ka_status::KA_INTERNAL)
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

/// Why a call failed. Decide by the status; the message is for people and may change.
pub struct ka_error {
    pub(crate) error: Error,
}

impl ka_error {
    pub(crate) fn new(error: Error) -> Self {
        ka_error { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_list_is_the_error_table() {
        assert_eq!(ka_status::ALL[0], ka_status::KA_OK);
        let ours: Vec<(i32, String)> =
            ka_status::ALL[1..].iter().map(|s| (*s as i32, format!("{s:?}"))).collect();
        let table: Vec<(i32, String)> =
            ErrorKind::ALL.iter().map(|kind| (*kind as i32, kind.code().to_string())).collect();
        assert_eq!(ours, table, "write a row for each kind in ka_status and in ALL");
        for kind in ErrorKind::ALL {
            assert_eq!(ka_status::of(*kind) as i32, *kind as i32);
        }
    }

    #[test]
    fn each_status_is_explained_by_the_summary_of_its_kind() {
        let source = include_str!("status.rs");
        for kind in ErrorKind::ALL {
            let row =
                format!("    /// {}\n    {} = {},\n", kind.summary(), kind.code(), *kind as i32);
            assert!(source.contains(&row), "ka_status should contain\n{row}");
        }
    }
}
