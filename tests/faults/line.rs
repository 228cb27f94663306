//! Requests behind one another on a connection that ends after any byte of their answers: what was
//! answered is delivered, what was answered in part is an error, and the unanswered are replayed, each
//! once. By FIN and RST, plain and TLS, both waits, and with one of them given up before.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use keepalive_core::*;
use keepalive_origin::within;
use rustls::{ServerConfig, ServerConnection};

use crate::client::{LIMIT, named};
use crate::plan::{Dice, End};
use crate::wire::Wire;
use crate::{Trust, seed};

const LENGTH: usize = 4;
const WORKERS: usize = 8;

#[derive(Debug, Clone, Copy)]
struct Schedule {
    tls: bool,
    blocking: bool,
    /// The connection ends after so many bytes of the answers, in order.
    bytes: usize,
    end: End,
    /// Where the server pauses in sending them.
    split: usize,
    /// That one is cancelled when all have been sent; not the first.
    left: Option<usize>,
}

/// The answer to a request, in as many framings as there are places.
fn answer(place: usize, id: &str) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\n";
    let text = match place % 3 {
        0 => format!("{head}Content-Length: {}\r\n\r\n{id}", id.len()),
        1 => format!(
            "HTTP/1.1 103 Early Hints\r\n\r\n{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{id}\r\n0\r\n\r\n",
            id.len()
        ),
        _ => format!("{head}X-A: b\r\nContent-Length: {}\r\n\r\n{id}", id.len()),
    };
    text.into_bytes()
}

/// What the server saw.
#[derive(Debug, Default)]
struct Seen {
    /// The requests that came together, in their order.
    line: Vec<String>,
    /// How often each came.
    count: HashMap<String, usize>,
}

struct Server {
    seen: Mutex<Seen>,
    schedule: Schedule,
    /// How many wait on the first connection.
    arrived: AtomicUsize,
    go: std::sync::Barrier,
    /// Nobody comes any more, but for one who says so.
    is_over: AtomicBool,
}

impl Server {
    fn note(&self, id: &str) {
        let mut seen = self.seen.lock().expect("no panic");
        *seen.count.entry(id.to_string()).or_default() += 1;
    }

    /// The connection whose end is scheduled.
    fn first(&self, mut wire: Wire) -> std::io::Result<()> {
        wire.request()?;
        wire.write(&answer(0, "warm"))?;
        let mut line = Vec::new();
        while line.len() < LENGTH {
            let Some(asked) = wire.request()? else { return Ok(()) };
            self.note(&asked.id);
            line.push(asked.id);
            self.arrived.fetch_add(1, Ordering::SeqCst);
        }
        let all: Vec<u8> =
            line.iter().enumerate().flat_map(|(place, id)| answer(place, id)).collect();
        self.seen.lock().expect("no panic").line = line;
        self.go.wait();
        let bytes = self.schedule.bytes.min(all.len());
        let split = self.schedule.split.min(bytes);
        wire.write(&all[..split])?;
        wire.write(&all[split..bytes])?;
        wire.end(self.schedule.end).map(drop)
    }

    fn other(&self, mut wire: Wire) -> std::io::Result<()> {
        while let Some(asked) = wire.request()? {
            self.note(&asked.id);
            wire.write(&answer(0, &asked.id))?;
        }
        Ok(())
    }
}

fn serve(server: &Arc<Server>, config: &Arc<ServerConfig>) -> String {
    let listener = keepalive_origin::listen_anew().expect("a port");
    let place = listener.local_addr().expect("bound");
    let (server, config, tls) = (server.clone(), config.clone(), server.schedule.tls);
    std::thread::spawn(move || {
        for (number, socket) in listener.incoming().filter_map(|socket| socket.ok()).enumerate() {
            if server.is_over.load(Ordering::SeqCst) {
                return;
            }
            let session = tls.then(|| ServerConnection::new(config.clone()).expect("valid"));
            let server = server.clone();
            let Ok(mut wire) = Wire::new(socket, session) else { continue };
            std::thread::spawn(move || {
                // A client that goes is no fault of the server's.
                let _ = wire.handshake(usize::MAX);
                let _ = if number == 0 { server.first(wire) } else { server.other(wire) };
            });
        }
    });
    format!("{}://{place}", if tls { "https" } else { "http" })
}

/// What came of a request: its body and how often it was replayed.
type Came = Result<(String, u32)>;

fn came(result: Result<Response>) -> Came {
    let mut response = result?;
    let replays = response.info().replays;
    let body = response.read_all(Blocking::default())?;
    Ok((String::from_utf8_lossy(&body).into_owned(), replays))
}

fn run(trust: &Trust, schedule: Schedule) -> Vec<String> {
    let server = Arc::new(Server {
        seen: Mutex::default(),
        schedule,
        arrived: AtomicUsize::new(0),
        go: std::sync::Barrier::new(2),
        is_over: AtomicBool::new(false),
    });
    let base = serve(&server, &trust.server);
    let client = trust.client(|config| {
        (config.max_per_host, config.pipelining) = (1, LENGTH as u64);
    });
    client.send_whole(&named("GET", &base, "warm"), Blocking::default()).expect("an answer");
    let id = |number: usize| format!("request-{number}");
    let queue = Queue::new(|| {});
    let submit = |number: usize| {
        client.submit(named("GET", &base, &id(number)), Until::Body, &queue, number as u64)
    };
    let mut results: Vec<(usize, Came)> = Vec::new();
    std::thread::scope(|scope| {
        let mut calls = Vec::new();
        let mut threads = Vec::new();
        for number in 0..LENGTH {
            // Every other one by the other wait, so that they are behind each other.
            if (number % 2 == 0) == schedule.blocking && schedule.left != Some(number) {
                let request = named("GET", &base, &id(number));
                let client = &client;
                threads.push(scope.spawn(move || {
                    (number, came(client.send_whole(&request, Blocking::default())))
                }));
            } else {
                calls.push((number, submit(number).expect("submitted")));
            }
            // In order, so that it is known whose the places are.
            let arrived = || server.arrived.load(Ordering::SeqCst) > number;
            assert!(within(LIMIT, arrived), "{schedule:?}: request {number} does not arrive");
        }
        let submitted = calls.len();
        if let Some((_, call)) = calls.iter().find(|(number, _)| schedule.left == Some(*number)) {
            call.cancel();
        }
        let next = || {
            assert!(queue.wait(Some(LIMIT)), "{schedule:?}: no completion");
            let mut taken = queue.take(1).0;
            let completion = taken.pop().expect("a completion");
            let Outcome::Response(result) = completion.outcome else { panic!("a response") };
            (completion.token as usize, came(result))
        };
        if schedule.left.is_some() {
            results.push(next());
        }
        server.go.wait();
        while results.len() < submitted {
            results.push(next());
        }
        results.extend(threads.into_iter().map(|thread| thread.join().expect("no panic")));
    });
    server.is_over.store(true, Ordering::SeqCst);
    let place = base.split_once("://").expect("a URL").1;
    drop(std::net::TcpStream::connect(place).expect("it listens"));
    results.sort_by_key(|(number, _)| *number);
    let mut wrong = judge(&schedule, &results, &server.seen.lock().expect("no panic"));
    let stats = client.stats();
    let replays: u32 = results.iter().filter_map(|(_, came)| came.as_ref().ok()).map(|c| c.1).sum();
    if stats.pipelined != LENGTH as u64 - 1 || stats.replayed != u64::from(replays) {
        wrong.push(format!("counts: {stats:?}"));
    }
    if !wrong.is_empty() {
        wrong.push(format!("{schedule:?}: {results:?}, {:?}", server.seen.lock()));
    }
    wrong
}

fn judge(schedule: &Schedule, results: &[(usize, Came)], seen: &Seen) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut start = 0;
    for (number, came) in results {
        let id = format!("request-{number}");
        let length = answer(*number, &id).len();
        let (first, end) = (start, start + length);
        start = end;
        let times = seen.count.get(&id).copied().unwrap_or_default();
        let right = match came {
            Err(error) if schedule.left == Some(*number) => {
                error.kind() == ErrorKind::Cancelled && times == 1
            }
            Ok((body, replays)) if schedule.bytes >= end => {
                *body == id && *replays == 0 && times == 1
            }
            Ok((body, replays)) if schedule.bytes <= first => {
                *body == id && *replays == 1 && times == 2
            }
            Err(error) if schedule.bytes > first && schedule.bytes < end => {
                let cut = [
                    ErrorKind::HeadTruncated,
                    ErrorKind::BodyTruncated,
                    ErrorKind::ConnectionReset,
                    ErrorKind::ConnectionClosed,
                ];
                cut.contains(&error.kind()) && !error.retry_safe() && times == 1
            }
            _ => false,
        };
        if !right {
            wrong.push(format!("{id}, {times} times: {came:?}"));
        }
    }
    wrong
}

#[test]
fn a_line_that_breaks_after_any_byte() {
    let seed = seed();
    let trust = Trust::new();
    let mut dice = Dice(seed);
    let total: usize = (0..LENGTH).map(|n| answer(n, &format!("request-{n}")).len()).sum();
    let (mut schedules, mut blocking) = (Vec::new(), false);
    for tls in [false, true] {
        for end in [End::Fin { notify: true }, End::Rst] {
            // A handshake for each takes longer than all the rest.
            let step = if tls { 7 } else { 1 };
            for bytes in (0..=total).step_by(step).flat_map(|bytes| [bytes, bytes]) {
                let left = dice.chance(25).then(|| 1 + dice.below(LENGTH - 1));
                blocking = !blocking;
                schedules.push(Schedule {
                    tls,
                    blocking,
                    bytes,
                    end,
                    split: dice.below(total),
                    left,
                });
            }
        }
    }
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(schedule) = schedules.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = run(&trust, *schedule);
                    let mut wrong = wrong.lock().expect("no panic");
                    wrong.extend(found);
                    if wrong.len() > 20 {
                        return;
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "KEEPALIVE_SEED={seed}:\n{}", wrong.join("\n"));
    assert!(schedules.len() > 1_000, "{}", schedules.len());
}
