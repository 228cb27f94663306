//! The steps of a dial, told as they happen to whoever watches it.

use std::io;
use std::net::SocketAddr;

use crate::error::Error;

/// What happens on the way.
pub(crate) enum Step<'a> {
    Resolving(&'a str),
    Resolved(Result<&'a [SocketAddr], &'a Error>),
    Connecting(&'a str),
    Connected(&'a str, Option<&'a io::Error>),
    Securing(&'a str),
    Secured(Option<&'a Error>),
}

/// Whoever watches a dial. On the engine's thread.
pub(crate) trait StepWatch: Send + Sync {
    fn step(&self, step: &Step<'_>);
}
