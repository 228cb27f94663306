//! The laws of the C ABI, read off the library and its sources: what is exported, how an exported
//! function is written, and what its comment says.

mod support;

use std::collections::BTreeSet;
use std::process::Command;

/// An exported function as it stands in the source.
struct Exported {
    file: String,
    name: String,
    comment: Vec<String>,
    /// Each as `name: type`.
    parameters: Vec<String>,
    body: String,
}

fn exported() -> Vec<Exported> {
    let mut found = Vec::new();
    for path in support::files(&support::root().join("ffi"), "rs") {
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        let source = std::fs::read_to_string(&path).expect("readable");
        let lines: Vec<&str> = source.lines().collect();
        let exports = (0..lines.len()).filter(|at| lines[*at].trim() == "#[unsafe(no_mangle)]");
        for at in exports {
            let comment: Vec<String> = lines[..at]
                .iter()
                .rev()
                .map_while(|line| line.strip_prefix("///"))
                .map(|line| line.trim().to_string())
                .collect();
            let rest = lines[at + 1..].join("\n");
            let signature = rest.strip_prefix("pub extern \"C\" fn ").unwrap_or_else(|| {
                panic!("{file}:{}: an export begins with pub extern \"C\" fn", at + 2)
            });
            let (name, rest) = signature.split_once('(').expect("parameters");
            let list = rest.split_once(')').expect("their end").0;
            let parameters = list.split(',').map(|one| one.trim().to_string());
            let parameters = parameters.filter(|one| !one.is_empty()).collect();
            let name = name.to_string();
            let body = signature.split_once("{\n").expect("a body").1;
            let body = body.split_once("\n}").expect("an end").0.to_string();
            let comment = comment.into_iter().rev().collect();
            let file = file.clone();
            found.push(Exported { file, name, comment, parameters, body });
        }
    }
    found
}

#[test]
fn exported_symbols_are_exactly_the_functions_of_the_header() {
    let output = support::run(
        Command::new("nm").args(["-D", "--defined-only"]).arg(support::library()),
        "binutils",
    );
    assert!(output.status.success(), "{}", support::text(&output));
    let symbols: BTreeSet<String> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .map(str::to_string)
        .collect();
    let functions: BTreeSet<String> = exported().into_iter().map(|one| one.name).collect();
    assert_eq!(symbols, functions);
    let header = std::fs::read_to_string(support::root().join("include/keepalive.h")).unwrap();
    for name in &functions {
        assert!(name.starts_with("ka_"), "{name}");
        assert!(header.contains(&format!("{name}(")), "{name} is not in the header");
    }
    assert!(functions.len() <= 128, "{} functions", functions.len());
}

#[test]
fn the_body_of_every_exported_function_is_one_ka_fn() {
    for function in exported() {
        let body = function.body.trim();
        let one = body.strip_prefix("ka_fn!").is_some_and(is_one_bracket);
        assert!(one, "{}: {} is not written as one ka_fn!:\n{body}", function.file, function.name);
    }
}

/// Whether the bracket that opens the text closes at its very end.
fn is_one_bracket(text: &str) -> bool {
    let mut depth = 0;
    let closed = text.char_indices().find(|(_, character)| {
        depth += match character {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    text.starts_with('(') && closed.is_some_and(|(at, _)| at + 1 == text.len())
}

#[test]
fn every_exported_function_says_what_then_ownership_threads_and_errors() {
    for Exported { file, name, comment, .. } in exported() {
        assert!(!comment.is_empty(), "{file}: {name} has no comment");
        let place = |part: &str| {
            let found: Vec<usize> =
                (0..comment.len()).filter(|at| comment[*at].starts_with(part)).collect();
            assert_eq!(found.len(), 1, "{file}: the comment of {name} has one line {part} ...");
            found[0]
        };
        let (owner, threads, errors) =
            (place("Ownership: "), place("Threads: "), place("Errors: "));
        assert!(0 < owner && owner < threads && threads < errors, "{file}: order in {name}");
        assert!(comment[0].ends_with(|end: char| end != ':'), "{file}: {name} says what it does");
    }
}

/// A reader meets each of them alone.
#[test]
fn every_comment_of_the_header_says_by_itself_what_it_is_about() {
    let header = std::fs::read_to_string(support::root().join("include/keepalive.h")).unwrap();
    let lines: Vec<&str> = header.lines().map(str::trim).collect();
    let first = |at: usize| lines.get(at + 1).and_then(|line| line.strip_prefix("* "));
    let comments: Vec<&str> =
        (0..lines.len()).filter(|at| lines[*at] == "/**").filter_map(first).collect();
    assert!(comments.len() > 200, "{}", comments.len());
    for comment in comments {
        for word in ["The same", "Same", "As above", "Like ", "See "] {
            assert!(!comment.starts_with(word), "{comment}");
        }
    }
}

#[test]
fn what_can_fail_tells_why() {
    // The last parameter was not there in the first version, and nothing but an argument can be wrong.
    const STATUS_ONLY: [&str; 2] = ["ka_response_header_at", "ka_response_trailer_at"];
    for Exported { name, parameters, body, .. } in exported() {
        let tells = parameters.last().is_some_and(|last| last == "error: *mut *mut ka_error");
        let fails = body.contains("ka_fn!(status(");
        assert_eq!(tells, fails && !STATUS_ONLY.contains(&&*name), "{name}");
    }
}

#[test]
fn times_and_sizes_have_their_unit_in_their_name() {
    const TIMES: [&str; 3] = ["_ms", "_us", "_ns"];
    let header = std::fs::read_to_string(support::root().join("include/keepalive.h")).unwrap();
    let (mut comment, mut times, mut sizes) = (String::new(), 0, 0);
    for line in header.lines().map(str::trim) {
        if line == "/**" {
            comment.clear();
        } else if let Some(more) = line.strip_prefix("* ") {
            comment += more;
            comment.push(' ');
        } else if let Some(field) = line.strip_suffix(';')
            && let Some((kind, name)) = field.rsplit_once(' ')
            && !field.contains(')')
            && ["uint64_t", "uint32_t", "int64_t", "int32_t", "size_t"].contains(&kind)
        {
            let words = ["timeout", "ttl", "age", "wait", "delay"];
            let units = [" ms.", "milliseconds", "microseconds", "nanoseconds"];
            let is_time = name.split('_').any(|part| words.contains(&part))
                || comment.starts_with("How long")
                || units.iter().any(|unit| comment.to_lowercase().contains(unit));
            let is_size = comment.starts_with("Bytes");
            let has_unit = TIMES.iter().any(|unit| name.ends_with(unit));
            assert!(has_unit || !is_time, "{name}: {comment}");
            assert_eq!(is_size, name.ends_with("_size"), "{name}: {comment}");
            times += usize::from(has_unit);
            sizes += usize::from(is_size);
        }
    }
    assert!(times > 15 && sizes >= 3, "{times} times and {sizes} sizes");
    for Exported { name, parameters, .. } in exported() {
        for parameter in parameters {
            let (called, kind) = parameter.split_once(": ").expect("a type");
            let is_time = called.contains("timeout") || called.contains("limit");
            let is_number = ["u64", "i64", "u32", "i32", "usize"].contains(&kind);
            if is_time && is_number {
                assert!(TIMES.iter().any(|unit| called.ends_with(unit)), "{name}: {parameter}");
            }
        }
    }
}

/// The profile's name is a word of the program's own, and forms, files and the trailers that a function
/// tells are made of such words.
#[test]
fn every_text_can_come_with_its_length() {
    let all = exported();
    let mut seen = 0;
    for Exported { name, parameters, .. } in &all {
        let texts = parameters.iter().any(|one| one.ends_with(": *const c_char"));
        let own = ["ka_client_options_init_profile", "ka_request_set_body_file"];
        let own = own.contains(&&**name)
            || name.starts_with("ka_multipart_")
            || name == "ka_request_add_told_trailer";
        if !texts || own {
            continue;
        }
        seen += 1;
        let twin = all.iter().find(|other| other.name == format!("{name}_str"));
        let twin = twin.unwrap_or_else(|| panic!("{name} has no twin that takes a ka_str"));
        let expected: Vec<String> =
            parameters.iter().map(|one| one.replace("*const c_char", "ka_str")).collect();
        assert_eq!(twin.parameters, expected, "{}", twin.name);
    }
    assert!(seen >= 5, "{seen}");
}

#[test]
fn the_library_carries_its_soname_and_cannot_be_unloaded() {
    let output =
        support::run(Command::new("readelf").arg("-dW").arg(support::library()), "binutils");
    let dynamic = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(dynamic.contains("Library soname: [libkeepalive.so.1]"), "{dynamic}");
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
}

/// What the first version had stays where it was, and what is to come has its place.
#[test]
fn an_event_keeps_its_size_and_its_first_fields() {
    use keepalive::ka_event;
    use std::mem::offset_of;
    if cfg!(target_pointer_width = "64") {
        let first = [
            offset_of!(ka_event, user_data),
            offset_of!(ka_event, status),
            offset_of!(ka_event, response),
            offset_of!(ka_event, error),
        ];
        assert_eq!((first, size_of::<ka_event>()), ([0, 8, 16, 24], 64));
    }
}

#[test]
fn old_and_new_programs_agree_on_what_both_know() {
    use keepalive::*;
    use std::ptr;
    let known = size_of::<ka_stats>();
    let mut words = vec![u64::MAX; known / 8 + 3];
    let client = ka_client_shared();
    let stats = words.as_mut_ptr().cast();
    assert_eq!(ka_client_stats(client, stats, known + 16, ptr::null_mut()), ka_status::KA_OK);
    assert_eq!(words[0], known as u64, "size says what the library knows");
    assert_eq!(words[known / 8..], [0, 0, u64::MAX], "zeros for what it does not, and no more");

    words.fill(u64::MAX);
    let stats = words.as_mut_ptr().cast();
    assert_eq!(ka_client_stats(client, stats, 24, ptr::null_mut()), ka_status::KA_OK);
    assert_eq!(words[3], u64::MAX, "not a byte beyond what an old program has room for");
}
