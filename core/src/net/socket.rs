//! A connected stream socket, always non-blocking, in one of two forms: plain, for callers that
//! `poll(2)` themselves, or registered with the runtime's reactor.

use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};
use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::fork;
use crate::net::busy_poll::Pace;
use crate::net::space::{Space, Unfilled};
use crate::net::steps::{Step, StepWatch};

/// A descriptor, and its registration with the reactor if it has one.
pub(crate) struct Io {
    fd: Arc<OwnedFd>,
    watch: OnceLock<AsyncFd<Arc<OwnedFd>>>,
    /// Whether a wait for an answer may watch before it sleeps.
    pub pace: Pace,
}

impl Io {
    /// `fd`, which does not wait, off the reactor.
    pub fn plain(fd: OwnedFd) -> Io {
        Io { fd: Arc::new(fd), watch: OnceLock::new(), pace: Pace::default() }
    }

    /// Registers `fd`; must run inside the runtime's context.
    pub fn registered(fd: OwnedFd) -> io::Result<Io> {
        let io = Io::plain(fd);
        io.make_registered()?;
        Ok(io)
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub fn watch(&self) -> Option<&AsyncFd<Arc<OwnedFd>>> {
        self.watch.get()
    }

    /// Whether the reactor watches it and has seen nothing since the last read that took all there
    /// was: an end, a reset or a stray byte would have shown.
    pub fn is_quiet(&self) -> bool {
        let seen = |watch: &AsyncFd<_>| watch.try_io(Interest::READABLE, |_| Ok(())).is_ok();
        self.watch.get().is_some_and(|watch| !seen(watch))
    }

    /// The descriptor, for whoever writes beside its owner.
    pub fn share(&self) -> Arc<OwnedFd> {
        self.fd.clone()
    }

    /// What it holds, for somebody else; a second hold on the descriptor alone stays behind.
    pub fn take(&mut self) -> Io {
        let watch = std::mem::take(&mut self.watch);
        Io { fd: self.fd.clone(), watch, pace: Pace::default() }
    }

    /// Takes it off the reactor, so that the caller's own `poll(2)` is the only watcher.
    pub fn make_plain(&mut self) {
        self.watch.take();
    }

    /// Registers it; must run inside the runtime's context.
    pub fn make_registered(&self) -> io::Result<()> {
        if self.watch.get().is_none() {
            let _ = self.watch.set(watch(self.fd.clone())?);
        }
        Ok(())
    }

    /// In a forked child: taking it off the reactor would reach the parent's, so the registration
    /// stays.
    pub fn abandon(&mut self) {
        if let Some(watch) = self.watch.take() {
            fork::keep(watch);
        }
    }
}

/// Registers a descriptor with the reactor; must run inside the runtime's context.
#[expect(
    deprecated,
    reason = "deprecated for types whose as_raw_fd may lie; these own theirs, and the successor is unsafe"
)]
pub(crate) fn watch<T: AsRawFd + AsFd>(owner: T) -> io::Result<AsyncFd<T>> {
    AsyncFd::new(owner)
}

/// What the host does with a socket before it is connected: options that this library does not know. An
/// error ends the attempt.
pub type SocketHook = dyn Fn(BorrowedFd<'_>) -> io::Result<()> + Send + Sync;

/// What a socket is bound to before it is connected.
#[derive(Clone, Default)]
pub(crate) struct Binding {
    pub address: Option<IpAddr>,
    pub interface: Option<String>,
    pub hook: Option<Arc<SocketHook>>,
    /// Told of the steps of the dial.
    pub watch: Option<Arc<dyn StepWatch>>,
}

impl Binding {
    /// It is bound to nothing.
    pub fn is_free(&self) -> bool {
        self.address.is_none() && self.interface.is_none() && self.hook.is_none()
    }

    /// Tells of a step, if anybody watches.
    pub fn tell(&self, step: &Step<'_>) {
        if let Some(watch) = &self.watch {
            watch.step(step);
        }
    }

    /// Lets the host see a socket that is not connected yet.
    pub fn show(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.hook.as_ref().map_or(Ok(()), |hook| hook(fd))
    }
}

/// What a read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// So many bytes, at least one.
    Bytes(usize),
    /// FIN, or close_notify on TLS.
    CleanEof,
    /// TLS that ended without close_notify.
    AbruptEof,
}

/// Room for a response head and a small body; large bodies are read elsewhere. Small, because idle
/// connections may keep it.
pub(crate) const READ_SIZE: usize = 2 * 1024;

/// Appends to `into` without zeroing it first.
pub(crate) fn recv(fd: BorrowedFd<'_>, into: &mut Vec<u8>) -> io::Result<usize> {
    if into.capacity() == into.len() {
        into.reserve(READ_SIZE);
    }
    let (count, _) = rustix::net::recv(fd, spare_capacity(into), RecvFlags::empty())?;
    Ok(count)
}

/// Reads into memory that has been written before.
pub(crate) fn recv_into(fd: BorrowedFd<'_>, into: &mut [u8]) -> io::Result<usize> {
    let (count, _) = rustix::net::recv(fd, into, RecvFlags::empty())?;
    Ok(count)
}

/// Reads at most `most` bytes straight into the caller's memory.
pub(crate) fn recv_space(
    fd: BorrowedFd<'_>,
    into: &mut Space<'_>,
    most: usize,
) -> io::Result<usize> {
    let count = match into.unfilled(most) {
        Unfilled::Written(memory) => recv_into(fd, memory)?,
        Unfilled::Unwritten(memory) => {
            let ((received, _), _) = rustix::net::recv(fd, memory, RecvFlags::empty())?;
            received.len()
        }
    };
    into.advance(count);
    Ok(count)
}

/// How many bytes wait to be read; 0 also at the end of the stream and after an error.
pub(crate) fn ready_bytes(fd: BorrowedFd<'_>) -> io::Result<usize> {
    Ok(usize::try_from(rustix::io::ioctl_fionread(fd)?).unwrap_or(usize::MAX))
}

/// How many bytes wait to be read, telling the end (0) from nothing yet (`WouldBlock`) and from an error, which it takes.
pub(crate) fn waiting_bytes(fd: BorrowedFd<'_>) -> io::Result<usize> {
    loop {
        let ready = ready_bytes(fd)?;
        if ready > 0 {
            return Ok(ready);
        }
        let (count, _) = rustix::net::recv(fd, &mut [0u8; 1][..], RecvFlags::PEEK)?;
        if count == 0 {
            return Ok(0);
        }
    }
}

/// Whether a read without waiting found nothing.
pub(crate) fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// No SIGPIPE. Where there is no such flag `new_stream` says it of the socket.
#[cfg(not(target_vendor = "apple"))]
const QUIETLY: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
const QUIETLY: SendFlags = SendFlags::empty();

/// `send(2)` that raises no SIGPIPE.
pub(crate) fn send(fd: BorrowedFd<'_>, data: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(fd, data, QUIETLY)?)
}

/// Sends several pieces as one; no SIGPIPE either, which `writev` would raise.
pub(crate) fn send_vectored(fd: BorrowedFd<'_>, data: &[IoSlice<'_>]) -> io::Result<usize> {
    let mut nothing = SendAncillaryBuffer::default();
    Ok(rustix::net::sendmsg(fd, data, &mut nothing, QUIETLY)?)
}

/// A socket that does not wait, that no program started by this one inherits, and that raises no SIGPIPE.
pub(crate) fn new_stream(domain: Domain, protocol: Option<Protocol>) -> io::Result<Socket> {
    #[cfg(not(target_vendor = "apple"))]
    return Socket::new(domain, Type::STREAM.nonblocking().cloexec(), protocol);
    // With it come FD_CLOEXEC and SO_NOSIGPIPE.
    #[cfg(target_vendor = "apple")]
    Socket::new(domain, Type::STREAM, protocol)
        .and_then(|socket| socket.set_nonblocking(true).map(|()| socket))
}

/// Starts a non-blocking connect; it is done when the socket becomes writable.
pub(crate) fn start_connect(address: SocketAddr, binding: &Binding) -> io::Result<OwnedFd> {
    let socket = new_stream(Domain::for_address(address), Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    if let Some(interface) = &binding.interface {
        socket.bind_device(Some(interface.as_bytes())).map_err(|error| named(interface, error))?;
    }
    #[cfg(not(target_os = "linux"))]
    if let Some(interface) = &binding.interface {
        return Err(named(interface, io::Error::from(io::ErrorKind::Unsupported)));
    }
    if let Some(source) = binding.address {
        let source = SocketAddr::new(source, 0);
        // The port is chosen at the connect, so that two destinations may have the same.
        #[cfg(target_os = "linux")]
        let _ = nix::sys::socket::setsockopt(
            &socket,
            nix::sys::socket::sockopt::IpBindAddressNoPort,
            &true,
        );
        socket.bind(&SockAddr::from(source)).map_err(|error| named(&source.ip(), error))?;
    }
    binding.show(socket.as_fd())?;
    match socket.connect(&SockAddr::from(address)) {
        Ok(()) => {}
        Err(error)
            if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
        Err(error) => return Err(error),
    }
    Ok(socket.into())
}

/// The error of a socket that cannot be bound, with what it was to be bound to.
fn named(to: &impl std::fmt::Display, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot bind to {to}: {error}"))
}

/// The verdict once the socket is writable, and the options that outlive the handshake: silent
/// drops by NATs and balancers are noticed within 30 s.
pub(crate) fn finish_connect(fd: OwnedFd) -> io::Result<OwnedFd> {
    let socket = Socket::from(fd);
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(15))
        .with_interval(Duration::from_secs(15))
        .with_retries(3);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(Duration::from_secs(30)))?;
    Ok(socket.into())
}
