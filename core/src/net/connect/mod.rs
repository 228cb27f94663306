//! How a connection is opened: a chain of steps, each over what the one before it made. The first reaches
//! somebody (`tcp`, `unix`), the others make what is there into what is wanted (`socks`, `tls`, and, above
//! this room, CONNECT).

pub(crate) mod dialled;
pub(crate) mod socks;
mod stream;
mod tcp;
mod tls;
mod unix;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::net::connect::dialled::Dialled;
use crate::net::connect::socks::{Socks, SocksTarget};
use crate::net::resolver::{Names, shown};
use crate::net::socket::Binding;
use crate::net::tls::{TlsSessions, TlsSettings};
use crate::net::transport::Transport;

impl Dialled {
    /// To wherever a name leads, or to an address that is written as one. The caller sets the deadline of
    /// everything here by dropping the future.
    pub async fn to_name(
        host: &str,
        port: u16,
        names: Names<'_>,
        binding: &Binding,
    ) -> Result<Dialled> {
        tcp::to_name((host, port), names, binding).await
    }

    /// To a Unix domain socket.
    pub async fn to_unix(path: &Path, binding: &Binding) -> Result<Dialled> {
        let (io, connect) = unix::to_path(path, binding).await?;
        let (resolve, tls) = (Duration::ZERO, Duration::ZERO);
        let transport = Transport::Plain;
        Ok(Dialled { io, transport, resolve, connect, tls, peer: None, answer: None })
    }

    /// TLS with the server of that name and port, over what is there. With `early` the handshake may be
    /// left open.
    pub async fn tls(
        mut self,
        host: &str,
        port: u16,
        settings: &TlsSettings,
        sessions: &TlsSessions,
        early: bool,
    ) -> Result<Dialled> {
        let started = Instant::now();
        let peer = shown(host, port);
        // A certificate names no zone.
        let name = host.split('%').next().unwrap_or(host);
        let below = std::mem::replace(&mut self.transport, Transport::Plain);
        let with = (settings, sessions);
        self.transport = tls::handshake(name, &peer, with, &self.io, (below, early)).await?;
        self.tls += started.elapsed();
        Ok(self)
    }

    /// Through a SOCKS proxy to `target`.
    pub async fn socks(self, proxy: &Socks<'_>, target: SocksTarget<'_>) -> Result<Dialled> {
        let started = Instant::now();
        let mut made = socks::through(self, proxy, target).await?;
        made.connect += started.elapsed();
        Ok(made)
    }
}
