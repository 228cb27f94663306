//! Manual pages, from the header: libkeepalive(7), and a page in section 3 for each function and each type that
//! has an inside. They are written where they are installed and are no part of the tree.

use crate::declared::{Comment, Declared, Item};
use crate::text::wrapped;

/// A page: its file's name, and its text in the macros of man(7).
pub struct Page {
    pub file: String,
    pub text: String,
}

/// All pages, `date` standing in each as YYYY-MM-DD.
pub fn pages(declared: &Declared, date: &str) -> Vec<Page> {
    let items = declared.functions.iter().chain(&declared.types);
    let items = items.map(|item| page(declared, item, date));
    std::iter::once(overview(declared, date)).chain(items).collect()
}

fn heading(name: &str, section: u8, date: &str, what: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        ".\\\" Generated from keepalive.h; do not edit.\n\
         .TH {name} {section} {date} \"libkeepalive {version}\" \"libkeepalive manual\"\n\
         .SH NAME\n{name} \\- {what}\n"
    )
}

fn page(declared: &Declared, item: &Item, date: &str) -> Page {
    let mut text = heading(&item.name, 3, date, &inline(declared, &summary(item)));
    text += ".SH LIBRARY\nHTTP client with one pool of connections\n.RI ( libkeepalive ,\\~ \\-lkeepalive )\n";
    text += ".SH SYNOPSIS\n.nf\n.B #include <keepalive.h>\n.sp\n";
    text.extend(item.declaration.iter().map(|line| format!("\\fB{}\\fP\n", plain(line))));
    text += ".fi\n";
    let mut sections = vec![("DESCRIPTION", Comment::new())];
    for line in &item.comment {
        let found =
            LABELS.iter().find_map(|(label, title)| Some((title, line.strip_prefix(label)?)));
        match (found, sections.last_mut()) {
            (Some((title, rest)), _) => sections.push((title, vec![rest.to_string()])),
            (None, Some((_, lines))) => lines.push(line.clone()),
            (None, None) => {}
        }
    }
    for (title, lines) in sections {
        text += &format!(".SH {title}\n{}", paragraphs(declared, &lines));
    }
    if !item.members.is_empty() {
        text += if item.declaration[0].starts_with("enum") {
            ".SH CONSTANTS\n"
        } else {
            ".SH FIELDS\n"
        };
    }
    for member in &item.members {
        let label = member.declaration.trim_end_matches([';', ',']);
        let meaning = paragraphs(declared, &member.comment);
        let meaning = if meaning.is_empty() { "\\&\n".to_string() } else { meaning };
        text += &format!(".TP\n.B {}\n{meaning}", plain(label).replace('"', "\\(dq"));
    }
    text += &format!(".SH SEE ALSO\n{}\n", see_also(declared, item));
    Page { file: format!("{}.3", item.name), text }
}

/// How a comment's parts begin, and their titles.
const LABELS: [(&str, &str); 3] =
    [("Ownership: ", "OWNERSHIP"), ("Threads: ", "THREADS"), ("Errors: ", "ERRORS")];

fn overview(declared: &Declared, date: &str) -> Page {
    let what = "HTTP/1.1 client with one pool of keep\\-alive connections for a whole process";
    let mut text = heading("libkeepalive", 7, date, what);
    text += ".SH SYNOPSIS\n.nf\n.B #include <keepalive.h>\n.sp\n";
    let code = declared.intro.iter().skip_while(|line| !line.starts_with("    "));
    let code = code.take_while(|line| !line.starts_with("Build:"));
    text.extend(code.map(|line| match line.strip_prefix("    ") {
        Some(line) => format!("{}\n", plain(line)),
        None => ".sp\n".to_string(),
    }));
    text += "\n.B cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs libkeepalive)\n.fi\n";
    text += ".SH DESCRIPTION\nThis is the contract that holds for all functions.\n";
    let contract = declared.intro.iter().skip_while(|line| *line != "THE CONTRACT").skip(1);
    let mut clause = Comment::new();
    for line in contract.filter(|line| !line.is_empty()) {
        let (label, rest) = line.split_at_checked(LABEL).unwrap_or(("", line));
        let label = label.trim().trim_end_matches('.');
        if !label.is_empty() {
            text += &paragraphs(declared, &std::mem::take(&mut clause));
            text += &format!(".TP\n.B {label}\n");
        }
        clause.push(rest.trim().to_string());
    }
    text += &paragraphs(declared, &clause);
    text += ".SH FUNCTIONS\n";
    for item in &declared.functions {
        text += &format!(".TP\n.BR {} (3)\n{}", item.name, opening(declared, item));
    }
    text += ".SH TYPES\n";
    for item in &declared.types {
        text += &format!(".TP\n.BR {} (3)\n{}", item.name, opening(declared, item));
    }
    for item in &declared.opaque {
        text += &format!(".TP\n.B {}\n{}", item.name, opening(declared, item));
    }
    text += ENVIRONMENT;
    text += ".SH SEE ALSO\n.BR ka_client_send (3),\n.BR ka_client_submit (3),\n.BR ka_client_options (3),\n.BR poll (2),\n.BR libcurl (3)\n";
    Page { file: "libkeepalive.7".to_string(), text }
}

/// The column at which the contract's text begins.
const LABEL: usize = 11;

const ENVIRONMENT: &str = ".SH ENVIRONMENT
.TP
.B KEEPALIVE_TRUST_ENV
1 makes the option trust_env 1: the proxies of http_proxy, https_proxy, all_proxy and no_proxy are used.
.TP
.BR SSL_CERT_FILE \", \" SSL_CERT_DIR
Where the certificates are that are trusted, instead of the system's places.
";

/// The page's own line of NAME: the first sentence, begun in lower case as such lines are.
fn summary(item: &Item) -> String {
    let sentence = first(&item.comment);
    let sentence = sentence.trim_end_matches(['.', ':']);
    let mut letters = sentence.chars();
    match (letters.next(), letters.next()) {
        (Some(one), Some(two)) if !two.is_uppercase() => {
            one.to_lowercase().chain(sentence.chars().skip(1)).collect()
        }
        _ => sentence.to_string(),
    }
}

fn opening(declared: &Declared, item: &Item) -> String {
    paragraphs(declared, &[first(&item.comment)])
}

/// The first sentence of a comment.
fn first(comment: &Comment) -> String {
    let lines: Vec<&str> = comment
        .iter()
        .map(String::as_str)
        .take_while(|line| !LABELS.iter().any(|(label, _)| line.starts_with(label)))
        .collect();
    let text = lines.join(" ");
    let end = text
        .match_indices(['.', ':'])
        .find(|(at, _)| text[at + 1..].starts_with(' ') && !text[..*at].ends_with("e.g"));
    match end {
        Some((at, _)) => format!("{}.", &text[..at]),
        None => text,
    }
}

fn paragraphs(declared: &Declared, lines: &[String]) -> String {
    let filled = lines.split(|line| line.is_empty()).map(|lines| {
        let words = wrapped(&inline(declared, &lines.join(" ")), "", WIDTH);
        words.lines().filter(|line| !line.is_empty()).map(guarded).collect::<String>()
    });
    filled.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(".PP\n")
}

/// Of the page's source.
const WIDTH: usize = 78;

/// What the text names, and what handles of the same kind are made and freed with.
fn see_also(declared: &Declared, item: &Item) -> String {
    let text = format!("{} {}", item.declaration.join(" "), item.comment.join(" "));
    let mut named: Vec<&str> = words(&text).filter(|word| has_page(declared, word)).collect();
    named.retain(|word| *word != item.name);
    named.sort_unstable();
    named.dedup();
    let lines = named.iter().map(|name| format!(".BR {name} (3),\n"));
    lines.collect::<String>() + ".BR libkeepalive (7)"
}

fn has_page(declared: &Declared, name: &str) -> bool {
    declared.functions.iter().chain(&declared.types).any(|item| item.name == name)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !is_word(letter)).filter(|word| !word.is_empty())
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// A line of prose: what has a page is named with its section, code and constants stand out.
fn inline(declared: &Declared, line: &str) -> String {
    let mut text = String::new();
    // A backtick opens and closes code.
    for (at, part) in line.split('`').enumerate() {
        if at % 2 == 1 {
            text += &format!("\\fI{}\\fP", escaped(part));
            continue;
        }
        let mut rest = part;
        while !rest.is_empty() {
            let length = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
            let (word, more) = rest.split_at(length);
            if word.starts_with("ka_") && has_page(declared, word) {
                text += &format!("\\fB{word}\\fP(3)");
            } else if word.starts_with("KA_") || word.starts_with("ka_") {
                text += &format!("\\fB{word}\\fP");
            } else {
                text += word;
            }
            let other = more.find(is_word).unwrap_or(more.len());
            text += &escaped(&more[..other]);
            rest = &more[other..];
        }
    }
    text
}

/// A line that roff takes as it is.
fn plain(line: &str) -> String {
    guarded(&escaped(line)).trim_end().to_string()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('~', "\\(ti").replace('^', "\\(ha")
}

/// A line that begins no request of roff's.
fn guarded(line: &str) -> String {
    match line.starts_with(['.', '\'']) {
        true => format!("\\&{line}\n"),
        false => format!("{line}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declared::parse;

    const HEADER: &str = "/*\n * Head.\n *\n *     int main(void) { printf(\"\\n\"); }\n *\n * THE CONTRACT\n *\n \
        * Status.    A function returns ka_status; KA_OK is 0.\n *            'It' is so.\n */\n\n/**\n * What became of it. More.\n \
        */\nenum ka_status\n {\n    /**\n     * Good: -1 is not.\n     */\n    KA_OK = 0,\n};\n\n/**\n * Sends `a\\b` now. As \
        ka_status says.\n * Ownership: all stays.\n * Threads: any.\n * Errors: none; see\n * KA_OK.\n */\n\
        KA_API ka_status ka_send(void);\n";

    fn page_of(file: &str) -> String {
        let pages = pages(&parse(HEADER).unwrap(), "2026-01-31");
        pages.into_iter().find(|page| page.file == file).expect("a page").text
    }

    #[test]
    fn a_function_has_a_page_in_the_order_of_its_comment() {
        let text = page_of("ka_send.3");
        assert!(text.contains("\n.TH ka_send 3 2026-01-31 "), "{text}");
        assert!(text.contains("\nka_send \\- sends \\fIa\\eb\\fP now\n"), "{text}");
        assert!(text.contains("\n\\fBka_status ka_send(void);\\fP\n"), "{text}");
        assert!(text.contains("As \\fBka_status\\fP(3) says.\n"), "{text}");
        let at = |title: &str| text.find(title).unwrap_or_else(|| panic!("{title}: {text}"));
        assert!(at(".SH DESCRIPTION") < at(".SH OWNERSHIP\nall stays."));
        assert!(at(".SH OWNERSHIP") < at(".SH THREADS\nany."));
        assert!(at(".SH THREADS") < at(".SH ERRORS\nnone; see \\fBKA_OK\\fP.\n"));
        assert!(
            text.ends_with(".SH SEE ALSO\n.BR ka_status (3),\n.BR libkeepalive (7)\n"),
            "{text}"
        );
    }

    #[test]
    fn a_type_tells_of_its_members_and_the_overview_of_all() {
        let text = page_of("ka_status.3");
        assert!(text.contains(".SH CONSTANTS\n.TP\n.B KA_OK = 0\nGood: \\-1 is not.\n"), "{text}");
        let text = page_of("libkeepalive.7");
        assert!(
            text.contains(".TP\n.B Status\nA function returns \\fBka_status\\fP(3);"),
            "{text}"
        );
        assert!(text.contains("(3); \\fBKA_OK\\fP is 0. 'It' is so.\n"), "{text}");
        assert!(text.contains("printf(\"\\en\")"), "{text}");
        assert!(text.contains(".BR ka_send (3)\nSends \\fIa\\eb\\fP now.\n"), "{text}");
        assert!(text.contains(".BR ka_status (3)\nWhat became of it.\n"), "{text}");
    }
}
