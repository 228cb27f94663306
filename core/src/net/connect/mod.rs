//! How a connection is opened: a chain of connectors, each over what the one before it made. The first
//! reaches somebody (`tcp`, `unix`), the others make what is there into what is wanted (`tls`).

mod tcp;
mod tls;
mod unix;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::net::dns_cache::{Answer, DnsCache};
use crate::net::resolver::Resolver;
use crate::net::socket::Io;
use crate::net::tls::{TlsSessions, TlsSettings};
use crate::net::transport::Transport;

/// One link of the chain.
pub(crate) enum Connector<'a> {
    /// To wherever a name leads, or to an address that is written as one.
    Name { host: &'a str, port: u16, resolver: &'a Resolver, dns: &'a DnsCache },
    /// There.
    Address(SocketAddr),
    /// To a Unix domain socket.
    Unix(&'a Path),
    /// TLS with the server of that name and port.
    Tls { host: &'a str, port: u16, settings: &'a TlsSettings, sessions: &'a TlsSessions },
}

/// A connection that is ready for its first byte.
pub(crate) struct Dialled {
    pub io: Io,
    pub transport: Transport,
    pub resolve: Duration,
    pub connect: Duration,
    pub tls: Duration,
    /// Whom it goes to; `None` for a Unix domain socket.
    pub peer: Option<SocketAddr>,
    /// All that its name had, if it was looked up.
    pub answer: Option<Answer>,
}

/// Opens a connection. The caller sets the deadline by dropping the future.
pub(crate) async fn dial(chain: &[Connector<'_>]) -> Result<Dialled> {
    let mut made: Option<Dialled> = None;
    for link in chain {
        made = Some(match (link, made) {
            (&Connector::Name { host, port, resolver, dns }, None) => {
                reached(tcp::to_name((host, port), resolver, dns).await?)
            }
            (&Connector::Address(address), None) => reached(tcp::to_address(address).await?),
            (Connector::Unix(path), None) => {
                let (io, connect) = unix::to_path(path).await?;
                let (resolve, tls) = (Duration::ZERO, Duration::ZERO);
                let transport = Transport::Plain;
                Dialled { io, transport, resolve, connect, tls, peer: None, answer: None }
            }
            (&Connector::Tls { host, port, settings, sessions }, Some(mut below)) => {
                let started = Instant::now();
                let peer = tcp::shown(host, port);
                // A certificate names no zone.
                let name = host.split('%').next().unwrap_or(host);
                let with = (settings, sessions);
                below.transport = tls::handshake(name, &peer, with, &below.io).await?;
                below.tls = started.elapsed();
                below
            }
            _ => return Err(Error::state("the chain of connectors is out of order")),
        });
    }
    made.ok_or_else(|| Error::state("the chain of connectors is empty"))
}

fn reached(reached: tcp::Reached) -> Dialled {
    let tcp::Reached { io, peer, answer, resolve, connect } = reached;
    let (transport, tls) = (Transport::Plain, Duration::ZERO);
    Dialled { io, transport, resolve, connect, tls, peer: Some(peer), answer }
}
