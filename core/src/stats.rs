//! What a pool counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

pub use keepalive_tables::{OriginStats, Stats};

use crate::sync::{Mutex, lock};

/// Why a connection was closed. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseCause {
    /// The protocol machine refused reuse; see `keepalive_proto::CloseReason`.
    Protocol(keepalive_proto::CloseReason),
    /// Idle for longer than the limit.
    IdleTimeout,
    /// Older than `max_age`.
    MaxAge,
    /// Its address left the answer for its name (option `dns_ttl`).
    DnsChanged,
    /// `Keep-Alive: max=M` was reached.
    MaxRequests,
    /// The server closed it while idle.
    IdleEof,
    /// The server reset it while idle.
    IdleReset,
    /// The server sent bytes while it was idle.
    StrayBytes,
    /// Made room for another connection.
    Evicted,
    /// An exchange failed on it.
    Failed,
    /// An exchange was cancelled or a response dropped with too much unread.
    Abandoned,
    /// The other try of its request was answered first (option `hedge`).
    HedgeLost,
    /// The body of its response was not read for `body_idle_timeout`.
    BodyIdle,
    /// The client was closed.
    ByClient,
}

impl CloseCause {
    /// snake_case, stable.
    pub fn name(self) -> &'static str {
        match self {
            CloseCause::Protocol(reason) => reason.name(),
            CloseCause::IdleTimeout => "idle_timeout",
            CloseCause::MaxAge => "max_age",
            CloseCause::DnsChanged => "dns_changed",
            CloseCause::MaxRequests => "max_requests",
            CloseCause::IdleEof => "idle_eof",
            CloseCause::IdleReset => "idle_reset",
            CloseCause::StrayBytes => "stray_bytes",
            CloseCause::Evicted => "evicted",
            CloseCause::Failed => "failed",
            CloseCause::Abandoned => "abandoned",
            CloseCause::HedgeLost => "hedge_lost",
            CloseCause::BodyIdle => "body_idle_timeout",
            CloseCause::ByClient => "client_closed",
        }
    }
}

macro_rules! define {
    (
        totals { $($total:ident: $total_doc:literal;)* }
        process { $($process:tt)* }
        moments { $($moments:tt)* }
    ) => {
        /// What a pool counts while it works.
        #[derive(Default)]
        pub(crate) struct Counters {
            $(#[doc = $total_doc] pub $total: AtomicU64,)*
            closed: Mutex<BTreeMap<&'static str, u64>>,
        }

        impl Counters {
            /// The totals; what else a snapshot has is left empty.
            pub fn totals(&self) -> Stats {
                Stats { $($total: self.$total.load(Ordering::Relaxed),)* ..Stats::default() }
            }
        }
    };
}

keepalive_tables::counters! { define }

impl Counters {
    /// Connections closed by reason, sorted by its name.
    pub fn by_reason(&self) -> Vec<(&'static str, u64)> {
        let closed = lock(&self.closed);
        closed.iter().map(|(name, count)| (*name, *count)).collect()
    }

    /// Counts a connection that was closed.
    pub fn closed(&self, reason: CloseCause) {
        let mut closed = lock(&self.closed);
        *closed.entry(reason.name()).or_default() += 1;
    }
}
