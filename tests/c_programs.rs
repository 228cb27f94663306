//! Every program of `tests/c` and every example of `bindings/c` is compiled as C99, C11 and C++17
//! with all warnings as errors, and run against the origin: plain, under AddressSanitizer and
//! UndefinedBehaviorSanitizer, and under valgrind.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use keepalive_origin::Origin;
use support::{Build, C11, C99, CXX17, SANITIZED, c_files, compile, origin, run, text};

/// The test programs, which take HTTP_URL HTTPS_URL CA_FILE.
fn programs() -> Vec<PathBuf> {
    let mut programs = c_files("tests/c");
    // Driven by tests/wire_c.rs, tests/servers and tests/c_processes.rs.
    let others = [
        "wire_case.c",
        "servers.c",
        "fork_storm.c",
        "exits.c",
        "first_call.c",
        "plugin.c",
        "certificates.c",
    ];
    programs.retain(|path| !others.iter().any(|name| path.ends_with(name)));
    // An instrumented library needs a larger stack than is promised.
    programs.retain(|path| support::sanitizer().is_none() || !path.ends_with("stack.c"));
    programs
}

fn arguments(origin: &Origin) -> Vec<String> {
    let ca_file = origin.ca_file().display().to_string();
    vec![origin.http().to_string(), origin.https().to_string(), ca_file]
}

/// What an example is called with, and what its output must contain.
fn example_arguments(path: &Path, origin: &Origin) -> (Vec<String>, &'static str) {
    let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let http = |path: &str| format!("{}{path}", origin.http());
    let https = |path: &str| format!("{}{path}", origin.https());
    let ca_file = origin.ca_file().display().to_string();
    match stem.as_str() {
        "get" => (vec![http("/ok")], "ok"),
        "post" => (vec![http("/echo-body"), "{\"n\": 1}".into()], "{\"n\": 1}"),
        "stream_download" => (vec![http("/bytes/500000"), "/dev/null".into()], "500000 bytes"),
        "async_queue" => (vec![http("/bytes/1000"), "100".into()], "100 responses"),
        "threads" => (vec![http("/ok"), "4".into(), "25".into()], "100 requests"),
        "demo" => (vec![https("/json"), ca_file, "20".into()], "\"reused\":19"),
        _ => panic!("say in tests/c_programs.rs how {stem}.c is called"),
    }
}

fn succeeds(program: &Path, arguments: &[String], under: &[&str]) -> String {
    let (mut command, package) = match under {
        [] => (Command::new(program), ""),
        [runner, options @ ..] => {
            let mut command = Command::new(runner);
            command.args(options).arg(program);
            (command, *runner)
        }
    };
    let output = run(command.args(arguments), package);
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    text(&output)
}

/// `under`: a program that runs the programs, with its arguments.
fn run_all(build: Build, under: &[&str]) {
    let origin = origin();
    for source in programs() {
        // Its servers send without end, and its limits are for a program that runs at its own speed.
        if source.ends_with("limits.c") && !under.is_empty() {
            continue;
        }
        succeeds(&compile(&source, build), &arguments(&origin), under);
    }
    for source in c_files("bindings/c/examples") {
        let (arguments, expected) = example_arguments(&source, &origin);
        let said = succeeds(&compile(&source, build), &arguments, under);
        assert!(said.contains(expected), "{}: {said}", source.display());
    }
    assert_eq!(origin.faults(), [""; 0], "requests that broke a rule");
}

#[test]
fn programs_run_as_c99() {
    run_all(C99, &[]);
}

#[test]
fn programs_run_as_c11() {
    run_all(C11, &[]);
}

#[test]
fn programs_run_as_cxx17() {
    run_all(CXX17, &[]);
}

#[test]
fn programs_run_under_the_sanitizers() {
    run_all(SANITIZED, &[]);
}

/// Only definite leaks count: hash tables, and so all that is behind them, are "possibly lost" by
/// valgrind's rules, since their pointers lead into their middle. In forked children too: what they
/// leave alone because it is their parent's stays reachable, also what only the stack of the parent's
/// engine refers to.
#[test]
fn programs_run_under_valgrind() {
    let suppressions = support::root().join("tests/c/valgrind.supp");
    let suppressions = format!("--suppressions={}", suppressions.display());
    run_all(
        C11,
        &[
            "valgrind",
            "--quiet",
            "--error-exitcode=1",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite",
            "--show-leak-kinds=definite",
            "--num-callers=150",
            &suppressions,
        ],
    );
}

#[test]
fn examples_are_short_enough_to_read() {
    for source in c_files("bindings/c/examples") {
        let lines = std::fs::read_to_string(&source).expect("readable").lines().count();
        assert!(lines <= 80, "{} has {lines} lines", source.display());
    }
}

#[test]
fn certificates_are_believed_as_webpki_does() {
    let origin = origin();
    let cases = origin.certificate_cases();
    let port = |url: &str| {
        url.rsplit(':').next().and_then(|end| end.split('/').next()).map(str::to_string)
    };
    let resolve: Vec<String> = cases
        .iter()
        .map(|case| format!("{}:{}:127.0.0.1", case.host, port(&case.url).expect("a port")))
        .collect();
    let mut arguments = vec![origin.ca_file().display().to_string(), resolve.join(" ")];
    for case in cases {
        arguments.push(if case.accepted { "yes" } else { "no" }.to_string());
        arguments.push(case.url.clone());
    }
    let program = compile(&support::root().join("tests/c/certificates.c"), C11);
    succeeds(&program, &arguments, &[]);
}
