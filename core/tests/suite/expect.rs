//! `Expect: 100-continue` (RFC 9110 10.1.1): the body waits for the server's word, by both waits.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::common::listen;
use keepalive_core::*;

const BODY: &[u8] = b"the body";

/// Answers a head with `word`, then says what came within a while after it: the whole body, or what
/// there was until the client closed the connection.
fn server(word: &'static [u8], then: &'static [u8]) -> (String, Receiver<Vec<u8>>) {
    let listener = listen();
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            stream.read_line(&mut head).expect("a head");
        }
        assert!(head.contains("Expect: 100-continue"), "{head}");
        stream.get_mut().write_all(word).expect("written");
        let mut body = Vec::new();
        read(&mut stream, &mut body);
        let _ = stream.get_mut().write_all(then);
        let _ = sender.send(body);
    });
    (url, receiver)
}

fn read(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) {
    let mut byte = [0];
    while body.len() < BODY.len() && stream.read(&mut byte).is_ok_and(|count| count > 0) {
        body.push(byte[0]);
    }
}

fn send(url: &str, queued: bool) -> Result<Response> {
    let client = Client::new(ClientConfig::default()).expect("a client");
    let request = Request::new("POST", url).expect("a request");
    sent(&client, request, queued)
}

fn sent(client: &Client, mut request: Request, queued: bool) -> Result<Response> {
    request.add_header(b"Expect", b"100-continue").expect("a field");
    request.set_body(BODY);
    if !queued {
        return client.send_whole(&request, Blocking::default());
    }
    let queue = Queue::new(|| {});
    client.submit(request, Until::Body, &queue, 1).expect("submitted");
    assert!(queue.wait(Some(Duration::from_secs(20))), "answered");
    let (mut done, _) = queue.take(1);
    match done.pop().map(|done| done.outcome) {
        Some(Outcome::Response(result)) => result,
        _ => panic!("no response"),
    }
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

#[test]
fn the_body_follows_100() {
    for queued in [false, true] {
        let (url, body) = server(b"HTTP/1.1 100 Continue\r\n\r\n", OK);
        assert_eq!(send(&url, queued).expect("a response").status(), 200);
        assert_eq!(body.recv().expect("served"), BODY);
    }
}

#[test]
fn other_interim_heads_are_no_word() {
    let (url, body) = server(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", OK);
    assert_eq!(send(&url, false).expect("a response").status(), 200);
    assert_eq!(body.recv().expect("served"), BODY);
}

#[test]
fn the_body_follows_silence() {
    for queued in [false, true] {
        let (url, body) = server(b"", OK);
        assert_eq!(send(&url, queued).expect("a response").status(), 200);
        assert_eq!(body.recv().expect("served"), BODY);
    }
}

#[test]
fn a_final_head_takes_its_place_whatever_it_says() {
    for queued in [false, true] {
        for (word, status) in [(OK, 200), (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", 401)] {
            let (url, body) = server(word, b"");
            let response = send(&url, queued).expect("a response");
            assert_eq!(response.status(), status);
            assert_eq!(body.recv().expect("served"), b"", "{status}");
        }
    }
}

/// Keeps the thread until its time is over, when the body begins to wait.
struct Late(Instant);

impl Observer for Late {
    fn observe(&self, event: &Event<'_>) {
        if matches!(event, Event::AwaitingContinue) {
            std::thread::sleep(self.0.saturating_duration_since(Instant::now()));
        }
    }
}

#[test]
fn the_wait_for_100_ends_by_the_limit_of_the_whole_where_that_is_over_first() {
    for queued in [false, true] {
        let (url, _body) = server(b"", b"");
        let total = Duration::from_millis(500);
        let client = Client::new(ClientConfig::default()).expect("a client");
        let mut request = Request::new("POST", &url).expect("a request");
        request.set_timeouts(Timeouts { total: Some(Some(total)), ..Timeouts::default() });
        request.set_observer(Arc::new(Late(Instant::now() + total * 2)));
        let error = sent(&client, request, queued).err().expect("its time is over");
        assert_eq!(error.kind(), ErrorKind::TotalTimeout, "{error}");
    }
}
