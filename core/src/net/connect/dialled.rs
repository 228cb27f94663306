//! A connection that is being opened, and the bytes that go over it meanwhile.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::net::dns_cache::Answer;
use crate::net::socket::{Io, Received, is_pause};
use crate::net::transport::Transport;

/// A connection that is being opened, or is.
pub(crate) struct Dialled {
    pub io: Io,
    pub transport: Transport,
    pub resolve: Duration,
    pub connect: Duration,
    pub tls: Duration,
    /// Whom it goes to; `None` for a Unix domain socket.
    pub peer: Option<SocketAddr>,
    /// All that its name had, if it was looked up.
    pub answer: Option<Answer>,
}

impl Dialled {
    /// Waits for bytes, which are appended to `into`, or for the end.
    pub async fn read(&mut self, into: &mut Vec<u8>) -> io::Result<Received> {
        loop {
            // What TLS has ready makes no socket readable.
            match self.transport.read(self.io.fd(), into) {
                Err(error) if is_pause(&error) => {}
                result => return result,
            }
            let watch = self.io.watch().ok_or(io::ErrorKind::NotConnected)?;
            let mut ready = watch.readable().await?;
            let result = ready.try_io(|_| self.transport.read(self.io.fd(), into));
            match result {
                Ok(Err(error)) if is_pause(&error) => tokio::task::yield_now().await,
                Ok(result) => return result,
                Err(_) => {}
            }
        }
    }

    /// Writes all of `data`.
    pub async fn write_all(&mut self, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() || self.transport.wants_flush() {
            let watch = self.io.watch().ok_or(io::ErrorKind::NotConnected)?;
            let mut ready = watch.writable().await?;
            let transport = &mut self.transport;
            let result = ready.try_io(|_| transport.write(self.io.fd(), data, &[], &mut 0));
            if let Ok(result) = result {
                data = &data[result?..];
            }
        }
        Ok(())
    }
}
