//! Deadlines on the engine's clock. Every wait takes one; it knows what to say when it passes.

use std::time::{Duration, Instant};

use crate::config::{ClientConfig, Limit, Timeouts};
use crate::error::{Error, ErrorKind, Phase};
use crate::origin::Origin;

/// A moment, and the error it turns into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub at: Option<Instant>,
    kind: ErrorKind,
    limit: Duration,
}

impl Deadline {
    /// `limit` from `start`; no limit never passes.
    pub fn after(start: Instant, limit: Limit, kind: ErrorKind) -> Deadline {
        // An instant too far to represent is as good as none.
        let at = limit.and_then(|limit| start.checked_add(limit));
        Deadline { at, kind, limit: limit.unwrap_or_default() }
    }

    /// `limit` from this moment.
    pub fn from_now(limit: Limit, kind: ErrorKind) -> Deadline {
        match limit {
            None => Deadline { at: None, kind, limit: Duration::ZERO },
            limit => Deadline::after(Instant::now(), limit, kind),
        }
    }

    /// The one that passes first.
    pub fn sooner(self, other: Deadline) -> Deadline {
        match (self.at, other.at) {
            (Some(a), Some(b)) if b < a => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }

    /// Whether passing it means `kind`.
    pub fn is(&self, kind: ErrorKind) -> bool {
        self.kind == kind
    }

    /// Whether it has passed.
    pub fn is_over(&self) -> bool {
        self.at.is_some_and(|at| at <= Instant::now())
    }

    /// Time left; `None` for ever.
    pub fn left(&self) -> Option<Duration> {
        self.at.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// The error to report when it has passed, naming the peer and how long was waited.
    pub fn error(&self, phase: Phase, origin: &Origin) -> Error {
        let peer = origin.authority();
        let waited = show(self.limit);
        let what = match self.kind {
            ErrorKind::PoolTimeout => {
                format!("no connection to {peer} became free within {waited}")
            }
            ErrorKind::ConnectTimeout => format!("connecting to {peer} took longer than {waited}"),
            ErrorKind::SendTimeout => {
                format!("{peer} accepted no byte of the request for {waited}")
            }
            ErrorKind::ReadTimeout if phase == Phase::Body => {
                format!("no byte of the response body came from {peer} for {waited}")
            }
            ErrorKind::ReadTimeout => format!("no response head came from {peer} within {waited}"),
            _ => format!("the exchange with {peer} took longer than {waited}"),
        };
        Error::new(self.kind, phase, what)
    }
}

pub(crate) fn show(limit: Duration) -> String {
    if limit < Duration::from_secs(1) {
        format!("{} ms", limit.as_millis())
    } else {
        format!("{} s", limit.as_secs_f64())
    }
}

/// The limits of one exchange: the request's own or the client's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    pub queue: Limit,
    pub queue_stall: Limit,
    pub connect: Limit,
    pub header: Limit,
    pub send: Limit,
    pub read: Limit,
    pub total: Deadline,
}

impl Deadlines {
    pub fn new(config: &ClientConfig, request: &Timeouts, start: Instant) -> Deadlines {
        let total = request.total.unwrap_or(config.total_timeout);
        Deadlines {
            queue: request.queue.unwrap_or(config.queue_timeout),
            // A limit that a request gives is meant: it waits for so long, and no shorter.
            queue_stall: match request.queue {
                None => config.queue_stall_timeout,
                Some(_) => None,
            },
            connect: request.connect.unwrap_or(config.connect_timeout),
            header: request.header.unwrap_or(config.header_timeout),
            send: request.send.unwrap_or(config.stall_timeout),
            read: request.read.unwrap_or(config.stall_timeout),
            total: Deadline::after(start, total, ErrorKind::TotalTimeout),
        }
    }

    pub fn starting(&self, now: Instant, limit: Limit, kind: ErrorKind) -> Deadline {
        Deadline::after(now, limit, kind).sooner(self.total)
    }
}
