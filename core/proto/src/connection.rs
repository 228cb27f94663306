#![allow(missing_docs, unused)]
use crate::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// no body: no framing field on GET/HEAD/..., `Content-Length: 0` on POST/PUT/PATCH (RFC 9110 8.6)
    None,
    Length(u64),
    /// chunked
    Unknown,
}

#[derive(Debug, Clone, Copy)]
pub struct Limits { pub head_bytes: usize, pub fields: usize }

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eof {
    /// FIN on plain TCP, close_notify on TLS
    Clean,
    /// TLS without close_notify, or a reset
    Abrupt,
}

#[derive(Debug)]
pub enum Event<'a> {
    Informational(ResponseHead),
    Head(ResponseHead),
    Data(&'a [u8]),
    Trailers(Fields),
    /// the verified end of the response, exactly once
    End,
}

/// SendState x RecvState. Lives as long as the socket; sends while it receives.
pub struct Connection {}

impl Connection {
    pub fn new(limits: Limits) -> Self { todo!() }

    // ---- commands
    /// Starts a request. Error if not idle (`reuse()` must have been Ok) or `head.check(body)` fails.
    /// Serialises the head into the transmit buffer.
    pub fn start(&mut self, head: &RequestHead, body: RequestBody) -> Result<(), LocalError> { todo!() }
    /// Copies as much of `data` as fits the transmit buffer (64 KiB), framed; returns bytes taken.
    /// Once the response is complete or broken (early response) takes nothing: see `send_stopped`.
    pub fn send_data(&mut self, data: &[u8]) -> Result<usize, LocalError> { todo!() }
    /// Ends the body (last chunk). Error if the declared length was not reached. Not needed for RequestBody::None.
    pub fn send_end(&mut self) -> Result<(), LocalError> { todo!() }
    /// an early final response came: the rest of the upload is pointless (stop when true)
    pub fn send_stopped(&self) -> bool { todo!() }
    /// the whole request has been handed to the transport
    pub fn send_done(&self) -> bool { todo!() }

    // ---- outputs to the transport
    /// bytes to write now, None when there is nothing
    pub fn poll_transmit(&self) -> Option<&[u8]> { todo!() }
    pub fn transmitted(&mut self, n: usize) { todo!() }

    // ---- inputs from the transport
    /// Receive buffer with at least `min` spare capacity: append to it, then call `received(n)`.
    /// Must not be zeroed or re-allocated when it already has room.
    pub fn receive_space(&mut self, min: usize) -> &mut Vec<u8> { todo!() }
    pub fn received(&mut self, n: usize) { todo!() }
    pub fn received_eof(&mut self, how: Eof) { todo!() }

    // ---- outputs to the caller
    pub fn poll_event(&mut self) -> Result<Option<Event<'_>>, RemoteError> { todo!() }
    /// For large bodies: when the receive buffer is empty and the framing is Length or
    /// CloseDelimited, how many body bytes may be read straight into the caller's memory.
    pub fn direct_body(&self) -> Option<u64> { todo!() }
    /// `n` body bytes went straight to the caller
    pub fn received_direct(&mut self, n: u64) { todo!() }
    /// framing of the current response, once its head was delivered
    pub fn body_framing(&self) -> Option<BodyFraming> { todo!() }
    /// body bytes still to come, if known
    pub fn body_remaining(&self) -> Option<u64> { todo!() }
    /// bytes buffered but not yet delivered
    pub fn buffered(&self) -> usize { todo!() }
    /// has any byte of the current response arrived?
    pub fn response_started(&self) -> bool { todo!() }
    pub fn response_done(&self) -> bool { todo!() }

    // ---- between exchanges
    /// The only keep-alive decision in the product.
    pub fn reuse(&self) -> Result<(), CloseReason> { todo!() }
    pub fn keep_alive_hint(&self) -> KeepAliveHint { todo!() }
    /// (Done, Done) and reuse() ok -> (Idle, Idle). Error otherwise.
    pub fn recycle(&mut self) -> Result<(), CloseReason> { todo!() }
    /// Frees buffers of an idle connection (idle memory).
    pub fn shrink(&mut self) { todo!() }
    /// after 101: bytes that followed the head belong to the new protocol
    pub fn take_switched(&mut self) -> Vec<u8> { todo!() }
}
