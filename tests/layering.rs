//! The direction of dependencies: `proto <- core <- {ffi, bindings}`, and inside core
//! `{pool, net} <- drive <- client` with error, origin and deadline as leaves. Read off the
//! manifests and the paths that the sources mention.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn manifest(path: &str) -> toml::Table {
    let text = std::fs::read_to_string(support::root().join(path)).expect("a manifest");
    text.parse().expect("TOML")
}

/// The crates that `path`'s crate is built with, tests aside.
fn dependencies(path: &str) -> BTreeSet<String> {
    let table = manifest(path);
    let sections = [table.get("dependencies"), table.get("build-dependencies")];
    sections
        .into_iter()
        .flatten()
        .filter_map(|section| section.as_table())
        .flat_map(|section| section.keys().cloned())
        .collect()
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a source directory") {
        let path = entry.expect("listed").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The code of a file without comments and without its unit tests, which may know everybody.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("readable");
    let production = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = production.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The files of a module of core: `name.rs` or `name/*.rs`, unit tests aside.
fn module(name: &str) -> Vec<PathBuf> {
    let source = support::root().join("core/src");
    let file = source.join(format!("{name}.rs"));
    let files = if file.exists() { vec![file] } else { sources(&source.join(name)) };
    files.into_iter().filter(|path| !path.ends_with("tests.rs")).collect()
}

/// The modules of core that a file mentions by `crate::name`, also in `crate::{a, b}`.
fn mentioned(path: &Path) -> BTreeSet<String> {
    let text = code(path);
    let mut found = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let group = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
        for item in group.unwrap_or(rest).split(',') {
            let name: String =
                item.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if !name.is_empty() {
                found.insert(name);
            }
            if group.is_none() {
                break;
            }
        }
    }
    found
}

/// What each layer of core may know of the others; a module that is not listed is glue between them
/// and free.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("origin", &["error"]),
    ("config", &["error"]),
    ("deadline", &["error", "origin", "config"]),
    ("fork", &["error"]),
    ("sync", &[]),
    ("guard", &[]),
    ("pool", &["pool", "sync"]),
    ("net", &["net", "error", "origin", "deadline", "config", "fork", "guard"]),
];

/// What may not be known, where a complete list would only repeat the tree.
const MUST_NOT_KNOW: &[(&str, &[&str])] = &[("drive", &["client"])];

#[test]
fn layers_of_core_know_only_those_below_them() {
    let mut broken = Vec::new();
    for (name, allowed) in MAY_KNOW {
        for path in module(name) {
            for other in mentioned(&path).iter().filter(|other| !allowed.contains(&&***other)) {
                broken.push(format!("{} knows {other}", path.display()));
            }
        }
    }
    for (name, forbidden) in MUST_NOT_KNOW {
        for path in module(name) {
            for other in mentioned(&path).iter().filter(|other| forbidden.contains(&&***other)) {
                broken.push(format!("{} knows {other}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn pool_and_net_know_no_http() {
    for path in ["pool", "net"].into_iter().flat_map(module) {
        assert!(!code(&path).contains("keepalive_proto"), "{}", path.display());
    }
}

#[test]
fn the_protocol_machine_has_no_socket_clock_thread_or_log() {
    let dependencies = dependencies("core/proto/Cargo.toml");
    assert!(
        dependencies.iter().all(|name| ["bytes", "httparse", "memchr"].contains(&&**name)),
        "{dependencies:?}"
    );
    for path in sources(&support::root().join("core/proto/src")) {
        let code = code(&path);
        for word in
            ["std::net", "std::time", "std::thread", "std::io", "std::fs", "println!", "log::"]
        {
            assert!(!code.contains(word), "{} mentions {word}", path.display());
        }
    }
}

#[test]
fn crates_depend_in_one_direction() {
    const OURS: &[&str] = &[
        "keepalive-proto",
        "keepalive-tables",
        "keepalive-core",
        "keepalive-common",
        "libkeepalive",
        "keepalive-python",
        "keepalive-node",
        "keepalive-origin",
    ];
    for (path, expected) in [
        ("core/proto/Cargo.toml", &[][..]),
        ("core/tables/Cargo.toml", &[]),
        ("core/Cargo.toml", &["keepalive-proto", "keepalive-tables"]),
        ("generate/Cargo.toml", &["keepalive-tables"]),
        ("bindings/common/Cargo.toml", &["keepalive-core"]),
        ("Cargo.toml", &["keepalive-common", "keepalive-core"]),
        ("bindings/python/Cargo.toml", &["keepalive-common", "keepalive-core"]),
        ("bindings/node/Cargo.toml", &["keepalive-common", "keepalive-core"]),
        ("tests/origin/Cargo.toml", &[]),
    ] {
        let all = dependencies(path);
        let ours: Vec<&str> =
            all.iter().map(String::as_str).filter(|name| OURS.contains(name)).collect();
        assert_eq!(ours, expected, "{path}");
    }
}

#[test]
fn no_source_file_is_longer_than_500_lines() {
    let long: Vec<String> = [
        "core",
        "generate",
        "ffi",
        "bindings/common/src",
        "bindings/python/src",
        "bindings/node/src",
        "tests",
    ]
    .into_iter()
    .flat_map(|dir| sources(&support::root().join(dir)))
    .filter_map(|path| {
        let lines = std::fs::read_to_string(&path).expect("readable").lines().count();
        (lines > 500).then(|| format!("{}: {lines}", path.display()))
    })
    .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
