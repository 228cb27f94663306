//! The C++ header: programs that use all of it, compiled by g++ and clang++ in every standard it is for, with all
//! warnings as errors, and run against the origin; also without exceptions and under the sanitizers.

#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::process::Command;

use support::{Build, compile, origin, root, run, scratch, text};

const fn build(
    name: &'static str,
    compiler: &'static str,
    standard: &'static str,
    extra: &'static [&'static str],
) -> Build {
    Build { name, compiler, standard, extra }
}

const STRICT: &[&str] = &["-Wconversion"];
const SANITIZED: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

fn says(source: &Path, build: Build, expected: &str) {
    let origin = origin();
    let output = run(Command::new(compile(source, build)).arg(origin.http()), "g++ and clang");
    assert!(output.status.success(), "{} {}: {}", source.display(), build.name, text(&output));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, expected, "{}", build.name);
    assert_eq!(origin.faults(), [""; 0], "requests that broke a rule");
}

#[test]
fn owners_results_and_functions() {
    let source = root().join("tests/cxx/owners.cc");
    for build in [
        build("gxx17", "g++", "c++17", STRICT),
        build("gxx20", "g++", "c++20", STRICT),
        build("gxx23", "g++", "c++2b", STRICT),
        build("clang17", "clang++", "c++17", STRICT),
        build("clang20", "clang++", "c++20", STRICT),
        build("nothrow", "g++", "c++17", &["-Wconversion", "-fno-exceptions", "-fno-rtti"]),
        build("sanitized", "g++", "c++17", SANITIZED),
    ] {
        says(&source, build, "all good\n");
    }
}

#[test]
fn coroutines() {
    let source = root().join("tests/cxx/coroutines.cc");
    for build in [
        build("gxx20", "g++", "c++20", STRICT),
        build("gxx23", "g++", "c++2b", STRICT),
        build("clang20", "clang++", "c++20", STRICT),
        build("sanitized", "g++", "c++20", SANITIZED),
    ] {
        says(&source, build, "all good\n");
    }
}

#[test]
fn the_example_on_the_first_page() {
    let header = std::fs::read_to_string(root().join("include/keepalive.hpp")).expect("readable");
    let example: Vec<&str> = header
        .lines()
        .skip_while(|line| !line.contains("#include <iostream>"))
        .take_while(|line| !line.contains("Build:"))
        .filter_map(|line| line.strip_prefix(" *     ").or((line == " *").then_some("")))
        .collect();
    assert!(example.len() > 8, "{example:?}");
    let code =
        example.join("\n").replace("http://example.com/", "\" + std::string(argv[1]) + \"/ok");
    let code =
        code.replace("int main()", "int main(int, char **argv)").replace("get(\"\" + ", "get(");
    let source = scratch().join("first_page.cc");
    std::fs::create_dir_all(scratch()).expect("the target directory is writable");
    std::fs::write(&source, code + "\n").expect("the target directory is writable");
    let origin = origin();
    let program = compile(&source, build("gxx17", "g++", "c++17", STRICT));
    let output = run(Command::new(program).arg(origin.http()), "g++");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("Content-Length: 2\n") && said.ends_with("ok"), "{}", text(&output));
}
