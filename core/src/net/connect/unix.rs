//! The connector to a Unix domain socket.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr};

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::socket::{Binding, Io, new_stream, watch};
use crate::net::steps::Step;

/// Connects to the socket at `path`; the time that it took. The caller sets the deadline by dropping the
/// future.
pub(super) async fn to_path(path: &Path, binding: &Binding) -> Result<(Io, Duration)> {
    let started = Instant::now();
    let failed = |error: io::Error| {
        let took = started.elapsed();
        let text = format!("cannot connect to {}: {error}; gave up after {took:.1?}", shown(path));
        Error::new(ErrorKind::ConnectFailed, Phase::Connect, text).with_os(&error)
    };
    let name = shown(path);
    binding.tell(&Step::Connecting(&name));
    let io = connect(path, binding).await;
    binding.tell(&Step::Connected(&name, io.as_ref().err()));
    let io = io.map_err(failed)?;
    Ok((io, started.elapsed()))
}

/// As the option has it: abstract names with an `@`.
fn shown(path: &Path) -> String {
    path.to_string_lossy().replacen('\0', "@", 1)
}

async fn connect(path: &Path, binding: &Binding) -> io::Result<Io> {
    let address = SockAddr::unix(path)?;
    let socket = watch(new_stream(Domain::UNIX, None)?)?;
    binding.show(socket.get_ref().as_fd())?;
    let mut pause = Duration::from_millis(1);
    loop {
        match socket.get_ref().connect(&address) {
            Ok(()) => break,
            // Its queue is full, and nothing tells when it no longer is (unix(7)).
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(50));
            }
            Err(error) => return Err(error),
        }
    }
    Io::registered(socket.into_inner().into())
}
