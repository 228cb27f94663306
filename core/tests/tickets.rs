//! A server that floods its client with TLS 1.3 session tickets, before, within and after its answer, or
//! for ever: no memory is taken for them, they keep nobody from a turn or a limit, and the outcome is
//! clear. A program of its own, since it measures the process's memory.

mod common;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use keepalive_core::*;
use keepalive_origin::Origin;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::{KeyLog, ServerConnection};

/// Tickets of a finite flood, and the size of each: one fills a record.
const MANY: usize = 2_000;
const SIZE: usize = 16_000;

/// The sending half of a TLS connection whose handshake rustls has made: it has no way to send tickets
/// whenever one likes.
struct Sealer {
    socket: TcpStream,
    key: LessSafeKey,
    iv: [u8; 12],
    sequence: u64,
}

/// Content types, and the handshake message of a ticket (RFC 8446 4, 5.1).
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const NEW_SESSION_TICKET: u8 = 4;

impl Sealer {
    /// From the server's traffic secret (RFC 8446 7.3).
    fn new(socket: TcpStream, secret: &[u8]) -> Sealer {
        let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, secret);
        let (mut key, mut iv) = ([0; 16], [0; 12]);
        expand(&secret, b"tls13 key", &mut key);
        expand(&secret, b"tls13 iv", &mut iv);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).expect("its length"));
        Sealer { socket, key, iv, sequence: 0 }
    }

    /// A record.
    fn seal(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut sealed = [content, &[kind]].concat();
        let length = u16::try_from(sealed.len() + AES_128_GCM.tag_len()).expect("one record");
        let header = [&[APPLICATION_DATA, 3, 3][..], &length.to_be_bytes()].concat();
        let mut nonce = self.iv;
        for (byte, number) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= number;
        }
        self.sequence += 1;
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce, Aad::from(&header), &mut sealed).expect("sealed");
        [header, sealed].concat()
    }

    fn data(&mut self, text: &str) -> io::Result<()> {
        let record = self.seal(APPLICATION_DATA, text.as_bytes());
        self.socket.write_all(&record)
    }

    fn tickets(&mut self, count: usize) -> io::Result<()> {
        let (lifetime, age_add, nonce) = (7_200_u32, 0_u32, [1, 0]);
        let ticket = [&(SIZE as u16).to_be_bytes()[..], &[7; SIZE]].concat();
        let body = [&lifetime.to_be_bytes()[..], &age_add.to_be_bytes(), &nonce, &ticket, &[0, 0]];
        let body = body.concat();
        let length = &(body.len() as u32).to_be_bytes()[1..];
        let message = [&[NEW_SESSION_TICKET], length, &body].concat();
        // Many in one write: the client always finds more.
        for first in (0..count).step_by(100) {
            let some = first..count.min(first + 100);
            let records: Vec<_> = some.map(|_| self.seal(HANDSHAKE, &message)).collect();
            self.socket.write_all(&records.concat())?;
        }
        Ok(())
    }

    /// Until the client goes away.
    fn tickets_for_ever(&mut self) -> io::Result<()> {
        loop {
            self.tickets(100)?;
        }
    }
}

fn expand(secret: &hkdf::Prk, label: &[u8], into: &mut [u8]) {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let length = (into.len() as u16).to_be_bytes();
    let info = [&length[..], &[label.len() as u8], label, &[0]];
    secret.expand(&info, Length(into.len())).and_then(|key| key.fill(into)).expect("expanded");
}

#[derive(Debug, Default)]
struct Secret(Mutex<Vec<u8>>);

impl KeyLog for Secret {
    fn log(&self, label: &str, _: &[u8], secret: &[u8]) {
        if label == "SERVER_TRAFFIC_SECRET_0" {
            *self.0.lock().expect("no panic") = secret.to_vec();
        }
    }
}

/// Answers each request by `answer`, until the connection ends; ends with the test's process.
fn server(origin: &Origin, answer: fn(&mut Sealer) -> io::Result<()>) -> String {
    let listener = listen_local();
    let url = format!("https://localhost:{}/", listener.local_addr().expect("bound").port());
    let secret = Arc::new(Secret::default());
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites = vec![TLS13_AES_128_GCM_SHA256];
    let config = tls::config_of(origin, provider, |config| {
        config.key_log = secret.clone();
        config.send_tls13_tickets = 0;
    });
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.expect("a connection");
            let mut tls = ServerConnection::new(config.clone()).expect("a session");
            // One handshake at a time: the secret is the last one's.
            while tls.is_handshaking() {
                tls.complete_io(&mut socket).expect("a handshake");
            }
            let secret = secret.0.lock().expect("no panic").clone();
            let mut sealer = Sealer::new(socket.try_clone().expect("a copy"), &secret);
            std::thread::spawn(move || {
                let mut head = [0; 4096];
                while rustls::Stream::new(&mut tls, &mut socket).read(&mut head).unwrap_or(0) > 0 {
                    if answer(&mut sealer).is_err() {
                        break;
                    }
                }
            });
        }
    });
    url
}

/// In kilobytes: the most that the process has had.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("readable");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// What is measured is the process's: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> impl Drop {
    ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

type Way = fn(&Client, Request) -> Result<Response>;

const WAYS: [(&str, Way); 2] = [
    ("blocking", |client, request| client.send_whole(&request, Blocking::default())),
    ("submitted", |client, request| submit(client, request, Until::Body)),
];

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";

#[test]
fn a_flood_that_ends_is_taken_in_and_takes_no_memory() {
    let (_alone, origin) = (alone(), origin());
    let url = server(&origin, |to| {
        to.tickets(MANY)?;
        to.data(HEAD)?;
        to.tickets(MANY)?;
        to.data("hello")?;
        to.tickets(MANY)?;
        to.data("world")
    });
    for (way, run) in WAYS {
        let client = trusting(&origin, |_| {});
        let before = most_memory();
        for round in 0..3 {
            let response = run(&client, get_request(&url)).expect(way);
            assert_eq!(response.info().reused, round > 0, "{way}");
            assert_eq!(text(response), "helloworld", "{way}");
        }
        let (more, sent) = (most_memory() - before, 9 * MANY * SIZE / 1024);
        assert!(more < 16 * 1024 && sent > 200_000, "{way}: {more} kB more for {sent} kB");
    }
}

#[test]
fn tickets_on_an_idle_connection_are_no_death_but_a_flood_is() {
    let (_alone, origin) = (alone(), origin());
    for (count, reused) in [(3, true), (MANY, false)] {
        let url = match count {
            MANY => server(&origin, |to| {
                to.data(HEAD)?;
                to.data("helloworld")?;
                to.tickets(MANY)
            }),
            _ => server(&origin, |to| {
                to.data(HEAD)?;
                to.data("helloworld")?;
                to.tickets(3)
            }),
        };
        let client = trusting(&origin, |_| {});
        get(&client, &url);
        if !reused {
            eventually(&client, |stats| closed(stats, "stray_bytes") == 1 && stats.active == 0);
        }
        assert_eq!(get(&client, &url).info().reused, reused, "{count}");
    }
}

const LIMIT: Option<Duration> = Some(Duration::from_millis(200));

#[test]
fn a_flood_without_end_is_ended_by_the_limits_and_holds_up_nobody() {
    let (_alone, origin) = (alone(), origin());
    let head = server(&origin, Sealer::tickets_for_ever);
    let body = server(&origin, |to| {
        to.data(HEAD)?;
        to.data("hello")?;
        to.tickets_for_ever()
    });
    let short = |change: fn(&mut ClientConfig)| trusting(&origin, change);
    let (header, stall, total) = (
        short(|config| config.header_timeout = LIMIT),
        short(|config| config.stall_timeout = LIMIT),
        short(|config| config.total_timeout = LIMIT),
    );
    let limited = [
        (&header, &head, ErrorKind::ReadTimeout),
        (&stall, &body, ErrorKind::ReadTimeout),
        (&total, &head, ErrorKind::TotalTimeout),
        (&total, &body, ErrorKind::TotalTimeout),
    ];
    for (client, url, kind) in limited {
        for (way, run) in WAYS {
            let error = run(client, get_request(url)).err().expect("no end");
            assert_eq!(error.kind(), kind, "{way}: {error}");
        }
        settled(client);
    }
    let client = trusting(&origin, |_| {});
    for url in [&head, &body] {
        let mut hook = || true;
        let result = client.send_whole(&get_request(url), Blocking::interruptible(&mut hook));
        assert_eq!(result.err().map(|error| error.kind()), Some(ErrorKind::Interrupted));
        let queue = Queue::new(|| {});
        let call = client.submit(get_request(url), Until::Body, &queue, 1).expect("submitted");
        for _ in 0..8 {
            let request = get_request(&format!("{}/ok", origin.http()));
            submit(&client, request, Until::Body).expect("served beside it");
        }
        assert!(!queue.wait(Some(Duration::ZERO)), "it goes on");
        call.cancel();
        let error = response(next(&queue)).err().expect("cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    }
    settled(&client);
}
