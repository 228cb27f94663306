//! The connector that shakes hands over what is connected already.

use std::io;
use std::os::fd::AsFd;

use crate::error::Result;
use crate::net::socket::Io;
use crate::net::tls::{TlsSessions, TlsSettings, handshake_error};
use crate::net::transport::Transport;

/// Shakes hands with `host`, which messages call `peer`; with `early` the handshake may be left open, for
/// a request to travel with it.
pub(super) async fn handshake(
    host: &str,
    peer: &str,
    (settings, sessions): (&TlsSettings, &TlsSessions),
    io: &Io,
    (below, early): (Transport, bool),
) -> Result<Transport> {
    let mut session = settings.start(sessions, host)?;
    if let Transport::Tls(below) = below {
        session = session.over(below);
    }
    let failed = |error: io::Error| handshake_error(peer, &error);
    let mut wire = 0;
    let opens_early = early && session.opens_early();
    while session.wants_write() || (session.is_handshaking() && !opens_early) {
        let Some(watch) = io.watch() else {
            return Err(failed(io::ErrorKind::NotConnected.into()));
        };
        if !session.wants_write() && session.holds() {
            session.handshake_read(watch.get_ref().as_fd()).map_err(failed)?;
            continue;
        }
        let result = if session.wants_write() {
            let mut guard = watch.writable().await.map_err(failed)?;
            guard.try_io(|fd| session.flush(fd.as_fd(), &mut wire))
        } else {
            let mut guard = watch.readable().await.map_err(failed)?;
            guard.try_io(|fd| session.handshake_read(fd.as_fd()))
        };
        if let Ok(result) = result {
            result.map_err(failed)?;
        }
    }
    Ok(Transport::Tls(Box::new(session)))
}
