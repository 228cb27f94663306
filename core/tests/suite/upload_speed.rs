//! Limits on the speed of request bodies, in memory and streamed, by both waits.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::common::*;
use bytes::Bytes;
use keepalive_core::*;

/// A body of `size` bytes in pieces of `piece`, each of which takes its producer `pause`.
struct Producer {
    size: usize,
    piece: usize,
    pause: Duration,
    made: usize,
}

impl BodySource for Producer {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        let count = self.piece.min(self.size - self.made);
        self.made += count;
        std::thread::sleep(self.pause);
        Poll::Ready(Ok((count > 0).then(|| Bytes::from(vec![b'x'; count]))))
    }

    fn can_rewind(&self) -> bool {
        true
    }

    fn rewind(&mut self) -> bool {
        self.made = 0;
        true
    }
}

/// Uploads of so many bytes: in memory, streamed with their length in one piece, chunked in several.
fn uploads(url: &str, size: usize) -> Vec<Request> {
    let request = || Request::new("PUT", url).expect("a request");
    let pause = Duration::ZERO;
    let (mut whole, mut known, mut chunked) = (request(), request(), request());
    whole.set_body(vec![b'x'; size]);
    let one = Producer { size, piece: size, pause, made: 0 };
    known.set_body_stream(Box::new(one), Some(size as u64));
    let several = Producer { size, piece: 7001, pause, made: 0 };
    chunked.set_body_stream(Box::new(several), None);
    vec![whole, known, chunked]
}

/// The body of the answer, by either wait.
fn send(client: &Client, request: &Request, blocking: bool) -> Result<String> {
    let mut response = match blocking {
        true => client.send_whole(request, Blocking::default())?,
        false => submit(client, request.clone(), Until::Body)?,
    };
    let body = response.read_all(Blocking::default())?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// A server that reads heads and no bodies, and gives `answer` to them; the connections that it keeps.
fn deaf(answer: &'static [u8]) -> (String, Receiver<TcpStream>) {
    let listener = listen();
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let (keep, kept) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::with_capacity(1, stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|n| n > 0) {}
            let mut stream = reader.into_inner();
            let _ = stream.write_all(answer);
            if keep.send(stream).is_err() {
                return;
            }
        }
    });
    (url, kept)
}

/// More than the kernels of both sides keep for a connection.
const LARGE: usize = 32 * 1024 * 1024;

#[test]
fn an_upload_that_is_slower_than_the_least_speed_is_given_up() {
    let (url, _kept) = deaf(b"");
    for blocking in [true, false] {
        let client = client(|config| {
            config.expect_threshold = 0;
            config.min_speed = 1 << 40;
            config.min_speed_time = Some(Duration::from_millis(80));
        });
        for request in uploads(&url, LARGE) {
            let error = send(&client, &request, blocking).expect_err("too slow");
            assert_eq!((error.kind(), error.phase()), (ErrorKind::TooSlow, Phase::Send), "{error}");
            assert!(error.message().contains("the request body went to"), "{error}");
            assert!(
                error.message().contains("1099511627776 bytes per second for 80 ms"),
                "{error}"
            );
            settled(&client);
            assert_eq!(client.stats().idle, 0, "its connection is closed");
        }
    }
}

#[test]
fn a_request_has_its_own_least_speed() {
    let (url, _kept) = deaf(b"");
    let client = client(|config| config.expect_threshold = 0);
    for mut request in uploads(&url, LARGE) {
        request.set_min_speed(1, Some(Duration::from_millis(40)));
        let error = send(&client, &request, true).expect_err("too slow");
        assert_eq!(error.kind(), ErrorKind::TooSlow);
    }
}

#[test]
fn the_wait_for_the_caller_s_own_body_is_not_slow() {
    let origin = origin();
    let url = format!("{}/upload-count", origin.http());
    for blocking in [true, false] {
        let client = client(|config| {
            config.min_speed = 1 << 40;
            config.min_speed_time = Some(Duration::from_millis(200));
        });
        let pause = Duration::from_millis(30);
        let mut request = Request::new("PUT", &url).expect("a request");
        let producer = Producer { size: 1000, piece: 100, pause, made: 0 };
        request.set_body_stream(Box::new(producer), None);
        assert_eq!(send(&client, &request, blocking).expect("an answer"), "1000");
    }
}

#[test]
fn what_is_fast_enough_passes_and_its_connection_stays() {
    let origin = origin();
    for https in [false, true] {
        let base = if https { origin.https() } else { origin.http() };
        for blocking in [true, false] {
            let client = trusting(&origin, |config| {
                config.min_speed = 10;
                config.min_speed_time = Some(Duration::from_secs(5));
                config.max_speed = 1 << 40;
            });
            for request in uploads(&format!("{base}/upload-count"), 3_000_000) {
                assert_eq!(send(&client, &request, blocking).expect("an answer"), "3000000");
            }
            assert_eq!(client.stats().opened, 1);
        }
    }
}

#[test]
fn an_upload_moves_no_faster_than_the_greatest_speed() {
    let origin = origin();
    let url = format!("{}/upload-count", origin.http());
    for blocking in [true, false] {
        let client = client(|config| config.max_speed = 1_000_000);
        for request in uploads(&url, 400_000) {
            let began = Instant::now();
            assert_eq!(send(&client, &request, blocking).expect("an answer"), "400000");
            // The last step is not waited for.
            assert!(began.elapsed() >= Duration::from_millis(290), "{:?}", began.elapsed());
        }
        assert_eq!(client.stats().opened, 1);
    }
}

#[test]
fn a_request_has_its_own_greatest_speed() {
    let origin = origin();
    let url = format!("{}/upload-count", origin.http());
    let client = client(|config| config.max_speed = 1);
    for mut request in uploads(&url, 100_000) {
        request.set_option("max_speed", Some("0")).expect("a number");
        assert_eq!(send(&client, &request, true).expect("an answer"), "100000");
    }
}

#[test]
fn a_pause_ends_with_the_whole_time_or_with_an_answer() {
    let (url, _kept) = deaf(
        b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno\n",
    );
    let origin = origin();
    for blocking in [true, false] {
        let client = client(|config| {
            config.max_speed = 1;
            config.total_timeout = Some(Duration::from_millis(200));
        });
        for request in uploads(&format!("{}/upload-count", origin.http()), 100_000) {
            let error = send(&client, &request, blocking).expect_err("no time");
            assert_eq!(error.kind(), ErrorKind::TotalTimeout, "{error}");
        }
        for mut request in uploads(&url, 100_000) {
            request.set_timeouts(Timeouts { total: Some(Some(HANG)), ..Timeouts::default() });
            // Its own body is not to wait for hours.
            request.set_option("max_speed", Some("10000")).expect("a number");
            assert_eq!(send(&client, &request, blocking).expect("an answer"), "no\n");
        }
    }
}
