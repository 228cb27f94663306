//! Waiting for a connection: a queue that moves is waited in, one that stands still is a fault that
//! says what holds the connections.

use std::sync::Arc;
use std::time::Duration;

use crate::common::*;
use keepalive_core::*;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Begins a body and never ends it; any other path is answered after 50 ms. Two
/// of them are on one host.
fn server() -> Script {
    script_at(listen_local(), |head, _| {
        if head.starts_with("GET /stream") {
            return b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun".to_vec();
        }
        std::thread::sleep(MS(50));
        ok(b"done")
    })
}

fn streams(client: &Client, server: &Script, count: usize) -> Vec<Response> {
    let request = Request::new("GET", &format!("{}/stream", server.url)).expect("a request");
    let send = |_| client.send(&request, Blocking::default()).expect("a head");
    (0..count).map(send).collect()
}

/// Both ways to wait.
fn both(client: &Client, url: &str, timeouts: Timeouts) -> [Result<Response>; 2] {
    let mut request = Request::new("GET", url).expect("a request");
    request.set_timeouts(timeouts);
    let blocking = client.send_whole(&request, Blocking::default());
    [blocking, submit(client, request, Until::Body)]
}

fn refused(result: Result<Response>, texts: &[&str]) {
    let error = result.err().expect("no connection");
    assert_eq!((error.kind(), error.phase()), (ErrorKind::PoolTimeout, Phase::Pool), "{error}");
    for text in texts {
        assert!(error.message().contains(text), "{text}: {error}");
    }
}

#[test]
fn a_queue_that_stands_still_fails_and_says_what_holds_the_connections() {
    let server = server();
    let client = client(|config| {
        config.max_per_host = 2;
        config.queue_stall_timeout = Some(MS(200));
    });
    let held = streams(&client, &server, 2);
    for result in both(&client, &server.url, Timeouts::default()) {
        let texts = ["200 ms (queue_stall_timeout)", "2 of 2 (max_per_host)"];
        refused(result, &[&texts[..], &["2 of them by responses", "1 requests wait"]].concat());
    }
    drop(held);
    for result in both(&client, &server.url, Timeouts::default()) {
        assert_eq!(result.expect("there is room again").status(), 200);
    }
}

#[test]
fn what_other_origins_hold_is_said_too() {
    let (first, second) = (server(), server());
    let client = client(|config| {
        config.max_total = 2;
        config.queue_stall_timeout = Some(MS(200));
    });
    let _held = streams(&client, &first, 2);
    for result in both(&client, &second.url, Timeouts::default()) {
        refused(result, &["2 of 2 (max_total)", "0 of them here"]);
    }
}

#[test]
fn a_queue_that_moves_is_waited_in_for_longer_than_the_limit() {
    let server = Arc::new(server());
    let client = client(|config| {
        config.max_per_host = 1;
        config.queue_stall_timeout = Some(MS(1_000));
    });
    let threads: Vec<_> = (0..20)
        .map(|_| {
            let (client, server) = (client.clone(), server.clone());
            std::thread::spawn(move || {
                for result in both(&client, &server.url, Timeouts::default()) {
                    assert_eq!(result.expect("its turn").status(), 200);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("all served"));
    assert_eq!(server.count(), 40);
}

#[test]
fn a_limit_that_a_request_gives_is_absolute() {
    let server = server();
    let client = client(|config| {
        config.max_per_host = 1;
        config.queue_stall_timeout = Some(MS(1));
    });
    let _held = streams(&client, &server, 1);
    let own = Timeouts { queue: Some(Some(MS(300))), ..Timeouts::default() };
    for result in both(&client, &server.url, own) {
        refused(result, &["within 300 ms"]);
    }
    let total = Timeouts { queue: Some(None), total: Some(Some(MS(300))), ..Timeouts::default() };
    for result in both(&client, &server.url, total) {
        let error = result.err().expect("no connection");
        assert_eq!(error.kind(), ErrorKind::TotalTimeout, "{error}");
    }
}
