//! Fields that a request does not get, though others do: what is added by default is left out.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Phase, Result};

/// Names, most often none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Omitted(Option<Arc<Vec<Box<[u8]>>>>);

impl Omitted {
    /// Adds one.
    ///
    /// # Errors
    /// `InvalidHeader`: it is needed, or no name.
    pub fn add(&mut self, name: &[u8]) -> Result<()> {
        let needed = NEEDED.iter().find(|needed| name.eq_ignore_ascii_case(needed.as_bytes()));
        if let Some(needed) = needed {
            return Err(Error::new(
                ErrorKind::InvalidHeader,
                Phase::Request,
                format!(
                    "header {needed}: cannot be left out, since the message would have no host or no end; \
                     give another value, or none"
                ),
            ));
        }
        // What is no name is said as of any other field.
        keepalive_proto::RequestHead::new("GET", "/", "a")?.append(name, b"")?;
        if !self.has(name) {
            Arc::make_mut(self.0.get_or_insert_default()).push(name.into());
        }
        Ok(())
    }

    pub fn has(&self, name: &[u8]) -> bool {
        let names = self.0.as_deref().map_or(&[][..], Vec::as_slice);
        names.iter().any(|omitted| omitted.eq_ignore_ascii_case(name))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// Without them nobody knows whom a message is for, or where it ends (RFC 9112 3.2, 6).
const NEEDED: [&str; 3] = ["Host", "Content-Length", "Transfer-Encoding"];
