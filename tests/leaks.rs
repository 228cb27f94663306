//! Nothing is left behind: threads and descriptors return to where they were after clients came and
//! went, dials failed, requests were cancelled or timed out, responses were dropped unread, plain and
//! TLS; and nothing waits longer than it was told to.
//!
//! One test, since the counts are the process's. The origin runs in it too, so its side of every
//! connection is counted as well.

mod support;

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use keepalive_core::*;
use keepalive_origin::{Origin, within};

/// How much later than its limit a wait may end on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

/// Descriptors and threads of this process.
fn counts() -> [usize; 2] {
    ["/proc/self/fd", "/proc/self/task"]
        .map(|dir| std::fs::read_dir(dir).expect("Linux has it").count())
}

struct Scene<'a> {
    origin: &'a Origin,
    base: &'a str,
    /// A server that takes no upload until this gate opens. It is opened after each step, since a
    /// server that does not read does not see its client go.
    upload: String,
}

impl Scene<'_> {
    fn client(&self, change: impl FnOnce(&mut ClientConfig)) -> Client {
        let mut config = ClientConfig::default();
        config.ca_file = Some(self.origin.ca_file().to_string_lossy().into_owned());
        change(&mut config);
        Client::new(config).expect("a client")
    }

    fn request(&self, path: &str) -> Request {
        Request::new("GET", &format!("{}{path}", self.base)).expect("a request")
    }
}

fn wait_for(queue: &Queue, count: usize) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    while outcomes.len() < count {
        assert!(queue.wait(Some(Duration::from_secs(30))), "{} of {count} ended", outcomes.len());
        let (taken, _) = queue.take(count);
        outcomes.extend(taken.into_iter().map(|completion| completion.outcome));
    }
    outcomes
}

/// Both waits, and the error and time each took.
fn failures(client: &Client, request: &Request) -> [(Error, Duration); 2] {
    let start = Instant::now();
    let sent = client.send_whole(request, Blocking::default()).err().expect("it fails when sent");
    let first = start.elapsed();
    let start = Instant::now();
    let queue = Queue::new(|| {});
    client.submit(request.clone(), Until::Body, &queue, 0).expect("submitted");
    match wait_for(&queue, 1).pop() {
        Some(Outcome::Response(Err(error))) => [(sent, first), (error, start.elapsed())],
        _ => panic!("it fails when submitted"),
    }
}

/// Until the engine has put away what it was still at.
fn settled(client: &Client) {
    let settled = || client.stats().active == 0;
    assert!(within(Duration::from_secs(20), settled), "{:?}", client.stats());
}

fn clients_come_and_go(scene: &Scene) {
    for _ in 0..20 {
        let client = scene.client(|_| {});
        client.send_whole(&scene.request("/ok"), Blocking::default()).expect("a response");
        let queue = Queue::new(|| {});
        for token in 0..8 {
            client.submit(scene.request("/ok"), Until::Body, &queue, token).expect("submitted");
        }
        // Dropped with some of them under way; they run to their end all the same.
        drop(client);
        assert_eq!(wait_for(&queue, 8).len(), 8);
    }
    for closes in [true, false] {
        let client = scene.client(|_| {});
        client.send_whole(&scene.request("/ok"), Blocking::default()).expect("a response");
        if closes {
            client.close();
        } else {
            client.close_idle();
        }
        assert_eq!(client.stats().idle, 0);
    }
}

fn dials_fail(scene: &Scene) {
    let unused = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = unused.local_addr().expect("an address");
    drop(unused);
    let endpoints = scene.origin.endpoints();
    let cases = [
        (format!("http://{address}/"), ErrorKind::ConnectFailed),
        (format!("https://{address}/"), ErrorKind::ConnectFailed),
        (endpoints.wrong_host.clone(), ErrorKind::CertificateRejected),
        (endpoints.expired.clone(), ErrorKind::CertificateRejected),
        (endpoints.untrusted.clone(), ErrorKind::CertificateRejected),
        (scene.origin.http().replace("http:", "https:"), ErrorKind::TlsHandshakeFailed),
    ];
    let client = scene.client(|_| {});
    for (url, kind) in cases {
        let request = Request::new("GET", &url).expect("a request");
        for (error, _) in failures(&client, &request) {
            assert_eq!(error.kind(), kind, "{url}: {error}");
        }
    }
    assert_eq!((client.stats().dialing, client.stats().active), (0, 0));
}

/// Listens and never accepts: TLS handshakes and answers do not come.
fn limits_pass(scene: &Scene) {
    let limit = Some(Some(Duration::from_millis(40)));
    let timeouts = Timeouts::default();
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a port");
    let deaf = format!("https://{}/", deaf.local_addr().expect("an address"));
    let upload = vec![b'x'; 30_000_000];
    let cases = [
        ("/stall", Timeouts { header: limit, ..timeouts }, ErrorKind::ReadTimeout),
        ("/stall-body?n=100&sent=10", Timeouts { read: limit, ..timeouts }, ErrorKind::ReadTimeout),
        (
            "/stall-body?n=100&sent=10",
            Timeouts { total: limit, ..timeouts },
            ErrorKind::TotalTimeout,
        ),
        (&scene.upload, Timeouts { send: limit, ..timeouts }, ErrorKind::SendTimeout),
        (&deaf, Timeouts { connect: limit, ..timeouts }, ErrorKind::ConnectTimeout),
    ];
    let client = scene.client(|_| {});
    for (path, timeouts, kind) in cases {
        let mut request = match path.starts_with('/') {
            true => scene.request(path),
            false => Request::new("GET", path).expect("a request"),
        };
        if kind == ErrorKind::SendTimeout {
            request = Request::new("POST", &format!("{}{path}", scene.base)).expect("a request");
            request.set_body(upload.clone());
        }
        request.set_timeouts(timeouts);
        for (error, took) in failures(&client, &request) {
            assert_eq!(error.kind(), kind, "{path}: {error}");
            assert!(took < Duration::from_millis(40) + SLACK, "{path}: {took:?}");
        }
    }
    // The only connection is taken: waiting for one has its limit too.
    let narrow = scene.client(|config| config.max_per_host = 1);
    let held = narrow.send(&scene.request("/stall-body?n=9&sent=1"), Blocking::default());
    let mut second = scene.request("/ok");
    second.set_timeouts(Timeouts { queue: limit, ..timeouts });
    for (error, took) in failures(&narrow, &second) {
        assert_eq!(error.kind(), ErrorKind::PoolTimeout, "{error}");
        assert!(took < Duration::from_millis(40) + SLACK, "{took:?}");
    }
    drop(held);
}

/// At every stage: waiting for a connection, dialling, waiting for the head, receiving the body,
/// sending, and at once.
fn submits_are_cancelled(scene: &Scene) {
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a port");
    let deaf = format!("https://{}/", deaf.local_addr().expect("an address"));
    let client = scene.client(|config| config.max_per_host = 4);
    let queue = Queue::new(|| {});
    let paths = ["/stall", "/stall-body?n=100&sent=10", "/ok", &scene.upload, "deaf"];
    for stage in 0..4 {
        let mut calls = Vec::new();
        for (number, path) in paths.iter().cycle().take(40).enumerate() {
            let mut request = match *path {
                "deaf" => Request::new("GET", &deaf).expect("a request"),
                path => scene.request(path),
            };
            if path.starts_with("/upload") {
                request = Request::new("PUT", &format!("{}{path}", scene.base)).expect("a request");
                request.set_body(vec![b'x'; 10_000_000]);
            }
            let call = client.submit(request, Until::Body, &queue, number as u64);
            let call = call.expect("submitted");
            if stage == 0 {
                call.cancel();
            }
            calls.push(call);
        }
        if stage >= 2 {
            let busy = || client.stats().active >= 4;
            assert!(within(Duration::from_secs(20), busy), "{:?}", client.stats());
        }
        calls.iter().for_each(Call::cancel);
        for outcome in wait_for(&queue, 40) {
            match outcome {
                Outcome::Response(Err(error)) => {
                    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
                }
                Outcome::Response(Ok(response)) => assert_eq!(response.status(), 200),
                _ => panic!("not a response"),
            }
        }
        settled(&client);
        assert_eq!(client.stats().waiting, 0);
    }
}

fn responses_are_dropped_unread(scene: &Scene) {
    let client = scene.client(|_| {});
    let queue = Queue::new(|| {});
    let paths = [
        "/bytes/100000",
        "/bytes/20000000",
        "/chunked/100000",
        "/close-delimited/100000",
        "/stall-body?n=100&sent=10",
        "/stall-body?n=10000000&sent=1000000",
    ];
    for path in paths {
        for how in 0..4 {
            let request = scene.request(path);
            if how == 0 {
                client.submit(request, Until::Head, &queue, 0).expect("submitted");
                drop(wait_for(&queue, 1));
                continue;
            }
            let mut response = client.send(&request, Blocking::default()).expect("a head");
            match how {
                1 => drop(response),
                2 => response.close(),
                _ => drop(response.read_chunk(5, Blocking::default()).expect("a piece")),
            }
        }
    }
    settled(&client);
    let stats = client.stats();
    let closed: u64 = stats.closed.iter().map(|(_, count)| count).sum();
    assert_eq!(stats.opened, closed + stats.idle, "{stats:?}");
}

/// A completion nobody takes, and a queue that is closed with work under way.
fn queues_are_abandoned(scene: &Scene) {
    let client = scene.client(|_| {});
    let queue = Queue::new(|| {});
    for token in 0..8 {
        client.submit(scene.request("/bytes/1000"), Until::Head, &queue, token).expect("submitted");
    }
    queue.close();
    assert!(!queue.wait(Some(Duration::ZERO)));
    let other = Queue::new(|| {});
    client.submit(scene.request("/ok"), Until::Body, &other, 0).expect("submitted");
    assert!(other.wait(Some(Duration::from_secs(20))));
    drop((queue, other));
    settled(&client);
}

/// The fork program counts for itself, in parent, child and grandchild; here it must end, and with it
/// all its connections.
fn processes_fork(scene: &Scene) {
    let program = support::compile(&support::root().join("tests/c/fork.c"), support::C11);
    let mut command = Command::new(program);
    command.args([scene.origin.http(), scene.origin.https()]).arg(scene.origin.ca_file());
    let output = support::run(&mut command, "");
    assert!(output.status.success(), "{}", support::text(&output));
}

#[test]
fn threads_and_descriptors_return_to_where_they_were() {
    let origin = support::origin();
    let scenes = [(origin.http(), "plain"), (origin.https(), "tls")].map(|(base, gate)| Scene {
        origin: &origin,
        base,
        upload: format!("/upload-count?gate={gate}"),
    });
    let [_, threads] = counts();
    // The engine is started once and stays: one thread and its descriptors.
    for scene in &scenes {
        clients_come_and_go(scene);
    }
    let returned = |baseline: Option<usize>, name: &str, base: &str| {
        assert!(origin.wait_for_open(0, Duration::from_secs(20)), "{name} {base}: connections");
        let [mut descriptors, _] = counts();
        let baseline = baseline.unwrap_or(descriptors);
        let back = within(Duration::from_secs(20), || {
            [descriptors, _] = counts();
            descriptors <= baseline
        });
        assert!(back, "{name} {base}: {descriptors} descriptors, {baseline} before");
        descriptors
    };
    let baseline = returned(None, "start", "");
    let steps: [(&str, fn(&Scene)); 7] = [
        ("clients come and go", clients_come_and_go),
        ("dials fail", dials_fail),
        ("limits pass", limits_pass),
        ("submits are cancelled", submits_are_cancelled),
        ("responses are dropped unread", responses_are_dropped_unread),
        ("queues are abandoned", queues_are_abandoned),
        ("processes fork", processes_fork),
    ];
    for (name, step) in steps {
        for scene in &scenes {
            step(scene);
            let gate = scene.upload.rsplit('=').next().expect("a name");
            assert!(origin.open_gate(gate, Duration::from_secs(20)), "{name}");
            origin.reset();
            returned(Some(baseline), name, scene.base);
        }
    }
    // Threads that resolve names, and have had no answer, stay until then.
    let limit = Instant::now() + Duration::from_secs(30);
    while counts()[1] > threads + 1 {
        assert!(Instant::now() < limit, "{} threads, {threads} before the engine", counts()[1]);
        std::thread::park_timeout(Duration::from_millis(50));
    }
}
