//! A server for what the origin does not do and examples show: it is a WebSocket server, a proxy, and has a file
//! of which the first answers break off.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Serves until the process ends; each connection has its thread. Returns `http://127.0.0.1:PORT`.
pub fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A client that goes away ends its thread.
            thread::spawn(move || serve(connection).ok());
        }
    });
    format!("http://{address}")
}

fn serve(connection: TcpStream) -> std::io::Result<()> {
    let mut writer = connection.try_clone()?;
    let mut reader = BufReader::new(connection);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let target = head.split(' ').nth(1).unwrap_or_default().to_string();
        if field(&head, "upgrade").is_some() {
            return websocket(&head, reader, writer);
        } else if target.starts_with("http://") {
            answer(&mut writer, "200 OK", "", format!("proxied {target}").as_bytes())?;
        } else if !file(&head, &mut writer)? {
            return Ok(());
        }
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn answer(writer: &mut TcpStream, status: &str, fields: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{fields}\r\n", body.len());
    writer.write_all(&[head.as_bytes(), body].concat())
}

/// What [`file`] serves.
pub const FILE_SIZE: usize = 300_000;

/// The file, or its rest. Each answer but a short one breaks off after 100,000 bytes; false then.
fn file(head: &str, writer: &mut TcpStream) -> std::io::Result<bool> {
    const ETAG: &str = "\"v1\"";
    const MOST: usize = 100_000;
    let whole: Vec<u8> = (0..FILE_SIZE).map(|at| (at % 251) as u8).collect();
    let range = field(head, "range").filter(|_| field(head, "if-range") == Some(ETAG));
    let from =
        range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let (status, from) = from.map_or(("200 OK", 0), |from: usize| ("206 Partial Content", from));
    let rest = &whole[from..];
    let fields =
        format!("ETag: {ETAG}\r\nContent-Range: bytes {from}-{}/{FILE_SIZE}\r\n", FILE_SIZE - 1);
    if rest.len() <= MOST {
        return answer(writer, status, &fields, rest).map(|()| true);
    }
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{fields}\r\n", rest.len());
    writer.write_all(&[head.as_bytes(), &rest[..MOST]].concat())?;
    Ok(false)
}

/// Answers one text with itself (RFC 6455), which must be masked and short.
fn websocket(
    head: &str,
    mut reader: BufReader<TcpStream>,
    mut writer: TcpStream,
) -> std::io::Result<()> {
    assert_eq!(field(head, "sec-websocket-key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
    writer.write_all(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    )?;
    let mut start = [0; 6];
    reader.read_exact(&mut start)?;
    let [kind, length, mask @ ..] = start;
    assert_eq!((kind, length & 0x80), (0x81, 0x80), "a whole text, masked");
    let mut text = vec![0; usize::from(length & 0x7f)];
    reader.read_exact(&mut text)?;
    text.iter_mut().enumerate().for_each(|(at, byte)| *byte ^= mask[at % 4]);
    writer.write_all(&[&[0x81, length & 0x7f], &text[..]].concat())
}
