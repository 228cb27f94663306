//! Where bodies are received.
//!
//! What JavaScript gets is V8's own memory, which it may keep, transfer to another thread and free
//! as it likes. It is written on JavaScript's thread only, within one call: an environment can end
//! while the engine works, and takes its memory with it. What the engine itself receives lies in
//! memory of the engine's until it is copied.

use std::mem::MaybeUninit;

use bytes::Bytes;
use keepalive_core::Destination;

/// A part of a body, gathered by the engine so that JavaScript's thread is woken once for all of it.
pub struct Block {
    /// Empty, with room: what is handed out to be filled is its spare capacity.
    memory: Vec<u8>,
}

impl Block {
    /// Room for `size` bytes.
    pub fn new(size: usize) -> Block {
        Block { memory: Vec::with_capacity(size) }
    }

    /// The first `filled` bytes.
    ///
    /// # Safety
    /// They have been written, through `Destination::memory`.
    pub unsafe fn into_bytes(mut self, filled: usize) -> Bytes {
        // SAFETY: the caller's promise; what was handed out is no longer than the capacity.
        unsafe { self.memory.set_len(filled.min(self.memory.capacity())) };
        Bytes::from(self.memory)
    }
}

impl Destination for Block {
    fn memory(&mut self) -> &mut [MaybeUninit<u8>] {
        self.memory.spare_capacity_mut()
    }
}
