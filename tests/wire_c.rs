//! Every wire case through the C ABI: blocking, and through the completion queue with the body
//! whole and in pieces; over plain TCP and over TLS.

mod support;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use keepalive_core::ErrorKind;
use keepalive_origin::cases::{Case, End, Repeated};
use keepalive_origin::facts::{Facts, Fields, Way};
use keepalive_origin::runs::Over;

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
fn script(case: &Case, run: &str) -> String {
    let request = &case.request;
    let mut text = format!("case {}?run={run}\nmethod {}\n", case.name, request.method);
    for (name, value) in request.fields() {
        let _ = writeln!(text, "header :{} :{}", hex(&name), hex(&value));
    }
    if request.chunked || !request.body.is_empty() {
        let kind = if request.chunked { "chunked" } else { "body" };
        let Repeated { piece, times } = &request.body;
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

/// Hex digits as the text of their bytes.
fn text(hex: &str) -> String {
    keepalive_origin::facts::latin1(&unhex(hex))
}

/// What the C program said, case by case.
fn read(output: &str, way: Way) -> Vec<(String, Facts)> {
    fn add(to: &mut Option<Fields>, name: &str, value: &str) {
        if let Some(Fields::List(fields)) = to {
            fields.push((text(name), text(value)));
        }
    }
    let none = || Some(Fields::List(Vec::new()));
    let mut all = Vec::new();
    let (mut name, mut facts) = (String::new(), Facts::default());
    for line in output.lines() {
        let mut words = line.split(' ');
        let word = words.next().unwrap_or_default();
        let first = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        match word {
            "case" => {
                name = first.split('?').next().unwrap_or_default().into();
                facts.way = way;
            }
            "status" => {
                facts.status = Some(first.parse().expect("a number"));
                facts.headers = none();
            }
            "version" => facts.version = Some(format!("{}.{}", &first[..1], &first[1..])),
            "reason" => facts.reason = Some(text(first)),
            "header" => add(&mut facts.headers, first, second),
            "body" => {
                facts.body = Some(unhex(first));
                facts.trailers = none();
            }
            "trailer" => add(&mut facts.trailers, first, second),
            "error" => {
                let kind = ErrorKind::ALL.iter().find(|kind| kind.code() == first);
                facts.error = Some(kind.expect("a status of the error table").name().to_owned());
            }
            "reused" => facts.reused = Some(first == "1"),
            "end" => all.push((std::mem::take(&mut name), std::mem::take(&mut facts))),
            other => panic!("the C program said {other:?}"),
        }
    }
    all
}

fn play(mode: &str, way: Way) {
    let origin = support::origin();
    let source = support::root().join("tests/c/wire_case.c");
    let program = support::compile(&source, support::C11);
    for (over, base) in [(Over::Http, origin.http()), (Over::Https, origin.https())] {
        let cases: Vec<&Case> = origin.cases().iter().filter(|case| over.plays(case)).collect();
        let mut child = Command::new(&program)
            .args([mode, base])
            .arg(origin.ca_file())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("piped");
        let text: String = cases.iter().map(|case| script(case, mode)).collect();
        let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
        let output = child.wait_with_output().expect("the program ends");
        let written = writer.join().expect("no panic");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let outcomes = read(&stdout, way);
        let last = outcomes.last().map_or("none", |(name, _)| name);
        assert!(
            output.status.success() && written.is_ok(),
            "{base}: after case {last}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        for (name, facts) in outcomes {
            let case = cases.iter().find(|case| case.name == name).expect("a case that was asked");
            origin.judge(mode, case, facts, Duration::from_secs(20));
        }
    }
    let report = origin.verdict(mode, &[Over::Http, Over::Https]);
    let differences = report.differences;
    assert!(differences.is_empty(), "{}:\n{}", differences.len(), differences.join("\n"));
    assert!(report.judged > report.cases && report.cases >= 400, "{} cases", report.cases);
    assert_eq!(origin.faults(), [""; 0], "requests that broke a rule");
}

#[test]
fn every_case_through_ka_client_send() {
    play("send", Way::Pieces);
}

#[test]
fn every_case_through_the_queue_as_one_event() {
    play("queue", Way::Whole);
}

#[test]
fn every_case_through_the_queue_in_pieces() {
    play("stream", Way::Pieces);
}
