//! How an exchange waits: what the two ways to run one differ by.

mod bell;
pub(crate) mod blocking;
pub(crate) mod canceller;
pub(crate) mod tokio;

use std::io;
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll};

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::socket::Io;
use crate::net::transport::Transport;
use crate::origin::Origin;

/// Which way a socket is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// One look at a socket.
#[derive(Debug)]
pub(crate) struct Look {
    pub direction: Direction,
    /// Set by `op` when a read took all there was, or a write filled the socket, so that the next one would
    /// only be told to wait.
    pub drained: bool,
}

impl Look {
    pub fn at(direction: Direction) -> Look {
        Look { direction, drained: false }
    }
}

/// What to wait for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Want {
    /// Something to read; nothing is expected to be there yet, so wait before the first try.
    Answer,
    /// An answer that is not worth watching for: the server has much to take in first.
    LateAnswer,
    /// Something to read that has left the socket already: try before any wait.
    Held,
    Read,
    Write,
    /// Writing first.
    Both,
}

impl Want {
    /// What to wait for where something may be here already that the socket will not tell of.
    pub fn of(self, transport: &Transport) -> Want {
        if transport.holds() { Want::Held } else { self }
    }

    pub fn directions(self) -> &'static [Direction] {
        match self {
            Want::Answer | Want::LateAnswer | Want::Held | Want::Read => &[Direction::Read],
            Want::Write => &[Direction::Write],
            Want::Both => &[Direction::Write, Direction::Read],
        }
    }
}

/// Most bytes of one exchange that are received, decoded or sent in one turn, and most steps: a peer
/// or a body source that always has more would keep deadlines, cancelling and the neighbours waiting
/// for ever. Moving so many bytes takes about 0.1 ms, and the look after it a thousandth of that. What one
/// system call moves belongs to the turn it was made in.
const TURN_BYTES: usize = 256 * 1024;
const TURN_STEPS: u32 = 64;

/// What is left of a turn.
pub(crate) struct Turn {
    bytes: usize,
    steps: u32,
}

impl Default for Turn {
    fn default() -> Turn {
        Turn { bytes: TURN_BYTES, steps: TURN_STEPS }
    }
}

impl Turn {
    pub fn spend(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// One more step; `true` when the turn is over, and then the next one begins.
    pub fn is_over(&mut self) -> bool {
        self.steps = self.steps.wrapping_sub(1);
        let over = self.steps == 0 || self.bytes == 0;
        if over {
            *self = Turn::default();
        }
        over
    }
}

/// Why a wait ended without a result.
#[derive(Debug)]
pub(crate) enum Stopped {
    Io(io::Error),
    /// The deadline passed.
    Expired,
    /// The caller's interrupt hook said so.
    Interrupted,
    /// The caller ended the call.
    Cancelled,
    /// What [`Wait::poll_beside`] found pending may be ready.
    Woken,
}

impl Stopped {
    pub fn into_error(self, phase: Phase, origin: &Origin, deadline: &Deadline) -> Error {
        match self {
            Stopped::Io(error) => io_error(phase, &origin.authority(), &error),
            Stopped::Expired => deadline.error(phase, origin),
            Stopped::Interrupted | Stopped::Woken => interrupted(phase),
            Stopped::Cancelled => cancelled(phase),
        }
    }
}

pub(crate) fn interrupted(phase: Phase) -> Error {
    Error::new(ErrorKind::Interrupted, phase, "interrupted by a signal")
}

/// The error of a call that its caller ended.
fn cancelled(phase: Phase) -> Error {
    Error::new(ErrorKind::Cancelled, phase, "the request was cancelled")
}

/// The error of a failed read or write on an established connection.
fn io_error(phase: Phase, peer: &str, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            let text = format!("{peer} reset the connection: {error}");
            Error::new(ErrorKind::ConnectionReset, phase, text).with_os(error)
        }
        io::ErrorKind::InvalidData => {
            let text = format!("{peer} broke the TLS protocol: {error}");
            Error::new(ErrorKind::TlsProtocol, phase, text)
        }
        // TCP_USER_TIMEOUT and keep-alive probes report a dead path so.
        _ => {
            let text = format!("connection to {peer} failed: {error}");
            Error::new(ErrorKind::ConnectionReset, phase, text).with_os(error)
        }
    }
}

pub(crate) type Waited<T> = Poll<std::result::Result<T, Stopped>>;

/// How an exchange waits. Both implementations are driven by the same code.
pub(crate) trait Wait: Send {
    /// Whether idle connections registered with the runtime are preferred.
    const REGISTERED: bool;

    /// Most of a body in memory that is written at a time, and after so much an answer is looked for although
    /// the socket takes more. A server that is woken by the first of several writes reads while the others are
    /// still being copied, which costs both of them up to twice the time. A look that finds nothing costs as
    /// much as sending 100 KB: the socket's lock is taken, and the client does the server's
    /// acknowledgements.
    const ONE_WRITE: usize;

    /// One for a second exchange beside this one; `None` if only one can be waited for.
    fn another(&self) -> Option<Self>
    where
        Self: Sized;

    /// So many bytes were received, decoded or sent.
    fn spend(&mut self, bytes: usize);

    /// To be awaited at every step that may need no wait; `poll_io` does it by itself. Ready at once
    /// until the turn is spent: then it looks at the deadline and the caller's hook, and on the engine
    /// lets the others have their turns.
    fn poll_turn(&mut self, cx: &mut Context<'_>, deadline: &Deadline) -> Waited<()>;

    /// Brings a connection into the form this wait can use.
    fn adopt(&mut self, io: &mut Io) -> Result<()>;

    /// Runs `op` in the wanted directions until it returns something else than `WouldBlock`.
    fn poll_io<T>(
        &mut self,
        cx: &mut Context<'_>,
        io: &Io,
        want: Want,
        deadline: &Deadline,
        op: &mut dyn FnMut(BorrowedFd<'_>, &mut Look) -> io::Result<T>,
    ) -> Waited<T>;

    /// Polls what is waited for beside a socket. When that is pending, the next `poll_io` ends with
    /// [`Stopped::Woken`] once it wakes, or is polled again with the task.
    fn poll_beside<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T>;

    /// Runs `poll`, which wakes its context, until it is ready.
    fn poll_until<T>(
        &mut self,
        cx: &mut Context<'_>,
        deadline: &Deadline,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Waited<T>;
}
