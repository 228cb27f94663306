//! Streamed request bodies: pipes, sources that fail, panic or lie about their length.

use std::task::{Context, Poll};

use crate::common::*;
use bytes::Bytes;
use keepalive_core::*;
use keepalive_origin::Origin;

struct Source(Box<dyn FnMut() -> Result<Option<Bytes>> + Send>);

impl BodySource for Source {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        Poll::Ready((self.0)())
    }
}

fn upload(origin: &Origin, length: Option<u64>, pieces: &'static [&'static str]) -> Request {
    let mut left = pieces.iter();
    let next = move || Ok(left.next().map(|piece| Bytes::from_static(piece.as_bytes())));
    let mut request =
        Request::new("POST", &format!("{}/echo-body", origin.http())).expect("a request");
    request.set_body_stream(Box::new(Source(Box::new(next))), length);
    request
}

fn both(client: &Client, make: impl Fn() -> Request) -> [Result<Bytes>; 2] {
    let blocking = client
        .send_whole(&make(), Blocking::default())
        .and_then(|mut response| response.read_all(Blocking::default()));
    let submitted = submit(client, make(), Until::Body)
        .and_then(|mut response| response.read_all(Blocking::default()));
    [blocking, submitted]
}

#[test]
fn pieces_arrive_whole_with_and_without_a_length() {
    let origin = origin();
    let client = client(|_| {});
    for length in [None, Some(6)] {
        for result in both(&client, || upload(&origin, length, &["ab", "", "cdef"])) {
            assert_eq!(&result.expect("a body")[..], b"abcdef");
        }
    }
    assert!(origin.faults().is_empty(), "{:?}", origin.faults());
}

#[test]
fn a_body_that_is_not_as_long_as_declared_is_an_error() {
    let origin = origin();
    let client = client(|_| {});
    for length in [3, 9] {
        for result in both(&client, || upload(&origin, Some(length), &["abcdef"])) {
            let error = result.expect_err("a mismatch");
            assert_eq!(error.kind(), ErrorKind::BodyLengthMismatch, "{error}");
        }
    }
    assert_eq!(client.stats().active, 0);
}

#[test]
fn a_source_that_fails_ends_the_request_with_its_reason() {
    let origin = origin();
    let client = client(|_| {});
    let failing = || {
        let mut request =
            Request::new("POST", &format!("{}/echo-body", origin.http())).expect("a request");
        let next = || Err(source_failed("the disk is gone"));
        request.set_body_stream(Box::new(Source(Box::new(next))), None);
        request
    };
    for result in both(&client, failing) {
        let error = result.expect_err("a failure");
        assert_eq!(error.kind(), ErrorKind::BodySourceFailed);
        assert!(error.message().contains("the disk is gone"));
    }
    assert_eq!(client.stats().active, 0);
}

#[test]
fn a_panic_on_the_engine_is_an_error_and_the_engine_lives_on() {
    let origin = origin();
    let client = client(|_| {});
    let url = format!("{}/echo-body", origin.http());
    let mut request = Request::new("POST", &url).expect("a request");
    request.set_body_stream(Box::new(Source(Box::new(|| panic!("on purpose")))), None);
    let error = submit(&client, request, Until::Body).err().expect("it panicked");
    assert_eq!(error.kind(), ErrorKind::Panic);
    for result in both(&client, || upload(&origin, None, &["x"])) {
        assert_eq!(&result.expect("a body")[..], b"x");
    }
    assert_eq!(client.stats().active, 0);
}

#[test]
fn a_pipe_asks_for_one_piece_at_a_time_and_fails_when_its_producer_goes() {
    let origin = origin();
    let client = client(|_| {});
    for complete in [true, false] {
        let queue = Queue::new(|| {});
        let asked = queue.clone();
        let (sender, source) = body_pipe(false, move |want| asked.push(1, Outcome::WantBody(want)));
        let url = format!("{}/echo-body", origin.http());
        let mut request = Request::new("PUT", &url).expect("a request");
        request.set_body_stream(source, None);
        client.submit(request, Until::Body, &queue, 0).expect("submitted");
        let mut sender = Some(sender);
        let mut given = 0;
        let result = loop {
            assert!(queue.wait(Some(HANG)));
            let (mut taken, more) = queue.take(1);
            match taken.pop().map(|completion| completion.outcome) {
                Some(Outcome::WantBody(_)) if given < 3 => {
                    assert!(!more, "one wish at a time");
                    given += 1;
                    sender.as_ref().expect("open").push(Bytes::from_static(b"ab")).expect("taken");
                }
                Some(Outcome::WantBody(_)) => match (complete, sender.take()) {
                    (true, Some(sender)) => sender.finish().expect("finished"),
                    (_, sender) => drop(sender),
                },
                Some(Outcome::Response(result)) => break result,
                _ => panic!("unexpected"),
            }
        };
        match complete {
            true => assert_eq!(
                result.expect("a response").take_complete().as_deref(),
                Some(&b"ababab"[..])
            ),
            false => {
                assert_eq!(result.err().expect("an error").kind(), ErrorKind::BodySourceFailed)
            }
        }
    }
}

#[test]
fn a_consumed_stream_cannot_be_sent_again() {
    let origin = origin();
    let client = client(|_| {});
    let request = upload(&origin, None, &["x"]);
    client.send_whole(&request, Blocking::default()).expect("the first time");
    let error = client.send_whole(&request, Blocking::default()).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidState, "{error}");
}
