//! The binary: its one line of JSON, and its end.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::Peer;

#[test]
fn it_prints_its_addresses_and_ends_with_its_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keepalive-origin"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let mut peer = Peer::connect(ready["http"].as_str().unwrap());
    assert_eq!(peer.get("/ok").body, b"ok");
    let ca_file = ready["ca_file"].as_str().unwrap();
    assert!(std::path::Path::new(ca_file).exists());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(!std::path::Path::new(ca_file).exists());
}

#[test]
fn unknown_options_are_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_keepalive-origin")).arg("--x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("unknown option --x"));
}
