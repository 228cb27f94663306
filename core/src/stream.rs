//! A connection that an answer handed out for another protocol (101, 2xx to CONNECT): bytes both ways,
//! on the caller's thread or the engine's.
//!
//! One reads while another writes. Both go through the same TLS session, so each try at the socket takes
//! a lock; no wait does.

use std::future::{Future, poll_fn};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use crate::config::Limit;
use crate::connection::detached::{Detached, Terms};
use crate::deadline::{Deadline, show};
use crate::drive::buffer::Buffer;
use crate::drive::wait::blocking::{Blocking, BlockingWait, run};
use crate::drive::wait::{Stopped, Wait, Want};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::fork;
use crate::net::socket::{Io, Received, is_pause, recv_space};
use crate::net::space::Space;
use crate::net::transport::Transport;
use crate::origin::Origin;
use crate::sync::{Mutex, MutexGuard, lock};

/// Largest piece that is read for an event loop.
const PIECE: usize = 64 * 1024;

/// The connection of a response that switched protocols: 101 to a request with Upgrade (RFC 9110 7.8), or
/// 2xx to CONNECT (RFC 9110 9.3.6). It has left its pool, whose limits it no longer counts in, and is
/// closed when this is dropped.
///
/// Any thread. One read and one write are under way at the same time; others of either wait for their turn,
/// in their order and within their limits. In a forked child everything is `InvalidState`, and dropping it
/// leaves the parent's as it is.
pub struct UpgradedStream(pub(crate) Arc<Shared>);

/// Held by whoever uses it.
type Half = tokio::sync::Mutex<()>;

/// What the holder and work under way share.
pub(crate) struct Shared {
    io: Io,
    origin: Arc<Origin>,
    link: Mutex<Link>,
    limits: Mutex<Limits>,
    /// Who reads, and who writes; others wait for their turn.
    reading: Half,
    writing: Half,
    closed: AtomicBool,
    generation: u64,
}

struct Link {
    transport: Transport,
    /// Came and was not asked for yet: bytes beyond the head, or the rest of a TLS record.
    rest: Buffer,
    /// How the peer's half ended.
    end: Option<End>,
    /// Our half was shut down.
    ended: bool,
}

#[derive(Clone)]
enum End {
    Clean,
    Failed(Error),
}

#[derive(Clone, Copy)]
struct Limits {
    read: Limit,
    write: Limit,
}

impl From<Detached> for UpgradedStream {
    fn from(detached: Detached) -> UpgradedStream {
        let Detached { io, transport, rest, terms: Terms { origin, read, send } } = detached;
        let link = Link { transport, rest: Buffer::from(rest), end: None, ended: false };
        UpgradedStream(Arc::new(Shared {
            io,
            origin,
            link: Mutex::new(link),
            limits: Mutex::new(Limits { read, write: send }),
            reading: Half::default(),
            writing: Half::default(),
            closed: false.into(),
            generation: fork::generation(),
        }))
    }
}

impl UpgradedStream {
    /// Reads up to `buffer.len()` bytes on this thread, first what came with the response; 0 is the end
    /// of what the peer sends, with TLS its close_notify.
    ///
    /// # Errors
    /// `ReadTimeout` when no byte came for the time of [`UpgradedStream::set_timeouts`], after which it can
    /// be read on; `ConnectionReset`; `TlsProtocol`, also when TLS ended without close_notify, so that what
    /// came may be cut off (RFC 8446 6.1); `Interrupted`; `InvalidState` when it is closed.
    pub fn read(&self, buffer: &mut [u8], blocking: Blocking<'_>) -> Result<usize> {
        self.read_space(buffer.into(), blocking)
    }

    /// [`UpgradedStream::read`] into memory that need not have been written.
    ///
    /// # Errors
    /// As [`UpgradedStream::read`].
    pub fn read_uninit(
        &self,
        buffer: &mut [MaybeUninit<u8>],
        blocking: Blocking<'_>,
    ) -> Result<usize> {
        self.read_space(buffer.into(), blocking)
    }

    fn read_space(&self, mut space: Space<'_>, blocking: Blocking<'_>) -> Result<usize> {
        run(self.0.read_into(&mut BlockingWait::new(blocking), &mut space))
    }

    /// Takes at most `max` bytes of those that are here already, on any thread and without a look at the
    /// socket: after [`Outcome::StreamReady`](crate::Outcome::StreamReady). `Ok(None)` is the end, `None`
    /// means that nothing is here.
    pub fn read_now(&self, max: usize) -> Option<Result<Option<Bytes>>> {
        let mut link = match self.0.link() {
            Ok(link) => link,
            Err(error) => return Some(Err(error)),
        };
        match (link.rest.take(max), &link.end) {
            (Some(piece), _) => Some(Ok(Some(piece))),
            (None, Some(End::Clean)) => Some(Ok(None)),
            (None, Some(End::Failed(error))) => Some(Err(error.clone())),
            (None, None) => None,
        }
    }

    /// Writes all of `data` on this thread.
    ///
    /// # Errors
    /// `SendTimeout` when no byte was taken for the time of [`UpgradedStream::set_timeouts`];
    /// `ConnectionReset`; `Interrupted`; `InvalidState` when it is closed or shut down.
    /// How much of `data` was sent before is not known.
    pub fn write(&self, data: &[u8], blocking: Blocking<'_>) -> Result<()> {
        run(self.0.write_all(&mut BlockingWait::new(blocking), data))
    }

    /// Ends the sending half, with TLS by close_notify; the peer reads an end, and what it sends can still
    /// be read. A second time does nothing.
    ///
    /// # Errors
    /// As [`UpgradedStream::write`].
    pub fn shutdown(&self, blocking: Blocking<'_>) -> Result<()> {
        run(self.0.finish(&mut BlockingWait::new(blocking)))
    }

    /// Closes both halves without waiting, from any thread: a read or write under way ends with
    /// `InvalidState`. More than once does no harm.
    pub fn close(&self) {
        self.0.close();
    }

    /// How long a read may wait for a byte, and a write until one is taken; `None` for ever. At first the
    /// limits of the request (`stall_timeout` unless it had its own). Holds from the next call on.
    pub fn set_timeouts(&self, read: Limit, write: Limit) {
        if self.0.here().is_ok() {
            *lock(&self.0.limits) = Limits { read, write };
        }
    }

    /// The limits of [`UpgradedStream::set_timeouts`]: read, write.
    pub fn timeouts(&self) -> (Limit, Limit) {
        match self.0.here() {
            Ok(()) => {
                let Limits { read, write } = *lock(&self.0.limits);
                (read, write)
            }
            Err(_) => (None, None),
        }
    }

    /// Bytes that can be read without waiting and that its descriptor does not tell of: what came with
    /// the response, and with TLS what has been decrypted.
    pub fn pending(&self) -> usize {
        match self.0.here() {
            Ok(()) => lock(&self.0.link).rest.len(),
            Err(_) => 0,
        }
    }

    /// Whether TLS stands between.
    pub fn is_tls(&self) -> bool {
        self.0.here().is_ok() && !lock(&self.0.link).transport.is_plain()
    }

    /// Its descriptor, for `poll(2)` and the like, as long as this lives; it is non-blocking. Without TLS
    /// it is readable when [`UpgradedStream::read`] would not wait, unless bytes are
    /// [`UpgradedStream::pending`]; with TLS what comes may be no data yet.
    ///
    /// # Errors
    /// `InvalidState` when it is closed or of another process.
    pub fn fd(&self) -> Result<i32> {
        self.0.open()?;
        Ok(self.0.io.fd().as_raw_fd())
    }
}

impl Drop for UpgradedStream {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.here().is_err() {
            self.io.abandon();
        }
    }
}

impl Shared {
    fn here(&self) -> Result<()> {
        match self.generation == fork::generation() {
            true => Ok(()),
            false => {
                Err(Error::state("the stream belongs to the process this one was forked from"))
            }
        }
    }

    fn open(&self) -> Result<()> {
        self.here()?;
        match self.closed.load(Ordering::Acquire) {
            true => Err(Error::state("the stream is closed")),
            false => Ok(()),
        }
    }

    /// The link, while it is open. A close takes the lock after it has said so, so that nobody takes its
    /// end for the peer's.
    fn link(&self) -> Result<MutexGuard<'_, Link>> {
        self.here()?;
        let link = lock(&self.link);
        self.open()?;
        Ok(link)
    }

    fn close(&self) {
        if self.here().is_err() || self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        // Wakes whoever waits for the socket.
        lock(&self.link).transport.close(self.io.fd());
    }

    fn limits(&self) -> Limits {
        *lock(&self.limits)
    }

    pub(crate) async fn read_into<W: Wait>(
        &self,
        wait: &mut W,
        to: &mut Space<'_>,
    ) -> Result<usize> {
        if to.left() == 0 {
            self.open()?;
            return Ok(0);
        }
        let mut op = |link: &mut Link, fd: BorrowedFd<'_>| match &link.transport {
            _ if !link.rest.is_empty() => Ok(Received::Bytes(link.rest.copy_to(to))),
            Transport::Plain => match recv_space(fd, to, usize::MAX)? {
                0 => Ok(Received::CleanEof),
                count => Ok(Received::Bytes(count)),
            },
            Transport::Tls(_) | Transport::Shared(_) => match link.receive(fd, 0)? {
                Received::Bytes(_) => Ok(Received::Bytes(link.rest.copy_to(to))),
                end => Ok(end),
            },
        };
        self.receive(wait, &mut op).await
    }

    /// The next piece, of at most `max` bytes; `None` is the end.
    pub(crate) async fn read_piece<W: Wait>(
        &self,
        wait: &mut W,
        max: usize,
    ) -> Result<Option<Bytes>> {
        let mut piece = None;
        let mut op = |link: &mut Link, fd: BorrowedFd<'_>| {
            if link.rest.is_empty() {
                match link.receive(fd, max.min(PIECE))? {
                    Received::Bytes(_) => {}
                    end => return Ok(end),
                }
            }
            piece = link.rest.take(max);
            Ok(Received::Bytes(piece.as_ref().map_or(0, Bytes::len)))
        };
        self.receive(wait, &mut op).await?;
        Ok(piece)
    }

    /// Waits until bytes are at hand, and says how many; receives at most `max` for that. 0 is the end.
    pub(crate) async fn wait_at_hand<W: Wait>(&self, wait: &mut W, max: usize) -> Result<usize> {
        let mut op = |link: &mut Link, fd: BorrowedFd<'_>| match link.rest.is_empty() {
            false => Ok(Received::Bytes(link.rest.len())),
            true => link.receive(fd, max.min(PIECE)),
        };
        self.receive(wait, &mut op).await?;
        Ok(self.link()?.rest.len())
    }

    /// Waits until `op` brought bytes or the end (0), which stays so.
    async fn receive<W: Wait>(
        &self,
        wait: &mut W,
        op: &mut (dyn FnMut(&mut Link, BorrowedFd<'_>) -> io::Result<Received> + Send),
    ) -> Result<usize> {
        self.open()?;
        let limit = self.limits().read;
        let deadline = Deadline::from_now(limit, ErrorKind::ReadTimeout);
        let turn = hold(&self.reading, wait, &deadline).await;
        let _half = turn.map_err(|stopped| self.stopped(stopped, Phase::Body, limit))?;
        let mut tried = |fd: BorrowedFd<'_>| -> io::Result<Result<usize>> {
            let mut link = match self.link() {
                Ok(link) => link,
                Err(error) => return Ok(Err(error)),
            };
            match (&link.end, link.rest.is_empty()) {
                (Some(End::Clean), true) => return Ok(Ok(0)),
                (Some(End::Failed(error)), true) => return Ok(Err(error.clone())),
                _ => {}
            }
            let end = match op(&mut link, fd) {
                Ok(Received::Bytes(count)) => return Ok(Ok(count)),
                Ok(Received::CleanEof) => End::Clean,
                Ok(Received::AbruptEof) => End::Failed(self.cut_off()),
                Err(error) if is_pause(&error) => return Err(error),
                // The socket tells of it once.
                Err(error) => End::Failed(self.stopped(Stopped::Io(error), Phase::Body, limit)),
            };
            link.end = Some(end.clone());
            Ok(match end {
                End::Clean => Ok(0),
                End::Failed(error) => Err(error),
            })
        };
        // Something may be here that the socket will not tell of.
        let waited =
            poll_fn(|cx| wait.poll_io(cx, &self.io, Want::Held, &deadline, &mut |fd, _| tried(fd)));
        let count = waited.await.map_err(|stopped| self.stopped(stopped, Phase::Body, limit))??;
        wait.spend(count);
        Ok(count)
    }

    pub(crate) async fn write_all<W: Wait>(&self, wait: &mut W, mut data: &[u8]) -> Result<()> {
        self.open()?;
        let limit = self.limits().write;
        let deadline = Deadline::from_now(limit, ErrorKind::SendTimeout);
        let turn = hold(&self.writing, wait, &deadline).await;
        let _half = turn.map_err(|stopped| self.stopped(stopped, Phase::Send, limit))?;
        let mut held = self.link()?.transport.wants_flush();
        while !data.is_empty() || held {
            // A byte was taken: the wait for the next begins anew.
            let deadline = Deadline::from_now(limit, ErrorKind::SendTimeout);
            let waited = poll_fn(|cx| {
                wait.poll_io(cx, &self.io, Want::Write, &deadline, &mut |fd, _| {
                    self.try_write(fd, data, limit)
                })
            });
            let (taken, more) =
                waited.await.map_err(|stopped| self.stopped(stopped, Phase::Send, limit))??;
            wait.spend(taken);
            (data, held) = (&data[taken..], more);
        }
        Ok(())
    }

    /// How much of `data` was taken, and whether some of that is still in the process.
    fn try_write(
        &self,
        fd: BorrowedFd<'_>,
        data: &[u8],
        limit: Limit,
    ) -> io::Result<Result<(usize, bool)>> {
        let mut link = match self.link() {
            Ok(link) if link.ended => {
                return Ok(Err(Error::state("the stream's sending half was shut down")));
            }
            Ok(link) => link,
            Err(error) => return Ok(Err(error)),
        };
        let mut wire = 0;
        match link.transport.write(fd, data, &[], &mut wire) {
            Ok(taken) => Ok(Ok((taken, link.transport.wants_flush()))),
            Err(error) if is_pause(&error) && wire > 0 => Ok(Ok((0, true))),
            Err(error) if is_pause(&error) => Err(error),
            Err(error) => Ok(Err(self.stopped(Stopped::Io(error), Phase::Send, limit))),
        }
    }

    /// Ends the sending half.
    pub(crate) async fn finish<W: Wait>(&self, wait: &mut W) -> Result<()> {
        self.open()?;
        let limit = self.limits().write;
        let deadline = Deadline::from_now(limit, ErrorKind::SendTimeout);
        let turn = hold(&self.writing, wait, &deadline).await;
        let _half = turn.map_err(|stopped| self.stopped(stopped, Phase::Send, limit))?;
        self.link()?.ended = true;
        let waited = poll_fn(|cx| {
            wait.poll_io(cx, &self.io, Want::Write, &deadline, &mut |fd, _| {
                let mut link = match self.link() {
                    Ok(link) => link,
                    Err(error) => return Ok(Err(error)),
                };
                match link.transport.end(fd) {
                    // The peer has ended both, after all it had to say: nobody is left to be told.
                    Err(error) if is_gone(&error) && matches!(link.end, Some(End::Clean)) => {
                        Ok(Ok(()))
                    }
                    result => result.map(Ok),
                }
            })
        });
        waited.await.map_err(|stopped| self.stopped(stopped, Phase::Send, limit))?
    }

    fn stopped(&self, stopped: Stopped, phase: Phase, limit: Limit) -> Error {
        let peer = self.origin.authority();
        let waited = show(limit.unwrap_or_default());
        match (stopped, phase) {
            (Stopped::Expired, Phase::Send) => {
                let text = format!("{peer} accepted no byte of the stream for {waited}");
                Error::new(ErrorKind::SendTimeout, phase, text)
            }
            (Stopped::Expired, _) => {
                let text = format!("no byte of the stream came from {peer} for {waited}");
                Error::new(ErrorKind::ReadTimeout, phase, text)
            }
            (stopped, _) => {
                let never = Deadline::from_now(None, ErrorKind::ReadTimeout);
                stopped.into_error(phase, &self.origin, &never)
            }
        }
    }

    fn cut_off(&self) -> Error {
        let peer = self.origin.authority();
        let text = format!("{peer} ended the stream without close_notify: it may be cut off");
        Error::new(ErrorKind::TlsProtocol, Phase::Body, text)
    }
}

fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionReset | NotConnected)
}

/// Waits for a half.
async fn hold<'a, W: Wait>(
    half: &'a Half,
    wait: &mut W,
    deadline: &Deadline,
) -> std::result::Result<tokio::sync::MutexGuard<'a, ()>, Stopped> {
    if let Ok(held) = half.try_lock() {
        return Ok(held);
    }
    let mut turn = pin!(half.lock());
    poll_fn(|cx| wait.poll_until(cx, deadline, &mut |cx| turn.as_mut().poll(cx))).await
}

impl Link {
    /// One read with room for `room` bytes, or as many as seem right (0), into what is asked for next.
    fn receive(&mut self, fd: BorrowedFd<'_>, room: usize) -> io::Result<Received> {
        // An idle stream keeps no memory.
        let mut buffer = Buffer::default();
        buffer.space().reserve(room);
        let received = self.transport.read(fd, buffer.space())?;
        self.rest = buffer;
        Ok(received)
    }
}
