//! The connection of a response that switched protocols, as JavaScript's Duplex (`lib/duplex.js`) has it.
//! Reads and writes are calls with slots of their own; a stream is its object's, which closes it at the
//! latest when it is collected.

use std::mem::MaybeUninit;

use keepalive_core::UpgradedStream;
use napi_derive::napi;

use crate::bridge::Bridge;
use crate::convert::{Payload, Room, Thrown, copy, thrown};

/// See the module.
#[napi]
pub struct NativeStream {
    stream: UpgradedStream,
}

#[napi]
impl NativeStream {
    /// Takes what is at hand into `memory`; how many bytes, 0 also at the end.
    #[napi]
    pub fn take(&self, mut memory: Room) -> Result<u32, Thrown> {
        // SAFETY: used within this call only.
        let room: &mut [MaybeUninit<u8>] = unsafe { memory.from(0.0) };
        match self.stream.read_now(room.len()) {
            Some(Ok(Some(piece))) => Ok(copy(&piece, room).map_or(0, |count| count as u32)),
            Some(Ok(None)) | None => Ok(0),
            Some(Err(error)) => Err(thrown(error)),
        }
    }

    /// Whether TLS stands between.
    #[napi]
    pub fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }

    /// Closes it; what is under way fails.
    #[napi]
    pub fn close(&self) {
        self.stream.close();
    }
}

#[napi]
impl Bridge {
    /// Takes the stream of a response that switched protocols.
    #[napi]
    pub fn take_stream(&self, index: u32) -> Result<NativeStream, Thrown> {
        let stream = self.response(index, |response| response.take_stream())?;
        // Node's sockets have no limits of their own.
        stream.set_timeouts(None, None);
        Ok(NativeStream { stream })
    }

    /// Waits until bytes of a stream are at hand, and receives at most `max` for that.
    #[napi]
    pub fn stream_ready(&self, index: u32, stream: &NativeStream, max: u32) -> Result<(), Thrown> {
        self.start_with(index, |queue, token| {
            stream.stream.submit_ready(max as usize, queue, token)
        })
    }

    /// Writes all of `data` to a stream.
    #[napi]
    pub fn stream_write(
        &self,
        index: u32,
        stream: &NativeStream,
        data: Payload,
    ) -> Result<(), Thrown> {
        self.start_with(index, |queue, token| stream.stream.submit_write(data.0, queue, token))
    }

    /// Ends the sending half of a stream.
    #[napi]
    pub fn stream_end(&self, index: u32, stream: &NativeStream) -> Result<(), Thrown> {
        self.start_with(index, |queue, token| stream.stream.submit_shutdown(queue, token))
    }
}
