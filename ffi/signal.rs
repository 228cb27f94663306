//! The descriptor of a queue: an eventfd, readable while raised. It ends with its queue, not with the
//! last one who could still raise it: that one then does nothing.

use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};

use keepalive_core::{Error, ErrorKind, Phase, Result};
use rustix::event::{EventfdFlags, eventfd};

/// What the number is when there is no descriptor any more.
const CLOSED: RawFd = -1;

pub(crate) struct Signal {
    fd: AtomicI32,
    /// Held while the descriptor is used, so that it is not closed, and its number another's, meanwhile.
    used: Mutex<()>,
}

impl Signal {
    pub(crate) fn new() -> Result<Signal> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(|errno| {
            let text = format!("eventfd: {}", std::io::Error::from(errno));
            Error::new(ErrorKind::Internal, Phase::Request, text)
        })?;
        Ok(Signal { fd: AtomicI32::new(fd.into_raw_fd()), used: Mutex::default() })
    }

    /// Its number; -1 once it is closed.
    pub(crate) fn number(&self) -> RawFd {
        self.fd.load(Ordering::Acquire)
    }

    pub(crate) fn raise(&self) {
        // Fails only when the counter is full: it is readable then.
        self.with(|fd| {
            let _ = rustix::io::write(fd, &1u64.to_ne_bytes());
        });
    }

    pub(crate) fn clear(&self) {
        // Fails only when it is clear already.
        self.with(|fd| {
            let _ = rustix::io::read(fd, &mut [0u8; 8]);
        });
    }

    fn with(&self, act: impl FnOnce(BorrowedFd<'_>)) {
        let _used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let fd = self.number();
        if fd != CLOSED {
            // SAFETY: it is this signal's and open: who closes it changes the number first, holding
            // the lock.
            act(unsafe { BorrowedFd::borrow_raw(fd) });
        }
    }

    /// Closes the descriptor. Others may be about to raise it.
    pub(crate) fn close(&self) {
        let _used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.close_unused();
    }

    /// Closes a forked child's copy of its parent's descriptor. One of the parent's threads may have
    /// held the lock at the fork; no thread of the child's raises it.
    pub(crate) fn close_inherited(&self) {
        self.close_unused();
    }

    fn close_unused(&self) {
        let fd = self.fd.swap(CLOSED, Ordering::AcqRel);
        if fd != CLOSED {
            // SAFETY: it was this signal's, and by the swap nobody else closes it.
            drop(unsafe { OwnedFd::from_raw_fd(fd) });
        }
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        self.close_unused();
    }
}
