//! The descriptor of a queue: an eventfd, readable while raised.

use std::os::fd::OwnedFd;

use keepalive_core::{Error, ErrorKind, Phase, Result};
use rustix::event::{EventfdFlags, eventfd};

/// An eventfd: readable while raised.
pub(crate) struct Signal {
    pub(crate) fd: OwnedFd,
}

impl Signal {
    pub(crate) fn new() -> Result<Signal> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(|errno| {
            let text = format!("eventfd: {}", std::io::Error::from(errno));
            Error::new(ErrorKind::Internal, Phase::Request, text)
        })?;
        Ok(Signal { fd })
    }

    pub(crate) fn raise(&self) {
        // Fails only when the counter is full: it is readable then.
        let _ = rustix::io::write(&self.fd, &1u64.to_ne_bytes());
    }

    pub(crate) fn clear(&self) {
        // Fails only when it is clear already.
        let _ = rustix::io::read(&self.fd, &mut [0u8; 8]);
    }
}
