//! Every program of `tests/c` and every example of `bindings/c` is accepted as C99, C11 and C++17 with
//! all warnings as errors, and run against the origin: plain, under AddressSanitizer and
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

/// What an example is called with, and what its output must contain. `peer` does what the origin does not.
fn example_arguments(path: &Path, origin: &Origin, peer: &str) -> (Vec<String>, &'static str) {
    let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let http = |path: &str| format!("{}{path}", origin.http());
    let https = |path: &str| format!("{}{path}", origin.https());
    let ca_file = origin.ca_file().display().to_string();
    let own = support::root().join("Cargo.lock").display().to_string();
    // Each run has a peer of its own.
    let port = peer.rsplit(':').next().expect("a port");
    let file = support::scratch().join(format!("resumed-{port}")).display().to_string();
    let other_pin = format!("sha256//{}=", "A".repeat(43));
    match stem.as_str() {
        "get" => (vec![http("/ok")], "ok"),
        "post" => (vec![http("/echo-body"), "{\"n\": 1}".into()], "{\"n\": 1}"),
        "stream_download" => (vec![http("/bytes/500000"), "/dev/null".into()], "500000 bytes"),
        "async_queue" => (vec![http("/bytes/1000"), "100".into()], "100 responses"),
        "threads" => (vec![http("/ok"), "4".into(), "25".into()], "100 requests"),
        "upload" => (vec![http("/upload-count"), own], "200 "),
        "resume" => (vec![peer.into(), file], "300000 bytes, gone on with 2 times"),
        "epoll" => (vec![http("/json")], "1000 of 1000 good"),
        "cancel" => (vec![http("/stall")], "KA_CANCELLED"),
        "pinning" => (vec![https("/ok"), ca_file, other_pin], "KA_CERTIFICATE_REJECTED"),
        "proxy" => {
            (vec![peer.into(), "http://name.invalid/a".into()], "proxied http://name.invalid/a")
        }
        "websocket" => (vec![peer.into(), "a text".into()], "a text"),
        "stats" => (vec![http("/ok"), "10".into()], "1 opened, 9 reused, 0 found dead"),
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

fn forks(source: &Path) -> bool {
    let text = std::fs::read_to_string(source).expect("it was listed");
    text.contains("fork_patiently()")
}

/// `under`: a program that runs the programs, with its arguments. `wanted` says which.
fn run_all(build: Build, under: &[&str], wanted: fn(&Path) -> bool) {
    let origin = origin();
    for source in programs().into_iter().filter(|source| wanted(source)) {
        // Its servers send without end, and its limits are for a program that runs at its own speed.
        if source.ends_with("limits.c") && !under.is_empty() {
            continue;
        }
        succeeds(&compile(&source, build), &arguments(&origin), under);
    }
    let peer = support::peers::start();
    for source in c_files("bindings/c/examples").into_iter().filter(|source| wanted(source)) {
        let (arguments, expected) = example_arguments(&source, &origin, &peer);
        // They have the defaults, and a handshake there may take longer than those allow; tls.c has patience.
        if !under.is_empty() && arguments.iter().any(|argument| argument.starts_with("https:")) {
            continue;
        }
        let said = succeeds(&compile(&source, build), &arguments, under);
        assert!(said.contains(expected), "{}: {said}", source.display());
    }
    assert_eq!(origin.faults(), [""; 0], "requests that broke a rule");
}

#[test]
fn programs_are_c99_and_cxx17() {
    for source in programs().into_iter().chain(c_files("bindings/c/examples")) {
        support::check(&source, C99);
        support::check(&source, CXX17);
    }
}

#[test]
fn programs_run_as_c11() {
    run_all(C11, &[], |_| true);
}

/// GCC's AddressSanitizer does not hold the locks of its allocator across a fork: a child of a program whose other
/// threads allocate may wait for one for ever. LLVM's does, and scripts/sanitize.sh runs these programs under that.
#[test]
fn programs_run_under_the_sanitizers() {
    run_all(SANITIZED, &[], |source| !forks(source));
}

/// Only definite leaks count: hash tables, and so all that is behind them, are "possibly lost" by
/// valgrind's rules, since their pointers lead into their middle. In forked children too: what they
/// leave alone because it is their parent's stays reachable, also what only the stack of the parent's
/// engine refers to.
fn under_valgrind(wanted: fn(&Path) -> bool) {
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
        wanted,
    );
}

/// With a library that is not optimised: what only a register of the parent's engine refers to would be lost.
#[test]
fn programs_that_fork_run_under_valgrind() {
    under_valgrind(forks);
}

#[test]
#[ignore = "scripts/test.sh valgrind runs it with the optimised library, in half the time"]
fn programs_run_under_valgrind() {
    under_valgrind(|source| !forks(source));
}

/// These libraries' headers want more than C11.
const GNU11: Build = Build { name: "gnu11", standard: "gnu11", ..C11 };

/// Each in the loop of a library that pkg-config knows.
#[test]
fn examples_run_in_other_libraries_loops() {
    let origin = origin();
    let mut sources = c_files("bindings/c/examples/loops");
    for (name, module, package) in [
        ("libuv.c", "libuv", "libuv1-dev"),
        ("libevent.c", "libevent", "libevent-dev"),
        ("glib.c", "glib-2.0", "libglib2.0-dev"),
    ] {
        let flags =
            run(Command::new("pkg-config").args(["--cflags", "--libs", module]), "pkg-config");
        assert!(flags.status.success(), "install the package {package}: {}", text(&flags));
        let flags = String::from_utf8_lossy(&flags.stdout).into_owned();
        let at = sources.iter().position(|path| path.ends_with(name));
        let source = sources.remove(at.unwrap_or_else(|| panic!("{name} is not there")));
        let program = support::compile_with(&source, GNU11, flags.split_whitespace());
        let said = succeeds(&program, &[format!("{}/json", origin.http()), "200".into()], &[]);
        assert!(said.contains("200 of 200 good"), "{name}: {said}");
    }
    assert!(sources.is_empty(), "say how these are built: {sources:?}");
}

#[test]
fn examples_are_short_enough_to_read() {
    for source in
        c_files("bindings/c/examples").into_iter().chain(c_files("bindings/c/examples/loops"))
    {
        let lines = std::fs::read_to_string(&source).expect("readable").lines().count();
        assert!(lines <= 80, "{} has {lines} lines", source.display());
    }
}

/// The program of contrib/ prints the same with libcurl and with this library.
#[test]
fn a_program_for_libcurl_and_its_port_print_the_same() {
    let origin = origin();
    let paths = [
        "/ok",
        "/json",
        "/gzip",
        "/bytes/100000",
        "/status/404",
        "/redirect/302?n=2",
        "/chunked/5000",
    ];
    let mut urls: String =
        paths.iter().cycle().take(70).map(|path| format!("{}{path}\n", origin.http())).collect();
    urls += "http://127.0.0.1:1/nobody\nfile:///etc/hostname\nhttp://\n";
    let input = support::scratch().join("urls");
    std::fs::create_dir_all(support::scratch()).expect("the target directory is writable");
    std::fs::write(&input, urls).expect("the target directory is writable");
    let printed = |file: &str, flags: &str| {
        let source = support::root().join("contrib/libcurl").join(file);
        let program = support::compile_with(&source, GNU11, flags.split_whitespace());
        let mut command = Command::new(program);
        command.arg("4").stdin(std::fs::File::open(&input).expect("written"));
        let output = command.output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{file}: {}", text(&output));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines: Vec<String> = said.lines().map(str::to_string).collect();
        lines.sort();
        lines
    };
    let (before, after) = (printed("before.c", &libcurl()), printed("after.c", ""));
    assert_eq!(before.len(), 73, "{before:?}");
    assert_eq!(before, after);
}

/// What a program for libcurl is compiled with.
fn libcurl() -> String {
    let flags =
        run(Command::new("pkg-config").args(["--cflags", "--libs", "libcurl"]), "pkg-config");
    assert!(flags.status.success(), "install the package libcurl4-openssl-dev: {}", text(&flags));
    String::from_utf8_lossy(&flags.stdout).into_owned()
}

/// One of curl's own, with our server's addresses in place of those that it has.
#[test]
fn a_program_of_curl_and_its_port_print_the_same() {
    let origin = origin();
    let folder = support::scratch().join("10-at-a-time");
    std::fs::create_dir_all(&folder).expect("the target directory is writable");
    let printed = |file: &str, flags: &str| {
        let source = support::root().join("contrib/libcurl/curl").join(file);
        let mut changed = String::new();
        let mut number = 0;
        for line in std::fs::read_to_string(source).expect("readable").lines() {
            if line.starts_with("  \"https://") {
                number += 1;
                changed += &format!("  \"{}/bytes/{number}000\",\n", origin.http());
            } else {
                changed += &format!("{line}\n");
            }
        }
        assert_eq!(number, 47, "{file}");
        let source = folder.join(file);
        std::fs::write(&source, changed).expect("the target directory is writable");
        let program = support::compile_with(&source, GNU11, flags.split_whitespace());
        let output = Command::new(program).output().expect("it runs");
        assert!(output.status.success(), "{file}: {}", text(&output));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut lines: Vec<String> = said.lines().map(str::to_string).collect();
        lines.sort();
        lines
    };
    let (before, after) = (printed("before.c", &libcurl()), printed("after.c", ""));
    assert!(before.iter().all(|line| line.starts_with("R: 0 - No error <")), "{before:?}");
    assert_eq!((before.len(), before), (47, after));
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
