//! The blocking wait: `poll(2)` on the caller's own thread, inside the future. The future is always
//! ready, so it is polled once: no runtime, no thread hop.

use std::future::Future;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::deadline::Deadline;
use crate::drive::wait::bell::{Bell, Slept, timespec};
use crate::drive::wait::canceller::Canceller;
use crate::drive::wait::{Direction, Look, Stopped, Turn, Wait, Waited, Want};
use crate::engine::cancel::{Cancel, panicked};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::guard::guarded;
use crate::net::busy_poll::Waiter;
use crate::net::socket::Io;
use crate::process::process;

/// Longest sleep between two looks at the interrupt hook: a signal that arrives just before the
/// wait begins interrupts nothing, so it is looked for.
const INTERRUPT_SLICE: Duration = Duration::from_millis(100);

/// How a blocking call treats signals.
#[derive(Default)]
pub struct Blocking<'a> {
    interrupt: Option<&'a mut (dyn FnMut() -> bool + Send)>,
    cancel: Option<&'a Cancel>,
}

impl<'a> Blocking<'a> {
    /// `canceller` ends the call with `Cancelled`, from any thread, also from a function that the call
    /// runs.
    pub fn cancellable(canceller: &'a Canceller) -> Self {
        Blocking { interrupt: None, cancel: canceller.here() }
    }

    /// `hook` is called on this thread when a signal interrupts a wait, and at least every 100 ms;
    /// `true` ends the call with `Interrupted`.
    pub fn interruptible(hook: &'a mut (dyn FnMut() -> bool + Send)) -> Self {
        Blocking { interrupt: Some(hook), cancel: None }
    }
}

/// Waits on the caller's thread.
pub(crate) struct BlockingWait<'a> {
    hook: Option<&'a mut (dyn FnMut() -> bool + Send)>,
    cancel: Option<&'a Cancel>,
    /// What wakes it beside the socket, once that is needed.
    bell: Option<Arc<Bell>>,
    /// What was polled beside the socket is pending.
    beside: bool,
    turn: Turn,
    /// The last write filled its socket, which is to be waited for before the next one.
    full: bool,
    /// When the end of a turn last looked at the hook, or first could have.
    looked: Option<Instant>,
}

impl<'a> BlockingWait<'a> {
    #[inline]
    pub fn new(blocking: Blocking<'a>) -> Self {
        let Blocking { interrupt: hook, cancel } = blocking;
        let bell = cancel.map(|cancel| {
            let bell = Arc::<Bell>::default();
            cancel.register(&bell.waker());
            bell
        });
        let turn = Turn::default();
        BlockingWait { hook, cancel, bell, beside: false, turn, full: false, looked: None }
    }

    /// The next sleep: what the deadline leaves, in slices when there is a hook.
    fn slice(&mut self, deadline: &Deadline) -> std::result::Result<Option<Duration>, Stopped> {
        let left = deadline.left();
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Stopped::Expired);
        }
        Ok(match (&self.hook, left) {
            (None, left) => left,
            (Some(_), left) => Some(left.map_or(INTERRUPT_SLICE, |left| left.min(INTERRUPT_SLICE))),
        })
    }

    fn check_cancel(&self) -> std::result::Result<(), Stopped> {
        match self.cancel {
            Some(cancel) if cancel.is_cancelled() => Err(Stopped::Cancelled),
            _ => Ok(()),
        }
    }

    fn check_interrupt(&mut self) -> std::result::Result<(), Stopped> {
        self.check_cancel()?;
        match &mut self.hook {
            Some(hook) => match hook() {
                true => Err(Stopped::Interrupted),
                false => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Without waiting. A hook may take a lock of the interpreter's, so not at each turn's end.
    #[cold]
    fn look_up(&mut self, deadline: &Deadline) -> std::result::Result<(), Stopped> {
        if deadline.is_over() {
            return Err(Stopped::Expired);
        }
        self.check_cancel()?;
        if self.hook.is_none() {
            return Ok(());
        }
        let now = Instant::now();
        if now - *self.looked.get_or_insert(now) < INTERRUPT_SLICE / 2 {
            return Ok(());
        }
        self.looked = Some(now);
        self.check_interrupt()
    }

    fn sleep_on(
        &mut self,
        fd: BorrowedFd<'_>,
        want: Want,
        deadline: &Deadline,
    ) -> std::result::Result<(), Stopped> {
        let flags = match want {
            Want::Answer | Want::LateAnswer | Want::Held | Want::Read => PollFlags::IN,
            Want::Write => PollFlags::OUT,
            Want::Both => PollFlags::IN | PollFlags::OUT,
        };
        if let Some(bell) = &self.bell {
            return self.sleep_beside(bell.clone(), fd, flags, deadline);
        }
        loop {
            let timeout = timespec(self.slice(deadline)?);
            let mut fds = [PollFd::from_borrowed_fd(fd, flags)];
            match poll(&mut fds, timeout.as_ref()) {
                Ok(0) | Err(Errno::INTR) => self.check_interrupt()?,
                Ok(_) => return Ok(()),
                Err(error) => return Err(Stopped::Io(error.into())),
            }
        }
    }

    /// The same with a bell.
    fn sleep_beside(
        &mut self,
        bell: Arc<Bell>,
        fd: BorrowedFd<'_>,
        flags: PollFlags,
        deadline: &Deadline,
    ) -> std::result::Result<(), Stopped> {
        loop {
            self.check_cancel()?;
            let time = self.slice(deadline)?;
            match bell.sleep(fd, flags, time).map_err(|error| Stopped::Io(error.into()))? {
                Slept::Socket => return Ok(()),
                Slept::Bell if self.beside => return Err(Stopped::Woken),
                // A cancel, or a source that is not waited for any more.
                Slept::Bell => {}
                Slept::Neither => self.check_interrupt()?,
            }
        }
    }
}

impl Wait for BlockingWait<'_> {
    const REGISTERED: bool = false;

    /// As much as a socket's buffer has room for.
    const ONE_WRITE: usize = 4 * 1024 * 1024;

    fn another(&self) -> Option<Self> {
        None
    }

    fn spend(&mut self, bytes: usize) {
        self.turn.spend(bytes);
    }

    #[inline]
    fn poll_turn(&mut self, _cx: &mut Context<'_>, deadline: &Deadline) -> Waited<()> {
        match self.turn.is_over() {
            true => Poll::Ready(self.look_up(deadline)),
            false => Poll::Ready(self.check_cancel()),
        }
    }

    fn poll_beside<T>(
        &mut self,
        _cx: &mut Context<'_>,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let waker = self.bell.get_or_insert_default().waker();
        let polled = poll(&mut Context::from_waker(&waker));
        self.beside = polled.is_pending();
        polled
    }

    fn adopt(&mut self, io: &mut Io) -> Result<()> {
        io.make_plain();
        Ok(())
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
        if let Poll::Ready(Err(stopped)) = self.poll_turn(cx, deadline) {
            return Poll::Ready(Err(stopped));
        }
        let full = std::mem::take(&mut self.full);
        let mut wait_first = match want {
            Want::Answer | Want::LateAnswer => true,
            Want::Write | Want::Both => full,
            Want::Held | Want::Read => false,
        };
        let waiter = matches!(want, Want::Answer).then(|| process().waiting.begin());
        if waiter.as_ref().is_some_and(Waiter::is_alone)
            && io.pace.is_due()
            && let Some(result) = io.pace.watch(|| op(io.fd(), &mut Look::at(Direction::Read)))
            && !matches!(&result, Err(error) if error.kind() == io::ErrorKind::Interrupted)
        {
            return Poll::Ready(result.map_err(Stopped::Io));
        }
        loop {
            let mut again = false;
            if !std::mem::take(&mut wait_first) {
                for &direction in want.directions() {
                    let mut look = Look::at(direction);
                    match op(io.fd(), &mut look) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        // By a signal, or by so much that brought nothing: not to be slept on.
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => again = true,
                        result => {
                            self.full = direction == Direction::Write && look.drained;
                            return Poll::Ready(result.map_err(Stopped::Io));
                        }
                    }
                }
            }
            let waited = match again {
                true if deadline.is_over() => Err(Stopped::Expired),
                true => self.check_interrupt(),
                false => self.sleep_on(io.fd(), want, deadline),
            };
            if let Err(stopped) = waited {
                return Poll::Ready(Err(stopped));
            }
        }
    }

    fn poll_until<T>(
        &mut self,
        _cx: &mut Context<'_>,
        deadline: &Deadline,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Waited<T> {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut cx = Context::from_waker(&waker);
        if let Some(cancel) = self.cancel {
            cancel.register(&waker);
        }
        let _bell = Registered(self.cancel, self.bell.clone());
        loop {
            if let Poll::Ready(result) = poll(&mut cx) {
                return Poll::Ready(Ok(result));
            }
            if let Err(stopped) = self.check_cancel() {
                return Poll::Ready(Err(stopped));
            }
            match self.slice(deadline) {
                Ok(None) => std::thread::park(),
                Ok(Some(left)) => std::thread::park_timeout(left),
                Err(stopped) => return Poll::Ready(Err(stopped)),
            }
            if let Err(stopped) = self.check_interrupt() {
                return Poll::Ready(Err(stopped));
            }
        }
    }
}

/// Has a cancel ring the bell again.
struct Registered<'a>(Option<&'a Cancel>, Option<Arc<Bell>>);

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        if let (Some(cancel), Some(bell)) = (self.0, &self.1) {
            cancel.register(&bell.waker());
        }
    }
}

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future whose waits all block inside it. One that is pending all the same is a bug, and an
/// error rather than a hang; so is a panic, perhaps of the caller's hook or body source.
pub(crate) fn run<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let mut future = std::pin::pin!(future);
    match guarded(|| future.as_mut().poll(&mut Context::from_waker(Waker::noop()))) {
        Some(Poll::Ready(result)) => result,
        None => Err(panicked()),
        Some(Poll::Pending) => Err(Error::new(
            ErrorKind::Internal,
            Phase::Request,
            "a blocking call came to a wait that does not block",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_socket_that_a_write_filled_is_waited_for_before_the_next_one() {
        let (near, _far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let io = Io::plain(near.into());
        let data = vec![0; 16 << 20];
        let mut wait = BlockingWait::new(Blocking::default());
        let mut cx = Context::from_waker(Waker::noop());
        let soon = Deadline::from_now(Some(Duration::from_millis(1)), ErrorKind::SendTimeout);
        let mut writes = 0;
        let mut write = |fd: BorrowedFd<'_>, look: &mut Look| {
            writes += 1;
            let count = rustix::io::write(fd, &data)?;
            look.drained = count < data.len();
            Ok(count)
        };
        let first = wait.poll_io(&mut cx, &io, Want::Write, &soon, &mut write);
        assert!(matches!(first, Poll::Ready(Ok(count)) if count < data.len()));
        let second = wait.poll_io(&mut cx, &io, Want::Write, &soon, &mut write);
        assert!(matches!(second, Poll::Ready(Err(Stopped::Expired))));
        assert_eq!(writes, 1);
    }
}
