//! Where the time of an exchange went behind another one and through proxies: whatever the road, the parts
//! are the whole.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::common::puppet::*;
use crate::common::*;
use keepalive_core::*;

/// Asserts what holds for every exchange.
fn told(response: Response) -> (Info, Timings) {
    let (info, timings) = (response.info(), response.timings());
    let Timings { queued, stalled, resolve, connect, tls, send, wait, receive, total } = timings;
    let sum = queued + stalled + resolve + connect + tls + send + wait + receive;
    assert_eq!(sum, total, "{timings:?}");
    assert!(!total.is_zero(), "{timings:?}");
    if info.reused {
        assert_eq!([resolve, connect, tls], [Duration::ZERO; 3], "{timings:?}");
    }
    (info, timings)
}

/// A request's response by both waits.
fn both(client: &Client, url: &str, test: impl Fn(Info, Timings)) {
    let (info, timings) = told(get(client, url));
    test(info, timings);
    let (info, timings) = told(submit(client, get_request(url), Until::Body).expect("a response"));
    test(info, timings);
}

#[test]
fn a_place_behind_others_is_in_the_queue_until_its_turn() {
    let server = puppet();
    let (client, say) = server.warm(|_| {});
    let queue = Queue::new(|| {});
    let _calls = server.submit(&client, &queue, 1..4);
    for token in 1..4 {
        assert_eq!(server.heard(), (0, format!("/{token}")));
    }
    let held = Duration::from_millis(30);
    for _ in 1..4 {
        std::thread::sleep(held);
        say.send(Some(ok(b"x"))).expect("sent");
    }
    for _ in 1..4 {
        let Completion { token, outcome } = completion(&queue);
        let (info, timings) = told(response(outcome).expect("an answer"));
        assert!(info.reused && info.pipelined == (token > 1), "{info:?}");
        assert!(timings.total >= held * token as u32, "{timings:?}");
        // The one in front waits for its answer, those behind it for their turn.
        let before = if token == 1 { timings.queued } else { timings.send };
        assert!(before.is_zero(), "{token}: {timings:?}");
        assert!(token == 1 || timings.queued >= held * (token as u32 - 1), "{timings:?}");
    }
}

#[test]
fn a_replay_of_what_stood_behind_counts_from_the_whole_request() {
    let server = puppet();
    let (client, say) = server.warm(|_| {});
    let queue = Queue::new(|| {});
    let _calls = server.submit(&client, &queue, 1..3);
    assert_eq!([server.heard().1, server.heard().1], ["/1", "/2"]);
    let held = Duration::from_millis(30);
    std::thread::sleep(held);
    // The connection ends with the first answer begun, the second request goes to a new one.
    say.send(Some(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab".to_vec())).expect("sent");
    say.send(None).expect("sent");
    let next = server.connection();
    assert_eq!(server.heard(), (1, "/2".into()));
    next.send(Some(ok(b"2"))).expect("sent");
    for _ in 1..3 {
        let Completion { token, outcome } = completion(&queue);
        match (token, response(outcome)) {
            (2, result) => {
                let (info, timings) = told(result.expect("an answer"));
                assert!(!info.reused && info.replays == 1, "{info:?}");
                assert!(timings.total >= held, "{timings:?}");
            }
            (_, result) => {
                assert_eq!(result.err().map(|error| error.kind()), Some(ErrorKind::BodyTruncated))
            }
        }
    }
}

#[test]
fn a_forwarded_request_s_connection_is_the_proxy_s() {
    let proxy = script(|_, _| ok(b"hi"));
    let client = client(|config| config.proxy = Some(proxy.url.clone()));
    let seen = std::cell::Cell::new(0);
    both(&client, "http://nowhere.test/", |info, timings| {
        assert_eq!((info.reused, timings.tls), (seen.replace(1) == 1, Duration::ZERO));
        assert_eq!(info.reused, timings.connect.is_zero(), "{timings:?}");
    });
}

/// A proxy that opens tunnels.
fn tunnels() -> String {
    let listener = listen();
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("a connection");
            std::thread::spawn(move || -> Option<()> {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") {
                    client.read_exact(&mut byte).ok()?;
                    head.push(byte[0]);
                }
                let target = String::from_utf8(head).ok()?.split(' ').nth(1)?.to_string();
                let mut server = TcpStream::connect(target).ok()?;
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
                let mut back = (server.try_clone().ok()?, client.try_clone().ok()?);
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut back.0, &mut back.1);
                    let _ = back.1.shutdown(std::net::Shutdown::Both);
                });
                let _ = std::io::copy(&mut client, &mut server);
                let _ = server.shutdown(std::net::Shutdown::Both);
                Some(())
            });
        }
    });
    url
}

#[test]
fn a_tunnel_is_opened_once_and_its_opening_is_connecting() {
    let origin = origin();
    let proxy = tunnels();
    let client = trusting(&origin, |config| config.proxy = Some(proxy.clone()));
    let seen = std::cell::Cell::new(0);
    both(&client, &format!("{}/ok", origin.https()), |info, timings| {
        assert_eq!(info.reused, seen.replace(1) == 1);
        assert_eq!(timings.connect.is_zero() && timings.tls.is_zero(), info.reused);
        assert!(info.reused || (!timings.connect.is_zero() && !timings.tls.is_zero()));
    });
    // One that fails says where.
    let error = try_get(&client, "https://127.0.0.1:1/").err().expect("nobody is there");
    let timings = error.timings().expect("told");
    let Timings { queued, stalled, resolve, connect, tls, send, wait, receive, total } = *timings;
    assert_eq!(queued + stalled + resolve + connect + tls + send + wait + receive, total);
}
