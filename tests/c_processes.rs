//! Processes that fork in a storm, that end while the library is at work, and that unload it.

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use keepalive_origin::{Origin, OriginOptions};
use support::{Build, C11, SANITIZED, compile, library, root, run, text};

fn origin() -> Origin {
    Origin::start(OriginOptions::default()).expect("the origin starts")
}

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
    let builds = [(C11, ""), (SANITIZED, "detect_leaks=0")];
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
