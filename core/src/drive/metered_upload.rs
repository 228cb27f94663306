//! A request body whose speed is limited, or whose progress somebody is told of: it goes out in pieces, each
//! of which is asked for when the one before it is on its way.

use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::deadline::Deadline;
use crate::drive::meter::Meter;
use crate::error::{Phase, Result};
use crate::origin::Origin;
use crate::request::body::Kept;

/// Bytes of a body in memory that go out at a time.
const PIECE: usize = 256 * 1024;

/// See the module.
pub(crate) struct Metered<'a> {
    pub meter: &'a mut Meter,
    parts: Parts<'a>,
}

enum Parts<'a> {
    Whole {
        bytes: &'a Bytes,
        at: usize,
    },
    Stream {
        source: &'a mut Kept,
        /// What came of it and has to wait.
        rest: Bytes,
    },
}

impl<'a> Metered<'a> {
    pub fn whole(bytes: &'a Bytes, meter: &'a mut Meter) -> Metered<'a> {
        Metered { meter, parts: Parts::Whole { bytes, at: 0 } }
    }

    pub fn stream(source: &'a mut Kept, meter: &'a mut Meter) -> Metered<'a> {
        Metered { meter, parts: Parts::Stream { source, rest: Bytes::new() } }
    }

    /// The next piece, when the ones before it are on their way.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        let most = self.meter.most().unwrap_or(usize::MAX);
        let piece = ready!(self.parts.poll_next(cx, most))?;
        self.meter.tell(Phase::Send, piece.is_none())?;
        self.meter.handed(piece.as_ref().map_or(0, |piece| piece.len() as u64));
        Poll::Ready(Ok(piece))
    }
}

impl Parts<'_> {
    fn poll_next(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Result<Option<Bytes>>> {
        match self {
            Parts::Whole { bytes, at } => {
                let end = bytes.len().min(*at + most.min(PIECE));
                let piece = bytes.slice(*at..end);
                *at = end;
                Poll::Ready(Ok((!piece.is_empty()).then_some(piece)))
            }
            Parts::Stream { source, rest } => {
                if rest.is_empty() {
                    match ready!(source.poll_chunk(cx))? {
                        None => return Poll::Ready(Ok(None)),
                        Some(piece) => *rest = piece,
                    }
                }
                Poll::Ready(Ok(Some(rest.split_to(rest.len().min(most)))))
            }
        }
    }
}

/// How long a wait may last that ends at `limit`, and whether it is for nothing but the time when more may
/// go out. `starved`: there is nothing to be written; else the peer is waited for.
#[cold]
pub(crate) fn before(
    meter: &Meter,
    limit: Deadline,
    starved: bool,
    now: Instant,
    writes: bool,
) -> (Deadline, bool) {
    match meter.pause() {
        Some(until) if starved => (limit.sooner(Deadline::at(until)), true),
        _ if starved => (limit, false),
        _ if writes => (limit.sooner(meter.look(now)), false),
        _ => (limit, false),
    }
}

/// The peer was waited for so long, and so many bytes went out; `all`: nothing is left to be written. A body that
/// said its length may be over then: the answer can be here before anybody asks its source for the end.
///
/// # Errors
/// `TooSlow`, `Cancelled`.
#[cold]
pub(crate) fn after(
    meter: &mut Meter,
    bytes: usize,
    waited: Duration,
    all: bool,
    origin: &Origin,
) -> Result<()> {
    meter.moved(bytes as u64);
    meter.waited(waited, Phase::Send, origin)?;
    match all && meter.is_whole() {
        true => meter.tell(Phase::Send, true),
        false => Ok(()),
    }
}
