//! One accepted connection: a blocking byte stream, plain or TLS, and the ways to end it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use rustls::{ServerConnection, Stream};
use socket2::SockRef;

use crate::facts::latin1;
use crate::request::{Framing, parse_chunk_size, parse_field};
use crate::state::{GateTicket, PEER_CHECK, Shared, State};

/// How the origin ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// FIN, under TLS after a close_notify if `notify`. With `linger` what the peer still sends is
    /// read until it closes too; otherwise the kernel would answer it with a RST, which can
    /// overtake the response.
    Fin { notify: bool, linger: bool },
    /// RST at once.
    Reset,
}

/// What the origin does when the connection has been idle.
pub(crate) struct IdlePlan {
    pub trigger: Trigger,
    pub action: IdleAction,
}

pub(crate) enum Trigger {
    After(Duration),
    Gate(GateTicket),
}

#[derive(Clone, Copy)]
pub(crate) enum IdleAction {
    End(Ending),
    /// Sends an unasked response, then ends in that way or stays open.
    Stray(Option<Ending>),
}

/// Why serving stops.
pub(crate) enum Failure {
    /// The peer went away, or the origin stops.
    Gone,
    /// The peer broke a rule of HTTP.
    Malformed(String),
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// How long a lingering close waits for the peer to close.
const LINGER: Duration = Duration::from_secs(5);
const HEAD_LIMIT: usize = 1 << 20;
const LINE_LIMIT: usize = 64 << 10;

pub(crate) struct Connection {
    pub shared: Arc<Shared>,
    /// From 1 in order of acceptance.
    pub number: u64,
    /// Requests read on it so far.
    pub requests: u64,
    /// What the first request with an `X-Owner` field said.
    pub owner: Option<String>,
    pub idle_plan: Option<IdlePlan>,
    socket: Arc<TcpStream>,
    tls: Option<Box<ServerConnection>>,
    /// Bytes received and not consumed.
    buffer: Vec<u8>,
}

impl Connection {
    pub fn new(
        shared: Arc<Shared>,
        number: u64,
        socket: Arc<TcpStream>,
        tls: Option<ServerConnection>,
    ) -> Self {
        let tls = tls.map(Box::new);
        Self {
            shared,
            number,
            requests: 0,
            owner: None,
            idle_plan: None,
            socket,
            tls,
            buffer: Vec::new(),
        }
    }

    pub fn tls(&self) -> Option<&ServerConnection> {
        self.tls.as_deref()
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut socket = &*self.socket;
        match &mut self.tls {
            None => socket.write_all(bytes)?,
            Some(tls) => {
                let mut stream = Stream::new(&mut **tls, &mut socket);
                stream.write_all(bytes)?;
                stream.flush()?;
            }
        }
        self.shared.bytes_sent.fetch_add(bytes.len() as u64, Relaxed);
        Ok(())
    }

    /// Sends TLS records that carry no data (RFC 8446 4.6.3); false on a plain connection.
    pub fn update_keys(&mut self) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(false) };
        for _ in 0..100 {
            tls.refresh_traffic_keys().map_err(io::Error::other)?;
        }
        while tls.wants_write() {
            tls.write_tls(&mut &*self.socket)?;
        }
        Ok(true)
    }

    /// Appends what comes next to the buffer; `Gone` at the end of the stream.
    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 << 10];
        let mut socket = &*self.socket;
        let count = match &mut self.tls {
            None => socket.read(&mut chunk)?,
            Some(tls) => Stream::new(&mut **tls, &mut socket).read(&mut chunk)?,
        };
        self.buffer.extend_from_slice(&chunk[..count]);
        if count == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Like `fill`, waiting at most `limit`; false when it passed.
    fn fill_within(&mut self, limit: Duration) -> io::Result<bool> {
        self.socket.set_read_timeout(Some(limit.max(Duration::from_millis(1))))?;
        let filled = self.fill();
        self.socket.set_read_timeout(None)?;
        match filled {
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// The next request head with its empty line.
    pub fn read_head(&mut self) -> Result<Vec<u8>, Failure> {
        let mut searched = 0;
        loop {
            let unseen = &self.buffer[searched..];
            if let Some(at) = unseen.windows(4).position(|window| window == b"\r\n\r\n") {
                return Ok(self.buffer.drain(..searched + at + 4).collect());
            }
            // A peer that does not speak HTTP never sends the empty line: judge by what is there.
            if self.buffer.first().is_some_and(|b| !b.is_ascii_graphic()) {
                return Err(Failure::Malformed("a request starts with no method".into()));
            }
            if self.buffer.len() > HEAD_LIMIT {
                return Err(Failure::Malformed("a request head over 1 MiB".into()));
            }
            searched = self.buffer.len().saturating_sub(3);
            self.fill()?;
        }
    }

    /// Reads a request body to its end, giving each piece to `sink`; returns the trailers.
    pub fn read_body(
        &mut self,
        framing: Framing,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Vec<(String, String)>, Failure> {
        match framing {
            Framing::None => return Ok(Vec::new()),
            Framing::Length(length) => {
                self.read_exactly(length, sink)?;
                return Ok(Vec::new());
            }
            Framing::Chunked => {}
        }
        loop {
            let line = self.read_line()?;
            let size = parse_chunk_size(&line).map_err(Failure::Malformed)?;
            if size == 0 {
                break;
            }
            self.read_exactly(size, sink)?;
            if !self.read_line()?.is_empty() {
                return Err(Failure::Malformed("chunk data is not followed by CRLF".into()));
            }
        }
        let mut trailers = Vec::new();
        loop {
            let line = self.read_line()?;
            if line.is_empty() {
                return Ok(trailers);
            }
            trailers.push(parse_field(&line).map_err(Failure::Malformed)?);
        }
    }

    fn read_exactly(&mut self, length: u64, sink: &mut dyn FnMut(&[u8])) -> Result<(), Failure> {
        let mut left = length;
        while left > 0 {
            if self.buffer.is_empty() {
                self.fill()?;
            }
            let count = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            sink(&self.buffer[..count]);
            self.buffer.drain(..count);
            left -= count as u64;
        }
        Ok(())
    }

    /// A line without its CRLF.
    fn read_line(&mut self) -> Result<Vec<u8>, Failure> {
        loop {
            if let Some(at) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=at).collect();
                return match line.strip_suffix(b"\r\n") {
                    Some(line) if !line.contains(&b'\r') => Ok(line.to_vec()),
                    _ => Err(Failure::Malformed(format!("bare CR or LF in {:?}", latin1(&line)))),
                };
            }
            if self.buffer.len() > LINE_LIMIT {
                return Err(Failure::Malformed("a line over 64 KiB in a chunked body".into()));
            }
            self.fill()?;
        }
    }

    /// Waits until `ready` holds (true) or `limit` passed (false); an error when the peer has gone
    /// or the origin stops.
    pub fn wait(&mut self, limit: Duration, ready: impl Fn(&State) -> bool) -> io::Result<bool> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.shared.wait(left.min(PEER_CHECK), &ready) {
                return Ok(true);
            }
            self.check_peer()?;
            if left.is_zero() {
                return Ok(false);
            }
        }
    }

    /// Fails when the peer has closed. What it sent meanwhile stays in the buffer.
    fn check_peer(&mut self) -> io::Result<()> {
        if self.shared.lock().stopping {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        if self.buffer.len() > LINE_LIMIT {
            return Ok(());
        }
        self.socket.set_nonblocking(true)?;
        let filled = self.fill();
        self.socket.set_nonblocking(false)?;
        match filled {
            Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(()),
            other => other,
        }
    }

    /// Sends back what comes, until the peer's half ends or `limit` bytes have come.
    pub fn echo(&mut self, limit: u64) -> io::Result<()> {
        let mut left = limit;
        while left > 0 {
            if self.buffer.is_empty() {
                self.fill()?;
            }
            let buffer = std::mem::take(&mut self.buffer);
            left = left.saturating_sub(buffer.len() as u64);
            self.write(&buffer)?;
        }
        Ok(())
    }

    /// Sends nothing until the peer closes.
    pub fn stall(&mut self) {
        while self.fill().is_ok() {
            self.buffer.clear();
        }
    }

    /// Carries out the idle plan, if there is one; a request that comes first cancels it. The
    /// ticket is to be dropped with the connection closed: whoever opened the gate sees it done.
    pub fn idle(&mut self) -> Result<Option<(Ending, Option<GateTicket>)>, Failure> {
        let Some(plan) = self.idle_plan.take() else {
            return Ok(None);
        };
        match &plan.trigger {
            Trigger::After(limit) if limit.is_zero() => {}
            Trigger::After(limit) => {
                if !self.buffer.is_empty() || self.fill_within(*limit)? {
                    return Ok(None);
                }
            }
            Trigger::Gate(ticket) => {
                while !ticket.is_open(&self.shared.lock()) {
                    if !self.buffer.is_empty() || self.fill_within(Duration::from_millis(5))? {
                        return Ok(None);
                    }
                }
            }
        }
        let ending = match plan.action {
            IdleAction::End(ending) => Some(ending),
            IdleAction::Stray(ending) => {
                let stray = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\
                    Content-Length: 0\r\n\r\n";
                self.write(stray)?;
                ending
            }
        };
        let ticket = match plan.trigger {
            Trigger::After(_) => None,
            Trigger::Gate(ticket) => Some(ticket),
        };
        Ok(ending.map(|ending| (ending, ticket)))
    }

    /// Shuts the reading side: whatever comes from now on, nobody looks at it.
    pub fn shut(&mut self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Read)
    }

    /// Sends the ending. Errors do not matter: the peer may have been first.
    pub fn end(&mut self, ending: Ending) {
        match ending {
            Ending::Reset => {
                // Dropping the socket sends the RST; the connection must own it alone.
                let _ = SockRef::from(&*self.socket).set_linger(Some(Duration::ZERO));
                self.tls = None;
            }
            Ending::Fin { notify, linger } => {
                if let Some(tls) = self.tls.as_mut().filter(|_| notify) {
                    tls.send_close_notify();
                    while tls.wants_write() && tls.write_tls(&mut &*self.socket).is_ok() {}
                }
                let _ = self.socket.shutdown(Shutdown::Write);
                if linger {
                    self.drain_socket();
                }
            }
        }
    }

    /// Reads the raw socket until the peer closes, for a limited time.
    fn drain_socket(&mut self) {
        let deadline = Instant::now() + LINGER;
        let mut scratch = [0; 16 << 10];
        let mut socket = &*self.socket;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || socket.set_read_timeout(Some(left)).is_err() {
                return;
            }
            if !matches!(socket.read(&mut scratch), Ok(count) if count > 0) {
                return;
            }
        }
    }
}
