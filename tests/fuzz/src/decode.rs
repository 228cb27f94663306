//! Content codings: whatever bytes claim to be coded, they decode to the same body or the same
//! failure however they were cut and pulled, no pull makes much more than was asked for, and memory
//! stays bounded.
//!
//! Input: which codings, how much is pulled at a time, 4 bytes that seed the cuts; then the coded
//! body.

use keepalive_core::fuzzing::{Decoder, Pulled};

use crate::{Random, circumstances};

const CODINGS: [&[&[u8]]; 16] = [
    &[b"gzip"],
    &[b"deflate"],
    &[b"br"],
    &[b"zstd"],
    &[b"gzip, gzip"],
    &[b"gzip", b"br"],
    &[b"zstd, gzip"],
    &[b"deflate, deflate"],
    &[b"br, zstd"],
    &[b"x-gzip, identity"],
    &[b"gzip, gzip, gzip, gzip, gzip"],
    &[b"zstd, zstd, zstd, zstd, zstd"],
    &[b"GZip, Deflate, BR, ZStd"],
    &[b"identity, ,", b"deflate"],
    &[b"br, br"],
    &[b"zstd", b"zstd"],
];
/// What a pull may make beyond what was asked for.
const BEYOND: usize = 64 * 1024;
/// What one pull may take and make in all its codings.
const WORK: usize = 512 * 1024;
/// A body is looked at so far: a bomb goes on for gigabytes.
const LOOKED_AT: usize = 1 << 20;

/// What became of a body, as far as it was looked at.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    body: Vec<u8>,
    /// Whether there is more behind what was looked at, or else how it ended.
    end: Option<Result<(), String>>,
}

/// Panics when a rule is broken.
pub fn check(input: &[u8]) {
    let Some(([codings, most, seed @ ..], bytes)) = circumstances::<6>(input) else { return };
    let codings = CODINGS[usize::from(codings) % CODINGS.len()];
    let most = [1, 7, 100, 1024, 16 * 1024, 256 * 1024][usize::from(most) % 6];
    let mut random = Random::new(&seed);
    let whole = decode(codings, &[bytes], 64 * 1024);
    for pieces in [vec![bytes], random.pieces(bytes), bytes.chunks(1).collect()] {
        // Byte by byte of a long input and a byte at a time of a long body would take for ever.
        let most = if whole.body.len() > 16 * 1024 { most.max(1024) } else { most };
        if pieces.len() < 4096 {
            let cut = decode(codings, &pieces, most);
            compare(&whole, &cut, &format!("{} pieces, {most} at a time", pieces.len()));
        }
    }
}

/// A failure may come before or behind bytes that its coding had not given out yet: which of them
/// depends on the cuts. Bytes that did come are the same, and so is the end.
fn compare(whole: &Outcome, cut: &Outcome, how: &str) {
    let common = whole.body.len().min(cut.body.len());
    assert!(whole.body[..common] == cut.body[..common], "another body by {how}");
    match (&whole.end, &cut.end) {
        (None, _) | (_, None) => {}
        (Some(Ok(())), Some(Ok(()))) => assert_eq!(whole.body.len(), cut.body.len(), "by {how}"),
        (Some(Err(_)), Some(Err(_))) => {}
        (one, other) => panic!("{one:?} and {other:?} by {how}"),
    }
}

fn decode(codings: &[&[u8]], pieces: &[&[u8]], most: usize) -> Outcome {
    let mut body = Vec::new();
    let end = run(codings, pieces, most, &mut body);
    Outcome { body, end: end.transpose() }
}

/// None: there is more behind what was looked at.
fn run(
    codings: &[&[u8]],
    pieces: &[&[u8]],
    most: usize,
    body: &mut Vec<u8>,
) -> Result<Option<()>, String> {
    let mut decoder = Decoder::new(codings)?.expect("known codings");
    // The machine delivers no empty piece.
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        decoder.push(piece);
        if !pull(&mut decoder, most, body)? {
            return Ok(None);
        }
    }
    decoder.end();
    if !pull(&mut decoder, most, body)? {
        return Ok(None);
    }
    decoder.finish().map(Some)
}

/// Everything that can be had for now; false when that was enough.
fn pull(decoder: &mut Decoder, most: usize, body: &mut Vec<u8>) -> Result<bool, String> {
    loop {
        let before = body.len();
        let Pulled { work, more } = decoder.pull(body, most)?;
        let made = body.len() - before;
        assert!(made <= most + BEYOND, "{made} bytes when {most} were asked for");
        assert!(work <= WORK, "{work} bytes of work in one pull");
        if body.len() > LOOKED_AT {
            return Ok(false);
        }
        if !more {
            return Ok(true);
        }
        assert!(work > 0, "a pull that does nothing promises more");
    }
}
