//! A server that answers as a test says.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::listen;

/// A server that answers each request, head and body, with the bytes that `answer` makes of it, or
/// by closing the connection where there are none; counts requests. It ends with the test's process.
pub struct Script {
    pub url: String,
    pub requests: Arc<AtomicUsize>,
}

impl Script {
    pub fn count(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

pub fn script(answer: impl Fn(&str, &[u8]) -> Vec<u8> + Send + Sync + 'static) -> Script {
    script_at(listen(), answer)
}

/// Such a server on a port that was chosen.
pub fn script_at(
    listener: TcpListener,
    answer: impl Fn(&str, &[u8]) -> Vec<u8> + Send + Sync + 'static,
) -> Script {
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let requests = Arc::new(AtomicUsize::new(0));
    let (count, answer) = (requests.clone(), Arc::new(answer));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (count, answer) = (count.clone(), answer.clone());
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut stream = stream?;
                let mut reader = BufReader::new(stream.try_clone()?);
                while let Some((head, body)) = request(&mut reader)? {
                    count.fetch_add(1, Ordering::SeqCst);
                    let answer = answer(&head, &body);
                    if answer.is_empty() {
                        break;
                    }
                    stream.write_all(&answer)?;
                }
                stream.shutdown(std::net::Shutdown::Both)
            });
        }
    });
    Script { url, requests }
}

fn request(reader: &mut impl BufRead) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    let mut body = Vec::new();
    if let Some((_, length)) = head.split_once("Content-Length: ") {
        let length = length.split("\r\n").next().and_then(|text| text.parse().ok());
        body.resize(length.expect("a length"), 0);
        reader.read_exact(&mut body)?;
    } else if head.contains("Transfer-Encoding: chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim_end(), 16).expect("a chunk size");
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk)?;
            body.extend_from_slice(&chunk[..size]);
            if size == 0 {
                break;
            }
        }
    }
    Ok(Some((head, body)))
}

/// A response with that body.
pub fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
