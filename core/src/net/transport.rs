//! What lies between the socket and the protocol: nothing, or TLS.

use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::net::RecvFlags;

use crate::net::socket::{Received, recv, send, send_vectored};
use crate::net::tls::info::TlsInfo;
use crate::net::tls::session::TlsSession;
use crate::sync::{Mutex, lock};

/// What an idle connection looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    Alive,
    Eof,
    Reset,
    StrayBytes,
}

/// What lies between the socket and the protocol.
pub(crate) enum Transport {
    Plain,
    Tls(Box<TlsSession>),
    /// TLS with a second writer beside its owner.
    Shared(Arc<SharedTls>),
}

/// A session of two writers.
pub(crate) type SharedTls = Mutex<TlsSession>;

impl Transport {
    /// The session, for a second writer; from now on it is used under a lock. `None` without TLS.
    pub fn share(&mut self) -> Option<Arc<SharedTls>> {
        match std::mem::replace(self, Transport::Plain) {
            Transport::Plain => return None,
            Transport::Tls(session) => *self = Transport::Shared(Arc::new(Mutex::new(*session))),
            shared => *self = shared,
        }
        match self {
            Transport::Shared(session) => Some(session.clone()),
            _ => None,
        }
    }

    /// What TLS was agreed on.
    pub fn tls_info(&self) -> Option<TlsInfo> {
        match self {
            Transport::Plain => None,
            Transport::Tls(session) => Some(TlsInfo::of(session.connection(), session.was_early())),
            Transport::Shared(session) => {
                let session = lock(session);
                Some(TlsInfo::of(session.connection(), session.was_early()))
            }
        }
    }

    /// Whether a TLS handshake is still open.
    #[inline]
    pub fn is_handshaking(&self) -> bool {
        matches!(self, Transport::Tls(session) if session.is_handshaking())
    }

    /// Whether what is read is what came.
    pub fn is_plain(&self) -> bool {
        matches!(self, Transport::Plain)
    }

    /// Whether the next read brings something that the socket will not tell of.
    #[inline]
    pub fn holds(&self) -> bool {
        match self {
            Transport::Plain => false,
            Transport::Tls(session) => session.holds(),
            Transport::Shared(session) => lock(session).holds(),
        }
    }

    /// One read; `WouldBlock` when nothing is there, `Interrupted` when much came that was no data.
    #[inline(always)]
    pub fn read(&mut self, fd: BorrowedFd<'_>, into: &mut Vec<u8>) -> io::Result<Received> {
        match self {
            Transport::Plain => match recv(fd, into)? {
                0 => Ok(Received::CleanEof),
                count => Ok(Received::Bytes(count)),
            },
            Transport::Tls(session) => session.read(fd, into),
            Transport::Shared(session) => lock(session).read(fd, into),
        }
    }

    /// Writes some of `data` and of `more` behind it; returns how much was taken, and adds to `wire` what
    /// the kernel took.
    #[inline(always)]
    pub fn write(
        &mut self,
        fd: BorrowedFd<'_>,
        data: &[u8],
        more: &[u8],
        wire: &mut u64,
    ) -> io::Result<usize> {
        match self {
            Transport::Plain => {
                let count = match (data, more) {
                    (data, []) => send(fd, data)?,
                    ([], more) => send(fd, more)?,
                    _ => send_vectored(fd, &[IoSlice::new(data), IoSlice::new(more)])?,
                };
                *wire += count as u64;
                Ok(count)
            }
            Transport::Tls(session) => {
                session.write(fd, &[IoSlice::new(data), IoSlice::new(more)], wire)
            }
            Transport::Shared(session) => {
                lock(session).write(fd, &[IoSlice::new(data), IoSlice::new(more)], wire)
            }
        }
    }

    /// Whether taken bytes still wait for the kernel.
    pub fn wants_flush(&self) -> bool {
        match self {
            Transport::Plain => false,
            Transport::Tls(session) => session.wants_write(),
            Transport::Shared(session) => lock(session).wants_write(),
        }
    }

    /// Looks at an idle connection without waiting. TLS records that carry no data (tickets, key
    /// updates) are taken in and are not death.
    pub fn probe(&mut self, fd: BorrowedFd<'_>) -> Probe {
        let result = match self {
            Transport::Plain => {
                let mut byte = [0u8; 1];
                rustix::net::recv(fd, &mut byte[..], RecvFlags::PEEK).map_err(io::Error::from).map(
                    |(count, _)| {
                        if count == 0 { Received::CleanEof } else { Received::Bytes(count) }
                    },
                )
            }
            Transport::Tls(session) => {
                let mut scratch = Vec::new();
                session.read(fd, &mut scratch)
            }
            Transport::Shared(session) => {
                let mut scratch = Vec::new();
                lock(session).read(fd, &mut scratch)
            }
        };
        match result {
            Ok(Received::Bytes(_)) => Probe::StrayBytes,
            Ok(Received::CleanEof | Received::AbruptEof) => Probe::Eof,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Probe::Alive,
            // Records without data and without end.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Probe::StrayBytes,
            Err(_) => Probe::Reset,
        }
    }

    /// Says that nothing more is sent; `WouldBlock` until all that was taken, and that, is the kernel's.
    /// What the peer sends can still be read.
    pub fn end(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        match self {
            Transport::Plain => {}
            Transport::Tls(session) => session.end(fd)?,
            Transport::Shared(session) => lock(session).end(fd)?,
        }
        Ok(rustix::net::shutdown(fd, rustix::net::Shutdown::Write)?)
    }

    /// Says goodbye as far as it can without waiting; what the peer sends can still be read.
    pub fn half_close(&mut self, fd: BorrowedFd<'_>) {
        self.say_goodbye(fd);
        // A forked child may hold a copy of the descriptor: closing ours alone would send no FIN.
        let _ = rustix::net::shutdown(fd, rustix::net::Shutdown::Write);
    }

    /// Says goodbye as far as it can without waiting.
    pub fn close(&mut self, fd: BorrowedFd<'_>) {
        self.say_goodbye(fd);
        // A forked child may hold a copy of the descriptor: closing ours alone would send no FIN.
        let _ = rustix::net::shutdown(fd, rustix::net::Shutdown::Both);
    }

    fn say_goodbye(&mut self, fd: BorrowedFd<'_>) {
        match self {
            Transport::Plain => {}
            Transport::Tls(session) => session.close(fd),
            Transport::Shared(session) => lock(session).close(fd),
        }
    }
}
