//! A response: its head, and a body that is either here already or read from the connection.

mod body;
pub(crate) mod charset;
mod coded;

use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use keepalive_proto::{Fields, ResponseHead, Version};

use crate::drive::history::{History, Hop};
use crate::drive::info::{Info, Marks, Timings};
use crate::drive::redirect::next::next_request;
use crate::drive::reply::{Extras, Reply, State};
use crate::drive::wait::blocking::{Blocking, BlockingWait, run};
use crate::error::{Error, Result};
use crate::net::space::Space;
use crate::net::tls::info::TlsInfo;
use crate::request::redirect_hook::RedirectQuestion;
use crate::stream::UpgradedStream;

/// How far `submit` goes before it completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// At the response head. A body that had come with it is already there
    /// ([`Response::is_complete`]).
    Head,
    /// At the end of the body.
    Body,
    /// At the head when more than so many bytes are still to come after it, and it says how many
    /// ([`Response::remaining`]); else at the end of the body.
    SmallBody(u64),
}

/// A response. Dropping it with an unread body gives the connection back by the drain rule
/// (up to 256 KiB or 50 ms on the engine's thread, else closed).
pub struct Response {
    /// Apart, since a response changes hands many times.
    reply: Box<Reply>,
}

impl From<Box<Reply>> for Response {
    #[inline]
    fn from(reply: Box<Reply>) -> Response {
        Response { reply }
    }
}

impl From<&Hop> for Response {
    /// A response without a body.
    fn from(hop: &Hop) -> Response {
        Response { reply: Reply::of_hop(hop) }
    }
}

impl From<&ResponseHead> for Response {
    /// A response without a body, of which no more than its head is known.
    fn from(head: &ResponseHead) -> Response {
        let reply = Reply::of_head(head.clone(), "".into(), Marks::at(Instant::now()));
        Response { reply: Box::new(reply) }
    }
}

impl From<&RedirectQuestion> for Response {
    /// A response without a body, of which no more than its head is known.
    fn from(question: &RedirectQuestion) -> Response {
        let (head, url) = (question.head().clone(), question.url().clone());
        let reply = Reply::of_head(head, url, Marks::at(Instant::now()));
        Response { reply: Box::new(reply) }
    }
}

impl Response {
    /// 100 to 999.
    pub fn status(&self) -> u16 {
        self.reply.status()
    }

    /// The reason phrase as sent, may be empty.
    pub fn reason(&self) -> &[u8] {
        self.reply.head.reason()
    }

    /// 1.0 or 1.1.
    pub fn version(&self) -> Version {
        self.reply.head.version
    }

    /// Header fields in the order, case and number they came in.
    pub fn headers(&self) -> &Fields {
        self.reply.headers()
    }

    /// Trailer fields, once the body has been read to its end and if there were any.
    pub fn trailers(&self) -> Option<&Fields> {
        self.reply.trailers.as_ref()
    }

    /// The URL this response is from, after redirects; no userinfo, no fragment.
    pub fn url(&self) -> &str {
        let url = &*self.reply.url;
        url.split_once('#').map_or(url, |(url, _)| url)
    }

    /// The URL that was answered with its fragment, which redirects inherit (RFC 9110 10.2.2).
    pub fn url_with_fragment(&self) -> &str {
        &self.reply.url
    }

    /// How the exchange went, as far as it has come.
    pub fn info(&self) -> Info {
        self.reply.info()
    }

    /// Whether its connection had carried a response before, which [`Response::info`] has too.
    pub fn reused(&self) -> bool {
        self.reply.info.reused
    }

    /// The number of its connection, which [`Response::info`] has too.
    pub fn connection_id(&self) -> u64 {
        self.reply.info.connection_id
    }

    /// The 1xx heads that came before it, such as 103 (Early Hints), in their order. The limits of a head
    /// hold for all of them together.
    pub fn informational(&self) -> &[ResponseHead] {
        self.extras().and_then(|extras| extras.informational.as_deref()).map_or(&[], Vec::as_slice)
    }

    fn extras(&self) -> Option<&Extras> {
        self.reply.extras.as_deref()
    }

    fn led(&self) -> Option<&History> {
        self.extras()?.history.as_ref()
    }

    /// The answers that led here, the first one first; the last 64 of them: redirects that were followed, and
    /// those that asked for credentials (401, and 407 of a proxy that forwards) and got them.
    pub fn history(&self) -> &[Arc<Hop>] {
        self.led().map_or(&[], History::hops)
    }

    /// The method of the request that was answered in the end, if others led to it.
    pub fn followed_method(&self) -> Option<&str> {
        self.led().map(|history| &*history.method)
    }

    /// Method and URL (without userinfo, with its fragment) of the request that this answer to `method`
    /// leads to, whether or not it was to be followed; `None` when it leads nowhere, or to what is no URL.
    pub fn next_request(&self, method: &str) -> Option<(String, String)> {
        let locations = self.headers().get_all(b"location");
        next_request((method, &self.reply.url), self.status(), locations)
    }

    /// How TLS was agreed on when the connection was opened; `None` without TLS.
    pub fn tls(&self) -> Option<&Arc<TlsInfo>> {
        self.reply.tls.as_ref()
    }

    /// Where its time went, as far as it has come.
    pub fn timings(&self) -> Timings {
        self.reply.timings()
    }

    /// Whether the whole body has arrived (it can be read without waiting).
    pub fn is_complete(&self) -> bool {
        matches!(self.reply.state, State::Done | State::Switched(_))
    }

    /// Takes the whole body if it has arrived, without waiting; `None` if more is to come.
    pub fn take_complete(&mut self) -> Option<Bytes> {
        self.is_complete().then(|| self.reply.ready.take_all())
    }

    /// Reads up to `buffer.len()` body bytes on this thread; 0 is the verified end.
    ///
    /// # Errors
    /// `BodyTruncated`, `InvalidChunk`, `ReadTimeout`, ... after the bytes that came before it.
    pub fn read(&mut self, buffer: &mut [u8], blocking: Blocking<'_>) -> Result<usize> {
        self.read_space(buffer.into(), blocking)
    }

    /// [`Response::read`] into memory that need not have been written: the first so many bytes have
    /// been, afterwards.
    ///
    /// # Errors
    /// As [`Response::read`]; nothing has been written then.
    pub fn read_uninit(
        &mut self,
        buffer: &mut [MaybeUninit<u8>],
        blocking: Blocking<'_>,
    ) -> Result<usize> {
        self.read_space(buffer.into(), blocking)
    }

    fn read_space(&mut self, mut space: Space<'_>, blocking: Blocking<'_>) -> Result<usize> {
        if space.left() == 0 {
            return Ok(0);
        }
        let count = run(self.read_into(&mut BlockingWait::new(blocking), &mut space));
        self.park();
        count
    }

    /// How many bytes of the body are still to be read, when that is known: not without
    /// Content-Length, and not when the body is decoded. They come, or a read fails.
    pub fn remaining(&mut self) -> Option<u64> {
        let to_come = self.left_to_read();
        self.park();
        to_come
    }

    /// [`Response::remaining`] of a body that is to be collected whole, to be asked before memory is
    /// taken for it.
    ///
    /// # Errors
    /// `BodyTooLarge` when it is known to exceed `max_body_size`.
    pub fn whole_size(&mut self) -> Result<Option<u64>> {
        let size = self.remaining();
        self.check_size(size.unwrap_or(0))?;
        Ok(size)
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
        let filled = filled.min(buffer.len());
        let (count, result) = self.fill(Space::from(&mut *buffer).behind(filled), blocking);
        match result {
            Ok(()) => Ok(count),
            Err(error) => Err(error.with_partial(Bytes::copy_from_slice(&buffer[..count]))),
        }
    }

    /// Fills memory that need not have been written until it is full or the body has ended, on this
    /// thread. Returns how many bytes of it, from the first on, have been written; also on failure,
    /// whose error has none of them ([`Error::with_partial`] adds them).
    ///
    /// # Errors
    /// As [`Response::read`].
    pub fn read_full_uninit(
        &mut self,
        buffer: &mut [MaybeUninit<u8>],
        blocking: Blocking<'_>,
    ) -> (usize, Result<()>) {
        self.fill(buffer.into(), blocking)
    }

    fn fill(&mut self, mut space: Space<'_>, blocking: Blocking<'_>) -> (usize, Result<()>) {
        let result = run(self.fill_space(&mut BlockingWait::new(blocking), &mut space));
        self.park();
        (space.filled(), result)
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
        let direct = match &mut self.reply.state {
            State::Live(live) => live.is_direct(),
            _ => false,
        };
        self.park();
        direct
    }

    /// How many body bytes [`Response::read_now`] would give; 0 when that is not known.
    pub fn at_hand_now(&mut self) -> usize {
        let count = match &mut self.reply.state {
            _ if !self.reply.ready.is_empty() => self.reply.ready.len(),
            State::Live(live) => live.at_hand_now(),
            _ => 0,
        };
        self.park();
        count
    }

    /// Reads what is here already, on any thread and without waiting; `None` when nothing is, or
    /// something else than bytes is next: then the engine is to read (`Client::submit_read`).
    pub fn read_now(&mut self, buffer: &mut [u8]) -> Option<Result<usize>> {
        self.space_now(buffer.into())
    }

    /// [`Response::read_now`] into memory that need not have been written: the first so many bytes
    /// have been, afterwards.
    pub fn read_now_uninit(&mut self, buffer: &mut [MaybeUninit<u8>]) -> Option<Result<usize>> {
        self.space_now(buffer.into())
    }

    fn space_now(&mut self, mut space: Space<'_>) -> Option<Result<usize>> {
        if space.left() == 0 {
            return None;
        }
        if !self.reply.ready.is_empty() {
            return Some(Ok(self.reply.ready.copy_to(&mut space)));
        }
        let State::Live(live) = &mut self.reply.state else { return None };
        let result = live.read_now(&mut space);
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

    /// The rest of the body. On failure the bytes that did come can still be read, except after
    /// `BodyTooLarge` (option `max_body_size`).
    pub fn read_all(&mut self, blocking: Blocking<'_>) -> Result<Bytes> {
        match self.is_complete() {
            true => self.check_size(self.reply.ready.len() as u64)?,
            false => run(self.collect(&mut BlockingWait::new(blocking)))?,
        }
        Ok(self.reply.ready.take_all())
    }

    /// After 101 or 2xx to CONNECT: the connection, which speaks another protocol from now on, with what
    /// was read beyond the head. It leaves its pool; once.
    ///
    /// # Errors
    /// `InvalidState` names the status when the answer did not switch; also when it was taken before, in
    /// a forked child, and when the server switched before it had the whole request.
    pub fn take_stream(&mut self) -> Result<UpgradedStream> {
        match std::mem::replace(&mut self.reply.state, State::Done) {
            State::Switched(switched) => Ok((*switched).detach()?.into()),
            other => {
                self.reply.state = other;
                Err(Error::state(match self.reply.switched {
                    true => "the response's stream was taken before, or closed".to_string(),
                    false => format!(
                        "the response has no stream: {} from {}, only 101 and 2xx to CONNECT have one",
                        self.status(),
                        self.url()
                    ),
                }))
            }
        }
    }

    /// Ends the response early: what is unread is dropped by the drain rule. Reading afterwards is
    /// `InvalidState`.
    pub fn close(&mut self) {
        self.reply.ready.clear();
        // One that nobody took the stream of closes its connection.
        if !self.is_complete() || matches!(self.reply.state, State::Switched(_)) {
            self.reply.state = State::Closed;
        }
    }
}
