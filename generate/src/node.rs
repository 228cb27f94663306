//! The Node binding: its counters, and the declarations of its options, facts and errors.

use std::path::Path;

use keepalive_tables::{
    ErrorKind, FactInfo, FactKind, Form, INFO, LIMITS, MOMENTS, OPTIONS, ORIGIN, OptionInfo,
    PROFILES, Phase, Sent, Shape, TIMINGS, TOTALS, camel,
};

use crate::blocks::replace;
use crate::spell::Language::Node;
use crate::text::{either, wrapped};
use crate::{Output, Result, read, record};

const RUST: &str = "bindings/node/src/generated.rs";
const RECORD: &str = "bindings/node/lib/completion_record.js";
const TYPES: &str = "bindings/node/index.d.ts";

pub fn outputs(root: &Path) -> Result<Vec<Output>> {
    Ok(vec![
        Output { path: RUST, text: rust()? },
        Output { path: RECORD, text: reader(read(root, RECORD)?)? },
        Output { path: TYPES, text: types(read(root, TYPES)?)? },
    ])
}

fn reader(file: String) -> Result<String> {
    let file = replace(&file, RECORD, "layout", &record::constants()?)?;
    replace(&file, RECORD, "info", &record::info()?)
}

/// A comment of TypeScript.
fn comment(indent: &str, text: &str) -> String {
    let line = format!("{indent}/** {text} */\n");
    if line.chars().count() <= 121 {
        return line;
    }
    let body = wrapped(text, &format!("{indent} * "), 120);
    format!("{indent}/**\n{body}{indent} */\n")
}

fn types(file: String) -> Result<String> {
    let mut file = replace(&file, TYPES, "options", &options())?;
    file = replace(&file, TYPES, "request options", &request_options())?;
    let limits = LIMITS.iter().map(|limit| {
        let doc = format!("{} In place of `{}`.", limit.doc, limit.option);
        comment("  ", &Node.text(&doc)) + &format!("  {}?: number | null\n", limit.node)
    });
    file = replace(&file, TYPES, "limits", &limits.collect::<String>())?;
    let timings: Vec<&FactInfo> = TIMINGS.iter().collect();
    for (name, indent, facts) in [
        ("info", "  ", INFO.iter().collect()),
        ("timings", "    ", timings),
        ("totals", "  ", TOTALS.iter().collect()),
        ("moments", "  ", MOMENTS.iter().collect()),
        ("origin", "  ", ORIGIN.iter().collect()),
    ] {
        let moment = if name == "moments" { ", at this moment" } else { "" };
        let all = facts.iter().map(|fact| property(indent, fact, moment));
        file = replace(&file, TYPES, name, &all.collect::<String>())?;
    }
    let codes = ErrorKind::ALL.iter().map(|kind| {
        comment("  ", &Node.text(kind.summary())) + &format!("  | '{}'\n", kind.code())
    });
    file = replace(&file, TYPES, "codes", &codes.collect::<String>())?;
    let phases = union(Phase::ALL.iter().map(|phase| phase.name()));
    let sent = union(Sent::ALL.iter().map(|sent| sent.name()));
    let words = format!(
        "/** Where in an exchange it happened. */\nexport type Phase = {phases}\n\n\
         /** How much of a request had left the process. */\nexport type Sent = {sent}\n"
    );
    replace(&file, TYPES, "words", &words)
}

fn union<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" | ")
}

fn options() -> String {
    let profiles: Vec<String> = PROFILES
        .iter()
        .map(|profile| match profile.sets {
            [] => format!("`{}`", profile.name),
            _ => format!("`{}` for {} ({})", profile.name, profile.doc, Node.profile(profile)),
        })
        .collect();
    let about = format!("The defaults that the other options change: {}.", either(&profiles));
    let names = union(PROFILES.iter().map(|profile| profile.name));
    let text = comment("  ", &about) + &format!("  profile?: {names}\n");
    text + &fields(OPTIONS.iter())
}

/// Those that a request can have for itself.
fn request_options() -> String {
    fields(OPTIONS.iter().filter(|option| option.per_request))
}

fn fields<'a>(options: impl Iterator<Item = &'a OptionInfo>) -> String {
    let mut text = String::new();
    for option in options {
        let kind = match option.kind.shape() {
            Shape::Count => "number",
            Shape::Time => "number | null",
            Shape::Flag if option.form == Form::Jar => "boolean | CookieJar",
            Shape::Flag => "boolean",
            Shape::Text => match option.form {
                Form::Words(words) => &format!("{} | null", union(words.iter().copied())),
                Form::Credentials => "Auth | null",
                Form::Plain | Form::Jar => "string | null",
                Form::Proxies => "string | Record<string, string | null> | null",
                Form::List => "string | readonly string[] | null",
                Form::Fields => "string | HeadersInit | null",
            },
            Shape::Pem => "string | Uint8Array | null",
        };
        text += &comment("  ", &Node.description(option));
        text += &format!("  {}?: {kind}\n", Node.option(option));
    }
    text
}

fn property(indent: &str, fact: &FactInfo, moment: &str) -> String {
    let doc = Node.text(fact.doc);
    let doc = format!("{}{moment}.", doc.trim_end_matches('.'));
    let (kind, doc) = match fact.kind {
        FactKind::Flag => ("boolean".to_string(), doc),
        FactKind::Count | FactKind::Few | FactKind::Span => ("number".to_string(), doc),
        FactKind::Limit => ("number | null".to_string(), format!("{doc} `null`: for ever.")),
        FactKind::Reason => (
            "string | null".to_string(),
            format!("{doc} Such as `ConnectionReset`; `null`: it was not."),
        ),
        FactKind::Word => (union(fact.words.iter().copied()), doc),
        FactKind::Text => ("string".to_string(), doc),
        FactKind::Address => {
            ("string | null".to_string(), format!("{doc} `null` where there is none."))
        }
        FactKind::Addresses => ("string[]".to_string(), doc),
    };
    comment(indent, &doc) + &format!("{indent}{}: {kind}\n", camel(fact.name))
}

/// The structs that carry counters to JavaScript, and the layout of completions.
fn rust() -> Result<String> {
    let mut text = String::from(
        "//! Generated from the tables in core/tables by `make generate`; do not edit.\n//!\n\
         //! Counters and completions as JavaScript receives them; numbers are exact up to 2^53.\n\n\
         use keepalive_core::{OriginStats, Stats};\nuse napi_derive::napi;\n\n\
         use crate::stats::{ClosedCount, closed};\n\n",
    );
    let mut fields: Vec<(&str, &str, String, String)> = TOTALS.iter().map(field).collect();
    let doc = "Connections closed, by reason.".to_string();
    fields.push(("closed", "Vec<ClosedCount>", doc, "closed(&stats.closed)".to_string()));
    fields.extend(MOMENTS.iter().map(field));
    let doc = "The moment by origin.".to_string();
    let value = "stats.origins.iter().map(NativeOrigin::of).collect()".to_string();
    fields.push(("origins", "Vec<NativeOrigin>", doc, value));
    text += &structure("NativeStats", "Stats", "The engine's counters of a pool.", &fields);
    text.push('\n');
    let fields: Vec<_> = ORIGIN.iter().map(field).collect();
    text += &structure("NativeOrigin", "OriginStats", "One origin's part of them.", &fields);
    text.push('\n');
    text += &record::rust()?;
    Ok(text)
}

/// Name, type, meaning and value.
fn field(fact: &FactInfo) -> (&'static str, &'static str, String, String) {
    let own = format!("stats.{}", fact.name);
    let (kind, value) = match fact.kind {
        FactKind::Flag => ("bool", own),
        FactKind::Count => ("f64", format!("{own} as f64")),
        FactKind::Few => ("u32", own),
        FactKind::Span => ("f64", format!("{own}.as_secs_f64() * 1e3")),
        FactKind::Limit => ("Option<f64>", format!("{own}.map(|limit| limit.as_secs_f64() * 1e3)")),
        FactKind::Reason => ("Option<&'static str>", format!("{own}.map(|kind| kind.name())")),
        FactKind::Word => ("&'static str", own),
        FactKind::Text => ("String", format!("{own}.clone()")),
        FactKind::Address => ("Option<String>", format!("{own}.as_deref().map(str::to_string)")),
        FactKind::Addresses => {
            ("Vec<String>", format!("{own}.iter().map(ToString::to_string).collect()"))
        }
    };
    (fact.name, kind, fact.doc.to_string(), value)
}

fn structure(
    name: &str,
    from: &str,
    about: &str,
    fields: &[(&str, &str, String, String)],
) -> String {
    let mut text =
        format!("/// {about}\n#[napi(object, object_from_js = false)]\npub struct {name} {{\n");
    for (name, kind, doc, _) in fields {
        text += &wrapped(doc, "    /// ", 100);
        text += &format!("    pub {name}: {kind},\n");
    }
    let function = if name == "NativeStats" { "pub fn" } else { "fn" };
    text += &format!(
        "}}\n\nimpl {name} {{\n    {function} of(stats: &{from}) -> {name} {{\n        {name} {{\n"
    );
    for (name, _, _, value) in fields {
        text += &format!("            {name}: {value},\n");
    }
    text + "        }\n    }\n}\n"
}
