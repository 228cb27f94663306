//! The Rust sources of the C ABI that the tables decide: `ffi/generated/`.

use std::path::Path;

use keepalive_tables::{
    ErrorGroup, ErrorKind, FactInfo, FactKind, INFO, LIMITS, MOMENTS, OPTIONS, ORIGIN,
    OptionDefault, OptionInfo, OptionKind, PROFILES, Profile, Sent, Shape, TIMINGS, TOTALS,
};

use crate::spell::Language::C;
use crate::text::{either, wrapped};
use crate::{Output, Result, read};

const STATUS: &str = "ffi/generated/status.rs";
const OPTION_STRUCT: &str = "ffi/generated/options.rs";
const STATS: &str = "ffi/generated/stats.rs";

pub fn outputs(root: &Path) -> Result<Vec<Output>> {
    // What is not there yet has no order to be kept.
    let before = |path| read(root, path).unwrap_or_default();
    Ok(vec![
        Output { path: STATUS, text: status() },
        Output { path: OPTION_STRUCT, text: options(&before(OPTION_STRUCT)) },
        Output { path: STATS, text: stats(&before(STATS)) },
    ])
}

/// A field of a struct of C.
struct Field {
    name: String,
    kind: String,
    doc: String,
    /// The Rust expression that fills it.
    value: String,
}

impl Field {
    fn new(name: &str, kind: &str, doc: &str, value: &str) -> Field {
        let [name, kind, doc, value] = [name, kind, doc, value].map(str::to_string);
        Field { name, kind, doc, value }
    }
}

/// A comment of Rust.
fn comment(indent: &str, text: &str) -> String {
    wrapped(text, &format!("{indent}/// "), 100)
}

fn head(about: &str, uses: &str) -> String {
    format!(
        "//! Generated from the tables in core/tables by `make generate`; do not edit.\n//!\n{}\n{uses}\n",
        wrapped(about, "//! ", 100)
    )
}

/// The fields in the order that programs were built with: those of the committed struct keep their
/// places, new ones come at its end.
fn in_committed_order(fields: Vec<Field>, before: &str, name: &str) -> Vec<Field> {
    let body = before.split_once(&format!("pub struct {name} {{\n")).map_or("", |(_, rest)| rest);
    let body = body.split_once("\n}").map_or("", |(body, _)| body);
    let names: Vec<&str> = body
        .lines()
        .filter_map(|line| Some(line.trim().strip_prefix("pub ")?.split_once(": ")?.0))
        .collect();
    let mut fields = fields;
    fields.sort_by_key(|field| {
        names.iter().position(|name| *name == field.name).unwrap_or(names.len())
    });
    fields
}

fn structure(name: &str, doc: &str, size_doc: &str, derives: &str, fields: &[Field]) -> String {
    let mut text = comment("", doc);
    text += &format!("#[repr(C)]\n#[derive({derives})]\npub struct {name} {{\n");
    text += &comment("    ", size_doc);
    text += "    pub size: usize,\n";
    for Field { name, kind, doc, .. } in fields {
        text += &comment("    ", doc);
        text += &format!("    pub {name}: {kind},\n");
    }
    text + "}\n"
}

/// The expression of a struct.
fn literal(name: &str, fields: &[Field]) -> String {
    let mut text = format!("        {name} {{\n            size: size_of::<{name}>(),\n");
    for Field { name, value, .. } in fields {
        text += &format!("            {name}: {value},\n");
    }
    text + "        }\n"
}

fn status() -> String {
    let mut text =
        head("What became of a call, as numbers.", "use keepalive_core::{ErrorKind, Sent};\n");
    let groups: Vec<String> = ErrorGroup::ALL
        .iter()
        .map(|group| format!("{}xx: {}", *group as i32, clause(group.summary())))
        .collect();
    text += &comment(
        "",
        &format!(
            "What became of a call. Numbers are stable and never reused. {}.",
            groups.join("; ")
        ),
    );
    text += "#[repr(i32)]\n#[derive(Debug, Clone, Copy, PartialEq, Eq)]\npub enum ka_status {\n";
    text += "    /// Success.\n    KA_OK = 0,\n";
    for kind in ErrorKind::ALL {
        text += &comment("    ", &C.text(kind.summary()));
        text += &format!("    {} = {},\n", kind.code(), *kind as i32);
    }
    text += "}\n\nimpl ka_status {\n    /// Every status, in the order of the table.\n";
    text += "    pub const ALL: &'static [ka_status] = &[\n        ka_status::KA_OK,\n";
    for kind in ErrorKind::ALL {
        text += &format!("        ka_status::{},\n", kind.code());
    }
    text +=
        "    ];\n\n    pub(crate) fn of(kind: ErrorKind) -> ka_status {\n        match kind {\n";
    for kind in ErrorKind::ALL {
        text += &format!("            ErrorKind::{} => ka_status::{},\n", kind.name(), kind.code());
    }
    text += "            _ => ka_status::KA_INTERNAL,\n        }\n    }\n}\n\n";
    text += "/// How much of a request had left this process when it failed.\n";
    text += "#[repr(i32)]\n#[derive(Debug, Clone, Copy, PartialEq, Eq)]\npub enum ka_sent {\n";
    for sent in Sent::ALL {
        text += &comment("    ", sent.summary());
        text += &format!("    {} = {},\n", sent_name(*sent), *sent as i32);
    }
    text += "}\n\nimpl ka_sent {\n    pub(crate) fn of(sent: Sent) -> ka_sent {\n        match sent {\n";
    for sent in Sent::ALL {
        text += &format!("            Sent::{sent:?} => ka_sent::{},\n", sent_name(*sent));
    }
    text + "        }\n    }\n}\n"
}

/// A sentence as a part of another one.
fn clause(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let (first, rest) = sentence.split_at(1);
    match rest.starts_with(|next: char| next.is_uppercase()) {
        true => sentence.to_string(),
        false => first.to_lowercase() + rest,
    }
}

fn sent_name(sent: Sent) -> String {
    format!("KA_SENT_{}", sent.name().to_uppercase())
}

fn option_field(option: &OptionInfo) -> Field {
    let name = option.name;
    let (kind, value) = match option.kind.shape() {
        Shape::Count => ("u64", format!("config.{name}")),
        Shape::Time => ("u64", format!("milliseconds(config.{name})")),
        Shape::Flag => ("u64", format!("u64::from(config.{name})")),
        Shape::Text => match option.default {
            OptionDefault::Text(Some(text)) => ("*const c_char", format!("c{text:?}.as_ptr()")),
            _ => ("*const c_char", "std::ptr::null()".to_string()),
        },
        Shape::Pem => ("ka_bytes", "ka_bytes::NONE".to_string()),
    };
    Field::new(&C.option(option), kind, &C.description(option), &value)
}

fn options(before: &str) -> String {
    let name = "ka_client_options";
    let fields = OPTIONS.iter().map(option_field).collect();
    let fields = in_committed_order(fields, before, name);
    let mut text = head(
        "The options of a client as a struct, to and from the engine's.",
        "use std::ffi::c_char;\n\nuse keepalive_core::{ClientConfig, Result, limit_from_whole_millis};\n\n\
         use crate::convert::{flag, milliseconds, optional_bytes, optional_text};\n\
         use crate::slice::ka_bytes;\n",
    );
    text += &structure(
        name,
        &format!(
            "The options of a client. Set the defaults with ka_client_options_init, then change fields; \
             the strings and bytes are copied by ka_client_new. Names of lengths of time and of sizes \
             end in their unit: milliseconds `_ms`, microseconds `_us`, bytes `_size`. The profile {}",
            profiles()
        ),
        "sizeof(ka_client_options), written by ka_client_options_init.",
        "Clone, Copy",
        &fields,
    );
    let (safe, pointers): (Vec<&OptionInfo>, Vec<&OptionInfo>) =
        OPTIONS.iter().partition(|option| !matches!(option.kind.shape(), Shape::Text | Shape::Pem));
    text +=
        "\nimpl ka_client_options {\n    /// As C has them; strings and bytes are the defaults.\n";
    text += "    pub(crate) fn of(config: &ClientConfig) -> ka_client_options {\n";
    text += &literal(name, &fields);
    text += "    }\n\n    /// Copies everything into `config`.\n    ///\n    /// # Safety\n";
    text += "    /// Strings and bytes are as their fields say.\n";
    text += "    pub(crate) unsafe fn copy_to(&self, config: &mut ClientConfig) -> Result<()> {\n";
    for option in safe {
        let (name, field) = (option.name, C.option(option));
        text += &match option.kind.shape() {
            Shape::Time => {
                format!("        config.{name} = limit_from_whole_millis(self.{field});\n")
            }
            Shape::Flag => {
                format!("        config.{name} = flag(self.{field}, \"option {field}\")?;\n")
            }
            _ => format!("        config.{name} = self.{field};\n"),
        };
    }
    text += "        // SAFETY: the caller's promise.\n        unsafe {\n";
    for option in pointers {
        let (name, field) = (option.name, C.option(option));
        let read = if option.kind == OptionKind::Pem { "optional_bytes" } else { "optional_text" };
        text +=
            &format!("            config.{name} = {read}(self.{field}, \"option {field}\")?;\n");
    }
    text += "        }\n        Ok(())\n    }\n}\n";
    text.push('\n');
    text += &limits();
    text
}

/// The time limits of a request.
fn limits() -> String {
    let mut text = comment("", "A time limit of one request, in place of an option of its client.");
    text += "#[repr(i32)]\n#[derive(Debug, Clone, Copy, PartialEq, Eq)]\npub enum ka_timeout {\n";
    for (number, limit) in LIMITS.iter().enumerate() {
        let doc = format!("{} In place of `{}`.", limit.doc, limit.option);
        text += &comment("    ", &C.text(&doc));
        text += &format!("    KA_TIMEOUT_{} = {number},\n", limit.name.to_uppercase());
    }
    text + "}\n"
}

/// What the profiles set, for `ka_client_options_init_profile`.
fn profiles() -> String {
    let one = |profile: &Profile| {
        format!("{:?}, for {}, has {}.", profile.name, profile.doc, C.profile(profile))
    };
    PROFILES[1..].iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A fact as a field of a struct; `from` is the Rust expression of what has it.
fn fact_field(fact: &FactInfo, from: &str) -> Field {
    let name = fact.name;
    let doc = C.text(fact.doc);
    let own = format!("{from}.{name}");
    let as_ns = format!("{name}_ns");
    match fact.kind {
        FactKind::Flag => {
            Field::new(name, "u64", &format!("{doc} 0: no, 1: yes."), &format!("{own}.into()"))
        }
        FactKind::Few => Field::new(name, "u64", &doc, &format!("{own}.into()")),
        FactKind::Count => Field::new(name, "u64", &doc, &own),
        FactKind::Span => Field::new(&as_ns, "u64", &doc, &format!("nanoseconds({own})")),
        FactKind::Limit => Field::new(
            &as_ns,
            "u64",
            &format!("{doc} UINT64_MAX: for ever."),
            &format!("{own}.map_or(u64::MAX, nanoseconds)"),
        ),
        FactKind::Reason => Field::new(
            name,
            "ka_status",
            &format!("{doc} KA_OK: it was not."),
            &format!("{own}.map_or(ka_status::KA_OK, ka_status::of)"),
        ),
        FactKind::Word => {
            let words: Vec<String> = fact.words.iter().map(|word| format!("{word:?}")).collect();
            Field::new(
                name,
                "ka_str",
                &format!("{doc} {}; static.", either(&words)),
                &format!("ka_str::new({own}.as_bytes())"),
            )
        }
        FactKind::Text => Field::new(
            name,
            &format!("[c_char; KA_{}_SIZE]", name.to_uppercase()),
            &format!("{doc} Ends in a NUL."),
            &format!("characters(&{own})"),
        ),
        FactKind::Address => Field::new(
            name,
            "ka_str",
            &format!(
                "{doc} Empty where there is none; a view, valid as long as what it was asked of."
            ),
            &format!("viewed({own}.as_deref())"),
        ),
        FactKind::Addresses => Field::new(
            name,
            &format!("[c_char; KA_{}_SIZE]", name.to_uppercase()),
            &format!("{doc} Separated by commas, as far as there is room; ends in a NUL."),
            &format!("listed(&{own})"),
        ),
    }
}

fn stats(before: &str) -> String {
    let mut text = head(
        "What is told of a client and of an exchange, as structs.",
        "use std::ffi::c_char;\n\nuse keepalive_core::{Info, OriginStats, Stats, Timings};\n\n\
         use crate::convert::{KA_ADDRESSES_SIZE, KA_ORIGIN_SIZE, characters, listed, nanoseconds, viewed};\n\
         use crate::slice::ka_str;\n\
         use crate::status::ka_status;\n",
    );
    let mut fields: Vec<Field> = TOTALS.iter().map(|fact| fact_field(fact, "stats")).collect();
    fields.push(Field::new(
        "closed",
        "u64",
        "Connections closed, for whatever reason; ka_client_close_reasons has the reasons.",
        "stats.closed.iter().map(|(_, count)| count).sum()",
    ));
    fields.extend(MOMENTS.iter().map(|fact| {
        let mut field = fact_field(fact, "stats");
        field.doc = format!("{}, at this moment.", field.doc.trim_end_matches('.'));
        field
    }));
    fields.push(Field::new(
        "origin_count",
        "u64",
        "The number of origins that ka_client_origin_stats tells about.",
        "stats.origins.len() as u64",
    ));
    text += &shown(
        "ka_stats",
        "Counters of a client's pool: ka_client_stats. What is not of the moment counts since the client \
         was made.",
        "stats: &Stats",
        fields,
        before,
    );
    let fields = ORIGIN.iter().map(|fact| fact_field(fact, "stats")).collect();
    text += "\n";
    text += &shown(
        "ka_origin_stats",
        "One origin's part of a client's counters, at this moment: ka_client_origin_stats.",
        "stats: &OriginStats",
        fields,
        before,
    );
    let mut fields: Vec<Field> = INFO.iter().flat_map(info_fields).collect();
    fields.extend(TIMINGS.iter().map(|fact| fact_field(fact, "timings")));
    fields.push(Field::new(
        "informational_count",
        "u64",
        "The number of 1xx heads that came before it: ka_response_informational_at has them.",
        "informational as u64",
    ));
    text += "\n";
    text += &shown(
        "ka_info",
        "How an exchange went: ka_response_info, ka_error_info. Durations are nanoseconds, 0 where a phase \
         did not happen; all but `total_ns` add up to it. They are of the try that was answered: what was \
         before it is in `stalled_ns`.",
        "info: &Info, timings: &Timings, informational: usize",
        fields,
        before,
    );
    text
}

/// No struct has holes: what a later version puts there would be read from an older one.
fn info_fields(fact: &FactInfo) -> Vec<Field> {
    let mut fields = vec![fact_field(fact, "info")];
    if fact.kind == FactKind::Reason {
        fields.push(Field::new(&format!("{}_reserved", fact.name), "u32", "Always 0.", "0"));
    }
    fields
}

/// A struct that is only ever written by the library.
fn shown(name: &str, doc: &str, from: &str, fields: Vec<Field>, before: &str) -> String {
    let fields = in_committed_order(fields, before, name);
    let size_doc = "The number of bytes of this struct that the running library knows.";
    let mut text = structure(name, doc, size_doc, "Debug, Clone, Copy", &fields);
    text += &format!("\nimpl {name} {{\n    pub(crate) fn new({from}) -> {name} {{\n");
    text += &literal(name, &fields);
    text + "    }\n}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_committed_struct_keep_their_places() {
        let names = |before: &str| -> Vec<String> {
            let fields = ["a", "b", "c"].map(|name| Field::new(name, "u64", "", "0"));
            let fields = in_committed_order(fields.into(), before, "s");
            fields.into_iter().map(|field| field.name).collect()
        };
        assert_eq!(names(""), ["a", "b", "c"]);
        let before = "pub struct s {\n    /// Text.\n    pub size: usize,\n    pub c: u64,\n    \
                      pub gone: u64,\n    pub a: u64,\n}\npub struct t {\n    pub b: u64,\n}\n";
        assert_eq!(names(before), ["c", "a", "b"]);
    }
}
