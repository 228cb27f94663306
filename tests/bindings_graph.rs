//! The modules of the C ABI, of each binding, and of what they share, know each other in one direction:
//! read off the paths that the whole files mention, and the macros of others that they use. What is not HTTP is written once, in `bindings/common`.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module's path below its crate, without file names; empty for the crate's root.
type Module = Vec<String>;

/// Who knows whom.
type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// Rust files below `dir` by the module that they are.
fn modules(dir: &Path) -> BTreeMap<Module, String> {
    fn walk(dir: &Path, above: &Module, found: &mut BTreeMap<Module, String>) {
        for entry in std::fs::read_dir(dir).expect("a source directory") {
            let path = entry.expect("listed").path();
            let stem = path.file_stem().expect("a name").to_str().expect("UTF-8").to_string();
            let mut module = above.clone();
            if path.is_dir() {
                module.push(stem);
                walk(&path, &module, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                if stem != "lib" && stem != "mod" {
                    module.push(stem);
                }
                let text = std::fs::read_to_string(&path).expect("readable");
                assert!(found.insert(module, text).is_none(), "{} is there twice", path.display());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(dir, &Module::new(), &mut found);
    found
}

fn graph(modules: &BTreeMap<Module, String>) -> Graph {
    let known = |path: &[String]| -> Module {
        let longest = (0..=path.len()).rev().map(|end| path[..end].to_vec());
        longest.into_iter().find(|module| modules.contains_key(module)).expect("the root is known")
    };
    let macros: BTreeMap<String, &Module> = modules
        .iter()
        .flat_map(|(module, text)| {
            defined(&tokens(text)).into_iter().map(move |name| (name, module))
        })
        .collect();
    let edges = |module: &Module, text: &str| -> BTreeSet<Module> {
        let known = mentioned(module, text).into_iter().map(|path| known(&path));
        let used = called(&tokens(text)).into_iter().filter_map(|name| macros.get(&name).copied());
        known.chain(used.cloned()).filter(|other| other != module).collect()
    };
    modules.iter().map(|(module, text)| (module.clone(), edges(module, text))).collect()
}

/// The macros that a file defines.
fn defined(tokens: &[String]) -> BTreeSet<String> {
    let starts = tokens.windows(3).filter(|window| window[0] == "macro_rules" && window[1] == "!");
    starts.map(|window| window[2].clone()).collect()
}

/// The macros that a file calls.
fn called(tokens: &[String]) -> BTreeSet<String> {
    tokens.windows(2).filter(|window| window[1] == "!").map(|window| window[0].clone()).collect()
}

/// The paths in the crate that a file of `module` mentions, from the crate's root on.
fn mentioned(module: &Module, text: &str) -> Vec<Module> {
    let tokens = tokens(text);
    let word = |at: usize| tokens.get(at).map_or("", String::as_str);
    let children: Vec<&str> = (0..tokens.len())
        .filter(|&at| word(at) == "mod" && word(at + 2) == ";")
        .map(|at| word(at + 1))
        .collect();
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let begins = at == 0 || word(at - 1) != "::";
        if !begins || word(at + 1) != "::" {
            continue;
        }
        match word(at) {
            "crate" => _ = paths(&tokens, at + 2, Module::new(), &mut found),
            "self" => _ = paths(&tokens, at + 2, module.clone(), &mut found),
            "super" => {
                let (mut base, mut next) = (module.clone(), at);
                while word(next) == "super" {
                    base.pop();
                    next += 2;
                }
                paths(&tokens, next, base, &mut found);
            }
            child if children.contains(&child) => {
                _ = paths(&tokens, at, module.clone(), &mut found);
            }
            _ => {}
        }
    }
    found
}

/// The paths that begin at a token, each below `base`; braces hold several. Where it ends.
fn paths(tokens: &[String], mut at: usize, mut base: Module, found: &mut Vec<Module>) -> usize {
    let word = |at: usize| tokens.get(at).map_or("", String::as_str);
    loop {
        if word(at) == "{" {
            at += 1;
            while !matches!(word(at), "}" | "") {
                at = paths(tokens, at, base.clone(), found);
                while !matches!(word(at), "," | "}" | "") {
                    at += 1;
                }
                if word(at) == "," {
                    at += 1;
                }
            }
            return at + 1;
        }
        base.push(word(at).to_string());
        at += 1;
        if word(at) != "::" {
            found.push(base);
            return at;
        }
        at += 1;
    }
}

/// Words and signs of a source, without comments and what stands in quotes.
fn tokens(text: &str) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let raw = ["r#\"", "br#\"", "r\"", "br\""].into_iter().find(|raw| rest.starts_with(raw));
        let mut after = rest[first.len_utf8()..].chars();
        let is_char = first == '\'' && (after.next() == Some('\\') || after.next() == Some('\''));
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(raw) = raw {
            let end = if raw.contains('#') { "\"#" } else { "\"" };
            rest[raw.len()..].find(end).map_or(rest.len(), |at| raw.len() + at + end.len())
        } else if first == '"' {
            string_end(rest)
        } else if is_char {
            let from = if rest[1..].starts_with('\\') { 3 } else { 1 };
            rest[from..].find('\'').map_or(rest.len(), |at| from + at + 1)
        } else {
            let length = match first {
                first if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                _ if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            if !first.is_whitespace() {
                tokens.push(rest[..length].to_string());
            }
            length
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the string at the beginning of `text`, its quotes included.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    let end = text[1..].find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

/// Modules that know themselves through others; empty when there are none.
fn cycle(graph: &Graph) -> Vec<String> {
    // What knows nobody who is left, or is known by nobody, cannot be part of one.
    let mut left = graph.clone();
    loop {
        let names: BTreeSet<Module> = left.keys().cloned().collect();
        let known: BTreeSet<Module> = left.values().flatten().cloned().collect();
        let before = left.len();
        left.retain(|module, knows| {
            known.contains(module) && knows.iter().any(|other| names.contains(other))
        });
        if left.len() == before {
            break;
        }
    }
    let show = |module: &Module| format!("crate::{}", module.join("::"));
    left.iter()
        .map(|(module, knows)| {
            let inside: Vec<String> =
                knows.iter().filter(|other| left.contains_key(*other)).map(show).collect();
            format!("{} knows {}", show(module), inside.join(", "))
        })
        .collect()
}

#[test]
fn the_modules_of_the_bindings_have_no_cycle() {
    for (crate_, least) in [
        ("ffi", 20),
        ("bindings/common/src", 4),
        ("bindings/node/src", 9),
        ("bindings/python/src", 25),
    ] {
        let modules = modules(&support::root().join(crate_));
        assert!(modules.len() >= least, "{crate_}: only {} modules were seen", modules.len());
        let graph = graph(&modules);
        let blind: Vec<String> = modules
            .iter()
            .filter(|(module, text)| text.contains("use crate::") && graph[*module].is_empty())
            .map(|(module, _)| module.join("::"))
            .collect();
        assert!(blind.is_empty(), "{crate_}: nothing was seen of what these use: {blind:?}");
        let cycle = cycle(&graph);
        assert!(cycle.is_empty(), "{crate_}:\n{}", cycle.join("\n"));
    }
}

#[test]
fn a_cycle_is_seen_however_it_is_written() {
    let seen = |files: &[(&str, &str)]| {
        let mut modules = BTreeMap::from([(Module::new(), String::new())]);
        for (name, text) in files {
            let path = name.split("::").filter(|part| !part.is_empty()).map(String::from);
            modules.insert(path.collect(), text.to_string());
        }
        !cycle(&graph(&modules)).is_empty()
    };
    let back = ("b", "use crate::a::Thing;");
    for there in [
        "use crate::b::Other;",
        "use crate::{c::X, b::Other};",
        "use crate::{c::{d::Y, e}, b};",
        "fn f() -> crate::b::Other {}",
        "use super::b::Other;",
        "use super::{c, b as other};",
        "#[cfg(test)] mod tests; use crate::b::{self, Other};",
        "const TEXT: &str = \"{\\\"\"; use crate::b::Other;",
    ] {
        assert!(seen(&[("a", there), back, ("c", "")]), "{there}");
    }
    for there in [
        "// crate::b::Other",
        "/* crate::b::Other */",
        "const A: &str = \"crate::b::Other\";",
        "const A: &str = r#\"\"crate::b::Other\"#;",
        "const A: (char, char, &str) = ('\"', '\\'', \"http://x\"); // crate::b::Other",
        "use bytes::b::Other;",
    ] {
        assert!(!seen(&[("a", there), back]), "{there}");
    }
    let child = ("a::b", "use super::Thing;");
    assert!(seen(&[("a", "mod b; fn f<'a>(x: &'a str) { b::g() }"), child]));
    assert!(!seen(&[("a", "mod b;"), child]));
    let through = [("a::b", "use super::c::X;"), ("a::c", "use crate::d::Y;"), ("a", "")];
    assert!(seen(&[&through[..], &[("d", "use crate::a::b::Z;")]].concat()));
    assert!(!seen(&[&through[..], &[("d", "use crate::a::Z;")]].concat()));
    assert!(seen(&[("a", "macro_rules! m { () => {} } use crate::b::X;"), ("b", "m!();")]));
}

#[test]
fn what_is_not_http_is_written_once() {
    for word in ["pthread_atfork", "EFD_CLOEXEC", "EventfdFlags", "MADV_HUGEPAGE"] {
        let mut places = Vec::new();
        for dir in
            ["core/src", "ffi", "bindings/common/src", "bindings/python/src", "bindings/node/src"]
        {
            for (module, text) in modules(&support::root().join(dir)) {
                if tokens(&text).iter().any(|token| token == word) {
                    places.push(format!("{dir}/{}", module.join("/")));
                }
            }
        }
        assert!(
            places.iter().all(|place| place.starts_with("bindings/common/src/")),
            "{word}: {places:?}"
        );
    }
}
