//! Which versions of TLS are spoken.

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::error::{Error, Result};

type Version = &'static SupportedProtocolVersion;

/// Oldest first; as the options name them.
const ALL: [(&str, Version); 2] = [("1.2", &TLS12), ("1.3", &TLS13)];

/// Those from `least` to `most`; `None`: all there are on that side.
pub(super) fn versions(least: Option<&str>, most: Option<&str>) -> Result<Vec<Version>> {
    let first = least.map_or(Ok(0), |name| place("tls_min_version", name))?;
    let last = most.map_or(Ok(ALL.len() - 1), |name| place("tls_max_version", name))?;
    if first > last {
        return Err(Error::argument(format!(
            "options tls_min_version and tls_max_version: {} is newer than {}",
            ALL[first].0, ALL[last].0
        )));
    }
    Ok(ALL[first..=last].iter().map(|(_, version)| *version).collect())
}

fn place(option: &str, name: &str) -> Result<usize> {
    let found = ALL.iter().position(|(own, _)| *own == name);
    found.ok_or_else(|| {
        let note = match name {
            "1.0" | "1.1" => " (older ones are broken, RFC 8996)",
            _ => "",
        };
        Error::argument(format!(
            "option {option}: {name:?} is not a version; expected \"1.2\" or \"1.3\"{note}"
        ))
    })
}
