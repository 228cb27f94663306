//! One descriptor that tells which of many sockets moved: epoll(7) on Linux, kqueue(2) elsewhere. Each socket is told of
//! once, by the number it was added with; adding it again asks for another time.

use std::io;
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll, Waker};

use tokio::io::unix::AsyncFd;

use crate::net::socket::watch;

#[cfg(target_os = "linux")]
mod epoll;
#[cfg(not(target_os = "linux"))]
mod kqueue;
#[cfg(target_os = "linux")]
use epoll as system;
#[cfg(not(target_os = "linux"))]
use kqueue as system;

pub(crate) struct Watcher(AsyncFd<system::Queue>);

impl Watcher {
    /// Must run inside the runtime's context. Fails when the process has no descriptor left.
    pub fn new() -> io::Result<Watcher> {
        Ok(Watcher(watch(system::create()?)?))
    }

    /// A socket that is closed needs no removal: a later event of its number is the caller's to recognise.
    pub fn add(&self, socket: BorrowedFd<'_>, number: u64) {
        system::add(self.0.get_ref(), socket, number);
    }

    /// Waits until one of them moved; [`Watcher::take`] says which.
    pub async fn moved(&self) {
        // Left ready: `take` reads and clears it.
        drop(self.0.readable().await);
    }

    /// The numbers of those that moved; none is told twice.
    pub fn take(&self) -> Vec<u64> {
        let mut numbers = Vec::new();
        // The guard is taken before the events: one that comes in between is not cleared by it.
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(Ok(mut guard)) = self.0.poll_read_ready(&mut cx) else {
            return numbers;
        };
        while system::take(self.0.get_ref(), &mut numbers) {}
        guard.clear_ready();
        numbers
    }
}
