//! How a sound connection is closed. The server gets TLS close_notify and a FIN at once; then what
//! it may still send is read for a while on the engine, since bytes that reach a closed socket
//! come back to it as a reset.

use std::os::fd::AsFd;
use std::time::Duration;

use crate::connection::Connection;
use crate::fork;
use crate::net::socket::{Io, recv};
use crate::process::Process;

/// The server's time to close its side, and the most that is read of it meanwhile.
pub(super) const LONGEST: Duration = Duration::from_millis(50);
const MOST: usize = 256 * 1024;

/// Closes a connection that is between two exchanges.
pub(super) fn close_gracefully(process: &'static Process, mut connection: Box<Connection>) {
    if connection.generation != fork::generation() {
        return;
    }
    let Connection { wire, io, .. } = &mut *connection;
    wire.transport.half_close(io.fd());
    // Many servers close first.
    let mut scratch = Vec::new();
    if matches!(recv(io.fd(), &mut scratch), Ok(0)) {
        return;
    }
    if let Ok(engine) = process.engine() {
        let waiting = process.closing.begin();
        engine.spawn(async move {
            let _ = tokio::time::timeout(LONGEST, until_closed(&mut connection.io)).await;
            connection.close();
            drop(waiting);
        });
    }
}

async fn until_closed(io: &mut Io) {
    if io.make_registered().is_err() {
        return;
    }
    let Some(watch) = io.watch() else { return };
    let (mut scratch, mut count) = (Vec::with_capacity(8 * 1024), 0);
    while count < MOST {
        let Ok(mut ready) = watch.readable().await else { return };
        scratch.clear();
        match ready.try_io(|fd| recv(fd.as_fd(), &mut scratch)) {
            Ok(Ok(0) | Err(_)) => return,
            Ok(Ok(more)) => count += more,
            Err(_) => {}
        }
    }
}
