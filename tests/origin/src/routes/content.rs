//! The routes that answer as a good server does.

use std::io::Write;
use std::sync::LazyLock;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use serde_json::json;

use crate::connection::{Ending, Failure};
use crate::exchange::{Exchange, Next, Reply};
use crate::state::GateTicket;

/// 47 bytes.
const JSON: &str = r#"{"id":12345,"name":"keep-alive","active":true }"#;
const _: () = assert!(JSON.len() == 47);

/// The body of the compressed routes.
static COMPRESSIBLE: LazyLock<String> = LazyLock::new(|| {
    let squares: Vec<u64> = (0..600).map(|n| n * n).collect();
    json!({ "squares": squares }).to_string()
});

/// Byte i of a generated body is `i % 251`; the block is a whole number of periods.
static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| (0..251u8).cycle().take(251 * 256).collect());

pub(super) fn answer(
    exchange: &mut Exchange<'_>,
    segments: &[&str],
) -> Result<Option<Next>, Failure> {
    let reply = match *segments {
        ["ok"] => Reply::text(200, "ok"),
        ["json"] => Reply::new(200).body("application/json", JSON.into()),
        ["bytes", count] => return generated(exchange, count, Form::Length),
        ["chunked", count] => return generated(exchange, count, Form::Chunked),
        ["close-delimited", count] => return generated(exchange, count, Form::Close),
        ["status", code] => {
            let Some(code) = code.parse().ok().filter(|code| (200..=999).contains(code)) else {
                return Ok(None);
            };
            Reply::text(code, code.to_string())
        }
        ["echo"] => return echo(exchange).map(Some),
        ["echo-body"] => {
            let content_type = exchange.request.header("content-type");
            let content_type = content_type.unwrap_or("application/octet-stream").to_owned();
            Reply::new(200).body(&content_type, exchange.body()?)
        }
        ["upload-count"] => return upload_count(exchange).map(Some),
        ["redirect", code] => {
            let Some(reply) = redirect(exchange, code) else {
                return Ok(None);
            };
            reply
        }
        ["compressible"] => Reply::new(200).body("application/json", COMPRESSIBLE.clone().into()),
        ["gzip" | "deflate" | "deflate-raw" | "br" | "zstd"] => {
            return compressed(exchange, segments[0]).map(Some);
        }
        ["keepalive"] => {
            let params = ["timeout", "max"]
                .map(|name| exchange.request.param(name).map(|value| format!("{name}={value}")));
            let value: Vec<String> = params.into_iter().flatten().collect();
            let says = if exchange.request.keep_alive() { "keep-alive" } else { "close" };
            let reply = Reply::text(200, "ok").header("Connection", says);
            reply.header("Keep-Alive", value.join(", "))
        }
        ["trailers"] => return trailers(exchange).map(Some),
        ["informational"] => return informational(exchange).map(Some),
        ["head-only"] => match exchange.request.method.as_str() {
            "HEAD" => Reply::new(200).header("Content-Length", 1000),
            _ => Reply::new(204),
        },
        ["auth"] => match exchange.request.header("authorization") {
            Some(value) => Reply::text(200, value),
            None => {
                Reply::text(401, "").header("WWW-Authenticate", "Basic realm=\"keepalive-origin\"")
            }
        },
        ["cookies"] => cookies(exchange),
        _ => return Ok(None),
    };
    exchange.read_body(|_| ())?;
    exchange.send(reply).map(Some)
}

/// The Cookie field that came; sets each line of `set`.
fn cookies(exchange: &Exchange<'_>) -> Reply {
    let request = &exchange.request;
    let status = request.number("status", if request.param("to").is_some() { 302 } else { 200 });
    let status = u16::try_from(status).ok().filter(|code| (200..=999).contains(code));
    let mut reply = Reply::text(status.unwrap_or(200), request.header("cookie").unwrap_or("-"));
    for field in request.param("set").into_iter().flat_map(str::lines) {
        reply = reply.header("Set-Cookie", field);
    }
    match request.param("to") {
        Some(to) => reply.header("Location", to),
        None => reply,
    }
}

/// The first `count` bytes of the pattern.
pub(super) fn pattern(count: u64) -> Vec<u8> {
    (0..251u8).cycle().take(usize::try_from(count).unwrap_or(usize::MAX)).collect()
}

enum Form {
    Length,
    Chunked,
    Close,
}

fn generated(
    exchange: &mut Exchange<'_>,
    count: &str,
    form: Form,
) -> Result<Option<Next>, Failure> {
    let Ok(count) = count.parse::<u64>() else {
        return Ok(None);
    };
    exchange.read_body(|_| ())?;
    let step = match form {
        Form::Chunked => exchange.request.number("chunk", 1024).clamp(1, PATTERN.len() as u64),
        Form::Length | Form::Close => PATTERN.len() as u64,
    };
    let framing = match form {
        Form::Length => ("Content-Length".into(), count.to_string()),
        Form::Chunked => ("Transfer-Encoding".into(), "chunked".into()),
        Form::Close => ("Connection".into(), "close".into()),
    };
    exchange.start(200, &[("Content-Type".into(), "application/octet-stream".into()), framing]);
    let mut sent = 0;
    while sent < count && exchange.request.method != "HEAD" {
        // A step never runs past the block: it starts within the first period.
        let at = (sent % 251) as usize;
        let size = step.min(count - sent).min((PATTERN.len() - at) as u64) as usize;
        let piece = &PATTERN[at..at + size];
        if matches!(form, Form::Chunked) {
            exchange.write(format!("{size:x}\r\n").as_bytes())?;
            exchange.write(piece)?;
            exchange.write(b"\r\n")?;
        } else {
            exchange.write(piece)?;
        }
        sent += size as u64;
    }
    match form {
        Form::Length => {}
        Form::Chunked => exchange.write(b"0\r\n\r\n")?,
        Form::Close => {
            exchange.flush()?;
            let notify = exchange.request.number("notify", 1) != 0;
            return Ok(Some(Next::End(Ending::Fin { notify, linger: false })));
        }
    }
    exchange.finish().map(Some)
}

fn echo(exchange: &mut Exchange<'_>) -> Result<Next, Failure> {
    let body = exchange.body()?;
    let tls = exchange.connection.tls().map(|tls| {
        json!({
            "version": tls.protocol_version().map(|version| format!("{version:?}")),
            "server_name": tls.server_name(),
            "alpn": tls.alpn_protocol().map(String::from_utf8_lossy),
            "resumed": tls.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
            "client_certificate": tls.peer_certificates().is_some(),
        })
    });
    let request = &exchange.request;
    let reply = Reply::json(&json!({
        "method": request.method,
        "target": request.target,
        "version": format!("1.{}", request.minor),
        "headers": request.headers,
        "body_b64": STANDARD.encode(body),
        "trailers": exchange.trailers,
        "connection": exchange.connection.number,
        "request": exchange.connection.requests,
        "tls": tls,
    }));
    exchange.send(reply)
}

/// With `?gate=NAME` the body is left in the network until the gate opens.
fn upload_count(exchange: &mut Exchange<'_>) -> Result<Next, Failure> {
    if let Some(name) = exchange.request.param("gate") {
        let ticket = GateTicket::new(&exchange.connection.shared, name);
        let stay = Duration::from_secs(3600);
        exchange.connection.wait(stay, |state| ticket.is_open(state))?;
    }
    let count = exchange.read_body(|_| ())?;
    exchange.send(Reply::text(200, count.to_string()))
}

fn redirect(exchange: &Exchange<'_>, code: &str) -> Option<Reply> {
    let code: u16 = code.parse().ok().filter(|code| (300..400).contains(code))?;
    let to = exchange.request.param("to").unwrap_or("/ok");
    let location = match exchange.request.number("n", 0) {
        0 => to.to_owned(),
        left => format!("/redirect/{code}?n={}&to={}", left - 1, percent_encode(to)),
    };
    Some(Reply::text(code, "moved\n").header("Location", location))
}

fn percent_encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/:".contains(&b);
    text.bytes()
        .map(|b| if plain(b) { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// `bad=1` overwrites the second half, `cut=1` leaves it out, `chunked=1` changes the framing.
fn compressed(exchange: &mut Exchange<'_>, coding: &str) -> Result<Next, Failure> {
    exchange.read_body(|_| ())?;
    let mut body = compress(coding, COMPRESSIBLE.as_bytes())?;
    let half = body.len() / 2;
    if exchange.request.number("bad", 0) != 0 {
        body[half..].fill(0xff);
    }
    if exchange.request.number("cut", 0) != 0 {
        body.truncate(half);
    }
    let name = if coding == "deflate-raw" { "deflate" } else { coding };
    if exchange.request.number("chunked", 0) == 0 {
        let reply = Reply::new(200).header("Content-Encoding", name);
        return exchange.send(reply.body("application/json", body));
    }
    exchange.start(
        200,
        &[
            ("Content-Type".into(), "application/json".into()),
            ("Content-Encoding".into(), name.into()),
            ("Transfer-Encoding".into(), "chunked".into()),
        ],
    );
    for piece in body.chunks(500) {
        exchange.write(format!("{:x}\r\n", piece.len()).as_bytes())?;
        exchange.write(piece)?;
        exchange.write(b"\r\n")?;
    }
    exchange.write(b"0\r\n\r\n")?;
    exchange.finish()
}

fn compress(coding: &str, text: &[u8]) -> std::io::Result<Vec<u8>> {
    let level = Compression::default();
    match coding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(text)?;
            encoder.finish()
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(text)?;
            encoder.finish()
        }
        "deflate-raw" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(text)?;
            encoder.finish()
        }
        "br" => {
            let mut out = Vec::new();
            brotli::CompressorWriter::new(&mut out, 4096, 5, 20).write_all(text)?;
            Ok(out)
        }
        _ => zstd::bulk::compress(text, 3),
    }
}

fn trailers(exchange: &mut Exchange<'_>) -> Result<Next, Failure> {
    exchange.read_body(|_| ())?;
    exchange.start(
        200,
        &[
            ("Transfer-Encoding".into(), "chunked".into()),
            ("Trailer".into(), "X-Checksum, X-Count".into()),
        ],
    );
    exchange.write(b"2\r\nok\r\n0\r\nX-Checksum: abc\r\nX-Count: 2\r\n\r\n")?;
    exchange.finish()
}

fn informational(exchange: &mut Exchange<'_>) -> Result<Next, Failure> {
    exchange.read_body(|_| ())?;
    let code = exchange.request.number("code", 103);
    for _ in 0..exchange.request.number("n", 1) {
        let head = format!("HTTP/1.1 {code} Informational\r\nLink: </style.css>\r\n\r\n");
        exchange.write_raw(head.as_bytes())?;
    }
    exchange.send(Reply::text(200, "ok"))
}
