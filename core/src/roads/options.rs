//! The options about roads, of a client and of a request that has its own.

use std::fmt;

use keepalive_proto::RequestHead;

use crate::config::ClientConfig;
use crate::error::{Error, Result};

macro_rules! options {
    ($($name:ident),*) => {
        /// Each is text as it was given; empty is "none" where absent is "as the client".
        #[derive(Clone, Default, PartialEq, Eq, Hash)]
        pub(crate) struct RoadOptions {
            $(pub $name: Option<String>,)*
        }

        impl RoadOptions {
            /// Their names.
            #[cfg(test)]
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Those of a client.
            pub fn of(config: &ClientConfig) -> RoadOptions {
                RoadOptions { $($name: config.$name.clone(),)* }
            }

            /// These, where `own` says nothing.
            pub fn with(&self, own: &RoadOptions) -> RoadOptions {
                let mut base = self.clone();
                // One makes the other pointless: the request's word replaces the client's.
                if own.proxy.is_some() {
                    base.unix_socket = None;
                }
                if own.unix_socket.is_some() {
                    base.proxy = None;
                }
                RoadOptions { $($name: own.$name.clone().or(base.$name),)* }
            }

            /// Sets one by its name; `false` if there is none of that name.
            pub fn set(&mut self, name: &str, value: Option<String>) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)*
                    _ => return false,
                }
                true
            }
        }
    };
}

options!(proxy, no_proxy, proxy_headers, unix_socket, local_address, interface, connect_to);

impl RoadOptions {
    /// Checks what needs no other option to be judged.
    pub fn check(&self) -> Result<()> {
        let is_given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        if is_given(&self.proxy) && is_given(&self.unix_socket) {
            return Err(Error::argument("options proxy and unix_socket: give only one of them"));
        }
        Ok(())
    }
}

impl fmt::Debug for RoadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Proxies have passwords.
        f.write_str("RoadOptions { .. }")
    }
}

/// `Name: value` lines as field lines.
pub(super) fn field_lines(text: &str) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for line in text.split('\n').map(|line| line.trim_end_matches('\r')) {
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |reason: &str| Error::argument(format!("option proxy_headers: {reason}"));
        let Some((name, value)) = line.split_once(':') else {
            return Err(wrong("a line without a colon; expected \"Name: value\" lines"));
        };
        let framing =
            ["Host", "Connection", "Proxy-Connection", "Content-Length", "Transfer-Encoding"];
        if framing.iter().any(|field| name.eq_ignore_ascii_case(field)) {
            return Err(wrong(&format!("{name} is not the caller's to set")));
        }
        let mut head = RequestHead::new("GET", "/", "a")?;
        head.append(name.as_bytes(), value.trim().as_bytes())
            .map_err(|error| wrong(&error.to_string()))?;
        lines.extend_from_slice(format!("{name}: {}\r\n", value.trim()).as_bytes());
    }
    Ok(lines)
}
