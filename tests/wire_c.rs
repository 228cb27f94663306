//! Every wire case through the C ABI: blocking, and through the completion queue with the body
//! whole and in pieces; over plain TCP and over TLS.

mod support;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use keepalive_core::ErrorKind;
use keepalive_origin::cases::{Case, End, Tls};
use keepalive_origin::{Origin, OriginOptions};

/// Long enough that a loaded machine does not time out by mistake in the few cases that expect
/// silence, short enough to wait for.
const SILENCE_MS: u32 = 400;

/// What the C program said about a case.
#[derive(Default)]
struct Outcome {
    name: String,
    status: Option<u16>,
    version: String,
    reason: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    trailers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
    error: Option<String>,
    reused: bool,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits");
    (0..text.len()).step_by(2).map(pair).collect()
}

/// The case as lines for the C program. A colon before each byte string keeps empty ones visible.
fn script(case: &Case) -> String {
    let request = &case.request;
    let mut text = format!("case {}\nmethod {}\n", case.name, request.method);
    for (name, value) in &request.headers {
        let _ = writeln!(text, "header :{} :{}", hex(&latin1(name)), hex(&latin1(value)));
    }
    if request.chunked || !request.body.is_empty() {
        let kind = if request.chunked { "chunked" } else { "body" };
        let (piece, times) = unrepeated(&request.body);
        let _ = writeln!(text, "{kind} :{} {times}", hex(piece));
    }
    if case.end == End::Stall {
        let _ = writeln!(text, "timeout {SILENCE_MS}");
    }
    text + "run\n"
}

/// A body of one byte many times as that byte and the number: such bodies are megabytes long.
fn unrepeated(body: &[u8]) -> (&[u8], usize) {
    match body {
        [first, ..] if body.iter().all(|byte| byte == first) => (&body[..1], body.len()),
        _ => (body, 1),
    }
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).expect("latin-1")).collect()
}

fn read(output: &str) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut outcome = Outcome::default();
    for line in output.lines() {
        let mut words = line.split(' ');
        let word = words.next().unwrap_or_default();
        let first = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        match word {
            "case" => outcome = Outcome { name: first.into(), ..Outcome::default() },
            "status" => outcome.status = first.parse().ok(),
            "version" => outcome.version = first.into(),
            "reason" => outcome.reason = unhex(first),
            "header" => outcome.headers.push((unhex(first), unhex(second))),
            "trailer" => outcome.trailers.push((unhex(first), unhex(second))),
            "body" => outcome.body = unhex(first),
            "error" => outcome.error = Some(first.into()),
            "reused" => outcome.reused = first == "1",
            "end" => outcomes.push(std::mem::take(&mut outcome)),
            other => panic!("the C program said {other:?}"),
        }
    }
    outcomes
}

/// What differs from the verdict, in words.
fn differences(case: &Case, outcome: &Outcome, mode: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |what: &str, same: bool, got: &dyn std::fmt::Debug| {
        if !same {
            found.push(format!("{what}: {got:?}"));
        }
    };
    let expect = &case.expect;
    let error = expect.error.as_deref().map(|name| {
        let kind = ErrorKind::ALL.iter().find(|kind| kind.name() == name);
        kind.unwrap_or_else(|| panic!("{}: no error kind {name}", case.name)).code()
    });
    check("error", outcome.error.as_deref() == error, &outcome.error);
    let delivered = if error.is_some() { &expect.partial } else { &expect.body };
    if let Some(body) = delivered {
        check("body", outcome.body == *body, &String::from_utf8_lossy(&outcome.body));
    }
    check("reused", outcome.reused == (expect.reuse.as_deref() == Some("ok")), &outcome.reused);
    // A whole response that fails has no head to show.
    if mode == "queue" && error.is_some() {
        return found;
    }
    let seen = |status| outcome.status == Some(status);
    check("status", expect.status.is_none_or(seen), &outcome.status);
    if let Some(reason) = &expect.reason {
        check("reason", outcome.reason == latin1(reason), &outcome.reason);
    }
    if let Some(version) = &expect.version {
        check("version", outcome.version == version.replace('.', ""), &outcome.version);
    }
    if let Some(headers) = &expect.headers {
        let mut rest = outcome.headers.iter();
        let in_order = headers.iter().all(|(name, value)| {
            rest.any(|(n, v)| n.eq_ignore_ascii_case(&latin1(name)) && *v == latin1(value))
        });
        check("headers", in_order, &outcome.headers);
    }
    if let Some(trailers) = &expect.trailers {
        let same = outcome.trailers.len() == trailers.len()
            && outcome.trailers.iter().zip(trailers).all(|((n, v), (name, value))| {
                n.eq_ignore_ascii_case(&latin1(name)) && *v == latin1(value)
            });
        check("trailers", same, &outcome.trailers);
    }
    found
}

fn play(mode: &str) {
    let origin = Origin::start(OriginOptions::default()).expect("the origin starts");
    let source = support::root().join("tests/c/wire_case.c");
    let program = support::compile(&source, support::C11);
    let mut failures = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for (base, unwanted) in [(origin.http(), Tls::Only), (origin.https(), Tls::Never)] {
        let cases: Vec<&Case> = origin.cases().iter().filter(|case| case.tls != unwanted).collect();
        let mut child = Command::new(&program)
            .args([mode, base])
            .arg(origin.ca_file())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("piped");
        let text: String = cases.iter().map(|case| script(case)).collect();
        let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
        let output = child.wait_with_output().expect("the program ends");
        let written = writer.join().expect("no panic");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let outcomes = read(&stdout);
        let last = outcomes.last().map_or("none", |outcome| &outcome.name);
        assert!(
            output.status.success() && written.is_ok() && outcomes.len() == cases.len(),
            "{base}: after case {last}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        for (case, outcome) in cases.iter().zip(&outcomes) {
            assert_eq!(case.name, outcome.name);
            names.insert(case.name.clone());
            for difference in differences(case, outcome, mode) {
                failures.push(format!("{base} {}: {difference}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
    assert!(names.len() >= 150, "only {} cases ran", names.len());
    assert_eq!(origin.faults(), [""; 0], "requests that broke a rule");
}

#[test]
fn every_case_through_ka_client_send() {
    play("send");
}

#[test]
fn every_case_through_the_queue_as_one_event() {
    play("queue");
}

#[test]
fn every_case_through_the_queue_in_pieces() {
    play("stream");
}
