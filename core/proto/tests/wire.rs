//! Every wire case against the machine: whole, byte by byte, cut anywhere, and with trailing bytes.

mod common;

use common::play::{Outcome, eof, play, requested};
use common::{Case, End, cases};
use keepalive_origin::verdict::{Head, Seen};
use keepalive_proto::{RemoteError, Version};

/// Kind name in the product's error table.
fn kind(error: &RemoteError) -> &'static str {
    match error {
        RemoteError::InvalidHead(_) => "InvalidResponseHead",
        RemoteError::HeadTooLarge { .. } => "HeadTooLarge",
        RemoteError::InvalidFraming(_) => "InvalidFraming",
        RemoteError::InvalidChunk(_) => "InvalidChunk",
        RemoteError::HeadTruncated { .. } => "HeadTruncated",
        RemoteError::Closed => "ConnectionClosed",
        RemoteError::BodyTruncated { .. } => "BodyTruncated",
        other => panic!("no kind for {other:?}"),
    }
}

/// What is wrong with the outcome: the verdict of all runners, and what only the machine can tell,
/// which close reason it was and the 1xx heads.
fn check(case: &Case, outcome: &Outcome, reuse: &str) -> Vec<String> {
    let error = match &outcome.end {
        Some(Ok(())) => None,
        Some(Err(error)) => Some(kind(error)),
        None if case.end == End::Stall => Some("ReadTimeout"), // whoever waits gives up
        None => Some("unfinished"),
    };
    let head = outcome.status.zip(outcome.version).map(|(status, version)| Head {
        status,
        version: if version == Version::Http10 { "1.0" } else { "1.1" }.to_owned(),
        reason: outcome.reason.clone(),
        fields: outcome.fields.clone(),
    });
    let mut wrong = case.judge(&Seen {
        head,
        body: outcome.body.clone(),
        trailers: outcome.trailers.clone().unwrap_or_default(),
        error: error.map(str::to_owned),
        reused: case.reused(), // compared by its reason, below
    });
    let reason = outcome.reuse.map_or("ok", |reason| reason.name());
    let expected = match (error, case.end) {
        (None, _) => reuse,
        (Some(_), End::Stall) => "response_unfinished",
        (Some(_), _) => "broken",
    };
    // A stalled upload is the first reason.
    if reason != expected && !(case.end == End::Stall && reason == "request_unfinished") {
        wrong.push(format!("reuse: {reason}, expected {expected}"));
    }
    let informational = case.expect.informational.as_ref();
    if informational.is_some_and(|codes| *codes != outcome.informational) {
        wrong.push(format!("informational: {:?}", outcome.informational));
    }
    wrong
}

fn run(way: &str, outcome: impl Fn(&Case) -> Option<(Outcome, String)>) {
    let cases = cases();
    let mut failures = Vec::new();
    for case in &cases {
        let Some((outcome, reuse)) = outcome(case) else {
            continue;
        };
        for problem in check(case, &outcome, &reuse) {
            failures.push(format!("{} ({way}): {problem}", case.name));
        }
    }
    assert!(failures.is_empty(), "{} failed\n{}", failures.len(), failures.join("\n"));
}

fn expected_reuse(case: &Case) -> String {
    case.expect.reuse.clone().unwrap_or_default()
}

#[test]
fn whole() {
    run("whole", |case| {
        Some((play(requested(case), [&case.response[..]], eof(case)), expected_reuse(case)))
    });
}

#[test]
fn byte_by_byte() {
    run("byte by byte", |case| {
        Some((play(requested(case), case.response.chunks(1), eof(case)), expected_reuse(case)))
    });
}

/// In two pieces, cut at each place: a rule that looks at two bytes at once is asked between them.
#[test]
fn at_every_cut() {
    const LONG: usize = 2000; // longer ones are one rule many times over
    for case in cases() {
        let bytes = &case.response;
        if bytes.len() > LONG {
            continue;
        }
        let whole = play(requested(&case), [&bytes[..]], eof(&case));
        for at in 1..bytes.len() {
            let (first, second) = bytes.split_at(at);
            let cut = play(requested(&case), [first, second], eof(&case));
            assert_eq!(whole, cut, "{} cut at {at}", case.name);
        }
    }
}

/// Bytes behind a response never change it; they only cost the connection.
#[test]
fn with_trailing_bytes() {
    const EXTRA: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    run("with trailing bytes", |case| {
        if case.end != End::Open {
            return None; // the end would come at another place
        }
        let mut bytes = case.response.clone();
        bytes.extend_from_slice(EXTRA);
        let outcome = play(requested(case), [&bytes[..]], None);
        let reuse = expected_reuse(case);
        if reuse == "switched" {
            assert!(outcome.switched.ends_with(EXTRA), "{}", case.name);
        }
        Some((outcome, if reuse == "ok" { "extra_bytes".to_owned() } else { reuse }))
    });
}
