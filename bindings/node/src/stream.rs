//! The connection of a response that switched protocols, as JavaScript's Duplex (`lib/duplex.js`) has it.
//! Reads and writes are calls with slots of their own; a stream is its object's, which closes it at the
//! latest when it is collected.

use std::mem::MaybeUninit;

use keepalive_core::UpgradedStream;
use napi_derive::napi;

use crate::convert::{Room, Thrown, copy, thrown};

/// See the module.
#[napi]
pub struct NativeStream {
    pub(crate) stream: UpgradedStream,
}

impl NativeStream {
    /// Node's sockets have no limits of their own.
    pub fn new(stream: UpgradedStream) -> NativeStream {
        stream.set_timeouts(None, None);
        NativeStream { stream }
    }
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
