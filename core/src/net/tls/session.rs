//! A TLS session as a byte pump over a non-blocking socket.

use std::cell::RefCell;
use std::io::{self, BufRead, IoSlice, Read, Write};
use std::os::fd::BorrowedFd;

use rustls::ClientConnection;

use crate::net::socket::{Received, is_pause, recv, recv_into, send};

/// One TLS connection, client side.
pub(crate) struct TlsSession {
    connection: ClientConnection,
    /// What broke the protocol; told when what came before it has been read.
    failed: Option<rustls::Error>,
    /// The peer has said that it sends no more.
    closed: bool,
    /// Decrypted bytes that nobody has read yet.
    unread: usize,
    /// What went out with the handshake, kept until the server has said whether it took it; `None` when
    /// nothing may.
    early: Option<Vec<u8>>,
    /// It took it.
    was_early: bool,
    /// The peer takes nothing any more: it answered what went early and left, and what the handshake
    /// still has to say is for nobody.
    is_deaf: bool,
    /// The session that carries this one: TLS through a proxy to which TLS is spoken.
    below: Option<Box<TlsSession>>,
}

impl From<ClientConnection> for TlsSession {
    fn from(connection: ClientConnection) -> TlsSession {
        TlsSession {
            connection,
            failed: None,
            closed: false,
            unread: 0,
            early: None,
            was_early: false,
            is_deaf: false,
            below: None,
        }
    }
}

/// Reads of a socket that bring no data (tickets, key updates) before others are looked at again:
/// each brings up to 4 KiB.
const IDLE_READS: u32 = 16;

/// Most that is read from the socket at a time: four records.
const RECORDS_SIZE: usize = 64 * 1024;

thread_local! {
    /// Records as they came, between the socket and a session of this thread.
    static RECORDS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What a session reads from and writes to.
struct Carrier<'a> {
    fd: BorrowedFd<'a>,
    wire: &'a mut u64,
    below: Option<&'a mut TlsSession>,
}

impl Read for Carrier<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.below {
            None => recv_into(self.fd, buffer),
            Some(below) => below.read_some(self.fd, buffer),
        }
    }
}

impl Write for Carrier<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if let Some(below) = &mut self.below {
            return below.write(self.fd, &[IoSlice::new(data)], self.wire);
        }
        let count = send(self.fd, data)?;
        *self.wire += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TlsSession {
    /// What rustls knows of it.
    pub fn connection(&self) -> &ClientConnection {
        &self.connection
    }

    /// This session within another.
    pub fn over(mut self, below: Box<TlsSession>) -> TlsSession {
        self.below = Some(below);
        self
    }

    /// Whether a request can travel with the handshake, which is left open then.
    pub fn opens_early(&mut self) -> bool {
        if self.below.is_none() && self.connection.early_data().is_some() {
            self.early = Some(Vec::new());
        }
        self.early.is_some()
    }

    /// How many bytes can still go out with the handshake.
    pub fn early_room(&mut self) -> usize {
        match self.early {
            Some(_) => self.connection.early_data().map_or(0, |writer| writer.bytes_left()),
            None => 0,
        }
    }

    /// Whether the server took what went out with the handshake.
    pub fn was_early(&self) -> bool {
        self.was_early
    }

    /// The server's word on early data: what it did not take is sent now.
    fn end_early(&mut self) -> io::Result<()> {
        if self.connection.is_handshaking() {
            return Ok(());
        }
        let Some(sent) = self.early.take().filter(|sent| !sent.is_empty()) else { return Ok(()) };
        self.was_early = self.connection.is_early_data_accepted();
        match self.was_early {
            true => Ok(()),
            false => self.connection.writer().write_all(&sent),
        }
    }

    pub fn wants_write(&self) -> bool {
        let below = || self.below.as_ref().is_some_and(|below| below.wants_write());
        !self.is_deaf && (self.connection.wants_write() || below())
    }

    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// One step of the handshake in the given direction.
    pub fn handshake_read(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        let count = self.pull(fd)?;
        self.failure()?;
        match count {
            0 => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the peer closed the connection"))
            }
            _ => Ok(()),
        }
    }

    /// Hands pending records to the kernel.
    pub fn flush(&mut self, fd: BorrowedFd<'_>, wire: &mut u64) -> io::Result<()> {
        while self.connection.wants_write() {
            let below = self.below.as_deref_mut();
            if self.connection.write_tls(&mut Carrier { fd, wire, below })? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        match &mut self.below {
            None => Ok(()),
            Some(below) => below.flush(fd, wire),
        }
    }

    /// Whether something is to be told that has left the socket: the end, or a failure. Data has been
    /// handed over by the read that brought it, but for what a session below still has.
    pub fn holds(&self) -> bool {
        self.closed
            || self.failed.is_some()
            || self.below.as_ref().is_some_and(|below| below.unread > 0 || below.holds())
    }

    /// One read of at most so many decrypted bytes, as a socket would give them; 0 is the end.
    fn read_some(&mut self, fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        for _ in 0..IDLE_READS {
            match self.connection.reader().read(buffer) {
                Ok(count) => {
                    self.unread = self.unread.saturating_sub(count);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Ends without a close_notify are for the session above, which has its own.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                Err(error) => return Err(error),
            }
            self.failure()?;
            self.pull(fd)?;
        }
        Err(io::ErrorKind::Interrupted.into())
    }

    fn failure(&self) -> io::Result<()> {
        match &self.failed {
            Some(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error.clone())),
            None => Ok(()),
        }
    }

    fn pull(&mut self, fd: BorrowedFd<'_>) -> io::Result<usize> {
        let mut wire = 0;
        let below = self.below.as_deref_mut();
        let count = self.connection.read_tls(&mut Carrier { fd, wire: &mut wire, below })?;
        self.process(fd);
        if self.early.is_some() {
            self.end_early()?;
        }
        Ok(count)
    }

    /// Decrypts what was read.
    fn process(&mut self, fd: BorrowedFd<'_>) {
        match self.connection.process_new_packets() {
            Ok(state) => {
                self.closed = state.peer_has_closed();
                self.unread = state.plaintext_bytes_to_read();
            }
            Err(error) => {
                self.failed = Some(error);
                // The alert that names our reason is best effort.
                let _ = self.flush(fd, &mut 0);
            }
        }
    }

    fn plaintext(&mut self, into: &mut Vec<u8>) -> io::Result<Option<Received>> {
        let before = into.len();
        let end = self.take_plaintext(into);
        match (into.len() - before, end) {
            (0, Ok(())) => Ok(Some(Received::CleanEof)),
            (0, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            (0, Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Ok(Some(Received::AbruptEof))
            }
            (0, Err(error)) => Err(error),
            (count, _) => Ok(Some(Received::Bytes(count))),
        }
    }

    /// All plaintext that is there after at most a few reads of the socket; `Interrupted` when those
    /// brought none and there is more.
    pub fn read(&mut self, fd: BorrowedFd<'_>, into: &mut Vec<u8>) -> io::Result<Received> {
        for _ in 0..IDLE_READS {
            if let Some(received) = self.plaintext(into)? {
                return Ok(received);
            }
            self.failure()?;
            let got = self.pull_much(fd, into)?;
            if self.wants_write() {
                // Answers to key updates go out with the next write if not now. A failure shows there
                // too; what was received before it is still to be read.
                let failed = self.flush(fd, &mut 0).err();
                self.is_deaf |= failed.is_some_and(|error| !is_pause(&error));
            }
            if got > 0 {
                return Ok(Received::Bytes(got));
            }
        }
        match self.plaintext(into)? {
            Some(received) => Ok(received),
            None => Err(io::ErrorKind::Interrupted.into()),
        }
    }

    /// One read of the socket, of many records if they are there: rustls by itself asks for a quarter of
    /// one at a time. How much plaintext it brought; none of it is kept here.
    fn pull_much(&mut self, fd: BorrowedFd<'_>, into: &mut Vec<u8>) -> io::Result<usize> {
        if self.below.is_some() || self.connection.is_handshaking() {
            self.pull(fd)?;
            return Ok(0);
        }
        let before = into.len();
        RECORDS.with_borrow_mut(|records| {
            records.clear();
            records.reserve(RECORDS_SIZE);
            recv(fd, records)?;
            let mut rest = &records[..];
            loop {
                let count = self.connection.read_tls(&mut rest)?;
                self.process(fd);
                let _ = self.take_plaintext(into);
                // What stands behind a close_notify is for nobody.
                if self.failed.is_some() || rest.is_empty() || count == 0 {
                    return Ok(into.len() - before);
                }
            }
        })
    }

    /// Takes all that is decrypted; how it ended: cleanly, or as the reader says.
    fn take_plaintext(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let count = match self.connection.reader().fill_buf()? {
                [] => return Ok(()),
                data => {
                    into.extend_from_slice(data);
                    data.len()
                }
            };
            self.connection.reader().consume(count);
            self.unread = self.unread.saturating_sub(count);
        }
    }

    /// Writes some of the pieces, one behind the other.
    pub fn write(
        &mut self,
        fd: BorrowedFd<'_>,
        data: &[IoSlice<'_>],
        wire: &mut u64,
    ) -> io::Result<usize> {
        self.flush(fd, wire)?;
        let Some(first) = data.iter().find(|piece| !piece.is_empty()) else { return Ok(0) };
        if let Some(sent) = self.early.as_mut().filter(|_| self.connection.is_handshaking()) {
            let Some(mut writer) = self.connection.early_data() else {
                return Err(io::ErrorKind::WouldBlock.into());
            };
            let taken = writer.write(first)?;
            sent.extend_from_slice(&first[..taken]);
            return match self.flush(fd, wire) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
                _ => Ok(taken),
            };
        }
        let taken = self.connection.writer().write_vectored(data)?;
        match self.flush(fd, wire) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// Says that nothing more is sent (close_notify, RFC 8446 6.1), here and then below; to be called
    /// again while it would block.
    pub fn end(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.connection.send_close_notify();
        self.flush(fd, &mut 0)?;
        self.below.as_deref_mut().map_or(Ok(()), |below| below.end(fd))
    }

    pub fn close(&mut self, fd: BorrowedFd<'_>) {
        self.connection.send_close_notify();
        let _ = self.flush(fd, &mut 0);
        if let Some(below) = &mut self.below {
            below.close(fd);
        }
    }
}
