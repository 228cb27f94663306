//! Header and trailer fields: one buffer holds their text and, behind it, where they stand in it,
//! so a head costs one allocation.

use std::ops::Range;

/// Ordered header or trailer fields: original order, case and duplicates.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    bytes: Box<[u8]>,
    /// Where the text ends and the places begin.
    text: u32,
}

/// Four little-endian `u32`: start and end of a field's name and of its value. Heads are limited to
/// far below 4 GiB.
type Place = [u8; 16];

impl Fields {
    /// `fields` are parts of `text`.
    pub(crate) fn new<'a>(
        text: &[u8],
        fields: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Self {
        let base = text.as_ptr() as usize;
        let mut bytes = Vec::with_capacity(text.len() + fields.len() * size_of::<Place>());
        bytes.extend_from_slice(text);
        for (name, value) in fields {
            let mut place = Place::default();
            for (at, part) in [name, value].into_iter().enumerate() {
                let start = (part.as_ptr() as usize).wrapping_sub(base) as u32;
                let end = start.wrapping_add(part.len() as u32);
                place[8 * at..][..4].copy_from_slice(&start.to_le_bytes());
                place[8 * at + 4..][..4].copy_from_slice(&end.to_le_bytes());
            }
            bytes.extend_from_slice(&place);
        }
        Self { bytes: bytes.into_boxed_slice(), text: text.len() as u32 }
    }

    fn places(&self) -> &[Place] {
        self.bytes.get(self.text as usize..).unwrap_or_default().as_chunks().0
    }

    fn field(&self, place: &Place) -> (&[u8], &[u8]) {
        let [start, name, value, end] = [0, 4, 8, 12]
            .map(|at| u32::from_le_bytes([place[at], place[at + 1], place[at + 2], place[at + 3]]));
        (self.raw(start..name), self.raw(value..end))
    }

    /// A part of the text, which need not be a field: the reason phrase.
    pub(crate) fn raw(&self, range: Range<u32>) -> &[u8] {
        self.bytes.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// Number of fields, duplicates counted.
    pub fn len(&self) -> usize {
        self.places().len()
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.places().is_empty()
    }

    /// Name and value of the field at `index`, in the order received.
    pub fn at(&self, index: usize) -> Option<(&[u8], &[u8])> {
        self.places().get(index).map(|place| self.field(place))
    }

    /// All fields in the order received: name as it was written, value without outer whitespace.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> + '_ {
        self.places().iter().map(|place| self.field(place))
    }

    /// Value of the first field of that name, ASCII case-insensitive.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Values of every field of that name, ASCII case-insensitive, in order.
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}
