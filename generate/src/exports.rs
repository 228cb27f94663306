//! `bindings/c/libkeepalive.map`: the version script of the shared library. Each function stands in the node of
//! the version that brought it, so that a program says by itself which library it needs at least.

use std::path::Path;

use crate::declared::Declared;
use crate::{Output, Result, read};

const PATH: &str = "bindings/c/libkeepalive.map";
const NOTE: &str = "/* Generated from the header by `make generate`; do not edit. A function stays in the node of the\n \
     * version that brought it. */\n";

/// Major and minor.
type Version = (u32, u32);

/// The ABI's first version has all that there was before it.
const FIRST: Version = (1, 0);

pub fn output(root: &Path, declared: &Declared) -> Result<Output> {
    let part = |text: &str| text.parse::<u32>().map_err(|error| format!("{PATH}: {error}"));
    let current =
        (part(env!("CARGO_PKG_VERSION_MAJOR"))?, part(env!("CARGO_PKG_VERSION_MINOR"))?).max(FIRST);
    let functions: Vec<&str> = declared.functions.iter().map(|one| one.name.as_str()).collect();
    // Without the file all functions are new.
    let text = script(&read(root, PATH).unwrap_or_default(), &functions, current)?;
    Ok(Output { path: PATH, text })
}

/// The script that keeps the nodes of versions before `current`.
fn script(existing: &str, functions: &[&str], current: Version) -> Result<String> {
    let mut nodes = nodes(existing);
    nodes.retain(|(version, _)| *version < current);
    for (version, names) in &nodes {
        if let Some(gone) = names.iter().find(|name| !functions.contains(name)) {
            let node = label(*version);
            return Err(format!(
                "{PATH}: {gone} is in {node} and not in the header: programs that use it would not start"
            ));
        }
    }
    let mut new: Vec<&str> = functions.to_vec();
    new.retain(|name| !nodes.iter().any(|(_, names)| names.contains(name)));
    new.sort_unstable();
    if !new.is_empty() {
        nodes.push((current, new));
    }
    let mut text = NOTE.to_string();
    let mut before: Option<Version> = None;
    for (version, names) in nodes {
        text += &format!("{} {{\n    global:\n", label(version));
        text.extend(names.iter().map(|name| format!("        {name};\n")));
        text += &match before {
            None => "    local:\n        *;\n};\n".to_string(),
            Some(before) => format!("}} {};\n", label(before)),
        };
        before = Some(version);
    }
    Ok(text)
}

fn label((major, minor): Version) -> String {
    format!("LIBKEEPALIVE_{major}.{minor}")
}

/// The nodes of a script with their functions; what else stands in it is left out.
fn nodes(script: &str) -> Vec<(Version, Vec<&str>)> {
    let mut nodes: Vec<(Version, Vec<&str>)> = Vec::new();
    for line in script.lines().map(str::trim) {
        let opened = line.strip_prefix("LIBKEEPALIVE_").and_then(|rest| rest.strip_suffix(" {"));
        if let Some((major, minor)) = opened.and_then(|version| version.split_once('.')) {
            if let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) {
                nodes.push(((major, minor), Vec::new()));
            }
        } else if let (Some(name), Some((_, names))) = (line.strip_suffix(';'), nodes.last_mut())
            && name.starts_with("ka_")
        {
            names.push(name);
        }
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_stay_in_the_node_that_they_came_with() {
        let first = script("", &["ka_b", "ka_a"], (1, 0)).unwrap();
        assert!(first.ends_with(
            "LIBKEEPALIVE_1.0 {\n    global:\n        ka_a;\n        ka_b;\n    local:\n        *;\n};\n"
        ));
        // Before its release a version's node changes as the header does.
        assert!(!script(&first, &["ka_a"], (1, 0)).unwrap().contains("ka_b"));
        assert_eq!(script(&first, &["ka_a", "ka_b"], (1, 1)).unwrap(), first);
        let second = script(&first, &["ka_a", "ka_b", "ka_0"], (1, 2)).unwrap();
        let new = "LIBKEEPALIVE_1.2 {\n    global:\n        ka_0;\n} LIBKEEPALIVE_1.0;\n";
        assert_eq!(second, format!("{first}{new}"));
        assert_eq!(script(&second, &["ka_0", "ka_a", "ka_b"], (1, 2)).unwrap(), second);
        let third = script(&second, &["ka_0", "ka_a", "ka_b", "ka_c"], (1, 3)).unwrap();
        assert!(third.ends_with("ka_c;\n} LIBKEEPALIVE_1.2;\n"), "{third}");
    }

    #[test]
    fn a_released_function_cannot_be_taken_away() {
        let first = script("", &["ka_a", "ka_b"], (1, 0)).unwrap();
        let refused = script(&first, &["ka_a"], (1, 1)).unwrap_err();
        assert!(refused.contains("ka_b is in LIBKEEPALIVE_1.0"), "{refused}");
    }
}
