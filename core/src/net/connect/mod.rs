//! How a connection is opened: a chain of steps, each over what the one before it made. The first reaches
//! somebody (`tcp`, `unix`), the others make what is there into what is wanted (`socks`, `tls`, and, above
//! this room, CONNECT).

mod socks;
mod stream;
mod tcp;
mod tls;
mod unix;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::net::dns_cache::{Answer, DnsCache};
use crate::net::resolver::Resolver;
use crate::net::socket::{Io, Received, is_pause};
use crate::net::tls::{TlsSessions, TlsSettings};
use crate::net::transport::Transport;

pub(crate) use socks::{Socks, SocksTarget};
pub(crate) use tcp::shown;

/// How names become addresses.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    pub resolver: &'a Resolver,
    pub dns: &'a DnsCache,
}

/// What a socket is bound to before it is connected.
#[derive(Debug, Clone, Default)]
pub(crate) struct Binding {
    pub address: Option<IpAddr>,
    pub interface: Option<String>,
}

/// A connection that is being opened, or is.
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
    pub async fn to_unix(path: &Path) -> Result<Dialled> {
        let (io, connect) = unix::to_path(path).await?;
        let (resolve, tls) = (Duration::ZERO, Duration::ZERO);
        let transport = Transport::Plain;
        Ok(Dialled { io, transport, resolve, connect, tls, peer: None, answer: None })
    }

    /// TLS with the server of that name and port, over what is there.
    pub async fn tls(
        mut self,
        host: &str,
        port: u16,
        settings: &TlsSettings,
        sessions: &TlsSessions,
    ) -> Result<Dialled> {
        let started = Instant::now();
        let peer = shown(host, port);
        // A certificate names no zone.
        let name = host.split('%').next().unwrap_or(host);
        let below = std::mem::replace(&mut self.transport, Transport::Plain);
        let with = (settings, sessions);
        self.transport = tls::handshake(name, &peer, with, &self.io, below).await?;
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

    /// Waits for bytes, which are appended to `into`, or for the end.
    pub async fn read(&mut self, into: &mut Vec<u8>) -> io::Result<Received> {
        loop {
            // What TLS has ready makes no socket readable.
            match self.transport.read(self.io.fd(), into) {
                Err(error) if is_pause(&error) => {}
                result => return result,
            }
            let watch = self.io.watch().ok_or(io::ErrorKind::NotConnected)?;
            let mut ready = watch.readable().await?;
            let result = ready.try_io(|_| self.transport.read(self.io.fd(), into));
            match result {
                Ok(Err(error)) if is_pause(&error) => tokio::task::yield_now().await,
                Ok(result) => return result,
                Err(_) => {}
            }
        }
    }

    /// Writes all of `data`.
    pub async fn write_all(&mut self, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() || self.transport.wants_flush() {
            let watch = self.io.watch().ok_or(io::ErrorKind::NotConnected)?;
            let mut ready = watch.writable().await?;
            let transport = &mut self.transport;
            let result = ready.try_io(|_| transport.write(self.io.fd(), data, &mut 0));
            if let Ok(result) = result {
                data = &data[result?..];
            }
        }
        Ok(())
    }
}
