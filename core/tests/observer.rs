//! An observer is told of what happens to a request and to the connections of a client, in order; the
//! facts and counters that every caller sees tell the same.

mod common;

use std::sync::{Arc, Mutex};

use keepalive_core::*;

use common::{ok, script};

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("never poisoned"))
    }
}

impl Observer for Log {
    fn observe(&self, event: &Event<'_>) {
        let line = match event {
            Event::Queued => "queued".to_string(),
            Event::Dialled { connect, tls, .. } => {
                assert!(!connect.is_zero() && tls.is_zero());
                "dialled".to_string()
            }
            Event::Picked { reused, .. } => format!("picked reused={reused}"),
            Event::Sent { bytes } => format!("sent {bytes}"),
            Event::Informational(head) => format!("informational {}", head.status),
            Event::Head(head) => format!("head {}", head.status),
            Event::End => "end".to_string(),
            Event::Replay(kind) => format!("replay {kind:?}"),
            Event::Retry(_) => "retry".to_string(),
            Event::Hedge => "hedge".to_string(),
            Event::HedgeWon => "hedge won".to_string(),
            Event::Breaker => "breaker".to_string(),
            Event::Evicted { reason, .. } => format!("evicted {}", reason.name()),
            other => panic!("{other:?}"),
        };
        self.0.lock().expect("never poisoned").push(line);
    }
}

fn observed(change: impl FnOnce(&mut ClientConfig)) -> (Client, Arc<Log>) {
    let mut config = ClientConfig::default();
    change(&mut config);
    let log = Arc::<Log>::default();
    (Client::observed(config, log.clone()).expect("a client"), log)
}

fn send(client: &Client, method: &str, url: &str, log: Option<&Arc<Log>>) -> Result<Response> {
    let mut request = Request::new(method, url).expect("a request");
    if let Some(log) = log {
        request.set_observer(log.clone());
    }
    client.send_whole(&request, Blocking::default())
}

#[test]
fn the_events_of_a_request_come_in_order_to_client_and_request_alike() {
    let server = script(|_, _| [b"HTTP/1.1 103 Early Hints\r\n\r\n", &ok(b"hi")[..]].concat());
    let (client, all) = observed(|_| {});
    let own = Arc::<Log>::default();
    send(&client, "GET", &server.url, Some(&own)).expect("a response");
    let head = format!("GET / HTTP/1.1\r\nHost: {}\r\n", &server.url["http://".len()..]);
    let agent = client.config().user_agent.as_ref().map_or(0, |agent| agent.len() + 14);
    let sent = format!("sent {}", head.len() + agent + 2);
    let tail = ["picked reused=false", &sent, "informational 103", "head 200", "end"];
    let first = [&["queued", "dialled"][..], &tail].concat();
    assert_eq!(own.take(), first);
    assert_eq!(all.take(), first);

    send(&client, "GET", &server.url, None).expect("a response");
    let again = ["queued", "picked reused=true", &sent, "informational 103", "head 200", "end"];
    assert_eq!((all.take(), own.take()), (again.map(String::from).to_vec(), vec![]));

    client.close();
    assert_eq!(all.take(), ["evicted client_closed"]);
    let stats = client.stats();
    assert_eq!(
        (stats.opened, stats.reused, &stats.closed[..]),
        (1, 1, &[("client_closed", 1)][..])
    );
}

#[test]
fn a_replay_a_retry_and_the_breaker_are_told() {
    let served = std::sync::atomic::AtomicUsize::new(0);
    let server = script(move |head, _| {
        let number = served.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match number {
            // The second request finds its connection dead.
            1 => Vec::new(),
            _ if head.starts_with("GET /busy") => {
                b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".to_vec()
            }
            _ => ok(b"hi"),
        }
    });
    let (client, log) = observed(|config| config.retries = 1);
    send(&client, "GET", &server.url, None).expect("a response");
    log.take();
    let response = send(&client, "GET", &server.url, None).expect("a response");
    assert_eq!(response.info().replays, 1);
    let told = log.take();
    let at = |what: &str| told.iter().position(|line| line.starts_with(what));
    assert!(at("evicted failed") < at("replay ConnectionClosed"), "{told:?}");
    assert!(at("replay") < at("dialled") && at("dialled") < at("head 200"), "{told:?}");
    assert_eq!(told.iter().filter(|line| *line == "queued").count(), 2, "{told:?}");

    let response = send(&client, "GET", &format!("{}/busy", server.url), None).expect("503");
    assert_eq!((response.status(), response.info().retries), (503, 1));
    let told = log.take();
    assert_eq!(told.iter().filter(|line| *line == "retry").count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|line| *line == "head 503").count(), 2, "{told:?}");
    let stats = client.stats();
    assert_eq!((stats.replayed, stats.retried), (1, 1));
}

#[test]
fn a_body_that_comes_later_ends_when_it_has_been_read() {
    let server = script(|_, _| ok(&[b'a'; 300_000]));
    let (client, all) = observed(|_| {});
    let own = Arc::<Log>::default();
    let mut request = Request::new("GET", &server.url).expect("a request");
    request.set_observer(own.clone());
    let mut response = client.send(&request, Blocking::default()).expect("a head");
    assert!(!own.take().contains(&"end".to_string()));
    all.take();
    assert_eq!(response.read_all(Blocking::default()).expect("a body").len(), 300_000);
    assert_eq!((own.take(), all.take()), (vec!["end".to_string()], vec!["end".to_string()]));
}

#[test]
fn an_observer_that_panics_hurts_nobody() {
    struct Faulty;
    impl Observer for Faulty {
        fn observe(&self, _: &Event<'_>) {
            panic!("asked for");
        }
    }
    let server = script(|_, _| ok(b"hi"));
    let client = Client::observed(ClientConfig::default(), Arc::new(Faulty)).expect("a client");
    for _ in 0..2 {
        assert_eq!(send(&client, "GET", &server.url, None).expect("a response").status(), 200);
    }
    assert_eq!((client.stats().opened, client.stats().reused), (1, 1));
}
