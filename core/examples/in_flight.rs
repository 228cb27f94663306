//! `in_flight URL COUNT WIDTH`: COUNT GETs through one completion queue, WIDTH at a time. Prints
//! microseconds per request. For profilers.

use std::sync::mpsc;
use std::time::Instant;

use keepalive_core::{Client, ClientConfig, Outcome, Queue, Request, Until};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, url, count, width] = &args[..] else {
        return Err("usage: URL COUNT WIDTH".into());
    };
    let (count, width): (u64, u64) = (count.parse()?, width.parse()?);
    let client = Client::new(ClientConfig::default())?;
    let request = Request::new("GET", url)?;
    let (wake, woken) = mpsc::channel();
    let queue = Queue::new(move || {
        let _ = wake.send(());
    });
    let started = Instant::now();
    let (mut submitted, mut done) = (0, 0);
    while submitted < width.min(count) {
        client.submit(request.clone(), Until::Body, &queue, submitted)?;
        submitted += 1;
    }
    let mut batch = Vec::new();
    while done < count {
        woken.recv()?;
        queue.drain(&mut batch);
        for completion in batch.drain(..) {
            if let Outcome::Response(response) = completion.outcome {
                response?;
            }
            done += 1;
            if submitted < count {
                client.submit(request.clone(), Until::Body, &queue, submitted)?;
                submitted += 1;
            }
        }
    }
    let micros = started.elapsed().as_micros() as f64 / count as f64;
    std::io::Write::write_all(&mut std::io::stdout(), format!("{micros:.2} us\n").as_bytes())?;
    Ok(())
}
