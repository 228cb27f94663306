//! Laws of the whole source tree, read off its files: where `unsafe` may stand, how long a file may be,
//! that a test says in its first line what it is for, and where the servers of core's tests get their ports.

mod support;

use std::path::{Path, PathBuf};

/// The files of the tree with one of these endings, by their path in it; not what was built or
/// installed.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("listed").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                let made = ["target", "node_modules", "__pycache__"].contains(&&*name);
                if !made && !name.starts_with('.') {
                    walk(&path, found);
                }
            } else {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(support::root(), &mut found);
    found.retain(|path| {
        path.extension().is_some_and(|ending| endings.iter().any(|one| ending == *one))
    });
    found.sort();
    found.iter().map(|path| path.strip_prefix(support::root()).expect("below").into()).collect()
}

fn read(path: &Path) -> String {
    let text = std::fs::read_to_string(support::root().join(path));
    text.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Where `unsafe` may stand: what faces another language's memory.
const UNSAFE: [&str; 4] =
    ["ffi", "bindings/common/src", "bindings/python/src", "bindings/node/src"];
/// And where no memory of ours is concerned: a peer of the benchmark gives memory back as glibc does.
const FOREIGN: [&str; 1] = ["bench/rust_peer/src"];

#[test]
fn unsafe_code_stays_in_ffi_and_the_glue_of_the_bindings() {
    let files = files(&["rs"]);
    let has_unsafe = |path: &&PathBuf| words(&read(path)).iter().any(|word| word == "unsafe");
    let used: Vec<&PathBuf> = files.iter().filter(has_unsafe).collect();
    let allowed = |path: &Path| UNSAFE.iter().chain(&FOREIGN).any(|dir| path.starts_with(dir));
    let elsewhere: Vec<_> = used.iter().filter(|path| !allowed(path)).collect();
    assert!(elsewhere.is_empty(), "unsafe in {elsewhere:?}");
    for dir in UNSAFE {
        assert!(used.iter().any(|path| path.starts_with(dir)), "none is seen in {dir}");
    }
    let manifest: toml::Table = read(Path::new("Cargo.toml")).parse().expect("TOML");
    let members = manifest["workspace"]["members"].as_array().expect("a list");
    for member in members.iter().map(|member| member.as_str().expect("a path")) {
        let sources = if member == "." { Path::new("ffi") } else { Path::new(member) };
        assert!(files.iter().any(|path| path.starts_with(sources)), "{member} is not seen");
    }
}

/// The words of Rust code, without comments, strings and characters.
fn words(code: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        let after = &rest[word.len()..];
        let hashes = after.len() - after.trim_start_matches('#').len();
        if matches!(word, "r" | "br" | "cr") && after[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            rest = beyond(&after[hashes + 1..], &end);
        } else if !word.is_empty() {
            words.push(word.to_owned());
            rest = after;
        } else if rest.starts_with("//") {
            rest = beyond(rest, "\n");
        } else if rest.starts_with("/*") {
            rest = beyond(rest, "*/");
        } else if first == '"' {
            rest = literal(&rest[1..], '"');
        } else if first == '\'' && is_character(&rest[1..]) {
            rest = literal(&rest[1..], '\'');
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    words
}

fn beyond<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// What follows a string or character, whose first quote is gone.
fn literal(text: &str, quote: char) -> &str {
    let mut escaped = false;
    let end = text.find(|c| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or("", |at| &text[at + 1..])
}

/// Whether a quote begins a character and not a lifetime.
fn is_character(text: &str) -> bool {
    text.starts_with('\\') || text.chars().nth(1) == Some('\'')
}

#[test]
fn words_are_those_of_the_code() {
    let seen = |code: &str| words(code).iter().any(|word| word == "unsafe");
    for code in [
        "unsafe { x }",
        "fn a<'a>(b: &'a str) { unsafe { c('\\'', \"\\\"\") } }",
        "let a = '\"'; unsafe fn b() {}",
        "r#\"a \" b\"#; unsafe impl Send for A {}",
        "#[unsafe(no_mangle)]",
        "/* a */ unsafe extern \"C\" {}",
        "// a\nunsafe {}",
    ] {
        assert!(seen(code), "{code}");
    }
    for code in [
        "// unsafe",
        "/* unsafe */",
        "\"unsafe\"",
        "\"\\\" unsafe\"",
        "r##\"\"# unsafe\"##",
        "br\"\\\" ; b\"unsafe\"",
        "'\"'; \"unsafe\"",
        "#![forbid(unsafe_code)]",
    ] {
        assert!(!seen(code), "{code}");
    }
}

/// Files that are made by a program from tables that are short.
const MADE: [&str; 3] =
    ["include/keepalive.h", "bindings/node/index.d.ts", "bindings/python/libkeepalive/_native.pyi"];

#[test]
fn no_source_file_is_longer_than_500_lines() {
    let endings = ["rs", "c", "cc", "h", "py", "pyi", "js", "mjs", "ts", "go", "sh", "toml"];
    let files = files(&endings);
    for ending in endings {
        let any = files.iter().any(|path| path.extension().is_some_and(|own| own == ending));
        assert!(any, "no .{ending} file is seen");
    }
    let long = |path: &&PathBuf| {
        !MADE.iter().any(|made| path == &Path::new(made)) && read(path).lines().count() > 500
    };
    let long: Vec<&PathBuf> = files.iter().filter(long).collect();
    assert!(long.is_empty(), "{long:?}");
}

/// Where tests and what belongs to them stand.
const TESTS: [&str; 5] =
    ["tests", "core/tests", "core/proto/tests", "bindings/python/tests", "bindings/node/test"];

/// What the first line of a test says; `'use strict'` may stand before it.
fn purpose(text: &str) -> &str {
    let text = text.trim_start_matches("'use strict'\n");
    let line = text.lines().next().unwrap_or_default();
    let starts = ["//! ", "// ", "/* ", "\"\"\"", "# "];
    starts.iter().find_map(|start| line.strip_prefix(start)).unwrap_or_default()
}

#[test]
fn the_purpose_of_every_test_stands_in_its_first_line() {
    let endings = ["rs", "c", "cc", "h", "py", "js", "mjs", "ts", "toml", "dict", "supp"];
    let files = files(&endings);
    for dir in TESTS {
        let own: Vec<_> = files
            .iter()
            .filter(|path| path.starts_with(dir) && !path.ends_with("Cargo.toml"))
            .collect();
        assert!(own.len() >= 4, "{dir}: only {own:?}");
        let silent: Vec<_> = own.iter().filter(|path| purpose(&read(path)).len() < 20).collect();
        assert!(silent.is_empty(), "no purpose in the first line of {silent:?}");
    }
    assert_eq!(purpose("'use strict'\n// A purpose.\n"), "A purpose.");
    assert_eq!(purpose("use std::io;\n// Too late.\n"), "");
}

/// Where the servers of core's tests get their ports, which no two of a process may share, one after the other:
/// what was learnt of the first would meet the second.
const PORTS: &str = "core/tests/common/mod.rs";
/// Where such a port is given to a process of its own.
const FOREIGN_PORTS: &str = "core/tests/suite/trust.rs";

/// Whether this code has a listener bound, other than to a path.
fn binds(code: &str) -> bool {
    words(code).windows(2).any(|pair| pair[1] == "bind" && pair[0] != "UnixListener")
}

#[test]
fn the_servers_of_core_s_tests_get_their_ports_in_one_place() {
    let mut files = files(&["rs"]);
    files.retain(|path| path.starts_with("core/tests"));
    let bound: Vec<_> = files.iter().filter(|path| binds(&read(path))).collect();
    assert_eq!(bound, [Path::new(PORTS)], "others are to use its `listen` or `listen_local`");
    let any = |path: &&PathBuf| read(path).contains("127.0.0.1:0\"");
    let named: Vec<_> = files.iter().filter(any).collect();
    assert_eq!(named, [Path::new(FOREIGN_PORTS)], "others are to use `listen_local`");
    for code in ["std::net::TcpListener::bind(a)", "use TcpListener as L; L::bind (a)", "b.bind(a)"]
    {
        assert!(binds(code), "{code}");
    }
    assert!(!binds("UnixListener::bind(a); // TcpListener::bind(a)"));
}
