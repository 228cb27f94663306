//! The road to a server. Two requests share a connection only if they would take the same road with the
//! same trust.

use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use crate::origin::Origin;

/// What connections are shared by: `Route { origin, via, tls, address }`, where all but the first are
/// together, since most routes have nothing to say of them.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// Who is asked.
    pub origin: Arc<Origin>,
    /// The road there; `None`: direct, with the client's trust, to where the name leads.
    road: Option<Arc<Road>>,
}

/// How a server is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Road {
    /// Who is in between.
    pub via: Via,
    /// Whom is believed that he is who he says; nobody has to be without TLS.
    pub tls: TlsIdentity,
    /// Where the first connection goes.
    pub address: Address,
}

/// The proxies on the way, the nearest first; none of them: direct.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Via(pub Option<Arc<[Proxy]>>);

/// One of them.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Proxy {
    pub kind: ProxyKind,
    pub host: String,
    pub port: u16,
}

/// How it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ProxyKind {
    /// It gets each request, with its target in absolute-form (RFC 9112 3.2.2).
    Forward,
}

/// Stands for the TLS settings of a connection: those of the client are 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct TlsIdentity(pub u64);

/// Where a connection goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// Where the name leads.
    #[default]
    Name,
    /// There, whatever the name says.
    #[cfg_attr(not(test), expect(dead_code, reason = "no option leads here yet"))]
    Literal(SocketAddr),
    /// To a Unix domain socket.
    #[cfg_attr(not(test), expect(dead_code, reason = "no option leads here yet"))]
    Unix(Arc<Path>),
}

/// Without detours.
static DIRECT: Road = Road { via: Via(None), tls: TlsIdentity(0), address: Address::Name };

impl Route {
    /// Without detours.
    #[inline]
    pub fn direct(origin: Arc<Origin>) -> Route {
        Route { origin, road: None }
    }

    /// By `road`; one without detours is as good as none.
    #[inline]
    pub fn by(road: &Option<Arc<Road>>, origin: &Arc<Origin>) -> Route {
        let road = road.as_ref().filter(|road| ***road != DIRECT);
        Route { origin: origin.clone(), road: road.cloned() }
    }

    /// The road there.
    pub fn road(&self) -> &Road {
        self.road.as_deref().unwrap_or(&DIRECT)
    }

    /// Whether the last stop before the server forwards requests, so that their targets are in
    /// absolute-form.
    pub fn is_forwarded(&self) -> bool {
        let last = self.road().via.0.as_deref().and_then(<[Proxy]>::last);
        last.is_some_and(|proxy| proxy.kind == ProxyKind::Forward)
    }
}

impl PartialEq for Route {
    #[inline]
    fn eq(&self, other: &Route) -> bool {
        self.origin == other.origin
            && match (&self.road, &other.road) {
                (None, None) => true,
                (Some(one), Some(other)) => one == other,
                _ => false,
            }
    }
}

impl Eq for Route {}

impl Hash for Route {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Spread already; what most routes do not have costs nothing.
        self.origin.hash(state);
        if let Some(road) = &self.road {
            road.hash(state);
        }
    }
}
