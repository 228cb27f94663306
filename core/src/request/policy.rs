//! What a request says for itself of who asks and where it may be led, in place of its client's options.

use std::fmt;
use std::sync::Arc;

use crate::auth::credentials::Credentials;
use crate::config::redirects::{SensitiveNames, sensitive_names};
use crate::error::{Error, Result};
use crate::request::redirect_hook::RedirectHook;

/// Rare, so that a request has it apart.
#[derive(Clone, Default)]
pub(crate) struct RequestPolicy {
    /// `None`: the client's.
    pub auth: Option<Credentials>,
    /// Whether https may lead to http; `None`: as the client's.
    pub downgrade: Option<bool>,
    /// In addition to the client's.
    pub sensitive: SensitiveNames,
    pub hook: Option<Arc<dyn RedirectHook>>,
    /// So many redirects are followed at most, and the next one is the response; `None`: as the client has it.
    pub most_redirects: Option<u32>,
}

impl fmt::Debug for RequestPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestPolicy { .. }")
    }
}

impl RequestPolicy {
    /// Sets an option by its name, `None` as the client has it; `false` if it is none of these.
    ///
    /// # Errors
    /// `InvalidArgument` names the option.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<bool> {
        match name {
            "auth" => self.auth = value.map(Credentials::parse).transpose()?,
            "sensitive_headers" => self.sensitive = sensitive_names(value.unwrap_or_default())?,
            "redirect_downgrade" => {
                self.downgrade = match value {
                    None => None,
                    Some("true" | "1") => Some(true),
                    Some("false" | "0") => Some(false),
                    Some(_) => {
                        return Err(Error::argument(
                            "option redirect_downgrade: expected true or false",
                        ));
                    }
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
