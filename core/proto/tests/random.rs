//! Mutated cases, fed whole and in random pieces: no panic, no endless loop, and the verdict is a
//! function of the bytes, never of the cuts.

mod common;

use common::cases;
use common::play::{eof, play, requested};
use keepalive_proto::Eof;

/// xorshift64: the same sequence on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const TOKENS: [&[u8]; 16] = [
            b"\r\n",
            b"\n",
            b"\r",
            b"\0",
            b" ",
            b"\t",
            b":",
            b";",
            b",",
            b"0\r\n\r\n",
            b"\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"Content-Length: 3\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Connection: close\r\n",
            b"ffffffffffffffff",
        ];
        for _ in 0..1 + self.below(3) {
            let at = self.below(bytes.len() + 1);
            match self.below(5) {
                0 => bytes.truncate(at),
                1 if at < bytes.len() => bytes[at] = self.next() as u8,
                2 if at < bytes.len() => {
                    bytes.remove(at);
                }
                3 => {
                    let to = (at + self.below(40)).min(bytes.len());
                    let copy = bytes[at..to].to_vec();
                    bytes.splice(at..at, copy);
                }
                _ => {
                    let token = TOKENS[self.below(TOKENS.len())];
                    bytes.splice(at..at, token.iter().copied());
                }
            }
        }
    }

    fn pieces<'a>(&mut self, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let most = 1 + self.below(64);
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at((1 + self.below(most)).min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }
}

#[test]
fn the_verdict_does_not_depend_on_the_cuts() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for case in cases() {
        let original = case.response.clone();
        let upload = case.request.body.len();
        if original.len() + upload > 100_000 {
            continue; // large bodies are one rule many times over
        }
        let rounds = if original.len() > 5_000 { 4 } else { 150 };
        for _ in 0..rounds {
            let mut bytes = original.clone();
            random.mutate(&mut bytes);
            let end = match random.below(4) {
                0 => Some(Eof::Abrupt),
                1 => None,
                2 => eof(&case),
                _ => Some(Eof::Clean),
            };
            let whole = play(requested(&case), [&bytes[..]], end);
            let cut = play(requested(&case), random.pieces(&bytes), end);
            let shown = String::from_utf8_lossy(&bytes);
            assert_eq!(whole, cut, "{} as {shown:?} then {end:?}", case.name);
        }
    }
}
