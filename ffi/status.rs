//! `ka_status` and `ka_error`: the engine's error table as C sees it. Types only: the boundary is
//! built on them.

use keepalive_core::Error;

pub use crate::generated::status::{ka_sent, ka_status};

/// A `ka_status` as it comes from C, where it is any number.
pub type ka_status_number = i32;

/// Why a call failed. Decide by the status; the message is for people and may change.
pub struct ka_error {
    pub(crate) error: Error,
}

impl ka_error {
    pub(crate) fn new(error: Error) -> Self {
        ka_error { error }
    }
}

#[cfg(test)]
mod tests;
