//! The bytes of a connection: the one place that reads from its socket and the one that writes to it.
//! What comes is told to the protocol machine at once, so that nobody else has to.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use keepalive_proto::{Connection as Machine, Eof};

use crate::net::outlet::Outlet;
use crate::net::socket::{Received, recv_space};
use crate::net::space::Space;
use crate::net::transport::Transport;

/// What lies between an exchange and its socket.
pub(crate) struct Wire {
    pub http: Machine,
    pub transport: Transport,
    /// Bytes the kernel took from us, TLS and all.
    pub written: u64,
    /// Bytes of requests that were handed over for that.
    pub sent: u64,
    /// Bytes that came, without TLS.
    pub received: u64,
    /// What is written behind the exchange at hand by others, if anybody does (pipelining).
    pub outlet: Option<Arc<Outlet>>,
}

impl Wire {
    /// Whether there is something to write.
    #[inline]
    pub fn wants_write(&self) -> bool {
        self.http.poll_transmit().is_some()
            || self.transport.wants_flush()
            || self.outlet.as_ref().is_some_and(|outlet| outlet.has_pending())
    }

    /// Whether everything of the request has left the process.
    #[inline]
    pub fn is_sent(&self) -> bool {
        self.http.send_done() && !self.transport.wants_flush()
    }

    /// One read of at least `room` bytes, told to the machine; whether it took all that was there,
    /// so that the next one would only be told to wait.
    #[inline]
    pub fn try_read(&mut self, fd: BorrowedFd<'_>, room: usize) -> io::Result<(Received, bool)> {
        let space = self.http.receive_space(room);
        let free = space.capacity() - space.len();
        let received = self.transport.read(fd, space)?;
        self.note(received);
        let drained =
            self.transport.is_plain() && matches!(received, Received::Bytes(count) if count < free);
        Ok((received, drained))
    }

    /// One read of body bytes, which are appended to `into`: past the machine where nothing stands
    /// between (`past`), and told to it.
    pub fn try_read_body(
        &mut self,
        fd: BorrowedFd<'_>,
        room: usize,
        past: Option<u64>,
        into: &mut Vec<u8>,
    ) -> io::Result<Received> {
        let Some(left) = past else { return Ok(self.try_read(fd, room)?.0) };
        into.reserve(room);
        let received = self.transport.read(fd, into)?;
        let Received::Bytes(count) = received else {
            note(&mut self.http, received);
            return Ok(received);
        };
        self.received += count as u64;
        let body = usize::try_from(left).unwrap_or(usize::MAX).min(count);
        self.http.received_direct(body as u64);
        if body < count {
            // What was read but lies behind the body is the machine's.
            let beyond = into.len() - (count - body);
            self.http.receive_space(count - body).extend_from_slice(&into[beyond..]);
            self.http.received(count - body);
            into.truncate(beyond);
        }
        Ok(received)
    }

    /// One read of at most `most` body bytes straight into the caller's memory; 0 is the end of the
    /// stream, which the machine is not told of.
    pub fn try_read_past(
        &mut self,
        fd: BorrowedFd<'_>,
        to: &mut Space<'_>,
        most: usize,
    ) -> io::Result<usize> {
        let count = recv_space(fd, to, most)?;
        self.received += count as u64;
        self.http.received_direct(count as u64);
        Ok(count)
    }

    /// The socket ended where [`Wire::try_read_past`] said 0.
    pub fn ended(&mut self) {
        self.http.received_eof(Eof::Clean);
    }

    /// One write of what the machine has ready.
    #[inline]
    pub fn try_write(&mut self, fd: BorrowedFd<'_>) -> io::Result<usize> {
        let data = self.http.poll_transmit().unwrap_or_default();
        if data.is_empty()
            && let Some(outlet) = &self.outlet
            && outlet.has_pending()
        {
            return outlet.flush();
        }
        let taken = self.transport.write(fd, data, &[], &mut self.written)?;
        self.sent += taken as u64;
        self.http.transmitted(taken);
        Ok(taken)
    }

    /// One write of body bytes from where they are, behind what the machine has ready; how many of them
    /// were taken, how many bytes in all, and whether that filled the socket.
    pub fn try_write_past(
        &mut self,
        fd: BorrowedFd<'_>,
        body: &[u8],
    ) -> io::Result<(usize, usize, bool)> {
        let ready = self.http.poll_transmit().unwrap_or_default();
        let first = ready.len();
        let taken = self.transport.write(fd, ready, body, &mut self.written)?;
        self.sent += taken as u64;
        let of_body = taken.saturating_sub(first);
        self.http.transmitted(taken - of_body);
        self.http.sent_direct(of_body as u64);
        let filled = match self.transport.is_plain() {
            true => of_body < body.len(),
            false => self.transport.wants_flush(),
        };
        Ok((of_body, taken, filled))
    }

    /// Bytes of what came that the machine has been asked for: what is behind them is of no response
    /// yet.
    #[inline]
    pub fn consumed(&self) -> u64 {
        self.received.saturating_sub(self.http.buffered() as u64)
    }

    #[inline]
    fn note(&mut self, received: Received) {
        if let Received::Bytes(count) = received {
            self.received += count as u64;
        }
        note(&mut self.http, received);
    }
}

/// Tells the machine what a read brought.
#[inline]
pub(super) fn note(http: &mut Machine, received: Received) {
    match received {
        Received::Bytes(count) => http.received(count),
        Received::CleanEof => http.received_eof(Eof::Clean),
        Received::AbruptEof => http.received_eof(Eof::Abrupt),
    }
}
