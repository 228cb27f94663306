//! Names to addresses: what the client's `resolve` option says, else getaddrinfo, so that nsswitch,
//! /etc/hosts and search domains behave as users expect. Neither can be cancelled, so both run on
//! helper threads that a deadline abandons. Answers of the system serve the whole process.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use once_cell::race::OnceBox;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::dns_cache::{Answer, DnsCache};
use crate::net::lookup_hook::{LookupHook, ask};
use crate::net::reachability::Reachability;

/// How a client turns names into addresses.
pub(crate) struct Resolver {
    fixed: Fixed,
    ttl: Duration,
    /// Who is asked in place of all others.
    hook: OnceBox<Arc<dyn LookupHook>>,
}

enum Fixed {
    None,
    Entries(Vec<Entry>),
    /// Read at each lookup.
    File(String),
}

struct Entry {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl Resolver {
    /// `fixed` is the option `resolve`; answers serve for `ttl`.
    ///
    /// # Errors
    /// `InvalidArgument` names the option and the faulty entry, or the file.
    pub fn new(fixed: Option<&str>, ttl: Option<Duration>) -> Result<Resolver> {
        let fixed = match fixed.map(|text| (text, text.strip_prefix('@'))) {
            None => Fixed::None,
            Some((text, None)) => Fixed::Entries(entries(text).map_err(invalid)?),
            Some((_, Some(path))) => {
                read(path).map_err(|error| invalid(error.to_string()))?;
                Fixed::File(path.to_string())
            }
        };
        Ok(Resolver { fixed, ttl: ttl.unwrap_or_default(), hook: OnceBox::new() })
    }

    /// Has `hook` be asked in place of all others; whether there was none before.
    pub fn set_hook(&self, hook: Arc<dyn LookupHook>) -> bool {
        self.hook.set(Box::new(hook)).is_ok()
    }

    /// Whether a hook is asked, for each connection anew.
    pub fn has_hook(&self) -> bool {
        self.hook.get().is_some()
    }

    /// All addresses of `host`, from an answer after `after` if that is given.
    pub async fn lookup(
        &self,
        cache: &DnsCache,
        host: &str,
        port: u16,
        after: Option<Instant>,
    ) -> io::Result<Answer> {
        if let Some(hook) = self.hook.get() {
            let found = ask(&**hook, host, port).await?;
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, port));
            return Ok(Answer::now(addresses.collect()));
        }
        if let Some(address) = literal(host, port) {
            return Ok(Answer::now(vec![address?]));
        }
        let fixed = match &self.fixed {
            Fixed::None => None,
            Fixed::Entries(entries) => find(entries, host, port),
            Fixed::File(path) => {
                let path = path.clone();
                find(&on_helper(move || read(&path)).await?, host, port)
            }
        };
        if let Some(addresses) = fixed {
            return Ok(Answer::now(addresses));
        }
        let serves = |at: Instant| at.elapsed() < self.ttl && after.is_none_or(|after| at > after);
        let key = (host.to_string(), port);
        cache.lookup(key, serves, || system(host.to_string(), port)).await
    }
}

/// An IP address, IPv6 perhaps with a zone behind `%`; `None` for a name.
fn literal(host: &str, port: u16) -> Option<io::Result<SocketAddr>> {
    let Some((address, zone)) = host.split_once('%') else {
        return host.parse::<IpAddr>().ok().map(|address| Ok(SocketAddr::new(address, port)));
    };
    let address = address.parse::<Ipv6Addr>().ok()?;
    let scope = match zone.parse::<u32>() {
        Ok(number) => Ok(number),
        Err(_) => nix::net::if_::if_nametoindex(zone)
            .map_err(|error| io::Error::other(format!("no network interface {zone:?}: {error}"))),
    };
    Some(scope.map(|scope| SocketAddrV6::new(address, port, 0, scope).into()))
}

fn find(entries: &[Entry], host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    let entry = entries.iter().find(|entry| entry.host == host && entry.port == port)?;
    Some(entry.addresses.iter().map(|&address| SocketAddr::new(address, port)).collect())
}

/// In the system's order (RFC 6724).
async fn system(name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let addresses =
        on_helper(move || (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>))
            .await?;
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}

async fn on_helper<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn read(path: &str) -> io::Result<Vec<Entry>> {
    let named = |error: String| io::Error::other(format!("{path}: {error}"));
    let text = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
    entries(&text).map_err(named)
}

/// Entries as curl's `--resolve` has them, separated by white space; `#` begins a comment.
fn entries(text: &str) -> std::result::Result<Vec<Entry>, String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).map(entry).collect()
}

fn entry(text: &str) -> std::result::Result<Entry, String> {
    let faulty = |what: &str| {
        format!(
            "{text:?}: {what}; expected host:port:address[,address], as in a.example:443:10.0.0.1"
        )
    };
    let mut parts = text.splitn(3, ':');
    let (Some(host), Some(port), Some(addresses)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(faulty("a part is missing"));
    };
    let port = port.parse().map_err(|_| faulty("the port is not a number up to 65535"))?;
    let address = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>();
    let addresses: std::result::Result<Vec<_>, _> = addresses.split(',').map(address).collect();
    Ok(Entry {
        host: host.to_ascii_lowercase(),
        port,
        addresses: addresses.map_err(|_| faulty("an address is not IPv4 or IPv6"))?,
    })
}

fn invalid(reason: String) -> Error {
    Error::argument(format!("option resolve: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_curls_with_comments() {
        let text =
            "A.example:80:10.0.0.1,[::1]\n# none.example:1:10.0.0.9\n\tb:443:::2 c:1:10.0.0.3";
        let entries = entries(text).expect("entries");
        let found = |host, port| find(&entries, host, port).map(|found| format!("{found:?}"));
        assert_eq!(found("a.example", 80).as_deref(), Some("[10.0.0.1:80, [::1]:80]"));
        assert_eq!(found("b", 443).as_deref(), Some("[[::2]:443]"));
        assert_eq!(found("c", 1).as_deref(), Some("[10.0.0.3:1]"));
        assert_eq!((found("a.example", 81), found("none.example", 1)), (None, None));
    }

    #[test]
    fn a_faulty_entry_or_file_is_named() {
        for (text, reason) in [
            ("a", "a part is missing"),
            ("a:80", "a part is missing"),
            ("a:x:10.0.0.1", "port"),
            ("a:80:", "address"),
            ("a:80:10.0.0.1,b", "address"),
            ("@/nowhere/addresses", "/nowhere/addresses"),
        ] {
            let error = Resolver::new(Some(text), None).err().expect("faulty");
            assert!(error.message().contains("option resolve"), "{error}");
            assert!(error.message().contains(reason), "{error}");
        }
    }
}

/// How names become addresses, and in which order these are tried.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    pub resolver: &'a Resolver,
    pub dns: &'a DnsCache,
    pub reachability: &'a Reachability,
}

impl Names<'_> {
    /// What a name leads to; with `after`, asked after that moment.
    pub async fn resolve(self, host: &str, port: u16, after: Option<Instant>) -> Result<Answer> {
        let asked = Instant::now();
        self.resolver.lookup(self.dns, host, port, after).await.map_err(|error| {
            let (peer, took) = (shown(host, port), asked.elapsed());
            let text = format!("cannot resolve {peer}: {error}; gave up after {took:.1?}");
            Error::new(ErrorKind::ResolveFailed, Phase::Resolve, text).with_os(&error)
        })
    }
}

/// `host:port`, for messages.
pub(crate) fn shown(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
