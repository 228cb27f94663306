//! A request body whose progress somebody is told of: it goes out in pieces, each of which is asked for when
//! the one before it is on its way.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::drive::meter::Meter;
use crate::error::{Error, Phase, Result};
use crate::repeat;
use crate::request::body::{BodySource, Kept, SharedSource};
use crate::request::{Body, Request};
use crate::sync::lock;

/// Bytes of a body in memory that go out at a time.
const PIECE: usize = 256 * 1024;

/// `request` with such a body; `None` when nobody is told, or it has none.
///
/// # Errors
/// `InvalidState`: its streamed body is being sent.
pub(super) fn of(request: &Request) -> Result<Option<Box<Request>>> {
    let Some(sink) = request.pace.as_ref().and_then(|pace| pace.progress.clone()) else {
        return Ok(None);
    };
    let (parts, length) = match &request.body {
        Body::Empty => return Ok(None),
        Body::Whole(bytes) => {
            (Parts::Whole { bytes: bytes.clone(), at: 0 }, Some(bytes.len() as u64))
        }
        Body::Stream { source, length } => {
            let taken = lock(source).take();
            let kept =
                taken.ok_or_else(|| Error::state("the request's body stream is being sent"))?;
            let mut parts = Parts::Stream { kept: Some(kept), home: source.clone() };
            parts.begin()?;
            (parts, *length)
        }
    };
    let watched = Watched { parts, meter: Meter::of_upload(sink, length) };
    let source = Arc::new(Mutex::new(Some(Kept::new(Box::new(watched)))));
    let mut request = Box::new(request.clone());
    request.body = Body::Stream { source, length };
    Ok(Some(request))
}

enum Parts {
    Whole {
        bytes: Bytes,
        at: usize,
    },
    /// Put back when the request is over.
    Stream {
        kept: Option<Kept>,
        home: SharedSource,
    },
}

struct Watched {
    parts: Parts,
    meter: Meter,
}

impl Parts {
    /// Goes to the beginning.
    fn begin(&mut self) -> Result<()> {
        match self {
            Parts::Whole { at, .. } => *at = 0,
            Parts::Stream { kept, .. } => kept.as_mut().map_or(Ok(()), Kept::restart)?,
        }
        Ok(())
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        match self {
            Parts::Whole { bytes, at } => {
                let end = bytes.len().min(*at + PIECE);
                let piece = bytes.slice(*at..end);
                *at = end;
                Poll::Ready(Ok((!piece.is_empty()).then_some(piece)))
            }
            Parts::Stream { kept: Some(kept), .. } => kept.poll_chunk(cx),
            Parts::Stream { kept: None, .. } => Poll::Ready(Ok(None)),
        }
    }
}

impl BodySource for Watched {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        let piece = ready!(self.parts.poll_next(cx))?;
        // What came before is on its way, and this is not.
        self.meter.tell(Phase::Send, piece.is_none())?;
        self.meter.count(piece.as_ref().map_or(0, |piece| piece.len() as u64));
        Poll::Ready(Ok(piece))
    }

    fn can_rewind(&self) -> bool {
        match &self.parts {
            Parts::Whole { .. } => true,
            Parts::Stream { kept, .. } => {
                kept.as_ref().is_some_and(|kept| kept.again() != repeat::Body::Gone)
            }
        }
    }

    fn rewind(&mut self) -> bool {
        self.meter.restart();
        self.parts.begin().is_ok()
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if let Parts::Stream { kept, home } = self
            && let Some(kept) = kept.take()
        {
            *lock(home) = Some(kept);
        }
    }
}
