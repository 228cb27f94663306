//! Bodies in both directions: what of the bytes is body, and the verdict when the stream ends.

use crate::chunked::{Chunk, ChunkedDecoder};
use crate::error::{LocalError, RemoteError};
use crate::event::{Eof, Limits, RequestBody};
use crate::framing::BodyFraming;

/// The receiving side of one response body.
#[derive(Debug)]
pub(crate) struct BodyDecoder {
    kind: Kind,
    /// Body bytes delivered, without transfer coding.
    received: u64,
}

#[derive(Debug)]
enum Kind {
    Length { total: u64 },
    Chunked(ChunkedDecoder),
    Close,
}

impl BodyDecoder {
    /// `BodyFraming::None` is a body of length 0.
    pub fn new(framing: BodyFraming) -> Self {
        let kind = match framing {
            BodyFraming::None => Kind::Length { total: 0 },
            BodyFraming::Length(total) => Kind::Length { total },
            BodyFraming::Chunked => Kind::Chunked(ChunkedDecoder::new()),
            BodyFraming::CloseDelimited => Kind::Close,
        };
        Self { kind, received: 0 }
    }

    /// Body bytes still to be delivered, if known.
    pub fn remaining(&self) -> Option<u64> {
        match self.kind {
            Kind::Length { total } => Some(total.saturating_sub(self.received)),
            Kind::Chunked(_) | Kind::Close => None,
        }
    }

    /// How many bytes may go to the caller without passing the decoder.
    pub fn direct(&self) -> Option<u64> {
        match self.kind {
            Kind::Length { .. } => self.remaining().filter(|&n| n > 0),
            Kind::Close => Some(u64::MAX),
            Kind::Chunked(_) => None,
        }
    }

    /// Counts bytes that went to the caller directly.
    pub fn skip(&mut self, n: u64) {
        self.received = self.received.saturating_add(n);
    }

    /// Reads on in `bytes`; returns how many it consumed and what came of them.
    pub fn advance(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<(usize, Chunk), RemoteError> {
        let (consumed, chunk) = match &mut self.kind {
            Kind::Length { total } => {
                let left = total.saturating_sub(self.received);
                match (bytes.len() as u64).min(left) as usize {
                    0 if left == 0 => (0, Chunk::End(None)),
                    0 => (0, Chunk::More),
                    n => (n, Chunk::Data(n)),
                }
            }
            Kind::Chunked(decoder) => decoder.advance(bytes, limits)?,
            Kind::Close if bytes.is_empty() => (0, Chunk::More),
            Kind::Close => (bytes.len(), Chunk::Data(bytes.len())),
        };
        if let Chunk::Data(n) = chunk {
            self.received = self.received.saturating_add(n as u64);
        }
        Ok((consumed, chunk))
    }

    /// The stream ended and every byte of it has been read: was that the end of the body?
    pub fn finish(&self, how: Eof) -> Result<(), RemoteError> {
        match (&self.kind, how) {
            (Kind::Close, Eof::Clean) => Ok(()),
            (Kind::Length { total }, _) if self.received >= *total => Ok(()),
            (Kind::Length { total }, _) => Err(self.truncated(Some(*total))),
            (Kind::Close, Eof::Abrupt) | (Kind::Chunked(_), _) => Err(self.truncated(None)),
        }
    }

    fn truncated(&self, expected: Option<u64>) -> RemoteError {
        RemoteError::BodyTruncated { received: self.received, expected }
    }
}

/// The sending side of one request body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BodyEncoder {
    Length { declared: u64, given: u64 },
    Chunked { ended: bool },
}

/// Chunk size in hexadecimal and its CRLF, at most 8 digits here, and the CRLF behind the data.
const CHUNK_OVERHEAD: usize = 8 + 2 + 2;
/// A chunk smaller than this is not begun while more data waits: it would be mostly framing.
const MIN_CHUNK: usize = 1024;

impl BodyEncoder {
    pub fn new(body: RequestBody) -> Self {
        match body {
            RequestBody::None => Self::Length { declared: 0, given: 0 },
            RequestBody::Length(declared) => Self::Length { declared, given: 0 },
            RequestBody::Unknown => Self::Chunked { ended: false },
        }
    }

    /// Whether every byte of the body has been encoded.
    pub fn is_complete(&self) -> bool {
        match *self {
            Self::Length { declared, given } => declared == given,
            Self::Chunked { ended } => ended,
        }
    }

    /// How many bytes of the body may be sent as they are: those left of one with a length.
    pub fn direct(&self) -> Option<u64> {
        match *self {
            Self::Length { declared, given } => Some(declared.saturating_sub(given)),
            Self::Chunked { .. } => None,
        }
    }

    /// Counts bytes that were sent as they are.
    pub fn skip(&mut self, n: u64) {
        if let Self::Length { given, .. } = self {
            *given = given.saturating_add(n);
        }
    }

    /// Appends at most `room` bytes of encoded body to `out`; returns the bytes of `data` taken.
    pub fn encode(
        &mut self,
        data: &[u8],
        room: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, LocalError> {
        match self {
            Self::Length { declared, given } => {
                let total = given.saturating_add(data.len() as u64);
                if total > *declared {
                    return Err(LocalError::BodyLengthMismatch {
                        declared: *declared,
                        given: total,
                    });
                }
                let take = data.len().min(room);
                out.extend_from_slice(&data[..take]);
                *given += take as u64;
                Ok(take)
            }
            Self::Chunked { ended: true } => {
                Err(LocalError::InvalidState("body data after the end of the body"))
            }
            Self::Chunked { ended: false } => {
                let room = room.saturating_sub(CHUNK_OVERHEAD);
                let take = data.len().min(room);
                if take == 0 || (take < data.len() && take < MIN_CHUNK) {
                    return Ok(0);
                }
                push_hex(out, take);
                out.extend_from_slice(b"\r\n");
                out.extend_from_slice(&data[..take]);
                out.extend_from_slice(b"\r\n");
                Ok(take)
            }
        }
    }

    /// Ends the body, a chunked one with `trailers`; ending it twice is harmless.
    pub fn finish(&mut self, trailers: &[u8], out: &mut Vec<u8>) -> Result<(), LocalError> {
        match self {
            Self::Length { declared, given } if declared == given => Ok(()),
            Self::Length { declared, given } => {
                Err(LocalError::BodyLengthMismatch { declared: *declared, given: *given })
            }
            Self::Chunked { ended } => {
                if !*ended {
                    out.extend_from_slice(b"0\r\n");
                    out.extend_from_slice(trailers);
                    out.extend_from_slice(b"\r\n");
                    *ended = true;
                }
                Ok(())
            }
        }
    }
}

fn push_hex(out: &mut Vec<u8>, number: usize) {
    let digits = (usize::BITS - number.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        out.push(b"0123456789abcdef"[number >> (4 * digit) & 15]);
    }
}

/// Appends a decimal without an allocation.
pub(crate) fn push_decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
