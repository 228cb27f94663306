//! Every wire case against the machine: whole, byte by byte, cut anywhere, and with trailing bytes.

mod common;

use common::play::{Outcome, behind, eof, play, requested};
use common::{Case, End, cases};
use keepalive_origin::facts::{Facts, Fields, Way, latin1};
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

fn facts(case: &Case, outcome: Outcome) -> Facts {
    let error = match &outcome.end {
        Some(Ok(())) => None,
        Some(Err(error)) => Some(kind(error)),
        None if case.end == End::Stall => Some("ReadTimeout"), // whoever waits gives up
        None => Some("unfinished"),
    };
    let fields = |list: &[(Vec<u8>, Vec<u8>)]| {
        Fields::list(list.iter().map(|(name, value)| (&name[..], &value[..])))
    };
    let head = outcome.status;
    Facts {
        way: Way::Machine,
        error: error.map(str::to_owned),
        status: head,
        version: outcome.version.map(|version| match version {
            Version::Http10 => "1.0".to_owned(),
            Version::Http11 => "1.1".to_owned(),
        }),
        reason: head.map(|_| latin1(&outcome.reason)),
        headers: head.map(|_| fields(&outcome.fields)),
        body: Some(outcome.body),
        trailers: Some(fields(&outcome.trailers.unwrap_or_default())),
        informational: Some(outcome.informational),
        close_reason: Some(outcome.reuse.map_or("ok", |reason| reason.name()).to_owned()),
        reused: None,
        requests: None,
    }
}

/// Plays every case in a way, which may change what is expected, and has each outcome judged.
fn run(way: &str, play: impl Fn(&Case) -> Option<(Outcome, Case)>) {
    let cases = cases();
    let mut failures = Vec::new();
    for (outcome, case) in cases.iter().filter_map(play) {
        for difference in case.judge(&facts(&case, outcome)) {
            failures.push(format!("{} ({way}): {difference}", case.name));
        }
    }
    assert!(failures.is_empty(), "{} failed\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn whole() {
    run("whole", |case| {
        Some((play(requested(case), [&case.response[..]], eof(case)), case.clone()))
    });
}

#[test]
fn byte_by_byte() {
    run("byte by byte", |case| {
        Some((play(requested(case), case.response.chunks(1), eof(case)), case.clone()))
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
        if case.expect.reuse.as_deref() == Some("switched") {
            assert!(outcome.switched.ends_with(EXTRA), "{}", case.name);
        }
        let mut case = case.clone();
        if case.expect.reuse.as_deref() == Some("ok") {
            case.expect.reuse = Some("extra_bytes".to_owned());
        }
        Some((outcome, case))
    });
}

/// Behind another request on its connection, whose answer came with none, some or all of the case's: the
/// outcome is the same to the byte.
#[test]
fn behind_another() {
    let mut count = 0;
    for case in cases() {
        let bytes = &case.response[..];
        let alone = play(requested(&case), [bytes], eof(&case));
        for with in [0, bytes.len().min(1), bytes.len() / 2, bytes.len()] {
            let Some(connection) = behind(&case, with) else { continue };
            let pieces = [&bytes[with..]];
            assert_eq!(play(connection, pieces, eof(&case)), alone, "{} with {with}", case.name);
            count += 1;
        }
    }
    assert!(count > 1200, "only {count}");
}
