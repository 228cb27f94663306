//! What the test programs of core share: the origin, clients, requests through both waits and what
//! becomes of them, memory to read into, a server that follows a script, and TLS for other servers.
#![allow(dead_code, unused_imports)] // each test program uses a part of it

pub mod download;
pub mod peer;
pub mod puppet;
mod script;
pub mod tls;
pub mod uploads;

use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use keepalive_core::*;
pub use keepalive_origin::within;
use keepalive_origin::{Origin, OriginOptions};

pub use script::{Script, ok, script, script_at};

/// Longer than any wait in a passing test: a guard against hanging.
pub const HANG: Duration = Duration::from_secs(30);

pub fn origin() -> Origin {
    Origin::start(OriginOptions::default()).expect("the origin starts")
}

/// A port of an address that no other server of this process has, or had: what was learnt of an origin stays learnt,
/// and a port by itself may be had again. Servers listen by this or by [`listen_local`].
pub fn listen() -> TcpListener {
    static LAST: AtomicU16 = AtomicU16::new(0);
    let [high, low] = LAST.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    TcpListener::bind((Ipv4Addr::new(127, 1, high, low), 0)).expect("a port")
}

/// A port of 127.0.0.1 that no other server of this process has, or had: for one that has to be found by that address
/// or as `localhost`, whose certificate names those, or that is one of several on one host.
pub fn listen_local() -> TcpListener {
    keepalive_origin::listen_anew().expect("a port")
}

/// The same of both 127.0.0.1 and 127.0.0.2.
pub fn listen_twice() -> [TcpListener; 2] {
    loop {
        let first = listen_local();
        let port = first.local_addr().expect("an address").port();
        // Somebody may have that port of the other address.
        if let Ok(second) = TcpListener::bind(("127.0.0.2", port)) {
            return [first, second];
        }
    }
}

pub fn client(change: impl FnOnce(&mut ClientConfig)) -> Client {
    let mut config = ClientConfig::default();
    change(&mut config);
    Client::new(config).expect("a client")
}

/// A client that trusts the origin's certificates.
pub fn trusting(origin: &Origin, change: impl FnOnce(&mut ClientConfig)) -> Client {
    client(|config| {
        config.ca_file = Some(origin.ca_file().to_string_lossy().into_owned());
        change(config);
    })
}

/// A GET.
pub fn get_request(url: &str) -> Request {
    Request::new("GET", url).expect("a request")
}

/// The response with its whole body, or the failure.
pub fn try_get(client: &Client, url: &str) -> Result<Response> {
    client.send_whole(&Request::new("GET", url)?, Blocking::default())
}

pub fn get(client: &Client, url: &str) -> Response {
    try_get(client, url).expect("a response")
}

/// What a request submitted to the engine comes to, its one completion.
pub fn submit(client: &Client, request: impl Into<Arc<Request>>, until: Until) -> Result<Response> {
    let queue = Queue::new(|| {});
    client.submit(request, until, &queue, 7)?;
    let Completion { token, outcome } = completion(&queue);
    assert_eq!((token, queue.take(1).0.len()), (7, 0), "one completion");
    response(outcome)
}

/// The queue's next completion.
pub fn completion(queue: &Queue) -> Completion {
    assert!(queue.wait(Some(HANG)), "a completion comes");
    let (mut taken, _) = queue.take(1);
    taken.pop().expect("a completion")
}

/// The outcome of the queue's next completion.
pub fn next(queue: &Queue) -> Outcome {
    completion(queue).outcome
}

/// The outcome of a submitted request.
pub fn response(outcome: Outcome) -> Result<Response> {
    match outcome {
        Outcome::Response(result) => result,
        _ => panic!("not a response"),
    }
}

/// The rest of a body.
pub fn body(mut response: Response) -> Vec<u8> {
    response.read_all(Blocking::default()).expect("a body").to_vec()
}

/// The rest of a body as text.
pub fn text(response: Response) -> String {
    String::from_utf8(body(response)).expect("UTF-8")
}

/// Memory that nobody has written to. Untouched, it costs addresses only.
pub struct Memory(Box<[MaybeUninit<u8>]>);

impl Memory {
    pub fn new(size: usize) -> Box<Memory> {
        Box::new(Memory(Box::new_uninit_slice(size)))
    }

    /// What the engine has written to its front, read as the kernel sees it: no safe code may look
    /// at memory that could be unwritten.
    pub fn first(&self, count: usize) -> Vec<u8> {
        assert!(count <= self.0.len(), "beyond the memory");
        let mut bytes = vec![0; count];
        let own = std::fs::File::open("/proc/self/mem").expect("this process's memory");
        own.read_exact_at(&mut bytes, self.0.as_ptr() as u64).expect("mapped");
        bytes
    }
}

impl Destination for Memory {
    fn memory(&mut self) -> &mut [MaybeUninit<u8>] {
        &mut self.0
    }
}

/// Polls the counters, as a user watching them would.
pub fn eventually(client: &Client, what: impl Fn(&Stats) -> bool) -> Stats {
    let mut stats = client.stats();
    let held = within(HANG, || {
        stats = client.stats();
        what(&stats)
    });
    assert!(held, "{stats:?}");
    stats
}

/// Waits until no connection is in use.
pub fn settled(client: &Client) {
    eventually(client, |stats| stats.active == 0);
}

/// How many connections were closed for that reason.
pub fn closed(stats: &Stats, reason: &str) -> u64 {
    stats.closed.iter().find(|(name, _)| *name == reason).map_or(0, |(_, count)| *count)
}
