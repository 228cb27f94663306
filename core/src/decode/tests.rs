use std::io::Write;

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;
use crate::error::ErrorKind;

fn decoder(names: &str) -> Decoder {
    Decoder::for_fields([names.as_bytes()].into_iter()).expect("few").expect("known")
}

/// The body in pieces of `step`, pulled `most` at a time.
fn decoded(names: &str, coded: &[u8], step: usize, most: usize) -> Result<Vec<u8>> {
    let mut decoder = decoder(names);
    let mut body = Vec::new();
    for piece in coded.chunks(step) {
        decoder.push(piece);
        loop {
            let before = body.len();
            decoder.pull(&mut body, most)?;
            assert!(body.len() - before < most + PIECE, "no more than was asked for");
            if !decoder.has_more() {
                break;
            }
        }
    }
    decoder.end();
    decoder.finish().map(|()| body)
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).expect("a Vec");
    encoder.finish().expect("a Vec")
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).expect("a Vec");
    encoder.finish().expect("a Vec")
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).expect("a Vec");
    encoder.finish().expect("a Vec")
}

fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(data, 3).expect("coded")
}

fn brotli(data: &[u8], change: impl FnOnce(&mut BrotliEncoderParams)) -> Vec<u8> {
    let mut params = BrotliEncoderParams { quality: 5, ..Default::default() };
    change(&mut params);
    let mut coded = Vec::new();
    brotli::BrotliCompress(&mut &data[..], &mut coded, &params).expect("a Vec");
    coded
}

fn text() -> Vec<u8> {
    (0..12_000u32).flat_map(|n| (n * n).to_string().into_bytes()).collect()
}

#[test]
fn every_coding_in_pieces_of_any_size() {
    let text = text();
    for (name, coded) in [
        ("gzip", gzip(&text)),
        ("X-GZIP", gzip(&text)),
        ("deflate", zlib(&text)),
        ("deflate", deflate(&text)),
        ("zstd", zstd(&text)),
        ("br", brotli(&text, |_| {})),
        ("gzip, identity, zstd", zstd(&gzip(&text))),
        ("deflate,gzip", gzip(&zlib(&text))),
    ] {
        for (step, most) in [(1, 1000), (17, 70_000), (60_000, 1), (coded.len(), 1 << 30)] {
            let body = decoded(name, &coded, step, most).expect(name);
            assert!(body == text, "{name} by {step}");
        }
    }
}

#[test]
fn an_empty_body_needs_no_coding() {
    for name in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        assert_eq!(decoded(name, b"", 1, 1).expect(name), b"");
    }
    assert_eq!(decoded("gzip, gzip", &gzip(b""), 1, 1).expect("an empty one within"), b"");
}

#[test]
fn what_follows_the_end_is_ignored() {
    let (zeros, noise) = (vec![0; 5000], b"<!-- served in 3 ms -->".to_vec());
    let tail = |bytes: &[u8]| bytes.to_vec();
    for (name, coded) in [
        ("gzip", gzip(b"hello")),
        ("deflate", zlib(b"hello")),
        ("deflate", deflate(b"hello")),
        ("zstd", zstd(b"hello")),
        ("br", brotli(b"hello", |_| {})),
    ] {
        for tail in [
            zeros.clone(),
            noise.clone(),
            tail(&[0x1f]),
            tail(&[0x1f, 0x8b]),
            tail(&[0x1f, 0x8b, 7]),
            tail(&[0x1f, 0x8b, 8, 0xff]),
            tail(&[0x28, 0xb5, 0x2f]),
            tail(&[0x28, 0xb5, 0x2f, 0xfe]),
        ] {
            let all = [&coded[..], &tail].concat();
            for step in [1, all.len()] {
                let body = decoded(name, &all, step, 100).expect(name);
                assert_eq!(body, b"hello", "{name} {:x?}", &tail[..tail.len().min(4)]);
            }
        }
    }
}

#[test]
fn another_member_or_frame_goes_on() {
    let skipped = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    for (name, all) in [
        ("gzip", [gzip(b"one "), gzip(b""), gzip(b"two")].concat()),
        ("zstd", [zstd(b"one "), skipped.clone(), zstd(b"two")].concat()),
        ("zstd", [skipped, zstd(b"one two")].concat()),
    ] {
        for step in [1, all.len()] {
            assert_eq!(decoded(name, &all, step, 100).expect(name), b"one two", "{name}");
            let cut = &all[..all.len() - if name == "gzip" { 9 } else { 5 }];
            let error = decoded(name, cut, step, 100).expect_err("cut within");
            assert_eq!(error.kind(), ErrorKind::DecodingFailed);
        }
    }
}

#[test]
fn a_gzip_header_has_every_part() {
    let plain = gzip(b"hello");
    let parts = [&b"\x05\x00extra"[..], b"name\0", b"comment\0", b"\x12\x34"];
    for flags in 0..32u8 {
        let mut header = plain[..10].to_vec();
        header[3] = flags;
        for (bit, part) in [4, 8, 16, 2].into_iter().zip(parts) {
            if flags & bit != 0 {
                header.extend_from_slice(part);
            }
        }
        let all = [&header, &plain[10..]].concat();
        for step in [1, 3, all.len()] {
            assert_eq!(decoded("gzip", &all, step, 100).expect("gzip"), b"hello", "{flags}");
        }
        let cut = decoded("gzip", &header, 1, 100).expect_err("cut");
        assert!(cut.message().contains("cut off"), "{cut}");
    }
}

#[test]
fn a_gzip_may_lack_its_trailer_but_not_have_a_wrong_one() {
    let whole = gzip(b"hello");
    for missing in 1..=8 {
        let short = &whole[..whole.len() - missing];
        assert_eq!(decoded("gzip", short, 1, 100).expect("accepted"), b"hello");
    }
    for at in 1..=8 {
        let mut wrong = whole.clone();
        let at = wrong.len() - at;
        wrong[at] ^= 1;
        let error = decoded("gzip", &wrong, 1, 100).expect_err("checked");
        assert!(error.message().contains("checksum"), "{error}");
    }
}

#[test]
fn what_is_cut_within_or_is_none_is_an_error() {
    let text = text();
    for (name, coded) in [
        ("gzip", gzip(&text)),
        ("deflate", zlib(&text)),
        ("deflate", deflate(&text)),
        ("zstd", zstd(&text)),
        ("br", brotli(&text, |_| {})),
        ("gzip, zstd", zstd(&gzip(&text)[..20])),
    ] {
        for cut in [1, 2, 5, coded.len() / 2, coded.len() - 9] {
            let cut = if name == "gzip, zstd" { coded.len() } else { cut.min(coded.len() - 1) };
            let error = decoded(name, &coded[..cut], 1000, 1 << 20).expect_err("cut");
            assert_eq!(error.kind(), ErrorKind::DecodingFailed, "{name} at {cut}");
        }
        let error = decoded(name, b"<html>none of them", 3, 100).expect_err("not coded");
        assert_eq!(error.kind(), ErrorKind::DecodingFailed, "{name}");
    }
}

/// It is the same for the library whether it comes whole or in pieces.
#[test]
fn a_faulty_zstd_frame_is_the_same_however_it_is_cut() {
    // No bytes by its header; its only block is the last and a compressed one of no bytes.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 5, 0, 0];
    let of = |step, most| decoded("zstd", &frame, step, most).map_err(|error| error.kind());
    let whole = of(frame.len(), 1000);
    for step in 1..frame.len() {
        assert_eq!(of(step, 1), whole, "{step}");
    }
    for cut in 1..4 {
        assert!(decoded("zstd", &frame[..cut], 1, 1).is_err(), "{cut}");
    }
}

/// The library notices one shape of it only when the frame comes whole.
#[test]
fn a_zstd_frame_that_is_not_as_long_as_it_says_is_an_error() {
    // A frame of 131 bytes by its header, whose only block is the last and empty.
    let empty = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 131, 1, 0, 0];
    // Two bytes by its header, then the one of a raw block.
    let short = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 2, 0x09, 0, 0, b'x'];
    let whole = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 0x09, 0, 0, b'x'];
    for step in [1, 2, 5, 100] {
        for most in [1, 1000] {
            assert!(decoded("zstd", &empty, step, most).is_err(), "{step} {most}");
            assert!(decoded("zstd", &short, step, most).is_err(), "{step} {most}");
            assert_eq!(decoded("zstd", &whole, step, most).expect("whole"), b"x");
            let two = [&whole[..], &empty].concat();
            assert!(decoded("zstd", &two, step, most).is_err(), "{step} {most}");
        }
    }
}

#[test]
fn at_most_five_codings_and_none_that_is_unknown() {
    let fields = |text: &str| Decoder::for_fields([text.as_bytes(), b"gzip"].into_iter());
    assert!(fields("gzip, identity, , br, zstd, deflate").is_ok_and(|found| found.is_some()));
    assert!(fields("compress").is_ok_and(|found| found.is_none()));
    for many in ["gzip,gzip,gzip,gzip,gzip".to_string(), "gzip,".repeat(12_000)] {
        let error = fields(&many).err().expect("too many");
        assert_eq!(error.kind(), ErrorKind::DecodingFailed);
        assert!(error.message().contains("more than 5 codings"), "{error}");
    }
}

#[test]
fn what_is_not_pulled_is_not_decoded() {
    let bomb = gzip(&gzip(&vec![0; 8 << 20]));
    let mut decoder = decoder("gzip, gzip");
    decoder.push(&bomb);
    let mut body = Vec::new();
    let mut pulls = 0;
    while body.is_empty() {
        let work = decoder.pull(&mut body, 1024).expect("zeros");
        assert!(work < WORK + 2 * PIECE, "{work}");
        pulls += 1;
    }
    assert!(body.len() <= 1024 + PIECE && decoder.has_more(), "{} by {pulls}", body.len());
    let held: usize = decoder.stages.iter().map(|stage| stage.input.capacity()).sum();
    assert!(held <= bomb.len() * 2 + 4 * PIECE, "{held} bytes wait");
}

/// Empty members without end bring nothing, and a turn is over all the same.
#[test]
fn a_pull_that_brings_nothing_ends_too() {
    let nothing = gzip(&gzip(b"").repeat(60_000));
    let mut decoder = decoder("gzip, gzip");
    decoder.push(&nothing);
    let mut pulls = 0;
    loop {
        let mut body = Vec::new();
        let work = decoder.pull(&mut body, 1024).expect("nothing");
        assert!(body.is_empty() && work < WORK + 2 * PIECE, "{work}");
        pulls += 1;
        if !decoder.has_more() {
            break;
        }
    }
    assert!(pulls > 5, "{pulls} pulls");
    decoder.end();
    decoder.finish().expect("whole");
}

#[test]
fn windows_are_at_most_eight_mebibytes() {
    let frame = |log: u32| {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).expect("an encoder");
        encoder.window_log(log).expect("a window");
        encoder.write_all(b"hello").expect("a Vec");
        encoder.flush().expect("a Vec");
        encoder.finish().expect("a Vec")
    };
    assert_eq!(decoded("zstd", &frame(23), 100, 100).expect("8 MiB"), b"hello");
    let error = decoded("zstd", &frame(24), 100, 100).expect_err("16 MiB");
    assert_eq!(error.kind(), ErrorKind::DecodingFailed);
    let large = |params: &mut BrotliEncoderParams| (params.large_window, params.lgwin) = (true, 26);
    let error = decoded("br", &brotli(&text(), large), 100, 100).expect_err("64 MiB");
    assert_eq!(error.kind(), ErrorKind::DecodingFailed);
}
