//! The gzip format (RFC 1952) around deflate, taken apart here because the libraries' readers insist
//! on the trailer and stumble over what follows it.

use flate2::Crc;

use crate::decode::failure::bad;
use crate::decode::inflate::Inflate;
use crate::error::Result;

const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// Bits of FLG (RFC 1952 2.3.1): what else the header has, and those that must be zero.
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// Members, one behind the other.
pub(super) struct Gzip {
    inflate: Inflate,
    crc: Crc,
    state: State,
    /// Of the part that is being read.
    bytes: [u8; 10],
    seen: usize,
    /// A member is complete.
    whole: bool,
}

enum State {
    /// The first ten bytes.
    Fixed,
    /// What `0` still names of EXTRA, NAME, COMMENT and HEADER_CRC.
    Optional(u8),
    Extra(u8, u16),
    Body,
    Trailer,
}

impl Default for Gzip {
    fn default() -> Gzip {
        Gzip {
            inflate: Inflate::new(false),
            crc: Crc::new(),
            state: State::Fixed,
            bytes: [0; 10],
            seen: 0,
            whole: false,
        }
    }
}

impl Gzip {
    /// Whether the body may end here: behind a last block, with or without its trailer, or where
    /// the header of another member would begin.
    pub fn is_whole(&self) -> bool {
        match self.state {
            State::Fixed if self.whole => self.seen <= MAGIC.len(),
            State::Fixed => self.seen == 0,
            State::Trailer => true,
            _ => false,
        }
    }

    /// Says too whether what follows is no other member.
    pub fn run(&mut self, input: &[u8], into: &mut Vec<u8>) -> Result<(usize, bool)> {
        let mut used = 0;
        loop {
            match self.state {
                State::Fixed => {
                    let Some(&byte) = input.get(used) else { return Ok((used, false)) };
                    used += 1;
                    if !self.fits(byte) {
                        return match self.whole {
                            true => Ok((used, true)),
                            false => Err(bad("it does not begin as gzip does")),
                        };
                    }
                    if self.take(byte, 10) {
                        self.state = State::Optional(self.bytes[3]);
                    }
                }
                State::Optional(flags) => match self.optional(flags, &input[used..]) {
                    Some(taken) => used += taken,
                    None => return Ok((input.len(), false)),
                },
                State::Extra(flags, left) => {
                    let taken = (input.len() - used).min(left.into());
                    used += taken;
                    let left = left - taken as u16;
                    if left > 0 {
                        self.state = State::Extra(flags, left);
                        return Ok((used, false));
                    }
                    self.state = State::Optional(flags);
                }
                State::Body => {
                    let before = into.len();
                    let (taken, over) = self.inflate.run(&input[used..], into)?;
                    self.crc.update(&into[before..]);
                    used += taken;
                    if !over {
                        return Ok((used, false));
                    }
                    self.state = State::Trailer;
                }
                State::Trailer => {
                    let Some(&byte) = input.get(used) else { return Ok((used, false)) };
                    used += 1;
                    if self.take(byte, 8) {
                        self.check()?;
                        self.inflate.reset();
                        self.crc.reset();
                        (self.state, self.whole) = (State::Fixed, true);
                    }
                }
            }
        }
    }

    /// Collects a part of so many bytes; `true` when it is there.
    fn take(&mut self, byte: u8, of: usize) -> bool {
        self.bytes[self.seen] = byte;
        self.seen = (self.seen + 1) % of;
        self.seen == 0
    }

    /// Whether a header may go on so.
    fn fits(&self, byte: u8) -> bool {
        match self.seen {
            at @ 0..3 => byte == MAGIC[at],
            3 => byte & RESERVED == 0,
            _ => true,
        }
    }

    /// Reads on in the next part that `flags` names; how many bytes were used, `None` when it needs
    /// more.
    fn optional(&mut self, flags: u8, input: &[u8]) -> Option<usize> {
        // In this order (RFC 1952 2.3).
        if flags & EXTRA != 0 {
            let &byte = input.first()?;
            if self.take(byte, 2) {
                let size = u16::from_le_bytes([self.bytes[0], self.bytes[1]]);
                self.state = State::Extra(flags & !EXTRA, size);
            }
            return Some(1);
        }
        let text = flags & (NAME | COMMENT);
        if text != 0 {
            let end = memchr::memchr(0, input)?;
            // The lowest bit is the name's.
            self.state = State::Optional(flags & !(text & text.wrapping_neg()));
            return Some(end + 1);
        }
        if flags & HEADER_CRC != 0 {
            let &byte = input.first()?;
            if self.take(byte, 2) {
                self.state = State::Optional(flags & !HEADER_CRC);
            }
            return Some(1);
        }
        self.state = State::Body;
        Some(0)
    }

    fn check(&self) -> Result<()> {
        let number = |at: usize| {
            let bytes = &self.bytes[at..at + 4];
            bytes.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte))
        };
        if number(0) != self.crc.sum() || number(4) != self.crc.amount() {
            return Err(bad("the checksum of the gzip stream is wrong"));
        }
        Ok(())
    }
}
