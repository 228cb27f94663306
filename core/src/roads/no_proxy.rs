//! The list of hosts that no proxy is used for, by the most permissive reading of what clients do: curl,
//! Go and undici each know forms that the others lack.

use std::net::IpAddr;

use crate::origin::Origin;
use crate::roads::host::{canonical, is_below};

/// A list as in NO_PROXY.
#[derive(Debug, Default)]
pub(super) struct NoProxy {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    host: Hosts,
    port: Option<u16>,
}

#[derive(Debug, PartialEq, Eq)]
enum Hosts {
    /// `*`
    All,
    /// `name` and `.name`: it and what is below it.
    AtOrBelow(String),
    /// `*.name`: what is below it.
    Below(String),
    /// An address, or those that begin with so many bits of it.
    Network(IpAddr, u8),
}

impl NoProxy {
    /// Entries are separated by commas and blanks; what cannot be read matches nothing.
    pub fn parse(text: &str) -> NoProxy {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace());
        NoProxy { entries: entries.filter_map(Entry::parse).collect() }
    }

    pub fn matches(&self, origin: &Origin) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let host = origin.server_name().trim_end_matches('.');
        let address = host.parse::<IpAddr>().ok();
        let mut entries = self.entries.iter();
        entries.any(|entry| {
            entry.port.is_none_or(|port| port == origin.port) && entry.host.has(host, address)
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Entry> {
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            return Some(Entry { host: Hosts::All, port: None });
        }
        if let Some(host) = Hosts::network(text) {
            return Some(Entry { host, port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (host, Some(port.parse().ok()?))
            }
            _ => (text, None),
        };
        let host = Hosts::network(host).or_else(|| Hosts::name(host))?;
        Some(Entry { host, port })
    }
}

impl Hosts {
    /// An address or a network, IPv6 with or without brackets.
    fn network(text: &str) -> Option<Hosts> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address = address.strip_prefix('[').map_or(address, |rest| rest.trim_end_matches(']'));
        let address: IpAddr = address.split('%').next()?.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
        };
        (bits <= most).then_some(Hosts::Network(address, bits))
    }

    fn name(text: &str) -> Option<Hosts> {
        let text = text.trim_end_matches('.');
        let below = text.strip_prefix("*.");
        let name = below.or(text.strip_prefix('.')).unwrap_or(text);
        // As the host of a URL is written.
        let name = canonical(name)?;
        match below {
            Some(_) => Some(Hosts::Below(name)),
            None => Some(Hosts::AtOrBelow(name)),
        }
    }

    fn has(&self, host: &str, address: Option<IpAddr>) -> bool {
        let is_below = |name: &str| address.is_none() && is_below(host, name);
        match self {
            Hosts::All => true,
            Hosts::AtOrBelow(name) => name == host || is_below(name),
            Hosts::Below(name) => is_below(name),
            Hosts::Network(network, bits) => match (network, address) {
                (IpAddr::V4(network), Some(IpAddr::V4(address))) => {
                    let rest = u32::from(*network) ^ u32::from(address);
                    *bits == 0 || rest >> (32 - bits) == 0
                }
                (IpAddr::V6(network), Some(IpAddr::V6(address))) => {
                    let rest = u128::from(*network) ^ u128::from(address);
                    *bits == 0 || rest >> (128 - bits) == 0
                }
                _ => false,
            },
        }
    }
}
