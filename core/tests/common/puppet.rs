//! What the tests of requests behind others share, and a server whose every answer a test gives.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use keepalive_core::*;
use keepalive_origin::Origin;

use super::*;

pub const SOON: Duration = Duration::from_secs(10);

/// One connection that carries up to four requests at a time.
pub fn one(config: &mut ClientConfig) {
    (config.max_per_host, config.pipelining) = (1, 4);
}

/// A client that has used its only connection, over TLS or not.
pub fn warmed(
    origin: &Origin,
    tls: bool,
    change: impl FnOnce(&mut ClientConfig),
) -> (Client, String) {
    let client = trusting(origin, |config| {
        one(config);
        change(config);
    });
    let base = if tls { origin.https() } else { origin.http() }.to_string();
    get(&client, &format!("{base}/ok"));
    (client, base)
}

pub fn behind(client: &Client, count: u64) {
    eventually(client, |stats| stats.pipelined == count);
}

/// The next outcome, which need not be in order.
pub fn answer(queue: &Queue) -> (u64, Result<String>) {
    let Completion { token, outcome } = completion(queue);
    (token, response(outcome).map(text))
}

/// A server that does as it is told: each head it reads goes out by one channel, and what comes by the
/// other is written; an empty text ends the connection.
pub struct Puppet {
    pub url: String,
    heads: Receiver<(usize, String)>,
    says: Receiver<Sender<Option<Vec<u8>>>>,
}

pub fn puppet() -> Puppet {
    let listener = listen();
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (heard, heads) = channel();
    let (hand, says) = channel();
    std::thread::spawn(move || {
        for (number, socket) in listener.incoming().enumerate() {
            let socket = socket.expect("a connection");
            let (say, said) = channel::<Option<Vec<u8>>>();
            let (mut writer, heard) = (socket.try_clone().expect("a copy"), heard.clone());
            std::thread::spawn(move || {
                while let Ok(Some(bytes)) = said.recv() {
                    // The client may be gone.
                    let _ = writer.write_all(&bytes);
                }
                let _ = writer.shutdown(std::net::Shutdown::Both);
            });
            std::thread::spawn(move || read_heads(socket, number, &heard));
            if hand.send(say).is_err() {
                return;
            }
        }
    });
    Puppet { url, heads, says }
}

fn read_heads(mut socket: TcpStream, number: usize, heard: &Sender<(usize, String)>) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while matches!(socket.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
        if head.ends_with(b"\r\n\r\n") {
            let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
            let _ = heard.send((number, String::from_utf8_lossy(line).into_owned()));
            head.clear();
        }
    }
}

impl Puppet {
    pub fn connection(&self) -> Sender<Option<Vec<u8>>> {
        self.says.recv_timeout(HANG).expect("a connection")
    }

    /// The next request: its connection and its target.
    pub fn heard(&self) -> (usize, String) {
        let (number, line) = self.heads.recv_timeout(HANG).expect("a request");
        (number, line.split(' ').nth(1).expect("a target").to_string())
    }

    /// A client whose connection has carried an answer, and who speaks for the server on it.
    pub fn warm(
        &self,
        change: impl FnOnce(&mut ClientConfig),
    ) -> (Client, Sender<Option<Vec<u8>>>) {
        let client = client(|config| {
            one(config);
            change(config);
        });
        let queue = Queue::new(|| {});
        let request = get_request(&format!("{}/warm", self.url));
        client.submit(request, Until::Body, &queue, 0).expect("submitted");
        let say = self.connection();
        assert_eq!(self.heard(), (0, "/warm".into()));
        say.send(Some(ok(b"warm"))).expect("sent");
        assert_eq!(answer(&queue).1.expect("an answer"), "warm");
        (client, say)
    }

    pub fn submit(
        &self,
        client: &Client,
        queue: &Arc<Queue>,
        tokens: std::ops::Range<u64>,
    ) -> Vec<Call> {
        let ask = |token: u64| {
            let request = get_request(&format!("{}/{token}", self.url));
            client.submit(request, Until::Body, queue, token).expect("submitted")
        };
        tokens.map(ask).collect()
    }
}
