//! Body bytes that have arrived and not yet been read, and the memory they are read into.

use std::mem::MaybeUninit;

use bytes::Bytes;

/// A growing buffer read from the front.
#[derive(Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    taken: usize,
}

impl Buffer {
    pub fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn clear(&mut self) {
        *self = Buffer::default();
    }

    /// Where to append.
    pub fn space(&mut self) -> &mut Vec<u8> {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        &mut self.bytes
    }

    /// Everything, without a copy.
    pub fn take_all(&mut self) -> Bytes {
        let taken = std::mem::take(&mut self.taken);
        let mut bytes = std::mem::take(&mut self.bytes);
        // The reader may keep it for long.
        if bytes.len() < bytes.capacity() / 2 {
            bytes.shrink_to_fit();
        }
        let mut bytes = Bytes::from(bytes);
        bytes::Buf::advance(&mut bytes, taken);
        bytes
    }

    /// At most `max` bytes; none means empty.
    pub fn take(&mut self, max: usize) -> Option<Bytes> {
        match self.len() {
            0 => None,
            len if len <= max => Some(self.take_all()),
            _ => {
                let piece = Bytes::copy_from_slice(&self.bytes[self.taken..self.taken + max]);
                self.taken += max;
                Some(piece)
            }
        }
    }

    /// Fills `to` as far as it goes.
    pub fn copy_to(&mut self, to: &mut Space<'_>) -> usize {
        let count = to.left().min(self.len());
        to.put(&self.bytes[self.taken..self.taken + count]);
        self.taken += count;
        if self.is_empty() {
            self.bytes.clear();
            self.taken = 0;
        }
        count
    }
}

/// Memory of a caller's that is filled from its front. Not every caller has written to it before, so
/// nothing is ever read from it here.
pub(crate) struct Space<'a> {
    memory: Memory<'a>,
    filled: usize,
}

enum Memory<'a> {
    Written(&'a mut [u8]),
    Unwritten(&'a mut [MaybeUninit<u8>]),
}

/// What of a [`Space`] is to be filled next.
pub(crate) enum Unfilled<'a> {
    Written(&'a mut [u8]),
    Unwritten(&'a mut [MaybeUninit<u8>]),
}

impl<'a> From<&'a mut [u8]> for Space<'a> {
    fn from(memory: &'a mut [u8]) -> Space<'a> {
        Space { memory: Memory::Written(memory), filled: 0 }
    }
}

impl<'a> From<&'a mut [MaybeUninit<u8>]> for Space<'a> {
    fn from(memory: &'a mut [MaybeUninit<u8>]) -> Space<'a> {
        Space { memory: Memory::Unwritten(memory), filled: 0 }
    }
}

impl<'a> Space<'a> {
    /// The same behind its first `filled` bytes, which hold something already.
    pub fn behind(mut self, filled: usize) -> Space<'a> {
        self.filled = filled;
        self
    }

    /// Bytes from its front that have been filled.
    pub fn filled(&self) -> usize {
        self.filled
    }

    pub fn left(&self) -> usize {
        let len = match &self.memory {
            Memory::Written(memory) => memory.len(),
            Memory::Unwritten(memory) => memory.len(),
        };
        len.saturating_sub(self.filled)
    }

    /// The next bytes to fill, at most `most`; `advance` must follow.
    pub fn unfilled(&mut self, most: usize) -> Unfilled<'_> {
        let end = self.filled + self.left().min(most);
        match &mut self.memory {
            Memory::Written(memory) => {
                Unfilled::Written(memory.get_mut(self.filled..end).unwrap_or_default())
            }
            Memory::Unwritten(memory) => {
                Unfilled::Unwritten(memory.get_mut(self.filled..end).unwrap_or_default())
            }
        }
    }

    /// So many of them were filled.
    pub fn advance(&mut self, count: usize) {
        self.filled += count;
    }

    /// Copies `data`, which fits.
    fn put(&mut self, data: &[u8]) {
        match self.unfilled(data.len()) {
            Unfilled::Written(to) => to.copy_from_slice(data),
            Unfilled::Unwritten(to) => {
                to.iter_mut().zip(data).for_each(|(to, &byte)| {
                    to.write(byte);
                });
            }
        }
        self.advance(data.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_in_order_whichever_way_they_are_taken() {
        let mut buffer = Buffer::default();
        buffer.space().extend_from_slice(b"abcdefgh");
        assert_eq!(buffer.take(3).as_deref(), Some(&b"abc"[..]));
        buffer.space().extend_from_slice(b"ij");
        let mut piece = [0; 2];
        assert_eq!(buffer.copy_to(&mut Space::from(&mut piece[..])), 2);
        assert_eq!(&piece, b"de");
        assert_eq!(buffer.len(), 5);
        assert_eq!(&buffer.take_all()[..], b"fghij");
        assert_eq!(buffer.take(9), None);
    }

    #[test]
    fn space_is_filled_from_its_front_and_never_beyond_its_end() {
        let mut buffer = Buffer::default();
        buffer.space().extend_from_slice(b"abcdefgh");
        let mut memory = [MaybeUninit::uninit(); 5];
        let mut space = Space::from(&mut memory[..]);
        assert!(matches!(space.unfilled(3), Unfilled::Unwritten(to) if to.len() == 3));
        assert_eq!((buffer.copy_to(&mut space), space.filled(), space.left()), (5, 5, 0));
        assert_eq!(buffer.copy_to(&mut space), 0);
        let mut memory = *b"__???";
        let mut space = Space::from(&mut memory[..]).behind(2);
        assert_eq!((buffer.copy_to(&mut space), space.filled()), (3, 5));
        assert_eq!(&memory, b"__fgh");
        let mut beyond = Space::from(&mut memory[..]).behind(9);
        assert_eq!(beyond.left(), 0);
        assert!(matches!(beyond.unfilled(1), Unfilled::Written([])));
    }
}
