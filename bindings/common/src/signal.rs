//! A descriptor by which an event loop or a poller hears of a queue. It ends with its queue, not with the
//! last one who could still raise it: that one then does nothing.

use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};

/// What the number is when there is no descriptor any more.
const CLOSED: RawFd = -1;

/// An eventfd, or a pipe where there are none.
const ENDS: usize = if cfg!(target_os = "linux") { 1 } else { 2 };

/// An eventfd: readable while raised, close-on-exec, and nothing done with it here waits for others than
/// those who do the same at that moment.
pub struct Signal {
    /// The first is polled and read, the last is written.
    ends: [AtomicI32; ENDS],
    /// Held while a descriptor is used, so that it is not closed, and its number another's, meanwhile.
    used: Mutex<()>,
}

#[cfg(target_os = "linux")]
fn open() -> io::Result<[OwnedFd; ENDS]> {
    use rustix::event::{EventfdFlags, eventfd};
    Ok([eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?])
}

/// A program that another thread starts before it is close-on-exec inherits it.
#[cfg(not(target_os = "linux"))]
fn open() -> io::Result<[OwnedFd; ENDS]> {
    let (read, write) = rustix::pipe::pipe()?;
    for end in [&read, &write] {
        rustix::io::ioctl_fioclex(end)?;
        rustix::io::ioctl_fionbio(end, true)?;
    }
    Ok([read, write])
}

impl Signal {
    /// One that is not raised. Fails when the process has no descriptor left.
    pub fn new() -> io::Result<Signal> {
        let ends = open()?.map(|end| AtomicI32::new(end.into_raw_fd()));
        Ok(Signal { ends, used: Mutex::default() })
    }

    /// The descriptor's number, for polling; -1 once it is closed.
    pub fn number(&self) -> RawFd {
        self.ends[0].load(Ordering::Acquire)
    }

    /// Makes it readable. Any thread; does nothing once it is closed.
    pub fn raise(&self) {
        // Fails only when the counter, or the pipe, is full: it is readable then.
        self.with(ENDS - 1, |fd| {
            let _ = rustix::io::write(fd, &1u64.to_ne_bytes());
        });
    }

    /// Makes it unreadable, however often it was raised. To be called before what it announced is taken:
    /// who adds something afterwards raises it again. Any thread.
    pub fn clear(&self) {
        // Fails only when it is clear already. An eventfd gives a number; a pipe all that was written, in turns that
        // others who raise it could make longer, but not endless: it has room for so much.
        self.with(0, |fd| {
            let mut taken = [0u8; if ENDS == 1 { 8 } else { 1024 }];
            let turns = if ENDS == 1 { 1 } else { 64 };
            for _ in 0..turns {
                match rustix::io::read(fd, &mut taken) {
                    Ok(count) if count == taken.len() => {}
                    _ => break,
                }
            }
        });
    }

    fn with(&self, end: usize, act: impl FnOnce(BorrowedFd<'_>)) {
        let _used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let fd = self.ends[end].load(Ordering::Acquire);
        if fd != CLOSED {
            // SAFETY: it is this signal's and open: who closes it changes the number first, holding
            // the lock.
            act(unsafe { BorrowedFd::borrow_raw(fd) });
        }
    }

    /// Closes the descriptor. Others may be about to raise it.
    pub fn close(&self) {
        let _used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.close_unused();
    }

    /// Closes a forked child's copy of its parent's descriptor. One of the parent's threads may have
    /// held the lock at the fork; no thread of the child's raises it.
    pub fn close_inherited(&self) {
        self.close_unused();
    }

    fn close_unused(&self) {
        for end in &self.ends {
            let fd = end.swap(CLOSED, Ordering::AcqRel);
            if fd != CLOSED {
                // SAFETY: it was this signal's, and by the swap nobody else closes it.
                drop(unsafe { OwnedFd::from_raw_fd(fd) });
            }
        }
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        self.close_unused();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn readable(signal: &Signal) -> bool {
        // SAFETY: open, and the signal outlives the call.
        let fd = unsafe { BorrowedFd::borrow_raw(signal.number()) };
        let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
    }

    #[test]
    fn it_is_readable_while_raised() {
        let signal = Signal::new().unwrap();
        assert!(!readable(&signal));
        signal.raise();
        signal.raise();
        assert!(readable(&signal));
        signal.clear();
        assert!(!readable(&signal));
        signal.clear();
        assert!(!readable(&signal));
    }

    #[test]
    fn a_closed_one_has_no_descriptor_and_can_be_raised() {
        let signal = Signal::new().unwrap();
        signal.close();
        assert_eq!(signal.number(), -1);
        signal.raise();
        signal.clear();
        signal.close();
    }
}
