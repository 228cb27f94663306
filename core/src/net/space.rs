//! The memory that body bytes are read into.

use std::mem::MaybeUninit;

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
    /// This memory behind its first `filled` bytes, which hold something already.
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
    pub fn put(&mut self, data: &[u8]) {
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
    fn space_is_filled_from_its_front_and_never_beyond_its_end() {
        let mut memory = [MaybeUninit::uninit(); 5];
        let mut space = Space::from(&mut memory[..]);
        assert!(matches!(space.unfilled(3), Unfilled::Unwritten(to) if to.len() == 3));
        space.put(b"abcde");
        assert_eq!((space.filled(), space.left()), (5, 0));
        space.put(b"");
        let mut memory = *b"__???";
        let mut space = Space::from(&mut memory[..]).behind(2);
        space.put(b"fgh");
        assert_eq!(space.filled(), 5);
        assert_eq!(&memory, b"__fgh");
        let mut beyond = Space::from(&mut memory[..]).behind(9);
        assert_eq!(beyond.left(), 0);
        assert!(matches!(beyond.unfilled(1), Unfilled::Written([])));
    }
}
