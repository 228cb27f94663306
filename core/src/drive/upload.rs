//! The request's body on its way out.

use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use keepalive_proto::Connection;

use crate::config::Settings;
use crate::drive::meter::Meter;
use crate::drive::metered_upload::Metered;
use crate::error::{Error, Result};
use crate::progress::Transfer;
use crate::repeat;
use crate::request::body::Kept;
use crate::request::trailers::Trailers;
use crate::request::{Body, Request};
use crate::sync::lock;

/// From this size on the rest of a request body is not copied to the machine's buffer first.
const DIRECT: usize = 16 * 1024;

/// The streamed body of a request, put back when the exchange is over.
pub(super) struct UploadSource<'a> {
    body: &'a Body,
    source: Option<Kept>,
    /// Its speed is limited, or somebody is told how far it is.
    meter: Option<Box<Meter>>,
}

/// What is over is sent, and its last chunk with the trailers.
fn end(http: &mut Connection, trailers: Option<&Trailers>) -> Result<()> {
    match trailers {
        None => Ok(http.send_end()?),
        Some(_) if http.send_stopped() => Ok(()),
        Some(trailers) => Ok(http.send_end_with(&trailers.lines()?)?),
    }
}

impl<'a> UploadSource<'a> {
    /// The body of `request`, which is that one's alone until this is dropped.
    ///
    /// # Errors
    /// `InvalidState`: its stream is being sent, or cannot be produced again.
    #[inline]
    pub fn take(settings: &Settings, request: &'a Request) -> Result<UploadSource<'a>> {
        match &request.body {
            body @ Body::Empty => Ok(UploadSource { body, source: None, meter: None }),
            body => UploadSource::of(settings, request, body),
        }
    }

    fn of(settings: &Settings, request: &'a Request, body: &'a Body) -> Result<UploadSource<'a>> {
        let meter = Meter::of(settings, request, Transfer::Upload, body.length());
        let mut borrowed = UploadSource { body, source: None, meter };
        if let Body::Stream { source, .. } = body {
            let mut shared = lock(source);
            borrowed.source = shared.take();
            drop(shared);
            if borrowed.source.is_none() {
                return Err(Error::state("the request's body stream is being sent"));
            }
        }
        borrowed.restart()?;
        Ok(borrowed)
    }

    /// Whether the body can be sent again.
    pub fn again(&self) -> repeat::Body {
        self.source.as_ref().map_or(repeat::Body::AnyTime, Kept::again)
    }

    /// The body from where it stands.
    #[inline]
    pub fn upload(&mut self) -> Upload<'_> {
        match self.body {
            Body::Empty => Upload::Empty,
            body => Upload::of(body, self.source.as_mut(), self.meter.as_deref_mut()),
        }
    }

    /// Goes to its beginning.
    pub fn restart(&mut self) -> Result<()> {
        if let Some(meter) = &mut self.meter {
            meter.restart();
        }
        self.source.as_mut().map_or(Ok(()), Kept::restart)
    }

    fn put_back(&mut self) {
        if let (Body::Stream { source, .. }, Some(own)) = (self.body, self.source.take()) {
            *lock(source) = Some(own);
        }
    }
}

impl Drop for UploadSource<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.source.is_some() {
            self.put_back();
        }
    }
}

/// What is left of the request body.
pub(crate) enum Upload<'a> {
    Empty,
    Whole(&'a Bytes, usize),
    Stream { source: Source<'a>, piece: Bytes, ended: bool },
}

/// Who produces the pieces of a body.
pub(crate) enum Source<'a> {
    Own(&'a mut Kept),
    Metered(Metered<'a>),
}

impl Source<'_> {
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        match self {
            Source::Own(source) => source.poll_chunk(cx),
            Source::Metered(source) => source.poll_chunk(cx),
        }
    }
}

impl<'a> Upload<'a> {
    /// Of a body in memory.
    pub fn whole(body: &'a Body) -> Upload<'a> {
        Upload::of(body, None, None)
    }

    fn of(
        body: &'a Body,
        source: Option<&'a mut Kept>,
        meter: Option<&'a mut Meter>,
    ) -> Upload<'a> {
        let source = match (body, source, meter) {
            (Body::Whole(bytes), _, None) => return Upload::Whole(bytes, 0),
            (Body::Whole(bytes), _, Some(meter)) => Source::Metered(Metered::whole(bytes, meter)),
            (Body::Stream { .. }, Some(source), Some(meter)) => {
                Source::Metered(Metered::stream(source, meter))
            }
            (Body::Stream { .. }, Some(source), None) => Source::Own(source),
            _ => return Upload::Empty,
        };
        Upload::Stream { source, piece: Bytes::new(), ended: false }
    }

    /// What measures it, until all of it is sent.
    #[inline]
    pub fn meter(&mut self) -> Option<&mut Meter> {
        self.measured().map(|(meter, _)| meter)
    }

    /// The same, and whether nothing of it that is at hand is left.
    #[inline]
    pub fn measured(&mut self) -> Option<(&mut Meter, bool)> {
        match self {
            Upload::Stream { source: Source::Metered(metered), piece, .. } => {
                Some((metered.meter, piece.is_empty()))
            }
            _ => None,
        }
    }

    /// Whether nothing is left of it.
    #[inline]
    pub fn is_over(&self) -> bool {
        matches!(self, Upload::Empty)
    }

    /// So many bytes of it were sent from where they are.
    pub fn advance(&mut self, count: usize) {
        match self {
            Upload::Empty => {}
            Upload::Whole(_, at) => *at += count,
            Upload::Stream { piece, .. } => piece.advance(count),
        }
    }

    /// What of a large body is to be sent from where it is, behind what the machine has ready.
    pub fn direct(&self, http: &Connection) -> Option<&[u8]> {
        let rest = match self {
            Upload::Empty => return None,
            Upload::Whole(bytes, at) => bytes.get(*at..)?,
            Upload::Stream { piece, .. } => piece,
        };
        let fits = rest.len() >= DIRECT && http.direct_send()? >= rest.len() as u64;
        fits.then_some(rest)
    }

    /// Moves what is at hand into the machine; `true` when a stream must produce more first.
    pub fn fill(&mut self, http: &mut Connection, trailers: Option<&Trailers>) -> Result<bool> {
        match self {
            Upload::Empty => {}
            Upload::Whole(..) if self.direct(http).is_some() => {}
            Upload::Whole(bytes, at) => {
                if *at < bytes.len() {
                    *at += http.send_data(&bytes[*at..])?;
                    if *at < bytes.len() {
                        return Ok(false);
                    }
                }
                end(http, trailers)?;
                *self = Upload::Empty;
            }
            Upload::Stream { .. } if self.direct(http).is_some() => {}
            Upload::Stream { piece, ended, .. } => {
                if !piece.is_empty() {
                    let taken = http.send_data(piece)?;
                    piece.advance(taken);
                }
                if piece.is_empty() && !*ended {
                    return Ok(true);
                }
                if piece.is_empty() {
                    end(http, trailers)?;
                    *self = Upload::Empty;
                }
            }
        }
        Ok(false)
    }
}
