//! Every wire case through the C ABI: blocking, and through the completion queue with the body
//! whole and in pieces; over plain TCP and over TLS.

mod support;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use keepalive_core::ErrorKind;
use keepalive_origin::cases::{Case, End, Tls};
use keepalive_origin::verdict::{Head, Seen};
use keepalive_origin::{Origin, OriginOptions};

/// Long enough that a loaded machine does not time out by mistake in the few cases that expect
/// silence, short enough to wait for.
const SILENCE_MS: u32 = 400;

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
    if request.decode {
        text.push_str("decode\n");
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

/// What the C program said, case by case.
fn read(output: &str) -> Vec<(String, Seen)> {
    let mut all = Vec::new();
    let (mut name, mut seen, mut head) = (String::new(), Seen::default(), Head::default());
    for line in output.lines() {
        let mut words = line.split(' ');
        let word = words.next().unwrap_or_default();
        let first = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        match word {
            "case" => name = first.into(),
            "status" => head.status = first.parse().expect("a number"),
            "version" => head.version = format!("{}.{}", &first[..1], &first[1..]),
            "reason" => head.reason = unhex(first),
            "header" => head.fields.push((unhex(first), unhex(second))),
            "trailer" => seen.trailers.push((unhex(first), unhex(second))),
            "body" => seen.body = unhex(first),
            "error" => {
                let kind = ErrorKind::ALL.iter().find(|kind| kind.code() == first);
                seen.error = Some(kind.expect("a status of the error table").name().to_owned());
            }
            "reused" => seen.reused = first == "1",
            "end" => {
                // A whole response that fails has no head to show.
                let head = std::mem::take(&mut head);
                seen.head = (head.status != 0).then_some(head);
                all.push((std::mem::take(&mut name), std::mem::take(&mut seen)));
            }
            other => panic!("the C program said {other:?}"),
        }
    }
    all
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
        let last = outcomes.last().map_or("none", |(name, _)| name);
        assert!(
            output.status.success() && written.is_ok() && outcomes.len() == cases.len(),
            "{base}: after case {last}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        for (case, (name, seen)) in cases.iter().zip(&outcomes) {
            assert_eq!(case.name, *name);
            names.insert(case.name.clone());
            for difference in case.judge(seen) {
                failures.push(format!("{base} {}: {difference}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
    assert!(names.len() >= 400, "only {} cases ran", names.len());
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
