//! Deadlines on the engine's clock. Every wait takes one; it knows what to say when it passes.

use std::ops::Deref;
use std::time::{Duration, Instant};

use crate::config::{Limit, Limits};
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
    #[inline]
    pub fn after(start: Instant, limit: Limit, kind: ErrorKind) -> Deadline {
        // An instant too far to represent is as good as none.
        let at = limit.and_then(|limit| start.checked_add(limit));
        Deadline { at, kind, limit: limit.unwrap_or_default() }
    }

    /// A moment that is no failure.
    pub fn at(moment: Instant) -> Deadline {
        Deadline { at: Some(moment), kind: ErrorKind::TooSlow, limit: Duration::ZERO }
    }

    /// `limit` from this moment.
    pub fn from_now(limit: Limit, kind: ErrorKind) -> Deadline {
        match limit {
            None => Deadline { at: None, kind, limit: Duration::ZERO },
            limit => Deadline::after(Instant::now(), limit, kind),
        }
    }

    /// The one that passes first.
    #[inline]
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

/// The limits of one exchange, and when it is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines<'a> {
    limits: &'a Limits,
    pub total: Deadline,
}

impl Deref for Deadlines<'_> {
    type Target = Limits;

    #[inline(always)]
    fn deref(&self) -> &Limits {
        self.limits
    }
}

impl<'a> Deadlines<'a> {
    #[inline]
    pub fn new(limits: &'a Limits, start: Instant) -> Deadlines<'a> {
        let total = Deadline::after(start, limits.whole, ErrorKind::TotalTimeout);
        Deadlines { limits, total }
    }

    #[inline(always)]
    pub fn starting(&self, now: Instant, limit: Limit, kind: ErrorKind) -> Deadline {
        Deadline::after(now, limit, kind).sooner(self.total)
    }
}
