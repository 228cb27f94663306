//! The tokio wait: suspends the task on the runtime's reactor and the engine's deadlines.

use std::io;
use std::os::fd::BorrowedFd;
use std::pin::pin;
use std::task::{Context, Poll};

use crate::deadline::Deadline;
use crate::drive::wait::{self, Direction, Look, Stopped, Wait, Waited, Want};
use crate::engine::Engine;
use crate::engine::announce::wake_consumers;
use crate::engine::inline_task::{PollSite, poll_site};
use crate::engine::timers::{Timer, Timers};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::socket::{Io, is_pause};

/// Waits as a task of the engine.
pub(crate) struct TokioWait {
    timers: &'static Timers,
    /// One timer for all waits of an exchange; moved when the deadline changes.
    timer: Option<Timer>,
    turn: wait::Turn,
}

impl TokioWait {
    pub fn new(engine: &Engine) -> Self {
        TokioWait::with(engine.timers())
    }

    fn with(timers: &'static Timers) -> Self {
        TokioWait { timers, timer: None, turn: wait::Turn::default() }
    }

    /// Lets the reactor look at all sockets and timers, and everybody who is ready have a turn,
    /// before this one goes on.
    #[cold]
    fn yield_turn<T>(cx: &mut Context<'_>, deadline: &Deadline) -> Waited<T> {
        if deadline.is_over() {
            return Poll::Ready(Err(Stopped::Expired));
        }
        if poll_site() == PollSite::Engine {
            wake_consumers();
        }
        // Polled once, it wakes the context when the reactor has looked.
        match pin!(::tokio::task::yield_now()).poll(cx) {
            Poll::Pending => {}
            Poll::Ready(()) => cx.waker().wake_by_ref(),
        }
        Poll::Pending
    }

    fn poll_deadline<T>(&mut self, cx: &mut Context<'_>, deadline: &Deadline) -> Waited<T> {
        let Some(at) = deadline.at else {
            return Poll::Pending;
        };
        match &mut self.timer {
            Some(timer) => timer.poll(at, cx).map(|()| Err(Stopped::Expired)),
            None => {
                self.timer = Some(self.timers.arm(at, cx.waker()));
                Poll::Pending
            }
        }
    }
}

impl Wait for TokioWait {
    const REGISTERED: bool = true;

    /// The neighbours wait meanwhile, about 0.1 ms.
    const ONE_WRITE: usize = 1024 * 1024;

    fn another(&self) -> Option<Self> {
        Some(TokioWait::with(self.timers))
    }

    fn spend(&mut self, bytes: usize) {
        self.turn.spend(bytes);
    }

    #[inline]
    fn poll_turn(&mut self, cx: &mut Context<'_>, deadline: &Deadline) -> Waited<()> {
        match self.turn.is_over() {
            true => TokioWait::yield_turn(cx, deadline),
            false => Poll::Ready(Ok(())),
        }
    }

    fn adopt(&mut self, io: &mut Io) -> Result<()> {
        if poll_site() == PollSite::Begin && io.pace.is_due() {
            // The submitter's thread watches it; the reactor would be woken as well.
            io.make_plain();
            return Ok(());
        }
        io.make_registered().map_err(|error| {
            let text = format!("cannot watch the connection: {error}");
            Error::new(ErrorKind::Internal, Phase::Request, text).with_os(&error)
        })
    }

    // A call and a copy of its result less for what waits most often.
    #[inline(always)]
    fn poll_io<T>(
        &mut self,
        cx: &mut Context<'_>,
        io: &Io,
        want: Want,
        deadline: &Deadline,
        op: &mut dyn FnMut(BorrowedFd<'_>, &mut Look) -> io::Result<T>,
    ) -> Waited<T> {
        if self.turn.is_over() {
            return TokioWait::yield_turn(cx, deadline);
        }
        if matches!(want, Want::Held) {
            match op(io.fd(), &mut Look::at(Direction::Read)) {
                Err(error) if is_pause(&error) => {}
                result => return Poll::Ready(result.map_err(Stopped::Io)),
            }
        }
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
                let mut look = Look::at(direction);
                match op(io.fd(), &mut look) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                        if self.turn.is_over() {
                            return TokioWait::yield_turn(cx, deadline);
                        }
                    }
                    result => {
                        // Readiness comes by edges, so it may be cleared once nothing is left;
                        // the end of the stream is remembered all the same.
                        if look.drained {
                            guard.clear_ready();
                        }
                        return Poll::Ready(result.map_err(Stopped::Io));
                    }
                }
            }
        }
        self.poll_deadline(cx, deadline)
    }

    fn poll_beside<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        poll(cx)
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
    op: &mut dyn FnMut(BorrowedFd<'_>, &mut Look) -> io::Result<T>,
) -> Option<Waited<T>> {
    let tried = match (poll_site(), want) {
        (PollSite::Begin, Want::Answer) => return Some(Poll::Pending),
        (PollSite::Inline, Want::Answer) => {
            io.pace.watch(|| op(io.fd(), &mut Look::at(Direction::Read)))?
        }
        (PollSite::Begin | PollSite::Inline, Want::Write | Want::Both) => {
            op(io.fd(), &mut Look::at(Direction::Write))
        }
        _ => return None,
    };
    match tried {
        Err(error) if is_pause(&error) => None,
        result => Some(Poll::Ready(result.map_err(Stopped::Io))),
    }
}
