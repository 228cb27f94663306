//! Hosts in options and lists, as those of URLs are written.

use std::net::Ipv6Addr;

/// A name as A-labels in lower case, or an IPv6 address without brackets; `None` for what is no host.
pub(super) fn canonical(text: &str) -> Option<String> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(|address| address.to_string());
    }
    let name = idna::domain_to_ascii(text).ok()?;
    (!name.is_empty() && !name.contains(['/', '@', '?', '#'])).then_some(name)
}

/// Whether `host` is a name below `name`.
pub(super) fn is_below(host: &str, name: &str) -> bool {
    let below = host.strip_suffix(name).and_then(|rest| rest.strip_suffix('.'));
    below.is_some_and(|rest| !rest.is_empty())
}
