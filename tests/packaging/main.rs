//! What `make install` puts somewhere is what programs find there: by pkg-config and CMake, shared and static, with
//! their own copies of what the library has inside. Each script beside this file is one test.

#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use support::{library, origin, root, run, scratch, text};

/// What `make install` copies, made once of the library that cargo built beside this program.
fn package() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = scratch().join("package");
        let mut command = Command::new(root().join("scripts/package_c.sh"));
        let output = run(command.arg(&folder).arg(library().with_extension("a")), "bash");
        assert!(output.status.success(), "{}", text(&output));
        folder
    })
}

/// Runs a script in a folder of its own, whose path has a space.
fn script(name: &str) {
    let origin = origin();
    let work = scratch().join(format!("a place for {name}"));
    if work.exists() {
        std::fs::remove_dir_all(&work).expect("what an earlier run left");
    }
    std::fs::create_dir_all(&work).expect("the target directory is writable");
    let mut command = Command::new("bash");
    command
        .arg(root().join("tests/packaging").join(name))
        .env("WORK", &work)
        .env("KEEPALIVE_PACKAGE", package())
        .env("HTTP", origin.http())
        // cargo's, where libraries of other builds are.
        .env_remove("LD_LIBRARY_PATH");
    let output = run(&mut command, "bash");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(origin.faults(), [""; 0], "requests that broke a rule");
    std::fs::remove_dir_all(&work).expect("it can be removed");
}

#[test]
fn installing_twice_and_taking_out_leaves_nothing() {
    script("install.sh");
}

#[test]
fn functions_have_versions_and_nothing_else_is_global() {
    script("symbols.sh");
}

#[test]
fn programs_find_it_by_pkg_config_wherever_it_was_moved() {
    script("pkgconfig.sh");
}

#[test]
fn programs_find_it_by_cmake_wherever_it_was_moved() {
    script("cmake.sh");
}

#[test]
fn the_abi_grows_and_does_not_break() {
    script("abi.sh");
}

#[test]
fn every_manual_page_is_clean() {
    script("man.sh");
}

#[test]
fn the_list_of_parts_is_complete() {
    script("sbom.sh");
}

#[test]
fn a_missing_tool_is_named_with_its_package() {
    script("missing.sh");
}

#[test]
fn a_wheel_that_fails_leaves_nothing_among_the_sources() {
    script("unfinished.sh");
}

#[test]
fn a_library_that_needs_a_newer_libc_is_refused() {
    script("old_libc.sh");
}

/// What the page for libcurl's users names is in the header, and what it shows is in the tree.
#[test]
fn the_page_for_users_of_libcurl_names_what_is_there() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("readable");
    let (page, header) = (read("docs/libcurl.md"), read("include/keepalive.h"));
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words: Vec<&str> = page.split(|letter| !is_word(letter)).collect();
    let names: Vec<&&str> =
        words.iter().filter(|word| word.starts_with("ka_") || word.starts_with("KA_")).collect();
    assert!(names.len() > 50, "{}", names.len());
    for name in names {
        // `ka_request_set_*` is a group.
        assert!(header.contains(name.trim_end_matches('_')), "{name} is not in the header");
    }
    for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let there = root().join("docs").join(link).exists();
        assert!(there || link.starts_with("http"), "{link} is not there");
    }
}

/// What `cargo cinstall` makes has the same name and SONAME.
#[test]
fn cargo_c_is_told_the_same() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("readable");
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let capi = &manifest["package"]["metadata"]["capi"];
    let version = manifest["workspace"]["package"]["version"].as_str().expect("a text");
    let expected = if version.starts_with("0.") { "1.0.0" } else { version };
    assert_eq!(capi["library"]["version"].as_str(), Some(expected));
    assert_eq!(capi["library"]["name"].as_str(), Some("keepalive"));
    assert_eq!(capi["pkg_config"]["filename"].as_str(), Some("libkeepalive"));
    assert_eq!(capi["install"]["include"]["asset"][0]["from"].as_str(), Some("include/*.h*"));
    assert!(read("scripts/install.sh").contains("libkeepalive.so.1.0.0"));
    // It refuses a package without this feature.
    assert!(manifest["features"].get("capi").is_some());
}
