//! Servers whose connection is handed out: what the tests of streams share.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use keepalive_core::*;
use keepalive_origin::Origin;
use rustls::{ServerConnection, StreamOwned};

use super::{client, get_request, listen, listen_local, origin, tls, trusting};

pub const SWITCH: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";

/// The server's end of a stream.
pub enum Peer {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Peer {
    pub fn socket(&self) -> &TcpStream {
        match self {
            Peer::Plain(socket) => socket,
            Peer::Tls(tls) => &tls.sock,
        }
    }

    /// Ends its half as its kind does.
    pub fn end(&mut self) {
        if let Peer::Tls(tls) = self {
            tls.conn.send_close_notify();
            let _ = tls.flush();
        }
        self.socket().shutdown(Shutdown::Write).expect("open");
    }
}

impl Read for Peer {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Peer::Plain(socket) => socket.read(buffer),
            Peer::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Peer {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        match self {
            Peer::Plain(socket) => socket.write(data),
            Peer::Tls(tls) => tls.write(data),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Peer::Plain(socket) => socket.flush(),
            Peer::Tls(tls) => tls.flush(),
        }
    }
}

/// The head of a request.
fn head(peer: &mut Peer) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && peer.read(&mut byte).expect("a request") == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("text")
}

/// A server that answers one request with `answer` and is then what `then` does; the request's head
/// comes by the channel.
pub fn server(
    origin: Option<&Origin>,
    answer: &'static [u8],
    then: impl FnOnce(Peer) + Send + 'static,
) -> (String, Receiver<String>) {
    let listener = if origin.is_some() { listen_local() } else { listen() };
    let config = origin.map(|origin| tls::config(origin, |_| {}));
    let scheme = if config.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", listener.local_addr().expect("an address"));
    let (sender, receiver): (Sender<String>, _) = channel();
    std::thread::spawn(move || {
        let socket = listener.accept().expect("a connection").0;
        let mut peer = match config {
            None => Peer::Plain(socket),
            Some(config) => {
                let session = ServerConnection::new(config).expect("a session");
                Peer::Tls(Box::new(StreamOwned::new(session, socket)))
            }
        };
        let head = head(&mut peer);
        peer.write_all(answer).expect("written");
        peer.flush().expect("written");
        let _ = sender.send(head);
        then(peer);
    });
    (url, receiver)
}

pub fn upgrade(url: &str) -> Request {
    let mut request = get_request(url);
    request.add_header(b"Connection", b"Upgrade").expect("a field");
    request.add_header(b"Upgrade", b"echo").expect("a field");
    request
}

pub fn stream(client: &Client, url: &str) -> UpgradedStream {
    let mut response = client.send(&upgrade(url), Blocking::default()).expect("a response");
    assert_eq!(response.status(), 101);
    response.take_stream().expect("a stream")
}

/// Plain and through TLS.
pub fn both(test: impl Fn(Option<&Origin>, Client)) {
    let origin = origin();
    test(None, client(|_| {}));
    test(Some(&origin), trusting(&origin, |_| {}));
}

pub fn read(stream: &UpgradedStream, buffer: &mut [u8]) -> Result<usize> {
    stream.read(buffer, Blocking::default())
}

/// Everything up to the end.
pub fn rest(stream: &UpgradedStream) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut buffer = vec![0; 10_000];
    loop {
        match read(stream, &mut buffer)? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

pub fn echo(mut peer: Peer) {
    let mut buffer = vec![0; 32 * 1024];
    loop {
        match peer.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => peer.write_all(&buffer[..count]).expect("taken"),
        }
    }
    peer.end();
}
