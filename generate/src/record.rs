//! The layout of the records in which Node's completions cross into JavaScript, for both sides: words
//! of 32 bits, then numbers of 64, then texts and bytes.

use keepalive_tables::{FactInfo, FactKind, INFO, TIMINGS, camel};

use crate::Result;
use crate::text::wrapped;

/// What a record is about, from 0.
const KINDS: &[(&str, &str)] = &[
    ("HEAD", "The head of a response, and its body when it is here already."),
    ("CHUNK", "More of a body."),
    ("WANT_BODY", "The engine wants more of the request's body."),
    ("FAILED", "The call failed."),
    ("WARMED", "Connections were opened."),
    ("STREAMED", "Bytes of a stream are at hand, or were written."),
    ("INFORMATIONAL", "The head of an interim response."),
    ("REDIRECT", "A redirect waits for a word: its head, and where it leads as the body."),
    ("PROGRESS", "How far a body has come, as JSON in the place of a body."),
    (
        "SAVED",
        "What was written of the body of the response that follows, as JSON in the place of a body.",
    ),
];

/// The words that every record has; what is told of an exchange follows them.
const WORDS: &[(&str, &str)] = &[
    ("SIZE", "Bytes of the record, a multiple of 8."),
    ("SLOT", "The slot of the exchange."),
    ("KIND", "What the record is about."),
    (
        "STATUS",
        "Of a head, also an interim one: the status. Of WARMED: how many connections were opened. Of STREAMED: how many bytes are at hand.",
    ),
    ("FLAGS", "Bits, each with its meaning."),
    ("EXTRA", "The number of what comes beside the record, counted from 1; 0: nothing."),
    ("URL_LENGTH", "Bytes of the URL, the first of the texts."),
    ("REASON_LENGTH", "Bytes of the reason phrase, which follows."),
    ("FIELDS_LENGTH", "Bytes of the header fields: name, NUL, value, NUL and so on."),
    ("TRAILERS_LENGTH", "Bytes of the trailer fields, in the same form."),
    ("BODY_LENGTH", "Bytes of the body."),
    (
        "INFORMATIONAL_LENGTH",
        "Bytes of the 1xx heads behind it: status, number of fields and the fields of each, all with a NUL at their end.",
    ),
    (
        "HISTORY",
        "Where in the record those of the answers begin that led here, one after the other; 0: none did.",
    ),
];

/// The bits of FLAGS that are not told of an exchange.
const FLAGS: &[(&str, &str)] = &[
    ("HTTP_10", "The response is of HTTP/1.0."),
    ("LAST", "The body ends with this record."),
    ("DIRECT", "The body can be taken as it comes."),
    ("RESTART", "The request's body is wanted from its beginning."),
    ("TOLD", "It says how the exchange went: of a head, the end of a body and a failure."),
];

/// A fact and its place.
struct Place {
    fact: &'static FactInfo,
    name: String,
    at: usize,
}

struct Layout {
    /// How many words there are, an even number: the numbers begin at a multiple of 8 bytes.
    words: usize,
    numbers: usize,
    word_facts: Vec<Place>,
    number_facts: Vec<Place>,
    timings: Vec<Place>,
    flag_facts: Vec<Place>,
    /// Each has a word with its length; they come last.
    text_facts: Vec<Place>,
}

fn places(first: usize, facts: impl Iterator<Item = &'static FactInfo>) -> Vec<Place> {
    let named = facts.enumerate();
    named.map(|(at, fact)| Place { fact, name: fact.name.to_uppercase(), at: first + at }).collect()
}

fn layout() -> Result<Layout> {
    let of =
        |kinds: &'static [FactKind]| INFO.iter().filter(move |fact| kinds.contains(&fact.kind));
    let word_facts = places(WORDS.len(), of(&[FactKind::Few, FactKind::Reason]));
    let text_facts = places(WORDS.len() + word_facts.len(), of(&[FactKind::Address]));
    let number_facts = places(0, of(&[FactKind::Count]));
    let timings = places(number_facts.len(), TIMINGS.iter());
    let flag_facts = places(FLAGS.len(), of(&[FactKind::Flag]));
    let placed = word_facts.len() + number_facts.len() + flag_facts.len() + text_facts.len();
    if placed != INFO.len() || flag_facts.iter().any(|flag| flag.at > 31) {
        return Err("the record of Node has no place for a fact of INFO".to_string());
    }
    Ok(Layout {
        words: (WORDS.len() + word_facts.len() + text_facts.len()).next_multiple_of(2),
        numbers: number_facts.len() + timings.len(),
        word_facts,
        number_facts,
        timings,
        flag_facts,
        text_facts,
    })
}

/// The module of the Rust side.
pub fn rust() -> Result<String> {
    let layout = layout()?;
    let constant = |name: &str, doc: &str, kind: &str, value: usize| {
        wrapped(doc, "        /// ", 100)
            + &format!("        pub const {name}: {kind} = {value};\n")
    };
    let mut text = format!(
        "/// The layout of a completion record.\npub mod record {{\n    \
         use keepalive_core::{{Info, Timings}};\n\n    \
         use crate::convert::row_of;\n\n    \
         /// Words of a record.\n    pub const WORDS: usize = {};\n    \
         /// Numbers that follow them.\n    pub const NUMBERS: usize = {};\n\n    \
         /// What a record is about.\n    pub mod kind {{\n",
        layout.words, layout.numbers
    );
    for (at, (name, doc)) in KINDS.iter().enumerate() {
        text += &constant(name, doc, "u32", at);
    }
    text += "    }\n\n    /// Bits of the word FLAGS.\n    pub mod flag {\n";
    for (at, (name, doc)) in FLAGS.iter().enumerate() {
        text += &constant(name, doc, "u32", 1 << at);
    }
    text += "    }\n\n    /// The places of words.\n    pub mod word {\n";
    for (at, (name, doc)) in WORDS.iter().enumerate() {
        text += &constant(name, doc, "usize", at);
    }
    text += "    }\n\n    /// Puts what is told of an exchange into its places.\n    \
             pub fn put(info: &Info, timings: &Timings, words: &mut [u32; WORDS], numbers: &mut [f64; NUMBERS]) {\n";
    text += "        words[word::FLAGS] |= flag::TOLD;\n";
    for Place { fact, at, .. } in &layout.flag_facts {
        text += &format!("        words[word::FLAGS] |= u32::from(info.{}) << {at};\n", fact.name);
    }
    for Place { fact, at, .. } in &layout.word_facts {
        let value = match fact.kind {
            FactKind::Reason => format!("info.{}.map_or(0, row_of)", fact.name),
            _ => format!("info.{}", fact.name),
        };
        text += &format!("        words[{at}] = {value};\n");
    }
    for Place { fact, at, .. } in &layout.number_facts {
        text += &format!("        numbers[{at}] = info.{} as f64;\n", fact.name);
    }
    for Place { fact, at, .. } in &layout.timings {
        text += &format!("        numbers[{at}] = timings.{}.as_secs_f64() * 1e3;\n", fact.name);
    }
    text += "    }\n\n    /// The texts that come last, with the places of their lengths.\n    \
             pub fn texts(info: &Info) -> impl Iterator<Item = (usize, &str)> {\n        [\n";
    for Place { fact, at, .. } in &layout.text_facts {
        text +=
            &format!("            ({at}, info.{}.as_deref().unwrap_or_default()),\n", fact.name);
    }
    Ok(text + "        ]\n        .into_iter()\n    }\n}\n")
}

/// The constants of the JavaScript side.
pub fn constants() -> Result<String> {
    let layout = layout()?;
    let kinds: Vec<String> =
        KINDS.iter().enumerate().map(|(at, (name, _))| format!("{name}: {at}")).collect();
    let mut text = format!("const kind = {{ {} }}\n", kinds.join(", "));
    let mut constants: Vec<(String, usize, &str)> = Vec::new();
    for (at, (name, doc)) in WORDS.iter().enumerate() {
        constants.push((name.to_string(), at, doc));
    }
    for place in &layout.word_facts {
        constants.push((place.name.clone(), place.at, place.fact.doc));
    }
    for place in &layout.text_facts {
        constants.push((format!("{}_LENGTH", place.name), place.at, "Bytes of that text."));
    }
    for (at, (name, doc)) in FLAGS.iter().enumerate() {
        constants.push((name.to_string(), 1 << at, doc));
    }
    for place in &layout.flag_facts {
        constants.push((place.name.clone(), 1 << place.at, place.fact.doc));
    }
    constants.push(("WORDS".to_string(), layout.words, "Words; numbers follow."));
    let texts = layout.words * 4 + layout.numbers * 8;
    constants.push(("TEXTS".to_string(), texts, "Bytes before the texts."));
    for (at, (name, value, doc)) in constants.iter().enumerate() {
        if constants[..at].iter().any(|(other, ..)| other == name) {
            return Err(format!("the record of Node has two things of the name {name}"));
        }
        text += &format!("const {name} = {value} // {doc}\n");
    }
    Ok(text)
}

/// The function of JavaScript that gives what is told of an exchange.
pub fn info() -> Result<String> {
    let layout = layout()?;
    let mut text = String::from(
        "/** What is told of the exchange whose record begins with the word `at`, its last texts at `next`. */\n\
         function infoOf({ words, doubles, bytes }, at, next) {\n  const flags = words[at + FLAGS]\n  \
         const number = (at + WORDS) / 2\n  \
         const part = (length) => (length === 0 ? null : bytes.utf8Slice(next, (next += length)))\n  return {\n",
    );
    // In the order of the table, as they are declared.
    for fact in INFO {
        let (words, numbers) = (&layout.word_facts, &layout.number_facts);
        let all = [words, numbers, &layout.flag_facts, &layout.text_facts];
        for place in all.into_iter().flatten().filter(|place| place.fact.name == fact.name) {
            let value = match fact.kind {
                FactKind::Flag => format!("(flags & {}) !== 0", place.name),
                FactKind::Reason => format!("kindName(words[at + {}])", place.name),
                FactKind::Count => number(place.at),
                FactKind::Address => format!("part(words[at + {}_LENGTH])", place.name),
                _ => format!("words[at + {}]", place.name),
            };
            text += &format!("    {}: {value},\n", camel(fact.name));
        }
    }
    text += "    httpVersion: (flags & HTTP_10) !== 0 ? '1.0' : '1.1',\n    timings: {\n";
    for place in &layout.timings {
        text += &format!("      {}: {},\n", camel(place.fact.name), number(place.at));
    }
    text += "    },\n  }\n}\n\n/** What the end of a body adds to that: its milliseconds, and bytes in all. */\n\
             function endOf({ doubles }, at) {\n  const number = (at + WORDS) / 2\n  return [";
    let place = |places: &[Place], name| {
        places.iter().find(|place| place.fact.name == name).map(|it| it.at)
    };
    let receive = place(&layout.timings, "receive").ok_or("the record of Node has no receive")?;
    let bytes = place(&layout.number_facts, "bytes_received")
        .ok_or("the record of Node has no bytes_received")?;
    text += &format!("{}, {}]\n}}\n", number(receive), number(bytes));
    Ok(text)
}

fn number(at: usize) -> String {
    if at == 0 { "doubles[number]".to_string() } else { format!("doubles[number + {at}]") }
}
