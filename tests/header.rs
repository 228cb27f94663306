//! `include/keepalive.h` compiles wherever a C program may include it, and so does its first page's
//! example. That it is current is asserted in `generate/tests`.

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

fn committed() -> String {
    std::fs::read_to_string(support::root().join("include/keepalive.h"))
        .expect("the header is there")
}

#[test]
fn the_header_compiles_cleanly_as_c_and_as_cxx() {
    for (compiler, language, standard) in [
        ("gcc", "c", "c99"),
        ("gcc", "c", "c11"),
        ("gcc", "c", "c17"),
        ("g++", "c++", "c++11"),
        ("g++", "c++", "c++17"),
        ("g++", "c++", "c++20"),
    ] {
        let mut child = Command::new(compiler)
            .args(["-x", language, &format!("-std={standard}"), "-fsyntax-only", "-I"])
            .arg(support::root().join("include"))
            .args(["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{compiler}: {error}; install the package {compiler}"));
        let source = b"#include <keepalive.h>\n#include <keepalive.h>\n";
        child.stdin.take().expect("piped").write_all(source).expect("the compiler reads");
        let output = child.wait_with_output().expect("the compiler ends");
        assert!(output.status.success(), "{standard}: {}", support::text(&output));
    }
}

#[test]
fn the_example_on_the_first_page_compiles_and_runs() {
    let header = committed();
    let lines = header.lines().skip_while(|line| !line.contains("#include <stdio.h>"));
    let example: Vec<&str> = lines
        .take_while(|line| !line.contains("Build:"))
        .filter_map(|line| line.strip_prefix(" *     "))
        .collect();
    assert!((10..=18).contains(&example.len()), "{} lines", example.len());
    let source = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("first_page.c");
    let origin = keepalive_origin::Origin::start(Default::default()).expect("the origin starts");
    let here = example.join("\n").replace("http://example.com/", &format!("{}/ok", origin.http()));
    std::fs::write(&source, here + "\n").expect("the target directory is writable");
    let program = support::compile(&source, support::C99);
    let output = support::run(&mut Command::new(program), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "200, 2 bytes\n");
}
