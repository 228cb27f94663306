//! Uploads: which bodies wait for the server's word by themselves, what is learnt of servers that do not
//! give it, and trailers.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::common::uploads::*;
use crate::common::*;
use keepalive_core::*;

#[test]
fn a_body_waits_by_itself_above_the_threshold_or_without_a_length() {
    let (url, seen) = server(|head| if head.contains("Expect") { GO_ON } else { b"" });
    for queued in [false, true] {
        let client = client(|_| {});
        for (request, asks) in [
            (put(&url, LARGE), true),
            (put(&url, LARGE - 1), false),
            (streamed(&url, None, None), true),
            (streamed(&url, Some(4), None), false),
        ] {
            assert_eq!(send(&client, &request, queued).expect("a response").status(), 200);
            let seen = seen.recv().expect("served");
            assert_eq!((seen.asks(), seen.whole), (asks, true), "{}", seen.head);
        }
        assert_eq!(client.stats().opened, 1);
    }
}

#[test]
fn a_request_decides_for_itself_and_a_client_for_all() {
    let (url, seen) = server(|head| if head.contains("Expect") { GO_ON } else { b"" });
    let never = client(|config| config.expect_threshold = 0);
    send(&never, &put(&url, LARGE), false).expect("a response");
    assert!(!seen.recv().expect("served").asks());
    let mut request = put(&url, 1);
    request.add_header(b"Expect", b"100-continue").expect("a field");
    send(&never, &request, false).expect("a response");
    assert!(seen.recv().expect("served").asks());
    let small = client(|config| config.expect_threshold = 9);
    send(&small, &put(&url, 10), false).expect("a response");
    assert!(seen.recv().expect("served").asks());
    let mut request = put(&url, LARGE);
    request.add_header(b"expect", b"").expect("a field");
    send(&small, &request, false).expect("a response");
    assert!(!seen.recv().expect("served").head.to_lowercase().contains("expect"));
}

#[test]
fn a_refused_body_is_not_sent() {
    for queued in [false, true] {
        let (url, seen) = server(|_| b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
        let client = client(|_| {});
        let response = send(&client, &put(&url, LARGE), queued).expect("a response");
        assert_eq!(response.status(), 413);
        let seen = seen.recv().expect("served");
        // The server would take the next request for the body.
        assert_eq!((seen.body.len(), seen.whole), (0, false));
        assert_eq!(eventually(&client, |stats| stats.active == 0).idle, 0);
    }
}

#[test]
fn a_server_that_ignores_it_costs_a_second_once() {
    let (url, seen) = server(|_| b"");
    let client = client(|_| {});
    for queued in [false, true] {
        let begun = Instant::now();
        send(&client, &put(&url, LARGE), queued).expect("a response");
        let seen = seen.recv().expect("served");
        assert_eq!((seen.asks(), seen.whole), (!queued, true));
        assert!(queued || begun.elapsed() >= Duration::from_secs(1));
    }
    // Nor does one wait that asks by itself, on any connection.
    client.close_idle();
    let mut request = put(&url, 5);
    request.add_header(b"Expect", b"100-continue").expect("a field");
    send(&client, &request, false).expect("a response");
    assert!(seen.recv().expect("served").asks());
}

#[test]
fn a_short_limit_is_not_spent_on_waiting() {
    let (url, seen) = server(|_| b"");
    let client = client(|config| config.total_timeout = Some(Duration::from_secs(1)));
    send(&client, &put(&url, LARGE), false).expect("a response");
    assert!(seen.recv().expect("served").asks());
}

#[test]
fn a_word_that_comes_late_is_one() {
    // It says the word when a part of the body is here.
    let listener = listen();
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let (sender, heads) = channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut writer = stream.try_clone().expect("a socket");
        let mut reader = BufReader::new(stream);
        for late in [true, false] {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).expect("a head");
            }
            let mut body = vec![0; LARGE];
            if late {
                reader.read_exact(&mut body[..1]).expect("a byte");
                writer.write_all(GO_ON).expect("written");
                reader.read_exact(&mut body[1..]).expect("a body");
            } else {
                writer.write_all(GO_ON).expect("written");
                reader.read_exact(&mut body).expect("a body");
            }
            writer.write_all(OK).expect("written");
            sender.send(head).expect("heard");
        }
    });
    let client = client(|_| {});
    for _ in 0..2 {
        send(&client, &put(&url, LARGE), false).expect("a response");
        assert!(heads.recv().expect("served").contains("Expect: 100-continue"));
    }
}

#[test]
fn a_417_is_sent_again_without_it_once() {
    for queued in [false, true] {
        let (url, seen) = server(|head| if head.contains("Expect") { REFUSED } else { b"" });
        let client = client(|_| {});
        for request in [put(&url, LARGE), streamed(&url, None, None)] {
            assert_eq!(send(&client, &request, queued).expect("a response").status(), 200);
        }
        let mut asked = put(&url, 5);
        asked.add_header(b"X-A", b"1").expect("a field");
        asked.add_header(b"Expect", b"100-continue").expect("a field");
        asked.add_header(b"X-B", b"2").expect("a field");
        assert_eq!(send(&client, &asked, queued).expect("a response").status(), 200);
        let seen: Vec<Seen> = (0..5).map(|_| seen.recv().expect("served")).collect();
        // The server tells of a request when it has ended, so those of two connections come in any order.
        let (own, others): (Vec<_>, Vec<_>) =
            seen.iter().partition(|seen| seen.head.contains("X-A: 1\r\n"));
        let asks = |seen: &[&Seen]| seen.iter().filter(|seen| seen.asks()).count();
        // What is remembered keeps the second from asking; the third asks by its own field.
        assert_eq!((others.len(), asks(&others)), (3, 1), "{seen:?}");
        assert_eq!((own.len(), asks(&own)), (2, 1), "{seen:?}");
        let again = own.iter().find(|seen| !seen.asks()).expect("without it");
        assert!(again.head.contains("X-A: 1\r\nX-B: 2\r\n") && again.body == b"xxxxx");
        // One that refuses it without being asked is heard.
        let (url, _seen) = server(|_| REFUSED);
        let status = send(&client, &put(&url, LARGE), queued).expect("a response").status();
        assert_eq!(status, 417);
    }
}

#[test]
fn a_server_of_http_1_0_is_not_asked_again() {
    const OLD: &[u8] = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    let (url, seen) = serving(|_| b"", OLD);
    let client = client(|_| {});
    send(&client, &put(&url, 1), false).expect("a response");
    assert!(!seen.recv().expect("served").asks());
    // It is known of the connection.
    send(&client, &put(&url, LARGE), false).expect("a response");
    assert!(!seen.recv().expect("served").asks());
}

#[test]
fn what_was_told_to_go_on_is_replayed_and_retried_as_before() {
    // The connection dies after the word, with the body half-way.
    let listener = listen();
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for attempt in 0.. {
            let (stream, _) = listener.accept().expect("a connection");
            let mut writer = stream.try_clone().expect("a socket");
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).expect("a head");
            }
            writer.write_all(GO_ON).expect("written");
            let mut body = vec![0; if attempt == 0 { 1000 } else { LARGE }];
            reader.read_exact(&mut body).expect("a body");
            if attempt > 0 {
                writer.write_all(OK).expect("written");
            }
        }
    });
    let client = client(|config| config.retries = 1);
    let response = send(&client, &put(&url, LARGE), false).expect("a response");
    assert_eq!((response.status(), response.info().retries), (200, 1));
}

#[test]
fn trailers_follow_chunks_and_are_announced() {
    let (url, seen) = server(|head| if head.contains("Expect") { GO_ON } else { b"" });
    let client = client(|_| {});
    for queued in [false, true] {
        for mut request in [put(&url, 5), streamed(&url, None, None), streamed(&url, Some(4), None)]
        {
            request.add_trailer(b"X-One", b" 1 ").expect("a field");
            let told = || Ok(b"2".to_vec());
            request.add_told_trailer(b"X-Two", Arc::new(told)).expect("a field");
            send(&client, &request, queued).expect("a response");
            let seen = seen.recv().expect("served");
            assert!(seen.head.contains("Trailer: X-One, X-Two\r\n"), "{}", seen.head);
            assert!(seen.head.contains("Transfer-Encoding: chunked\r\n"), "{}", seen.head);
            assert_eq!(seen.trailers, "X-One: 1\r\nX-Two: 2\r\n");
        }
        let mut own = put(&url, 5);
        own.add_header(b"Trailer", b"X-One").expect("a field");
        own.add_trailer(b"X-One", b"1").expect("a field");
        send(&client, &own, queued).expect("a response");
        assert_eq!(seen.recv().expect("served").head.matches("Trailer").count(), 1);
    }
    assert_eq!(client.stats().opened, 1);
}

#[test]
fn trailers_that_cannot_be_are_refused_before_anything_is_sent() {
    let client = client(|_| {});
    let mut request = put("http://127.0.0.1:1/", 5);
    for name in [&b"Content-Length"[..], b"host", b"authorization", b"If-Match", b"a b", b""] {
        let error = request.add_trailer(name, b"x").expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidHeader, "{error}");
    }
    request.add_trailer(b"X", b"a\r\nb").expect_err("refused");
    let mut empty = get_request("http://127.0.0.1:1/");
    empty.add_trailer(b"X", b"1").expect("a field");
    let mut long = put("http://127.0.0.1:1/", 5);
    long.add_header(b"Content-Length", b"5").expect("a field");
    long.add_trailer(b"X", b"1").expect("a field");
    for request in [empty, long] {
        let error = send(&client, &request, false).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidHeader, "{error}");
        assert!(error.message().starts_with("trailers: "), "{error}");
    }
}

#[test]
fn a_told_trailer_that_fails_fails_the_request() {
    let (url, seen) = server(|_| b"");
    let client = client(|_| {});
    for told in [|| Err(source_failed("no sum")), || Ok(b"a\nb".to_vec())] {
        let mut request = put(&url, 5);
        request.add_told_trailer(b"X", Arc::new(told)).expect("a field");
        let error = send(&client, &request, false).err().expect("it failed");
        assert!(error.message().contains("no sum") || error.message().contains("header value"));
        assert!(seen.try_iter().all(|seen| !seen.whole));
        assert_eq!(client.stats().idle, 0);
    }
}
