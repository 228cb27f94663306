//! One accepted connection of the fault server, plain or TLS: reads and writes counted to the byte,
//! and ends as the plan says.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustls::ServerConnection;
use socket2::SockRef;

use crate::arrival::{ESTABLISHED, wait_until};
use crate::plan::End;

/// No client may leave the server waiting for longer.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Wire {
    pub socket: TcpStream,
    pub tls: Option<Box<ServerConnection>>,
    /// Received and not yet consumed.
    buffer: Vec<u8>,
}

/// A request: what it says it is, and its length.
pub struct Asked {
    pub id: String,
    pub length: usize,
}

impl Wire {
    pub fn new(socket: TcpStream, tls: Option<ServerConnection>) -> io::Result<Wire> {
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        Ok(Wire { socket, tls: tls.map(Box::new), buffer: Vec::new() })
    }

    pub fn peer(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }

    /// The TLS handshake, up to `limit` bytes of our side; whether it was completed.
    pub fn handshake(&mut self, mut limit: usize) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(true) };
        while tls.is_handshaking() || tls.wants_write() {
            if tls.wants_write() {
                let mut records = Vec::new();
                tls.write_tls(&mut records)?;
                let count = records.len().min(limit);
                self.socket.write_all(&records[..count])?;
                limit -= count;
                if limit == 0 {
                    return Ok(false);
                }
            } else if tls.read_tls(&mut self.socket)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            } else {
                tls.process_new_packets().map_err(io::Error::other)?;
            }
        }
        Ok(true)
    }

    /// Waits for a byte; on plain TCP without taking it.
    pub fn wait_for_byte(&mut self) -> io::Result<()> {
        let count = match self.tls {
            None => self.socket.peek(&mut [0])?,
            // It may have come with the end of the handshake.
            Some(_) => self.receive(1)?,
        };
        if count == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Receives at most `limit` bytes more (under TLS what a record holds); false at the end.
    fn fill(&mut self, limit: usize) -> io::Result<bool> {
        let mut chunk = vec![0; limit.min(64 << 10)];
        let count = match &mut self.tls {
            None => self.socket.read(&mut chunk)?,
            Some(tls) => match rustls::Stream::new(&mut **tls, &mut self.socket).read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
                other => other?,
            },
        };
        self.buffer.extend_from_slice(&chunk[..count]);
        Ok(count > 0)
    }

    /// Receives until `count` bytes are there or the stream ends; says how many are.
    pub fn receive(&mut self, count: usize) -> io::Result<usize> {
        while self.buffer.len() < count && self.fill(count - self.buffer.len())? {}
        Ok(self.buffer.len())
    }

    /// The next request, `None` at the end of the stream.
    pub fn request(&mut self) -> io::Result<Option<Asked>> {
        let head = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.fill(64 << 10)? {
                return Ok(None);
            }
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).into_owned();
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim().to_string())
        };
        let body = field("Content-Length:").map_or(0, |length| length.parse().expect("digits"));
        let length = head + body;
        if self.receive(length)? < length {
            return Ok(None);
        }
        self.buffer.drain(..length);
        Ok(Some(Asked { id: field("X-Id:").unwrap_or_default(), length }))
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let records = self.encrypt(bytes)?;
        self.socket.write_all(&records)
    }

    /// The bytes as they go over the wire.
    fn encrypt(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let Some(tls) = &mut self.tls else { return Ok(bytes.to_vec()) };
        tls.writer().write_all(bytes)?;
        self.pending()
    }

    fn pending(&mut self) -> io::Result<Vec<u8>> {
        let mut records = Vec::new();
        while let Some(tls) = self.tls.as_mut().filter(|tls| tls.wants_write()) {
            tls.write_tls(&mut records)?;
        }
        Ok(records)
    }

    /// Sends the first `limit` bytes of the records for `parts`; returns how many bytes of the parts
    /// whole records brought across.
    pub fn write_records(&mut self, parts: [&[u8]; 2], limit: usize) -> io::Result<usize> {
        let (mut sent, mut delivered) = (0, 0);
        for part in parts {
            let records = self.encrypt(part)?;
            let count = records.len().min(limit - sent);
            self.socket.write_all(&records[..count])?;
            sent += count;
            if count == records.len() {
                delivered += part.len();
            }
        }
        Ok(delivered)
    }

    /// A TLS record that carries no data.
    pub fn update_keys(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.refresh_traffic_keys().map_err(io::Error::other)?;
        }
        let records = self.pending()?;
        self.socket.write_all(&records)
    }

    /// Sends the ending. After a FIN what still comes is read until the client goes: closing with
    /// unread bytes would be a reset.
    pub fn end(mut self, end: End) -> io::Result<usize> {
        self.say_end(end)?;
        match end {
            End::Rst => Ok(self.buffer.len()),
            End::Fin { .. } => self.drain(),
        }
    }

    /// Sends the ending and waits until the client's kernel has it; the rest of the connection, if
    /// there is one.
    pub fn end_and_wait(mut self, end: End, here: SocketAddr) -> io::Result<Option<Wire>> {
        let client = self.peer()?;
        self.say_end(end)?;
        let rest = (end != End::Rst).then_some(self);
        wait_until(client, here, |seen| seen.is_none_or(|(state, _)| state != ESTABLISHED));
        Ok(rest)
    }

    /// Sends the ending and keeps the connection; a reset goes when it is dropped.
    fn say_end(&mut self, end: End) -> io::Result<()> {
        match end {
            // Sent when the socket is closed.
            End::Rst => SockRef::from(&self.socket).set_linger(Some(Duration::ZERO)),
            End::Fin { notify } => {
                if let Some(tls) = self.tls.as_mut().filter(|_| notify) {
                    tls.send_close_notify();
                    let records = self.pending()?;
                    // A client that was faster has closed; that is no fault.
                    let _ = self.socket.write_all(&records);
                }
                match self.socket.shutdown(Shutdown::Write) {
                    Err(error) if error.kind() != io::ErrorKind::NotConnected => Err(error),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Reads until the client goes; returns how many bytes are there in all.
    pub fn drain(&mut self) -> io::Result<usize> {
        loop {
            match self.fill(64 << 10) {
                Ok(true) => {}
                Ok(false) => return Ok(self.buffer.len()),
                // However it goes, as long as it goes.
                Err(error) if !is_timeout(&error) => return Ok(self.buffer.len()),
                Err(error) => return Err(error),
            }
        }
    }
}

pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
