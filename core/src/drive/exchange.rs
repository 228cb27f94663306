//! One request and the head of its answer on one connection.
//!
//! | phase         | on                                         | goes to       |
//! |---------------|--------------------------------------------|---------------|
//! | SendHead      | written, more of the body to come          | SendBody      |
//! | SendHead      | written, the body waits for the word       | AwaitContinue |
//! | SendHead      | written, nothing to come                   | AwaitHead     |
//! | AwaitContinue | 100 (Continue)                             | SendBody      |
//! | AwaitContinue | silence for a second                       | SendBody      |
//! | AwaitContinue | the final head                             | AwaitHead     |
//! | SendBody      | written                                    | AwaitHead     |
//!
//! In each of them the answer may come, in AwaitHead nothing else is waited for. A body that a server
//! does not want (a final head instead of 100) is not sent, which ends the connection: the server would
//! take the next request for it (RFC 9110 10.1.1). A success that is still to come, where the request did
//! not ask by a field of its own, is taken for the word.

mod phase;

use std::io;
use std::os::fd::BorrowedFd;
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use keepalive_proto::{Event as Came, Fields, ResponseHead};

use crate::connection::Connection;
use crate::connection::handover::is_last;
use crate::connection::lease::Lease;
use crate::connection::wire::Wire;
use crate::deadline::Deadline;
use crate::drive::body::broken;
use crate::drive::call::{Call, Record};
use crate::drive::early::settle;
use crate::drive::exchange::phase::{Phase, Step};
use crate::drive::expect::{self, EXPECTATION_FAILED};
use crate::drive::metered_upload;
use crate::drive::pipeline;
use crate::drive::start::start;
use crate::drive::upload::Upload;
use crate::drive::wait::{self, Direction, Look, Stopped, Wait, Want};
use crate::error::{self, Error, ErrorKind, Result, Sent};
use crate::net::socket::{Io, READ_SIZE, Received, is_pause};
use crate::net::tls::handshake_error;
use crate::observe::Event;
use crate::origin::Origin;
use crate::request::Request;

/// What has come of the answer. It is written where its reader has it: a head that is handed on is copied.
#[derive(Default)]
pub(crate) struct Arrived {
    /// The final head, after an exchange that went well.
    pub head: Option<ResponseHead>,
    /// What came of the body while the request was still being sent; seldom anything.
    pub early: Option<Box<EarlyResponse>>,
    /// 100 (Continue) came.
    go_on: bool,
    /// The request said that its body waits for the server's word.
    asked: bool,
}

impl Arrived {
    /// Whether a server refused to say its word.
    #[inline]
    pub fn refuses(&self) -> bool {
        self.asked && self.head.as_ref().is_some_and(|head| head.status == EXPECTATION_FAILED)
    }
}

/// The part of a response that overtook the rest of its request: a server may answer what it has
/// read so far (an echo does), and would wait for ever if nobody took it.
#[derive(Default)]
pub(crate) struct EarlyResponse {
    pub body: Vec<u8>,
    pub trailers: Option<Fields>,
    pub ended: bool,
}

/// Most of a response that is kept while its request is still being sent; a server that sends more
/// without reading is not read either, and the send limit decides.
const EARLY_LIMIT: usize = 64 * 1024 * 1024;

/// Requests longer than this are not answered so soon that watching for it would pay.
const WATCHED: u64 = 64 * 1024;

/// Bytes asked for at a time when a connection broke while sending.
const READ_RESCUED: usize = 16 * 1024;

/// A failed exchange: the error, and what is needed to judge a replay.
pub(crate) struct Failure {
    pub error: Error,
    pub sent: Sent,
    pub response_started: bool,
}

impl Failure {
    /// Before anything was sent.
    pub fn before(error: Error) -> Failure {
        Failure { error, sent: Sent::Nothing, response_started: false }
    }
}

/// One try of a request on one connection.
pub(crate) struct Attempt<'a, 'b> {
    pub lease: &'a mut Lease,
    pub request: &'a Request,
    pub upload: &'a mut Upload<'b>,
    /// When it got its connection.
    pub now: Instant,
}

/// Sends the request and receives until the response head has arrived.
pub(super) async fn exchange<W: Wait>(
    call: &mut Call<'_, W>,
    attempt: Attempt<'_, '_>,
    come: &mut Arrived,
) -> std::result::Result<(), Failure> {
    let Attempt { lease, request, upload, now } = attempt;
    let mut begun = begin(call, lease, request, now)?;
    let result = run(call, Attempt { lease, request, upload, now }, &mut begun, come).await;
    end(call, lease, &begun, result)
}

/// What is known of an attempt as it begins: its three steps are there by themselves, since a future within
/// another is a call and a copy more.
pub(super) struct Begun {
    written: u64,
    ahead: bool,
    opening: Option<Box<pipeline::Opening>>,
}

/// The first step, which waits for nothing.
#[inline(always)]
pub(super) fn begin<W: Wait>(
    call: &mut Call<'_, W>,
    lease: &mut Lease,
    request: &Request,
    now: Instant,
) -> std::result::Result<Begun, Failure> {
    let (host, ahead) = (lease.host(), call.ahead.take());
    let connection = lease.connection().map_err(Failure::before)?;
    let opening = match ahead.is_none() && pipeline::fits(&call.settings.config, request) {
        true => pipeline::opening(call.pool, host, connection, now),
        false => None,
    };
    let written = connection.wire.written;
    call.record.starts_on(connection);
    connection.wire.sent += ahead.unwrap_or_default();
    Ok(Begun { written, ahead: ahead.is_some(), opening })
}

/// The last one.
#[inline(always)]
pub(super) fn end<W: Wait>(
    call: &mut Call<'_, W>,
    lease: &mut Lease,
    begun: &Begun,
    result: Result<()>,
) -> std::result::Result<(), Failure> {
    let host = lease.host();
    let connection = lease.connection().map_err(Failure::before)?;
    call.record.counts(connection);
    if connection.pipeline.is_some() && result.is_ok() && !connection.wire.http.promises_more() {
        is_last(call.pool, host, connection);
    }
    let wire = &connection.wire;
    result.map_err(|error| {
        let sent = match wire.written - begun.written {
            _ if begun.ahead => Sent::All,
            0 => Sent::Nothing,
            _ if wire.is_sent() => Sent::All,
            _ => Sent::Part,
        };
        Failure { error, sent, response_started: wire.http.response_started() }
    })
}

enum Turn {
    Wrote(usize),
    Read(Received),
    Piece(Result<Option<Bytes>>),
}

/// The step between.
pub(super) async fn run<W: Wait>(
    call: &mut Call<'_, W>,
    attempt: Attempt<'_, '_>,
    begun: &mut Begun,
    come: &mut Arrived,
) -> Result<()> {
    let Attempt { lease, request, upload, mut now } = attempt;
    let connection = lease.connection()?;
    let Begun { ahead, ref mut opening, .. } = *begun;
    let origin: &Origin = &request.target.origin;
    call.wait.adopt(&mut connection.io)?;
    // `held`: the body is held back until the server has said its word.
    let (mut held, asks) = match ahead {
        false => start(call, connection, request, !upload.is_over())?,
        true => (false, None),
    };
    if connection.wire.transport.is_handshaking() {
        // Boxed: what is seldom asked for makes no other request's future larger.
        Box::pin(settle(call, connection, request)).await?;
        now = Instant::now();
        // One that travels with it has not waited for it.
        if !connection.wire.transport.is_handshaking() {
            call.record.marks.settled(now);
        }
    }
    let Call { deadlines, record, wait, .. } = call;
    if !ahead {
        record.head_ready(&connection.wire);
    }
    let trailers = request.trailers.as_deref();
    let Connection { wire, io, .. } = connection;
    let before = wire.written;
    let mut phase = Phase::SendHead;
    let mut deadline = deadlines.starting(now, deadlines.send, ErrorKind::SendTimeout);
    // What was sent behind another request may be answered already.
    let mut arrived = ahead;
    if ahead {
        *upload = Upload::Empty;
        phase = Phase::AwaitHead;
        record.marks.sent = now;
        deadline = deadlines.starting(now, deadlines.header, ErrorKind::ReadTimeout);
    }
    let mut unlooked = 0;
    loop {
        if std::mem::take(&mut arrived) {
            record.read(wire);
            take_early(wire, record, come)?;
            if held && phase == Phase::AwaitContinue {
                let is_final = come.head.is_some();
                // What nobody asked for spoils no echo: its success is made of what is to be sent.
                let wanted = !wire.http.send_stopped() && !request.head.expects_continue();
                if is_final && !wanted {
                    wire.http.stop_sending();
                    phase = phase.after(Step::FinalHead);
                    record.marks.sent = now;
                    held = false;
                } else if is_final || come.go_on {
                    held = false;
                    phase = phase.after(Step::Continue);
                    deadline = deadlines.starting(now, deadlines.send, ErrorKind::SendTimeout);
                }
            }
        }
        if let Some(head) = &come.head
            && (phase == Phase::AwaitHead || wire.http.send_stopped() || wire.is_sent())
        {
            if phase.sends() {
                record.marks.sent = now;
                if wire.is_sent() {
                    record.tell(Event::Sent { bytes: wire.written - before });
                }
            }
            if let Some(memory) = &asks {
                come.asked = true;
                expect::concluded(memory, head.version, come.go_on, now);
            }
            record.marks.head = now;
            return Ok(());
        }
        let starved = !held
            && !upload.is_over()
            && !wire.http.send_stopped()
            && upload.fill(&mut wire.http, trailers)?;
        let output = wire.wants_write() || (!held && upload.direct(&wire.http).is_some());
        if !output && !starved && phase.sends() {
            let step = if held { Step::WroteHead } else { Step::WroteAll };
            phase = phase.after(step);
            if phase == Phase::AwaitHead {
                record.marks.sent = now;
                deadline = deadlines.starting(now, deadlines.header, ErrorKind::ReadTimeout);
                record.tell(Event::Sent { bytes: wire.written - before });
                if let Some(opening) = opening.take() {
                    opening.open();
                }
            } else {
                record.tell(Event::AwaitingContinue);
                deadline = expect::patience(now, deadlines);
            }
        }
        let want = match output {
            _ if wire.transport.holds() => Want::Held,
            // A short request goes out in one write. What is left after that may be stuck behind an
            // answer that nobody reads.
            true if phase == Phase::SendHead && upload.is_over() => Want::Write,
            true if is_much(&come.early) => Want::Write,
            true => Want::Both,
            false if starved => Want::Read,
            false if wire.written - before > WATCHED => Want::LateAnswer,
            false => Want::Answer,
        };
        // Waiting for the caller's own body is not the server's stall.
        let stall = if starved { &deadlines.total } else { &deadline };
        let metered;
        let (limit, paused) = match upload.meter() {
            None => (stall, false),
            Some(meter) => {
                metered = metered_upload::before(meter, *stall, starved, now, output);
                (&metered.0, metered.1)
            }
        };
        let turn = match &mut *upload {
            Upload::Stream { source, .. } if starved => {
                std::future::poll_fn(|cx| {
                    // A source that is always ready, if only with nothing, waits for no socket.
                    if let Err(stopped) = ready!(wait.poll_turn(cx, limit)) {
                        return Poll::Ready(Err(stopped));
                    }
                    if !paused
                        && let Poll::Ready(piece) =
                            wait.poll_beside(cx, &mut |cx| source.poll_chunk(cx))
                    {
                        return Poll::Ready(Ok(Turn::Piece(piece)));
                    }
                    wait.poll_io(cx, io, want, limit, &mut |fd, look| match look.direction {
                        Direction::Read => read(wire, fd, look),
                        Direction::Write => wire.try_write(fd).map(Turn::Wrote),
                    })
                })
                .await
            }
            upload => {
                let mut op = |fd: BorrowedFd<'_>, look: &mut Look| match look.direction {
                    Direction::Read => read(wire, fd, look),
                    Direction::Write => write::<W>(wire, fd, held, upload, look).map(Turn::Wrote),
                };
                std::future::poll_fn(|cx| wait.poll_io(cx, io, want, limit, &mut op)).await
            }
        };
        let began = std::mem::replace(&mut now, Instant::now());
        if let Some((meter, at_rest)) = upload.measured()
            && output
        {
            let count = if let Ok(Turn::Wrote(count)) = turn { count } else { 0 };
            // What its source takes is not the peer's time.
            let waited = if starved { Duration::ZERO } else { now - began };
            let all = at_rest && !wire.wants_write();
            metered_upload::after(meter, count, waited, all, origin)?;
        }
        match turn {
            Ok(Turn::Wrote(count)) => {
                if !held {
                    phase = phase.after(Step::Wrote);
                }
                wait.spend(count);
                record.wrote(wire);
                if phase.sends() && !upload.is_over() {
                    deadline = deadlines.starting(now, deadlines.send, ErrorKind::SendTimeout);
                    // An answer may make the rest pointless, and a server that reads on would never
                    // make the write wait.
                    unlooked += count;
                    if is_much(&come.early) || unlooked < W::ONE_WRITE {
                        continue;
                    }
                    unlooked = 0;
                    // The reactor would have seen it.
                    if io.is_quiet() {
                        continue;
                    }
                    match wire.try_read(io.fd(), READ_SIZE) {
                        Ok(_) => arrived = true,
                        Err(error) if is_pause(&error) => {}
                        Err(error) => {
                            let stopped = Stopped::Io(error);
                            let http = &mut wire.http;
                            return Err(broken(stopped, http, phase.shown(), origin, &deadline));
                        }
                    }
                }
            }
            Ok(Turn::Read(received)) => {
                if let Received::Bytes(count) = received {
                    wait.spend(count);
                }
                arrived = true;
            }
            Ok(Turn::Piece(piece)) => {
                if let Upload::Stream { piece: next, ended, .. } = &mut *upload {
                    match piece? {
                        Some(bytes) => *next = bytes,
                        None => *ended = true,
                    }
                    deadline = deadlines.starting(now, deadlines.send, ErrorKind::SendTimeout);
                }
            }
            Err(Stopped::Expired)
                if phase == Phase::AwaitContinue && !deadlines.total.is_over() =>
            {
                held = false;
                if let Some(memory) = &asks {
                    memory.expectation.ignored(now);
                }
                phase = phase.after(Step::Silence);
                deadline = deadlines.starting(now, deadlines.send, ErrorKind::SendTimeout);
            }
            // The caller's own body may be there.
            Err(Stopped::Woken) => {}
            // It may go on, or the least speed was looked at.
            Err(Stopped::Expired) if upload.meter().is_some() && !stall.is_over() => {}
            Err(Stopped::Io(error)) if wire.transport.is_handshaking() => {
                return Err(handshake_error(&origin.authority(), &error));
            }
            Err(stopped) => {
                // Who waits for 100 has no limit but that of the whole.
                let over = if phase == Phase::AwaitContinue { &deadlines.total } else { &deadline };
                return rescue(wire, record, io, stopped, come, (origin, phase.shown(), over));
            }
        }
    }
}

#[inline]
fn read(wire: &mut Wire, fd: BorrowedFd<'_>, look: &mut Look) -> io::Result<Turn> {
    let (received, drained) = wire.try_read(fd, READ_SIZE)?;
    look.drained = drained;
    Ok(Turn::Read(received))
}

#[inline(always)]
fn write<W: Wait>(
    wire: &mut Wire,
    fd: BorrowedFd<'_>,
    held: bool,
    upload: &mut Upload<'_>,
    look: &mut Look,
) -> io::Result<usize> {
    if !held
        && !upload.is_over()
        && let Some(rest) = upload.direct(&wire.http)
    {
        let most = rest.len().min(W::ONE_WRITE);
        let (of_body, taken, filled) = wire.try_write_past(fd, &rest[..most])?;
        look.drained = filled;
        upload.advance(of_body);
        return Ok(taken);
    }
    wire.try_write(fd)
}

fn is_much(early: &Option<Box<EarlyResponse>>) -> bool {
    early.as_ref().is_some_and(|early| early.body.len() > EARLY_LIMIT)
}

/// Takes the final head; and what follows it only while the request is still being sent, since
/// afterwards the body is the caller's to read.
fn take_early(wire: &mut Wire, record: &mut Record<'_>, come: &mut Arrived) -> Result<()> {
    let Arrived { head, early, go_on, .. } = come;
    let http = &mut wire.http;
    while head.is_none() || !(http.send_done() || http.send_stopped()) {
        match http.poll_event()? {
            Some(Came::Head(came)) => *head = Some(came),
            Some(Came::Data(data)) => {
                early.get_or_insert_default().body.extend_from_slice(data);
            }
            Some(Came::Trailers(fields)) => early.get_or_insert_default().trailers = Some(fields),
            Some(Came::End) => early.get_or_insert_default().ended = true,
            Some(Came::Informational(head)) => {
                *go_on |= head.status == 100;
                record.informational(head);
            }
            None => break,
        }
    }
    Ok(())
}

/// The connection broke while sending; an answer that had come before (a 413 and a close) is still
/// the answer.
fn rescue(
    wire: &mut Wire,
    record: &mut Record<'_>,
    io: &Io,
    stopped: Stopped,
    come: &mut Arrived,
    (origin, phase, deadline): (&Origin, error::Phase, &Deadline),
) -> Result<()> {
    if matches!(stopped, Stopped::Io(_)) && phase == error::Phase::Send {
        // The answer stands at the front; what follows it is read later.
        let mut turn = wait::Turn::default();
        while !turn.is_over()
            && let Ok((Received::Bytes(count), _)) = wire.try_read(io.fd(), READ_RESCUED)
        {
            turn.spend(count);
        }
        if take_early(wire, record, come).is_ok() && come.head.is_some() {
            let now = Instant::now();
            (record.marks.sent, record.marks.head) = (now, now);
            return Ok(());
        }
    }
    Err(broken(stopped, &mut wire.http, phase, origin, deadline))
}

#[cfg(test)]
mod tests;
