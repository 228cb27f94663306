//! Body bytes that have arrived and not yet been read.

use bytes::Bytes;

use crate::net::space::Space;

/// A growing buffer read from the front.
#[derive(Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    taken: usize,
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Buffer {
        Buffer { bytes, taken: 0 }
    }
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
}
