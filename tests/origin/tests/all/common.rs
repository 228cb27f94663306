//! A client that does nothing by itself: bytes out, bytes in.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use keepalive_origin::{Origin, OriginOptions};

/// Longer than any wait in a passing test.
pub const LIMIT: Duration = Duration::from_secs(10);

/// An origin with the wire cases of `wire` beside these tests, not those of the product.
pub fn origin() -> Origin {
    let wire = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/all/wire");
    Origin::start(OriginOptions { wire, ..OriginOptions::default() }).expect("the origin starts")
}

pub struct Peer<S = TcpStream> {
    pub stream: S,
    buffer: Vec<u8>,
}

pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

pub fn socket(base: &str) -> TcpStream {
    let address = base.rsplit("//").next().unwrap().replace("localhost", "127.0.0.1");
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket
}

impl Peer {
    pub fn connect(base: &str) -> Self {
        Self::over(socket(base))
    }
}

impl<S: Read + Write> Peer<S> {
    pub fn over(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    pub fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).unwrap();
        self.stream.flush().unwrap();
    }

    /// Sends a request without a body and reads the response.
    pub fn get(&mut self, target: &str) -> Response {
        self.send(&format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
        self.response()
    }

    /// A response framed by Content-Length.
    pub fn response(&mut self) -> Response {
        let head = self.head();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let body = self.take(length.map_or(0, |length| length.parse().unwrap()));
        Response { status: head[9..12].parse().unwrap(), head, body }
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.fill() > 0, "the body ends early");
        }
        self.buffer.drain(..length).collect()
    }

    pub fn head(&mut self) -> String {
        loop {
            if let Some(at) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                return String::from_utf8(self.buffer.drain(..at + 4).collect()).unwrap();
            }
            assert!(self.fill() > 0, "the head ends early: {:?}", self.buffer);
        }
    }

    /// All that comes until the end, and the error if that is not a FIN.
    pub fn rest(&mut self) -> (Vec<u8>, Option<ErrorKind>) {
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return (std::mem::take(&mut self.buffer), None),
                Ok(count) => self.buffer.extend_from_slice(&chunk[..count]),
                Err(e) => return (std::mem::take(&mut self.buffer), Some(e.kind())),
            }
        }
    }

    fn fill(&mut self) -> usize {
        let mut chunk = [0; 4096];
        let count = self.stream.read(&mut chunk).unwrap();
        self.buffer.extend_from_slice(&chunk[..count]);
        count
    }
}
