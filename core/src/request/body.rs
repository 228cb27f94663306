//! Request bodies that come piece by piece: their sources, and the pipe for those that are produced
//! on an event loop.

use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::repeat;
use crate::sync::lock;

/// Produces a request body piece by piece.
///
/// With the blocking wait it runs on the caller's thread and may block; on the runtime it must
/// return `Pending` and wake instead.
pub trait BodySource: Send {
    /// The next piece; `None` is the end. Empty pieces are skipped.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>>;

    /// Whether [`rewind`](BodySource::rewind) can be expected to succeed. A question without side
    /// effects: it is asked of requests that then are not sent again. Default: no.
    fn can_rewind(&self) -> bool {
        false
    }

    /// Starts again from the beginning, for a replay, a retry or a redirect; only called where
    /// `can_rewind` said yes and pieces have been taken. `false` fails the request.
    fn rewind(&mut self) -> bool {
        false
    }
}

/// The source of a streamed body between exchanges; gone while one uses it.
pub(crate) type SharedSource = Arc<Mutex<Option<Kept>>>;

/// A source, and whether it stands at its beginning.
pub(crate) struct Kept {
    source: Box<dyn BodySource>,
    used: bool,
}

impl Kept {
    pub fn new(source: Box<dyn BodySource>) -> Kept {
        Kept { source, used: false }
    }

    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        self.used = true;
        self.source.poll_chunk(cx)
    }

    /// Whether it can be sent from its beginning: one that was never asked stands there.
    pub fn again(&self) -> repeat::Body {
        match !self.used || self.source.can_rewind() {
            true => repeat::Body::Afterwards,
            false => repeat::Body::Gone,
        }
    }

    /// Goes there.
    pub fn restart(&mut self) -> Result<()> {
        if self.used && !(self.source.can_rewind() && self.source.rewind()) {
            return Err(Error::state(
                "the request's streamed body was already sent and cannot be produced again",
            ));
        }
        self.used = false;
        Ok(())
    }
}

/// What a piped body asks of its producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyWant {
    /// The next piece.
    Piece,
    /// The first piece again, for a replay, a retry or a redirect: what was under way is void, the
    /// producer calls [`BodySender::restarted`] and then goes on as for the first piece.
    Restart,
}

/// A pipe for bodies that are produced elsewhere (an event loop): the sender half pushes, the
/// source half is the request's body. At most one piece waits in it, so a slow server slows the
/// producer. `want` is called on the engine's thread, or the submitter's, each time something is
/// to be pushed; `rewindable` says whether it may be called with [`BodyWant::Restart`].
pub fn body_pipe(
    rewindable: bool,
    want: impl Fn(BodyWant) + Send + Sync + 'static,
) -> (BodySender, Box<dyn BodySource>) {
    let shared = Arc::new(Shared::default());
    let receiver = PipeSource { shared: shared.clone(), rewindable, want: Box::new(want) };
    (BodySender { shared }, Box::new(receiver))
}

#[derive(Default)]
struct Shared(Mutex<Pipe>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pipe> {
        lock(&self.0)
    }
}

#[derive(Default)]
struct Pipe {
    piece: Option<Bytes>,
    end: Option<Result<()>>,
    asked: bool,
    /// The producer has not heard yet that it is to begin again: what it hands over is void.
    restarting: bool,
    /// The request is over.
    closed: bool,
    /// The producer is.
    gone: bool,
    waker: Option<std::task::Waker>,
}

/// The producer's half of [`body_pipe`]. Dropping it without `finish` fails the request.
pub struct BodySender {
    shared: Arc<Shared>,
}

impl BodySender {
    /// Hands over one piece, after `want` was called.
    ///
    /// # Errors
    /// `InvalidState` when the request is over.
    pub fn push(&self, piece: Bytes) -> Result<()> {
        self.update(|pipe| pipe.piece = Some(piece))
    }

    /// The body is complete.
    ///
    /// # Errors
    /// `InvalidState` when the request is over.
    pub fn finish(&self) -> Result<()> {
        self.update(|pipe| pipe.end = Some(Ok(())))
    }

    /// The producer failed; the request fails with `BodySourceFailed` and this text.
    ///
    /// # Errors
    /// `InvalidState` when the request is over.
    pub fn fail(&self, reason: &str) -> Result<()> {
        let error = source_failed(reason);
        self.update(|pipe| pipe.end = Some(Err(error)))
    }

    /// The producer heard [`BodyWant::Restart`]: what it hands over from now on is from the
    /// beginning.
    pub fn restarted(&self) {
        self.shared.lock().restarting = false;
    }

    fn update(&self, change: impl FnOnce(&mut Pipe)) -> Result<()> {
        let waker = {
            let mut pipe = self.shared.lock();
            if pipe.closed {
                return Err(Error::state("the request that this body belongs to is over"));
            }
            if pipe.restarting {
                return Ok(());
            }
            change(&mut pipe);
            pipe.asked = false;
            pipe.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

impl Drop for BodySender {
    fn drop(&mut self) {
        let waker = {
            let mut pipe = self.shared.lock();
            pipe.gone = true;
            pipe.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The error of a failed body source.
pub fn source_failed(reason: &str) -> Error {
    Error::new(ErrorKind::BodySourceFailed, Phase::Send, format!("request body source: {reason}"))
}

struct PipeSource {
    shared: Arc<Shared>,
    rewindable: bool,
    want: Box<dyn Fn(BodyWant) + Send + Sync>,
}

impl BodySource for PipeSource {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        let want = {
            let mut pipe = self.shared.lock();
            if let Some(piece) = pipe.piece.take() {
                return Poll::Ready(Ok(Some(piece)));
            }
            match &pipe.end {
                Some(Ok(())) => return Poll::Ready(Ok(None)),
                Some(Err(error)) => return Poll::Ready(Err(error.clone())),
                None if pipe.gone => {
                    return Poll::Ready(Err(source_failed("the producer went away")));
                }
                None => {}
            }
            pipe.waker = Some(cx.waker().clone());
            match (std::mem::replace(&mut pipe.asked, true), pipe.restarting) {
                (true, _) => None,
                (false, true) => Some(BodyWant::Restart),
                (false, false) => Some(BodyWant::Piece),
            }
        };
        if let Some(want) = want {
            (self.want)(want);
        }
        Poll::Pending
    }

    fn can_rewind(&self) -> bool {
        self.rewindable && !self.shared.lock().gone
    }

    fn rewind(&mut self) -> bool {
        let mut pipe = self.shared.lock();
        pipe.piece = None;
        pipe.end = None;
        pipe.asked = false;
        pipe.restarting = true;
        true
    }
}

impl Drop for PipeSource {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
    }
}
