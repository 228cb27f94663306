//! Other addresses for hosts, as curl's `--connect-to` writes them: `HOST:PORT:HOST:PORT`.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::origin::route::Address;
use crate::roads::host::canonical;

/// One of them; what is absent matches everything, or stays as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ConnectTo {
    from: (Option<String>, Option<u16>),
    to: (Option<String>, Option<u16>),
}

/// Entries separated by blanks; the first that matches holds.
pub(super) fn parse(text: &str) -> Result<Vec<ConnectTo>> {
    text.split_whitespace().map(ConnectTo::parse).collect()
}

impl ConnectTo {
    fn parse(text: &str) -> Result<ConnectTo> {
        let wrong = || {
            let shown: String = text.chars().take(100).collect();
            Error::argument(format!(
                "option connect_to: {shown:?} is not HOST:PORT:HOST:PORT (IPv6 in brackets; empty for \
                 any, and for no change)"
            ))
        };
        let mut rest = Some(text);
        let mut next = || {
            let text = rest?;
            let bracketed = text.strip_prefix('[').and_then(|inner| inner.split_once(']'));
            let (part, after) = match bracketed {
                Some((part, after)) => {
                    (part, after.strip_prefix(':').or(after.is_empty().then_some("")))
                }
                None => match text.split_once(':') {
                    Some((part, after)) => (part, Some(after)),
                    None => (text, None),
                },
            };
            rest = after;
            Some(part)
        };
        let parts = [next(), next(), next(), next()];
        let [Some(from), Some(from_port), Some(to), Some(to_port)] = parts else {
            return Err(wrong());
        };
        if rest.is_some_and(|rest| !rest.is_empty()) {
            return Err(wrong());
        }
        let host = |text: &str| match text {
            "" => Ok(None),
            text => canonical(text).map(Some).ok_or_else(wrong),
        };
        let port = |text: &str| match text {
            "" => Ok(None),
            text => match text.parse() {
                Ok(port) if port > 0 => Ok(Some(port)),
                _ => Err(wrong()),
            },
        };
        Ok(ConnectTo { from: (host(from)?, port(from_port)?), to: (host(to)?, port(to_port)?) })
    }

    /// Where it leads a connection to `origin`, if it is about it.
    pub fn leads(&self, origin: &Origin) -> Option<Address> {
        let (host, port) = &self.from;
        if host.as_ref().is_some_and(|host| host != origin.server_name())
            || port.is_some_and(|port| port != origin.port)
        {
            return None;
        }
        let (host, port) = &self.to;
        let host = host.as_deref().unwrap_or(&origin.host);
        Some(Address::Other(Arc::from(host), port.unwrap_or(origin.port)))
    }
}
