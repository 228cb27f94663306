//! A panic of a caller's own code, wherever it is called, ends its own request and nothing else; and no
//! length of time makes us panic.

use std::mem::MaybeUninit;
use std::panic::panic_any;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::common::*;
use bytes::Bytes;
use keepalive_core::*;
use keepalive_origin::Origin;

/// One connection, which has to serve on.
fn one(config: &mut ClientConfig) {
    config.max_per_host = 1;
}

/// The engine serves on, on the one connection that there may be.
fn serves(client: &Client, origin: &Origin) {
    let request = get_request(&format!("{}/ok", origin.http()));
    assert_eq!(submit(client, request, Until::Body).expect("a response").status(), 200);
    assert_eq!(client.stats().active, 0);
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Poll,
    Rewind,
    Drop,
}

struct Faulty(Fault, Option<Bytes>);

impl BodySource for Faulty {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        match self.0 {
            Fault::Poll => panic_any("asked for"),
            _ => Poll::Ready(Ok(self.1.take())),
        }
    }

    fn can_rewind(&self) -> bool {
        true
    }

    fn rewind(&mut self) -> bool {
        assert!(self.0 != Fault::Rewind, "asked for");
        false
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        assert!(self.0 != Fault::Drop, "asked for");
    }
}

#[test]
fn a_body_source_that_panics_fails_its_own_request() {
    let (origin, client) = (origin(), client(one));
    let request = |fault| {
        let mut request = Request::new("POST", &format!("{}/echo", origin.http())).expect("fine");
        let source = Faulty(fault, Some(Bytes::from_static(b"piece")));
        request.set_body_stream(Box::new(source), None);
        request
    };
    let error = client.send(&request(Fault::Poll), Blocking::default()).err().expect("it panicked");
    assert_eq!(error.kind(), ErrorKind::Panic);
    serves(&client, &origin);
    let error = submit(&client, request(Fault::Poll), Until::Body).err().expect("it panicked");
    assert_eq!(error.kind(), ErrorKind::Panic);
    serves(&client, &origin);
    // Sent, and asked to begin again for the second time that the request is used.
    let again = std::sync::Arc::new(request(Fault::Rewind));
    for expected in [None, Some(ErrorKind::Panic)] {
        let result = submit(&client, again.clone(), Until::Body);
        assert_eq!(result.err().map(|error| error.kind()), expected);
    }
    serves(&client, &origin);
    // Dropped with its request, on the engine, when the response is there.
    let result = submit(&client, request(Fault::Drop), Until::Body);
    assert_eq!(result.expect("a response").status(), 200);
    serves(&client, &origin);
}

#[test]
fn a_hook_that_panics_fails_its_own_call() {
    let (origin, client) = (origin(), client(one));
    let mut request = Request::new("POST", &format!("{}/echo", origin.http())).expect("a request");
    let (sender, source) = body_pipe(false, |_| panic_any("asked for"));
    request.set_body_stream(source, None);
    let error = submit(&client, request, Until::Body).err().expect("it panicked");
    assert_eq!(error.kind(), ErrorKind::Panic);
    drop(sender);
    serves(&client, &origin);
    let stall = Request::new("GET", &format!("{}/stall-body?n=10&sent=5", origin.http()));
    let mut response = client.send(&stall.expect("fine"), Blocking::default()).expect("a head");
    let mut hook = || -> bool { panic_any("asked for") };
    let mut memory = [0; 10];
    let read = response.read_full(&mut memory, 0, Blocking::interruptible(&mut hook));
    assert_eq!(read.expect_err("it panicked").kind(), ErrorKind::Panic);
    drop(response);
    serves(&client, &origin);
}

#[test]
fn a_wake_up_or_memory_that_panics_stops_no_engine() {
    let (origin, client) = (origin(), client(one));
    for _ in 0..3 {
        let queue = Queue::new(|| panic_any("asked for"));
        let request = get_request(&format!("{}/ok", origin.http()));
        client.submit(request, Until::Body, &queue, 1).expect("submitted");
        response(next(&queue)).expect("a response");
        serves(&client, &origin);
    }
    struct None;
    impl Destination for None {
        fn memory(&mut self) -> &mut [MaybeUninit<u8>] {
            panic_any("asked for")
        }
    }
    let queue = Queue::new(|| {});
    let request = Request::new("GET", &format!("{}/bytes/300000", origin.http())).expect("fine");
    let response = client.send(&request, Blocking::default()).expect("a head");
    Client::submit_read_full(response, Box::new(None), 0, &queue, 5).expect("submitted");
    let Outcome::Filled(response, _, count, Err(error)) = next(&queue) else {
        panic!("no failure")
    };
    assert_eq!((count, error.kind()), (0, ErrorKind::Panic));
    drop(response);
    serves(&client, &origin);
}

#[test]
fn a_length_of_time_beyond_the_longest_is_refused_by_name() {
    let over = MAX_TIME + Duration::from_nanos(1);
    let mut checked = 0;
    for option in OPTIONS.iter().filter(|option| option.kind == OptionKind::Time) {
        for (time, fits) in [(MAX_TIME, true), (over, false), (Duration::MAX, false)] {
            let mut config = ClientConfig::default();
            config.set(option.name, OptionValue::Time(Some(time))).expect("its type");
            match Client::new(config) {
                Ok(_) => assert!(fits, "{} of {time:?}", option.name),
                Err(error) => {
                    assert!(!fits, "{error}");
                    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
                    assert!(error.message().contains(option.name), "{error}");
                }
            }
        }
        checked += 1;
    }
    assert!(checked >= 9, "{checked} options");
    let client = client(one);
    let limit = Some(Some(over));
    for (name, timeouts) in [
        ("queue", Timeouts { queue: limit, ..Default::default() }),
        ("connect", Timeouts { connect: limit, ..Default::default() }),
        ("header", Timeouts { header: limit, ..Default::default() }),
        ("send", Timeouts { send: limit, ..Default::default() }),
        ("read", Timeouts { read: limit, ..Default::default() }),
        ("total", Timeouts { total: limit, ..Default::default() }),
    ] {
        let mut request = Request::new("GET", "http://127.0.0.1:9/").expect("a request");
        request.set_timeouts(timeouts);
        let error = client.send(&request, Blocking::default()).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.message().contains(name), "{error}");
    }
    for seconds in [3.2e8, 1.8e19, f64::MAX, f64::INFINITY, f64::NAN, -1.0] {
        let error = timeout_from_seconds("timeout", seconds).expect_err("refused");
        assert!(error.message().starts_with("timeout: "), "{error}");
    }
}

/// The longest of everything at once, used.
#[test]
fn the_longest_times_work() {
    let origin = origin();
    let mut config = ClientConfig::default();
    for option in OPTIONS.iter().filter(|option| option.kind == OptionKind::Time) {
        config.set(option.name, OptionValue::Time(Some(MAX_TIME))).expect("its type");
    }
    let port = origin.http().rsplit(':').next().expect("a port").to_string();
    config.resolve = Some(format!("name.invalid:{port}:127.0.0.1"));
    let client = Client::new(config).expect("a client");
    let longest = Some(Some(MAX_TIME));
    let mut request =
        Request::new("GET", &format!("http://name.invalid:{port}/bytes/100000")).expect("fine");
    request.set_timeouts(Timeouts {
        queue: longest,
        connect: longest,
        header: longest,
        send: longest,
        read: longest,
        total: longest,
    });
    for _ in 0..2 {
        let response = client.send_whole(&request, Blocking::default()).expect("a response");
        assert_eq!(response.status(), 200);
        let response = submit(&client, request.clone(), Until::Head).expect("a head");
        let queue = Queue::new(|| {});
        Client::submit_read_all(response, &queue, 1).expect("submitted");
        let Outcome::Chunk(_, Ok(_)) = next(&queue) else { panic!("not a body") };
    }
    assert_eq!(client.stats().idle, 1);
}
