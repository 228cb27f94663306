//! By kqueue(2). An end or a reset is told as something to read.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::libc::timespec;
use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};

pub(super) struct Queue(Kqueue);

impl AsFd for Queue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Queue {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

const NOW: timespec = timespec { tv_sec: 0, tv_nsec: 0 };

/// It is closed by exec and not inherited by a forked child, as kqueue(2) has it.
pub(super) fn create() -> io::Result<Queue> {
    Ok(Queue(Kqueue::new()?))
}

/// `number` goes through a pointer's size, which is 64 bits on all that Apple sells.
pub(super) fn add(queue: &Queue, socket: BorrowedFd<'_>, number: u64) {
    let flags = EvFlags::EV_ADD | EvFlags::EV_ONESHOT;
    let change = KEvent::new(
        socket.as_raw_fd() as usize,
        EventFilter::EVFILT_READ,
        flags,
        FilterFlag::empty(),
        0,
        number as isize,
    );
    let _ = queue.0.kevent(&[change], &mut [], Some(NOW));
}

/// Whether there was something.
pub(super) fn take(queue: &Queue, numbers: &mut Vec<u64>) -> bool {
    let nothing =
        KEvent::new(0, EventFilter::EVFILT_READ, EvFlags::empty(), FilterFlag::empty(), 0, 0);
    let mut events = [nothing; 64];
    match queue.0.kevent(&[], &mut events, Some(NOW)) {
        Ok(0) | Err(_) => false,
        Ok(count) => {
            numbers.extend(events[..count].iter().map(|event| event.udata() as u64));
            true
        }
    }
}
