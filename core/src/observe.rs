//! What happens to requests and connections, told to whoever asked for it.
//!
//! An observer is given to a client (all its requests, and what its pool does by itself) or to one
//! request. It is called on whatever thread the thing happens on, the engine's too, and never under a
//! lock; it must not block. What it is told of is borrowed for the call.

use std::sync::Arc;
use std::time::Duration;

use keepalive_proto::ResponseHead;

use crate::error::ErrorKind;
use crate::guard::guarded;
use crate::stats::CloseCause;

/// One thing that happened, in the order in which they happen to a request.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The request asks the pool for a connection.
    Queued,
    /// A connection was opened. Of a client, each; of a request, the one that it then gets.
    Dialled {
        /// Number of the connection, unique in the process.
        connection: u64,
        /// Spent on resolving the name.
        resolve: Duration,
        /// On the TCP handshake.
        connect: Duration,
        /// On the TLS handshake; zero without TLS.
        tls: Duration,
    },
    /// The request has a connection.
    Picked {
        /// Its number.
        connection: u64,
        /// Whether it has carried a response before.
        reused: bool,
        /// For how long it was idle.
        idle: Duration,
    },
    /// The request is written to its last byte.
    Sent {
        /// What the kernel took for it, TLS and all.
        bytes: u64,
    },
    /// An interim response came (1xx, but not 101).
    Informational(&'a ResponseHead),
    /// The head of the final response came.
    Head(&'a ResponseHead),
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
}

/// Tells `observer`, if there is one.
#[inline]
pub(crate) fn tell(observer: Option<&Arc<dyn Observer>>, event: &Event<'_>) {
    if let Some(observer) = observer {
        guarded(|| observer.observe(event));
    }
}
