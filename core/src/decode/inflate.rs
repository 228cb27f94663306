//! Deflate, bare or in a wrapping.

use flate2::{Decompress, FlushDecompress, Status};

use crate::decode::failure::bad;
use crate::error::Result;

/// Deflate, in zlib's wrapping or bare.
pub(super) struct Inflate(Decompress);

impl Inflate {
    pub fn new(zlib: bool) -> Inflate {
        Inflate(Decompress::new(zlib))
    }

    pub fn reset(&mut self) {
        self.0.reset(false);
    }

    /// Says too whether the stream is over.
    pub fn run(&mut self, input: &[u8], into: &mut Vec<u8>) -> Result<(usize, bool)> {
        let mut used = 0;
        loop {
            let (taken, made) = (self.0.total_in(), self.0.total_out());
            let status = self.0.decompress_vec(&input[used..], into, FlushDecompress::None);
            let status = status.map_err(bad)?;
            let taken = (self.0.total_in() - taken) as usize;
            used += taken;
            if status == Status::StreamEnd {
                return Ok((used, true));
            }
            let full = into.len() == into.capacity();
            if full || (taken == 0 && self.0.total_out() == made) {
                return Ok((used, false));
            }
        }
    }
}
