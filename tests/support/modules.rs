//! The modules of a crate and who mentions whom, read off its sources: whole files, unit tests aside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// All `.rs` files below a folder, in order.
pub fn sources(dir: &Path) -> Vec<PathBuf> {
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

/// The code of a file: comments, texts and what is compiled for tests only are left out, and nothing else.
pub fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("readable");
    without_tests(&without_texts(&text))
}

/// Without comments, and with nothing in its texts.
fn without_texts(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut code = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(&['/', '/']) {
            at += rest.iter().take_while(|&&c| c != '\n').count();
        } else if rest[0] == '"' {
            let mut end = 1;
            while end < rest.len() && rest[end] != '"' {
                end += if rest[end] == '\\' { 2 } else { 1 };
            }
            code.push_str("\"\"");
            at += end + 1;
        } else if rest[0] == 'r' && rest[1..].starts_with(&['#', '"']) {
            let end = (2..rest.len()).find(|&end| rest[end..].starts_with(&['"', '#']));
            at += end.map_or(rest.len(), |end| end + 2);
        } else if rest.len() > 2 && rest[0] == '\'' && (rest[1] == '\\' || rest[2] == '\'') {
            let start = if rest[1] == '\\' { 3 } else { 2 };
            let end = rest.iter().skip(start).take_while(|&&c| c != '\'').count() + start;
            at += end + 1;
        } else {
            code.push(rest[0]);
            at += 1;
        }
    }
    code
}

/// Without each item that follows `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..at]);
        rest = &rest[at + "#[cfg(test)]".len()..];
        let open = rest.find('{').unwrap_or(rest.len());
        let end = rest.find(';').map_or(rest.len(), |end| end + 1);
        if end < open {
            rest = &rest[end..];
            continue;
        }
        let mut depth = 0;
        let close = rest.char_indices().find(|(_, c)| {
            depth += i32::from(*c == '{') - i32::from(*c == '}');
            *c == '}' && depth == 0
        });
        rest = &rest[close.map_or(rest.len(), |(at, c)| at + c.len_utf8())..];
    }
    kept.push_str(rest);
    kept
}

/// A crate's modules by their paths (`drive::wait`), each with the modules that it mentions.
pub struct Modules {
    pub mentions: BTreeMap<String, BTreeSet<String>>,
}

impl Modules {
    /// Of the crate whose sources are in `dir`.
    pub fn of(dir: &Path) -> Modules {
        let mut codes = BTreeMap::new();
        for path in sources(dir) {
            let name = path.strip_prefix(dir).expect("below").with_extension("");
            let mut parts: Vec<String> =
                name.iter().map(|part| part.to_str().expect("UTF-8").to_string()).collect();
            if parts.iter().any(|part| part == "tests") || parts == ["lib"] {
                continue;
            }
            if parts.last().is_some_and(|last| last == "mod") {
                parts.pop();
            }
            codes.insert(parts.join("::"), code(&path));
        }
        let mentions = codes
            .iter()
            .map(|(name, code)| {
                let mut found = BTreeSet::new();
                for path in paths(code) {
                    let place = resolved(name, &path);
                    // The longest part of the path that is a module.
                    let module = (1..=place.len())
                        .rev()
                        .map(|count| place[..count].join("::"))
                        .find(|module| codes.contains_key(module));
                    found.extend(module.filter(|module| module != name));
                }
                (name.clone(), found)
            })
            .collect();
        Modules { mentions }
    }

    /// Modules that mention each other round in a circle, if there are any.
    pub fn cycle(&self) -> Option<Vec<&str>> {
        let mut done = BTreeSet::new();
        self.mentions.keys().find_map(|name| self.walk(name, &mut Vec::new(), &mut done))
    }

    fn walk<'a>(
        &'a self,
        name: &'a str,
        path: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<&'a str>> {
        if let Some(at) = path.iter().position(|other| *other == name) {
            return Some([&path[at..], &[name]].concat());
        }
        if done.contains(name) {
            return None;
        }
        path.push(name);
        let found = self.mentions[name].iter().find_map(|other| self.walk(other, path, done));
        path.pop();
        done.insert(name);
        found
    }
}

/// The absolute place that a path in `module` names.
fn resolved(module: &str, path: &[String]) -> Vec<String> {
    let mut place: Vec<String> = match path[0].as_str() {
        "crate" => Vec::new(),
        _ => module.split("::").map(str::to_string).collect(),
    };
    let mut rest = path;
    loop {
        match rest.first().map(String::as_str) {
            Some("crate" | "self") => {}
            Some("super") => {
                place.pop();
            }
            _ => break,
        }
        rest = &rest[1..];
    }
    place.extend(rest.iter().cloned());
    place
}

/// Every path of the code, also those in `{}` lists: those of the crate, and those that begin with the
/// name of a child.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (at, _) in code.match_indices("::") {
        let first = code[..at].rfind(|c: char| !word(c)).map_or(0, |at| at + 1);
        let begins = !code[..first].ends_with("::") && first < at;
        // Inside a list the outer path is the beginning.
        if begins && !in_use_list(code, first) {
            tree(&code[first..], &mut Vec::new(), &mut found);
        }
    }
    found
}

/// Whether the place is within the `{}` list of a path.
fn in_use_list(code: &str, at: usize) -> bool {
    let mut depth = 0;
    for (place, c) in code[..at].char_indices().rev() {
        match c {
            '}' => depth += 1,
            '{' if depth > 0 => depth -= 1,
            '{' => return code[..place].ends_with("::"),
            ';' => return false,
            _ => {}
        }
    }
    false
}

/// The paths that a path with its lists names; returns how much of the text they took.
fn tree(text: &str, before: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (mut at, depth) = (0, before.len());
    loop {
        let rest = &text[at..];
        if let Some(list) = rest.strip_prefix('{') {
            at += 1;
            let mut inner = list;
            loop {
                let blank = inner.len() - inner.trim_start_matches([' ', '\n', '\t', ',']).len();
                inner = &inner[blank..];
                at += blank;
                if inner.is_empty() || inner.starts_with('}') {
                    at += usize::from(!inner.is_empty());
                    break;
                }
                let taken = tree(inner, before, found);
                let taken = taken + inner[taken..].find([',', '}']).unwrap_or(inner.len() - taken);
                inner = &inner[taken..];
                at += taken;
            }
            break;
        }
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        if end == 0 {
            found.push(before.clone());
            break;
        }
        before.push(rest[..end].to_string());
        at += end;
        if text[at..].starts_with("::") && !text[at + 2..].starts_with('<') {
            at += 2;
        } else {
            found.push(before.clone());
            break;
        }
    }
    before.truncate(depth);
    at
}
