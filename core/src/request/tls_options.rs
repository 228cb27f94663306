//! The options about TLS that a request has for itself.

use std::fmt;

use keepalive_tables::{OptionInfo, Shape};

use crate::config::{ClientConfig, OptionValue};
use crate::error::{Error, Result};

/// Names and texts, each name once and in the order of the names.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct TlsOptions(Vec<(&'static str, String)>);

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One of them is a password.
        f.write_str("TlsOptions { .. }")
    }
}

impl TlsOptions {
    /// Sets one, `None`: as the client has it; an empty text is none.
    pub fn set(&mut self, option: &'static OptionInfo, value: Option<&str>) -> Result<()> {
        let mut new = self.clone();
        new.0.retain(|(name, _)| *name != option.name);
        if let Some(value) = value {
            new.0.push((option.name, value.to_string()));
            new.0.sort_unstable();
            // What is wrong with it alone is said here.
            given(&mut ClientConfig::default(), option, value)?;
        }
        *self = new;
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `config` with these in place of its own.
    pub fn over(&self, config: &ClientConfig) -> Result<ClientConfig> {
        let mut config = config.clone();
        for (name, value) in &self.0 {
            if let Some(option) = option(name) {
                given(&mut config, option, value)?;
            }
        }
        config.check()?;
        Ok(config)
    }
}

/// The row of an option about TLS that a request can have.
pub(crate) fn option(name: &str) -> Option<&'static OptionInfo> {
    let mut rows = keepalive_tables::OPTIONS.iter().filter(|option| option.per_request);
    rows.find(|option| option.name == name)
}

fn given(config: &mut ClientConfig, option: &OptionInfo, text: &str) -> Result<()> {
    let value = match (option.kind.shape(), text) {
        (Shape::Text, "") => OptionValue::Text(None),
        (Shape::Text, text) => OptionValue::Text(Some(text.to_string())),
        _ => OptionValue::Flag(flag(option.name, text)?),
    };
    config.set(option.name, value)
}

/// A flag as a request gives it, as text.
pub(super) fn flag(name: &str, text: &str) -> Result<bool> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Error::argument(format!("option {name}: expected true or false"))),
    }
}
