//! What can go wrong: the numbers and names of C, the classes of Python, and Node's `err.code`.

macro_rules! errors {
    ($(
        $kind:ident = $number:literal, $group:ident, $code:ident,
        $class:ident $(($($base:ident),+))?, $doc:literal;
    )*) => {
        /// What went wrong. Numbers are stable and never reused; HTTP statuses are never errors.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum ErrorKind {
            $(#[doc = $doc] $kind = $number,)*
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
                match self { $(ErrorKind::$kind => stringify!($code),)* }
            }

            /// The name in C with the NUL that ends it.
            pub const fn code_z(self) -> &'static str {
                match self { $(ErrorKind::$kind => concat!(stringify!($code), "\0"),)* }
            }

            /// The Python class in `libkeepalive`.
            pub const fn python_class(self) -> &'static str {
                match self { $(ErrorKind::$kind => stringify!($class),)* }
            }

            /// The bases of the Python class when it is this kind's alone; empty when the class is
            /// written by hand, as those are that several kinds share.
            pub const fn python_bases(self) -> &'static [&'static str] {
                match self { $(ErrorKind::$kind => &[$($(stringify!($base)),+)?],)* }
            }

            /// One line on what it means.
            pub const fn summary(self) -> &'static str {
                match self { $(ErrorKind::$kind => $doc,)* }
            }
        }
    };
}

// Kind = number, group, name in C and Node, class in Python (its bases, when it is this kind's
// alone), "what it means".
errors! {
    InvalidArgument = 100, Caller, KA_INVALID_ARGUMENT, InvalidArgument(_Failure, ValueError), "An argument or option has a value that is not allowed; the message names it.";
    InvalidUrl = 101, Caller, KA_INVALID_URL, InvalidURL(_Failure, ValueError), "The URL cannot be parsed or lacks a host.";
    UnsupportedScheme = 102, Caller, KA_UNSUPPORTED_SCHEME, UnsupportedProtocol(TransportError, ValueError), "The URL's scheme is not http or https.";
    InvalidMethod = 103, Caller, KA_INVALID_METHOD, LocalProtocolError, "The method is not a token (RFC 9110 9.1).";
    InvalidHeader = 104, Caller, KA_INVALID_HEADER, LocalProtocolError, "A header name or value is not allowed (RFC 9110 5).";
    BodyLengthMismatch = 105, Caller, KA_BODY_LENGTH_MISMATCH, LocalProtocolError, "The request body is shorter or longer than declared.";
    BodySourceFailed = 106, Caller, KA_BODY_SOURCE_FAILED, BodySourceFailed(RequestError), "The source of a streamed request body failed.";
    InvalidState = 107, Caller, KA_INVALID_STATE, InvalidState, "The object is closed, consumed or in use.";
    FileFailed = 108, Caller, KA_FILE_FAILED, FileFailed(RequestError), "What a body was to be written to failed: no permission, no room, a directory, gone; the system's number says which.";
    ResolveFailed = 200, Reach, KA_RESOLVE_FAILED, ConnectError, "The host name could not be resolved.";
    ConnectFailed = 201, Reach, KA_CONNECT_FAILED, ConnectError, "No address of the host accepted a connection.";
    ConnectTimeout = 202, Reach, KA_CONNECT_TIMEOUT, ConnectTimeout(TimeoutException), "Resolving, connecting and the TLS handshake took too long.";
    ProxyFailed = 203, Reach, KA_PROXY_FAILED, ProxyError, "The proxy refused to open the way to the server, or broke the protocol.";
    ProxyAuthenticationRequired = 204, Reach, KA_PROXY_AUTHENTICATION_REQUIRED, ProxyError, "The proxy asks for credentials (407) that it was not given, or refused those it got; the message has its challenges.";
    TlsHandshakeFailed = 300, Tls, KA_TLS_HANDSHAKE_FAILED, SSLError, "The TLS handshake failed.";
    CertificateRejected = 301, Tls, KA_CERTIFICATE_REJECTED, SSLError, "The server's certificate is not trusted or not for this host.";
    TlsProtocol = 302, Tls, KA_TLS_PROTOCOL, ReadError, "The peer broke the TLS protocol after the handshake.";
    ConnectionClosed = 400, Carry, KA_CONNECTION_CLOSED, RemoteDisconnected, "The server closed the connection before any byte of the response.";
    ConnectionReset = 401, Carry, KA_CONNECTION_RESET, ReadError, "The connection was reset.";
    SendTimeout = 402, Carry, KA_SEND_TIMEOUT, WriteTimeout(TimeoutException), "The server accepted no byte of the request for too long.";
    ReadTimeout = 403, Carry, KA_READ_TIMEOUT, ReadTimeout(TimeoutException), "No byte of the response came for too long.";
    TooSlow = 404, Carry, KA_TOO_SLOW, TooSlow(TimeoutException), "A body moved at less than `min_speed` over `min_speed_time`.";
    InvalidResponseHead = 500, Peer, KA_INVALID_RESPONSE_HEAD, RemoteProtocolError, "The response head breaks RFC 9112.";
    HeadTooLarge = 501, Peer, KA_HEAD_TOO_LARGE, RemoteProtocolError, "The response head exceeds a limit.";
    InvalidFraming = 502, Peer, KA_INVALID_FRAMING, RemoteProtocolError, "The response's framing fields are faulty.";
    InvalidChunk = 503, Peer, KA_INVALID_CHUNK, RemoteProtocolError, "The chunked coding of the response is faulty.";
    BodyTruncated = 504, Peer, KA_BODY_TRUNCATED, RemoteDisconnected, "The connection ended before the response body was complete.";
    HeadTruncated = 505, Peer, KA_HEAD_TRUNCATED, RemoteDisconnected, "The connection ended inside the response head.";
    DecodingFailed = 506, Peer, KA_DECODING_FAILED, DecodingError(RequestError), "The response body does not decode by its Content-Encoding.";
    InvalidRedirect = 507, Peer, KA_INVALID_REDIRECT, RemoteProtocolError, "A redirect has no usable Location.";
    BodyTooLarge = 508, Peer, KA_BODY_TOO_LARGE, BodyTooLarge(RequestError), "The response body, decoded, exceeds `max_body_size` and was to be collected whole.";
    ResumeFailed = 509, Peer, KA_RESUME_FAILED, ResumeFailed(RequestError), "What the server sends is no part of what is there of a download, also when asked for all of it again.";
    PoolTimeout = 600, Flow, KA_POOL_TIMEOUT, PoolTimeout, "No connection became free in time.";
    TotalTimeout = 601, Flow, KA_TOTAL_TIMEOUT, TotalTimeout(TimeoutException), "The whole exchange took too long.";
    Cancelled = 602, Flow, KA_CANCELLED, Cancelled(RequestError), "The caller cancelled the request.";
    Interrupted = 603, Flow, KA_INTERRUPTED, Interrupted(RequestError), "A signal handler asked for the wait to end.";
    CircuitOpen = 604, Flow, KA_CIRCUIT_OPEN, CircuitOpen(TransportError), "The origin's circuit breaker is open.";
    QueueFull = 605, Flow, KA_QUEUE_FULL, PoolTimeout, "Too many requests already wait for a connection.";
    TooManyRedirects = 606, Flow, KA_TOO_MANY_REDIRECTS, TooManyRedirects(RequestError), "More redirects than allowed.";
    RedirectRefused = 607, Flow, KA_REDIRECT_REFUSED, RedirectRefused(RequestError), "A redirect was not followed: the caller's function refused it, or it leads from https to http without `redirect_downgrade`.";
    Panic = 900, Bug, KA_PANIC, InternalError, "A bug: a panic was caught at the boundary.";
    Internal = 901, Bug, KA_INTERNAL, InternalError, "A bug, or a failure of the operating system.";
}

macro_rules! words {
    (
        $(#[$about:meta])* $name:ident:
        $($word:ident $(= $number:literal)?, $text:literal, $doc:literal;)*
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum $name {
            $(#[doc = $doc] $word $(= $number)?,)*
        }

        impl $name {
            /// All of them, in the order of the table.
            pub const ALL: &'static [$name] = &[$($name::$word,)*];

            /// Lower-case name, stable.
            pub const fn name(self) -> &'static str {
                match self { $($name::$word => $text,)* }
            }

            /// The name with the NUL that C wants at its end.
            pub const fn name_z(self) -> &'static str {
                match self { $($name::$word => concat!($text, "\0"),)* }
            }

            /// One line on what it means.
            pub const fn summary(self) -> &'static str {
                match self { $($name::$word => $doc,)* }
            }
        }
    };
}

words! {
    /// Whose fault an error is; its number is the hundreds of the numbers of its kinds.
    ErrorGroup:
    Caller = 1, "caller", "The caller's mistake, or a failure of its body source.";
    Reach = 2, "reach", "The server was not reached.";
    Tls = 3, "tls", "TLS failed: the handshake, or the protocol after it.";
    Carry = 4, "carry", "The connection failed under the exchange.";
    Peer = 5, "peer", "The server broke the protocol, or sent what the caller does not accept.";
    Flow = 6, "flow", "A limit or the caller ended it.";
    Bug = 9, "bug", "A bug of the library, or a failure of the operating system.";
}

words! {
    /// Where in an exchange an error happened.
    Phase:
    Request, "request", "Before anything was done with the network.";
    Pool, "pool", "Waiting for a connection.";
    Resolve, "resolve", "Resolving the host name.";
    Connect, "connect", "The TCP handshake.";
    Tls, "tls", "The TLS handshake.";
    Send, "send", "Sending the request.";
    Head, "head", "Waiting for the response head.";
    Body, "body", "Receiving the response body.";
}

words! {
    /// How much of the request had left the process when it failed.
    Sent:
    Nothing, "nothing", "Not a byte: the server cannot have seen the request.";
    Part, "part", "Some bytes.";
    All, "all", "The whole request.";
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
    fn codes_are_the_names_of_kinds_as_c_spells_them() {
        for kind in ErrorKind::ALL {
            let mut code = "KA".to_string();
            for letter in kind.name().chars() {
                if letter.is_uppercase() {
                    code.push('_');
                }
                code.push(letter.to_ascii_uppercase());
            }
            assert_eq!(kind.code(), code);
        }
    }

    #[test]
    fn a_class_with_bases_is_one_kind_s_alone() {
        for kind in ErrorKind::ALL.iter().filter(|kind| !kind.python_bases().is_empty()) {
            let same = |other: &&ErrorKind| other.python_class() == kind.python_class();
            assert_eq!(ErrorKind::ALL.iter().filter(same).count(), 1, "{kind:?}");
        }
    }
}
