//! What wakes a thread that sleeps on a socket: a body source that has more, or somebody who ends the call.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
#[cfg(not(target_vendor = "apple"))]
use rustix::pipe::{PipeFlags, pipe_with};

use crate::sync::{Mutex, lock};

/// Rung by its waker, from any thread. It has descriptors from the first sleep on.
#[derive(Default)]
pub(crate) struct Bell(Mutex<State>);

#[derive(Default)]
struct State {
    rung: bool,
    pipe: Option<Arc<Pipe>>,
}

/// A byte is in it while the bell has been rung.
struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
}

#[cfg(not(target_vendor = "apple"))]
fn new_pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)
}

/// There is no `pipe2`: a program that another thread starts right between inherits the pipe.
#[cfg(target_vendor = "apple")]
fn new_pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (read, write) = rustix::pipe::pipe()?;
    for end in [&read, &write] {
        rustix::io::ioctl_fioclex(end)?;
        rustix::io::ioctl_fionbio(end, true)?;
    }
    Ok((read, write))
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

    /// Its pipe; `None` if it has been rung since the last sleep.
    fn armed(&self) -> Result<Option<Arc<Pipe>>, Errno> {
        let mut state = lock(&self.0);
        if let Some(pipe) = &state.pipe {
            // Rung or not: then there is a byte in it.
            return Ok(Some(pipe.clone()));
        }
        if std::mem::take(&mut state.rung) {
            return Ok(None);
        }
        let (read, write) = new_pipe()?;
        let made = Arc::new(Pipe { read, write });
        state.pipe = Some(made.clone());
        Ok(Some(made))
    }

    fn clear(&self, pipe: &Pipe) {
        let mut state = lock(&self.0);
        state.rung = false;
        // Fails only when it is clear already.
        let _ = rustix::io::read(&pipe.read, &mut [0u8; 8]);
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
        let Some(pipe) = self.armed()? else { return Ok(Slept::Bell) };
        let mut fds = [PollFd::new(&socket, flags), PollFd::new(&pipe.read, PollFlags::IN)];
        match poll(&mut fds, timespec(time).as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Ok(Slept::Neither),
            Ok(_) => {}
            Err(error) => return Err(error),
        }
        if fds[1].revents().is_empty() {
            return Ok(Slept::Socket);
        }
        self.clear(&pipe);
        Ok(Slept::Bell)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let mut state = lock(&self.0);
        let first = !std::mem::replace(&mut state.rung, true);
        if let Some(pipe) = state.pipe.as_ref().filter(|_| first) {
            // A pipe with nothing in it has room.
            let _ = rustix::io::write(&pipe.write, b"!");
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
