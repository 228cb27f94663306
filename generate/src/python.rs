//! The Python binding: its classes of facts, the declarations of its options, its exceptions.

use std::path::Path;

use keepalive_tables::{
    ErrorKind, FactInfo, FactKind, Form, INFO, MOMENTS, OPTIONS, ORIGIN, OptionInfo, OptionKind,
    PROFILES, TIMINGS, TOTALS,
};

use crate::blocks::replace;
use crate::spell::Language::Python;
use crate::text::{either, wrapped};
use crate::{Output, Result, read};

const RUST: &str = "bindings/python/src/generated.rs";
const STUB: &str = "bindings/python/libkeepalive/_native.pyi";
const ERRORS: &str = "bindings/python/libkeepalive/_errors.py";
const PACKAGE: &str = "bindings/python/libkeepalive/__init__.py";

pub fn outputs(root: &Path) -> Result<Vec<Output>> {
    let errors = replace(&read(root, ERRORS)?, ERRORS, "exceptions", &exceptions())?;
    for kind in ErrorKind::ALL {
        let class = kind.python_class();
        let by_hand = errors.contains(&format!("\nclass {class}("));
        if !by_hand {
            return Err(format!(
                "{ERRORS}: {kind:?} is a {class}, which has neither bases nor code"
            ));
        }
    }
    Ok(vec![
        Output { path: RUST, text: rust() },
        Output { path: STUB, text: stub(read(root, STUB)?)? },
        Output { path: PACKAGE, text: package(read(root, PACKAGE)?, &errors)? },
        Output { path: ERRORS, text: errors },
    ])
}

fn docstring(indent: &str, text: &str) -> String {
    wrapped(&format!("\"\"\"{text}\"\"\""), indent, 100)
}

fn exceptions() -> String {
    let mut text = String::new();
    for kind in ErrorKind::ALL.iter().filter(|kind| !kind.python_bases().is_empty()) {
        let separator = if text.is_empty() { "" } else { "\n\n" };
        let (class, bases) = (kind.python_class(), kind.python_bases().join(", "));
        text += &format!("{separator}class {class}({bases}):\n");
        text += &docstring("    ", &Python.text(kind.summary()));
    }
    text
}

/// The names of the package: every public class of the file of exceptions.
fn package(file: String, errors: &str) -> Result<String> {
    let mut classes: Vec<&str> = errors
        .lines()
        .filter_map(|line| line.strip_prefix("class ")?.split(['(', ':']).next())
        .filter(|name| !name.starts_with('_'))
        .collect();
    classes.sort_unstable();
    let imports: String = classes.iter().map(|name| format!("    {name},\n")).collect();
    let names: String = classes.iter().map(|name| format!("    \"{name}\",\n")).collect();
    let file = replace(&file, PACKAGE, "imports", &imports)?;
    replace(&file, PACKAGE, "names", &names)
}

fn words_of(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("Literal[{}]", words.join(", "))
}

/// Options as items of a TypedDict.
fn fields<'a>(options: impl Iterator<Item = &'a OptionInfo>) -> String {
    let mut text = String::new();
    for option in options {
        let kind = match option.kind {
            OptionKind::Count | OptionKind::Size | OptionKind::Micros | OptionKind::Percent => {
                "int"
            }
            OptionKind::Time => "float",
            OptionKind::Flag if option.form == Form::Jar => "bool | _CookieTypes",
            OptionKind::Flag => "bool",
            OptionKind::Text => match option.form {
                Form::Words(words) => &words_of(words),
                Form::Credentials => "_AuthTypes",
                Form::Plain | Form::Jar => "str",
                Form::Proxies => "str | Mapping[str, str | None]",
                Form::List => "str | Iterable[str]",
                Form::Fields => "str | _HeaderTypes",
            },
            OptionKind::File => "str | PathLike[str]",
            OptionKind::Pem => "str | Buffer",
        };
        text += &format!("    {}: {kind} | None\n", option.name);
        text += &docstring("    ", &Python.description(option));
    }
    text
}

fn stub(file: String) -> Result<String> {
    let mut options = String::new();
    let profiles: Vec<String> = PROFILES.iter().map(|one| format!("\"{}\"", one.name)).collect();
    options += &format!("    profile: Literal[{}] | None\n", profiles.join(", "));
    let about = "The defaults that the other options change:";
    let which: Vec<String> =
        PROFILES.iter().map(|one| format!("``{}`` ({})", one.name, one.doc)).collect();
    options += &docstring("    ", &format!("{about} {}.", either(&which)));
    options += &fields(OPTIONS.iter());
    let mut file = replace(&file, STUB, "options", &options)?;
    let own = fields(OPTIONS.iter().filter(|option| option.per_request));
    file = replace(&file, STUB, "request options", &own)?;
    for (name, facts) in [
        ("info", INFO),
        ("timings", TIMINGS),
        ("totals", TOTALS),
        ("moments", MOMENTS),
        ("origin", ORIGIN),
    ] {
        let properties: String = facts.iter().map(property).collect();
        file = replace(&file, STUB, name, &properties)?;
    }
    Ok(file)
}

fn property(fact: &FactInfo) -> String {
    let kind = match fact.kind {
        FactKind::Flag => "bool".to_string(),
        FactKind::Count | FactKind::Few => "int".to_string(),
        FactKind::Span => "float".to_string(),
        FactKind::Limit => "float | None".to_string(),
        FactKind::Reason => "str | None".to_string(),
        FactKind::Word => {
            let words: Vec<String> = fact.words.iter().map(|word| format!("{word:?}")).collect();
            format!("Literal[{}]", words.join(", "))
        }
        FactKind::Text => "str".to_string(),
        FactKind::Address => "str | None".to_string(),
        FactKind::Addresses => "list[str]".to_string(),
    };
    let about = wrapped(&Fact::of(fact, "").doc, "        ", 100);
    let quotes = "        \"\"\"\n";
    format!("    @property\n    def {}(self) -> {kind}:\n{quotes}{about}{quotes}", fact.name)
}

/// A class of facts in Rust.
struct Class<'a> {
    name: &'a str,
    about: &'a str,
    /// Code, line by line.
    example: &'a [&'a str],
    facts: Vec<Fact>,
}

/// An attribute: name, type, meaning, and how it comes from the engine's.
struct Fact {
    name: &'static str,
    kind: &'static str,
    doc: String,
    value: String,
}

impl Fact {
    fn of(fact: &FactInfo, from: &str) -> Fact {
        let own = format!("{from}.{}", fact.name);
        let (kind, more, value) = match fact.kind {
            FactKind::Flag => ("bool", String::new(), own),
            FactKind::Count => ("u64", String::new(), own),
            FactKind::Few => ("u32", String::new(), own),
            FactKind::Span => ("f64", " In seconds.".to_string(), format!("{own}.as_secs_f64()")),
            FactKind::Limit => (
                "Option<f64>",
                " In seconds; None: for ever.".to_string(),
                format!("{own}.map(|limit| limit.as_secs_f64())"),
            ),
            FactKind::Reason => (
                "Option<&'static str>",
                " Such as \"ConnectionClosed\"; None: it was not.".to_string(),
                format!("{own}.map(ErrorKind::name)"),
            ),
            FactKind::Word => {
                let words: Vec<String> =
                    fact.words.iter().map(|word| format!("{word:?}")).collect();
                ("&'static str", format!(" {}.", either(&words)), own)
            }
            FactKind::Text => ("String", String::new(), format!("{own}.clone()")),
            FactKind::Address => (
                "Option<String>",
                " None where there is none.".to_string(),
                format!("{own}.as_deref().map(str::to_string)"),
            ),
            FactKind::Addresses => (
                "Vec<String>",
                String::new(),
                format!("{own}.iter().map(ToString::to_string).collect()"),
            ),
        };
        Fact { name: fact.name, kind, doc: Python.text(fact.doc) + &more, value }
    }

    fn own(name: &'static str, kind: &'static str, doc: &str, value: &str) -> Fact {
        Fact { name, kind, doc: doc.to_string(), value: value.to_string() }
    }
}

fn comment(indent: &str, text: &str) -> String {
    wrapped(text, &format!("{indent}/// "), 100)
}

impl Class<'_> {
    fn structure(&self, derives: &str) -> String {
        let mut text = comment("", self.about) + "///\n";
        for line in self.example {
            text += &format!("/// {line}\n");
        }
        text += derives;
        text += &format!("pub struct {} {{\n", self.name);
        for Fact { name, kind, doc, .. } in &self.facts {
            text += &comment("    ", doc);
            text += &format!("    {name}: {kind},\n");
        }
        text + "}\n"
    }

    /// The expression of an instance.
    fn literal(&self) -> String {
        let mut text = format!("{} {{\n", self.name);
        for Fact { name, value, .. } in &self.facts {
            text += &match value == name {
                true => format!("            {name},\n"),
                false => format!("            {name}: {value},\n"),
            };
        }
        text + "        }"
    }

    /// A function that gives the facts as a dict; `list` is the one that is a list of such.
    fn dict(&self, doc: &str, function: &str, list: &str) -> String {
        let mut text = format!(
            "{doc}    fn {function}<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {{\n        \
             let dict = PyDict::new(py);\n"
        );
        for Fact { name, kind, .. } in &self.facts {
            text += &match *kind {
                _ if *name == list => format!(
                    "        let {name} = self.{name}.iter().map(|one| one.{function}(py));\n        \
                     dict.set_item(\"{name}\", {name}.collect::<PyResult<Vec<_>>>()?)?;\n"
                ),
                "bool"
                | "u64"
                | "u32"
                | "f64"
                | "Option<f64>"
                | "Option<&'static str>"
                | "&'static str" => format!("        dict.set_item(\"{name}\", self.{name})?;\n"),
                _ => format!("        dict.set_item(\"{name}\", &self.{name})?;\n"),
            };
        }
        text + "        Ok(dict)\n    }\n"
    }

    /// `Name(fact=value, ...)`.
    fn repr(&self, dict: &str) -> String {
        format!(
            "\n    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {{\n        \
             repr(\"{}\", &self.{dict}(py)?)\n    }}\n",
            self.name
        )
    }
}

fn rust() -> String {
    let mut text = String::from(
        "//! Generated from the tables in core/tables by `make generate`; do not edit.\n//!\n\
         //! What is told of a pool and of an exchange, and what the options are.\n\n\
         use std::collections::BTreeMap;\nuse std::sync::Arc;\n\n\
         use keepalive_core::{\n    ErrorKind, Info as CoreInfo, Timings as CoreTimings, TlsInfo as CoreTlsInfo,\n};\n\
         use pyo3::prelude::*;\nuse pyo3::types::{PyDict, PyTuple};\n\nuse crate::info::repr;\nuse crate::tls_info::{TlsInfo, tls_info};\n\n",
    );
    text += &timings();
    text += &info();
    text += &origin();
    text += &stats();
    text += &option_rows();
    text
}

const FROZEN: &str = "#[pyclass(frozen, get_all, module = \"libkeepalive\")]\n";
const COMPARED: &str =
    "#[pyclass(frozen, get_all, eq, module = \"libkeepalive\")]\n#[derive(Clone, PartialEq)]\n";

fn timings() -> String {
    let class = Class {
        name: "Timings",
        about: "Seconds by phase; 0.0 where a phase did not happen. All but ``total`` add up to it. They are of \
                the try that was answered: what was before it is in ``stalled``.",
        example: &[
            ">>> timings = libkeepalive.get(\"http://example.com/\").info.timings",
            ">>> timings.total >= timings.wait",
            "True",
        ],
        facts: TIMINGS.iter().map(|fact| Fact::of(fact, "timings")).collect(),
    };
    let names: Vec<&str> = class.facts.iter().map(|fact| fact.name).collect();
    let format: Vec<String> = names.iter().map(|name| format!("{name}={{:.6}}")).collect();
    let values: Vec<String> = names.iter().map(|name| format!("self.{name}")).collect();
    format!(
        "{}\nimpl Timings {{\n    pub fn of(timings: &CoreTimings) -> Timings {{\n        {}\n    }}\n}}\n\n\
         #[pymethods]\nimpl Timings {{\n    fn __repr__(&self) -> String {{\n        format!(\n            \
         \"Timings({})\",\n            {},\n        )\n    }}\n}}\n\n",
        class.structure(FROZEN),
        class.literal(),
        format.join(", "),
        values.join(", "),
    )
}

fn info() -> String {
    let mut facts: Vec<Fact> = INFO.iter().map(|fact| Fact::of(fact, "info")).collect();
    let value = "Py::new(py, Timings::of(timings))?";
    facts.push(Fact::own("timings", "Py<Timings>", "Seconds by phase.", value));
    let about = "How TLS was agreed on when the connection was opened; None without TLS.";
    facts.push(Fact::own("tls", "Option<Py<TlsInfo>>", about, "tls_info(py, tls)?"));
    let about = "The 1xx heads that came before the response: pairs of status and ``Headers``.";
    facts.push(Fact::own("informational", "Py<PyTuple>", about, "informational"));
    let example: &[&str] = &[">>> libkeepalive.get(\"http://example.com/\").info.replays", "0"];
    let class = Class { name: "Info", about: "How an exchange went.", example, facts };
    format!(
        "{}\nimpl Info {{\n    pub fn of(py: Python<'_>, info: &CoreInfo, timings: &CoreTimings, tls: Option<&Arc<CoreTlsInfo>>, informational: Py<PyTuple>) -> PyResult<Info> \
         {{\n        Ok({})\n    }}\n\n{}}}\n\n#[pymethods]\nimpl Info {{{}}}\n\n",
        class.structure(FROZEN),
        class.literal(),
        class.dict("", "facts", ""),
        class.repr("facts").trim_start_matches('\n').replacen("    fn", "\n    fn", 1),
    )
}

fn origin() -> String {
    let class = Class {
        name: "OriginStats",
        about: "One origin's part of the counters of a pool.",
        example: &[">>> [origin.idle for origin in libkeepalive.Client().stats().origins]", "[]"],
        facts: ORIGIN.iter().map(|fact| Fact::of(fact, "stats")).collect(),
    };
    let doc = "    /// The facts as a dict.\n";
    format!(
        "{}\nimpl OriginStats {{\n    fn of(stats: &keepalive_core::OriginStats) -> OriginStats {{\n        {}\n    \
         }}\n}}\n\n#[pymethods]\nimpl OriginStats {{\n{}{}}}\n\n",
        class.structure(COMPARED),
        class.literal(),
        class.dict(doc, "as_dict", ""),
        class.repr("as_dict"),
    )
}

fn stats() -> String {
    let moments = MOMENTS.iter().map(|fact| {
        let mut fact = Fact::of(fact, "stats");
        fact.doc = format!("{}, at this moment.", fact.doc.trim_end_matches('.'));
        fact
    });
    let mut facts: Vec<Fact> = TOTALS.iter().map(|fact| Fact::of(fact, "stats")).collect();
    let value = "stats.closed.iter().copied().collect()";
    let kind = "BTreeMap<&'static str, u64>";
    facts.push(Fact::own("closed", kind, "Connections closed, by reason.", value));
    facts.extend(moments);
    let value = "stats.origins.iter().map(OriginStats::of).collect()";
    let doc = "The same moment by origin, in the order they were first used.";
    facts.push(Fact::own("origins", "Vec<OriginStats>", doc, value));
    let class = Class {
        name: "Stats",
        about: "Counters of a client's pool. What is not of the moment counts since the client was made.",
        example: &[
            ">>> stats = libkeepalive.Client().stats()",
            ">>> stats.opened, stats.idle",
            "(0, 0)",
        ],
        facts,
    };
    let doc = "    /// The counters as a dict of what JSON has: numbers, texts, dicts and lists.\n";
    format!(
        "{}\nimpl Stats {{\n    pub fn of(stats: &keepalive_core::Stats) -> Stats {{\n        {}\n    }}\n}}\n\n\
         #[pymethods]\nimpl Stats {{\n{}{}}}\n\n",
        class.structure(COMPARED),
        class.literal(),
        class.dict(doc, "as_dict", "origins"),
        class.repr("as_dict"),
    )
}

/// `libkeepalive.OPTIONS`.
fn option_rows() -> String {
    let mut text = "/// The options of a client: name, type, default, meaning.\n\
                    pub const OPTION_ROWS: &[(&str, &str, &str, &str)] = &[\n"
        .to_string();
    for option in OPTIONS {
        let kind = match option.kind {
            OptionKind::Count | OptionKind::Size | OptionKind::Micros | OptionKind::Percent => {
                "int"
            }
            OptionKind::Time => "float | None",
            OptionKind::Flag => "bool",
            OptionKind::Text | OptionKind::File => "str | None",
            OptionKind::Pem => "bytes | None",
        };
        let (default, meaning) = (Python.default(option), Python.meaning(option));
        text += &format!("    ({:?}, {kind:?}, {default:?}, {meaning:?}),\n", option.name);
    }
    text + "];\n"
}
