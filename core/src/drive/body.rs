//! The body of a response that is still on its connection.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use keepalive_proto::{Connection as Machine, Eof, Event as Came, Fields};

use crate::config::Limit;
use crate::connection::Connection;
use crate::connection::lease::Lease;
use crate::connection::parked_lease::{ParkedLease, park};
use crate::deadline::{Deadline, Deadlines};
use crate::decode::Decoder;
use crate::drive::meter::Meter;
use crate::drive::room::Room;
use crate::drive::wait::{Stopped, Turn, Wait, Want};
use crate::error::{Error, ErrorKind, Phase, Result, Sent};
use crate::net::socket::{Received, is_pause};
use crate::observe::{Event, Observer, tell};
use crate::origin::Origin;
use crate::stats::CloseCause;

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
    pub(super) lease: Option<Lease>,
    /// To the lease, between reads.
    claim: Option<ParkedLease>,
    pub(super) decoder: Option<Decoder>,
    pub(super) read: Limit,
    pub(super) total: Deadline,
    pub(super) origin: Arc<Origin>,
    reused: bool,
    observer: Option<Arc<dyn Observer>>,
    /// The number of its request for whoever is told; 0: nobody is.
    request: u64,
    /// What the wire had received before the response.
    before: u64,
    /// When it ended, and how many bytes it was then.
    pub ended: Option<(Instant, u64)>,
    /// Bytes that were taken without waiting since the last wait.
    pub(super) taken: usize,
    pub(super) room: Room,
    /// Its speed is limited, or somebody is told how far it is.
    pub(super) meter: Option<Box<Meter>>,
}

impl Live {
    /// `before` is what the wire of the lease had received before the response.
    pub fn new(
        (lease, before): (Lease, u64),
        decoder: Option<Decoder>,
        deadlines: &Deadlines<'_>,
        origin: Arc<Origin>,
        reused: bool,
        (observer, request): (Option<Arc<dyn Observer>>, u64),
        meter: Option<Box<Meter>>,
    ) -> Live {
        Live {
            lease: Some(lease),
            claim: None,
            decoder,
            read: deadlines.read,
            total: deadlines.total,
            origin,
            reused,
            observer,
            request,
            before,
            ended: None,
            taken: 0,
            room: Room::default(),
            meter,
        }
    }

    /// A coded body that has come to its end, and needs no connection any more.
    pub fn detached(decoder: Decoder, origin: Arc<Origin>) -> Live {
        Live {
            lease: None,
            claim: None,
            decoder: Some(decoder),
            read: None,
            total: stall(None),
            origin,
            reused: false,
            observer: None,
            request: 0,
            before: 0,
            ended: None,
            taken: 0,
            room: Room::default(),
            meter: None,
        }
    }

    /// What comes from now on is decoded.
    pub fn decode_with(&mut self, decoder: Decoder) {
        self.decoder = Some(decoder);
    }

    /// The caller has the response: how long it does not read on is watched.
    pub fn park(&mut self) {
        if let Some(lease) = self.lease.take() {
            self.lease = park(lease, &mut self.claim);
        }
    }

    /// The caller reads on.
    pub(super) fn claim(&mut self) -> Result<()> {
        if self.lease.is_none()
            && let Some(claim) = &self.claim
        {
            self.lease = Some(claim.take()?);
        }
        Ok(())
    }

    /// The response is complete: the connection goes back if it may.
    pub fn finish(&mut self) {
        if let Some(mut lease) = self.lease.take() {
            let now = self.ends(&mut lease);
            let pool = lease.pool.clone();
            let number = lease.connection().map_or(0, |connection| connection.id);
            if lease.check_in(now) {
                self.tell_own(&Event::Returned { connection: number });
            }
            pool.manager.tell_of(self.request, &Event::End);
            self.tell_own(&Event::End);
        }
    }

    fn tell_own(&self, event: &Event<'_>) {
        if self.request > 0 {
            tell(self.observer.as_ref(), self.request, event);
        }
    }

    pub(crate) fn fail(&mut self, error: Error) -> Error {
        if let Some(mut lease) = self.lease.take() {
            self.ends(&mut lease);
            let pool = lease.pool.clone();
            lease.discard(CloseCause::Failed);
            pool.manager.tell_of(self.request, &Event::Failed(&error));
            self.tell_own(&Event::Failed(&error));
        }
        error.with_exchange(self.reused, Sent::All, false, true)
    }

    /// It ends now, well or not.
    fn ends(&mut self, lease: &mut Lease) -> Instant {
        let now = Instant::now();
        if let Ok(connection) = lease.connection() {
            self.ended = Some((now, connection.wire.consumed().saturating_sub(self.before)));
        }
        now
    }

    /// Makes room for a body that will be kept whole.
    pub fn reserve_whole(&mut self, into: &mut Vec<u8>) {
        // A failure is for the read that follows.
        let _ = self.claim();
        let Some(Ok(connection)) = self.lease.as_mut().map(Lease::connection) else { return };
        if let Some(left) = connection.wire.http.body_remaining() {
            into.reserve_exact(usize::try_from(left).unwrap_or(usize::MAX).min(TRUSTED_LENGTH));
        }
    }

    /// The limit of the next read. A reader that comes for little at a time never waits for long, so
    /// the whole exchange's limit is looked at each time.
    pub(super) fn deadline(&self) -> Result<Deadline> {
        match self.total.at {
            None => Ok(stall(self.read)),
            Some(_) if self.total.is_over() => Err(self.total.error(Phase::Body, &self.origin)),
            Some(_) => Ok(stall(self.read).sooner(self.total)),
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
        if let Some(mut meter) = self.meter.take() {
            // Boxed: what is seldom asked for makes no other request's future larger.
            let result = Box::pin(self.step_metered(&mut meter, wait, into, trailers)).await;
            self.meter = Some(meter);
            return result;
        }
        let mut deadline = self.deadline()?;
        let before = into.len();
        loop {
            let turn = std::future::poll_fn(|cx| wait.poll_turn(cx, &deadline)).await;
            turn.map_err(|stopped| stopped.into_error(Phase::Body, &self.origin, &deadline))?;
            let taken = self.take(into, trailers, &mut 0)?;
            wait.spend(taken.work());
            match taken {
                Taken::End => return Ok(Progress::End),
                _ if into.len() > before => return Ok(Progress::Data),
                Taken::More(_) => continue,
                Taken::Dry(_) => {}
            }
            let connection = leased(&mut self.lease)?;
            wait.adopt(&mut connection.io)?;
            let Connection { wire, io, .. } = connection;
            let past = past(&wire.http, &self.decoder);
            let room = self.room.next(&wire.http, past, into.len());
            let received = std::future::poll_fn(|cx| {
                wait.poll_io(cx, io, Want::Read.of(&wire.transport), &deadline, &mut |fd, _| {
                    wire.try_read_body(fd, room, past, into)
                })
            })
            .await;
            match received {
                Ok(received) => {
                    if let Received::Bytes(count) = received {
                        self.room.came(room, count);
                        wait.spend(count);
                    }
                }
                Err(stopped) => {
                    return Err(broken(
                        stopped,
                        &mut wire.http,
                        Phase::Body,
                        &self.origin,
                        &deadline,
                    ));
                }
            }
            // Something came, so the wait for the next byte begins anew.
            deadline = self.deadline()?;
        }
    }

    /// Takes what else is at hand, until `into` has `enough` bytes; never waits, nor for long.
    pub fn receive_more(
        &mut self,
        into: &mut Vec<u8>,
        trailers: &mut Option<Fields>,
        enough: usize,
    ) -> Result<Progress> {
        let result = self.step_now(into, trailers, enough);
        result.map_err(|error| self.fail(error))
    }

    fn step_now(
        &mut self,
        into: &mut Vec<u8>,
        trailers: &mut Option<Fields>,
        enough: usize,
    ) -> Result<Progress> {
        if self.meter.is_some() {
            return Ok(Progress::Data);
        }
        let mut turn = Turn::default();
        while !turn.is_over() {
            let taken = self.take(into, trailers, &mut 0)?;
            turn.spend(taken.work());
            match taken {
                Taken::End => return Ok(Progress::End),
                _ if into.len() >= enough => return Ok(Progress::Data),
                Taken::More(_) => continue,
                Taken::Dry(_) => {}
            }
            let Connection { wire, io, .. } = leased(&mut self.lease)?;
            let past = past(&wire.http, &self.decoder);
            let room = self.room.next(&wire.http, past, into.len());
            match wire.try_read_body(io.fd(), room, past, into) {
                Ok(Received::Bytes(count)) => self.room.came(room, count),
                Ok(_) => {}
                Err(error) if is_pause(&error) => break,
                Err(error) => {
                    let stopped = Stopped::Io(error);
                    return Err(broken(
                        stopped,
                        &mut wire.http,
                        Phase::Body,
                        &self.origin,
                        &self.total,
                    ));
                }
            }
        }
        Ok(Progress::Data)
    }

    /// Moves what is here of the body into `into`, and counts the bytes that the machine had of it. A
    /// coded body that has come to its end needs its connection no more.
    pub(super) fn take(
        &mut self,
        into: &mut Vec<u8>,
        trailers: &mut Option<Fields>,
        count: &mut u64,
    ) -> Result<Taken> {
        match &mut self.decoder {
            Some(decoder) if decoder.is_ended() => decode(decoder, into),
            _ => {
                self.claim()?;
                let connection = leased(&mut self.lease)?;
                let taken = take_events(connection, &mut self.decoder, into, trailers, count)?;
                if self.decoder.as_ref().is_some_and(Decoder::is_ended) {
                    self.finish();
                }
                Ok(taken)
            }
        }
    }
}

pub(super) fn leased(lease: &mut Option<Lease>) -> Result<&mut Connection> {
    lease.as_mut().ok_or_else(over)?.connection()
}

/// How many bytes need no framing or decoding: they are read straight to where they are wanted.
pub(super) fn past(http: &Machine, decoder: &Option<Decoder>) -> Option<u64> {
    match decoder {
        None => http.direct_body().filter(|&left| left > 0),
        Some(_) => None,
    }
}

/// Most memory, in bytes, that is reserved for a body that will be kept whole on the word of a
/// Content-Length alone. Until it is written to, it costs addresses only.
pub const TRUSTED_LENGTH: usize = 128 * 1024 * 1024;

/// How many times as much as has come is then taken on its word; so seldom that the copies weigh
/// little.
pub const TRUSTED_GROWTH: usize = 8;

const SMALL: u64 = 64 * 1024;

pub(super) fn over() -> Error {
    Error::state("the response is over")
}

pub(super) fn stall(limit: Limit) -> Deadline {
    Deadline::from_now(limit, ErrorKind::ReadTimeout)
}

/// A wait that failed while receiving. A reset inside a response is a truncation with its counts.
pub(crate) fn broken(
    stopped: Stopped,
    http: &mut Machine,
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

/// What [`take_events`] came to, and how many bytes it decoded for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The verified end.
    End,
    /// There is more to decode of what has come.
    More(usize),
    /// More has to come first.
    Dry(usize),
}

impl Taken {
    pub(super) fn work(self) -> usize {
        match self {
            Taken::End => 0,
            Taken::More(work) | Taken::Dry(work) => work,
        }
    }
}

/// Most bytes that are decoded ahead of the reader, and a few more.
const AHEAD: usize = 64 * 1024;

/// What an event costs, in bytes: a body of one-byte chunks is as much work as a large one. And so
/// much work at a time.
const EVENT: usize = 64;
const AT_A_TIME: usize = 64 * 1024;

/// Moves what the machine has of the body into `into`, decoded as far as [`AHEAD`], and counts its bytes
/// as they came.
pub(crate) fn take_events(
    connection: &mut Connection,
    decoder: &mut Option<Decoder>,
    into: &mut Vec<u8>,
    trailers: &mut Option<Fields>,
    count: &mut u64,
) -> Result<Taken> {
    let http = &mut connection.wire.http;
    if decoder.is_none() && into.capacity() == 0 {
        // Exactly what is to come, so that freezing it needs no second allocation.
        let expected = http.body_remaining().filter(|&expected| expected <= SMALL);
        into.reserve_exact(expected.unwrap_or(0) as usize);
    }
    let mut work = 0;
    let failed = loop {
        if work >= AT_A_TIME {
            break None;
        }
        work += EVENT;
        match http.poll_event() {
            Ok(Some(Came::Data(data))) => {
                *count += data.len() as u64;
                match decoder {
                    None => into.extend_from_slice(data),
                    Some(decoder) => decoder.push(data),
                }
            }
            Ok(Some(Came::Trailers(fields))) => *trailers = Some(fields),
            Ok(Some(Came::End)) => match decoder {
                None => return Ok(Taken::End),
                Some(decoder) => {
                    decoder.end();
                    break None;
                }
            },
            Ok(Some(Came::Informational(_) | Came::Head(_))) => {}
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    let taken = match decoder {
        None => Taken::Dry(0),
        Some(decoder) => decode(decoder, into)?,
    };
    let taken = match taken {
        Taken::Dry(decoded) if work >= AT_A_TIME => Taken::More(decoded + work),
        Taken::Dry(decoded) => Taken::Dry(decoded + work),
        Taken::More(decoded) => Taken::More(decoded + work),
        Taken::End => Taken::End,
    };
    match (taken, failed) {
        // The machine tells of it again when what came before has been taken.
        (Taken::More(_), _) | (_, None) => Ok(taken),
        (_, Some(error)) => Err(error.into()),
    }
}

/// Decodes on in what has been given to the decoder.
fn decode(decoder: &mut Decoder, into: &mut Vec<u8>) -> Result<Taken> {
    let work = decoder.pull(into, AHEAD)?;
    if decoder.has_more() {
        return Ok(Taken::More(work));
    }
    if !decoder.is_ended() {
        return Ok(Taken::Dry(work));
    }
    decoder.finish()?;
    Ok(Taken::End)
}
