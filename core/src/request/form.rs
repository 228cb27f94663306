//! A form as a body: its parts one after the other, from where they are.

use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::repeat;
use crate::request::Request;
use crate::request::body::{BodySource, Kept};
use crate::request::file::FileBody;
use crate::request::multipart::{Multipart, Piece};

/// The content of a part.
pub enum Content {
    /// In memory.
    Bytes(Bytes),
    /// On a disk.
    File(FileBody),
    /// From somebody else, of that length if it is known.
    Source(Box<dyn BodySource>, Option<u64>),
}

impl Content {
    fn length(&self) -> Option<u64> {
        match self {
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::File(file) => file.length(),
            Content::Source(_, length) => *length,
        }
    }
}

/// A part as it is sent.
enum Part {
    Bytes(Bytes),
    File(FileBody),
    Source(Kept, Option<u64>),
}

/// What is sent, the next one at `at`.
struct Form {
    parts: Vec<Part>,
    at: usize,
    /// What its source has given of the part there.
    given: u64,
}

impl Request {
    /// Makes `form` the body, sent with Content-Length when all its parts have a length, and its type the
    /// Content-Type.
    ///
    /// # Errors
    /// `InvalidHeader`: the request has a Content-Type, whose boundary would be another one.
    pub fn set_form(&mut self, form: Multipart<Content>) -> Result<()> {
        if self.has_header(b"Content-Type") {
            let text = "Content-Type: the form brings its own, with its boundary; leave it out";
            return Err(Error::new(ErrorKind::InvalidHeader, Phase::Request, text));
        }
        self.add_header(b"Content-Type", form.content_type())?;
        self.set_form_body(form.finish());
        Ok(())
    }

    /// Makes the pieces of a form the body; what its type is stands in the header already.
    pub fn set_form_body(&mut self, pieces: Vec<Piece<Content>>) {
        let content = |piece| match piece {
            Piece::Bytes(bytes) => Content::Bytes(bytes),
            Piece::Content(content) => content,
        };
        let contents: Vec<Content> = pieces.into_iter().map(content).collect();
        let mut lengths = contents.iter().map(Content::length);
        let length = lengths.try_fold(0u64, |sum, more| sum.checked_add(more?));
        let part = |content| match content {
            Content::Bytes(bytes) => Part::Bytes(bytes),
            Content::File(file) => Part::File(file),
            Content::Source(source, length) => Part::Source(Kept::new(source), length),
        };
        let parts = contents.into_iter().map(part).collect();
        self.set_body_stream(Box::new(Form { parts, at: 0, given: 0 }), length);
    }
}

fn mismatch(declared: u64, given: u64) -> Error {
    let text =
        format!("request body: a part of the form has {declared} bytes declared, {given} given");
    Error::new(ErrorKind::BodyLengthMismatch, Phase::Send, text)
}

impl BodySource for Form {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        let Form { parts, at, given } = self;
        let piece = match parts.get_mut(*at) {
            None => return Poll::Ready(Ok(None)),
            Some(Part::Bytes(bytes)) => {
                *at += 1;
                return Poll::Ready(Ok(Some(bytes.clone())));
            }
            Some(Part::File(file)) => ready!(file.poll_chunk(cx))?,
            Some(Part::Source(source, length)) => {
                let piece = ready!(source.poll_chunk(cx))?;
                *given += piece.as_ref().map_or(0, Bytes::len) as u64;
                if let Some(length) = *length
                    && (*given > length || (piece.is_none() && *given < length))
                {
                    return Poll::Ready(Err(mismatch(length, *given)));
                }
                piece
            }
        };
        if piece.is_none() {
            *at += 1;
            *given = 0;
        }
        // The end of a part is an empty piece of the whole.
        Poll::Ready(Ok(Some(piece.unwrap_or_default())))
    }

    fn can_rewind(&self) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Bytes(_) => true,
            Part::File(file) => file.can_rewind(),
            Part::Source(source, _) => source.again() != repeat::Body::Gone,
        })
    }

    fn rewind(&mut self) -> bool {
        (self.at, self.given) = (0, 0);
        self.parts.iter_mut().all(|part| match part {
            Part::Bytes(_) => true,
            Part::File(file) => file.rewind(),
            Part::Source(source, _) => source.restart().is_ok(),
        })
    }
}
