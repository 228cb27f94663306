//! What is said of options, errors, counters and exchanges, said once: the engine's types, and all
//! that C, Python, TypeScript and the pages of the documentation tell about them, come from these
//! tables. `make generate` writes the latter.
//!
//! A new option, error, counter or fact is one row here, `make generate`, and its use in the engine:
//! `config.the_option`, `ErrorKind::TheError`, `counters.the_counter`, `info.the_fact`. The tables know
//! nobody, so that the generator can be built while a change is half done.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod errors;
mod facts;
mod options;

pub use errors::{ErrorGroup, ErrorKind, Phase, Sent};
pub use facts::{
    FactInfo, FactKind, INFO, Info, MOMENTS, ORIGIN, OriginStats, Stats, TIMINGS, TOTALS, Timings,
};
pub use options::{
    Form, LIMITS, LimitInfo, OPTIONS, OptionDefault, OptionInfo, OptionKind, PROFILES, Profile,
    Shape, milliseconds, seconds,
};

/// `max_per_host` as `maxPerHost`.
pub fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let mut camel = words.next().unwrap_or_default().to_string();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        camel += &first.to_ascii_uppercase();
        camel += rest;
    }
    camel
}
