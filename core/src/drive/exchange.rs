//! One request and its response on one connection, up to the response head.

use std::io;
use std::os::fd::BorrowedFd;
use std::task::{Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use keepalive_proto::{Connection as Machine, Event, Fields, ResponseHead};

use crate::connection::Connection;
use crate::connection::lease::Lease;
use crate::deadline::{Deadline, Deadlines};
use crate::drive::body::{broken, note};
use crate::drive::wait::{self, Direction, Look, Stopped, Wait, Want};
use crate::error::{Error, ErrorKind, Phase, Result, Sent};
use crate::net::socket::{READ_SIZE, Received, is_pause};
use crate::net::transport::Transport;
use crate::origin::Origin;
use crate::request::body::Kept;
use crate::request::{Body, Request};

/// A response head, and when things happened.
pub(crate) struct Answer {
    pub head: ResponseHead,
    /// What came of the body while the request was still being sent; seldom anything.
    pub early: Option<Box<Early>>,
    pub sent_at: Instant,
    pub head_at: Instant,
}

/// The part of a response that overtook the rest of its request: a server may answer what it has
/// read so far (an echo does), and would wait for ever if nobody took it.
#[derive(Default)]
pub(crate) struct Early {
    pub body: Vec<u8>,
    pub trailers: Option<Fields>,
    pub ended: bool,
}

/// Most of a response that is kept while its request is still being sent; a server that sends more
/// without reading is not read either, and the send limit decides.
const EARLY_LIMIT: usize = 64 * 1024 * 1024;

/// From this size on the rest of a request body is not copied to the machine's buffer first.
const DIRECT: usize = 64 * 1024;

/// Most of it that is written at a time: an answer that makes the rest pointless is looked for between
/// writes.
const ONE_WRITE: usize = 256 * 1024;

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

/// What is left of the request body.
pub(crate) enum Feed<'a> {
    Empty,
    Whole(&'a Bytes, usize),
    Stream { source: &'a mut Kept, piece: Bytes, ended: bool },
}

impl<'a> Feed<'a> {
    pub fn new(body: &'a Body, source: Option<&'a mut Kept>) -> Feed<'a> {
        match (body, source) {
            (Body::Whole(bytes), _) => Feed::Whole(bytes, 0),
            (Body::Stream { .. }, Some(source)) => {
                Feed::Stream { source, piece: Bytes::new(), ended: false }
            }
            _ => Feed::Empty,
        }
    }

    /// What of a large body is to be sent from where it is, the machine's buffer being empty.
    fn direct(&self, http: &Machine) -> Option<&'a [u8]> {
        let Feed::Whole(bytes, at) = self else { return None };
        let rest = bytes.get(*at..)?;
        let fits = rest.len() >= DIRECT && http.direct_send()? >= rest.len() as u64;
        fits.then(|| &rest[..rest.len().min(ONE_WRITE)])
    }

    /// Moves what is at hand into the machine; `true` when a stream must produce more first.
    fn fill(&mut self, http: &mut Machine) -> Result<bool> {
        match self {
            Feed::Empty => {}
            Feed::Whole(..) if self.direct(http).is_some() => {}
            Feed::Whole(bytes, at) => {
                if *at < bytes.len() {
                    *at += http.send_data(&bytes[*at..])?;
                    if *at < bytes.len() {
                        return Ok(false);
                    }
                }
                http.send_end()?;
                *self = Feed::Empty;
            }
            Feed::Stream { piece, ended, .. } => {
                if !piece.is_empty() {
                    let taken = http.send_data(piece)?;
                    bytes::Buf::advance(piece, taken);
                }
                if piece.is_empty() && !*ended {
                    return Ok(true);
                }
                if piece.is_empty() {
                    http.send_end()?;
                    *self = Feed::Empty;
                }
            }
        }
        Ok(false)
    }
}

enum Turn {
    Wrote(usize),
    Read(Received),
    Piece(Result<Option<Bytes>>),
}

/// Sends the request and receives until the response head is there. `started` is when the request
/// was handed over; the deadlines run from what they are about.
pub(crate) async fn exchange<W: Wait>(
    lease: &mut Lease,
    request: &Request,
    defaults: &[u8],
    feed: Feed<'_>,
    wait: &mut W,
    deadlines: &Deadlines,
    origin: &Origin,
    now: Instant,
) -> std::result::Result<Answer, Failure> {
    let connection = match lease.connection() {
        Ok(connection) => connection,
        Err(error) => {
            return Err(Failure::before(error));
        }
    };
    let before = connection.wire;
    let result = run(connection, request, defaults, feed, wait, deadlines, origin, now).await;
    result.map_err(|error| {
        let done = connection.http.send_done() && !connection.transport.wants_flush();
        let sent = match connection.wire - before {
            0 => Sent::Nothing,
            _ if done => Sent::All,
            _ => Sent::Part,
        };
        Failure { error, sent, response_started: connection.http.response_started() }
    })
}

async fn run<W: Wait>(
    connection: &mut Connection,
    request: &Request,
    defaults: &[u8],
    mut feed: Feed<'_>,
    wait: &mut W,
    deadlines: &Deadlines,
    origin: &Origin,
    mut now: Instant,
) -> Result<Answer> {
    wait.adopt(&mut connection.io)?;
    connection.http.start_with_defaults(
        &request.head,
        request.body.framing(),
        defaults,
        connection.is_last_request(),
    )?;
    let Connection { http, transport, io, wire, .. } = connection;
    let mut sent_at = None;
    let mut deadline = deadlines.starting(now, deadlines.send, ErrorKind::SendTimeout);
    let (mut answered, mut early) = (None, None);
    let (mut wrote, mut arrived) = (false, false);
    loop {
        if std::mem::take(&mut arrived) {
            take_early(http, &mut answered, &mut early)?;
        }
        if answered.is_some()
            && (http.send_stopped() || http.send_done() && !transport.wants_flush())
            && let Some(head) = answered.take()
        {
            return Ok(Answer { head, early, sent_at: sent_at.unwrap_or(now), head_at: now });
        }
        let starved = if http.send_stopped() { false } else { feed.fill(http)? };
        let output = http.poll_transmit().is_some()
            || transport.wants_flush()
            || feed.direct(http).is_some();
        if !output && !starved && sent_at.is_none() {
            sent_at = Some(now);
            deadline = deadlines.starting(now, deadlines.header, ErrorKind::ReadTimeout);
        }
        let phase = if sent_at.is_none() { Phase::Send } else { Phase::Head };
        let want = match (output, &feed) {
            _ if transport.holds() => Want::Held,
            // A short request goes out in one write. What is left after that may be stuck behind an
            // answer that nobody reads.
            (true, Feed::Empty) if !wrote => Want::Write,
            (true, _) if is_much(&early) => Want::Write,
            (true, _) => Want::Both,
            (false, _) if starved => Want::Read,
            (false, _) => Want::Answer,
        };
        // Waiting for the caller's own body is not the server's stall.
        let limit = if starved { deadlines.total } else { deadline };
        let turn = std::future::poll_fn(|cx| {
            if starved && let Feed::Stream { source, .. } = &mut feed {
                // A source that is always ready, if only with nothing, waits for no socket.
                if let Err(stopped) = ready!(wait.poll_turn(cx, &limit)) {
                    return Poll::Ready(Err(stopped));
                }
                if let Poll::Ready(piece) = source.poll_chunk(cx) {
                    return Poll::Ready(Ok(Turn::Piece(piece)));
                }
            }
            let mut op = |fd: BorrowedFd<'_>, look: &mut Look| match look.direction {
                Direction::Read => {
                    let space = http.receive_space(READ_SIZE);
                    let room = space.capacity() - space.len();
                    let received = transport.read(fd, space)?;
                    look.drained = transport.is_plain()
                        && matches!(received, Received::Bytes(count) if count < room);
                    Ok(Turn::Read(received))
                }
                Direction::Write => write(http, transport, fd, wire, &mut feed).map(Turn::Wrote),
            };
            wait.poll_io(cx, io, want, &limit, &mut op)
        })
        .await;
        now = Instant::now();
        match turn {
            Ok(Turn::Wrote(count)) => {
                wrote = true;
                wait.spend(count);
                if sent_at.is_none() && !matches!(feed, Feed::Empty) {
                    deadline = deadlines.starting(now, deadlines.send, ErrorKind::SendTimeout);
                    // An answer may make the rest pointless, and a server that reads on would never
                    // make the write wait.
                    if is_much(&early) {
                        continue;
                    }
                    match transport.read(io.fd(), http.receive_space(READ_SIZE)) {
                        Ok(received) => {
                            note(http, received);
                            arrived = true;
                        }
                        Err(error) if is_pause(&error) => {}
                        Err(error) => {
                            let stopped = Stopped::Io(error);
                            return Err(broken(stopped, http, phase, origin, &deadline));
                        }
                    }
                }
            }
            Ok(Turn::Read(received)) => {
                if let Received::Bytes(count) = received {
                    wait.spend(count);
                }
                note(http, received);
                arrived = true;
            }
            Ok(Turn::Piece(piece)) => {
                if let Feed::Stream { piece: next, ended, .. } = &mut feed {
                    match piece? {
                        Some(bytes) => *next = bytes,
                        None => *ended = true,
                    }
                    deadline = deadlines.starting(now, deadlines.send, ErrorKind::SendTimeout);
                }
            }
            Err(stopped) => {
                return rescue(
                    http,
                    transport,
                    io,
                    stopped,
                    phase,
                    origin,
                    &deadline,
                    (answered, early),
                );
            }
        }
    }
}

fn write(
    http: &mut Machine,
    transport: &mut Transport,
    fd: BorrowedFd<'_>,
    wire: &mut u64,
    feed: &mut Feed<'_>,
) -> io::Result<usize> {
    if let Some(rest) = feed.direct(http)
        && let Feed::Whole(_, at) = feed
    {
        let taken = transport.write(fd, rest, wire)?;
        http.sent_direct(taken as u64);
        *at += taken;
        return Ok(taken);
    }
    let taken = transport.write(fd, http.poll_transmit().unwrap_or_default(), wire)?;
    http.transmitted(taken);
    Ok(taken)
}

fn is_much(early: &Option<Box<Early>>) -> bool {
    early.as_ref().is_some_and(|early| early.body.len() > EARLY_LIMIT)
}

/// Takes the final head; and what follows it only while the request is still being sent, since
/// afterwards the body is the caller's to read.
fn take_early(
    http: &mut Machine,
    answered: &mut Option<ResponseHead>,
    early: &mut Option<Box<Early>>,
) -> Result<()> {
    while answered.is_none() || !(http.send_done() || http.send_stopped()) {
        match http.poll_event()? {
            Some(Event::Head(head)) => *answered = Some(head),
            Some(Event::Data(data)) => {
                early.get_or_insert_default().body.extend_from_slice(data);
            }
            Some(Event::Trailers(fields)) => early.get_or_insert_default().trailers = Some(fields),
            Some(Event::End) => early.get_or_insert_default().ended = true,
            Some(Event::Informational(_)) => {}
            None => break,
        }
    }
    Ok(())
}

/// The connection broke while sending; an answer that had come before (a 413 and a close) is still
/// the answer.
fn rescue(
    http: &mut Machine,
    transport: &mut Transport,
    io: &crate::net::socket::Io,
    stopped: Stopped,
    phase: Phase,
    origin: &Origin,
    deadline: &Deadline,
    (mut answered, mut early): (Option<ResponseHead>, Option<Box<Early>>),
) -> Result<Answer> {
    if matches!(stopped, Stopped::Io(_)) && phase == Phase::Send {
        // The answer stands at the front; what follows it is read later.
        let mut turn = wait::Turn::default();
        while !turn.is_over()
            && let Ok(received @ Received::Bytes(count)) =
                transport.read(io.fd(), http.receive_space(READ_RESCUED))
        {
            turn.spend(count);
            note(http, received);
        }
        if take_early(http, &mut answered, &mut early).is_ok()
            && let Some(head) = answered
        {
            let now = Instant::now();
            return Ok(Answer { head, early, sent_at: now, head_at: now });
        }
    }
    Err(broken(stopped, http, phase, origin, deadline))
}
