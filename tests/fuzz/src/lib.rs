//! What each fuzz target checks. The targets themselves only call in here.
#![forbid(unsafe_code)]

pub mod decode;
pub mod response;
pub mod url;

/// xorshift64: cuts that follow from the input.
pub struct Random(u64);

impl Random {
    /// Any seed will do.
    pub fn new(seed: &[u8]) -> Self {
        let folded = seed.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(folded | 1)
    }

    /// A number below `bound`, which is above 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    /// `bytes` cut into pieces of up to a length that is drawn as well.
    pub fn pieces<'a>(&mut self, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let most = [1, 3, 16, 80, 1000][self.below(5)];
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at((1 + self.below(most)).min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }
}

/// The first `N` bytes of the input, which choose the circumstances, and the rest of it.
pub fn circumstances<const N: usize>(input: &[u8]) -> Option<([u8; N], &[u8])> {
    input.split_first_chunk().map(|(first, rest)| (*first, rest))
}
