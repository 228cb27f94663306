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

    /// The next piece of the body, of any size up to `max`; `None` is the verified end.
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
                Some(Ok(count)) => return Ok(count),
                Some(Err(error)) => return Err(self.fail(error)),
                None => self.receive(wait).await?,
            }
        }
        Ok(self.ready.copy_to(to))
    }

    pub(crate) async fn next_chunk<W: Wait>(
        &mut self,
        wait: &mut W,
        max: usize,
    ) -> Result<Option<Bytes>> {
        if self.ready.is_empty() {
            self.receive(wait).await?;
        }
        Ok(self.ready.take(max.max(1)))
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
        }
    }

    /// Waits for more body bytes; at the verified end the connection goes back at once, with the
    /// last bytes still in `ready`.
    async fn receive<W: Wait>(&mut self, wait: &mut W) -> Result<()> {
        match &mut self.state {
            State::Done => Ok(()),
            State::Failed(error) => Err(error.clone()),
            State::Closed => Err(Error::state("the response was closed")),
            State::Live(live) => {
                match live.receive(wait, self.ready.space(), &mut self.about.trailers).await {
                    Ok(Progress::Data) => Ok(()),
                    Ok(Progress::End) => {
                        if let State::Live(mut live) =
                            std::mem::replace(&mut self.state, State::Done)
                        {
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
