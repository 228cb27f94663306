//! The native half of the Node package: converts arguments, calls the engine, packs completions.
//! What a JavaScript program sees is `index.js` and `lib/`; HTTP is decided in `keepalive-core`.
//!
//! A request costs two crossings: `Bridge::submit`, and its share of one `Bridge::drain` for each
//! batch of completions.

mod arguments;
mod bridge;
mod call_table;
mod client;
mod common;
mod completion_record;
mod convert;
mod cookies;
mod diagnostics;
mod dispatched;
mod download;
mod elsewhere;
#[rustfmt::skip]
mod generated;
mod lookup;
mod memory;
pub mod multipart;
mod stats;
mod stream;
mod tls_info;
mod told;
mod trailers;
pub mod trust;
mod upload;
mod wake;

use keepalive_core::{
    ErrorKind, FETCH_METHODS, Form, LIMITS, OPTIONS, Shape, append_query, camel, encode_pairs,
};
use napi_derive::napi;

/// A row of the option table, for checks and messages on the JavaScript side.
#[napi(object)]
pub struct OptionRow {
    /// snake_case, as the engine spells it.
    pub name: String,
    /// `count`, `time`, `flag`, `text` or `pem`.
    pub kind: String,
    /// What a text may be given as: `plain`, `proxies`, `list`, `fields` or `credentials`; `jar` is a flag's.
    pub form: String,
}

/// The engine's option table.
#[napi]
pub fn option_table() -> Vec<OptionRow> {
    let row = |option: &keepalive_core::OptionInfo| OptionRow {
        name: option.name.to_string(),
        form: match option.form {
            Form::Plain => "plain",
            Form::Proxies => "proxies",
            Form::List => "list",
            Form::Fields => "fields",
            Form::Jar => "jar",
            Form::Credentials => "credentials",
            Form::Words(_) => "plain",
        }
        .to_string(),
        kind: match option.kind.shape() {
            Shape::Count => "count",
            Shape::Time => "time",
            Shape::Flag => "flag",
            Shape::Text => "text",
            Shape::Pem => "pem",
        }
        .to_string(),
    };
    OPTIONS.iter().map(row).collect()
}

/// The options that a request can have for itself, in camelCase.
#[napi]
pub fn request_options() -> Vec<String> {
    OPTIONS.iter().filter(|option| option.per_request).map(|option| camel(option.name)).collect()
}

/// The methods that `fetch` takes in any case, in capitals.
#[napi]
pub fn fetch_methods() -> Vec<&'static str> {
    FETCH_METHODS.to_vec()
}

/// The names of a request's limits, in the order in which `Bridge.submit` takes them.
#[napi]
pub fn limit_names() -> Vec<&'static str> {
    LIMITS.iter().map(|limit| limit.node).collect()
}

/// From how many bytes on `Bridge.prepare` does something for memory.
#[napi]
pub fn prepared_from() -> u32 {
    keepalive_common::huge_pages::LEAST as u32
}

/// Most bytes taken for a body on the word of its Content-Length alone, and how many times as much as
/// has come is taken then.
#[napi]
pub fn trusted_length() -> (u32, u32) {
    (keepalive_core::TRUSTED_LENGTH as u32, keepalive_core::TRUSTED_GROWTH as u32)
}

/// `url` with a query appended: `text` as it is, or names and values in turn, encoded.
#[napi]
pub fn with_query(url: String, text: Option<String>, pairs: Option<Vec<String>>) -> String {
    let pairs = pairs.unwrap_or_default();
    let text = text.unwrap_or_else(|| {
        encode_pairs(pairs.chunks_exact(2).map(|pair| (pair[0].as_str(), pair[1].as_str())))
    });
    append_query(&url, &text)
}

/// Tells servers that idle connections are over, before the process ends.
#[napi]
pub fn at_exit() {
    keepalive_core::at_exit();
}

/// Whether this is the thread that the process began with; none where the system does not say so for little.
#[napi]
pub fn is_main_thread() -> Option<bool> {
    // "PID/task/TID"
    let link = std::fs::read_link("/proc/thread-self").ok()?;
    Some(link.iter().next()? == link.file_name()?)
}

/// A row of the error table.
#[napi(object)]
pub struct ErrorRow {
    /// `err.code`.
    pub code: String,
    /// `err.kind`.
    pub kind: String,
    /// Whose fault it is, such as `caller` or `peer`.
    pub group: String,
}

/// The engine's error table.
#[napi]
pub fn error_table() -> Vec<ErrorRow> {
    let row = |kind: &ErrorKind| ErrorRow {
        code: kind.code().to_string(),
        kind: kind.name().to_string(),
        group: kind.group().name().to_string(),
    };
    ErrorKind::ALL.iter().map(row).collect()
}
