//! Body bytes that go from the socket straight to where the caller wants them: no buffer of ours
//! between, so a large body costs one copy, the kernel's.

use std::io;
use std::time::Duration;

use keepalive_proto::Event;

use crate::connection::Connection;
use crate::connection::lease::Lease;
use crate::deadline::Deadline;
use crate::drive::body::{Live, broken, over};
use crate::drive::wait::{Stopped, Wait, Want};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::socket::{is_pause, ready_bytes, waiting_bytes};
use crate::net::space::Space;
use crate::net::transport::Transport;

/// After `BULK` bytes without a wait the next one is for `PIECE` bytes, to wake the reader less often, and
/// for `PAUSE` at most.
const BULK: usize = 64 * 1024;
const PIECE: usize = 256 * 1024;
const PAUSE: Duration = Duration::from_millis(1);

impl Live {
    /// How many bytes of the body have not been handed over, if that is known.
    pub fn remaining(&mut self) -> Option<u64> {
        if self.decoder.is_some() || self.claim().is_err() {
            return None;
        }
        self.lease.as_mut()?.connection().ok()?.wire.http.body_remaining()
    }

    /// The connection, and how many body bytes at most can be read past the protocol machine at once;
    /// `None` when something stands between: TLS, a coding, chunks, bytes that are buffered, a meter.
    fn direct(&mut self) -> Option<(&mut Connection, usize)> {
        // The next read tells why it cannot have it.
        if self.decoder.is_some() || self.meter.is_some() || self.claim().is_err() {
            return None;
        }
        let connection = self.lease.as_mut()?.connection().ok()?;
        if !matches!(connection.wire.transport, Transport::Plain) {
            return None;
        }
        let most = usize::try_from(connection.wire.http.direct_body()?).unwrap_or(usize::MAX);
        let most = most.min(PIECE);
        (most > 0).then_some((connection, most))
    }

    /// Whether nothing stands between.
    pub fn is_direct(&mut self) -> bool {
        self.direct().is_some()
    }

    /// Reads straight into the caller's memory; `None` when that cannot be, or at the end of the
    /// stream, which the machine is to judge.
    pub async fn read_direct<W: Wait>(
        &mut self,
        wait: &mut W,
        to: &mut Space<'_>,
    ) -> Option<Result<usize>> {
        let deadline = match self.deadline() {
            Ok(deadline) => deadline,
            Err(error) => return Some(Err(self.fail(error))),
        };
        let (connection, most) = self.direct()?;
        if let Err(error) = wait.adopt(&mut connection.io) {
            return Some(Err(self.fail(error)));
        }
        let Connection { wire, io, .. } = connection;
        let result = std::future::poll_fn(|cx| {
            wait.poll_io(cx, io, Want::Read, &deadline, &mut |fd, _| {
                wire.try_read_past(fd, to, most)
            })
        })
        .await;
        match result {
            Ok(0) => {
                wire.ended();
                None
            }
            Ok(count) => {
                wait.spend(count);
                Some(Ok(count))
            }
            Err(stopped) => Some(Err(self.broke(stopped, &deadline))),
        }
    }

    /// Waits until bytes are there that `read_direct` would give, and says how many; `None` as
    /// there.
    pub async fn at_hand<W: Wait>(&mut self, wait: &mut W) -> Option<Result<usize>> {
        let deadline = match self.deadline() {
            Ok(deadline) => deadline,
            Err(error) => return Some(Err(self.fail(error))),
        };
        let in_bulk = W::REGISTERED && std::mem::take(&mut self.taken) >= BULK;
        let (connection, most) = self.direct()?;
        if let Err(error) = wait.adopt(&mut connection.io) {
            return Some(Err(self.fail(error)));
        }
        let io = &connection.io;
        if in_bulk {
            let soon = Deadline::from_now(Some(PAUSE), ErrorKind::ReadTimeout);
            let least = most;
            let mut seen = 0;
            let enough = std::future::poll_fn(|cx| {
                wait.poll_io(cx, io, Want::Read, &soon, &mut |fd, _| {
                    let count = waiting_bytes(fd)?;
                    // Woken without more: the peer has closed, which stays a reason to wake.
                    if count >= least || count == seen {
                        return Ok(count);
                    }
                    seen = count;
                    Err(io::ErrorKind::WouldBlock.into())
                })
            });
            let count = match enough.await {
                // An error of the socket is told once only.
                Err(stopped @ Stopped::Io(_)) => return Some(Err(self.broke(stopped, &deadline))),
                Err(_) => ready_bytes(io.fd()).unwrap_or(0),
                Ok(count) => count,
            };
            if count > 0 {
                return Some(Ok(count.min(most)));
            }
        }
        let result = std::future::poll_fn(|cx| {
            wait.poll_io(cx, io, Want::Read, &deadline, &mut |fd, _| waiting_bytes(fd))
        })
        .await;
        match result {
            Ok(0) => None,
            Ok(count) => Some(Ok(count.min(most))),
            Err(stopped) => Some(Err(self.broke(stopped, &deadline))),
        }
    }

    /// How many bytes `read_now` would give; 0 when it is not known to give any.
    pub fn at_hand_now(&mut self) -> usize {
        if self.total.is_over() {
            return 0;
        }
        let Some((connection, most)) = self.direct() else { return 0 };
        ready_bytes(connection.io.fd()).map_or(0, |count| count.min(most))
    }

    /// Reads what is there into the caller's memory without waiting, in whichever form the
    /// connection is; `None` when nothing is, or as of `read_direct`.
    pub fn read_now(&mut self, to: &mut Space<'_>) -> Option<Result<usize>> {
        let deadline = self.total;
        if deadline.is_over() {
            return None;
        }
        let (connection, most) = self.direct()?;
        let Connection { wire, io, .. } = connection;
        match wire.try_read_past(io.fd(), to, most) {
            Ok(0) => None,
            Ok(count) => {
                self.taken += count;
                Some(Ok(count))
            }
            Err(error) if is_pause(&error) => None,
            Err(error) => Some(Err(self.broke(Stopped::Io(error), &deadline))),
        }
    }

    /// Whether the body ended with the bytes that were read last, its length being known; the
    /// connection has gone back then.
    pub fn conclude(&mut self) -> bool {
        if self.remaining() != Some(0) {
            return false;
        }
        let ended = match self.lease.as_mut().map(Lease::connection) {
            Some(Ok(connection)) => {
                matches!(connection.wire.http.poll_event(), Ok(Some(Event::End)))
            }
            _ => false,
        };
        if ended {
            self.finish();
        }
        ended
    }

    fn broke(&mut self, stopped: Stopped, deadline: &Deadline) -> Error {
        let error = match self.lease.as_mut().map(Lease::connection) {
            Some(Ok(connection)) => {
                broken(stopped, &mut connection.wire.http, Phase::Body, &self.origin, deadline)
            }
            Some(Err(error)) => error,
            None => over(),
        };
        self.fail(error)
    }
}
