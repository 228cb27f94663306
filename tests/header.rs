//! `include/keepalive.h` compiles wherever a C program may include it, and so does its first page's
//! example. That it is current is asserted in `generate/tests`.

mod support;

use std::process::Command;

use support::Build;

fn committed() -> String {
    std::fs::read_to_string(support::root().join("include/keepalive.h"))
        .expect("the header is there")
}

#[test]
fn the_header_compiles_cleanly_as_c_and_as_cxx() {
    let source = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("twice.c");
    std::fs::write(&source, "#include <keepalive.h>\n#include <keepalive.h>\n")
        .expect("the target directory is writable");
    for (compiler, standard) in [
        ("gcc", "c99"),
        ("gcc", "c11"),
        ("gcc", "c17"),
        ("g++", "c++11"),
        ("g++", "c++17"),
        ("g++", "c++20"),
    ] {
        let extra = &["-Wconversion"];
        support::check(&source, Build { name: standard, compiler, standard, extra });
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
    let origin = support::origin();
    let here = example.join("\n").replace("http://example.com/", &format!("{}/ok", origin.http()));
    std::fs::write(&source, here + "\n").expect("the target directory is writable");
    let program = support::compile(&source, support::C99);
    let output = support::run(&mut Command::new(program), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "200, 2 bytes\n");
}
