//! The machine of one connection: every transition of its two halves happens in this file.
//!
//! Sending and receiving are separate, because a response may come while the request is sent:
//!
//! | half    | state     | on                                    | goes to |
//! |---------|-----------|---------------------------------------|---------|
//! | send    | Idle      | start                                 | Body    |
//! | send    | Body      | final head >= 300 before it is sent   | Stopped |
//! | send    | Body      | end of a response before it is sent   | Stopped |
//! | send    | Body      | stop_sending before it is sent        | Stopped |
//! | send    | Body      | recycle, when sent to the last byte   | Idle    |
//! | receive | Idle      | start                                 | Head    |
//! | receive | Head      | 1xx head                              | Head    |
//! | receive | Head      | final head, or 101 asked for          | Body    |
//! | receive | Head      | end of stream, or a broken rule       | Failed  |
//! | receive | Body      | last byte of the body                 | Done    |
//! | receive | Body      | last byte of the trailers             | End     |
//! | receive | Body      | end of stream before it, broken rule  | Failed  |
//! | receive | End       | Event::End delivered                  | Done    |
//! | receive | Done      | recycle, when `reuse()` allows it     | Idle    |
//! | receive | Done      | follow, by a request that was sent    | Head    |
//!
//! A request without a body is in send state Body with nothing left to encode. Failed and Stopped
//! are final: the connection can only be dropped. The end of the stream is remembered and takes
//! effect when every byte before it has been read.

mod ahead;
mod direct;
mod upload;

use crate::body::{BodyDecoder, BodyEncoder};
use crate::chunked::Chunk;
use crate::error::{LocalError, RemoteError};
use crate::event::{Eof, Event, Limits, RequestBody};
use crate::facts::Facts;
use crate::fields::Fields;
use crate::framing::{BodyFraming, Framing, RequestFacts, response_framing};
use crate::head::{HeadParser, ResponseHead, Version};
use crate::persist::{CloseReason, KeepAliveHint, exchange_allows_reuse};
use crate::request_head::RequestHead;
use crate::start::{Start, serialise};

pub use ahead::Ahead;

#[derive(Debug)]
enum SendState {
    Idle,
    Body(BodyEncoder),
    Stopped,
}

#[derive(Debug)]
enum RecvState {
    Idle,
    Head,
    Body(BodyDecoder),
    End,
    Done,
    Failed(RemoteError),
}

/// Most bytes waiting in the transmit buffer before `send_data` takes no more.
const TRANSMIT_CAP: usize = 64 * 1024;
/// First allocation of the receive buffer: a head and a small body.
const RECEIVE_INITIAL: usize = 2 * 1024;
/// Most of it that is kept from exchange to exchange.
const RECEIVE_KEPT: usize = 16 * 1024;

/// One HTTP/1.x connection, client side. Lives as long as the socket; sends while it receives.
#[derive(Debug)]
pub struct Connection {
    limits: Limits,
    send: SendState,
    recv: RecvState,
    request: RequestFacts,
    /// Bytes to transmit, those before `tx_pos` being gone.
    tx: Vec<u8>,
    tx_pos: usize,
    /// Bytes received, those before `rx_pos` being consumed.
    rx: Vec<u8>,
    rx_pos: usize,
    eof: Option<Eof>,
    started: bool,
    parser: HeadParser,
    /// Of the current response, once its head was delivered.
    framing: Option<Framing>,
    version: Version,
    facts: Facts,
}

impl Connection {
    /// A machine for a newly opened connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: limits.capped(),
            send: SendState::Idle,
            recv: RecvState::Idle,
            request: RequestFacts::default(),
            tx: Vec::new(),
            tx_pos: 0,
            rx: Vec::new(),
            rx_pos: 0,
            eof: None,
            started: false,
            parser: HeadParser::default(),
            framing: None,
            version: Version::Http11,
            facts: Facts::default(),
        }
    }

    // ---- commands

    /// Starts a request: serialises its head into the transmit buffer.
    ///
    /// # Errors
    /// `InvalidState` if the connection is not idle or may not be used again; what
    /// `RequestHead::check` finds. Nothing has changed then.
    pub fn start(&mut self, head: &RequestHead, body: RequestBody) -> Result<(), LocalError> {
        self.start_with(head, body, &Start::default())
    }

    /// Starts a request as [`Connection::start`] does, as `how` says.
    ///
    /// # Errors
    /// Those of [`Connection::start`].
    pub fn start_with(
        &mut self,
        head: &RequestHead,
        body: RequestBody,
        how: &Start<'_>,
    ) -> Result<(), LocalError> {
        if !matches!((&self.send, &self.recv), (SendState::Idle, RecvState::Idle)) {
            return Err(LocalError::InvalidState("start: the connection is not idle"));
        }
        if self.reuse().is_err() {
            return Err(LocalError::InvalidState("start: bytes or the end came while idle"));
        }
        self.tx.clear();
        self.tx_pos = 0;
        let (body, request) = serialise(head, body, how, &mut self.tx)?;
        self.request = RequestFacts { asks: how.asks, ..request };
        self.parser = HeadParser::default();
        self.framing = None;
        self.facts = Facts::default();
        self.started = false;
        self.send = SendState::Body(BodyEncoder::new(body));
        self.recv = RecvState::Head;
        Ok(())
    }

    /// Copies as much of `data` as fits the transmit buffer (64 KiB), framed; returns bytes taken.
    /// 0 means: transmit first, or the upload is over (`send_stopped`).
    ///
    /// # Errors
    /// `BodyLengthMismatch` if `data` goes beyond the declared length (nothing of it is taken);
    /// `InvalidState` without a request, or after the end of a chunked body.
    pub fn send_data(&mut self, data: &[u8]) -> Result<usize, LocalError> {
        if self.send_stopped() {
            return Ok(0);
        }
        let SendState::Body(encoder) = &mut self.send else {
            return Err(LocalError::InvalidState("send_data: no request is being sent"));
        };
        let room = TRANSMIT_CAP.saturating_sub(self.tx.len() - self.tx_pos);
        if self.tx_pos > 0 && self.tx.len() + data.len().min(room) > self.tx.capacity() {
            self.tx.drain(..self.tx_pos);
            self.tx_pos = 0;
        }
        encoder.encode(data, room, &mut self.tx)
    }

    /// Ends the body (last chunk). Not needed for `RequestBody::None`, harmless when done twice or
    /// after `send_stopped`.
    ///
    /// # Errors
    /// `BodyLengthMismatch` if the declared length was not reached; `InvalidState` without a request.
    pub fn send_end(&mut self) -> Result<(), LocalError> {
        if self.send_stopped() {
            return Ok(());
        }
        let SendState::Body(encoder) = &mut self.send else {
            return Err(LocalError::InvalidState("send_end: no request is being sent"));
        };
        encoder.finish(b"", &mut self.tx)
    }

    /// The rest of the upload is pointless: a final response came early, or the peer broke off.
    pub fn send_stopped(&self) -> bool {
        matches!(self.send, SendState::Stopped)
            || (matches!(self.recv, RecvState::Failed(_)) && !self.send_done())
    }

    /// The whole request has been handed to the transport.
    pub fn send_done(&self) -> bool {
        matches!(&self.send, SendState::Body(encoder) if encoder.is_complete())
            && self.tx_pos == self.tx.len()
    }

    // ---- outputs to the transport

    /// Bytes to write now, None when there is nothing.
    pub fn poll_transmit(&self) -> Option<&[u8]> {
        if self.tx_pos == self.tx.len() || self.send_stopped() {
            return None;
        }
        self.tx.get(self.tx_pos..)
    }

    /// The transport took `n` of those bytes.
    pub fn transmitted(&mut self, n: usize) {
        self.tx_pos = self.tx_pos.saturating_add(n).min(self.tx.len());
        if self.tx_pos == self.tx.len() {
            self.tx.clear();
            self.tx_pos = 0;
        }
    }

    // ---- inputs from the transport

    /// The receive buffer with at least `min` bytes (and never none) of spare capacity: append to
    /// it, then call `received`. Allocated 2 KiB at first, never zeroed, kept while it has room.
    pub fn receive_space(&mut self, min: usize) -> &mut Vec<u8> {
        if self.rx_pos >= self.rx.len() {
            self.rx.clear();
            self.rx_pos = 0;
        }
        let min = min.max(1);
        if self.rx.capacity() - self.rx.len() < min && self.rx_pos > 0 {
            self.rx.drain(..self.rx_pos);
            self.rx_pos = 0;
        }
        if self.rx.capacity() == 0 {
            self.rx.reserve_exact(min.max(RECEIVE_INITIAL));
        }
        self.rx.reserve(min);
        &mut self.rx
    }

    /// `n` bytes were appended to the receive buffer.
    pub fn received(&mut self, n: usize) {
        self.started |= n > 0;
    }

    /// The stream ended; no byte follows. Only the first call counts.
    pub fn received_eof(&mut self, how: Eof) {
        self.eof.get_or_insert(how);
    }

    // ---- outputs to the caller

    /// What the bytes received so far mean; None when more are needed or nothing is expected.
    ///
    /// # Errors
    /// The peer's fault. Final: every later call returns the same one.
    pub fn poll_event(&mut self) -> Result<Option<Event<'_>>, RemoteError> {
        let step = match &self.recv {
            RecvState::Failed(error) => return Err(error.clone()),
            RecvState::Idle | RecvState::Done => return Ok(None),
            RecvState::Head => match self.poll_head() {
                Ok(None) => return Ok(None),
                Ok(Some(head)) if is_informational(head.status) => {
                    return Ok(Some(Event::Informational(head)));
                }
                Ok(Some(head)) => return Ok(Some(Event::Head(head))),
                Err(error) => Err(error),
            },
            RecvState::Body(_) => self.poll_body(),
            RecvState::End => {
                self.recv = RecvState::Done;
                Ok(Some(Step::End))
            }
        };
        match step {
            Ok(None) => Ok(None),
            Ok(Some(Step::Data(n))) => {
                Ok(Some(Event::Data(&self.rx[self.rx_pos - n..self.rx_pos])))
            }
            Ok(Some(Step::Trailers(fields))) => Ok(Some(Event::Trailers(fields))),
            Ok(Some(Step::End)) => Ok(Some(Event::End)),
            Err(error) => {
                self.recv = RecvState::Failed(error.clone());
                Err(error)
            }
        }
    }

    fn poll_head(&mut self) -> Result<Option<ResponseHead>, RemoteError> {
        let bytes = self.rx.get(self.rx_pos..).unwrap_or_default();
        let Some(parsed) = self.parser.advance(bytes, &self.limits)? else {
            let received = self.parser.used() + bytes.len();
            return match self.eof {
                None => Ok(None),
                Some(_) if !self.started => Err(RemoteError::Closed),
                Some(_) => Err(RemoteError::HeadTruncated { received }),
            };
        };
        let status = parsed.head.status;
        if is_informational(status) {
            self.rx_pos += parsed.len;
            self.parser.next_head(parsed.len);
            // "Go on" is no part of an answer.
            self.started = !self.request.asks || status != 100 || self.buffered() > 0;
            return Ok(Some(parsed.head));
        }
        let version = parsed.head.version;
        let framing = {
            let fields = &parsed.head.fields;
            response_framing(self.request, status, version, &parsed.facts, fields)?
        };
        self.rx_pos += parsed.len;
        self.version = version;
        self.facts = parsed.facts;
        self.framing = Some(framing);
        self.recv = RecvState::Body(BodyDecoder::new(framing.body));
        if status >= 300 {
            self.stop_upload();
        }
        Ok(Some(parsed.head))
    }

    /// An answer that needs no more of the request: a refusal or redirect at its head, any other at
    /// its end. A success that is still coming may be made of what is still being sent (an echo).
    fn stop_upload(&mut self) {
        if !self.send_done() {
            self.send = SendState::Stopped;
        }
    }

    fn poll_body(&mut self) -> Result<Option<Step>, RemoteError> {
        let RecvState::Body(decoder) = &mut self.recv else {
            return Ok(None);
        };
        let bytes = self.rx.get(self.rx_pos..).unwrap_or_default();
        let (consumed, chunk) = decoder.advance(bytes, &self.limits)?;
        self.rx_pos += consumed;
        match chunk {
            Chunk::Data(n) => Ok(Some(Step::Data(n))),
            Chunk::End(Some(trailers)) => {
                self.recv = RecvState::End;
                self.stop_upload();
                Ok(Some(Step::Trailers(trailers)))
            }
            Chunk::End(None) => {
                self.recv = RecvState::Done;
                self.stop_upload();
                Ok(Some(Step::End))
            }
            Chunk::More => match self.eof {
                None => Ok(None),
                Some(how) => {
                    decoder.finish(how)?;
                    self.recv = RecvState::Done;
                    self.stop_upload();
                    Ok(Some(Step::End))
                }
            },
        }
    }

    /// Framing of the current response, once its head was delivered.
    pub fn body_framing(&self) -> Option<BodyFraming> {
        self.framing.map(|framing| framing.body)
    }

    /// Body bytes not yet delivered, if known: with Content-Length or no body.
    pub fn body_remaining(&self) -> Option<u64> {
        match &self.recv {
            RecvState::Body(decoder) => decoder.remaining(),
            RecvState::End | RecvState::Done => Some(0),
            _ => None,
        }
    }

    /// Bytes received but not yet consumed.
    pub fn buffered(&self) -> usize {
        self.rx.len().saturating_sub(self.rx_pos)
    }

    /// Whether any byte of the current response has arrived.
    pub fn response_started(&self) -> bool {
        self.started
    }

    /// Whether the response was delivered to its verified end.
    pub fn response_done(&self) -> bool {
        matches!(self.recv, RecvState::Done)
    }

    // ---- between exchanges

    /// Whether the connection may carry another request: the only keep-alive decision in the
    /// product. Ok also for a new or recycled connection on which nothing has come since.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn reuse(&self) -> Result<(), CloseReason> {
        if !matches!(self.recv, RecvState::Idle) {
            self.ended_well()?;
        }
        if self.buffered() > 0 {
            return Err(CloseReason::ExtraBytes);
        }
        if self.eof.is_some() {
            return Err(CloseReason::PeerClosed);
        }
        Ok(())
    }

    /// Whether the exchange is over and nothing in it is against another one.
    #[inline(always)]
    fn ended_well(&self) -> Result<(), CloseReason> {
        match (&self.recv, self.framing) {
            (RecvState::Failed(_), _) => Err(CloseReason::Broken),
            (RecvState::Done, Some(framing)) if framing.switched => Err(CloseReason::Switched),
            _ if !self.send_done() => Err(CloseReason::RequestUnfinished),
            (RecvState::Done, Some(framing)) => {
                exchange_allows_reuse(self.request, self.version, &self.facts, framing)
            }
            _ => Err(CloseReason::ResponseUnfinished),
        }
    }

    /// `Keep-Alive` parameters of the last response.
    pub fn keep_alive_hint(&self) -> KeepAliveHint {
        self.facts.hint
    }

    /// Makes the connection idle after an exchange, ready for `start`.
    ///
    /// # Errors
    /// The reason `reuse` gives; nothing has changed then.
    pub fn recycle(&mut self) -> Result<(), CloseReason> {
        self.reuse()?;
        self.send = SendState::Idle;
        self.recv = RecvState::Idle;
        self.started = false;
        if self.rx.capacity() > RECEIVE_KEPT && self.buffered() == 0 {
            self.rx = Vec::new();
            self.rx_pos = 0;
        }
        Ok(())
    }

    /// Frees the empty buffers of an idle connection; the next exchange allocates them again.
    pub fn shrink(&mut self) {
        if self.buffered() == 0 {
            self.rx = Vec::new();
            self.rx_pos = 0;
        }
        if self.tx_pos == self.tx.len() {
            self.tx = Vec::new();
            self.tx_pos = 0;
        }
    }

    /// Whether the answer was 101 or 2xx to CONNECT: the connection speaks another protocol now.
    pub fn is_switched(&self) -> bool {
        self.framing.is_some_and(|framing| framing.switched)
    }

    /// After 101 or 2xx to CONNECT: the bytes behind the head, which belong to the new protocol.
    /// Empty in every other state.
    pub fn take_switched(&mut self) -> Vec<u8> {
        if !self.is_switched() {
            return Vec::new();
        }
        let bytes = self.rx.split_off(self.rx_pos.min(self.rx.len()));
        self.rx.clear();
        self.rx_pos = 0;
        bytes
    }
}

/// A 1xx head that a final one follows; 101 is final.
fn is_informational(status: u16) -> bool {
    status < 200 && status != 101
}

/// An event; its data stands in the receive buffer, before `rx_pos`.
enum Step {
    Data(usize),
    Trailers(Fields),
    End,
}

#[cfg(test)]
mod tests;
