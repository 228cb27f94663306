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
