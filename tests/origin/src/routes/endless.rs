//! The routes that never come to an end: they write as fast as the peer reads, until it goes away.

use std::io::Write;
use std::sync::LazyLock;

use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

use super::content::pattern;
use crate::connection::Failure;
use crate::exchange::{Exchange, Next};

/// What one block unpacks to.
const BLOCK: usize = 1 << 20;

struct Form {
    coding: Option<&'static str>,
    /// What comes once, and then what comes again and again.
    first: Vec<u8>,
    block: Vec<u8>,
}

/// Made once: making them takes longer than sending them.
static FORMS: LazyLock<[(&str, Form); 11]> = LazyLock::new(|| {
    let form = |coding, first: &[u8], block: Vec<u8>| Form { coding, first: first.to_vec(), block };
    let data = pattern(BLOCK as u64);
    let chunk = [&b"100000\r\n"[..], &data, b"\r\n"].concat();
    let interim = b"HTTP/1.1 103 Early Hints\r\n\r\n";
    let header = gzip(b"")[..10].to_vec();
    let zstd = zstd::stream::encode_all(&vec![0; BLOCK][..], 1).unwrap_or_default();
    let [first_br, br] = brotli();
    [
        ("plain", form(None, b"", data)),
        ("chunked", form(None, b"", chunk)),
        ("one-byte-chunks", form(None, b"", b"1\r\nx\r\n".repeat(10_000))),
        ("trailers", form(None, b"0\r\n", b"X-Trailer: value\r\n".repeat(1_000))),
        ("gzip", form(Some("gzip"), &header, deflated().repeat(20))),
        // Each member is a piece of the inner stream: first its header, then blocks.
        ("gzip-gzip", form(Some("gzip, gzip"), &gzip(&header), gzip(&deflated().repeat(1_000)))),
        ("nothing-gzip", form(Some("gzip, gzip"), b"", gzip(&gzip(b"").repeat(50_000)))),
        ("zstd", form(Some("zstd"), b"", zstd.repeat(100))),
        ("br", form(Some("br"), &first_br, br.repeat(100))),
        ("informational", form(None, interim, interim.repeat(100))),
        ("fields", form(None, b"HTTP/1.1 200 OK\r\n", b"X-Field: value\r\n".repeat(100))),
    ]
});

pub(super) fn answer(exchange: &mut Exchange<'_>, name: &str) -> Result<Option<Next>, Failure> {
    exchange.read_body(|_| ())?;
    if name == "key-updates" {
        while exchange.connection.update_keys()? {}
        return Ok(None);
    }
    let Some((_, form)) = FORMS.iter().find(|(known, _)| *known == name) else {
        return Ok(None);
    };
    let mut headers = Vec::new();
    match name {
        "chunked" | "one-byte-chunks" | "trailers" => {
            headers.push(("Transfer-Encoding".to_owned(), "chunked".to_owned()));
        }
        _ => headers.push(("Connection".to_owned(), "close".to_owned())),
    }
    if let Some(coding) = form.coding {
        headers.push(("Content-Encoding".to_owned(), coding.to_owned()));
    }
    if !matches!(name, "informational" | "fields") {
        exchange.start(200, &headers);
    }
    exchange.write_raw(&form.first)?;
    loop {
        exchange.write_raw(&form.block)?;
        exchange.flush()?;
    }
}

/// The beginning of a stream, and a piece that may follow itself.
fn brotli() -> [Vec<u8>; 2] {
    let mut encoder = CompressorWriter::new(Vec::new(), 4096, 1, 22);
    [(); 2].map(|()| {
        // Writing to a Vec cannot fail.
        let _ = encoder.write_all(&vec![0; BLOCK]);
        let _ = encoder.flush();
        std::mem::take(encoder.get_mut())
    })
}

/// A block that refers to nothing before it, whole bytes long, and not the last.
fn deflated() -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    // Writing to a Vec cannot fail.
    let _ = encoder.write_all(&vec![0; BLOCK]);
    let _ = encoder.flush();
    std::mem::take(encoder.get_mut())
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let _ = encoder.write_all(data);
    encoder.finish().unwrap_or_default()
}
