//! Every wire case through both waits over one pool, alternating, plain and TLS; and what can be sent
//! behind another request also there.

use std::time::Duration;

use crate::common::{HANG, eventually, get, get_request, next, origin, response, trusting};
use bytes::Bytes;
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
    for (name, value) in case.request.fields() {
        request.add_header(&name, &value)?;
    }
    request.set_decode(case.request.decode);
    let body = Bytes::from(case.request.body.to_vec());
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

/// Whether the case's request may be sent behind another, and its outcome is the same there: what ends
/// before an answer is replayed.
fn goes_behind(case: &Case) -> bool {
    let request = &case.request;
    let said = |name: &str| request.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let replayable = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];
    replayable.contains(&&*request.method)
        && !request.chunked
        && request.body.len() <= 16 * 1024
        && !said("connection")
        && !said("expect")
        && case.end != End::Rst
        && case.expect.error.as_deref() != Some("ConnectionClosed")
}

#[test]
fn behind_another_request() {
    let origin = origin();
    let client = trusting(&origin, |config| {
        (config.max_per_host, config.pipelining) = (1, 2);
    });
    let queue = Queue::new(|| {});
    let ways: [(&str, Run); 2] = [
        ("blocking", |client, request, facts| once(blocking(client, request, facts))),
        ("tokio", |client, request, facts| once(tokio(client, request, facts))),
    ];
    let (mut count, mut wrong) = (0, Vec::new());
    for (over, base) in [(Over::Http, origin.http()), (Over::Https, origin.https())] {
        let ok = get_request(&format!("{base}/ok"));
        for case in origin.cases().iter().filter(|case| over.plays(case) && goes_behind(case)) {
            // By turns, the one in front by the engine.
            let (name, run) = ways[count % 2];
            let gate = format!("behind-{count}");
            get(&client, &format!("{base}/ok"));
            let front = get_request(&format!("{base}/gate/{gate}"));
            client.submit(front, Until::Body, &queue, 0).expect("submitted");
            assert!(origin.wait_at_gate(&gate, 1, HANG), "{}", case.name);
            let facts = std::thread::scope(|scope| {
                let request = request(case, base, "behind");
                let other = scope.spawn(|| facts(&client, run, request, ok.clone()));
                count += 1;
                eventually(&client, |stats| stats.pipelined == count as u64);
                assert!(origin.open_gate(&gate, HANG));
                response(next(&queue)).expect("the one in front is answered");
                other.join().expect("no panic")
            });
            let found = origin.judge("behind", case, facts, HANG);
            wrong.extend(found.iter().map(|what| format!("{} {name}: {what}", case.name)));
            client.close_idle();
            // What a case does wrong would be remembered of the origin.
            client.network_changed();
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 600, "{count} cases");
}

/// It was not sent a second time. What follows a case may be: its connection can end under that.
fn once(result: Result<Response>) -> Result<Response> {
    if let Ok(response) = &result
        && !response.url().ends_with("/ok")
    {
        assert_eq!(response.info().replays, 0, "{}", response.url());
    }
    result
}
