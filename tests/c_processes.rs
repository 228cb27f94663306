//! Processes that fork in a storm, that end while the library is at work, that unload it, and whose
//! threads leave its functions by other ways than returning.

mod support;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::{Duration, Instant};

use keepalive_origin::Origin;
use support::{Build, C11, CXX17, SANITIZED, compile, library, origin, root, run, text};

const SIGABRT: i32 = 6;

fn program(name: &str, build: Build, origin: &Origin) -> Command {
    let mut command = Command::new(compile(&root().join("tests/c").join(name), build));
    command.arg(origin.http()).arg(origin.https()).arg(origin.ca_file());
    command
}

/// The program looks at its side; that no two processes spoke on one connection is the origin's.
#[test]
fn two_hundred_forks_of_a_busy_process() {
    let origin = origin();
    let output = run(&mut program("fork_storm.c", C11, &origin), "");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(origin.faults(), [""; 0]);
    assert!(origin.wait_for_open(0, Duration::from_secs(20)), "{:?}", origin.connections());
}

#[test]
fn forks_while_other_threads_make_the_first_call() {
    let origin = origin();
    let output = run(&mut program("first_call.c", C11, &origin), "");
    assert!(output.status.success(), "{}", text(&output));
}

/// An exception would leave a call half-way, and pthread_exit too: both say so and end the process.
/// pthread_cancel waits for the end of the call, and is not for the engine's thread.
#[test]
fn what_leaves_a_function_of_the_program_s_without_returning() {
    let origin = origin();
    for place in ["send", "submit"] {
        for stage in ["read", "rewind", "destroy"] {
            for kind in ["throw", "exit"] {
                let mut command = program("unwind.cc", CXX17, &origin);
                let output = run(command.arg(format!("{kind} in {stage}")).arg(place), "");
                let said = text(&output);
                assert_eq!(output.status.signal(), Some(SIGABRT), "{kind} {stage} {place}: {said}");
                let message = format!("libkeepalive: the function {stage} of a ka_body_reader did");
                assert!(said.contains(&message), "{kind} {stage} {place}: {said}");
            }
            let mut command = program("unwind.cc", CXX17, &origin);
            let output = run(command.arg(format!("cancel in {stage}")).arg(place), "");
            let said = text(&output);
            assert!(output.status.success(), "cancel {stage} {place}: {said}");
            assert!(said.contains("the work is done"), "{stage} {place}: {said}");
        }
    }
    // A verifier's function runs on the engine's thread, whoever waits.
    for (kind, ends) in [("throw", Some(SIGABRT)), ("exit", Some(SIGABRT)), ("cancel", None)] {
        let mut command = program("unwind.cc", CXX17, &origin);
        let output = run(command.arg(format!("{kind} in verify")).arg("submit"), "");
        let said = text(&output);
        assert_eq!(output.status.signal(), ends, "{kind} in verify: {said}");
        let expected = match ends {
            Some(_) => "libkeepalive: the function verify of a ka_verifier did",
            None => "the work is done",
        };
        assert!(said.contains(expected), "{kind} in verify: {said}");
    }
}

#[test]
fn every_way_to_end_with_requests_under_way() {
    let ways = [
        "exit",
        "return",
        "_exit",
        "elsewhere",
        "pthread-exit",
        "freed",
        "closed",
        "atexit-first",
        "atexit-last",
        "atexit-free",
    ];
    // The leak checker runs at exit, when all of that is still in use.
    let builds = match support::sanitizer() {
        None => vec![(C11, ""), (SANITIZED, "detect_leaks=0")],
        Some(_) => vec![(C11, "detect_leaks=0")],
    };
    let origin = origin();
    for (build, options) in builds {
        for way in ways {
            let mut command = program("exits.c", build, &origin);
            let start = Instant::now();
            let output = run(command.arg(way).env("ASAN_OPTIONS", options), "");
            assert_eq!(output.status.code(), Some(7), "{way}: {}", text(&output));
            assert!(start.elapsed() < Duration::from_secs(20), "{way}: {:?}", start.elapsed());
            // Nothing lingers: its connections end with it.
            assert!(origin.wait_for_open(0, Duration::from_secs(20)), "{way}");
        }
    }
    assert_eq!(origin.faults(), [""; 0]);
}

/// A host that loads the library as a plugin, rather than being linked with it.
#[test]
fn unloading_it_while_it_is_at_work_does_no_harm() {
    let build = Build { name: "plugin", extra: &["-Wl,--as-needed"], ..C11 };
    let origin = origin();
    let mut command = Command::new(compile(&root().join("tests/c/plugin.c"), build));
    let output = run(command.arg(library()).arg(origin.http()), "");
    assert!(output.status.success(), "{}", text(&output));
    let mut needs = Command::new("readelf");
    let needs =
        run(needs.arg("-d").arg(compile(&root().join("tests/c/plugin.c"), build)), "binutils");
    assert!(!text(&needs).contains("libkeepalive"), "it was linked after all: {}", text(&needs));
    assert_eq!(origin.faults(), [""; 0]);
}
