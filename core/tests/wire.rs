//! Every wire case through both waits over one pool, alternating, plain and TLS.

use std::time::Duration;

use bytes::Bytes;
use keepalive_core::*;
use keepalive_origin::cases::{Case, End, Tls};
use keepalive_origin::verdict::{Head, Seen};
use keepalive_origin::{Origin, OriginOptions};

struct Pieces(Vec<Bytes>);

impl BodySource for Pieces {
    fn poll_chunk(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<Option<Bytes>>> {
        std::task::Poll::Ready(Ok(self.0.pop()))
    }
}

fn request(case: &Case, base: &str) -> Result<Request> {
    let mut request = Request::new(&case.request.method, &format!("{base}/wire/{}", case.name))?;
    for (name, value) in &case.request.headers {
        request.add_header(name.as_bytes(), value.as_bytes())?;
    }
    request.set_decode(case.request.decode);
    let body = Bytes::from(case.request.body.clone());
    match (case.request.chunked, body.is_empty()) {
        (true, _) => request.set_body_stream(Box::new(Pieces(vec![body])), None),
        (false, false) => request.set_body(body),
        (false, true) => {}
    }
    if case.end == End::Stall {
        let short = Some(Some(Duration::from_millis(100)));
        request.set_timeouts(Timeouts { header: short, read: short, ..Timeouts::default() });
    }
    Ok(request)
}

fn blocking(client: &Client, request: Request) -> (Result<Response>, Vec<u8>) {
    let mut body = Vec::new();
    let mut response = match client.send(&request, Blocking::default()) {
        Ok(response) => response,
        Err(error) => return (Err(error), body),
    };
    let mut buffer = [0; 4096];
    loop {
        match response.read(&mut buffer, Blocking::default()) {
            Ok(0) => return (Ok(response), body),
            Ok(count) => body.extend_from_slice(&buffer[..count]),
            Err(error) => return (Err(error), body),
        }
    }
}

fn tokio(client: &Client, request: Request) -> (Result<Response>, Vec<u8>) {
    let queue = Queue::new(|| {});
    let next = || {
        assert!(queue.wait(Some(Duration::from_secs(20))), "a completion comes");
        let mut batch = Vec::new();
        queue.drain(&mut batch);
        batch.pop().expect("a completion").outcome
    };
    let mut body = Vec::new();
    if let Err(error) = client.submit(request, Until::Head, &queue, 0) {
        return (Err(error), body);
    }
    let Outcome::Response(result) = next() else { panic!("not a response") };
    let mut response = match result {
        Ok(response) => response,
        Err(error) => return (Err(error), body),
    };
    loop {
        Client::submit_read(response, 5000, &queue, 0).expect("submitted");
        let Outcome::Chunk(back, result) = next() else { panic!("not a piece") };
        response = back;
        match result {
            Ok(None) => return (Ok(response), body),
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Err(error) => return (Err(error), body),
        }
    }
}

fn pairs(fields: &Fields) -> Vec<(Vec<u8>, Vec<u8>)> {
    fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

fn seen(result: &Result<Response>, body: Vec<u8>, reused: bool) -> Seen {
    let error = result.as_ref().err().map(|error| error.kind().name().to_owned());
    let Ok(response) = result else {
        return Seen { body, error, reused, ..Seen::default() };
    };
    let version = match response.version() {
        Version::Http10 => "1.0",
        Version::Http11 => "1.1",
    };
    let head = Head {
        status: response.status(),
        version: version.to_owned(),
        reason: response.reason().to_vec(),
        fields: pairs(response.headers()),
    };
    let trailers = response.trailers().map(pairs).unwrap_or_default();
    Seen { head: Some(head), body, trailers, error, reused }
}

#[test]
fn every_case_through_both_waits() {
    let origin = Origin::start(OriginOptions::default()).expect("the origin starts");
    let mut failures = Vec::new();
    let mut ran = 0;
    for (secure, base) in [(false, origin.http()), (true, origin.https())] {
        let mut config = ClientConfig::default();
        config.ca_file = Some(origin.ca_file().to_string_lossy().into_owned());
        let client = Client::new(config).expect("a client");
        let ok = format!("{base}/ok");
        for case in origin.cases() {
            if case.tls == (if secure { Tls::Never } else { Tls::Only }) {
                continue;
            }
            for (way, run) in
                [("blocking", blocking as fn(_, _) -> _), ("tokio", tokio as fn(_, _) -> _)]
            {
                let (result, body) = match request(case, base) {
                    Ok(request) => run(&client, request),
                    Err(error) => (Err(error), Vec::new()),
                };
                ran += 1;
                let mut seen = seen(&result, body, false);
                // An early answer may leave the connection to the drain rule: it is let go first.
                drop(result);
                let follow = Request::new("GET", &ok).expect("a request");
                let (next, _) = run(&client, follow);
                seen.reused = next.expect("the origin answers").info().reused;
                client.close_idle();
                for problem in case.judge(&seen) {
                    failures.push(format!("{} ({way}, tls {secure}): {problem}", case.name));
                }
            }
        }
        let stats = client.stats();
        assert_eq!((stats.active, stats.idle), (0, 0), "{stats:?}");
    }
    assert!(ran >= 4 * 400, "only {ran} runs");
    assert!(failures.is_empty(), "{} of {ran}:\n{}", failures.len(), failures.join("\n"));
}
