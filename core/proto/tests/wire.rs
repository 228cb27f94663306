//! Every wire case against the machine: whole, byte by byte, and with trailing bytes.

mod common;

use common::play::{Outcome, eof, play, requested};
use common::{Bytes, Case, End, cases, latin1};
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

/// The machine sees a reset as an abrupt end of stream, so the truncation kinds stand for it.
fn same_kind(case: &Case, seen: &str, expected: &str) -> bool {
    let cut = ["ConnectionClosed", "HeadTruncated", "BodyTruncated"];
    seen == expected
        || (expected == "ConnectionReset" && case.end == End::Rst && cut.contains(&seen))
}

fn contains_in_order(fields: &[(Vec<u8>, Vec<u8>)], expected: &[(String, String)]) -> bool {
    let mut rest = fields.iter();
    expected.iter().all(|(name, value)| {
        rest.any(|(n, v)| n.eq_ignore_ascii_case(&latin1(name)) && *v == latin1(value))
    })
}

fn check(case: &Case, seen: &Outcome, reuse: &str) -> Result<(), String> {
    let expect = &case.expect;
    let fail = |what: &str| Err(format!("{what}: {seen:?}"));
    if expect.status.is_some() && seen.status != expect.status {
        return fail("status");
    }
    if expect.reason.as_ref().is_some_and(|reason| seen.reason != latin1(reason)) {
        return fail("reason");
    }
    if let Some(version) = &expect.version {
        let expected = if version == "1.0" { Version::Http10 } else { Version::Http11 };
        if seen.version != Some(expected) {
            return fail("version");
        }
    }
    if !contains_in_order(&seen.fields, &expect.headers) {
        return fail("headers");
    }
    if expect.informational.as_ref().is_some_and(|codes| *codes != seen.informational) {
        return fail("informational");
    }
    if let Some(trailers) = &expect.trailers {
        let expected: Vec<_> = trailers.iter().map(|(n, v)| (latin1(n), latin1(v))).collect();
        if seen.trailers.as_deref().unwrap_or_default() != expected {
            return fail("trailers");
        }
    }
    let body = if expect.error.is_some() { &expect.partial } else { &expect.body };
    if body.as_ref().map(Bytes::bytes).is_some_and(|body| body != seen.body) {
        return fail("body");
    }
    match (&expect.error, &seen.end) {
        (None, Some(Ok(()))) => {
            let name = seen.reuse.map_or("ok", |reason| reason.name());
            if name == reuse { Ok(()) } else { fail("reuse") }
        }
        (Some(expected), Some(Err(error))) if same_kind(case, kind(error), expected) => {
            if seen.reuse.map(|reason| reason.name()) == Some("broken") {
                Ok(())
            } else {
                fail("reuse after an error")
            }
        }
        (Some(expected), None) if expected == "ReadTimeout" && case.end == End::Stall => Ok(()),
        _ => fail("verdict"),
    }
}

fn run(way: &str, outcome: impl Fn(&Case) -> Option<(Outcome, String)>) {
    let cases = cases();
    assert!(cases.len() >= 150, "only {} cases found", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        let Some((outcome, reuse)) = outcome(case) else {
            continue;
        };
        if let Err(problem) = check(case, &outcome, &reuse) {
            failures.push(format!("{} ({way}): {problem:.1000}", case.name));
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
        let bytes = case.response.bytes();
        Some((play(requested(case), [&bytes[..]], eof(case)), expected_reuse(case)))
    });
}

#[test]
fn byte_by_byte() {
    run("byte by byte", |case| {
        let bytes = case.response.bytes();
        Some((play(requested(case), bytes.chunks(1), eof(case)), expected_reuse(case)))
    });
}

/// In two pieces, cut at each place: a rule that looks at two bytes at once is asked between them.
#[test]
fn at_every_cut() {
    const LONG: usize = 2000; // longer ones are one rule many times over
    for case in cases() {
        let bytes = case.response.bytes();
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
        let mut bytes = case.response.bytes();
        bytes.extend_from_slice(EXTRA);
        let outcome = play(requested(case), [&bytes[..]], None);
        let reuse = expected_reuse(case);
        if reuse == "switched" {
            assert!(outcome.switched.ends_with(EXTRA), "{}", case.name);
        }
        Some((outcome, if reuse == "ok" { "extra_bytes".to_owned() } else { reuse }))
    });
}
