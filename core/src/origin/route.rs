//! The road to a server. Two requests share a connection only if they would take the same road with the
//! same trust.

use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use crate::origin::Origin;

/// What connections are shared by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// Who is asked.
    pub origin: Arc<Origin>,
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

impl Route {
    /// Without detours.
    #[inline]
    pub fn direct(origin: Arc<Origin>) -> Route {
        Route {
            origin,
            via: Via::default(),
            tls: TlsIdentity::default(),
            address: Address::default(),
        }
    }

    /// Whether the last stop before the server forwards requests, so that their targets are in
    /// absolute-form.
    pub fn is_forwarded(&self) -> bool {
        let last = self.via.0.as_deref().and_then(<[Proxy]>::last);
        last.is_some_and(|proxy| proxy.kind == ProxyKind::Forward)
    }
}

impl Hash for Route {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Spread already; what most routes do not have costs nothing.
        self.origin.hash(state);
        if let Some(proxies) = &self.via.0 {
            proxies.hash(state);
        }
        if self.tls != TlsIdentity::default() {
            self.tls.hash(state);
        }
        if self.address != Address::Name {
            self.address.hash(state);
        }
    }
}

/// What a request says of its road; the rest follows from its URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Road {
    pub via: Via,
    pub address: Address,
    pub tls: TlsIdentity,
}

impl Road {
    #[inline]
    pub fn to(&self, origin: &Arc<Origin>) -> Route {
        Route {
            origin: origin.clone(),
            via: self.via.clone(),
            tls: self.tls,
            address: self.address.clone(),
        }
    }
}
