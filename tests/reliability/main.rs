//! The table of `docs/reliability.md`: what becomes of the second request on a kept connection when
//! the connection fails. Our row is measured here, in C always and in the other languages where they
//! are built; KEEPALIVE_UPDATE_DOCS=1 writes it into the document.
//!
//! KEEPALIVE_PYTHON names a Python that has the wheel, KEEPALIVE_NODE a Node when
//! `bindings/node/keepalive.node` is built; `make test` sets both.

#[path = "../support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use keepalive_origin::Origin;

/// FIN after the request for GET, POST, POST with Idempotency-Key and PUT; FIN 200 ms before the
/// request while the caller is blocked; a stray 408 while idle, and while the caller is blocked.
const OURS: [&str; 7] =
    ["200 (x2)", "error", "200 (x2)", "200 (x2)", "GET and POST 200", "200", "200"];

/// As the scenario has it; the request is sent this long after the FIN.
const BEFORE: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_secs(20);

/// A running probe.
struct Probe<'a> {
    name: &'a str,
    origin: &'a Origin,
    base: &'a str,
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    scenarios: u32,
}

impl<'a> Probe<'a> {
    fn start(name: &'a str, origin: &'a Origin, base: &'a str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let stdin = child.stdin.take().expect("piped");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Probe { name, origin, base, child, stdin, lines, scenarios: 0 }
    }

    fn say(&mut self, text: &str) {
        writeln!(self.stdin, "{text}").and_then(|()| self.stdin.flush()).expect("it listens");
    }

    fn hear(&mut self) -> String {
        self.lines.next().and_then(Result::ok).unwrap_or_else(|| panic!("{} ended", self.name))
    }

    /// Warms with `first`, breaks the connection at `gate` if there is one, then sends the request.
    fn run(&mut self, how: &str, first: &str, gate: Option<&str>, second: &str) -> String {
        let base = self.base;
        let (method, rest) = second.split_once(' ').expect("method, path, key");
        self.say(&format!("{how} {base}{first} {method} {base}{rest}"));
        assert_eq!(self.hear(), "ready", "{}", self.name);
        if let Some(gate) = gate {
            assert!(self.origin.open_gate(gate, LIMIT), "{}: {gate}", self.name);
            std::thread::sleep(BEFORE);
        }
        self.say("go");
        self.hear()
    }

    fn next_name(&mut self) -> String {
        self.scenarios += 1;
        format!("{}-{}", self.name.replace(' ', "-"), self.scenarios)
    }

    /// The server reads the request and closes.
    fn fin_after(&mut self, method: &str, idempotency_key: bool) -> String {
        let name = self.next_name();
        let key = if idempotency_key { "once" } else { "-" };
        let request = format!("{method} /flaky?key={name}&times=1&how=fin {key}");
        let outcome = self.run("idle", "/ok", None, &request);
        match self.origin.journal(&name).len() {
            1 => outcome,
            times => format!("{outcome} (x{times})"),
        }
    }

    /// Something happens to the idle connection.
    fn idle(&mut self, how: &str, route: &str, request: &str) -> String {
        let gate = self.next_name();
        self.run(how, &format!("/{route}?gate={gate}"), Some(&gate), request)
    }

    fn row(mut self) -> [String; 7] {
        let get = self.idle("blocked", "close-idle", "GET /ok -");
        let post = self.idle("blocked", "close-idle", "POST /echo-body -");
        let row = [
            self.fin_after("GET", false),
            self.fin_after("POST", false),
            self.fin_after("POST", true),
            self.fin_after("PUT", false),
            if get == post { format!("GET and POST {get}") } else { format!("{get}, POST {post}") },
            self.idle("idle", "stray-idle", "GET /ok -"),
            self.idle("blocked", "stray-idle", "GET /ok -"),
        ];
        drop(self.stdin);
        assert!(self.child.wait().expect("a child").success(), "{}", self.name);
        row
    }
}

fn command(program: &str, script: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(support::root().join("tests/reliability").join(script));
    command
}

#[test]
fn our_row_is_what_the_document_says() {
    let origin = support::origin();
    let source = support::root().join("tests/reliability/probe.c");
    let c = support::compile(&source, support::C11);
    let mut probes =
        vec![("C blocking", Command::new(&c), "send"), ("C queue", Command::new(&c), "queue")];
    let mut languages = vec!["C"];
    if let Ok(python) = std::env::var("KEEPALIVE_PYTHON") {
        probes.push(("Python", command(&python, "probe.py"), "sync"));
        probes.push(("asyncio", command(&python, "probe.py"), "asyncio"));
        languages.extend(["Python", "asyncio"]);
    }
    if let Ok(node) = std::env::var("KEEPALIVE_NODE") {
        probes.push(("Node", command(&node, "probe.mjs"), "request"));
        languages.push("Node");
    }
    for (name, mut command, mode) in probes {
        command.arg(origin.ca_file()).arg(mode);
        for base in [origin.http(), origin.https()] {
            assert_eq!(
                Probe::start(name, &origin, base, &mut command).row(),
                OURS,
                "{name} {base}"
            );
            origin.reset();
        }
    }
    assert_eq!(origin.faults(), [""; 0], "requests that broke a rule");

    let path = support::root().join("docs/reliability.md");
    let document = std::fs::read_to_string(&path).expect("the document");
    let [get, post, keyed, put, rest @ ..] = &OURS;
    let post = format!("{post}; {keyed} with Idempotency-Key");
    let cells = [&[*get, &post, put], &rest[..]].concat();
    let cells = format!("| {} |", cells.join(" | "));
    let start = "| **libkeepalive** (";
    if std::env::var_os("KEEPALIVE_UPDATE_DOCS").is_some() {
        let row = format!("{start}{}) {cells}", languages.join(", "));
        let lines = document.lines().map(|line| if line.starts_with(start) { &row } else { line });
        let text = lines.collect::<Vec<_>>().join("\n") + "\n";
        std::fs::write(&path, text).expect("writable");
    } else {
        let row = document.lines().find(|line| line.starts_with(start)).expect("our row");
        assert!(row.ends_with(&cells), "the document says: {row}\nmeasured: {cells}");
    }
}
