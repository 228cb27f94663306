//! Which road a request takes: what the options and the environment say of proxies, sockets and
//! addresses, made into a [`Road`] for each origin.

mod connect_to;
mod environment;
mod host;
mod no_proxy;
pub(crate) mod options;
mod pattern;
mod proxy_url;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::error::{Error, Result};
use crate::origin::proxy::ProxyServer;
use crate::origin::route::{Address, Proxy, ProxyKind, Road, Source, Via};
use crate::origin::{Origin, Scheme};
use crate::roads::connect_to::ConnectTo;
use crate::roads::environment::Environment;
use crate::roads::no_proxy::NoProxy;
use crate::roads::options::RoadOptions;
use crate::roads::pattern::Pattern;
use crate::roads::proxy_url::Place;
use crate::sync::lock;

/// Origins, and requests' own options, whose roads are remembered.
const REMEMBERED: usize = 256;

/// The roads of a client.
#[derive(Debug)]
pub(crate) struct Roads {
    options: RoadOptions,
    environment: Arc<Environment>,
    rules: Vec<Rule>,
    no_proxy: NoProxy,
    connect_to: Vec<ConnectTo>,
    /// Without proxies.
    plain: Arc<Road>,
    /// Nothing was asked for: all roads are direct.
    is_direct: bool,
    known: Mutex<Known>,
    /// Of requests with options of their own.
    others: Mutex<HashMap<RoadOptions, Arc<Roads>>>,
}

/// Roads that were found, `None` where they are direct.
#[derive(Debug, Default)]
struct Known {
    /// What was asked for last: often the same once more.
    last: Option<(Arc<Origin>, Option<Arc<Road>>)>,
    all: HashMap<Arc<Origin>, Option<Arc<Road>>, Spread>,
}

/// For origins, whose hash is spread already.
#[derive(Debug, Clone, Copy, Default)]
struct Spread(u64);

impl BuildHasher for Spread {
    type Hasher = Spread;

    fn build_hasher(&self) -> Spread {
        Spread(0)
    }
}

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// What goes where; the first one that matches holds.
#[derive(Debug)]
struct Rule {
    pattern: Pattern,
    stop: Option<Stop>,
}

/// A proxy as both things that it can be.
#[derive(Debug)]
struct Stop {
    forward: Arc<Road>,
    tunnel: Arc<Road>,
}

impl Roads {
    /// Reads the options, and the environment if they say so.
    ///
    /// # Errors
    /// `InvalidArgument` names the option, or the variable, and what is wrong with it.
    pub fn new(options: RoadOptions, trust_env: bool) -> Result<Roads> {
        let environment = match trust_env {
            true => Environment::read(std::env::var_os),
            false => Environment::default(),
        };
        Roads::compile(options, Arc::new(environment))
    }

    /// The same roads without what was learnt of them: a forked child takes no lock that a thread of its
    /// parent may have held.
    ///
    /// # Errors
    /// None that [`Roads::new`] did not have.
    pub fn renewed(&self) -> Result<Roads> {
        Roads::compile(self.options.clone(), self.environment.clone())
    }

    fn compile(options: RoadOptions, environment: Arc<Environment>) -> Result<Roads> {
        options.check()?;
        let plain = Arc::new(Road {
            address: unix(&options)?,
            source: source(&options)?,
            ..Road::default()
        });
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let fields = options::field_lines(options.proxy_headers.as_deref().unwrap_or_default())?;
        let stop = |place: &Place, url: &str| {
            let proxy = proxy_url::parse(place, url, &fields)?;
            Ok::<_, Error>(proxy.map(|server| Stop::at(&plain, server)))
        };
        let mut rules = Vec::new();
        let is_unix = matches!(plain.address, Address::Unix(_));
        if let Some(proxy) = &options.proxy {
            let place = Place::Option("proxy");
            for (pattern, url) in pattern::split(proxy) {
                let pattern = Pattern::parse(pattern)?;
                if rules.iter().any(|rule: &Rule| rule.pattern == pattern) {
                    return Err(Error::argument(
                        "option proxy: two proxies for the same requests; expected one URL, or \
                         PATTERN=>URL entries with different patterns",
                    ));
                }
                rules.push(Rule { pattern, stop: stop(&place, url)? });
            }
        } else if !is_unix {
            for (scheme, name, url) in environment.proxies() {
                let pattern = Pattern::of_scheme(scheme);
                rules.push(Rule { pattern, stop: stop(&Place::Variable(name), url)? });
            }
        }
        rules.sort_by_key(|rule| rule.pattern.rank());
        let no_proxy = match (&options.no_proxy, &options.proxy) {
            (Some(list), _) => NoProxy::parse(list),
            // The environment's list is about the environment's proxies.
            (None, None) => NoProxy::parse(environment.no_proxy()),
            (None, Some(_)) => NoProxy::default(),
        };
        let connect_to = connect_to::parse(given(&options.connect_to).as_deref().unwrap_or(""))?;
        let is_direct = rules.is_empty() && connect_to.is_empty() && *plain == Road::default();
        Ok(Roads {
            options,
            environment,
            rules,
            no_proxy,
            connect_to,
            plain,
            is_direct,
            known: Mutex::default(),
            others: Mutex::default(),
        })
    }

    /// Whether nothing was asked for: all roads are direct.
    #[inline]
    pub fn is_direct(&self) -> bool {
        self.is_direct
    }

    /// The road to `origin`; `None` is the direct one.
    #[inline]
    pub fn of(&self, origin: &Arc<Origin>) -> Option<Arc<Road>> {
        if self.is_direct {
            return None;
        }
        self.known(origin)
    }

    fn known(&self, origin: &Arc<Origin>) -> Option<Arc<Road>> {
        let mut known = lock(&self.known);
        if let Some((last, road)) = &known.last
            && Arc::ptr_eq(last, origin)
        {
            return road.clone();
        }
        let road = match known.all.get(origin) {
            Some(road) => road.clone(),
            None => {
                if known.all.len() >= REMEMBERED {
                    known.all.clear();
                }
                let road = Some(self.find(origin)).filter(|road| **road != Road::default());
                known.all.insert(origin.clone(), road.clone());
                road
            }
        };
        known.last = Some((origin.clone(), road.clone()));
        road
    }

    fn find(&self, origin: &Origin) -> Arc<Road> {
        if matches!(self.plain.address, Address::Unix(_)) {
            return self.plain.clone();
        }
        let other = self.connect_to.iter().find_map(|entry| entry.leads(origin));
        let rule = self.rules.iter().find(|rule| rule.pattern.matches(origin));
        let stop = rule.and_then(|rule| rule.stop.as_ref());
        let stop = stop.filter(|_| !self.no_proxy.matches(origin));
        let road = match stop {
            None => &self.plain,
            // What is forwarded goes where its target says.
            Some(stop) if origin.scheme == Scheme::Http && other.is_none() => &stop.forward,
            Some(stop) => &stop.tunnel,
        };
        match other {
            None => road.clone(),
            Some(address) => Arc::new(Road { address, ..(**road).clone() }),
        }
    }

    /// These roads with what a request says for itself.
    ///
    /// # Errors
    /// As [`Roads::new`]: what was right alone may not go together.
    pub fn with(&self, own: &RoadOptions) -> Result<Arc<Roads>> {
        if let Some(roads) = lock(&self.others).get(own) {
            return Ok(roads.clone());
        }
        let roads = Roads::compile(self.options.with(own), self.environment.clone())?;
        let roads = Arc::new(roads);
        let mut others = lock(&self.others);
        if others.len() >= REMEMBERED {
            others.clear();
        }
        others.insert(own.clone(), roads.clone());
        Ok(roads)
    }
}

impl Stop {
    fn at(plain: &Road, server: ProxyServer) -> Stop {
        let server = Arc::new(server);
        let road = |kind| {
            let via = Via(Some(Arc::new([Proxy { kind, server: server.clone() }])));
            Arc::new(Road { via, ..plain.clone() })
        };
        let tunnel = road(ProxyKind::Tunnel);
        let forward = match server.scheme.is_http() {
            true => road(ProxyKind::Forward),
            false => tunnel.clone(),
        };
        Stop { forward, tunnel }
    }
}

/// Most bytes of a socket's path (`sun_path` and the NUL behind it, unix(7)).
const MOST_PATH: usize = 107;

fn unix(options: &RoadOptions) -> Result<Address> {
    let path = match options.unix_socket.as_deref() {
        None | Some("") => return Ok(Address::Name),
        Some(path) => path,
    };
    let wrong = |reason: String| Err(Error::argument(format!("option unix_socket: {reason}")));
    if path.len() > MOST_PATH {
        let (length, start) = (path.len(), path.chars().take(40).collect::<String>());
        return wrong(format!("{start:?}... has {length} bytes; a socket's path has {MOST_PATH}"));
    }
    if path.contains('\0') {
        return wrong("a NUL in the path; an abstract name is written @name".to_string());
    }
    let bytes = match path.strip_prefix('@') {
        Some("") => return wrong("an abstract name without a name; expected @name".to_string()),
        Some(name) => format!("\0{name}"),
        None => path.to_string(),
    };
    Ok(Address::Unix(Path::new(std::ffi::OsStr::from_bytes(bytes.as_bytes())).into()))
}

fn source(options: &RoadOptions) -> Result<Option<Arc<Source>>> {
    let mut source = Source::default();
    if let Some(text) = options.local_address.as_deref().filter(|text| !text.is_empty()) {
        source.address = Some(text.parse().map_err(|_| {
            Error::argument(format!(
                "option local_address: {text:?} is no IP address; expected one such as 192.0.2.1"
            ))
        })?);
    }
    if let Some(name) = options.interface.as_deref().filter(|name| !name.is_empty()) {
        // IFNAMSIZ is 16 with its NUL (netdevice(7)).
        if name.len() > 15 || name.contains(['/', '\0']) || name.contains(char::is_whitespace) {
            return Err(Error::argument(format!(
                "option interface: {name:?} is no network interface; expected a name of at most 15 \
                 bytes such as eth0"
            )));
        }
        source.interface = Some(name.to_string());
    }
    Ok((source != Source::default()).then(|| Arc::new(source)))
}
