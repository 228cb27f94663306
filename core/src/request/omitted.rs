//! Fields that a request does not get, though others do: what is added by default is left out.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::request::Request;

/// Names, most often none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Omitted(Option<Arc<Vec<Box<[u8]>>>>);

impl Omitted {
    fn add(&mut self, name: &[u8]) {
        if !self.has(name) {
            Arc::make_mut(self.0.get_or_insert_default()).push(name.into());
        }
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

impl Request {
    /// The request goes out without that field where it would get one by default: User-Agent,
    /// Accept-Encoding, the Authorization of a URL's userinfo, and what else is added to requests that do
    /// not say it themselves. A field that is added by name is sent all the same.
    ///
    /// # Errors
    /// `InvalidHeader`: Host, Content-Length and Transfer-Encoding are not the caller's to leave out; a
    /// name that is none.
    pub fn omit_header(&mut self, name: &[u8]) -> Result<()> {
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
        self.omitted.add(name);
        self.own_defaults = true;
        Ok(())
    }

    /// Whether a field of that name was added, or is to be left out (case-insensitive): then it gets none
    /// by default.
    pub fn decides_header(&self, name: &[u8]) -> bool {
        self.head.contains(name) || self.omitted.has(name)
    }
}
