//! The names of a client's options: the engine's, and those that only Python has.

use keepalive_core::{OPTIONS, OptionInfo};

/// Options of a client besides those of the engine's table.
const OWN_OPTIONS: &[&str] = &[
    "profile",
    "headers",
    "params",
    "base_url",
    "timeout",
    "follow_redirects",
    "allow_redirects",
    "default_encoding",
    "event_hooks",
    "transport",
    "on_redirect",
    "verify",
    "cert",
];

/// Every option of a client.
pub fn option_names() -> Vec<&'static str> {
    OWN_OPTIONS.iter().copied().chain(OPTIONS.iter().map(|option| option.name)).collect()
}

/// The options that a request can have for itself.
pub fn request_options() -> impl Iterator<Item = &'static OptionInfo> {
    OPTIONS.iter().filter(|option| option.per_request)
}
