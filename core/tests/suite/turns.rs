//! No peer and no body source that always has more keeps a limit, an interrupt, a cancel or another
//! request from its turn. Times here are limits of the library and guards against hanging; what is
//! asserted is that they pass, and in which order things happen.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::common::*;
use bytes::Bytes;
use keepalive_core::*;
use keepalive_origin::Origin;

/// Bodies that never end.
const ENDLESS: [&str; 8] =
    ["plain", "chunked", "one-byte-chunks", "gzip", "gzip-gzip", "nothing-gzip", "zstd", "br"];

/// Heads and trailers that never end are too large.
const TOO_LARGE: [&str; 3] = ["informational", "fields", "trailers"];

const LIMIT: Duration = Duration::from_millis(150);

fn decoded(base: &str, path: &str, total: Option<Duration>) -> Request {
    let mut request = get_request(&format!("{base}{path}"));
    request.set_decode(true);
    request.set_timeouts(Timeouts { total: Some(total), ..Timeouts::default() });
    request
}

fn endless(origin: &Origin, form: &str, total: Option<Duration>) -> Request {
    decoded(origin.http(), &format!("/endless/{form}"), total)
}

/// Reads a response to the error that ends it, which may come before its head.
type Way = fn(&Client, Request) -> Result<()>;

const WAYS: [(&str, Way); 8] = [
    ("whole", |client, request| client.send_whole(&request, Blocking::default()).map(drop)),
    ("in small pieces", |client, request| pieces(client, &request, 1000)),
    ("in large pieces", |client, request| pieces(client, &request, 1 << 20)),
    ("in chunks", |client, request| {
        let mut response = client.send(&request, Blocking::default())?;
        while response.read_chunk(1 << 20, Blocking::default())?.is_some() {}
        Ok(())
    }),
    ("whole on the engine", |client, request| submit(client, request, Until::Body).map(drop)),
    ("in small pieces on the engine", |client, request| engine_pieces(client, request, 1000)),
    ("in large pieces on the engine", |client, request| engine_pieces(client, request, 1 << 20)),
    ("the rest on the engine", |client, request| {
        let response = submit(client, request, Until::Head)?;
        let queue = Queue::new(|| {});
        Client::submit_read_all(response, &queue, 1).expect("submitted");
        let Outcome::Chunk(_, result) = next(&queue) else { panic!("not the rest") };
        result.map(drop)
    }),
];

fn pieces(client: &Client, request: &Request, size: usize) -> Result<()> {
    let mut response = client.send(request, Blocking::default())?;
    let mut memory = vec![0; size];
    while response.read(&mut memory, Blocking::default())? > 0 {}
    Ok(())
}

fn engine_pieces(client: &Client, request: Request, size: usize) -> Result<()> {
    let mut response = submit(client, request, Until::Head)?;
    let queue = Queue::new(|| {});
    loop {
        Client::submit_read(response, size, &queue, 1).expect("submitted");
        let Outcome::Chunk(back, result) = next(&queue) else { panic!("not a piece") };
        match result? {
            Some(piece) => assert!(piece.len() <= size, "more than asked for"),
            None => return Ok(()),
        }
        response = back;
    }
}

/// Small requests are answered while it goes on.
fn neighbours(client: &Client, origin: &Origin) {
    for _ in 0..8 {
        let response = submit(client, decoded(origin.http(), "/ok", None), Until::Body);
        assert_eq!(response.expect("a response").status(), 200);
    }
}

#[test]
fn the_total_limit_ends_a_body_that_never_ends_however_it_is_read() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    // The origin makes what it sends before it sends it for the first time.
    drop(client.send(&endless(&origin, "plain", None), Blocking::default()).expect("a head"));
    for form in ENDLESS {
        for (name, way) in WAYS {
            let error = way(&client, endless(&origin, form, Some(LIMIT))).expect_err("no end");
            assert_eq!(error.kind(), ErrorKind::TotalTimeout, "{form} {name}: {error}");
        }
    }
    settled(&client);
}

#[test]
fn heads_and_trailers_that_never_end_are_too_large() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    for form in TOO_LARGE {
        let whole = client.send_whole(&endless(&origin, form, None), Blocking::default());
        assert_eq!(whole.err().map(|error| error.kind()), Some(ErrorKind::HeadTooLarge), "{form}");
        let whole = submit(&client, endless(&origin, form, None), Until::Body);
        assert_eq!(whole.err().map(|error| error.kind()), Some(ErrorKind::HeadTooLarge), "{form}");
    }
    settled(&client);
}

#[test]
fn records_without_data_are_bounded() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    let request = decoded(origin.https(), "/endless/key-updates", None);
    let results =
        [client.send(&request, Blocking::default()), submit(&client, request.clone(), Until::Head)];
    for result in results {
        assert_eq!(result.err().map(|error| error.kind()), Some(ErrorKind::TlsProtocol));
    }
    settled(&client);
}

#[test]
fn others_are_served_beside_streams_that_never_end_and_a_cancel_ends_them() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    for form in ENDLESS {
        let queue = Queue::new(|| {});
        // Read in pieces by a task of its own, and whole within the task of all submissions.
        let response = submit(&client, endless(&origin, form, None), Until::Head);
        let memory = Memory::new(1 << 34);
        let filling = Client::submit_read_full(response.expect("a head"), memory, 0, &queue, 2);
        let whole = client.submit(endless(&origin, form, None), Until::Body, &queue, 1);
        neighbours(&client, &origin);
        assert!(!queue.wait(Some(Duration::ZERO)), "{form} goes on");
        filling.expect("submitted").cancel();
        whole.expect("submitted").cancel();
        for _ in 0..2 {
            let error = match next(&queue) {
                Outcome::Response(result) => result.err(),
                Outcome::Filled(_, _, _, result) => result.err(),
                _ => panic!("neither of them"),
            };
            assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Cancelled), "{form}");
        }
        settled(&client);
    }
}

#[test]
fn a_hook_interrupts_whatever_never_waits() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    for form in ENDLESS {
        let mut hook = || true;
        let request = endless(&origin, form, None);
        let whole = client.send_whole(&request, Blocking::interruptible(&mut hook));
        assert_eq!(whole.err().map(|error| error.kind()), Some(ErrorKind::Interrupted), "{form}");
    }
    settled(&client);
}

/// Always ready with the same piece.
struct Same(Bytes);

impl BodySource for Same {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        Poll::Ready(Ok(Some(self.0.clone())))
    }
}

#[test]
fn a_body_source_that_never_ends_is_bounded_too() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    for piece in [vec![], vec![1], vec![2; 64 * 1024], vec![3; 4 << 20]] {
        let upload = |total| {
            let url = format!("{}/upload-count", origin.http());
            let mut request = Request::new("POST", &url).expect("a request");
            request.set_body_stream(Box::new(Same(Bytes::from(piece.clone()))), None);
            request.set_timeouts(Timeouts { total: Some(total), ..Timeouts::default() });
            request
        };
        let size = piece.len();
        let result = client.send(&upload(Some(LIMIT)), Blocking::default());
        let kind = result.err().map(|error| error.kind());
        assert_eq!(kind, Some(ErrorKind::TotalTimeout), "{size}");
        let result = submit(&client, upload(Some(LIMIT)), Until::Head);
        let kind = result.err().map(|error| error.kind());
        assert_eq!(kind, Some(ErrorKind::TotalTimeout), "{size}");
        let mut hook = || true;
        let result = client.send(&upload(None), Blocking::interruptible(&mut hook));
        let kind = result.err().map(|error| error.kind());
        assert_eq!(kind, Some(ErrorKind::Interrupted), "{size}");
        let queue = Queue::new(|| {});
        let call = client.submit(upload(None), Until::Head, &queue, 1).expect("submitted");
        neighbours(&client, &origin);
        assert!(!queue.wait(Some(Duration::ZERO)), "{size} goes on");
        call.cancel();
        let Outcome::Response(Err(error)) = next(&queue) else { panic!("not a failure") };
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        settled(&client);
    }
}

#[test]
fn a_large_body_in_memory_is_sent_in_turns() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    let body = Bytes::from(vec![0; 512 << 20]);
    let upload = |total| {
        let url = format!("{}/upload-count", origin.http());
        let mut request = Request::new("POST", &url).expect("a request");
        request.set_body(body.clone());
        request.set_timeouts(Timeouts { total: Some(total), ..Timeouts::default() });
        request
    };
    let short = Some(Duration::from_millis(20));
    let result = client.send(&upload(short), Blocking::default());
    assert_eq!(result.err().map(|error| error.kind()), Some(ErrorKind::TotalTimeout));
    let result = submit(&client, upload(short), Until::Head);
    assert_eq!(result.err().map(|error| error.kind()), Some(ErrorKind::TotalTimeout));
    let queue = Queue::new(|| {});
    let call = client.submit(upload(None), Until::Head, &queue, 1).expect("submitted");
    call.cancel();
    let Outcome::Response(Err(error)) = next(&queue) else { panic!("not a failure") };
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    settled(&client);
}

#[test]
fn what_is_given_up_unread_is_given_up() {
    let origin = origin();
    let client = client(|config| {
        // As long as it takes, and as much.
        config.drain_timeout = Some(LIMIT);
        config.drain_limit = u64::MAX;
    });
    for form in ENDLESS {
        let queue = Queue::new(|| {});
        let request = Arc::new(endless(&origin, form, None));
        let response = client.send(&request, Blocking::default()).expect("a head");
        Client::submit_close(response, &queue, 1).expect("submitted");
        neighbours(&client, &origin);
        let Outcome::Chunk(_, result) = next(&queue) else { panic!("not closed") };
        assert!(result.is_ok_and(|piece| piece.is_none()), "{form}");
        settled(&client);
    }
}
