//! What connections are shared by: scheme, host and port.

mod breaker;
pub(crate) mod budget;
pub(crate) mod dns_refresh;
pub(crate) mod expectation;
mod latency;
pub(crate) mod nonces;
pub(crate) mod pipelining;
pub(crate) mod proxy;
pub(crate) mod route;
pub(crate) mod state;

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use once_cell::race::OnceBox;

/// The schemes this library speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`, default port 80.
    Http,
    /// `https`, default port 443.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub const fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// Scheme, host and port: connections are shared within one origin (RFC 9110 4.3).
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// Lower-case ASCII host name or IP address, IPv6 without brackets and with its zone behind `%`
    /// if it has one.
    pub host: String,
    /// The port, also when it is the default.
    pub port: u16,
    /// Computed once: every request names it. `http://` and the Host field's value.
    url: String,
    /// Computed once: every request looks its origin up.
    hash: u64,
}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Origin {
    pub(crate) fn new(scheme: Scheme, host: String, port: u16) -> Origin {
        static KEYS: OnceBox<RandomState> = OnceBox::new();
        let hash = KEYS.get_or_init(Box::default).hash_one((scheme, &host, port));
        // A zone means something on this machine only (RFC 6874 3).
        let bracketed = bracketed(address(&host));
        let url = match port == scheme.default_port() {
            true => format!("{}://{bracketed}", scheme.name()),
            false => format!("{}://{bracketed}:{port}", scheme.name()),
        };
        Origin { scheme, host, port, url, hash }
    }

    /// The Host field's value: IPv6 in brackets and without a zone, port unless default
    /// (RFC 9110 7.2, RFC 6874 3).
    pub fn host_field(&self) -> &str {
        &self.url[self.scheme.name().len() + "://".len()..]
    }

    /// What an absolute-form target begins with (RFC 9112 3.2.2).
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The host as the server knows it: without a zone.
    pub(crate) fn server_name(&self) -> &str {
        address(&self.host)
    }

    /// The IPv6 zone, an interface's name or number.
    pub(crate) fn zone(&self) -> Option<&str> {
        self.host.split_once('%').map(|(_, zone)| zone)
    }

    /// `host:port`, for messages.
    pub fn authority(&self) -> String {
        format!("{}:{}", bracketed(&self.host), self.port)
    }
}

fn address(host: &str) -> &str {
    host.split('%').next().unwrap_or(host)
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_string() }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}
