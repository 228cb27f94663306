//! A descriptor for event loops and pollers.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::event::{EventfdFlags, eventfd};

/// Readable while raised (an eventfd): close-on-exec, and nothing that is done with it here blocks.
pub struct Signal {
    fd: OwnedFd,
}

impl Signal {
    /// One that is not raised. Fails when the process has no descriptor left.
    pub fn new() -> io::Result<Signal> {
        Ok(Signal { fd: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)? })
    }

    /// Makes it readable. Any thread.
    pub fn raise(&self) {
        // Fails only when the counter is full: it is readable then.
        let _ = rustix::io::write(&self.fd, &1u64.to_ne_bytes());
    }

    /// Makes it unreadable, however often it was raised. To be called before what it announced is
    /// taken: whoever adds something afterwards raises it again.
    pub fn clear(&self) {
        // Fails only when it is clear already.
        let _ = rustix::io::read(&self.fd, &mut [0u8; 8]);
    }
}

impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Signal {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn readable(signal: &Signal) -> bool {
        let mut fds = [PollFd::new(signal, PollFlags::IN)];
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
}
