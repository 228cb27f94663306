//! What the tests of upkeep share.
#![allow(dead_code)] // each test program uses a part of it

use std::time::{Duration, Instant};

use keepalive_core::*;
use keepalive_origin::{Origin, OriginOptions};

pub fn origin() -> Origin {
    Origin::start(OriginOptions::default()).expect("the origin starts")
}

pub fn client(change: impl FnOnce(&mut ClientConfig)) -> Client {
    let mut config = ClientConfig::default();
    change(&mut config);
    Client::new(config).expect("a client")
}

pub fn get(client: &Client, url: &str) -> Response {
    let request = Request::new("GET", url).expect("a request");
    client.send_whole(&request, Blocking::default()).expect("a response")
}

/// Polls the counters, as a user watching them would.
pub fn eventually(client: &Client, what: impl Fn(&Stats) -> bool) -> Stats {
    let limit = Instant::now() + Duration::from_secs(10);
    loop {
        let stats = client.stats();
        if what(&stats) {
            return stats;
        }
        assert!(Instant::now() < limit, "{stats:?}");
        std::thread::yield_now();
    }
}

pub fn closed(stats: &Stats, reason: &str) -> u64 {
    stats.closed.iter().find(|(name, _)| *name == reason).map_or(0, |(_, count)| *count)
}

/// A server that answers each request head with the bytes that `answer` makes of it; counts requests and
/// connections. It ends with the test's process.
pub struct Script {
    pub url: String,
    pub requests: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

pub fn script(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Script {
    use std::io::{BufRead, BufReader, Write};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let requests = Arc::new(AtomicUsize::new(0));
    let (count, answer) = (requests.clone(), Arc::new(answer));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (count, answer) = (count.clone(), answer.clone());
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut stream = stream?;
                let mut lines = BufReader::new(stream.try_clone()?);
                loop {
                    let mut head = String::new();
                    while !head.ends_with("\r\n\r\n") {
                        if lines.read_line(&mut head)? == 0 {
                            return Ok(());
                        }
                    }
                    count.fetch_add(1, Ordering::SeqCst);
                    stream.write_all(&answer(&head))?;
                }
            });
        }
    });
    Script { url, requests }
}
