//! Header and trailer fields: ranges over one buffer, so a head costs two allocations.

use std::ops::Range;

/// Where one field's name and value stand in the buffer. Heads are limited to far below 4 GiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldRange {
    pub name: (u32, u32),
    pub value: (u32, u32),
}

/// Ordered header or trailer fields: original order, case and duplicates.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    bytes: Box<[u8]>,
    ranges: Vec<FieldRange>,
}

fn slice(bytes: &[u8], (start, end): (u32, u32)) -> &[u8] {
    bytes.get(start as usize..end as usize).unwrap_or_default()
}

impl Fields {
    pub(crate) fn new(bytes: Box<[u8]>, ranges: Vec<FieldRange>) -> Self {
        Self { bytes, ranges }
    }

    /// A part of the buffer that is not a field: the reason phrase.
    pub(crate) fn raw(&self, range: Range<u32>) -> &[u8] {
        slice(&self.bytes, (range.start, range.end))
    }

    /// Number of fields, duplicates counted.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Name and value of the field at `index`, in the order received.
    pub fn at(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let range = self.ranges.get(index)?;
        Some((slice(&self.bytes, range.name), slice(&self.bytes, range.value)))
    }

    /// All fields in the order received: name as it was written, value without outer whitespace.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> + '_ {
        self.ranges.iter().map(|r| (slice(&self.bytes, r.name), slice(&self.bytes, r.value)))
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
