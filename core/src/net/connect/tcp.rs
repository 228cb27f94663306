//! The connector that resolves a name and races its addresses.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::guard::caught;
use crate::net::connect::dialled::Dialled;
use crate::net::dns_cache::Answer;
use crate::net::happy_eyeballs::{ATTEMPT_DELAY, Race};
use crate::net::resolver::{Names, shown};
use crate::net::socket::{Binding, Io, finish_connect, start_connect, watch};
use crate::net::transport::Transport;

/// Connects to where a name leads. The caller sets the deadline by dropping the future.
pub(super) async fn to_name(
    (host, port): (&str, u16),
    names: Names<'_>,
    binding: &Binding,
) -> Result<Dialled> {
    let peer = shown(host, port);
    let started = Instant::now();
    let mut after = None;
    loop {
        let answer = names.resolve(host, port, after).await?;
        let resolved = Instant::now();
        match connect(answer.addresses.clone(), binding).await {
            Ok((io, address)) => {
                let (resolve, connect) = (resolved - started, resolved.elapsed());
                return Ok(reached(io, address, Some(answer), resolve, connect));
            }
            // The server may have moved since somebody else asked.
            Err(_) if answer.cached && after.is_none() => after = Some(answer.at),
            Err(unreached) => return Err(unreached.into_error(&peer, resolved)),
        }
    }
}

fn reached(
    io: Io,
    peer: SocketAddr,
    answer: Option<Answer>,
    resolve: Duration,
    connect: Duration,
) -> Dialled {
    let (transport, tls) = (Transport::Plain, Duration::ZERO);
    Dialled { io, transport, resolve, connect, tls, peer: Some(peer), answer }
}

/// No address answered: what happened last, and where.
struct Unreached {
    error: io::Error,
    address: Option<SocketAddr>,
}

impl Unreached {
    fn into_error(self, peer: &str, since: Instant) -> Error {
        let Unreached { error, address } = self;
        let took = since.elapsed();
        let text = format!("cannot connect to {peer}: {error}; gave up after {took:.1?}");
        let error = Error::new(ErrorKind::ConnectFailed, Phase::Connect, text).with_os(&error);
        match address {
            Some(address) => error.with_address(address),
            None => error,
        }
    }
}

/// The first address that answers wins; the last failure is reported when none does.
async fn connect(
    addresses: Vec<SocketAddr>,
    binding: &Binding,
) -> std::result::Result<(Io, SocketAddr), Unreached> {
    if let [only] = addresses[..] {
        return attempt(only, binding).await;
    }
    let mut race = Race::new(addresses);
    let (results, mut arrivals) = mpsc::unbounded_channel();
    let mut running = Vec::new();
    let mut pending = 0;
    let error = io::Error::new(io::ErrorKind::NotFound, "no address");
    let mut last = Unreached { error, address: None };
    loop {
        if let Some(address) = race.next() {
            let (results, binding) = (results.clone(), binding.clone());
            pending += 1;
            running.push(AbortOnDrop(tokio::spawn(async move {
                let result = caught(attempt(address, &binding)).await;
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

async fn attempt(
    address: SocketAddr,
    binding: &Binding,
) -> std::result::Result<(Io, SocketAddr), Unreached> {
    let attempt = async {
        let fd = watch(start_connect(address, binding)?)?;
        // Writable means decided, for better or worse.
        fd.writable().await?.retain_ready();
        Io::registered(finish_connect(fd.into_inner())?)
    };
    match attempt.await {
        Ok(io) => Ok((io, address)),
        Err(error) => Err(Unreached { error, address: Some(address) }),
    }
}
