//! How long a small request takes beside a stream that never ends and always has more, in µs:
//! `cargo run --release -p keepalive-core --example beside`. Everything runs on the engine's one
//! thread, so the stream's turns are what a small request waits for.
#![allow(clippy::print_stdout)] // it is what it is for

use std::sync::mpsc::{Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

use keepalive_core::*;
use keepalive_origin::{Origin, OriginOptions};

const REQUESTS: usize = 1_000;

fn response(queue: &Queue) -> Result<Response> {
    queue.wait(None);
    let (mut done, _) = queue.take(1);
    match done.pop().map(|completion| completion.outcome) {
        Some(Outcome::Response(result)) => result,
        _ => Err(source_failed("no response")),
    }
}

/// Reads on in pieces until the result is dropped.
fn stream(client: &Client, url: &str) -> Result<Sender<()>> {
    let mut request = Request::new("GET", url)?;
    request.set_decode(true);
    let queue = Queue::new(|| {});
    client.submit(request, Until::Head, &queue, 0)?;
    let mut read = response(&queue)?;
    let (sender, over) = channel();
    std::thread::spawn(move || {
        while over.try_recv() == Err(TryRecvError::Empty)
            && Client::submit_read(read, 1 << 20, &queue, 0).is_ok()
        {
            queue.wait(None);
            let (mut done, _) = queue.take(1);
            match done.pop().map(|completion| completion.outcome) {
                Some(Outcome::Chunk(back, Ok(Some(_)))) => read = back,
                _ => return,
            }
        }
    });
    Ok(sender)
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let origin = Origin::start(OriginOptions::default())?;
    println!("{:16} {:>8} {:>8} {:>8}", "beside", "median", "99 %", "most");
    for form in ["", "plain", "chunked", "one-byte-chunks", "gzip", "gzip-gzip", "zstd", "br"] {
        let client = Client::new(ClientConfig::default())?;
        let _until = match form {
            "" => None,
            form => Some(stream(&client, &format!("{}/endless/{form}", origin.http()))?),
        };
        let request = Request::new("GET", &format!("{}/ok", origin.http()))?;
        let queue = Queue::new(|| {});
        let mut times = Vec::with_capacity(REQUESTS);
        for _ in 0..REQUESTS {
            let begun = Instant::now();
            client.submit(request.clone(), Until::Body, &queue, 0)?;
            response(&queue)?;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let micros = |at: usize| times.get(at).map_or(0, Duration::as_micros);
        let name = if form.is_empty() { "nothing" } else { form };
        let (median, most) = (micros(REQUESTS / 2), micros(REQUESTS - 1));
        println!("{name:16} {median:8} {:8} {most:8}", micros(REQUESTS * 99 / 100));
    }
    Ok(())
}
