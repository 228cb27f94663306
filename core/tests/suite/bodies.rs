//! Bodies received straight into the caller's memory, on the caller's thread and on the engine.

use std::io::Write;
use std::time::Duration;

use crate::common::*;
use keepalive_core::*;

const SIZE: usize = 3_000_000;

fn expected(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at % 251) as u8).collect()
}

/// A server that sends `answer` to one connection and closes it.
fn answering(answer: Vec<u8>) -> String {
    let listener = listen();
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a connection");
        let mut head = [0; 4096];
        let _ = std::io::Read::read(&mut socket, &mut head).expect("a request");
        socket.write_all(&answer).expect("taken");
    });
    base
}

fn fill(response: Response, size: usize) -> (Response, Vec<u8>, Result<usize>) {
    let queue = Queue::new(|| {});
    Client::submit_read_full(response, Memory::new(size), 0, &queue, 3).expect("submitted");
    let Outcome::Filled(response, memory, count, result) = next(&queue) else {
        panic!("not filled")
    };
    let memory: Box<dyn std::any::Any> = memory;
    let body = memory.downcast::<Memory>().expect("ours").first(count);
    let result = result.map(|()| count).map_err(|error| error.with_partial(body.clone().into()));
    (response, body, result)
}

#[test]
fn a_body_of_known_length_fills_the_caller_s_memory_and_frees_its_connection() {
    let origin = origin();
    let client = client(|_| {});
    let request = get_request(&format!("{}/bytes/{SIZE}", origin.http()));
    for on_engine in [false, true] {
        let mut response = client
            .send_until(&request, Until::SmallBody(65_536), Blocking::default())
            .expect("sent");
        assert!(!response.is_complete());
        assert_eq!(response.remaining(), Some(SIZE as u64));
        let (mut response, body) = match on_engine {
            true => {
                let (response, body, result) = fill(response, SIZE);
                assert_eq!(result.expect("a body"), SIZE);
                (response, body)
            }
            false => {
                let mut body = vec![0; SIZE];
                let count = response.read_full(&mut body, 0, Blocking::default()).expect("a body");
                assert_eq!(count, SIZE);
                (response, body)
            }
        };
        assert!(body == expected(SIZE));
        // Nothing had to be asked for again: the end is known.
        assert!(response.is_complete());
        assert_eq!(client.stats().idle, 1);
        assert_eq!(response.read(&mut [0; 8], Blocking::default()).expect("the end"), 0);
    }
    assert_eq!(client.stats().opened, 1);
}

#[test]
fn a_small_or_unmeasured_body_comes_with_its_response() {
    let origin = origin();
    let client = client(|_| {});
    for path in ["/bytes/65536", "/chunked/300000", "/close-delimited/300000"] {
        let request = get_request(&format!("{}{path}", origin.http()));
        let response = client.send_until(&request, Until::SmallBody(65_536), Blocking::default());
        assert!(response.expect(path).is_complete(), "{path}");
    }
    let mut request = get_request(&format!("{}/gzip", origin.http()));
    request.set_decode(true);
    let response = client.send_until(&request, Until::SmallBody(0), Blocking::default());
    assert!(response.expect("decoded").is_complete());
}

#[test]
fn every_framing_and_tls_can_be_read_into_memory() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    for base in [origin.http(), origin.https()] {
        for path in ["bytes/400000", "chunked/400000", "close-delimited/400000"] {
            for on_engine in [false, true] {
                let request = get_request(&format!("{base}/{path}"));
                let mut response = client.send(&request, Blocking::default()).expect("a head");
                let size = 400_100;
                let (body, count) = match on_engine {
                    true => {
                        let (_, body, result) = fill(response, size);
                        (body, result.expect("a body"))
                    }
                    false => {
                        let mut body = vec![0; size];
                        let count = response.read_full(&mut body, 0, Blocking::default());
                        (body, count.expect("a body"))
                    }
                };
                assert_eq!(count, 400_000, "{base}/{path}");
                assert!(body[..count] == expected(count), "{base}/{path}");
            }
        }
    }
}

#[test]
fn a_truncated_body_is_an_error_with_what_came() {
    let answer = [&b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"[..], &expected(150_000)];
    for on_engine in [false, true] {
        let client = client(|_| {});
        let base = answering(answer.concat());
        let mut response = client.send(&get_request(&base), Blocking::default()).expect("a head");
        let error = match on_engine {
            true => fill(response, 200_000).2.err(),
            false => response.read_full(&mut vec![0; 200_000], 0, Blocking::default()).err(),
        };
        let error = error.expect("a truncation");
        assert_eq!(error.kind(), ErrorKind::BodyTruncated);
        assert!(error.message().contains("150000"), "{error}");
        assert!(error.partial_body() == Some(&expected(150_000)[..]));
        assert_eq!((client.stats().active, client.stats().idle), (0, 0));
    }
}

#[test]
fn pieces_are_as_large_as_what_is_at_hand() {
    let origin = origin();
    let client = client(|_| {});
    for path in ["bytes", "chunked", "close-delimited"] {
        let request = get_request(&format!("{}/{path}/{SIZE}", origin.http()));
        let mut response = client.send(&request, Blocking::default()).expect("a head");
        let mut body = Vec::new();
        loop {
            let count = response.at_hand(Blocking::default()).expect("a piece");
            if count == 0 {
                break;
            }
            let start = body.len();
            body.resize(start + count, 0);
            let read = response.read(&mut body[start..], Blocking::default()).expect("a piece");
            assert_eq!(read, count, "what is at hand comes in one read");
        }
        assert!(body == expected(SIZE), "{path}");
        assert_eq!(client.stats().active, 0);
    }
    let error = {
        let base = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc".to_vec());
        let mut response = client.send(&get_request(&base), Blocking::default()).expect("a head");
        let mut piece = [0; 8];
        assert_eq!(response.at_hand(Blocking::default()).expect("three"), 3);
        assert_eq!(response.read(&mut piece, Blocking::default()).expect("three"), 3);
        response.at_hand(Blocking::default()).expect_err("two are missing")
    };
    assert_eq!(error.kind(), ErrorKind::BodyTruncated);
}

#[test]
fn a_stall_in_a_body_is_a_timeout_however_it_is_read() {
    let origin = origin();
    let client = client(|_| {});
    let mut request = get_request(&format!("{}/stall-body?n=200000&sent=100000", origin.http()));
    let limit = Some(Some(Duration::from_millis(60)));
    request.set_timeouts(Timeouts { read: limit, ..Timeouts::default() });
    for way in 0..3 {
        let mut response = client.send(&request, Blocking::default()).expect("a head");
        let mut memory = vec![0; 200_000];
        let error = match way {
            0 => fill(response, 200_000).2.err(),
            1 => response.read_full(&mut memory, 0, Blocking::default()).err(),
            _ => loop {
                match response.at_hand(Blocking::default()) {
                    Ok(_) => response.read(&mut memory, Blocking::default()).map(drop),
                    Err(error) => break Some(error),
                }
                .expect("what is at hand");
            },
        };
        assert_eq!(error.expect("a timeout").kind(), ErrorKind::ReadTimeout, "way {way}");
    }
    assert_eq!(client.stats().active, 0);
}

#[test]
fn what_is_here_is_read_without_waiting_on_a_registered_connection() {
    let origin = origin();
    let client = client(|_| {});
    let queue = Queue::new(|| {});
    let request = get_request(&format!("{}/bytes/{SIZE}", origin.http()));
    client.submit(request, Until::Head, &queue, 1).expect("submitted");
    let Outcome::Response(response) = next(&queue) else { panic!("not a response") };
    let mut response = Some(response.expect("a head"));
    let mut body = Vec::new();
    let mut piece = vec![0; 100_000];
    while let Some(mut here) = response.take() {
        match here.read_now(&mut piece) {
            Some(read) => {
                body.extend_from_slice(&piece[..read.expect("a piece")]);
                response = Some(here);
            }
            None => {
                Client::submit_read(here, 100_000, &queue, 1).expect("submitted");
                let Outcome::Chunk(back, piece) = next(&queue) else { panic!("not a piece") };
                if let Some(piece) = piece.expect("a piece") {
                    body.extend_from_slice(&piece);
                    response = Some(back);
                }
            }
        }
    }
    assert!(body == expected(SIZE));
    assert_eq!((client.stats().idle, client.stats().active), (1, 0));
}

#[test]
fn the_rest_of_a_body_whose_server_has_gone_is_not_waited_for() {
    let answer = [&b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n"[..], &expected(150_000)];
    let (client, queue) = (client(|_| {}), Queue::new(|| {}));
    let base = answering(answer.concat());
    client.submit(get_request(&base), Until::Head, &queue, 1).expect("submitted");
    let Outcome::Response(response) = next(&queue) else { panic!("not a response") };
    let mut response = response.expect("a head");
    // In bulk, so that the next wait is for a whole piece; what there is is less.
    let mut bulk = vec![0; 100_000];
    let mut count = 0;
    while count < bulk.len() {
        let mut read = None;
        within(HANG, || {
            read = response.read_now(&mut bulk[count..]);
            read.is_some()
        });
        count += read.expect("more comes").expect("a piece");
    }
    assert!(within(HANG, || response.at_hand_now() >= 50_000), "the rest comes");
    for _ in 0..2 {
        Client::submit_read(response, 0, &queue, 1).expect("submitted");
        let Outcome::Chunk(back, piece) = next(&queue) else { panic!("not a piece") };
        response = back;
        match response.read_now(&mut bulk) {
            Some(read) => count += read.expect("a piece"),
            None => {
                let error = piece.expect_err("the rest is missing");
                assert_eq!((count, error.kind()), (150_000, ErrorKind::BodyTruncated));
            }
        }
    }
    assert_eq!(client.stats().active, 0);
}

#[test]
fn closing_early_completes_when_the_connection_is_free_again() {
    let origin = origin();
    let client = client(|config| config.drain_timeout = None);
    for (path, idle) in [("/bytes/200000", 1), ("/bytes/3000000", 0)] {
        let response =
            client.send(&get_request(&format!("{}{path}", origin.http())), Blocking::default());
        let queue = Queue::new(|| {});
        Client::submit_close(response.expect("a head"), &queue, 9).expect("submitted");
        let Outcome::Chunk(_, result) = next(&queue) else { panic!("not closed") };
        assert!(result.expect("closed").is_none());
        assert_eq!((client.stats().idle, client.stats().active), (idle, 0), "{path}");
    }
}

#[test]
fn a_read_that_is_left_completes_when_the_connection_is_free_again() {
    let origin = origin();
    let client = client(|config| config.drain_timeout = None);
    for (whole, gate) in [(false, "left"), (true, "left-whole")] {
        let url = format!("{}/gate-body/{gate}?n=20000&sent=5", origin.http());
        let response = client.send(&get_request(&url), Blocking::default()).expect("a head");
        let queue = Queue::new(|| {});
        // Waits for more than has come.
        let call = if whole {
            Client::submit_read_all(response, &queue, 1)
        } else {
            let mut response = response;
            assert_eq!(response.read(&mut [0; 5], Blocking::default()).expect("a piece"), 5);
            Client::submit_read(response, 100, &queue, 1)
        };
        let call = call.expect("submitted");
        assert!(origin.wait_at_gate(gate, 1, HANG));
        call.leave();
        assert_eq!(client.stats().active, 1);
        assert!(origin.open_gate(gate, HANG));
        let Outcome::Chunk(_, result) = next(&queue) else { panic!("not a piece") };
        assert_eq!(result.expect_err("left").kind(), ErrorKind::Cancelled);
        assert_eq!((client.stats().idle, client.stats().active), (1, 0), "{gate}");
    }
}

#[test]
fn a_long_body_that_never_waits_is_interruptible() {
    let listener = listen();
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a connection");
        let mut head = [0; 4096];
        let _ = std::io::Read::read(&mut socket, &mut head).expect("a request");
        socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("taken");
        let piece = vec![0; 1 << 20];
        // Until the client goes away.
        while socket.write_all(&piece).is_ok() {}
    });
    let client = client(|_| {});
    let mut response = client.send(&get_request(&base), Blocking::default()).expect("a head");
    // Far more than comes until the hook is looked at.
    let mut memory = vec![0; 1 << 30];
    let mut hook = || true;
    let read = response.read_full(&mut memory, 0, Blocking::interruptible(&mut hook));
    let error = read.expect_err("interrupted");
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    drop(response);
    server.join().expect("the server ends");
}
