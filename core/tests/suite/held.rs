//! What TLS has taken from the socket and not handed over yet: its end in the same segment as data,
//! with TCP left open, so that the socket has nothing more to tell.

use std::io::{Read, Write};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use crate::common::*;
use keepalive_core::*;
use keepalive_origin::Origin;
use rustls::ServerConnection;

/// Serves connections: each gets `answer` and a close_notify in one segment, and stays open until the
/// sender is dropped.
fn serving(origin: &Origin, answer: &'static [u8]) -> (String, Sender<()>) {
    let config = tls::config(origin, |_| {});
    let listener = listen_local();
    let url = format!("https://localhost:{}/", listener.local_addr().expect("bound").port());
    let (sender, receiver) = channel::<()>();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        listener.set_nonblocking(true).expect("set");
        while receiver.recv_timeout(Duration::from_millis(5))
            == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
        {
            let Ok((mut socket, _)) = listener.accept() else { continue };
            socket.set_nonblocking(false).expect("set");
            let mut tls = ServerConnection::new(config.clone()).expect("a session");
            let mut head = [0; 4096];
            let mut stream = rustls::Stream::new(&mut tls, &mut socket);
            if stream.read(&mut head).is_err() {
                continue;
            }
            tls.writer().write_all(answer).expect("buffered");
            tls.send_close_notify();
            let mut segment = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut segment).expect("a Vec");
            }
            socket.write_all(&segment).expect("sent");
            open.push(socket);
        }
    });
    (url, sender)
}

/// Through both waits, with and without watching the socket, whole and in pieces.
fn outcomes(origin: &Origin, answer: &'static [u8]) -> Vec<Result<Vec<u8>>> {
    let mut outcomes = Vec::new();
    for busy_poll in [0, 50] {
        let (url, _open) = serving(origin, answer);
        let client = trusting(origin, |config| {
            config.busy_poll = busy_poll;
            // Whoever sleeps on the socket gets a timeout instead.
            config.header_timeout = Some(Duration::from_secs(5));
            config.stall_timeout = Some(Duration::from_secs(5));
        });
        let request = get_request(&url);
        // Twice: what ended so is not used again.
        for _ in 0..2 {
            outcomes.push(
                client
                    .send_whole(&request, Blocking::default())
                    .map(|mut response| response.take_complete().expect("complete").to_vec()),
            );
        }
        outcomes.push(client.send(&request, Blocking::default()).and_then(|mut response| {
            let (mut body, mut piece) = (Vec::new(), [0; 2]);
            loop {
                match response.read(&mut piece, Blocking::default())? {
                    0 => return Ok(body),
                    count => body.extend_from_slice(&piece[..count]),
                }
            }
        }));
        for inline in [false, true] {
            let queue = Queue::new(|| {});
            let call = match inline {
                false => client.submit(request.clone(), Until::Body, &queue, 1),
                true => client.submit_inline(request.clone(), Until::Body, &queue, 1),
            };
            call.expect("submitted").poll_inline(&queue);
            let result = response(next(&queue));
            outcomes.push(
                result.map(|mut response| response.take_complete().expect("complete").to_vec()),
            );
        }
    }
    assert_eq!(outcomes.len(), 10);
    outcomes
}

#[test]
fn an_end_that_came_with_data_is_seen_though_the_socket_tells_nothing() {
    let origin = origin();
    for (answer, expected) in [
        (&b""[..], ErrorKind::ConnectionClosed),
        (b"HTTP/1.1 200 OK\r\nContent-Le", ErrorKind::HeadTruncated),
        (b"HTTP/1.1 100 Continue\r\n\r\n", ErrorKind::HeadTruncated),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200", ErrorKind::HeadTruncated),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", ErrorKind::BodyTruncated),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            ErrorKind::BodyTruncated,
        ),
    ] {
        for (way, outcome) in outcomes(&origin, answer).into_iter().enumerate() {
            let error = outcome.expect_err("cut");
            assert_eq!(error.kind(), expected, "{} {way}: {error}", answer.escape_ascii());
        }
    }
}

#[test]
fn a_whole_answer_that_came_with_the_end_is_one_and_its_connection_is_over() {
    let origin = origin();
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
    ] {
        for outcome in outcomes(&origin, answer) {
            assert_eq!(outcome.expect("a response"), b"hello", "{}", answer.escape_ascii());
        }
    }
}
