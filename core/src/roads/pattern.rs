//! Which requests a proxy is for: patterns as httpx's mounts have them.

use crate::error::{Error, Result};
use crate::origin::{Origin, Scheme};
use crate::roads::host::{canonical, is_below};

/// Scheme, host and port; what is absent matches all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    scheme: Option<Scheme>,
    host: HostPattern,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Any,
    /// `name`
    Exact(String),
    /// `*.name`
    Below(String),
    /// `*name`
    AtOrBelow(String),
}

/// The entries of the option: `PATTERN=>URL`, or a URL for everything.
pub(super) fn split(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_whitespace().map(|entry| entry.split_once("=>").unwrap_or(("all://", entry)))
}

impl Pattern {
    /// Everything of a scheme, or everything.
    pub fn of_scheme(scheme: Option<Scheme>) -> Pattern {
        Pattern { scheme, host: HostPattern::Any, port: None }
    }

    pub fn parse(text: &str) -> Result<Pattern> {
        let wrong = || {
            // What has an @ may have a password.
            let shown = match text.len() > 100 || text.contains('@') {
                true => "what stands before =>".to_string(),
                false => format!("{text:?}"),
            };
            Error::argument(format!(
                "option proxy: {shown} is no pattern; expected http://, https:// or all://, with or \
                 without a host (name, *.name or *name) and :port"
            ))
        };
        let (scheme, rest) = text.split_once("://").unwrap_or((text, ""));
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "all" => None,
            "http" => Some(Scheme::Http),
            "https" => Some(Scheme::Https),
            _ => return Err(wrong()),
        };
        let rest = rest.trim_end_matches('/');
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let port: u16 = port.parse().map_err(|_| wrong())?;
                (host, Some(port))
            }
            _ => (rest, None),
        };
        let name = |host: &str| {
            let name = canonical(host.trim_matches(['[', ']']).trim_end_matches('.'));
            name.filter(|name| !name.contains(['*', '=', '>'])).ok_or_else(wrong)
        };
        let host = match host {
            "" | "*" => HostPattern::Any,
            host => match (host.strip_prefix("*."), host.strip_prefix('*')) {
                (Some(below), _) => HostPattern::Below(name(below)?),
                (_, Some(below)) => HostPattern::AtOrBelow(name(below)?),
                _ => HostPattern::Exact(name(host)?),
            },
        };
        Ok(Pattern { scheme, host, port })
    }

    pub fn matches(&self, origin: &Origin) -> bool {
        let host = origin.server_name();
        self.scheme.is_none_or(|scheme| scheme == origin.scheme)
            && self.port.is_none_or(|port| port == origin.port)
            && match &self.host {
                HostPattern::Any => true,
                HostPattern::Exact(name) => name == host,
                HostPattern::Below(name) => is_below(host, name),
                HostPattern::AtOrBelow(name) => name == host || is_below(host, name),
            }
    }

    /// The more is said the sooner it is asked, in httpx's order: a port, a longer host, a scheme.
    pub fn rank(&self) -> impl Ord + use<> {
        let length = match &self.host {
            HostPattern::Any => 0,
            HostPattern::Exact(name) => name.len(),
            HostPattern::Below(name) => name.len() + 2,
            HostPattern::AtOrBelow(name) => name.len() + 1,
        };
        let scheme = self.scheme.map_or(0, |scheme| scheme.name().len());
        std::cmp::Reverse((self.port.is_some(), length, scheme))
    }
}
