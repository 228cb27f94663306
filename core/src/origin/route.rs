//! The road to a server. Two requests share a connection only if they would take the same road with the
//! same trust.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use crate::net::tls::TlsSettings;
use crate::origin::proxy::ProxyServer;
use crate::origin::{Origin, Scheme};

/// What connections are shared by: `Route { origin, via, tls, address }`, where all but the first are
/// together, since most routes have nothing to say of them.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// Who is at its end: the server, or a proxy that forwards requests to any server.
    pub origin: Arc<Origin>,
    /// The road there; `None`: direct, with the client's trust, to where the name leads.
    road: Option<Arc<Road>>,
}

/// How a server is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Road {
    /// Who is in between.
    pub via: Via,
    /// Whom is believed that he is who he says; nobody has to be without TLS.
    pub tls: TlsIdentity,
    /// Where the connection to the server goes.
    pub address: Address,
    /// Where it comes from; `None`: wherever the system likes.
    pub source: Option<Arc<Source>>,
}

/// The proxies on the way, the nearest first; none of them: direct.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Via(pub Option<Arc<[Proxy]>>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub kind: ProxyKind,
    pub server: Arc<ProxyServer>,
}

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProxyKind {
    /// It gets each request, with its target in absolute-form (RFC 9112 3.2.2).
    Forward,
    /// It opens a way to the next stop and carries bytes: CONNECT (RFC 9110 9.3.6), SOCKS.
    Tunnel,
}

/// The TLS settings of a connection; `None`: those of the client. Two of them are never alike.
#[derive(Clone, Default)]
pub(crate) struct TlsIdentity(pub Option<Arc<TlsSettings>>);

impl PartialEq for TlsIdentity {
    fn eq(&self, other: &TlsIdentity) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for TlsIdentity {}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "TlsIdentity(own)" } else { "TlsIdentity" })
    }
}

/// Where a connection goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Address {
    /// Where the name leads.
    #[default]
    Name,
    /// Where another name leads, to another port.
    Other(Arc<str>, u16),
    /// To a Unix domain socket; a path that begins with NUL is an abstract name (unix(7)).
    Unix(Arc<Path>),
}

/// What a connection is bound to before it is opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Source {
    /// The address it comes from.
    pub address: Option<IpAddr>,
    /// The network interface it goes through.
    pub interface: Option<String>,
}

/// Without detours.
static DIRECT: Road =
    Road { via: Via(None), tls: TlsIdentity(None), address: Address::Name, source: None };

impl Road {
    /// This road, with a way opened through a proxy that would forward requests.
    pub fn tunnelled(self: Arc<Road>) -> Arc<Road> {
        if self.forwarder().is_none() {
            return self;
        }
        let proxies = self.via.0.iter().flat_map(|proxies| proxies.iter());
        let tunnel = |proxy: &Proxy| Proxy { kind: ProxyKind::Tunnel, ..proxy.clone() };
        let via = Via(Some(proxies.map(tunnel).collect()));
        Arc::new(Road { via, ..(*self).clone() })
    }

    /// Who forwards requests, at the end of this road.
    pub fn forwarder(&self) -> Option<&Arc<ProxyServer>> {
        let last = self.via.0.as_deref().and_then(<[Proxy]>::last);
        last.filter(|proxy| proxy.kind == ProxyKind::Forward).map(|proxy| &proxy.server)
    }
}

impl Route {
    /// Without detours.
    #[inline]
    pub fn direct(origin: Arc<Origin>) -> Route {
        Route { origin, road: None }
    }

    /// By `road`, which is none where there are no detours. A proxy that forwards requests gets those for
    /// all servers on the same connections; TLS is never forwarded.
    #[inline]
    pub fn by(road: Option<Arc<Road>>, origin: &Arc<Origin>) -> Route {
        let Some(road) = road else { return Route::direct(origin.clone()) };
        debug_assert!(origin.scheme == Scheme::Http || road.forwarder().is_none());
        let origin = road.forwarder().map_or(origin, |proxy| &proxy.origin).clone();
        Route { origin, road: Some(road) }
    }

    /// The road there.
    pub fn road(&self) -> &Road {
        self.road.as_deref().unwrap_or(&DIRECT)
    }
}

impl PartialEq for Route {
    #[inline]
    fn eq(&self, other: &Route) -> bool {
        self.origin == other.origin
            && match (&self.road, &other.road) {
                (None, None) => true,
                (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one == other,
                _ => false,
            }
    }
}

impl Eq for Route {}

impl Hash for Route {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Spread already. Few roads lead to one origin: `eq` tells them apart.
        self.origin.hash(state);
    }
}
