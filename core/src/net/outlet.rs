//! A second hand on the writing side of a connection whose reading side somebody else has: what is
//! written behind its owner's bytes. It never waits. What the kernel does not take at once stays here,
//! for whoever next has reason to look: the one who reads, or the next who writes.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::net::socket::{Io, is_pause, send};
use crate::net::transport::{SharedTls, Transport};
use crate::sync::{Mutex, lock};

/// The lock is held over one write that does not wait: bytes of two writers must not mix.
pub(crate) struct Outlet {
    fd: Arc<OwnedFd>,
    tls: Option<Arc<SharedTls>>,
    /// What the kernel has not taken.
    left: Mutex<Vec<u8>>,
    /// Whether there is some, to be asked without the lock.
    pending: AtomicBool,
}

impl Outlet {
    /// One beside the owner of `io` and `transport`, whose handshakes are over.
    pub fn beside(io: &Io, transport: &mut Transport) -> Outlet {
        Outlet {
            fd: io.share(),
            tls: transport.share(),
            left: Mutex::default(),
            pending: AtomicBool::new(false),
        }
    }

    /// Whether something waits for the kernel.
    pub fn has_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// Writes `data` behind all else. A failure shows to whoever reads.
    pub fn push(&self, data: &[u8]) {
        let mut left = lock(&self.left);
        left.extend_from_slice(data);
        let _ = self.write(&mut left);
    }

    /// Writes on in what is left, and in what TLS has of it.
    ///
    /// # Errors
    /// Those of the socket; `WouldBlock` when it takes nothing.
    pub fn flush(&self) -> io::Result<usize> {
        self.write(&mut lock(&self.left))
    }

    fn write(&self, left: &mut Vec<u8>) -> io::Result<usize> {
        let mut taken = 0;
        let result = loop {
            if taken == left.len() {
                break Ok(taken);
            }
            let written = match &self.tls {
                None => send(self.fd.as_fd(), &left[taken..]),
                Some(tls) => {
                    lock(tls).write(self.fd.as_fd(), &[IoSlice::new(&left[taken..])], &mut 0)
                }
            };
            match written {
                Ok(count) => taken += count,
                Err(error) if is_pause(&error) && taken > 0 => break Ok(taken),
                Err(error) => break Err(error),
            }
        };
        left.drain(..taken);
        self.pending.store(!left.is_empty(), Ordering::Release);
        result
    }
}
