//! Real servers: nginx (plain and TLS), Node's http server and a Python asyncio server, through both
//! waits and through the C ABI. A server that is not installed is a failure that names its package.

mod start;
#[path = "../support/mod.rs"]
mod support;

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use keepalive_core::*;
use keepalive_origin::within;
use start::{LARGE, Server, certificates, nginx, node, python};

/// The two ways to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Send,
    Submit,
}

const WAYS: [Way; 2] = [Way::Send, Way::Submit];

fn client() -> Client {
    let mut config = ClientConfig::default();
    config.ca_file = Some(certificates().ca_file().to_string_lossy().into_owned());
    Client::new(config).expect("a client")
}

/// Sends and receives the whole response.
fn exchange(client: &Client, way: Way, request: &Request) -> Result<Response> {
    if way == Way::Send {
        return client.send_whole(request, Blocking::default());
    }
    let queue = Queue::new(|| {});
    client.submit(request.clone(), Until::Body, &queue, 0)?;
    match next(&queue) {
        Outcome::Response(result) => result,
        _ => panic!("not a response"),
    }
}

fn next(queue: &Queue) -> Outcome {
    assert!(queue.wait(Some(Duration::from_secs(60))), "a completion comes");
    queue.take(1).0.pop().expect("one").outcome
}

fn request(method: &str, base: &str, path: &str) -> Request {
    Request::new(method, &format!("{base}{path}")).expect("a request")
}

fn body(mut response: Response) -> Vec<u8> {
    response.read_all(Blocking::default()).expect("a body").to_vec()
}

fn get(client: &Client, way: Way, base: &str, path: &str) -> Response {
    exchange(client, way, &request("GET", base, path)).expect("a response")
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

fn closed(stats: &Stats, reason: &str) -> u64 {
    stats.closed.iter().find(|(name, _)| *name == reason).map_or(0, |(_, count)| *count)
}

/// Polls the counters, as a user watching them would.
fn eventually(client: &Client, what: impl Fn(&Stats) -> bool) -> Stats {
    let mut stats = client.stats();
    let held = within(Duration::from_secs(20), || {
        stats = client.stats();
        what(&stats)
    });
    assert!(held, "{stats:?}");
    stats
}

/// Everything on one connection, which must come through it all.
fn converse(base: &str, way: Way) {
    let client = client();
    assert_eq!(body(get(&client, way, base, "/small")), b"small\n");
    assert!(body(get(&client, way, base, "/large")) == pattern(LARGE));
    assert!(body(get(&client, way, base, "/chunked")) == pattern(LARGE));

    let upload = pattern(2_000_000);
    let path = format!("/store/{way:?}");
    let mut put = request("PUT", base, &path);
    put.set_body(upload.clone());
    let stored = exchange(&client, way, &put).expect("stored");
    assert!([201, 204].contains(&stored.status()), "{}", stored.status());
    assert!(body(get(&client, way, base, &path)) == upload);

    let mut text = request("GET", base, "/text");
    let plain = body(exchange(&client, way, &text).expect("plain"));
    text.set_decode(true);
    let coded = exchange(&client, way, &text).expect("coded");
    assert_eq!(coded.headers().get(b"content-encoding"), Some(&b"gzip"[..]));
    assert!(body(coded) == plain && plain.len() == 40_000);

    let head = exchange(&client, way, &request("HEAD", base, "/large")).expect("a head");
    assert_eq!(head.headers().get(b"content-length"), Some(LARGE.to_string().as_bytes()));
    assert_eq!(body(head), b"");

    let small = get(&client, way, base, "/small");
    let mut again = request("GET", base, "/small");
    let tag = small.headers().get(b"etag").expect("a tag").to_vec();
    again.add_header(b"If-None-Match", &tag).expect("a field");
    let not_modified = exchange(&client, way, &again).expect("an answer");
    assert_eq!(not_modified.status(), 304);
    assert!(not_modified.info().reused);
    assert_eq!(body(not_modified), b"");

    let stats = client.stats();
    assert_eq!((stats.opened, stats.idle, stats.replayed), (1, 1, 0), "{base} {way:?}: {stats:?}");
}

fn c_program(base: &str, mode: &str) -> Command {
    let source = support::root().join("tests/c/servers.c");
    let mut command = Command::new(support::compile(&source, support::C11));
    command.arg(base).arg(certificates().ca_file()).arg(mode);
    command
}

/// Both waits and the C ABI.
fn everything(base: &str) {
    WAYS.into_iter().for_each(|way| converse(base, way));
    let output = support::run(&mut c_program(base, "converse"), "");
    assert!(output.status.success(), "{base}: {}", support::text(&output));
}

#[test]
fn nginx_plain_and_tls() {
    let server = nginx("");
    everything(&server.http);
    everything(server.https.as_deref().expect("TLS"));
}

#[test]
fn node_http_server() {
    everything(&node(0, 0).http);
}

#[test]
fn python_asyncio_server() {
    everything(&python("30").http);
}

/// The server ends each connection after ten requests and says so.
#[test]
fn connections_end_after_the_requests_the_server_allows() {
    let nginx = nginx("keepalive_requests 10;");
    let node = node(0, 10);
    let bases = [&nginx.http, nginx.https.as_ref().expect("TLS"), &node.http];
    for base in bases {
        for way in WAYS {
            let client = client();
            let ids: Vec<u64> =
                (0..25).map(|_| get(&client, way, base, "/small").info().connection_id).collect();
            let changes = ids.windows(2).filter(|pair| pair[0] != pair[1]).count();
            let stats = client.stats();
            assert_eq!((changes, stats.opened, stats.replayed), (2, 3, 0), "{base}: {stats:?}");
            // Node says how many requests it allows, so the last one says close itself.
            let reason = match *base == node.http {
                true => "request_said_close",
                false => "response_said_close",
            };
            assert_eq!(closed(&stats, reason), 2, "{base}: {stats:?}");
        }
    }
}

#[test]
fn the_hint_of_node_is_kept_with_its_margin() {
    let server = node(0, 0);
    let client = client();
    get(&client, Way::Send, &server.http, "/small");
    let stats = client.stats();
    let only = &stats.origins[0];
    assert_eq!((only.idle_limit, only.idle_limit_source), (Some(Duration::from_secs(4)), "hint"));
    assert_eq!(stats.idle, 1);

    // One second, less a margin of one second: kept for what is asked for next, and then given up
    // before the server does so.
    let server = node(1500, 0);
    for way in WAYS {
        let client = self::client();
        for round in 0..3 {
            let response = get(&client, way, &server.http, "/small");
            assert_eq!(response.info().reused, round > 0);
        }
        let stats = eventually(&client, |stats| closed(stats, "idle_timeout") == 1);
        assert_eq!((stats.idle, stats.stale), (0, 0), "{stats:?}");
    }
}

/// Servers that close idle connections without saying when: the end is seen as it comes, and learnt.
#[test]
fn an_unannounced_idle_limit_is_seen_and_learnt() {
    let nginx = nginx("keepalive_timeout 1s;");
    let python = python("0.4");
    let bases = [&nginx.http, nginx.https.as_ref().expect("TLS"), &python.http];
    for (base, least) in bases.into_iter().zip([900, 900, 300]) {
        let client = client();
        get(&client, Way::Send, base, "/small");
        let stats = eventually(&client, |stats| closed(stats, "idle_eof") == 1);
        let only = &stats.origins[0];
        assert_eq!(only.idle_limit_source, "learnt", "{base}: {stats:?}");
        let limit = only.idle_limit.expect("a limit");
        assert!(limit > Duration::from_millis(least * 9 / 10 - 50), "{base}: {limit:?}");
        assert_eq!(get(&client, Way::Submit, base, "/small").info().replays, 0);
    }
}

/// The server goes while a body is on its way: a clear error with what had come, then refusals.
#[test]
fn a_server_killed_in_a_body_is_a_truncation_and_then_a_refusal() {
    let starts: [fn() -> Server; 3] = [|| nginx(""), || node(0, 0), || python("30")];
    for start in starts {
        let mut server = start();
        let client = client();
        let base = server.http.clone();
        get(&client, Way::Send, &base, "/small");
        let mut blocking =
            client.send(&request("GET", &base, "/half"), Blocking::default()).expect("a head");
        let first = blocking.read_chunk(100, Blocking::default()).expect("a piece");
        assert!(first.is_some_and(|piece| !piece.is_empty()));
        let queue = Queue::new(|| {});
        let half = request("GET", &base, "/half");
        client.submit(half.clone(), Until::Head, &queue, 0).expect("submitted");
        let Outcome::Response(Ok(submitted)) = next(&queue) else { panic!("a head was due") };
        server.kill();

        let error = blocking.read_all(Blocking::default()).expect_err("cut off");
        assert_eq!(error.kind(), ErrorKind::BodyTruncated, "{base}: {error}");
        assert!(!error.retry_safe(), "a byte of the response had come");
        let mut reading = submitted;
        let error = loop {
            Client::submit_read(reading, 1000, &queue, 1).expect("submitted");
            match next(&queue) {
                Outcome::Chunk(response, Ok(Some(_))) => reading = response,
                Outcome::Chunk(_, Err(error)) => break error,
                _ => panic!("it was cut off"),
            }
        };
        assert_eq!(error.kind(), ErrorKind::BodyTruncated, "{base}: {error}");

        for way in WAYS {
            let error = exchange(&client, way, &half).err().expect("nobody listens");
            assert_eq!(error.kind(), ErrorKind::ConnectFailed, "{base}: {error}");
            assert!(error.retry_safe() && error.os_errno().is_some());
        }
        let stats = eventually(&client, |stats| stats.active == 0 && stats.idle == 0);
        let sum: u64 = stats.closed.iter().map(|(_, count)| count).sum();
        assert_eq!((stats.opened, stats.dialing), (sum, 0), "{stats:?}");
    }
}

/// nginx replaces its workers five times while callers of three kinds send GETs: none is lost.
#[test]
fn no_get_is_lost_while_nginx_reloads() {
    let server = nginx("");
    for base in [&server.http, server.https.as_ref().expect("TLS")] {
        let client = client();
        let done = AtomicBool::new(false);
        let (seen, count) = (AtomicU32::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            let mut program = c_program(base, "load");
            let program = program.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut program = program.stderr(Stdio::piped()).spawn().expect("it starts");
            for number in 0..6 {
                let (client, done, seen, count) = (&client, &done, &seen, &count);
                scope.spawn(move || {
                    let asked = request("GET", base, "/small");
                    while !done.load(Ordering::Relaxed) {
                        let response = exchange(client, WAYS[number % 2], &asked);
                        let response = response.unwrap_or_else(|error| {
                            done.store(true, Ordering::Relaxed);
                            panic!("a lost GET: {:?} {error}", error.kind())
                        });
                        let generation = response.headers().get(b"x-generation").expect("a field");
                        let generation = std::str::from_utf8(generation).expect("digits");
                        seen.fetch_max(generation.parse().expect("digits"), Ordering::Relaxed);
                        assert_eq!(body(response), b"small\n");
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let limit = Instant::now() + Duration::from_secs(60);
            let first = if base.starts_with("https") { 6 } else { 1 };
            for generation in first..first + 5 {
                server.reload(generation);
                let came = within(limit.saturating_duration_since(Instant::now()), || {
                    seen.load(Ordering::Relaxed) >= generation || done.load(Ordering::Relaxed)
                });
                assert!(came, "generation {generation} does not come");
            }
            done.store(true, Ordering::Relaxed);
            drop(program.stdin.take());
            let output = program.wait_with_output().expect("it ends");
            assert!(output.status.success(), "{base}: {}", support::text(&output));
        });
        let stats = eventually(&client, |stats| stats.active == 0);
        assert!(stats.opened > 5 && stats.reused > stats.opened, "{stats:?}");
        assert!(count.load(Ordering::Relaxed) > 100, "{stats:?}");
    }
}
