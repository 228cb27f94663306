//! The body of a response that is still on its connection.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keepalive_proto::{Eof, Event, Fields};

use crate::config::Limit;
use crate::connection::{Connection, Lease};
use crate::deadline::Deadline;
use crate::decode::Decoder;
use crate::drive::tokio::TokioWait;
use crate::drive::wait::{Stopped, Wait, Want};
use crate::error::{Error, ErrorKind, Phase, Result, Sent};
use crate::net::socket::{Layer, Received, recv_into};
use crate::origin::Origin;
use crate::runtime::engine;
use crate::stats::Closed;
use crate::unread::{self, Claim};

/// What a read of the body brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More body bytes.
    Data,
    /// The verified end, perhaps with the last bytes.
    End,
}

/// A leased connection with the rest of a body on it. Dropping it applies the drain rule.
pub(crate) struct Live {
    lease: Option<Lease>,
    /// To the lease, between reads.
    claim: Option<Claim>,
    decoder: Option<Decoder>,
    read: Limit,
    total: Deadline,
    origin: Arc<Origin>,
    reused: bool,
}

impl Live {
    pub fn new(
        lease: Lease,
        decoder: Option<Decoder>,
        read: Limit,
        total: Deadline,
        origin: Arc<Origin>,
        reused: bool,
    ) -> Live {
        Live { lease: Some(lease), claim: None, decoder, read, total, origin, reused }
    }

    /// The caller has the response: how long it does not read on is watched.
    pub fn park(&mut self) {
        if let Some(lease) = self.lease.take() {
            self.lease = unread::park(lease, &mut self.claim);
        }
    }

    /// The caller reads on.
    fn claim(&mut self) -> Result<()> {
        if self.lease.is_none()
            && let Some(claim) = &self.claim
        {
            self.lease = Some(claim.take()?);
        }
        Ok(())
    }

    /// The response is complete: the connection goes back if it may.
    pub fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.check_in(Instant::now());
        }
    }

    fn fail(&mut self, error: Error) -> Error {
        if let Some(lease) = self.lease.take() {
            lease.discard(Closed::Failed);
        }
        error.with_exchange(self.reused, Sent::All, false, true)
    }

    /// Makes room for a body that will be kept whole.
    pub fn reserve_whole(&mut self, into: &mut Vec<u8>) {
        // A failure is for the read that follows.
        let _ = self.claim();
        let Some(Ok(connection)) = self.lease.as_mut().map(Lease::connection) else { return };
        if let Some(left) = connection.http.body_remaining() {
            into.reserve_exact(usize::try_from(left).unwrap_or(usize::MAX).min(MOST_RESERVED));
        }
    }

    /// Waits until body bytes or the end came; the bytes are appended to `into`.
    pub async fn receive<W: Wait>(
        &mut self,
        wait: &mut W,
        into: &mut Vec<u8>,
        trailers: &mut Option<Fields>,
    ) -> Result<Progress> {
        let result = self.step(wait, into, trailers).await;
        result.map_err(|error| self.fail(error))
    }

    async fn step<W: Wait>(
        &mut self,
        wait: &mut W,
        into: &mut Vec<u8>,
        trailers: &mut Option<Fields>,
    ) -> Result<Progress> {
        self.claim()?;
        let Some(lease) = &mut self.lease else {
            return Err(over());
        };
        let connection = lease.connection()?;
        wait.adopt(&mut connection.io)?;
        let before = into.len();
        loop {
            if take_events(connection, &mut self.decoder, into, trailers)? {
                return Ok(Progress::End);
            }
            if into.len() > before {
                return Ok(Progress::Data);
            }
            let deadline = stall(self.read).sooner(self.total);
            let Connection { http, layer, io, .. } = connection;
            // Bytes that need no framing or decoding go straight to where they are read from.
            let direct = match &self.decoder {
                None => http.direct_body().filter(|&left| left > 0),
                Some(_) => None,
            };
            let room = read_size(http.body_remaining(), into.len());
            let received = std::future::poll_fn(|cx| {
                wait.poll_io(cx, io, Want::Read, &deadline, &mut |fd, _| match direct {
                    None => layer.read(fd, http.receive_space(room)),
                    Some(_) => {
                        into.reserve(room);
                        layer.read(fd, into)
                    }
                })
            })
            .await;
            match received {
                Ok(Received::Bytes(count)) if direct.is_some() => {
                    let body =
                        usize::try_from(direct.unwrap_or(0)).unwrap_or(usize::MAX).min(count);
                    http.received_direct(body as u64);
                    let beyond = into.len() - (count - body);
                    if body < count {
                        http.receive_space(count - body).extend_from_slice(&into[beyond..]);
                        http.received(count - body);
                        into.truncate(beyond);
                    }
                }
                Ok(received) => note(http, received),
                Err(stopped) => {
                    return Err(broken(stopped, http, Phase::Body, &self.origin, &deadline));
                }
            }
        }
    }

    /// Reads a large body straight into the caller's memory when nothing stands between; `None`
    /// when something does.
    pub async fn read_direct<W: Wait>(
        &mut self,
        wait: &mut W,
        to: &mut [u8],
    ) -> Option<Result<usize>> {
        if self.decoder.is_some() || self.claim().is_err() {
            return None;
        }
        let connection = self.lease.as_mut()?.connection().ok()?;
        if !matches!(connection.layer, Layer::Plain) {
            return None;
        }
        let most = usize::try_from(connection.http.direct_body()?).unwrap_or(usize::MAX);
        if most == 0 {
            return None;
        }
        if let Err(error) = wait.adopt(&mut connection.io) {
            return Some(Err(self.fail(error)));
        }
        let deadline = stall(self.read).sooner(self.total);
        let most = most.min(to.len());
        let Connection { http, io, .. } = connection;
        let result = std::future::poll_fn(|cx| {
            wait.poll_io(cx, io, Want::Read, &deadline, &mut |fd, _| recv_into(fd, &mut to[..most]))
        })
        .await;
        match result {
            Ok(0) => {
                http.received_eof(Eof::Clean);
                None
            }
            Ok(count) => {
                http.received_direct(count as u64);
                Some(Ok(count))
            }
            Err(stopped) => {
                let error = broken(stopped, http, Phase::Body, &self.origin, &deadline);
                Some(Err(self.fail(error)))
            }
        }
    }
}

/// Largest read for body bytes; 128 KiB saves most system calls and still fits caches.
const READ_LARGE: usize = 128 * 1024;

/// Most memory reserved on the word of a Content-Length: of a body that will be kept whole, and of
/// one that may be read in pieces. Untouched memory costs addresses only.
const MOST_RESERVED: usize = 16 * 1024 * 1024;
const SMALL: u64 = 64 * 1024;

/// How much to ask for: what is left, in steps that grow with what has come, so that a lying
/// Content-Length costs no memory.
fn read_size(left: Option<u64>, have: usize) -> usize {
    let most = READ_LARGE.max(have).min(MOST_RESERVED);
    let left = left.map_or(READ_LARGE, |left| usize::try_from(left).unwrap_or(usize::MAX));
    left.clamp(512, most)
}

fn over() -> Error {
    Error::state("the response is over")
}

fn stall(limit: Limit) -> Deadline {
    Deadline::from_now(limit, ErrorKind::ReadTimeout)
}

/// Tells the machine what a read brought.
pub(crate) fn note(http: &mut keepalive_proto::Connection, received: Received) {
    match received {
        Received::Bytes(count) => http.received(count),
        Received::CleanEof => http.received_eof(Eof::Clean),
        Received::AbruptEof => http.received_eof(Eof::Abrupt),
    }
}

/// A wait that failed while receiving. A reset inside a response is a truncation with its counts.
pub(crate) fn broken(
    stopped: Stopped,
    http: &mut keepalive_proto::Connection,
    phase: Phase,
    origin: &Origin,
    deadline: &Deadline,
) -> Error {
    let reset = matches!(&stopped, Stopped::Io(error)
        if error.kind() == io::ErrorKind::ConnectionReset);
    let error = stopped.into_error(phase, origin, deadline);
    if reset && phase == Phase::Body {
        http.received_eof(Eof::Abrupt);
        if let Err(truncated) = http.poll_event() {
            return Error::from(truncated).with_source(error);
        }
    }
    error
}

/// Moves what the machine has of the body into `into`; `true` at the verified end.
pub(crate) fn take_events(
    connection: &mut Connection,
    decoder: &mut Option<Decoder>,
    into: &mut Vec<u8>,
    trailers: &mut Option<Fields>,
) -> Result<bool> {
    if decoder.is_none() && into.capacity() == 0 {
        // Exactly what is to come, so that freezing it needs no second allocation.
        let expected = connection.http.body_remaining().filter(|&expected| expected <= SMALL);
        into.reserve_exact(expected.unwrap_or(0) as usize);
    }
    loop {
        match connection.http.poll_event()? {
            Some(Event::Data(data)) => match decoder {
                None => into.extend_from_slice(data),
                Some(decoder) => decoder.push(data, into)?,
            },
            Some(Event::Trailers(fields)) => *trailers = Some(fields),
            Some(Event::End) => {
                if let Some(decoder) = decoder {
                    decoder.finish(into)?;
                }
                return Ok(true);
            }
            Some(Event::Informational(_) | Event::Head(_)) => {}
            None => return Ok(false),
        }
    }
}

/// The drain rule: an unread body is read on the engine within limits, so that the connection can
/// be used again; a larger one closes it. Never blocks the one who drops.
impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.claim();
        let Some(mut lease) = self.lease.take() else {
            return;
        };
        if lease.is_foreign() {
            return;
        }
        let config = lease.pool.keeper.config.clone();
        let Ok(connection) = lease.connection() else {
            return;
        };
        let limit = config.drain_limit;
        let left = connection.http.body_remaining();
        if left.is_some_and(|left| left > limit) || config.drain_timeout == Some(Duration::ZERO) {
            lease.discard(Closed::Abandoned);
            return;
        }
        let Ok(engine) = engine() else { return };
        engine.spawn(async move {
            let work = drain(&mut lease, limit, engine.wait());
            let done = match config.drain_timeout {
                None => work.await,
                Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or(false),
            };
            if done {
                lease.check_in(Instant::now());
            } else {
                lease.discard(Closed::Abandoned);
            }
        });
    }
}

async fn drain(lease: &mut Lease, limit: u64, mut wait: TokioWait) -> bool {
    let never = Deadline::from_now(None, ErrorKind::ReadTimeout);
    let Ok(connection) = lease.connection() else {
        return false;
    };
    if wait.adopt(&mut connection.io).is_err() {
        return false;
    }
    let Connection { http, layer, io, .. } = connection;
    let mut count = 0;
    loop {
        loop {
            match http.poll_event() {
                Ok(Some(Event::Data(data))) => count += data.len() as u64,
                Ok(Some(Event::End)) => return true,
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return false,
            }
        }
        if count > limit {
            return false;
        }
        let received = std::future::poll_fn(|cx| {
            wait.poll_io(cx, io, Want::Read, &never, &mut |fd, _| {
                layer.read(fd, http.receive_space(READ_LARGE / 4))
            })
        })
        .await;
        match received {
            Ok(received) => note(http, received),
            Err(_) => return false,
        }
    }
}
