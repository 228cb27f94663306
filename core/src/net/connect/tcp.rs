//! The connector that resolves a name and races its addresses.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::guard::caught;
use crate::net::connect::dialled::Dialled;
use crate::net::dns_cache::Answer;
use crate::net::happy_eyeballs::{ATTEMPT_DELAY, Race};
use crate::net::reachability::Reachability;
use crate::net::resolver::{Names, shown};
use crate::net::socket::{Binding, Io, finish_connect, start_connect, watch};
use crate::net::steps::Step;
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
        binding.tell(&Step::Resolving(host));
        let answer = names.resolve(host, port, after).await;
        let told = answer.as_ref().map(|answer| &answer.addresses[..]);
        binding.tell(&Step::Resolved(told));
        let mut answer = answer?;
        let resolved = Instant::now();
        if let Some(source) = binding.address {
            answer.addresses.retain(|address| address.is_ipv4() == source.is_ipv4());
            if answer.addresses.is_empty() {
                let text =
                    format!("cannot connect to {peer} from {source}: no address of its kind");
                return Err(Error::new(ErrorKind::ConnectFailed, Phase::Connect, text));
            }
        }
        let target = (host, port);
        match connect(answer.addresses.clone(), target, names.reachability, binding).await {
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
    (host, port): (&str, u16),
    reachability: &Reachability,
    binding: &Binding,
) -> std::result::Result<(Io, SocketAddr), Unreached> {
    if let [only] = addresses[..] {
        return attempt(only, binding).await;
    }
    let mut race = Race::new(addresses, reachability);
    let (results, mut arrivals) = mpsc::unbounded_channel();
    // What is bound goes other ways than the rest of the process.
    let tells = binding.is_free().then_some(reachability);
    let mut started = Started { reachability: tells, attempts: Vec::new(), winner: None };
    let error = io::Error::new(io::ErrorKind::NotFound, "no address");
    let mut last = Unreached { error, address: None };
    let mut permit = None;
    loop {
        if let Some(address) = race.next() {
            let (results, binding) = (results.clone(), binding.clone());
            let task = tokio::spawn(async move {
                let result = caught(attempt(address, &binding)).await;
                let _ = results.send(result.unwrap_or_else(|| {
                    let error = io::Error::other("it panicked");
                    Err(Unreached { error, address: Some(address) })
                }));
            });
            let (began, failed) = (Instant::now(), false);
            started.attempts.push(Attempt { address, began, failed, task });
        }
        if started.attempts.iter().all(|attempt| attempt.failed) {
            return Err(last);
        }
        let arrival = if race.is_over() {
            arrivals.recv().await
        } else {
            match tokio::time::timeout(ATTEMPT_DELAY, arrivals.recv()).await {
                Ok(arrival) => arrival,
                Err(_) if permit.is_some() => continue,
                Err(_) => {
                    let races = reachability.races(host, port);
                    let mut turn = pin!(races.acquire_owned());
                    let first = poll_fn(|cx| {
                        if let Poll::Ready(arrival) = arrivals.poll_recv(cx) {
                            return Poll::Ready(Some(arrival));
                        }
                        turn.as_mut().poll(cx).map(|granted| {
                            permit = granted.ok();
                            None
                        })
                    });
                    match first.await {
                        Some(arrival) => arrival,
                        None => continue,
                    }
                }
            }
        };
        match arrival {
            Some(Ok((io, address))) => {
                started.winner = Some(address);
                return Ok((io, address));
            }
            Some(Err(error)) => {
                let mut attempts = started.attempts.iter_mut();
                if let Some(attempt) = attempts.find(|one| Some(one.address) == error.address) {
                    attempt.failed = true;
                }
                last = error;
            }
            None => return Err(last),
        }
    }
}

/// What was tried of a name's addresses; at the end, however it comes, what is known of them is told.
struct Started<'a> {
    /// Who is told.
    reachability: Option<&'a Reachability>,
    attempts: Vec<Attempt>,
    winner: Option<SocketAddr>,
}

struct Attempt {
    address: SocketAddr,
    began: Instant,
    failed: bool,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Started<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        // Who has had no time to answer is not blamed.
        let lost = |one: &&Attempt| {
            Some(one.address) != self.winner && (one.failed || now >= one.began + ATTEMPT_DELAY)
        };
        let losers: Vec<_> = self.attempts.iter().filter(lost).map(|one| one.address).collect();
        if let Some(reachability) = self.reachability {
            reachability.ended(self.winner, &losers, now);
        }
        self.attempts.iter().for_each(|one| one.task.abort());
    }
}

async fn attempt(
    address: SocketAddr,
    binding: &Binding,
) -> std::result::Result<(Io, SocketAddr), Unreached> {
    let shown = binding.watch.as_ref().map(|_| address.to_string()).unwrap_or_default();
    binding.tell(&Step::Connecting(&shown));
    let attempt = async {
        let fd = watch(start_connect(address, binding)?)?;
        // Writable means decided, for better or worse.
        fd.writable().await?.retain_ready();
        Io::registered(finish_connect(fd.into_inner())?)
    };
    let result: io::Result<Io> = attempt.await;
    binding.tell(&Step::Connected(&shown, result.as_ref().err()));
    match result {
        Ok(io) => Ok((io, address)),
        Err(error) => Err(Unreached { error, address: Some(address) }),
    }
}
