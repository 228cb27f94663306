//! Exchanges against the scripted origin, with both waits over one pool.

use std::time::Duration;

use crate::common::*;
use keepalive_core::*;

#[test]
fn both_waits_share_one_connection() {
    let origin = origin();
    let client = client(|_| {});
    let url = format!("{}/ok", origin.http());
    for round in 0..10 {
        let response = match round % 2 {
            0 => try_get(&client, &url),
            _ => submit(&client, get_request(&url), Until::Body),
        };
        let response = response.expect("a response");
        assert_eq!(response.status(), 200);
        assert_eq!(response.info().reused, round > 0);
        assert_eq!(body(response), b"ok");
    }
    let stats = client.stats();
    assert_eq!((stats.opened, stats.reused, stats.idle, stats.active), (1, 9, 1, 0));
}

#[test]
fn tls_with_own_ca() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    for round in 0..4 {
        let url = format!("{}/bytes/300000", origin.https());
        let response = match round % 2 {
            0 => try_get(&client, &url),
            _ => submit(&client, get_request(&url), Until::Body),
        };
        let response = response.expect("a response");
        assert_eq!(response.info().reused, round > 0);
        assert_eq!(body(response).len(), 300_000);
    }
}

#[test]
fn an_untrusted_certificate_names_host_and_reason() {
    let origin = origin();
    let url = format!("{}/ok", origin.https());
    let error = try_get(&client(|_| {}), &url).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::CertificateRejected);
    assert!(error.message().contains("localhost"), "{error}");
    assert!(error.message().contains("issuer is not trusted"), "{error}");
}

#[test]
fn uploads_and_echo() {
    let origin = origin();
    let client = client(|_| {});
    let data: Vec<u8> = (0..3_000_000u32).map(|n| n as u8).collect();
    for until in [None, Some(Until::Body)] {
        let mut request =
            Request::new("POST", &format!("{}/echo-body", origin.http())).expect("a request");
        request.set_body(data.clone());
        let response = match until {
            None => client.send_whole(&request, Blocking::default()),
            Some(until) => submit(&client, request, until),
        };
        assert!(body(response.expect("a response")) == data);
    }
    assert!(origin.faults().is_empty());
}

#[test]
fn decodes_what_it_offered() {
    let origin = origin();
    let client = client(|_| {});
    let plain = body(get(&client, &format!("{}/compressible", origin.http())));
    for coding in ["gzip", "deflate", "deflate-raw", "br", "zstd"] {
        let mut request = get_request(&format!("{}/{coding}", origin.http()));
        request.set_decode(true);
        let response = client.send_whole(&request, Blocking::default()).expect(coding);
        assert_eq!(body(response), plain, "{coding}");
    }
}

#[test]
fn a_coded_body_that_is_cut_or_corrupt_is_an_error() {
    let origin = origin();
    let client = client(|_| {});
    for coding in ["gzip", "deflate", "deflate-raw", "br", "zstd"] {
        for fault in ["cut=1", "bad=1"] {
            let url = format!("{}/{coding}?{fault}", origin.http());
            let mut request = get_request(&url);
            request.set_decode(true);
            let result = client.send_whole(&request, Blocking::default());
            let error = result.err().unwrap_or_else(|| panic!("{coding} {fault}: no error"));
            assert_eq!(error.kind(), ErrorKind::DecodingFailed, "{coding} {fault}");
        }
    }
}

#[test]
fn timeouts_name_phase_peer_and_wait() {
    let origin = origin();
    let client = client(|_| {});
    let mut request = get_request(&format!("{}/stall", origin.http()));
    request.set_timeouts(Timeouts {
        header: Some(Some(Duration::from_millis(60))),
        ..Timeouts::default()
    });
    for until in [None, Some(Until::Head)] {
        let result = match until {
            None => client.send(&request, Blocking::default()),
            Some(until) => submit(&client, request.clone(), until),
        };
        let error = result.err().expect("a timeout");
        assert_eq!(error.kind(), ErrorKind::ReadTimeout);
        assert_eq!(error.phase(), Phase::Head);
        assert!(error.message().contains("60 ms"), "{error}");
        assert!(error.message().contains("127.0.0.1:"), "{error}");
    }
    assert_eq!(client.stats().active, 0);
}

#[test]
fn a_death_on_reuse_is_replayed_for_get_and_reported_for_post() {
    let origin = origin();
    let client = client(|_| {});
    let base = origin.http();
    for how in ["fin", "rst"] {
        get(&client, &format!("{base}/ok"));
        let url = format!("{base}/flaky?key=get-{how}&times=1&how={how}");
        let response = get(&client, &url);
        assert_eq!((response.status(), response.info().replays), (200, 1));

        get(&client, &format!("{base}/ok"));
        let url = format!("{base}/flaky?key=post-{how}&times=1&how={how}");
        let mut request = Request::new("POST", &url).expect("a request");
        request.set_body("x");
        let error = client.send(&request, Blocking::default()).err().expect("an error");
        assert!(error.reused());
        assert!(!error.retry_safe());
        assert_eq!(origin.journal(&format!("post-{how}")).len(), 1);
        assert_eq!(origin.journal(&format!("get-{how}")).len(), 2);
    }
}

#[test]
fn cancelling_ends_in_exactly_one_completion_and_frees_the_slot() {
    let origin = origin();
    let client = client(|_| {});
    let queue = Queue::new(|| {});
    let request = get_request(&format!("{}/stall", origin.http()));
    let calls: Vec<_> = (0..8)
        .map(|token| client.submit(request.clone(), Until::Head, &queue, token).expect("submitted"))
        .collect();
    calls.iter().for_each(Call::cancel);
    let mut ended = Vec::new();
    while ended.len() < calls.len() {
        ended.push(completion(&queue).token);
    }
    ended.sort_unstable();
    assert_eq!(ended, (0..8).collect::<Vec<_>>());
    assert_eq!((client.stats().active, client.stats().waiting), (0, 0));
}

#[test]
fn sixty_four_threads_stay_within_the_cap() {
    let origin = origin();
    let client = client(|config| config.max_per_host = 8);
    let url = format!("{}/bytes/1000", origin.http());
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(body(get(&client, &url)).len(), 1000);
                }
            });
        }
    });
    let stats = client.stats();
    assert!(stats.opened <= 8, "{stats:?}");
    assert_eq!((stats.active, stats.waiting, stats.dialing), (0, 0, 0));
}

#[test]
fn a_streamed_response_is_read_in_pieces() {
    let origin = origin();
    let client = client(|_| {});
    let request = get_request(&format!("{}/bytes/2000000", origin.http()));
    let mut response = client.send(&request, Blocking::default()).expect("a head");
    let mut total = 0;
    let mut buffer = vec![0; 70_000];
    loop {
        match response.read(&mut buffer, Blocking::default()).expect("a piece") {
            0 => break,
            count => total += count,
        }
    }
    assert_eq!(total, 2_000_000);
    assert_eq!(client.stats().idle, 1);
}

/// A server that sends back what it has read so far, as a piped echo does.
#[test]
fn an_echo_that_answers_while_it_reads_gets_the_whole_upload() {
    use std::io::{Read, Write};
    let listener = listen();
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    const SIZE: usize = 20_000_000;
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut socket, _) = listener.accept().expect("a connection");
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") {
                socket.read_exact(&mut byte).expect("a head");
                head.push(byte[0]);
            }
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\nConnection: close\r\n\r\n");
            socket.write_all(answer.as_bytes()).expect("taken");
            let mut left = SIZE;
            let mut buffer = vec![0; 65536];
            while left > 0 {
                let count = socket.read(&mut buffer).expect("a piece");
                socket.write_all(&buffer[..count]).expect("taken");
                left -= count;
            }
        }
    });
    let client = client(|_| {});
    for until in [None, Some(Until::Body)] {
        let mut request = Request::new("POST", &url).expect("a request");
        request.set_body(vec![b'e'; SIZE]);
        let response = match until {
            None => client.send_whole(&request, Blocking::default()),
            Some(until) => submit(&client, request, until),
        };
        assert_eq!(body(response.expect("a response")).len(), SIZE);
    }
    server.join().expect("the server is content");
}
