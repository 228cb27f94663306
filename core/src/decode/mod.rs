//! Content codings (RFC 9110 8.4.1): gzip, deflate, br, zstd. Decoding is pulled: what nobody has
//! asked for stays coded, so that a body which unpacks to a thousand times its size takes no more
//! memory than any other.

mod coding;
mod failure;
mod gzip;
mod inflate;
#[cfg(test)]
mod tests;

use crate::error::Result;

use crate::decode::coding::Coding;
use crate::decode::failure::bad;

/// What is offered in Accept-Encoding.
pub(crate) const ACCEPTED: &str = "br, zstd, gzip, deflate";

/// Most codings of one response. Each may multiply what comes by a thousand, and nobody uses more
/// than one (curl has this limit too).
const MOST_CODINGS: usize = 5;

/// What a coding makes at a time; it may go so much beyond what was asked for.
const PIECE: usize = 32 * 1024;

/// Most bytes that the codings take and make together in one pull, whatever comes out: a body may
/// consist of nothing for long.
const WORK: usize = 256 * 1024;

/// Decodes one body; stacked codings are undone last to first.
pub(crate) struct Decoder {
    /// In the order in which they are undone.
    stages: Vec<Stage>,
    piece: Vec<u8>,
    started: bool,
    /// Every byte of the coded body has been given.
    ended: bool,
    /// The last pull stopped before its input was used up.
    more: bool,
}

struct Stage {
    coding: Coding,
    /// What waits to be decoded, those bytes before `at` being done.
    input: Vec<u8>,
    at: usize,
}

impl Decoder {
    /// For the values of all Content-Encoding fields; `None` when there is nothing to undo, or a
    /// coding is unknown and the body is delivered as it came.
    ///
    /// # Errors
    /// `DecodingFailed` for more codings than anybody needs.
    pub fn for_fields<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Option<Decoder>> {
        let mut codings = Vec::new();
        for value in values {
            for token in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
                if token.is_empty() || token.eq_ignore_ascii_case(b"identity") {
                    continue;
                }
                if codings.len() == MOST_CODINGS {
                    return Err(bad(format!(
                        "it names more than {MOST_CODINGS} codings, which are the most"
                    )));
                }
                codings.push(token);
            }
        }
        let mut stages = Vec::with_capacity(codings.len());
        for name in codings.into_iter().rev() {
            let Some(coding) = Coding::named(name)? else { return Ok(None) };
            stages.push(Stage { coding, input: Vec::new(), at: 0 });
        }
        Ok((!stages.is_empty()).then_some(Decoder {
            stages,
            piece: Vec::new(),
            started: false,
            ended: false,
            more: false,
        }))
    }

    /// Gives it a piece of the coded body. Nothing is decoded before it is pulled.
    pub fn push(&mut self, data: &[u8]) {
        if let Some(first) = self.stages.first_mut() {
            self.started = true;
            first.give(data);
        }
    }

    /// The coded body is over.
    pub fn end(&mut self) {
        self.ended = true;
    }

    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether the next pull may bring something without another piece.
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// Decodes until `most` bytes, or a few more, were appended to `into` or nothing is left to
    /// decode; returns early, also with nothing, after much work. Says how much work it was, in
    /// bytes.
    pub fn pull(&mut self, into: &mut Vec<u8>, most: usize) -> Result<usize> {
        let Decoder { stages, piece, more, .. } = self;
        let last = stages.len() - 1;
        let (mut work, mut made, mut at) = (0, 0, last);
        if piece.capacity() == 0 {
            piece.reserve_exact(PIECE);
        }
        *more = false;
        loop {
            let stage = &mut stages[at];
            piece.clear();
            let taken = stage.coding.run(&stage.input[stage.at..], piece)?;
            stage.at += taken;
            work += taken + piece.len();
            if at == last {
                made += piece.len();
                into.extend_from_slice(piece);
            } else {
                stages[at + 1].give(piece);
            }
            *more = made >= most || work >= WORK;
            match (*more, piece.is_empty()) {
                (true, _) => return Ok(work),
                (false, false) => at = (at + 1).min(last),
                // It wants more from the one before it.
                (false, true) if at > 0 => at -= 1,
                (false, true) => return Ok(work),
            }
        }
    }

    /// After the end of the coded body, when all has been pulled: a coding that is not over is a
    /// truncation. An empty body (HEAD, 304) is fine.
    pub fn finish(&self) -> Result<()> {
        match self.started {
            true => self.stages.iter().try_for_each(|stage| stage.coding.finish()),
            false => Ok(()),
        }
    }
}

impl Stage {
    fn give(&mut self, data: &[u8]) {
        if self.at == self.input.len() {
            self.input.clear();
            self.at = 0;
        }
        self.input.extend_from_slice(data);
    }
}
