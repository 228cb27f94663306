//! Every wire case through both waits over one pool, alternating, plain and TLS.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{HANG, next, origin, response, trusting};
use keepalive_core::*;
use keepalive_origin::cases::{Case, End};
use keepalive_origin::facts::{Facts, latin1};
use keepalive_origin::runs::Over;

struct Pieces(Vec<Bytes>);

impl BodySource for Pieces {
    fn poll_chunk(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<Option<Bytes>>> {
        std::task::Poll::Ready(Ok(self.0.pop()))
    }
}

fn request(case: &Case, base: &str, run: &str) -> Result<Request> {
    let url = format!("{base}/wire/{}?run={run}", case.name);
    let mut request = Request::new(&case.request.method, &url)?;
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

/// Runs a request by one of the waits, adds what came to the facts, and returns what is left of the
/// response: an early answer may have left the connection to the drain rule.
type Run = fn(&Client, Request, &mut Facts) -> Result<Response>;

fn blocking(client: &Client, request: Request, facts: &mut Facts) -> Result<Response> {
    let mut response = client.send(&request, Blocking::default())?;
    note_head(facts, &response);
    let mut buffer = [0; 4096];
    loop {
        match response.read(&mut buffer, Blocking::default())? {
            0 => return Ok(response),
            count => facts.body.get_or_insert_default().extend_from_slice(&buffer[..count]),
        }
    }
}

fn tokio(client: &Client, request: Request, facts: &mut Facts) -> Result<Response> {
    let queue = Queue::new(|| {});
    client.submit(request, Until::Head, &queue, 0)?;
    let mut response = response(next(&queue))?;
    note_head(facts, &response);
    loop {
        Client::submit_read(response, 5000, &queue, 0).expect("submitted");
        let Outcome::Chunk(back, result) = next(&queue) else { panic!("not a piece") };
        response = back;
        match result? {
            None => return Ok(response),
            Some(piece) => facts.body.get_or_insert_default().extend_from_slice(&piece),
        }
    }
}

fn fields(fields: &Fields) -> keepalive_origin::facts::Fields {
    keepalive_origin::facts::Fields::list(fields.iter())
}

fn note_head(facts: &mut Facts, response: &Response) {
    facts.status = Some(response.status());
    facts.version = Some(match response.version() {
        Version::Http10 => "1.0".to_owned(),
        Version::Http11 => "1.1".to_owned(),
    });
    facts.reason = Some(latin1(response.reason()));
    facts.headers = Some(fields(response.headers()));
}

/// What became of a case; `ok` is a `GET /ok` on the same client.
fn facts(client: &Client, run: Run, case: Result<Request>, ok: Request) -> Facts {
    let mut facts = Facts { body: Some(Vec::new()), ..Facts::default() };
    match case.and_then(|request| run(client, request, &mut facts)) {
        Ok(response) => {
            let none = keepalive_origin::facts::Fields::List(Vec::new());
            facts.trailers = Some(response.trailers().map_or(none, fields));
        }
        Err(error) => facts.error = Some(error.kind().name().to_owned()),
    }
    let next = run(client, ok, &mut Facts::default()).expect("the origin answers");
    facts.reused = Some(next.info().reused);
    facts
}

#[test]
fn every_case_through_both_waits() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    let ways: [(&str, Run); 2] = [("blocking", blocking), ("tokio", tokio)];
    for (over, base) in [(Over::Http, origin.http()), (Over::Https, origin.https())] {
        let ok = Request::new("GET", &format!("{base}/ok")).expect("a request");
        for case in origin.cases().iter().filter(|case| over.plays(case)) {
            for (name, run) in ways {
                let request = request(case, base, name);
                let facts = facts(&client, run, request, ok.clone());
                client.close_idle();
                origin.judge(name, case, facts, HANG);
            }
        }
        let stats = client.stats();
        assert_eq!((stats.active, stats.idle), (0, 0), "{stats:?}");
    }
    for (name, _) in ways {
        let report = origin.verdict(name, &[Over::Http, Over::Https]);
        let differences = report.differences;
        assert!(
            differences.is_empty(),
            "{name}: {}:\n{}",
            differences.len(),
            differences.join("\n")
        );
        assert!(report.judged > report.cases && report.cases >= 400, "{} cases", report.cases);
    }
}
