//! Every wire case through both waits over one pool, alternating, plain and TLS.

use std::time::Duration;

use bytes::Bytes;
use keepalive_core::*;
use keepalive_origin::cases::{Case, End, Tls};
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

fn pairs(fields: &Fields) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| bytes.iter().map(|&byte| byte as char).collect::<String>();
    fields.iter().map(|(name, value)| (text(name).to_ascii_lowercase(), text(value))).collect()
}

fn lower(fields: &[(String, String)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
}

/// What is wrong with the outcome, if anything.
fn judge(case: &Case, result: &Result<Response>, body: &[u8]) -> Option<String> {
    let expect = &case.expect;
    match (result, &expect.error) {
        (Err(error), None) => return Some(format!("error {:?}: {error}", error.kind())),
        (Ok(response), Some(kind)) => {
            return Some(format!("{} instead of {kind}", response.status()));
        }
        (Err(error), Some(kind)) => {
            // A reset may overtake what was sent before it, and inside a body it is a truncation.
            let fits = error.kind().name() == kind
                || (case.end == End::Rst
                    && matches!(
                        error.kind(),
                        ErrorKind::ConnectionReset | ErrorKind::BodyTruncated
                    ));
            if !fits {
                return Some(format!("{:?} ({error}) instead of {kind}", error.kind()));
            }
            if let Some(partial) = &expect.partial
                && case.end != End::Rst
                && body != &partial[..]
            {
                return Some(format!("partial body {:?}", String::from_utf8_lossy(body)));
            }
        }
        (Ok(response), None) => {
            if expect.status.is_some_and(|status| status != response.status()) {
                return Some(format!("status {}", response.status()));
            }
            if expect.reason.as_ref().is_some_and(|reason| {
                reason.chars().map(|c| c as u8).collect::<Vec<_>>() != response.reason()
            }) {
                return Some(format!("reason {:?}", String::from_utf8_lossy(response.reason())));
            }
            let version = match response.version() {
                Version::Http10 => "1.0",
                Version::Http11 => "1.1",
            };
            if expect.version.as_ref().is_some_and(|expected| expected != version) {
                return Some(format!("version {version}"));
            }
            if let Some(headers) = &expect.headers {
                let have = pairs(response.headers());
                let mut rest = have.iter();
                if !lower(headers).iter().all(|field| rest.any(|other| other == field)) {
                    return Some(format!("headers {have:?}"));
                }
            }
            if expect.body.as_ref().is_some_and(|expected| expected != body) {
                return Some(format!("body of {} bytes", body.len()));
            }
            if let Some(trailers) = &expect.trailers {
                let have = response.trailers().map(pairs).unwrap_or_default();
                if have != lower(trailers) {
                    return Some(format!("trailers {have:?}"));
                }
            }
        }
    }
    None
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
                let mut problem = judge(case, &result, &body);
                // An early answer may leave the connection to the drain rule: it is let go first.
                drop(result);
                let follow = Request::new("GET", &ok).expect("a request");
                let (next, _) = run(&client, follow);
                let reused = next.expect("the origin answers").info().reused;
                if let Some(reuse) = &case.expect.reuse
                    && (reuse == "ok") != reused
                {
                    problem.get_or_insert(format!("reuse is {reused}, expected {reuse}"));
                }
                client.close_idle();
                if let Some(problem) = problem {
                    failures.push(format!("{} ({way}, tls {secure}): {problem}", case.name));
                }
            }
        }
        let stats = client.stats();
        assert_eq!((stats.active, stats.idle), (0, 0), "{stats:?}");
    }
    assert!(ran >= 4 * 150, "only {ran} runs");
    assert!(failures.is_empty(), "{} of {ran}:\n{}", failures.len(), failures.join("\n"));
}
