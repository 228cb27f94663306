//! What is done for connections, names and responses while nobody calls.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::common::*;
use keepalive_core::*;

/// Servers on one port of two addresses, each of which answers with its own.
struct Pair {
    port: u16,
    file: PathBuf,
}

impl Pair {
    fn start() -> Pair {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let [first, second] = listen_twice();
        let port = first.local_addr().expect("an address").port();
        serve(first, "127.0.0.1");
        serve(second, "127.0.0.2");
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("addresses-{}-{number}", std::process::id());
        Pair { port, file: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name) }
    }

    /// What the name resolves to from now on; `None`: it cannot be resolved.
    fn points_to(&self, addresses: Option<&str>) {
        let text = match addresses {
            Some(addresses) => format!("app.test:{}:{addresses}\n", self.port),
            None => "nonsense\n".to_string(),
        };
        let next = self.file.with_extension("next");
        std::fs::write(&next, text).expect("written");
        std::fs::rename(next, &self.file).expect("renamed");
    }

    fn client(&self, change: impl FnOnce(&mut ClientConfig)) -> Client {
        client(|config| {
            config.resolve = Some(format!("@{}", self.file.display()));
            change(config);
        })
    }

    fn get(&self, client: &Client) -> String {
        let mut response = get(client, &format!("http://app.test:{}/", self.port));
        let body = response.read_all(Blocking::default()).expect("a body");
        String::from_utf8(body.to_vec()).expect("text")
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

fn serve(listener: TcpListener, name: &'static str) {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                while stream.read(&mut request).is_ok_and(|count| count > 0) {
                    let length = name.len();
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{name}");
                    let _ = stream.write_all(head.as_bytes());
                }
            });
        }
    });
}

fn addresses(stats: &Stats) -> Vec<String> {
    let [only] = &stats.origins[..] else { panic!("{stats:?}") };
    only.addresses.iter().map(ToString::to_string).collect()
}

#[test]
fn the_resolve_option_names_addresses() {
    let pair = Pair::start();
    let fixed = format!("app.test:{}:127.0.0.2", pair.port);
    let client = client(|config| config.resolve = Some(fixed));
    assert_eq!(pair.get(&client), "127.0.0.2");
    assert_eq!(addresses(&client.stats()), ["127.0.0.2"]);
    let error = Client::new({
        let mut config = ClientConfig::default();
        config.resolve = Some("app.test".to_string());
        config
    });
    assert_eq!(error.err().expect("faulty").kind(), ErrorKind::InvalidArgument);
}

#[test]
fn connections_follow_a_name_that_moves() {
    let pair = Pair::start();
    pair.points_to(Some("127.0.0.1"));
    let client = pair.client(|config| config.dns_ttl = Some(Duration::from_millis(150)));
    assert_eq!(pair.get(&client), "127.0.0.1");
    pair.points_to(Some("127.0.0.2"));
    let stats = eventually(&client, |stats| closed(stats, "dns_changed") == 1);
    assert_eq!(stats.idle, 0, "{stats:?}");
    assert_eq!(pair.get(&client), "127.0.0.2");
    assert_eq!(client.stats().opened, 2);
}

#[test]
fn a_connection_in_use_meanwhile_follows_too() {
    let pair = Pair::start();
    pair.points_to(Some("127.0.0.1"));
    let client = pair.client(|config| config.dns_ttl = Some(Duration::from_millis(150)));
    assert_eq!(pair.get(&client), "127.0.0.1");
    pair.points_to(Some("127.0.0.2"));
    // Always busy, so it is only looked at as it is given back.
    while pair.get(&client) == "127.0.0.1" {}
    assert_eq!(closed(&client.stats(), "dns_changed"), 1);
}

#[test]
fn new_dials_go_to_new_addresses_at_once_and_old_connections_stay_for_a_while() {
    let pair = Pair::start();
    pair.points_to(Some("127.0.0.1"));
    let client = pair.client(|_| {});
    assert_eq!(pair.get(&client), "127.0.0.1");
    pair.points_to(Some("127.0.0.2"));
    let url = format!("http://app.test:{}/", pair.port);
    assert_eq!(client.warm(&url, 2, Blocking::default()).expect("opened"), 1);
    let stats = client.stats();
    assert_eq!((stats.idle, closed(&stats, "dns_changed")), (2, 0));
    assert_eq!(addresses(&stats), ["127.0.0.2"]);
}

#[test]
fn a_failed_lookup_changes_nothing() {
    let pair = Pair::start();
    pair.points_to(Some("127.0.0.1"));
    let client = pair.client(|config| config.dns_ttl = Some(Duration::from_millis(20)));
    assert_eq!(pair.get(&client), "127.0.0.1");
    pair.points_to(None);
    // The connection outlives several lookups; one more dial shows that they fail.
    let url = format!("http://app.test:{}/", pair.port);
    let failed = client.warm(&url, 2, Blocking::default()).expect_err("no address");
    assert_eq!(failed.kind(), ErrorKind::ResolveFailed);
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(200) {
        assert_eq!(pair.get(&client), "127.0.0.1");
    }
    let stats = client.stats();
    assert_eq!((stats.opened, stats.closed.len()), (1, 0), "{stats:?}");
    assert_eq!(addresses(&stats), ["127.0.0.1"]);
}

fn read_all(response: &mut Response) -> Result<usize> {
    let (mut count, mut buffer) = (0, [0; 1000]);
    loop {
        match response.read(&mut buffer, Blocking::default())? {
            0 => return Ok(count),
            read => count += read,
        }
    }
}

#[test]
fn a_response_that_nobody_reads_gives_its_connection_up() {
    let origin = origin();
    let client = client(|config| config.body_idle_timeout = Some(Duration::from_millis(80)));
    let url = format!("{}/bytes/20000000", origin.http());
    let queue = Queue::new(|| {});
    let request = || get_request(&url);
    let mut forgotten = client.send(&request(), Blocking::default()).expect("a head");
    client.submit(request(), Until::Head, &queue, 0).expect("submitted");
    assert!(queue.wait(None));
    let given_up = |stats: &Stats| closed(stats, "body_idle_timeout") == 2 && stats.active == 0;
    assert_eq!(eventually(&client, given_up).idle, 0);
    let error = read_all(&mut forgotten).expect_err("given up");
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    assert!(error.message().contains("body_idle_timeout"), "{error}");
    assert_eq!(read_all(&mut forgotten).expect_err("still").message(), error.message());
    drop((forgotten, queue));
    assert!(origin.wait_for_open(0, Duration::from_secs(5)));
}

#[test]
fn only_the_time_between_reads_counts() {
    let origin = origin();
    let client = client(|config| config.body_idle_timeout = Some(Duration::from_millis(250)));
    // Each read waits for longer than the limit.
    let url = format!("{}/drip?count=3&ms=400&size=500", origin.http());
    let request = Request::new("GET", &url).expect("a request");
    let mut response = client.send(&request, Blocking::default()).expect("a head");
    assert_eq!(read_all(&mut response).expect("the body"), 1500);
    let stats = client.stats();
    assert_eq!((stats.idle, stats.closed.len()), (1, 0), "{stats:?}");
}

#[test]
fn without_the_limit_nothing_is_given_up() {
    let origin = origin();
    let client = client(|config| config.body_idle_timeout = None);
    let url = format!("{}/bytes/3000000", origin.http());
    let request = Request::new("GET", &url).expect("a request");
    let mut response = client.send(&request, Blocking::default()).expect("a head");
    assert_eq!(read_all(&mut response).expect("the body"), 3_000_000);
    assert_eq!(client.stats().idle, 1);
}
