//! What wakes a thread that sleeps on a socket: a body source that has more, or somebody who ends the call.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;

use crate::sync::{Mutex, lock};

/// Rung by its waker, from any thread. It has a descriptor from the first sleep on.
#[derive(Default)]
pub(crate) struct Bell(Mutex<State>);

#[derive(Default)]
struct State {
    rung: bool,
    fd: Option<Arc<OwnedFd>>,
}

/// Why a sleep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slept {
    Socket,
    Bell,
    /// The time is over, or a signal came.
    Neither,
}

impl Bell {
    pub fn waker(self: &Arc<Bell>) -> Waker {
        Waker::from(self.clone())
    }

    /// The descriptor; `None` if it has been rung since the last sleep.
    fn armed(&self) -> Result<Option<Arc<OwnedFd>>, Errno> {
        let mut state = lock(&self.0);
        if std::mem::take(&mut state.rung) {
            return Ok(None);
        }
        if let Some(fd) = &state.fd {
            return Ok(Some(fd.clone()));
        }
        let made = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        state.fd = Some(made.clone());
        Ok(Some(made))
    }

    fn clear(&self, fd: &OwnedFd) {
        let mut state = lock(&self.0);
        state.rung = false;
        // Fails only when it is clear already.
        let _ = rustix::io::read(fd, &mut [0u8; 8]);
    }

    /// Sleeps until the socket is ready in one of those ways, the bell rings or `time` is over.
    ///
    /// # Errors
    /// The process has no descriptor left, or `poll(2)` failed.
    pub fn sleep(
        &self,
        socket: impl AsFd,
        flags: PollFlags,
        time: Option<Duration>,
    ) -> Result<Slept, Errno> {
        let Some(fd) = self.armed()? else { return Ok(Slept::Bell) };
        let mut fds =
            [PollFd::new(&socket, flags), PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)];
        match poll(&mut fds, timespec(time).as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Ok(Slept::Neither),
            Ok(_) => {}
            Err(error) => return Err(error),
        }
        if fds[1].revents().is_empty() {
            return Ok(Slept::Socket);
        }
        self.clear(&fd);
        Ok(Slept::Bell)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let mut state = lock(&self.0);
        state.rung = true;
        if let Some(fd) = &state.fd {
            // Fails only when the counter is full: it is readable then.
            let _ = rustix::io::write(fd, &1u64.to_ne_bytes());
        }
    }
}

/// As `poll(2)` takes it.
pub(crate) fn timespec(time: Option<Duration>) -> Option<Timespec> {
    time.map(|time| Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    })
}
