//! By epoll(7).

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

pub(super) type Queue = OwnedFd;

pub(super) fn create() -> io::Result<Queue> {
    Ok(epoll::create(epoll::CreateFlags::CLOEXEC)?)
}

pub(super) fn add(queue: &Queue, socket: BorrowedFd<'_>, number: u64) {
    let flags = epoll::EventFlags::IN | epoll::EventFlags::RDHUP | epoll::EventFlags::ONESHOT;
    let data = epoll::EventData::new_u64(number);
    if epoll::add(queue, socket, data, flags) == Err(Errno::EXIST) {
        let _ = epoll::modify(queue, socket, data, flags);
    }
}

/// Whether there was something.
pub(super) fn take(queue: &Queue, numbers: &mut Vec<u64>) -> bool {
    let mut events: Vec<epoll::Event> = Vec::with_capacity(64);
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    match epoll::wait(queue, spare_capacity(&mut events), Some(&now)) {
        Ok(0) | Err(_) => false,
        Ok(_) => {
            numbers.extend(events.iter().map(|event| event.data.u64()));
            true
        }
    }
}
