//! Content codings (RFC 9110 8.4.1): gzip, deflate, br, zstd, decoded as the pieces come.

use std::io::Write;

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use zstd::stream::raw::{InBuffer, Operation, OutBuffer};

use crate::error::{Error, ErrorKind, Phase, Result};

/// What is offered in Accept-Encoding.
pub(crate) const ACCEPTED: &str = "br, zstd, gzip, deflate";

type Brotli = brotli_decompressor::DecompressorWriter<Vec<u8>>;

enum Coding {
    Gzip(MultiGzDecoder<Vec<u8>>),
    /// `deflate` is zlib by the book and raw deflate from some servers: the first byte tells.
    DeflateUndecided,
    Zlib(ZlibDecoder<Vec<u8>>),
    RawDeflate(DeflateDecoder<Vec<u8>>),
    Brotli(Box<Brotli>),
    Zstd(Box<Zstd>),
}

/// Decodes one body; stacked codings are undone last to first.
pub(crate) struct Decoder {
    codings: Vec<Coding>,
    started: bool,
}

fn bad(reason: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::DecodingFailed,
        Phase::Body,
        format!("response body does not decode by its Content-Encoding: {reason}"),
    )
}

impl Decoder {
    /// For the values of all Content-Encoding fields; `None` when there is nothing to undo, or a
    /// coding is unknown and the body is delivered as it came.
    pub fn for_fields<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Option<Decoder>> {
        let mut codings = Vec::new();
        for value in values {
            for token in value.split(|&byte| byte == b',') {
                let token = token.trim_ascii().to_ascii_lowercase();
                codings.push(match &token[..] {
                    b"" | b"identity" => continue,
                    b"gzip" | b"x-gzip" => Coding::Gzip(MultiGzDecoder::new(Vec::new())),
                    b"deflate" => Coding::DeflateUndecided,
                    b"br" => Coding::Brotli(Box::new(Brotli::new(Vec::new(), 4096))),
                    b"zstd" => Coding::Zstd(Box::new(Zstd::new()?)),
                    _ => return Ok(None),
                });
            }
        }
        Ok((!codings.is_empty()).then_some(Decoder { codings, started: false }))
    }

    /// Decodes a piece and appends what comes out.
    pub fn push(&mut self, data: &[u8], into: &mut Vec<u8>) -> Result<()> {
        self.started = true;
        let [inner, outer @ ..] = &mut self.codings[..] else { return Ok(()) };
        let mut piece = None;
        for coding in outer.iter_mut().rev() {
            let mut decoded = Vec::new();
            coding.push(piece.as_deref().unwrap_or(data), &mut decoded)?;
            piece = Some(decoded);
        }
        inner.push(piece.as_deref().unwrap_or(data), into)
    }

    /// The body is over: a coding that is not is a truncation. An empty body (HEAD, 304) is fine.
    pub fn finish(&mut self, into: &mut Vec<u8>) -> Result<()> {
        if !self.started {
            return Ok(());
        }
        let mut piece = Vec::new();
        for coding in self.codings.iter_mut().rev() {
            let mut decoded = Vec::new();
            if !piece.is_empty() {
                coding.push(&piece, &mut decoded)?;
            }
            coding.finish(&mut decoded)?;
            piece = decoded;
        }
        into.extend_from_slice(&piece);
        Ok(())
    }
}

/// Runs a write on a decoder with `into` in the place of the vector that it appends to.
macro_rules! appending {
    ($decoder:expr, $into:expr, $write:expr) => {{
        std::mem::swap($decoder.get_mut(), $into);
        let result = $write;
        std::mem::swap($decoder.get_mut(), $into);
        result.map_err(bad)
    }};
}

impl Coding {
    fn push(&mut self, data: &[u8], into: &mut Vec<u8>) -> Result<()> {
        if let (Coding::DeflateUndecided, Some(first)) = (&self, data.first()) {
            // RFC 1950 2.2: compression method 8 in the low bits.
            *self = if first & 0x0f == 8 {
                Coding::Zlib(ZlibDecoder::new(Vec::new()))
            } else {
                Coding::RawDeflate(DeflateDecoder::new(Vec::new()))
            };
        }
        macro_rules! write {
            ($decoder:expr) => {
                appending!($decoder, into, $decoder.write_all(data).and_then(|()| $decoder.flush()))
            };
        }
        match self {
            Coding::DeflateUndecided => Ok(()),
            Coding::Gzip(decoder) => write!(decoder),
            Coding::Zlib(decoder) => write!(decoder),
            Coding::RawDeflate(decoder) => write!(decoder),
            Coding::Brotli(decoder) => appending!(decoder, into, decoder.write_all(data)),
            Coding::Zstd(decoder) => decoder.push(data, into),
        }
    }

    fn finish(&mut self, into: &mut Vec<u8>) -> Result<()> {
        match self {
            Coding::DeflateUndecided => Ok(()),
            Coding::Gzip(decoder) => appending!(decoder, into, decoder.try_finish()),
            Coding::Zlib(decoder) => appending!(decoder, into, decoder.try_finish()),
            Coding::RawDeflate(decoder) => appending!(decoder, into, decoder.try_finish()),
            Coding::Brotli(decoder) => appending!(decoder, into, decoder.close()),
            Coding::Zstd(decoder) => decoder.finish(),
        }
    }
}

/// The writer of the zstd crate does not tell a frame's end from a pause, so this drives the
/// decoder itself.
struct Zstd {
    raw: zstd::stream::raw::Decoder<'static>,
    /// At the end of a frame; another may follow (RFC 8878 3).
    complete: bool,
}

impl Zstd {
    fn new() -> Result<Zstd> {
        Ok(Zstd { raw: zstd::stream::raw::Decoder::new().map_err(bad)?, complete: false })
    }

    fn push(&mut self, data: &[u8], into: &mut Vec<u8>) -> Result<()> {
        let mut input = InBuffer::around(data);
        loop {
            into.reserve(zstd::zstd_safe::DCtx::out_size());
            let have = into.len();
            let mut output = OutBuffer::around_pos(into, have);
            let left = self.raw.run(&mut input, &mut output).map_err(bad)?;
            let full = output.pos() == output.capacity();
            self.complete = left == 0;
            if input.pos() == data.len() && (!full || self.complete) {
                return Ok(());
            }
        }
    }

    fn finish(&self) -> Result<()> {
        if self.complete { Ok(()) } else { Err(bad("the zstd frame is cut off")) }
    }
}
