//! An observer is told of what happens to a request and to the connections of a client, in order; the
//! facts and counters that every caller sees tell the same.

use std::sync::{Arc, Mutex};

use keepalive_core::*;

use crate::common::{ok, script};

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
            // Steps between these: the tests below.
            _ => return,
        };
        self.0.lock().expect("never poisoned").push(line);
    }
}

/// Every event with the number of its request, by its name.
#[derive(Default)]
struct Steps(Mutex<Vec<(u64, String)>>);

impl Steps {
    fn names(&self) -> Vec<String> {
        self.0.lock().expect("never poisoned").drain(..).map(|(_, name)| name).collect()
    }

    fn requests(&self) -> Vec<u64> {
        self.0.lock().expect("never poisoned").iter().map(|(request, _)| *request).collect()
    }
}

impl Observer for Steps {
    fn observe(&self, _: &Event<'_>) {
        panic!("told without its request");
    }

    fn observe_of(&self, request: u64, event: &Event<'_>) {
        let shown = format!("{event:?}");
        let name = shown.split([' ', '(']).next().unwrap_or_default().to_string();
        let name = match event {
            Event::Resolved { failed, .. }
            | Event::Connected { failed, .. }
            | Event::Secured { failed, .. } => match failed {
                Some(kind) => format!("{name} {kind:?}"),
                None => name,
            },
            Event::Failed(error) => format!("{name} {:?}", error.kind()),
            Event::DialFailed { error, .. } => format!("{name} {:?}", error.kind()),
            _ => name,
        };
        self.0.lock().expect("never poisoned").push((request, name));
    }
}

/// What a new connection brings, and what follows it.
const DIAL: [&str; 4] = ["Resolving", "Resolved", "Connecting", "Connected"];
const TLS: [&str; 2] = ["Securing", "Secured"];
const EXCHANGE: [&str; 7] = ["Picked", "HeadSent", "Sent", "FirstByte", "Head", "Returned", "End"];

#[test]
fn every_step_is_told_to_the_request_and_its_client_in_order_with_its_number() {
    let origin = keepalive_origin::Origin::start(Default::default()).expect("the origin starts");
    for (base, secure) in [(origin.http(), false), (origin.https(), true)] {
        for submitted in [false, true] {
            let (all, own) = (Arc::<Steps>::default(), Arc::<Steps>::default());
            let client = crate::common::trusting(&origin, |_| {});
            client.set_observer(all.clone()).expect("the first");
            assert!(client.set_observer(own.clone()).is_err(), "there is one");
            let mut request = Request::new("GET", &format!("{base}/ok")).expect("a request");
            request.set_observer(own.clone());
            let send = || match submitted {
                false => client.send_whole(&request, Blocking::default()).expect("ok"),
                true => crate::common::submit(&client, request.clone(), Until::Body).expect("ok"),
            };
            send();
            let handshake: &[&str] = if secure { &TLS } else { &[] };
            let expected = [&["Started", "Queued"], &DIAL[..], handshake, &["Dialled"], &EXCHANGE];
            let requests = own.requests();
            assert!(
                requests[0] > 0 && requests.iter().all(|one| *one == requests[0]),
                "{requests:?}"
            );
            assert_eq!(own.names(), expected.concat());
            assert_eq!(all.names(), expected.concat());
            send();
            assert_eq!(own.names(), [&["Started", "Queued"][..], &EXCHANGE].concat());
        }
    }
}

#[test]
fn failures_of_a_dial_and_of_a_body_are_told() {
    let (client, own) = (crate::common::client(|_| {}), Arc::<Steps>::default());
    let told = |url: &str| {
        let mut request = Request::new("GET", url).expect("a request");
        request.set_observer(own.clone());
        let result = client.send_whole(&request, Blocking::default());
        (result.err().expect("a failure").kind(), own.names())
    };
    let closed = crate::common::listen().local_addr();
    let (_, names) = told(&format!("http://{}/", closed.expect("an address")));
    let begun = ["Started", "Queued", "Resolving", "Resolved", "Connecting"];
    let ends = ["Connected ConnectFailed", "DialFailed ConnectFailed", "Failed ConnectFailed"];
    assert_eq!(names, [&begun[..], &ends].concat());
    let origin = crate::common::origin();
    let (kind, names) = told(&format!("{}/ok", origin.https()));
    assert!(names.contains(&format!("Secured {kind:?}")), "{names:?}");
    let cut = crate::common::listen();
    let url = format!("http://{}/", cut.local_addr().expect("an address"));
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let mut stream = cut.accept().expect("a connection").0;
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    });
    let (kind, names) = told(&url);
    assert_eq!(kind, ErrorKind::BodyTruncated);
    assert_eq!(names.last(), Some(&format!("Failed {kind:?}")), "{names:?}");
    let (kind, names) = told("http://nowhere.invalid/");
    assert_eq!(kind, ErrorKind::ResolveFailed);
    assert!(names.contains(&"Resolved ResolveFailed".to_string()), "{names:?}");
}

/// Uses the client that tells it, from within.
struct Meddler {
    client: std::sync::OnceLock<Client>,
    url: String,
    inside: std::sync::atomic::AtomicBool,
    close: bool,
}

impl Observer for Meddler {
    fn observe(&self, event: &Event<'_>) {
        use std::sync::atomic::Ordering::SeqCst;
        // The engine's thread must not wait.
        let here = !matches!(event, Event::Resolving { .. } | Event::Connecting { .. });
        if !here || std::thread::current().name() == Some("keepalive") {
            return;
        }
        let Some(client) = self.client.get().filter(|_| !self.inside.swap(true, SeqCst)) else {
            return;
        };
        client.stats();
        if self.close {
            client.close();
        } else {
            let request = Request::new("GET", &self.url).expect("a request");
            let answer = client.send_whole(&request, Blocking::default());
            assert_eq!(answer.expect("a response").status(), 200);
        }
        self.inside.store(false, SeqCst);
    }
}

#[test]
fn an_observer_may_use_the_client_that_tells_it() {
    let server = script(|_, _| ok(b"hi"));
    for close in [false, true] {
        let (client, url) = (crate::common::client(|_| {}), server.url.clone());
        let (cell, inside) = (std::sync::OnceLock::new(), false.into());
        let meddler = Arc::new(Meddler { client: cell, url, inside, close });
        assert!(meddler.client.set(client.clone()).is_ok());
        client.set_observer(meddler.clone()).expect("the first");
        let answer = crate::common::try_get(&client, &server.url);
        assert_eq!(answer.is_err(), close, "a closed client refuses what has no connection yet");
    }
}

#[test]
fn an_observer_that_is_off_is_told_nothing_of_requests() {
    struct Off(Steps);
    impl Observer for Off {
        fn observe(&self, event: &Event<'_>) {
            self.0.observe_of(0, event);
        }
        fn is_on(&self) -> bool {
            false
        }
    }
    let server = script(|_, _| ok(b"hi"));
    let (client, off) = (crate::common::client(|_| {}), Arc::new(Off(Steps::default())));
    client.set_observer(off.clone()).expect("the first");
    crate::common::get(&client, &server.url);
    // Only what the pool tells of its connections.
    assert_eq!(off.0.names(), ["Dialled", "Returned"]);
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
