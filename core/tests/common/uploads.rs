//! A server that says what a test wants before it reads a body, and bodies in pieces.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use keepalive_core::*;

use super::{HANG, listen, submit, within};

pub const LARGE: usize = (1 << 20) + 1;
pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
pub const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
pub const REFUSED: &[u8] = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";

/// What a request was: its head, its body up to the end or the client's, and the trailers.
pub struct Seen {
    pub head: String,
    pub body: Vec<u8>,
    pub trailers: String,
    pub whole: bool,
}

/// A body can be too long to be read in a failed test's words.
impl std::fmt::Debug for Seen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Seen { head, body, trailers, whole } = self;
        write!(formatter, "{head:?}, {} bytes, {trailers:?}, whole: {whole}", body.len())
    }
}

impl Seen {
    pub fn asks(&self) -> bool {
        self.head.contains("Expect: 100-continue\r\n")
    }
}

/// Serves each request by what `word` says to its head before its body is read, then by `OK` unless that
/// was final already.
pub fn server(
    word: impl Fn(&str) -> &'static [u8] + Send + Sync + 'static,
) -> (String, Receiver<Seen>) {
    serving(word, OK)
}

pub fn serving(
    word: impl Fn(&str) -> &'static [u8] + Send + Sync + 'static,
    answer: &'static [u8],
) -> (String, Receiver<Seen>) {
    let listener = listen();
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let (sender, receiver) = channel();
    let word = Arc::new(word);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (sender, word) = (sender.clone(), word.clone());
            let stream = stream.expect("a connection");
            std::thread::spawn(move || serve(stream, &*word, answer, &sender));
        }
    });
    (url, receiver)
}

pub fn serve(
    stream: TcpStream,
    word: &dyn Fn(&str) -> &'static [u8],
    answer: &[u8],
    sender: &Sender<Seen>,
) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let said = word(&head);
        writer.write_all(said).ok()?;
        let mut seen = Seen { head, body: Vec::new(), trailers: String::new(), whole: false };
        seen.whole = read_body(&mut reader, &mut seen).is_ok();
        let is_final = !said.is_empty() && !said.starts_with(GO_ON);
        let go_on = seen.whole;
        if go_on && !is_final {
            writer.write_all(answer).ok()?;
        }
        sender.send(seen).ok()?;
        if !go_on {
            return None;
        }
    }
}

pub fn read_body(reader: &mut BufReader<TcpStream>, seen: &mut Seen) -> std::io::Result<()> {
    if let Some((_, length)) = seen.head.split_once("Content-Length: ") {
        let length = length.split("\r\n").next().and_then(|text| text.parse().ok());
        let mut left: usize = length.expect("a length");
        let mut buffer = [0; 8192];
        while left > 0 {
            let most = left.min(buffer.len());
            let count = reader.read(&mut buffer[..most])?;
            if count == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            seen.body.extend_from_slice(&buffer[..count]);
            left -= count;
        }
    } else if seen.head.contains("Transfer-Encoding: chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Ok(size) = usize::from_str_radix(line.trim_end(), 16) else {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            };
            if size == 0 {
                break;
            }
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk)?;
            seen.body.extend_from_slice(&chunk[..size]);
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.as_str() {
                "\r\n" => break,
                "" => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                line => seen.trailers.push_str(line),
            }
        }
    }
    Ok(())
}

pub fn put(url: &str, size: usize) -> Request {
    let mut request = Request::new("PUT", url).expect("a request");
    request.set_body(vec![b'x'; size]);
    request
}

/// Pieces that may be pending until they are released, and can begin again if `again`.
pub struct Pieces {
    pub pieces: Vec<&'static [u8]>,
    pub next: usize,
    pub again: bool,
    pub gate: Option<Arc<Gate>>,
}

#[derive(Default)]
pub struct Gate {
    open: AtomicBool,
    asked: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    pub fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
        if let Some(waker) = self.waker.lock().expect("a lock").take() {
            waker.wake();
        }
    }

    pub fn until_asked(&self) {
        assert!(within(HANG, || self.asked.load(Ordering::SeqCst)), "asked");
    }
}

impl BodySource for Pieces {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        if let Some(gate) = &self.gate {
            *gate.waker.lock().expect("a lock") = Some(cx.waker().clone());
            gate.asked.store(true, Ordering::SeqCst);
            if !gate.open.load(Ordering::SeqCst) {
                return Poll::Pending;
            }
        }
        let piece = self.pieces.get(self.next).map(|piece| Bytes::from_static(piece));
        self.next += 1;
        Poll::Ready(Ok(piece))
    }

    fn can_rewind(&self) -> bool {
        self.again
    }

    fn rewind(&mut self) -> bool {
        self.next = 0;
        self.again
    }
}

pub fn streamed(url: &str, length: Option<u64>, gate: Option<Arc<Gate>>) -> Request {
    let mut request = Request::new("PUT", url).expect("a request");
    let pieces = Pieces { pieces: vec![b"bo", b"dy"], next: 0, again: true, gate };
    request.set_body_stream(Box::new(pieces), length);
    request
}

/// By both waits.
pub fn send(client: &Client, request: &Request, queued: bool) -> Result<Response> {
    match queued {
        false => client.send_whole(request, Blocking::default()),
        true => submit(client, request.clone(), Until::Body),
    }
}
