//! One content coding: bytes in, bytes out, and whether it is over. What follows its end is ignored,
//! as browsers and curl do: servers pad, and proxies append.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use zstd::stream::raw::{DParameter, InBuffer, Operation, OutBuffer};

use crate::decode::failure::bad;
use crate::decode::gzip::Gzip;
use crate::decode::inflate::Inflate;
use crate::error::Result;

type Brotli = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

/// Largest zstd window, 8 MiB: what every decoder must have, and no encoder may exceed (RFC 9659 3).
const ZSTD_WINDOW_LOG: u32 = 23;

pub(super) enum Coding {
    Gzip(Box<Gzip>),
    /// `deflate` is zlib by the book and raw deflate from some servers: the first two bytes tell.
    Deflate(Option<u8>),
    Inflate(Inflate),
    Brotli(Box<Brotli>),
    Zstd(Zstd),
    /// It ended; the rest is ignored.
    Over,
}

impl Coding {
    /// By its name in Content-Encoding; `None` for an unknown one.
    pub fn named(name: &[u8]) -> Result<Option<Coding>> {
        Ok(Some(match &name.to_ascii_lowercase()[..] {
            b"gzip" | b"x-gzip" => Coding::Gzip(Box::default()),
            b"deflate" => Coding::Deflate(None),
            b"br" => {
                let alloc = StandardAlloc::default;
                // The strict form has no large windows (up to 1 GiB), which are not the `br` coding.
                Coding::Brotli(Box::new(Brotli::new_strict(alloc(), alloc(), alloc())))
            }
            b"zstd" => Coding::Zstd(Zstd::new()?),
            _ => return Ok(None),
        }))
    }

    /// Decodes into the free capacity of `into`, which is empty: until that is full, or all of
    /// `input` is used and nothing is held back. Returns how much of it was used.
    pub fn run(&mut self, input: &[u8], into: &mut Vec<u8>) -> Result<usize> {
        if let Coding::Deflate(first) = self {
            let Some(&byte) = input.first() else { return Ok(0) };
            let Some(first) = *first else {
                *first = Some(byte);
                return Ok(1 + self.run(&input[1..], into)?);
            };
            // RFC 1950 2.2: method 8, a window of at most 32 KiB, a multiple of 31.
            let zlib = first & 0x0f == 8
                && first >> 4 <= 7
                && u16::from_be_bytes([first, byte]).is_multiple_of(31);
            let mut inflate = Inflate::new(zlib);
            inflate.run(&[first], into)?;
            *self = Coding::Inflate(inflate);
        }
        let (used, over) = match self {
            Coding::Gzip(gzip) => gzip.run(input, into)?,
            Coding::Deflate(_) => (0, false),
            Coding::Inflate(inflate) => inflate.run(input, into)?,
            Coding::Brotli(brotli) => run_brotli(brotli, input, into)?,
            Coding::Zstd(zstd) => zstd.run(input, into)?,
            Coding::Over => (input.len(), true),
        };
        if !over {
            return Ok(used);
        }
        *self = Coding::Over;
        Ok(input.len())
    }

    /// Nothing follows: an error if it ends within.
    pub fn finish(&self) -> Result<()> {
        let (name, whole) = match self {
            Coding::Over => return Ok(()),
            Coding::Gzip(gzip) => ("gzip", gzip.is_whole()),
            Coding::Deflate(first) => ("deflate", first.is_none()),
            Coding::Inflate(_) => ("deflate", false),
            Coding::Brotli(_) => ("br", false),
            Coding::Zstd(zstd) => ("zstd", zstd.is_whole()),
        };
        match whole {
            true => Ok(()),
            false => Err(bad(format!("the {name} stream is cut off"))),
        }
    }
}

/// Memory that the brotli decoder may write to.
const BROTLI_PIECE: usize = 16 * 1024;

fn run_brotli(brotli: &mut Brotli, input: &[u8], into: &mut Vec<u8>) -> Result<(usize, bool)> {
    let (mut left, mut used) = (input.len(), 0);
    let mut made = into.len();
    loop {
        let mut room = BROTLI_PIECE.min(into.capacity() - made);
        if room == 0 {
            return Ok((used, false));
        }
        into.resize(made + room, 0);
        let result = BrotliDecompressStream(
            &mut left, &mut used, input, &mut room, &mut made, into, &mut 0, brotli,
        );
        into.truncate(made);
        match result {
            BrotliResult::ResultSuccess => return Ok((used, true)),
            BrotliResult::NeedsMoreInput => return Ok((used, false)),
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => return Err(bad("invalid br stream")),
        }
    }
}

/// The writer of the zstd crate does not tell a frame's end from a pause, so this drives the
/// decoder itself.
pub(super) struct Zstd {
    raw: zstd::stream::raw::Decoder<'static>,
    /// Before the first frame, or at the end of one: another may follow (RFC 8878 3).
    between: bool,
    /// The first bytes of what follows. The library gets them by themselves: a frame that it sees whole takes another
    /// road in it, on which other faults are errors.
    magic: [u8; 4],
    seen: usize,
    /// Whether there was a frame.
    started: bool,
    frame: Frame,
}

/// The frame that is being read. Whether the library notices that one is shorter than it says
/// depends on how it was cut.
#[derive(Default)]
struct Frame {
    /// Its first bytes, as many as a header can have (RFC 8878 3.1.1).
    head: [u8; 18],
    len: usize,
    made: u64,
}

impl Frame {
    fn note(&mut self, taken: &[u8], made: usize) {
        let part = &taken[..taken.len().min(self.head.len() - self.len)];
        self.head[self.len..][..part.len()].copy_from_slice(part);
        self.len += part.len();
        self.made += made as u64;
    }

    /// At its end: it has as many bytes as it says, if it does.
    fn check(&self) -> Result<()> {
        match zstd::zstd_safe::get_frame_content_size(&self.head[..self.len]) {
            Ok(Some(said)) if said != self.made => {
                Err(bad(format!("a zstd frame of {said} bytes has {}", self.made)))
            }
            _ => Ok(()),
        }
    }
}

impl Zstd {
    fn new() -> Result<Zstd> {
        let mut raw = zstd::stream::raw::Decoder::new().map_err(bad)?;
        raw.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG)).map_err(bad)?;
        Ok(Zstd {
            raw,
            between: true,
            magic: [0; 4],
            seen: 0,
            started: false,
            frame: Frame::default(),
        })
    }

    fn is_whole(&self) -> bool {
        if self.started { self.between } else { self.seen == 0 }
    }

    fn run(&mut self, input: &[u8], into: &mut Vec<u8>) -> Result<(usize, bool)> {
        let mut used = 0;
        loop {
            if self.between {
                while self.seen < self.magic.len() {
                    let Some(&byte) = input.get(used) else { return Ok((used, false)) };
                    self.magic[self.seen] = byte;
                    (self.seen, used) = (self.seen + 1, used + 1);
                }
                // RFC 8878 3.1.1, 3.1.2: a frame, or one to be skipped.
                let next = u32::from_le_bytes(self.magic);
                let known = next == 0xFD2F_B528 || next & 0xFFFF_FFF0 == 0x184D_2A50;
                if !known && self.started {
                    return Ok((used, true));
                }
                (self.between, self.seen, self.started) = (false, 0, true);
                let magic = self.magic;
                self.step(&mut InBuffer::around(&magic), into)?;
            }
            let mut rest = InBuffer::around(&input[used..]);
            let before = into.len();
            self.step(&mut rest, into)?;
            used += rest.pos();
            let idle = rest.pos() == 0 && into.len() == before;
            if into.len() == into.capacity() || (idle && !self.between) {
                return Ok((used, false));
            }
        }
    }

    fn step(&mut self, input: &mut InBuffer<'_>, into: &mut Vec<u8>) -> Result<()> {
        let have = into.len();
        let mut output = OutBuffer::around_pos(into, have);
        let at = input.pos();
        let left = self.raw.run(input, &mut output).map_err(bad)?;
        self.frame.note(&input.src[at..input.pos()], into.len() - have);
        self.between = left == 0;
        if self.between {
            std::mem::take(&mut self.frame).check()?;
        }
        Ok(())
    }
}
