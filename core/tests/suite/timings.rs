//! Where the time of an exchange went, on all the ways that it can take, and what else is told of it.

use std::io::{Read, Write};
use std::sync::mpsc::channel;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::common::*;
use bytes::Bytes;
use keepalive_core::*;

/// Asserts what holds for every exchange.
fn told(info: &Info, timings: &Timings) {
    let Timings { queued, stalled, resolve, connect, tls, send, wait, receive, total } = *timings;
    let sum = queued + stalled + resolve + connect + tls + send + wait + receive;
    assert_eq!(sum, total, "{timings:?}");
    if info.reused {
        assert_eq!([resolve, connect, tls], [Duration::ZERO; 3], "{timings:?}");
    }
}

fn checked(response: Response) -> (Info, Timings) {
    let (info, timings) = (response.info(), response.timings());
    told(&info, &timings);
    assert!(!timings.total.is_zero() && !timings.wait.is_zero(), "{timings:?}");
    (info, timings)
}

fn failed(result: Result<Response>) -> (Error, Info, Timings) {
    let error = result.err().expect("a failure");
    let info = error.info().expect("told").clone();
    let timings = *error.timings().expect("told");
    told(&info, &timings);
    (error, info, timings)
}

/// By both waits.
fn both(client: &Client, request: &Request, test: impl Fn(Result<Response>)) {
    test(client.send_whole(request, Blocking::default()));
    test(submit(client, request.clone(), Until::Body));
}

#[test]
fn a_new_connection_and_a_reused_one() {
    let origin = origin();
    for (base, secure) in [(origin.http(), false), (origin.https(), true)] {
        for submitted in [false, true] {
            let client = trusting(&origin, |_| {});
            let once = |url: &str| match submitted {
                false => get(&client, url),
                true => submit(&client, get_request(url), Until::Body).expect("a response"),
            };
            let url = format!("{base}/ok");
            let (info, timings) = checked(once(&url));
            assert!(!info.reused && info.requests == 1, "{info:?}");
            assert!(!timings.connect.is_zero() && timings.tls.is_zero() != secure, "{timings:?}");
            let (again, timings) = checked(once(&url));
            assert!(again.reused && again.requests == 2, "{again:?}");
            assert_eq!(
                (again.connection_id, &again.local_address),
                (info.connection_id, &info.local_address)
            );
            assert!(timings.queued.is_zero() && timings.stalled.is_zero(), "{timings:?}");
            assert!(
                base.ends_with(again.peer_address.as_deref().expect("a peer")) || secure,
                "{again:?}"
            );
            assert!(again.local_address.as_deref().expect("an end").starts_with("127.0.0.1:"));
        }
    }
}

#[test]
fn bytes_are_those_of_head_and_body_both_ways() {
    let answer =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n";
    let server = script(|head, _| {
        let big = ok(&vec![b'x'; 300_000]);
        if head.starts_with("GET /big") { big } else { answer.to_vec() }
    });
    let client = client(|config| config.user_agent = None);
    let host = server.url.trim_start_matches("http://").len();
    let mut request = Request::new("POST", &server.url).expect("a request");
    request.set_body("four");
    let sent = "POST / HTTP/1.1\r\nHost: \r\nContent-Length: 4\r\n\r\nfour".len() + host;
    for _ in 0..2 {
        both(&client, &request, |response| {
            let (info, _) = checked(response.expect("a response"));
            assert_eq!((info.bytes_sent, info.bytes_received), (sent as u64, answer.len() as u64));
        });
    }
    let mut response = client
        .send(&get_request(&format!("{}/big", server.url)), Blocking::default())
        .expect("a head");
    let whole = ok(&vec![b'x'; 300_000]).len() as u64;
    let (at_head, before) = (response.info().bytes_received, response.timings());
    assert!(at_head < whole && before.receive.is_zero(), "{at_head}");
    let mut piece = vec![0; 7_000];
    while response.read(&mut piece, Blocking::default()).expect("a piece") > 0 {}
    assert_eq!(response.info().bytes_received, whole);
    let after = response.timings();
    told(&response.info(), &after);
    assert!(!after.receive.is_zero());
    assert_eq!(after.total - after.receive, before.total);
}

#[test]
fn a_wait_for_a_connection_is_in_the_queue() {
    let (here, arrived) = channel();
    let (go, gate) = channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let server = script(move |head, _| {
        if head.starts_with("GET /first") {
            let _ = here.send(());
            let _ = gate.lock().expect("no panic").recv();
        }
        ok(b"hi")
    });
    let client = client(|config| config.max_per_host = 1);
    let queue = Queue::new(|| {});
    let until = Until::Body;
    client.submit(get_request(&format!("{}/first", server.url)), until, &queue, 1).expect("sent");
    arrived.recv().expect("it came");
    client.submit(get_request(&server.url), until, &queue, 2).expect("submitted");
    eventually(&client, |stats| stats.waiting == 1);
    std::thread::sleep(Duration::from_millis(20));
    go.send(()).expect("it waits");
    checked(response(next(&queue)).expect("a response"));
    let (info, timings) = checked(response(next(&queue)).expect("a response"));
    assert!(info.reused && timings.queued >= Duration::from_millis(20), "{timings:?}");
    assert!(timings.stalled.is_zero(), "{timings:?}");
}

#[test]
fn a_warmed_connection_costs_its_first_request_nothing() {
    let origin = origin();
    let client = client(|_| {});
    client.warm(origin.http(), 1, Blocking::default()).expect("opened");
    let (info, timings) = checked(get(&client, &format!("{}/ok", origin.http())));
    assert!(!info.reused && timings.connect.is_zero() && timings.queued.is_zero(), "{timings:?}");
}

#[test]
fn what_was_before_the_try_that_was_answered_has_stalled_it() {
    let served = std::sync::atomic::AtomicUsize::new(0);
    let server = script(move |head, _| {
        let number = served.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let pause = Duration::from_millis(30);
        match number {
            // The second request finds its connection dead.
            1 => {
                std::thread::sleep(pause);
                Vec::new()
            }
            3 if head.starts_with("GET /busy") => {
                std::thread::sleep(pause);
                b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".to_vec()
            }
            5 => {
                std::thread::sleep(pause);
                b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n".to_vec()
            }
            _ => ok(b"hi"),
        }
    });
    let client = client(|config| config.retries = 1);
    let pause = Duration::from_millis(30);
    checked(get(&client, &server.url));
    let (info, timings) = checked(get(&client, &server.url));
    assert_eq!((info.replays, info.requests, info.reused), (1, 1, false));
    assert!(timings.stalled >= pause && !timings.connect.is_zero(), "{timings:?}");
    let (info, timings) = checked(get(&client, &format!("{}/busy", server.url)));
    assert!(info.retries == 1 && timings.stalled >= pause, "{timings:?}");
    let mut request = get_request(&server.url);
    request.set_follow_redirects(true);
    let (info, timings) = checked(client.send_whole(&request, Blocking::default()).expect("ok"));
    assert!(info.redirects == 1 && timings.stalled >= pause, "{timings:?}");
    assert!(timings.wait < timings.total - pause, "of the last hop: {timings:?}");
}

#[test]
fn a_second_try_that_wins_is_what_is_told() {
    // Never answers a first try of /late, which goes to the connection that was used last.
    let listener = listen();
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let late = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, late) = (stream.expect("a connection"), late.clone());
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut request) {
                    let is_late = request[..count].starts_with(b"GET /late");
                    if is_late && late.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
                        continue;
                    }
                    let _ = stream.write_all(&ok(b"hi"));
                }
            });
        }
    });
    let client = client(|config| config.hedge = true);
    client.warm(&url, 2, Blocking::default()).expect("opened");
    for _ in 0..20 {
        get(&client, &url);
    }
    let (info, timings) = checked(get(&client, &format!("{url}/late")));
    assert!(info.hedge_won, "{info:?}");
    assert!(!timings.stalled.is_zero() && timings.connect.is_zero(), "{timings:?}");
    assert_eq!(info.bytes_received, ok(b"hi").len() as u64);
}

/// Gives its pieces when they are asked for.
struct Slow(usize);

/// As many of 256 KiB at once.
struct Large(usize);

impl BodySource for Large {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        self.0 = self.0.saturating_sub(1);
        Poll::Ready(Ok((self.0 > 0).then(|| vec![0; 256 * 1024].into())))
    }
}

impl BodySource for Slow {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        std::thread::sleep(Duration::from_millis(5));
        self.0 = self.0.saturating_sub(1);
        Poll::Ready(Ok((self.0 > 0).then(|| Bytes::from_static(b"piece"))))
    }
}

#[test]
fn a_streamed_body_is_sending_and_an_early_answer_ends_it() {
    let origin = origin();
    let client = client(|_| {});
    for url in ["/echo", "/ok"] {
        let mut request =
            Request::new("POST", &format!("{}{url}", origin.http())).expect("a request");
        request.set_body_stream(Box::new(Slow(6)), None);
        let response = client.send_whole(&request, Blocking::default()).expect("a response");
        let (info, timings) = checked_early(response);
        assert!(info.bytes_sent > 0 && timings.send >= Duration::from_millis(10), "{timings:?}");
    }
    // Refused at its head: the rest of the body is not sent.
    let listener = listen();
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let mut stream = listener.accept().expect("a connection").0;
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let mut request = Request::new("POST", &url).expect("a request");
    request.set_body_stream(Box::new(Large(10_000)), None);
    let response = client.send_whole(&request, Blocking::default()).expect("a response");
    assert_eq!(response.status(), 413);
    let (info, timings) = checked_early(response);
    assert!(info.bytes_sent < 9_000 * 256 * 1024, "{info:?}");
    assert!(timings.wait.is_zero() && !timings.send.is_zero(), "{timings:?}");
}

fn checked_early(response: Response) -> (Info, Timings) {
    let (info, timings) = (response.info(), response.timings());
    told(&info, &timings);
    (info, timings)
}

#[test]
fn interim_heads_are_kept_in_their_order() {
    let heads = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n";
    let server = script(|_, _| [&heads[..], &ok(b"hi")].concat());
    let client = client(|_| {});
    both(&client, &get_request(&server.url), |response| {
        let response = response.expect("a response");
        let told = response.informational();
        assert_eq!(told.iter().map(|head| head.status).collect::<Vec<_>>(), [103, 102]);
        assert_eq!(told[0].fields.at(1), Some((&b"link"[..], &b"</b>"[..])));
        assert_eq!(response.info().bytes_received, (heads.len() + ok(b"hi").len()) as u64);
    });
    assert!(get(&client, &server.url).informational().len() == 2);
}

#[test]
fn a_failure_tells_where_its_time_went() {
    // On a busy machine 40 ms pass before any server has answered: the limit is for the silent one alone.
    let hasty = client(|config| config.header_timeout = Some(Duration::from_millis(40)));
    let client = client(|_| {});
    let refused = listen().local_addr().expect("one");
    let request = get_request(&format!("http://{refused}/"));
    both(&client, &request, |result| {
        let (error, info, timings) = failed(result);
        assert_eq!((error.kind(), info.connection_id), (ErrorKind::ConnectFailed, 0));
        assert!(!timings.connect.is_zero() && timings.wait.is_zero(), "{timings:?}");
    });
    let silent = listen();
    let request = get_request(&format!("http://{}/", silent.local_addr().expect("one")));
    both(&hasty, &request, |result| {
        let (error, info, timings) = failed(result);
        assert_eq!(error.kind(), ErrorKind::ReadTimeout);
        assert!(info.connection_id > 0 && info.bytes_sent > 0, "{info:?}");
        assert!(info.peer_address.is_some() && !info.reused, "{info:?}");
        assert!(timings.wait >= Duration::from_millis(30), "{timings:?}");
    });
    let cutting =
        script(move |head, _| if head.starts_with("GET /cut") { Vec::new() } else { ok(b"hi") });
    let (error, _, timings) = failed(try_get(&client, &format!("{}/cut", cutting.url)));
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    assert!(!timings.wait.is_zero(), "{timings:?}");
    let half = listen();
    let url = format!("http://{}/", half.local_addr().expect("one"));
    std::thread::spawn(move || {
        let mut stream = half.accept().expect("a connection").0;
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    });
    let (error, info, _) = failed(try_get(&client, &url));
    assert_eq!(
        (error.kind(), error.partial_body()),
        (ErrorKind::BodyTruncated, Some(&b"half"[..]))
    );
    assert_eq!(info.bytes_received, 42);
    assert!(try_get(&client, "http://").err().expect("no host").info().is_none());
}

#[test]
fn the_socket_of_a_unix_domain_is_named() {
    let path = std::env::temp_dir().join(format!("ka-timings-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    std::thread::spawn(move || {
        let mut stream = listener.accept().expect("a connection").0;
        let mut request = [0; 4096];
        while let Ok(1..) = stream.read(&mut request) {
            let _ = stream.write_all(&ok(b"hi"));
        }
    });
    let shown = path.to_string_lossy().into_owned();
    let client = client(|config| config.unix_socket = Some(shown.clone()));
    let (info, _) = checked(get(&client, "http://localhost/"));
    assert_eq!((info.peer_address.as_deref(), info.local_address), (Some(&*shown), None));
    let _ = std::fs::remove_file(&path);
}
