//! Pages of the documentation.

use keepalive_tables::{
    ErrorGroup, ErrorKind, FactInfo, FactKind, INFO, LIMITS, MOMENTS, OPTIONS, ORIGIN, OptionInfo,
    OptionKind, PROFILES, Phase, Sent, TIMINGS, TOTALS, camel,
};

use crate::Output;
use crate::spell::Language::{C, Node, Page};
use crate::text::{either, wrapped};

const NOTE: &str =
    "<!-- Generated from the tables in core/tables by `make generate`; do not edit. -->\n\n";

pub fn outputs() -> Vec<Output> {
    vec![
        Output { path: "docs/options.md", text: options() },
        Output { path: "docs/errors.md", text: errors() },
        Output { path: "docs/facts.md", text: facts() },
    ]
}

fn paragraph(text: &str) -> String {
    wrapped(text, "", 120) + "\n"
}

/// A row of a table.
fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn options() -> String {
    let mut text = NOTE.to_string() + "# Options of a client\n\n";
    text += &paragraph(
        "Each has the name of the first column in Python, the same in camelCase in Node, and the same with the unit of \
         times and sizes at its end in C.",
    );
    text += &paragraph(
        "Lengths of time are seconds in Python (`math.inf` is no limit, `None` the default), milliseconds in Node (0 and \
         `null` are no limit) and milliseconds in C (0 is no limit); at most 10 years. An unknown option or a value that \
         is not allowed is an error that names it.",
    );
    text += &row(&["option", "in C", "in Node", "default", "what it does"]);
    text += "|---|---|---|---|---|\n";
    for option in OPTIONS {
        let names = [option.name.to_string(), C.option(option), Node.option(option)];
        let [name, c, node] = names.map(|name| format!("`{name}`"));
        text += &row(&[&name, &c, &node, &value(option), &Page.meaning(option)]);
    }
    text += "\n## Limits of a request\n\n";
    text += &paragraph(
        "A request can have time limits of its own, in place of these options: with `ka_request_set_timeout` in C, \
         `timeout=libkeepalive.Timeout(...)` in Python, and among its options in Node.",
    );
    text += &row(&["in place of", "in C", "in Python", "in Node", "what it limits"]);
    text += "|---|---|---|---|---|\n";
    for limit in LIMITS {
        let c = format!("KA_TIMEOUT_{}", limit.name.to_uppercase());
        let [option, c, python, node] = [limit.option, &c, limit.python, limit.node];
        let names = [option, c, python, node].map(|name| format!("`{name}`"));
        text += &row(&[&names[0], &names[1], &names[2], &names[3], limit.doc]);
    }
    text += "\n## Profiles\n\n";
    text += &paragraph(
        "The option `profile` (in C `ka_client_options_init_profile`) changes the defaults of others at once.",
    );
    text += &row(&["profile", "for", "defaults"]);
    text += "|---|---|---|\n";
    for profile in PROFILES {
        let sets = match profile.sets {
            [] => "those above".to_string(),
            _ => Page.profile(profile),
        };
        text += &row(&[&format!("`{}`", profile.name), profile.doc, &sets]);
    }
    text
}

fn value(option: &OptionInfo) -> String {
    match (option.kind, Page.default(option)) {
        (OptionKind::Size, size) => format!("{size} bytes").replace(") bytes", ")"),
        (_, default) => default,
    }
}

fn errors() -> String {
    let mut text = NOTE.to_string() + "# Errors\n\n";
    text += &paragraph(
        "Decide by the code: `ka_status` in C, `err.code` in Node, `.code` in Python, or by the class in Python; the \
         text of an error is for people and may change. Numbers and names are stable and never used again for something \
         else. HTTP statuses are not errors. Whether sending again is safe is told by each error itself \
         (`ka_error_retry_safe`, `.retry_safe`, `.retrySafe`).",
    );
    for group in ErrorGroup::ALL {
        text += &format!("## {}\n\n", group.summary().trim_end_matches('.'));
        text += &row(&["number", "code", "kind", "in Python", "what it means"]);
        text += "|---|---|---|---|---|\n";
        for kind in ErrorKind::ALL.iter().filter(|kind| kind.group() == *group) {
            text += &row(&[
                &(*kind as i32).to_string(),
                &format!("`{}`", kind.code()),
                &format!("`{}`", kind.name()),
                &format!("`{}`", kind.python_class()),
                &Page.text(kind.summary()),
            ]);
        }
        text.push('\n');
    }
    text += "## Where it happened\n\n";
    text += &paragraph("`ka_error_phase` in C, `.phase` in Python and Node.");
    text += &words(Phase::ALL.iter().map(|phase| (phase.name(), phase.summary())));
    text += "\n## How much of the request had left the process\n\n";
    text +=
        &paragraph("`ka_error_sent` in C (`KA_SENT_ALL` and so on), `.sent` in Python and Node.");
    text + &words(Sent::ALL.iter().map(|sent| (sent.name(), sent.summary())))
}

fn words<'a>(words: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let rows = words.map(|(word, meaning)| row(&[&format!("`{word}`"), meaning]));
    row(&["word", "meaning"]) + "|---|---|\n" + &rows.collect::<String>()
}

fn facts() -> String {
    let mut text = NOTE.to_string() + "# What is told of an exchange and of a pool\n\n";
    text += &paragraph(
        "Names are those of Python; Node has them in camelCase, C with `_ns` at the end of times. Lengths of time are \
         seconds in Python, milliseconds in Node and nanoseconds in C.",
    );
    text += "## Of a response\n\n";
    text += &paragraph(
        "`response.info` in Python and Node, `ka_response_info` in C; of an error `error.info` and `ka_error_info`, where \
         an exchange had begun. Beside these rows Python and Node have `timings`, `tls` and `informational`, the 1xx heads \
         that came before; C has `ka_response_tls` and `ka_response_informational_at`.",
    );
    text += &table(INFO);
    text += "\n## Where its time went\n\n";
    text += &paragraph(
        "`response.info.timings` in Python and Node, in C part of `ka_info`; of an error `error.info.timings` and \
         `ka_error_info`. The names are those of browsers' tools. A phase that did not happen is 0; all but `total` add up \
         to it. On a connection that was free at once the first five are 0, and `reused` says why. See \
         [observing.md](observing.md).",
    );
    text += &table(TIMINGS);
    text += "\n## Of a pool, since its client was made\n\n";
    text += &paragraph(
        "`client.stats()` in Python and Node, `ka_client_stats` in C; there, `ka_client_close_reasons` has the \
         connections closed by reason, which Python and Node give as `closed`.",
    );
    text += &table(TOTALS);
    text += "\n## Of a pool, at the moment\n\n";
    text += &table(MOMENTS);
    text += "\n## Of each origin, at the moment\n\n";
    text +=
        &paragraph("`client.stats().origins` in Python and Node, `ka_client_origin_stats` in C.");
    text + &table(ORIGIN)
}

fn table(facts: &[FactInfo]) -> String {
    let mut text = row(&["name", "in Node", "in C", "what it says"]) + "|---|---|---|---|\n";
    for fact in facts {
        let unit = if matches!(fact.kind, FactKind::Span | FactKind::Limit) { "_ns" } else { "" };
        let words: Vec<String> = fact.words.iter().map(|word| format!("`{word}`")).collect();
        let doc = match fact.words {
            [] => Page.text(fact.doc),
            _ => format!("{} One of {}.", Page.text(fact.doc), either(&words)),
        };
        text += &row(&[
            &format!("`{}`", fact.name),
            &format!("`{}`", camel(fact.name)),
            &format!("`{}{unit}`", fact.name),
            &doc,
        ]);
    }
    text
}
