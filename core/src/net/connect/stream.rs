//! A connection that is being opened, as tokio's byte stream, for libraries that speak over one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::connect::dialled::Dialled;
use crate::net::socket::{recv_into, send};

/// A plain connection, nothing between it and its socket; and the first bytes of what was read last, for
/// errors that leave them out.
pub(super) struct Stream(pub Dialled, pub Arc<AtomicU32>);

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let io = &self.0.io;
        let watch = io.watch().ok_or(io::ErrorKind::NotConnected)?;
        loop {
            let mut guard = ready!(watch.poll_read_ready(cx))?;
            if let Ok(result) = guard.try_io(|_| recv_into(io.fd(), buffer.initialize_unfilled())) {
                buffer.advance(result?);
                if let Some(first) = buffer.filled().first_chunk() {
                    self.1.store(u32::from_be_bytes(*first), Ordering::Relaxed);
                }
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let io = &self.0.io;
        let watch = io.watch().ok_or(io::ErrorKind::NotConnected)?;
        loop {
            let mut guard = ready!(watch.poll_write_ready(cx))?;
            if let Ok(result) = guard.try_io(|_| send(io.fd(), data)) {
                return Poll::Ready(result);
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
