//! How an exchange went, as the caller sees it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::connection::ends::Ends;
use crate::connection::opening::Opening;
use crate::error::{ErrorKind, Phase};

pub use keepalive_tables::{Info, Timings};

/// What is written down of a call on its way, small since every call has one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub connection_id: u64,
    pub requests: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub retries: u32,
    pub redirects: u32,
    pub replays: u32,
    pub replay_reason: Option<ErrorKind>,
    pub reused: bool,
    pub pipelined: bool,
    pub hedged: bool,
    pub hedge_won: bool,
}

impl Tally {
    /// As the caller has it.
    #[allow(clippy::needless_update, reason = "a row of the table is filled where it is known")]
    pub fn told(&self, ends: Option<&Arc<Ends>>) -> Info {
        let Tally { connection_id, requests, bytes_sent, bytes_received, .. } = *self;
        let Tally { retries, redirects, replays, replay_reason, .. } = *self;
        let Tally { reused, pipelined, hedged, hedge_won, .. } = *self;
        Info {
            reused,
            connection_id,
            requests,
            pipelined,
            replays,
            replay_reason,
            retries,
            redirects,
            hedged,
            hedge_won,
            bytes_sent,
            bytes_received,
            local_address: ends.and_then(|ends| ends.local.text()),
            peer_address: ends.and_then(|ends| ends.peer.text()),
            ..Info::default()
        }
    }
}

/// When things happened: the durations between are made when somebody asks for them.
#[derive(Clone)]
pub(crate) struct Marks {
    /// The request was handed over.
    pub started: Instant,
    /// It had its connection.
    pub leased: Instant,
    /// It was sent.
    pub sent: Instant,
    /// The head was there.
    pub head: Instant,
    /// What became of the wait for that connection; most requests find one.
    waits: Option<Box<Waits>>,
}

/// The parts of a wait for a connection.
#[derive(Clone, Copy, Default)]
struct Waits {
    /// But for its dial.
    queued: Duration,
    /// Resolving, connecting and the TLS handshake, where the request waited for them.
    dialled: [Duration; 3],
}

impl Marks {
    /// Nothing has happened since `started`.
    pub fn at(started: Instant) -> Marks {
        Marks { started, leased: started, sent: started, head: started, waits: None }
    }

    /// They are another's from now on.
    #[inline(always)]
    pub fn take(&mut self) -> Marks {
        let Marks { started, leased, sent, head, .. } = *self;
        Marks { started, leased, sent, head, waits: self.waits.take() }
    }

    /// The connection is there. What came before `now` and is not said is of no phase.
    #[inline]
    pub fn leased(&mut self, now: Instant) {
        self.leased = now;
        self.waits = None;
    }

    /// It was waited for from `asked` on: what of that its dial was, as far as it fell into the wait.
    #[cold]
    pub fn waited(&mut self, asked: Instant, opening: &Opening, is_new: bool) {
        let Opening { began, ready, spent } = *opening;
        let waits = self.waits.get_or_insert_default();
        if !is_new || ready <= asked {
            waits.queued = self.leased.saturating_duration_since(asked);
            return;
        }
        let (began, ready) = (began.min(self.leased), ready.min(self.leased));
        waits.queued = began.saturating_duration_since(asked);
        let mut left = ready.saturating_duration_since(began.max(asked));
        // One that was under way already had come further: what was last is what was waited for.
        for (phase, spent) in waits.dialled.iter_mut().zip(spent).rev() {
            *phase = spent.min(left);
            left -= *phase;
        }
    }

    /// The handshake that was left open for the request ended before it was sent.
    pub fn settled(&mut self, now: Instant) {
        self.waits.get_or_insert_default().dialled[2] += now.saturating_duration_since(self.leased);
        self.leased = now;
    }

    /// It failed at `now`, in that phase, which gets the time since the last one that is known.
    pub fn failed(&mut self, begun: Instant, phase: Phase, now: Instant) {
        (self.sent, self.head) = (self.sent.max(self.leased), now);
        if self.leased >= begun && matches!(phase, Phase::Send | Phase::Head | Phase::Body) {
            if phase == Phase::Send {
                self.sent = now;
            }
            return;
        }
        self.leased(now);
        self.sent = now;
        let spent = now.saturating_duration_since(begun);
        let waits = self.waits.get_or_insert_default();
        match phase {
            Phase::Pool => waits.queued = spent,
            Phase::Resolve => waits.dialled[0] = spent,
            Phase::Connect => waits.dialled[1] = spent,
            Phase::Tls => waits.dialled[2] = spent,
            _ => {}
        }
    }

    /// The durations, up to `ended` if the body has come to its end.
    #[allow(clippy::needless_update, reason = "a row of the table is filled where it is known")]
    pub fn timings(&self, ended: Option<Instant>) -> Timings {
        let Marks { started, leased, sent, head, .. } = *self;
        let Waits { queued, dialled } = self.waits.as_deref().copied().unwrap_or_default();
        let end = ended.unwrap_or(head);
        let [resolve, connect, tls] = dialled;
        let before = leased.saturating_duration_since(started);
        Timings {
            queued,
            stalled: before.saturating_sub(queued + resolve + connect + tls),
            resolve,
            connect,
            tls,
            send: sent.saturating_duration_since(leased),
            wait: head.saturating_duration_since(sent),
            receive: end.saturating_duration_since(head),
            total: end.saturating_duration_since(started),
            ..Timings::default()
        }
    }
}

#[cfg(test)]
mod tests;
