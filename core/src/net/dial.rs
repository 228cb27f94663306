//! Opens one connection on the runtime: resolve, race the addresses, shake hands.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::guard::caught;
use crate::net::dns_cache::{Answer, DnsCache};
use crate::net::happy_eyeballs::{ATTEMPT_DELAY, Race};
use crate::net::resolver::Resolver;
use crate::net::socket::{Io, finish_connect, start_connect, watch};
use crate::net::tls::{TlsSessions, TlsSettings, handshake_error};
use crate::net::transport::Transport;

/// A connection that is ready for its first byte.
pub(crate) struct Dialled {
    pub io: Io,
    pub transport: Transport,
    pub resolve: Duration,
    pub connect: Duration,
    pub tls: Duration,
    /// The server's address, and all that its name had.
    pub peer: SocketAddr,
    pub answer: Answer,
}

/// `tls` is `None` for plain connections. The caller sets the deadline by dropping the future.
pub(crate) async fn dial(
    host: &str,
    port: u16,
    tls: Option<(&TlsSettings, &TlsSessions)>,
    resolver: &Resolver,
    dns: &DnsCache,
) -> Result<Dialled> {
    let peer =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let started = Instant::now();
    let mut after = None;
    let (answer, resolved, io, address) = loop {
        let asked = Instant::now();
        let answer = resolver.lookup(dns, host, port, after).await.map_err(|error| {
            let text =
                format!("cannot resolve {peer}: {error}; gave up after {:.1?}", asked.elapsed());
            Error::new(ErrorKind::ResolveFailed, Phase::Resolve, text).with_os(&error)
        })?;
        let resolved = Instant::now();
        match connect(answer.addresses.clone()).await {
            Ok((io, address)) => break (answer, resolved, io, address),
            // The server may have moved since somebody else asked.
            Err(_) if answer.cached && after.is_none() => after = Some(answer.at),
            Err(Unreached { error, address }) => {
                let took = resolved.elapsed();
                let text = format!("cannot connect to {peer}: {error}; gave up after {took:.1?}");
                let error =
                    Error::new(ErrorKind::ConnectFailed, Phase::Connect, text).with_os(&error);
                return Err(address.map_or(error.clone(), |address| error.with_address(address)));
            }
        }
    };
    let connected = Instant::now();
    let transport = match tls {
        None => Transport::Plain,
        // A certificate names no zone.
        Some(settings) => {
            let name = host.split('%').next().unwrap_or(host);
            handshake(name, &peer, settings, &io).await?
        }
    };
    Ok(Dialled {
        io,
        transport,
        resolve: resolved - started,
        connect: connected - resolved,
        tls: if tls.is_some() { connected.elapsed() } else { Duration::ZERO },
        peer: address,
        answer,
    })
}

/// No address answered: what happened last, and where.
struct Unreached {
    error: io::Error,
    address: Option<SocketAddr>,
}

/// The first address that answers wins; the last failure is reported when none does.
async fn connect(addresses: Vec<SocketAddr>) -> std::result::Result<(Io, SocketAddr), Unreached> {
    if let [only] = addresses[..] {
        return attempt(only).await;
    }
    let mut race = Race::new(addresses);
    let (results, mut arrivals) = mpsc::unbounded_channel();
    let mut running = Vec::new();
    let mut pending = 0;
    let error = io::Error::new(io::ErrorKind::NotFound, "no address");
    let mut last = Unreached { error, address: None };
    loop {
        if let Some(address) = race.next() {
            let results = results.clone();
            pending += 1;
            running.push(AbortOnDrop(tokio::spawn(async move {
                let result = caught(attempt(address)).await;
                let _ = results.send(result.unwrap_or_else(|| {
                    let error = io::Error::other("it panicked");
                    Err(Unreached { error, address: Some(address) })
                }));
            })));
        }
        if pending == 0 {
            return Err(last);
        }
        let arrival = if race.is_over() {
            arrivals.recv().await
        } else {
            match tokio::time::timeout(ATTEMPT_DELAY, arrivals.recv()).await {
                Ok(arrival) => arrival,
                Err(_) => continue,
            }
        };
        match arrival {
            Some(Ok(connected)) => return Ok(connected),
            Some(Err(error)) => {
                pending -= 1;
                last = error;
            }
            None => return Err(last),
        }
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn attempt(address: SocketAddr) -> std::result::Result<(Io, SocketAddr), Unreached> {
    let attempt = async {
        let fd = watch(start_connect(address)?)?;
        // Writable means decided, for better or worse.
        fd.writable().await?.retain_ready();
        Io::registered(finish_connect(fd.into_inner())?)
    };
    match attempt.await {
        Ok(io) => Ok((io, address)),
        Err(error) => Err(Unreached { error, address: Some(address) }),
    }
}

async fn handshake(
    host: &str,
    peer: &str,
    (settings, sessions): (&TlsSettings, &TlsSessions),
    io: &Io,
) -> Result<Transport> {
    let mut session = settings.start(sessions, host)?;
    let failed = |error: io::Error| handshake_error(peer, &error);
    let mut wire = 0;
    while session.is_handshaking() || session.wants_write() {
        let Some(watch) = io.watch() else {
            return Err(failed(io::ErrorKind::NotConnected.into()));
        };
        let result = if session.wants_write() {
            let mut guard = watch.writable().await.map_err(failed)?;
            guard.try_io(|fd| session.flush(fd.as_fd(), &mut wire))
        } else {
            let mut guard = watch.readable().await.map_err(failed)?;
            guard.try_io(|fd| session.handshake_read(fd.as_fd()))
        };
        if let Ok(result) = result {
            result.map_err(failed)?;
        }
    }
    Ok(Transport::Tls(Box::new(session)))
}
