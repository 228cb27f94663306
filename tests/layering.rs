//! The direction of dependencies: `proto <- core <- {ffi, bindings}`, and inside core from `client` down
//! to the leaves without a cycle. Read off the manifests and the paths that the sources mention.

mod support;

use std::collections::BTreeSet;

use support::modules::{Modules, code, sources};

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

/// The rooms of core, lowest first: each knows only those before it.
const ROOMS: &[&str] = &[
    // Leaves.
    "sync",
    "repeat",
    "error",
    "stats",
    "verify",
    "guard",
    "progress",
    "auth",
    "fork",
    "cookies",
    "config",
    "decode",
    // What knows no HTTP exchange: the pool, the network, the engine, what is known of servers.
    "pool",
    "net",
    "engine",
    "origin",
    "roads",
    "deadline",
    "observe",
    "process",
    // One request, one connection, and what drives the one over the other.
    "request",
    "connection",
    "drive",
    // What callers have.
    "stream",
    "response",
    "client",
];

fn core() -> Modules {
    Modules::of(&support::root().join("core/src"))
}

fn room(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

#[test]
fn the_modules_of_core_form_no_cycle() {
    assert_eq!(core().cycle(), None);
}

#[test]
fn each_room_of_core_knows_only_those_below_it() {
    let rank = |module: &str| {
        let room = room(module);
        let rank = ROOMS.iter().position(|other| *other == room);
        rank.unwrap_or_else(|| panic!("{room} has no place in ROOMS"))
    };
    let mut broken = Vec::new();
    for (module, mentions) in core().mentions.iter().filter(|(name, _)| *name != "fuzzing") {
        for other in mentions.iter().filter(|other| rank(other) > rank(module)) {
            broken.push(format!("{module} knows {other}"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_graph_is_of_all_modules_and_whole_files() {
    let dir = support::root().join("core/src");
    let core = core();
    let files = sources(&dir).into_iter().filter(|path| {
        let path = path.strip_prefix(&dir).expect("below");
        !path.ends_with("lib.rs") && !path.ends_with("tests.rs")
    });
    assert_eq!(core.mentions.len(), files.count());
    assert!(ROOMS.iter().all(|room| core.mentions.contains_key(*room)), "a room is gone");
    // One of each way to mention a module, and from behind a test module's declaration.
    for (module, other) in [
        ("client", "drive"),
        ("drive", "drive::redirect"),
        ("drive::redirect", "drive::authenticate"),
        ("drive::hedge", "drive::exchange"),
        ("connection::dialing", "connection::idle_reaper"),
        ("pool", "pool::state"),
        ("response", "drive::reply"),
    ] {
        assert!(core.mentions[module].contains(other), "{module} is not seen to know {other}");
    }
    let pool = code(&dir.join("pool/mod.rs"));
    assert!(pool.contains("impl<T: Manager> Drop for Ticket<T>"), "its end is not seen");
}

#[test]
fn the_engine_knows_no_client_and_no_message() {
    for (module, mentions) in &core().mentions {
        if room(module) == "engine" {
            let allowed = ["engine", "error", "fork", "guard", "sync"];
            let strange = mentions.iter().find(|other| !allowed.contains(&room(other)));
            assert_eq!(strange, None, "{module}");
        }
    }
}

#[test]
fn a_cycle_is_found_in_every_way_of_writing_it() {
    let dir = support::scratch().join("cycles");
    for (number, (a, b)) in [
        ("use crate::b::B;", "use crate::a::A;"),
        ("use crate::{b::B, c};", "fn f() { crate::a::g() }"),
        ("use super::b;", "#[cfg(test)]\nmod tests {\n use crate::c;\n}\nuse super::a::{self, A};"),
        ("use crate::{x::{y, z}, b::{self}};", "#[cfg(test)]\nmod t;\nuse crate::a;"),
    ]
    .into_iter()
    .enumerate()
    {
        let dir = dir.join(number.to_string());
        std::fs::create_dir_all(&dir).expect("writable");
        for (name, text) in
            [("a", a), ("b", b), ("c", "// use crate::a;\nconst C: &str = \"crate::a::A\";")]
        {
            std::fs::write(dir.join(name).with_extension("rs"), text).expect("writable");
        }
        let modules = Modules::of(&dir);
        assert_eq!(modules.cycle(), Some(vec!["a", "b", "a"]), "{a} {b}");
        assert!(modules.mentions["c"].is_empty(), "{:?}", modules.mentions["c"]);
    }
}

#[test]
fn pool_and_net_know_no_http() {
    let rooms = ["pool", "net"].map(|room| support::root().join("core/src").join(room));
    let files: Vec<_> = rooms.iter().flat_map(|dir| sources(dir)).collect();
    assert!(files.len() > 15, "{files:?}");
    for path in files {
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
