//! The chunked transfer coding, receiving side (RFC 9112 7.1), strict: every line ends with CRLF,
//! sizes cannot overflow; one line, what lines outweigh their data by, and trailers are bounded.

use crate::error::RemoteError;
use crate::event::Limits;
use crate::facts::Facts;
use crate::field_lines::{FieldsError, parse_fields};
use crate::fields::Fields;

/// What the bytes at hand gave.
#[derive(Debug)]
pub(crate) enum Chunk {
    /// The last `n` bytes consumed are body data.
    Data(usize),
    /// More bytes are needed.
    More,
    /// The body is complete; its trailers, if any.
    End(Option<Fields>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first digit of a size.
    Start,
    Size,
    /// Whitespace between size and extension or line end (BWS).
    AfterSize,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// Offsets from the first unread byte: start of the line, and how far it holds no LF.
    Trailer {
        line: usize,
        scanned: usize,
    },
}

/// One chunked body being received.
#[derive(Debug)]
pub(crate) struct ChunkedDecoder {
    state: State,
    /// Size of the chunk while its line is read, then the bytes of it still to come.
    size: u64,
    /// Bytes of the current chunk line.
    line_len: usize,
    /// By how much the chunk lines so far outweigh their data.
    excess: u64,
}

/// Longest chunk line (size, extensions, CRLF): real extensions are a few dozen bytes.
const MAX_LINE: usize = 4096;
/// What a chunk line may weigh beyond twice its data: sizes padded with zeros or blanks, a short
/// extension.
const FREE_LINE: u64 = 16;
/// Most bytes of chunk lines beyond that, over a whole body: else one byte of body could cost a line
/// of extensions each time. The rule and its numbers are those of Go's net/http.
const MAX_EXCESS: u64 = 16 * 1024;

impl ChunkedDecoder {
    pub fn new() -> Self {
        Self { state: State::Start, size: 0, line_len: 0, excess: 0 }
    }

    /// Reads on in `bytes`, over at most one chunk line; returns how many it consumed and what came
    /// of them.
    pub fn advance(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<(usize, Chunk), RemoteError> {
        let mut at = 0;
        loop {
            if let State::Trailer { .. } = self.state {
                let (len, chunk) = self.trailers(&bytes[at..], limits)?;
                return Ok((at + len, chunk));
            }
            let Some(&b) = bytes.get(at) else {
                return Ok((at, Chunk::More));
            };
            if self.state == State::Data {
                let available = (bytes.len() - at) as u64;
                let take = available.min(self.size);
                self.size -= take;
                if self.size == 0 {
                    self.state = State::DataCr;
                }
                return Ok((at + take as usize, Chunk::Data(take as usize)));
            }
            self.framing_byte(b)?;
            at += 1;
        }
    }

    fn framing_byte(&mut self, b: u8) -> Result<(), RemoteError> {
        let invalid = |rule| Err(RemoteError::InvalidChunk(rule));
        self.line_len += 1;
        if self.line_len > MAX_LINE {
            return invalid("chunk line is too long");
        }
        self.state = match (self.state, b) {
            (State::Start | State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(b).to_digit(16).unwrap_or_default();
                if self.size >> 60 != 0 {
                    return invalid("chunk size is too large");
                }
                self.size = self.size << 4 | u64::from(digit);
                State::Size
            }
            (State::Start, _) => return invalid("chunk size is missing"),
            (State::Size | State::AfterSize, b' ' | b'\t') => State::AfterSize,
            (State::Size | State::AfterSize, b';') => State::Extension,
            (State::Size | State::AfterSize | State::Extension, b'\r') => State::SizeLf,
            (State::Size | State::AfterSize | State::Extension, b'\n') => {
                return invalid("bare LF in a chunk line");
            }
            (State::Size | State::AfterSize, _) => return invalid("chunk size is not hexadecimal"),
            (State::Extension, b) if (b < 0x20 && b != b'\t') || b == 0x7f => {
                return invalid("control character in a chunk extension");
            }
            (State::Extension, _) => State::Extension,
            (State::SizeLf, b'\n') => {
                let free = FREE_LINE.saturating_add(self.size.saturating_mul(2));
                self.excess = (self.excess + self.line_len as u64).saturating_sub(free);
                if self.excess > MAX_EXCESS {
                    return invalid("chunk lines outweigh the data");
                }
                self.line_len = 0;
                match self.size {
                    0 => State::Trailer { line: 0, scanned: 0 },
                    _ => State::Data,
                }
            }
            (State::SizeLf, _) => return invalid("bare CR in a chunk line"),
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => {
                self.line_len = 0;
                State::Start
            }
            (State::DataCr | State::DataLf, _) => {
                return invalid("chunk data is longer than its size");
            }
            (state @ (State::Data | State::Trailer { .. }), _) => state,
        };
        Ok(())
    }

    /// The trailer section stays unread until it is complete, then it is parsed like head fields.
    fn trailers(&mut self, bytes: &[u8], limits: &Limits) -> Result<(usize, Chunk), RemoteError> {
        let State::Trailer { mut line, mut scanned } = self.state else {
            return Ok((0, Chunk::More));
        };
        let limit = limits.head_bytes;
        let window = &bytes[..bytes.len().min(limit)];
        let end = loop {
            match &window[line..] {
                [b'\r', b'\n', ..] => break Some(line + 2),
                [] | [b'\r'] => break None,
                _ => {}
            }
            let Some(lf) = memchr::memchr(b'\n', &window[scanned..]) else {
                scanned = window.len();
                break None;
            };
            let lf = scanned + lf;
            if lf == 0 || window[lf - 1] != b'\r' {
                return Err(RemoteError::InvalidChunk("bare LF in the trailers"));
            }
            (line, scanned) = (lf + 1, lf + 1);
        };
        self.state = State::Trailer { line, scanned };
        match end {
            Some(2) => Ok((2, Chunk::End(None))),
            Some(end) => {
                // Trailers are delivered, never interpreted: their facts are thrown away.
                let fields = parse_fields(&window[..end], 0, limits.fields, &mut Facts::default());
                let fields = fields.map_err(|error| match error {
                    FieldsError::Invalid(rule) => RemoteError::InvalidChunk(rule),
                    FieldsError::TooMany(limit) => {
                        RemoteError::HeadTooLarge { limit, what: "trailer fields" }
                    }
                })?;
                Ok((end, Chunk::End(Some(fields))))
            }
            None if bytes.len() >= limit => {
                Err(RemoteError::HeadTooLarge { limit, what: "trailer bytes" })
            }
            None => Ok((0, Chunk::More)),
        }
    }
}
