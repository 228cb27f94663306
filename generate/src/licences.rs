//! `docs/licences.md`: what is inside the built library, wheel and addon, by cargo's word, and under which licence. A
//! crate that can be had under none of the licences that are accepted here is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::path::Path;
use std::process::Command;
use std::str::SplitWhitespace;

use serde_json::Value;

use crate::{Output, Result};

const PATH: &str = "docs/licences.md";

/// What is built of this tree, and handed out.
const PRODUCTS: [(&str, &str); 3] =
    [("libkeepalive", "C"), ("keepalive-python", "Python"), ("keepalive-node", "Node")];

/// Whoever may use this library may use what these cover, beside it: they ask for their text to be kept.
const ACCEPTED: [&str; 9] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

pub fn output(root: &Path) -> Result<Output> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args(["metadata", "--format-version=1", "--locked"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .args(["--features", "libkeepalive/aws-lc,keepalive-python/aws-lc,keepalive-node/aws-lc"]);
    let told = command.output().map_err(|error| format!("{PATH}: cargo metadata: {error}"))?;
    if !told.status.success() {
        let reason = String::from_utf8_lossy(&told.stderr);
        return Err(format!("{PATH}: cargo metadata: {reason}"));
    }
    let told: Value =
        serde_json::from_slice(&told.stdout).map_err(|error| format!("{PATH}: {error}"))?;
    Ok(Output { path: PATH, text: page(&told)? })
}

struct Crate<'a> {
    licence: &'a str,
    products: BTreeSet<&'a str>,
}

fn page(told: &Value) -> Result<String> {
    // By name and version.
    let mut crates: BTreeMap<(&str, &str), Crate<'_>> = BTreeMap::new();
    let packages: BTreeMap<&str, &Value> =
        list(told, "packages").map(|package| (text(package, "id"), package)).collect();
    let nodes: BTreeMap<&str, &Value> =
        list(&told["resolve"], "nodes").map(|node| (text(node, "id"), node)).collect();
    for (name, product) in PRODUCTS {
        let root = packages.iter().find(|(_, package)| text(package, "name") == name);
        let mut open = vec![*root.ok_or_else(|| format!("{PATH}: cargo knows no {name}"))?.0];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            let Some(package) = packages.get(id) else { continue };
            if runs_in_the_compiler(package) || !seen.insert(id) {
                continue;
            }
            if let Some(node) = nodes.get(id) {
                let used = list(node, "deps").filter(|dependency| is_linked(dependency));
                open.extend(used.map(|dependency| text(dependency, "pkg")));
            }
            // Those of this tree have no source.
            if !package["source"].is_null() {
                let key = (text(package, "name"), text(package, "version"));
                let licence = text(package, "license");
                let of = crates.entry(key).or_insert(Crate { licence, products: BTreeSet::new() });
                of.products.insert(product);
            }
        }
    }
    let refused: Vec<String> = crates
        .iter()
        .filter(|(_, one)| !is_accepted(one.licence))
        .map(|((name, _), one)| format!("{name} ({:?})", one.licence))
        .collect();
    match refused[..] {
        [] => Ok(table(&crates)),
        _ => Err(format!("{PATH}: not under an accepted licence: {}", refused.join(", "))),
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn runs_in_the_compiler(package: &Value) -> bool {
    list(package, "targets").any(|target| list(target, "kind").any(|kind| kind == "proc-macro"))
}

/// Not only for tests, and not only for a build script.
fn is_linked(dependency: &Value) -> bool {
    list(dependency, "dep_kinds").any(|kind| kind["kind"].is_null())
}

/// Whether an SPDX expression can be met with accepted licences only. `/` is an old "or".
fn is_accepted(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any_of(&mut words) && words.next().is_none()
}

type Words<'a> = Peekable<SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>) -> bool {
    let mut met = all_of(words);
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words);
    }
    met
}

/// "And" binds closer than "or" (SPDX 2.3, annex D.4).
fn all_of(words: &mut Words<'_>) -> bool {
    let mut met = one(words);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words);
    }
    met
}

fn one(words: &mut Words<'_>) -> bool {
    match words.next() {
        Some("(") => any_of(words) && words.next() == Some(")"),
        Some(licence) => {
            // An exception permits more.
            if words.next_if_eq(&"WITH").is_some() {
                words.next();
            }
            ACCEPTED.contains(&licence)
        }
        None => false,
    }
}

fn table(crates: &BTreeMap<(&str, &str), Crate<'_>>) -> String {
    let mut page = "<!-- Generated from Cargo.lock by `make generate`; do not edit. -->\n\n# Licences\n\n\
         libkeepalive is under MIT or Apache-2.0, at your choice. Built for Linux it contains these crates and, by way of \
         them,\nzstd's C library (BSD-3-Clause). With its default features it has ring and its assembly (Apache-2.0, ISC), \
         and not aws-lc-rs\nand aws-lc-sys; published packages have AWS-LC (the licences of aws-lc-sys) instead of ring, \
         and LLVM's libunwind\n(Apache-2.0 WITH LLVM-exception). What runs only while it is built or tested is not \
         listed.\n\n\
         | crate | version | licence | inside |\n|---|---|---|---|\n"
        .to_string();
    for ((name, version), one) in crates {
        let products: Vec<&str> = one.products.iter().copied().collect();
        page += &format!("| {name} | {version} | {} | {} |\n", one.licence, products.join(", "));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_accepted_licences_is_needed() {
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "Apache-2.0 AND ISC",
            "BSD-3-Clause/MIT",
            "Apache-2.0 WITH LLVM-exception",
            "GPL-3.0 OR MIT AND ISC",
            "ISC AND (GPL-3.0 OR (MIT AND Zlib)) AND MIT",
        ] {
            assert!(is_accepted(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "MPL-2.0",
            "LGPL-2.1 OR GPL-2.0",
            "GPL-3.0 AND (MIT OR ISC)",
            "(MIT OR ISC",
            "MIT ISC",
            "MIT AND",
        ] {
            assert!(!is_accepted(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_linked_is_listed_and_nothing_else() {
        let package = |name: &str, source: &str, licence: &str, kind: &str| {
            format!(
                r#"{{"id":"{name}","name":"{name}","version":"1.0","source":{source},"license":"{licence}","targets":[{{"kind":["{kind}"]}}]}}"#
            )
        };
        let told = |inner: &str| {
            let ours = PRODUCTS.map(|(name, _)| package(name, "null", "MIT", "lib")).join(",");
            let deps = r#"[{"pkg":"in","dep_kinds":[{"kind":null}]},{"pkg":"test","dep_kinds":[{"kind":"dev"}]},{"pkg":"mac","dep_kinds":[{"kind":null}]}]"#;
            let text = format!(
                r#"{{"packages":[{ours},{},{},{}],"resolve":{{"nodes":[{{"id":"libkeepalive","deps":{deps}}}]}}}}"#,
                package("in", "\"x\"", inner, "lib"),
                package("test", "\"x\"", "GPL-3.0", "lib"),
                package("mac", "\"x\"", "GPL-3.0", "proc-macro"),
            );
            serde_json::from_str::<Value>(&text).unwrap()
        };
        let page_of = |inner| page(&told(inner));
        let text = page_of("MIT").unwrap();
        assert!(text.ends_with("|---|---|---|---|\n| in | 1.0 | MIT | C |\n"), "{text}");
        assert!(page_of("GPL-3.0").unwrap_err().contains("in (\"GPL-3.0\")"));
    }
}
