//! A response: its head, and a body that is either here already or read from the connection.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use keepalive_proto::{Fields, ResponseHead, Version};

use crate::buffer::Buffer;
use crate::drive::blocking::{Blocking, BlockingWait, run};
use crate::drive::body::{Live, Progress};
use crate::drive::wait::Wait;
use crate::error::{Error, ErrorKind, Result};

/// How an exchange went.
#[derive(Debug, Clone, Default)]
pub struct Info {
    /// Whether the connection had carried a response before.
    pub reused: bool,
    /// Number of the connection, unique in the process.
    pub connection_id: u64,
    /// How often the request was sent again on a fresh connection (0 or 1).
    pub replays: u32,
    /// Why it was sent again.
    pub replay_reason: Option<ErrorKind>,
    /// Tries before this one that failed and were worth another (option `retries`).
    pub retries: u32,
    /// Redirects followed before this response.
    pub redirects: u32,
    /// Whether a second try was sent because the first took long (option `hedge`).
    pub hedged: bool,
    /// Whether the response is the second try's.
    pub hedge_won: bool,
    /// Time spent by phase.
    pub timings: Timings,
}

/// Durations by phase; zero where a phase did not happen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timings {
    /// Waiting for a connection, dialling included.
    pub queued: Duration,
    /// Resolving the name.
    pub resolve: Duration,
    /// TCP handshake.
    pub connect: Duration,
    /// TLS handshake.
    pub tls: Duration,
    /// From the first byte of the request to its last.
    pub send: Duration,
    /// From then to the end of the response head.
    pub wait: Duration,
    /// From the call to the response head.
    pub total: Duration,
}

/// Bytes that are taken together into one piece when they are at hand: each piece costs its receiver
/// a turn, and this many still fit caches.
const GATHERED: usize = 256 * 1024;

/// A body with no more than this left is worth a look before its head is handed over.
const SMALL: u64 = 64 * 1024;

pub(crate) enum State {
    /// The end was verified; the connection has gone back or is closed.
    Done,
    /// The rest is still on the connection.
    Live(Box<Live>),
    /// The body broke; kept so that every later read says the same.
    Failed(Error),
    /// Closed by the caller before the end.
    Closed,
}

/// A response. Dropping it with an unread body gives the connection back by the drain rule
/// (design: up to 256 KiB or 50 ms on the engine's thread, else closed).
pub struct Response {
    pub(crate) about: Box<About>,
    /// Body bytes received (and decoded) but not yet read.
    pub(crate) ready: Buffer,
    pub(crate) state: State,
}

/// What is large and seldom touched, apart: a response changes hands many times.
pub(crate) struct About {
    pub head: ResponseHead,
    pub url: Arc<str>,
    pub info: Info,
    pub trailers: Option<Fields>,
}

impl Response {
    /// 100 to 999.
    pub fn status(&self) -> u16 {
        self.about.head.status
    }

    /// The reason phrase as sent, may be empty.
    pub fn reason(&self) -> &[u8] {
        self.about.head.reason()
    }

    /// 1.0 or 1.1.
    pub fn version(&self) -> Version {
        self.about.head.version
    }

    /// Header fields in the order, case and number they came in.
    pub fn headers(&self) -> &Fields {
        &self.about.head.fields
    }

    /// Trailer fields, once the body has been read to its end and if there were any.
    pub fn trailers(&self) -> Option<&Fields> {
        self.about.trailers.as_ref()
    }

    /// The URL this response is from, after redirects; no userinfo, no fragment.
    pub fn url(&self) -> &str {
        &self.about.url
    }

    /// How the exchange went.
    pub fn info(&self) -> &Info {
        &self.about.info
    }

    /// Whether the whole body has arrived (it can be read without waiting).
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Takes the whole body if it has arrived, without waiting; `None` if more is to come.
    pub fn take_complete(&mut self) -> Option<Bytes> {
        self.is_complete().then(|| self.ready.take_all())
    }

    /// Reads up to `buffer.len()` body bytes on this thread; 0 is the verified end.
    ///
    /// # Errors
    /// `BodyTruncated`, `InvalidChunk`, `ReadTimeout`, ... after the bytes that came before it.
    pub fn read(&mut self, buffer: &mut [u8], blocking: Blocking<'_>) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = run(self.read_into(&mut BlockingWait::new(blocking), buffer));
        self.park();
        count
    }

    /// How many bytes of the body are still to be read, when that is known: not without
    /// Content-Length, and not when the body is decoded. They come, or a read fails.
    pub fn remaining(&mut self) -> Option<u64> {
        let to_come = match &mut self.state {
            State::Done => Some(0),
            State::Live(live) => live.remaining(),
            State::Failed(_) | State::Closed => None,
        };
        self.park();
        Some(to_come? + self.ready.len() as u64)
    }

    /// Reads on behind the first `filled` bytes of `buffer` until it is full or the body has ended,
    /// on this thread; returns how many bytes there are then. A large body needs no other memory.
    ///
    /// # Errors
    /// As [`Response::read`]; all bytes that came are in the error ([`Error::partial_body`]).
    pub fn read_full(
        &mut self,
        buffer: &mut [u8],
        filled: usize,
        blocking: Blocking<'_>,
    ) -> Result<usize> {
        let count = run(self.fill_slice(&mut BlockingWait::new(blocking), buffer, filled));
        self.park();
        count
    }

    /// Waits on this thread until body bytes are here and says how many the next [`Response::read`]
    /// can give at once; 0 is the verified end.
    ///
    /// # Errors
    /// As [`Response::read`].
    pub fn at_hand(&mut self, blocking: Blocking<'_>) -> Result<usize> {
        let count = run(self.wait_at_hand(&mut BlockingWait::new(blocking)));
        self.park();
        count
    }

    /// Whether [`Response::read_now`] can give the bytes of this body as they come: they need neither
    /// decrypting nor decoding nor their chunks taken apart.
    pub fn is_direct(&mut self) -> bool {
        let direct = match &mut self.state {
            State::Live(live) => live.is_direct(),
            _ => false,
        };
        self.park();
        direct
    }

    /// How many body bytes [`Response::read_now`] would give; 0 when that is not known.
    pub fn at_hand_now(&mut self) -> usize {
        let count = match &mut self.state {
            _ if !self.ready.is_empty() => self.ready.len(),
            State::Live(live) => live.at_hand_now(),
            _ => 0,
        };
        self.park();
        count
    }

    /// Reads what is here already, on any thread and without waiting; `None` when nothing is, or
    /// something else than bytes is next: then the engine is to read (`Client::submit_read`).
    pub fn read_now(&mut self, buffer: &mut [u8]) -> Option<Result<usize>> {
        if buffer.is_empty() {
            return None;
        }
        if !self.ready.is_empty() {
            return Some(Ok(self.ready.copy_to(buffer)));
        }
        let State::Live(live) = &mut self.state else { return None };
        let result = live.read_now(buffer);
        self.conclude();
        self.park();
        Some(result?.map_err(|error| self.fail(error)))
    }

    /// The next piece of the body, of any size up to `max`; `None` is the verified end. With a `max`
    /// of 0 it only waits: the piece is empty, and [`Response::read_now`] has something to give.
    pub fn read_chunk(&mut self, max: usize, blocking: Blocking<'_>) -> Result<Option<Bytes>> {
        let chunk = run(self.next_chunk(&mut BlockingWait::new(blocking), max));
        self.park();
        chunk
    }

    /// The rest of the body. On failure the bytes that did come can still be read.
    pub fn read_all(&mut self, blocking: Blocking<'_>) -> Result<Bytes> {
        run(self.fill(&mut BlockingWait::new(blocking)))?;
        Ok(self.ready.take_all())
    }

    /// Ends the response early: what is unread is dropped by the drain rule. Reading afterwards is
    /// `InvalidState`.
    pub fn close(&mut self) {
        self.ready.clear();
        if !matches!(self.state, State::Done) {
            self.state = State::Closed;
        }
    }

    /// It goes to the caller, who may forget it.
    pub(crate) fn park(&mut self) {
        if let State::Live(live) = &mut self.state {
            live.park();
        }
    }

    async fn wait_at_hand<W: Wait>(&mut self, wait: &mut W) -> Result<usize> {
        if self.ready.is_empty() {
            let direct = match &mut self.state {
                State::Live(live) => live.at_hand(wait).await,
                _ => None,
            };
            match direct {
                Some(Ok(count)) => return Ok(count),
                Some(Err(error)) => return Err(self.fail(error)),
                None => self.receive_piece(wait, GATHERED).await?,
            }
        }
        Ok(self.ready.len())
    }

    pub(crate) async fn read_into<W: Wait>(
        &mut self,
        wait: &mut W,
        to: &mut [u8],
    ) -> Result<usize> {
        if self.ready.is_empty() {
            let mut direct = None;
            if let State::Live(live) = &mut self.state {
                direct = live.read_direct(wait, to).await;
            }
            match direct {
                Some(Ok(count)) => {
                    self.conclude();
                    return Ok(count);
                }
                Some(Err(error)) => return Err(self.fail(error)),
                None => self.receive(wait).await?,
            }
        }
        Ok(self.ready.copy_to(to))
    }

    pub(crate) async fn fill_slice<W: Wait>(
        &mut self,
        wait: &mut W,
        to: &mut [u8],
        mut filled: usize,
    ) -> Result<usize> {
        while filled < to.len() {
            let read = match self.read_into(wait, &mut to[filled..]).await {
                Ok(count) => wait.look_up().map(|()| count),
                error => error,
            };
            match read {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) => {
                    return Err(error.with_partial(Bytes::copy_from_slice(&to[..filled])));
                }
            }
        }
        Ok(filled)
    }

    pub(crate) async fn next_chunk<W: Wait>(
        &mut self,
        wait: &mut W,
        max: usize,
    ) -> Result<Option<Bytes>> {
        if max == 0 {
            return Ok((self.wait_at_hand(wait).await? > 0).then(Bytes::new));
        }
        if self.ready.is_empty() {
            self.receive_piece(wait, max.min(GATHERED)).await?;
        }
        Ok(self.ready.take(max))
    }

    /// What came of a body that failed.
    pub(crate) fn take_arrived(&mut self) -> Bytes {
        self.ready.take_all()
    }

    /// A short rest of the body that is at hand: then the event loop need not ask for it.
    pub(crate) fn gather(&mut self) {
        let State::Live(live) = &mut self.state else { return };
        if live.remaining().is_some_and(|left| left <= SMALL) {
            let enough = self.ready.len() + SMALL as usize;
            let result = live.receive_more(self.ready.space(), &mut self.about.trailers, enough);
            // What came is delivered first, the failure by the read that follows.
            let _ = self.progressed(result);
        }
    }

    /// Receives until the end; the body is then in `ready`.
    pub(crate) async fn fill<W: Wait>(&mut self, wait: &mut W) -> Result<()> {
        if let State::Live(live) = &mut self.state {
            live.reserve_whole(self.ready.space());
        }
        loop {
            self.receive(wait).await?;
            if self.is_complete() {
                return Ok(());
            }
            wait.look_up()?;
        }
    }

    /// Gives up what is unread and waits until its connection is free or closed; on the engine.
    pub(crate) async fn leave(&mut self) {
        self.ready.clear();
        if let State::Live(live) = &mut self.state {
            if let Some(work) = live.leave() {
                work.await;
            }
            self.state = State::Closed;
        }
    }

    /// Waits for more body bytes; at the verified end the connection goes back at once, with the
    /// last bytes still in `ready`.
    async fn receive<W: Wait>(&mut self, wait: &mut W) -> Result<()> {
        let result = match &mut self.state {
            State::Done => return Ok(()),
            State::Failed(error) => return Err(error.clone()),
            State::Closed => return Err(Error::state("the response was closed")),
            State::Live(live) => {
                live.receive(wait, self.ready.space(), &mut self.about.trailers).await
            }
        };
        self.progressed(result)
    }

    /// The same, and takes everything that is at hand up to `enough` bytes.
    async fn receive_piece<W: Wait>(&mut self, wait: &mut W, enough: usize) -> Result<()> {
        self.receive(wait).await?;
        let result = match &mut self.state {
            State::Live(live) if self.ready.len() < enough => {
                live.receive_more(self.ready.space(), &mut self.about.trailers, enough)
            }
            _ => return Ok(()),
        };
        self.progressed(result)
    }

    fn progressed(&mut self, result: Result<Progress>) -> Result<()> {
        match result {
            Ok(Progress::Data) => Ok(()),
            Ok(Progress::End) => {
                if let State::Live(mut live) = std::mem::replace(&mut self.state, State::Done) {
                    live.finish();
                }
                Ok(())
            }
            Err(error) if self.ready.is_empty() => Err(self.fail(error)),
            // What came before the failure is delivered first.
            Err(error) => {
                self.state = State::Failed(error);
                Ok(())
            }
        }
    }

    /// After bytes went past `ready`: a body whose length is known ends with its last byte.
    fn conclude(&mut self) {
        if let State::Live(live) = &mut self.state
            && live.conclude()
        {
            self.state = State::Done;
        }
    }

    /// Whether the body itself failed, so that later reads say the same.
    pub(crate) fn is_failed(&self, error: &Error) -> bool {
        matches!(&self.state, State::Failed(own) if own.kind() == error.kind())
    }

    fn fail(&mut self, error: Error) -> Error {
        self.state = State::Failed(error.clone());
        error
    }
}
