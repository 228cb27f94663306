//! What happens to requests and connections, told to whoever asked for it.
//!
//! An observer is given to a client (all its requests, and what its pool does by itself) or to one
//! request. It is called on whatever thread the thing happens on, the engine's too, and never under a
//! lock; it must not block. What it is told of is borrowed for the call. It may use the library, also the
//! client that tells it. A forked child tells the observers that it inherited of its own requests and
//! connections only.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use keepalive_proto::ResponseHead;
use once_cell::race::OnceBox;

use crate::error::{Error, ErrorKind};
use crate::guard::guarded;
use crate::stats::CloseCause;

/// One thing that happened, in the order in which they happen to a request. In brackets what Go's
/// `net/http/httptrace` calls it.
///
/// The steps of a dial, those with a `dial`, happen on the engine's thread. A client is told of each dial, a
/// request of those that were begun for it: another connection may come first, and the dial goes on.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The request begins.
    Started {
        /// Its method.
        method: &'a str,
        /// Where it goes, without userinfo and fragment.
        url: &'a str,
    },
    /// The request asks the pool for a connection (GetConn).
    Queued,
    /// A name is being resolved (DNSStart).
    Resolving {
        /// Number of the dial, unique in the process.
        dial: u64,
        /// The name.
        host: &'a str,
    },
    /// That has ended (DNSDone).
    Resolved {
        /// Number of the dial.
        dial: u64,
        /// What it resolved to; nothing if it failed.
        addresses: &'a [SocketAddr],
        /// Why it failed.
        failed: Option<ErrorKind>,
    },
    /// An address is being connected to; several may be at a time (ConnectStart).
    Connecting {
        /// Number of the dial.
        dial: u64,
        /// Address and port, or the path of a Unix domain socket.
        address: &'a str,
    },
    /// That has ended (ConnectDone). One that is overtaken by another address has no end.
    Connected {
        /// Number of the dial.
        dial: u64,
        /// Address and port, or the path of a Unix domain socket.
        address: &'a str,
        /// Why it failed.
        failed: Option<ErrorKind>,
    },
    /// A TLS handshake begins, with the server or with a proxy (TLSHandshakeStart).
    Securing {
        /// Number of the dial.
        dial: u64,
        /// Whom with.
        host: &'a str,
    },
    /// That has ended, or is left open for the request to travel with it (TLSHandshakeDone).
    Secured {
        /// Number of the dial.
        dial: u64,
        /// Why it failed.
        failed: Option<ErrorKind>,
    },
    /// A dial has failed.
    DialFailed {
        /// Number of the dial.
        dial: u64,
        /// Why.
        error: &'a Error,
    },
    /// A connection was opened. Of a client, each; of a request, the one that it then gets.
    Dialled {
        /// Number of the connection, unique in the process.
        connection: u64,
        /// The origin that it was opened for, such as `https://example.com:8443`; of a request, `None`.
        origin: Option<&'a str>,
        /// Spent on resolving the name.
        resolve: Duration,
        /// On the TCP handshake.
        connect: Duration,
        /// On the TLS handshake; zero without TLS.
        tls: Duration,
    },
    /// The request has a connection (GotConn).
    Picked {
        /// Its number.
        connection: u64,
        /// Whether it has carried a response before.
        reused: bool,
        /// For how long it was idle.
        idle: Duration,
    },
    /// The head of the request is written (WroteHeaders).
    HeadSent,
    /// The body waits for the server's word (Wait100Continue).
    AwaitingContinue,
    /// The request is written to its last byte (WroteRequest).
    Sent {
        /// What the kernel took for it, TLS and all.
        bytes: u64,
    },
    /// The first bytes of the answer came (GotFirstResponseByte).
    FirstByte,
    /// An interim response came: 1xx, but not 101 (Got100Continue, Got1xxResponse).
    Informational(&'a ResponseHead),
    /// The head of the final response came.
    Head(&'a ResponseHead),
    /// The connection has gone back to the pool (PutIdleConn). Of a client, each time.
    Returned {
        /// Its number.
        connection: u64,
    },
    /// The response came to its verified end.
    End,
    /// The connection died under the request, which is sent again on a fresh one.
    Replay(ErrorKind),
    /// The request is tried again after so long.
    Retry(Duration),
    /// The request is sent a second time beside the first.
    Hedge,
    /// The second of the two was answered first.
    HedgeWon,
    /// The circuit breaker of the origin refused the request.
    Breaker,
    /// A redirect is followed, the first one being 1.
    Redirect(u32),
    /// The request failed, or the body of its response did. A request that is cancelled is told of no end.
    Failed(&'a Error),
    /// A connection was closed.
    Evicted {
        /// Its number.
        connection: u64,
        /// Why.
        reason: CloseCause,
    },
}

/// Whoever wants to be told.
pub trait Observer: Send + Sync {
    /// Something happened. A panic in it ends here.
    fn observe(&self, event: &Event<'_>);

    /// Something happened to the request of that number, which is unique in the process; 0: to none. What is
    /// not overridden is told without it.
    fn observe_of(&self, request: u64, event: &Event<'_>) {
        let _ = request;
        self.observe(event);
    }

    /// Whether it wants to be told of a request that is about to begin. One that says no costs it nothing.
    fn is_on(&self) -> bool {
        true
    }
}

/// Who is told of all that happens to a client; set once for all its life, without a lock that a fork could
/// find taken.
pub(crate) type ObserverCell = OnceBox<Arc<dyn Observer>>;

/// Tells `observer`, if there is one, of what happened to the request of that number.
#[inline]
pub(crate) fn tell(observer: Option<&Arc<dyn Observer>>, request: u64, event: &Event<'_>) {
    if let Some(observer) = observer {
        guarded(|| observer.observe_of(request, event));
    }
}

/// Who is told of the steps of a dial, and for which request it was begun.
pub(crate) struct Witness {
    pub observer: Arc<dyn Observer>,
    pub request: u64,
}
