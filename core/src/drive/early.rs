//! TLS handshakes that are still open, so that a request can travel with them (0-RTT, RFC 8446 2.3). Only
//! what may be done twice does, since whoever is on the way may send it again (RFC 8470 3): a GET, HEAD or
//! OPTIONS without a body, on a resumed session. Everything else waits for the end of the handshake.

use std::future::poll_fn;
use std::os::fd::BorrowedFd;

use crate::connection::Connection;
use crate::deadline::Deadline;
use crate::drive::call::Call;
use crate::drive::wait::{Direction, Look, Stopped, Wait, Want};
use crate::error::{ErrorKind, Phase, Result};
use crate::net::tls::handshake_error;
use crate::net::transport::Transport;
use crate::request::{Body, Request};

/// The status of an answer to what the server does not want to do early (RFC 8470 5.2).
pub(super) const TOO_EARLY: u16 = 425;

/// Ends the handshake unless `request`, which is about to be written, may travel with it.
pub(super) async fn settle<W: Wait>(
    call: &mut Call<'_, W>,
    connection: &mut Connection,
    request: &Request,
) -> Result<()> {
    let Connection { wire, io, .. } = connection;
    let Transport::Tls(session) = &mut wire.transport else { return Ok(()) };
    let length = wire.http.poll_transmit().map_or(0, <[u8]>::len);
    let safe = matches!(request.method(), "GET" | "HEAD" | "OPTIONS");
    let small = length <= session.early_room();
    if call.early && safe && small && matches!(request.body, Body::Empty) {
        return Ok(());
    }
    let deadline = Deadline::from_now(call.deadlines.connect, ErrorKind::ConnectTimeout);
    let deadline = deadline.sooner(call.deadlines.total);
    let origin = &request.target.origin;
    while session.is_handshaking() {
        let want = if session.wants_write() { Want::Write } else { Want::Read };
        let mut op = |fd: BorrowedFd<'_>, look: &mut Look| match look.direction {
            Direction::Read => session.handshake_read(fd),
            Direction::Write => session.flush(fd, &mut wire.written),
        };
        let step = poll_fn(|cx| call.wait.poll_io(cx, io, want, &deadline, &mut op)).await;
        step.map_err(|stopped| match stopped {
            Stopped::Io(error) => handshake_error(&origin.authority(), &error),
            stopped => stopped.into_error(Phase::Tls, origin, &deadline),
        })?;
    }
    Ok(())
}
