//! The tokio wait: suspends the task on the runtime's reactor and timer.

use std::future::Future;
use std::io;
use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::deadline::Deadline;
use crate::drive::wait::{Direction, Stopped, Wait, Waited, Want};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::handoff::{Turn, turn};
use crate::net::socket::Io;

/// Waits as a task of the engine.
pub(crate) struct TokioWait {
    /// One timer for all waits of an exchange; moved when the deadline changes.
    timer: Option<Pin<Box<Sleep>>>,
}

impl TokioWait {
    pub fn new() -> Self {
        TokioWait { timer: None }
    }

    fn poll_deadline<T>(&mut self, cx: &mut Context<'_>, deadline: &Deadline) -> Waited<T> {
        let Some(at) = deadline.at.map(Instant::from_std) else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx).map(|()| Err(Stopped::Expired))
    }
}

impl Wait for TokioWait {
    const REGISTERED: bool = true;

    fn another(&self) -> Option<Self> {
        Some(TokioWait::new())
    }

    fn adopt(&mut self, io: &mut Io) -> Result<()> {
        if turn() == Turn::Begin && io.pace.is_due() {
            // The submitter's thread watches it; the reactor would be woken as well.
            io.make_plain();
            return Ok(());
        }
        io.make_registered().map_err(|error| {
            let text = format!("cannot watch the connection: {error}");
            Error::new(ErrorKind::Internal, Phase::Request, text).with_os(&error)
        })
    }

    fn poll_io<T>(
        &mut self,
        cx: &mut Context<'_>,
        io: &Io,
        want: Want,
        deadline: &Deadline,
        op: &mut dyn FnMut(BorrowedFd<'_>, Direction) -> io::Result<T>,
    ) -> Waited<T> {
        if io.watch().is_none() {
            if let Some(waited) = here(io, want, op) {
                return waited;
            }
            if let Err(error) = io.make_registered() {
                return Poll::Ready(Err(Stopped::Io(error)));
            }
        }
        let Some(fd) = io.watch() else {
            return Poll::Ready(Err(Stopped::Io(io::ErrorKind::NotConnected.into())));
        };
        for &direction in want.directions() {
            loop {
                let ready = match direction {
                    Direction::Read => fd.poll_read_ready(cx),
                    Direction::Write => fd.poll_write_ready(cx),
                };
                let mut guard = match ready {
                    Poll::Pending => break,
                    Poll::Ready(Ok(guard)) => guard,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(Stopped::Io(error))),
                };
                match op(io.fd(), direction) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return Poll::Ready(result.map_err(Stopped::Io)),
                }
            }
        }
        self.poll_deadline(cx, deadline)
    }

    fn poll_until<T>(
        &mut self,
        cx: &mut Context<'_>,
        deadline: &Deadline,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Waited<T> {
        match poll(cx) {
            Poll::Ready(result) => Poll::Ready(Ok(result)),
            Poll::Pending => self.poll_deadline(cx, deadline),
        }
    }
}

/// What the submitter's own thread can do with a connection that the reactor does not know.
fn here<T>(
    io: &Io,
    want: Want,
    op: &mut dyn FnMut(BorrowedFd<'_>, Direction) -> io::Result<T>,
) -> Option<Waited<T>> {
    let tried = match (turn(), want) {
        (Turn::Begin, Want::Answer) => return Some(Poll::Pending),
        (Turn::Linger, Want::Answer) => io.pace.watch(|| op(io.fd(), Direction::Read))?,
        (Turn::Begin | Turn::Linger, Want::Write | Want::Both) => op(io.fd(), Direction::Write),
        _ => return None,
    };
    match tried {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) =>
        {
            None
        }
        result => Some(Poll::Ready(result.map_err(Stopped::Io))),
    }
}
