//! Requests that travel with the TLS handshake (0-RTT), against a scripted rustls server that says what came
//! early.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use crate::common::puppet::{answer, one};
use crate::common::{HANG, eventually, listen_local, within};
use keepalive_core::{Blocking, Client, ClientConfig, ErrorKind, Queue, Request, Until};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

/// What a request was, and whether it came with the handshake.
type Came = (String, bool);

struct Server {
    url: String,
    pem: String,
    came: Receiver<Came>,
}

fn identity() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".into()]).expect("a certificate")
}

/// Takes early data of that many bytes; `answers` are by connection, for its requests in turn, the last
/// one for all that follow.
fn server(most_early: u32, answers: &'static [&'static [&'static str]]) -> Server {
    server_with(&identity(), most_early, answers)
}

fn server_with(
    CertifiedKey { cert, signing_key }: &CertifiedKey<KeyPair>,
    most_early: u32,
    answers: &'static [&'static [&'static str]],
) -> Server {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a key");
    config.max_early_data_size = most_early;
    config.send_tls13_tickets = 4;
    // What comes early is answered before the handshake has ended.
    config.send_half_rtt_data = true;
    let config = Arc::new(config);
    let listener = listen_local();
    let url = format!("https://localhost:{}", listener.local_addr().expect("bound").port());
    let (tell, came) = channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.expect("a connection");
            let mut tls = ServerConnection::new(config.clone()).expect("a session");
            let answers = answers.get(number).or(answers.last()).expect("answers");
            let tell = tell.clone();
            std::thread::spawn(move || {
                let (mut early, mut late) = (Vec::new(), Vec::new());
                let mut answered = 0;
                if answers[0] == LEAVE {
                    await_early_record(&stream);
                }
                loop {
                    while tls.wants_write() {
                        tls.write_tls(&mut stream).expect("written");
                    }
                    match tls.read_tls(&mut stream) {
                        Ok(0) | Err(_) => return,
                        Ok(_) => {}
                    }
                    if tls.process_new_packets().is_err() {
                        return;
                    }
                    if let Some(mut data) = tls.early_data() {
                        let _ = data.read_to_end(&mut early);
                    }
                    if tls.is_handshaking() && answers[0] == LEAVE && ends(&early) {
                        tls.writer().write_all(CLOSE.as_bytes()).expect("buffered");
                        tls.send_close_notify();
                        let _ = tls.write_tls(&mut stream);
                        return;
                    }
                    let _ = tls.reader().read_to_end(&mut late);
                    if tls.is_handshaking() {
                        continue;
                    }
                    for (bytes, is_early) in [(&mut early, true), (&mut late, false)] {
                        if !ends(bytes) {
                            continue;
                        }
                        let text = String::from_utf8_lossy(bytes).into_owned();
                        let line = text.lines().next().unwrap_or_default().to_string();
                        tell.send((line, is_early)).expect("told");
                        bytes.clear();
                        let answer = answers.get(answered).or(answers.last()).expect("an answer");
                        answered += 1;
                        tls.writer().write_all(answer.as_bytes()).expect("buffered");
                    }
                }
            });
        }
    });
    Server { url, pem: cert.pem(), came }
}

/// Until a whole record of application data has come behind the ClientHello, or the end has: the next read
/// takes both.
fn await_early_record(stream: &TcpStream) {
    let mut bytes = [0; 4096];
    let came = within(HANG, || {
        let count = stream.peek(&mut bytes).expect("peeked");
        let mut rest = &bytes[..count];
        while let [kind, _, _, high, low, body @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            match body.get(length..) {
                Some(_) if *kind == 23 => return true,
                Some(next) => rest = next,
                None => break,
            }
        }
        count == 0
    });
    assert!(came, "no early data");
}

fn ends(head: &[u8]) -> bool {
    head.windows(4).any(|end| end == b"\r\n\r\n")
}

/// Answers what came early and is gone before the handshake has ended.
const LEAVE: &str = "";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const CLOSE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// No answer yet.
const HINTS: &str = "HTTP/1.1 103 Early Hints\r\n\r\n";
const TOO_EARLY: &str = "HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n";

fn client(server: &Server, early: bool) -> Client {
    client_with(server, early, |_| {})
}

fn client_with(server: &Server, early: bool, change: fn(&mut ClientConfig)) -> Client {
    let mut config = ClientConfig::default();
    change(&mut config);
    config.ca_pem = Some(server.pem.clone().into());
    config.tls_early_data = early;
    Client::new(config).expect("a client")
}

/// Status, whether the session was resumed, whether the request went early.
fn send(client: &Client, server: &Server, method: &str, body: &'static str) -> (u16, bool, bool) {
    let mut request = Request::new(method, &format!("{}/{method}", server.url)).expect("a request");
    if !body.is_empty() {
        request.set_body(body);
    }
    let response = client.send_whole(&request, Blocking::default()).expect("a response");
    let tls = response.tls().expect("over TLS");
    (response.status(), tls.resumed(), tls.early())
}

#[test]
fn what_may_be_done_twice_travels_with_the_handshake_and_nothing_else_does() {
    let server = server(16 * 1024, &[&[CLOSE]]);
    let client = client(&server, true);
    assert_eq!(send(&client, &server, "GET", ""), (200, false, false), "no session yet");
    for (method, body, early) in [
        ("GET", "", true),
        ("HEAD", "", true),
        ("OPTIONS", "", true),
        ("POST", "", false),
        ("PUT", "body", false),
        ("DELETE", "", false),
        ("GET", "body", false),
        ("GET", "", true),
    ] {
        assert_eq!(send(&client, &server, method, body), (200, true, early), "{method} {body}");
    }
    let came: Vec<Came> = server.came.try_iter().collect();
    let early: Vec<bool> = came.iter().map(|(_, early)| *early).collect();
    assert_eq!(early, [false, true, true, true, false, false, false, false, true], "{came:?}");
}

#[test]
fn it_is_off_unless_asked_for() {
    let server = server(16 * 1024, &[&[CLOSE]]);
    let client = client(&server, false);
    for round in 0..3 {
        assert_eq!(send(&client, &server, "GET", ""), (200, round > 0, false));
    }
    assert!(server.came.try_iter().all(|(_, early)| !early));
}

#[test]
fn a_connection_that_was_early_is_like_any_other_afterwards() {
    let server = server(16 * 1024, &[&[CLOSE], &[OK]]);
    let client = client(&server, true);
    assert!(!send(&client, &server, "GET", "").2);
    assert_eq!(send(&client, &server, "GET", ""), (200, true, true));
    assert_eq!(send(&client, &server, "GET", ""), (200, true, false), "reused");
    assert_eq!(send(&client, &server, "POST", "x"), (200, true, false), "reused");
    assert_eq!(client.stats().opened, 2);
}

#[test]
fn what_a_server_does_not_want_early_is_sent_again_once_without() {
    let server = server(16 * 1024, &[&[CLOSE], &[TOO_EARLY, OK], &[TOO_EARLY]]);
    let client = client(&server, true);
    assert!(!send(&client, &server, "GET", "").2);
    assert_eq!(send(&client, &server, "GET", ""), (200, true, false));
    client.close_idle();
    // 425 to what did not go early is an answer like any other.
    assert_eq!(send(&client, &server, "GET", "").0, 425);
    let came: Vec<bool> = server.came.try_iter().map(|(_, early)| early).collect();
    assert_eq!(came, [false, true, false, true, false]);
}

#[test]
fn what_does_not_fit_waits_for_the_handshake() {
    let server = server(16, &[&[CLOSE]]);
    let client = client(&server, true);
    for round in 0..3 {
        assert_eq!(send(&client, &server, "GET", ""), (200, round > 0, false));
    }
}

#[test]
fn what_a_server_did_not_take_early_is_sent_by_itself() {
    let identity = identity();
    let first = server_with(&identity, 16 * 1024, &[&[CLOSE]]);
    let client = client(&first, true);
    send(&client, &first, "GET", "");
    // The same name and certificate, but not the session: what went early cannot be read.
    let other = server_with(&identity, 16 * 1024, &[&[OK]]);
    assert_eq!(send(&client, &other, "GET", ""), (200, false, false));
    assert_eq!(send(&client, &other, "POST", "x"), (200, false, false), "reused");
    let came: Vec<Came> = other.came.try_iter().collect();
    assert_eq!(came.len(), 2, "{came:?}");
    assert!(came.iter().all(|(_, early)| !early), "{came:?}");
}

#[test]
fn a_server_that_answers_and_leaves_before_the_handshake_has_ended_has_answered() {
    let server = server(16 * 1024, &[&[CLOSE], &[LEAVE]]);
    let client = client(&server, true);
    send(&client, &server, "GET", "");
    for _ in 0..3 {
        assert_eq!(send(&client, &server, "GET", ""), (200, true, true));
    }
}

#[test]
fn another_server_by_the_same_name_is_asked_nothing() {
    let first = server(16 * 1024, &[&[CLOSE]]);
    let client = client(&first, true);
    send(&client, &first, "GET", "");
    let other = server(16 * 1024, &[&[OK]]);
    let request = Request::new("GET", &other.url).expect("a request");
    let error = client.send(&request, Blocking::default()).err().expect("another certificate");
    assert_eq!(error.kind(), ErrorKind::CertificateRejected, "{error}");
    assert!(other.came.try_recv().is_err(), "nothing was asked");
}

#[test]
fn nothing_is_sent_behind_what_travels_with_the_handshake() {
    let server = server(16 * 1024, &[&[CLOSE], &[HINTS]]);
    let client = client_with(&server, true, one);
    send(&client, &server, "GET", "");
    assert!(!server.came.recv().expect("a request").1);
    let queue = Queue::new(|| {});
    let submit = |token| {
        let request = Request::new("GET", &format!("{}/{token}", server.url)).expect("a request");
        client.submit(request, Until::Head, &queue, token).expect("submitted")
    };
    let first = submit(1);
    assert_eq!(server.came.recv().expect("a request"), ("GET /1 HTTP/1.1".into(), true));
    let second = submit(2);
    let stats = eventually(&client, |stats| stats.waiting == 1);
    assert_eq!((stats.pipelined, stats.active), (0, 1));
    for call in [second, first] {
        call.cancel();
        assert_eq!(answer(&queue).1.expect_err("cancelled").kind(), ErrorKind::Cancelled);
    }
}
