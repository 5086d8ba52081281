//! The methods that each instance has still to go through, a bit each. Of a resource there are mostly no more than eight.

use std::ops::Range;

/// The open methods of each instance, by its node; lowest bit first.
pub(crate) enum PendingMethods {
    Bytes(Vec<u8>),
    /// Where somebody has a method that no byte has a bit for.
    Words(Vec<u32>),
}

impl PendingMethods {
    pub(crate) fn with_capacity(nodes: usize) -> Self {
        Self::Bytes(Vec::with_capacity(nodes))
    }

    pub(crate) fn push(&mut self, mask: u32) {
        match self {
            Self::Words(masks) => masks.push(mask),
            Self::Bytes(masks) => {
                if let Ok(mask) = u8::try_from(mask) {
                    masks.push(mask);
                } else {
                    self.widen();
                    self.push(mask);
                }
            }
        }
    }

    #[cold]
    fn widen(&mut self) {
        if let Self::Bytes(masks) = self {
            let mut words = Vec::with_capacity(masks.capacity());
            words.extend(masks.iter().map(|&mask| u32::from(mask)));
            *self = Self::Words(words);
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Bytes(masks) => masks.len(),
            Self::Words(masks) => masks.len(),
        }
    }

    pub(crate) fn get(&self, node: usize) -> u32 {
        match self {
            Self::Bytes(masks) => masks[node].into(),
            Self::Words(masks) => masks[node],
        }
    }

    /// Leaves an instance its first method alone.
    pub(crate) fn keep_first(&mut self, node: usize) {
        match self {
            Self::Bytes(masks) => masks[node] &= masks[node].wrapping_neg(),
            Self::Words(masks) => masks[node] &= masks[node].wrapping_neg(),
        }
    }

    /// Closes the first method of each of these; answers what any of them has left.
    pub(crate) fn close_first(&mut self, nodes: &[u32]) -> u32 {
        match self {
            Self::Bytes(masks) => nodes.iter().fold(0, |open, &node| {
                let mask = &mut masks[node as usize];
                *mask &= mask.wrapping_sub(1);
                open | u32::from(*mask)
            }),
            Self::Words(masks) => nodes.iter().fold(0, |open, &node| {
                let mask = &mut masks[node as usize];
                *mask &= mask.wrapping_sub(1);
                open | *mask
            }),
        }
    }

    /// The same for nodes that stand in a row.
    pub(crate) fn close_first_in_row(&mut self, nodes: Range<usize>) -> u32 {
        match self {
            Self::Bytes(masks) => {
                let close = |open, mask: &mut u8| {
                    *mask &= mask.wrapping_sub(1);
                    open | *mask
                };
                masks[nodes].iter_mut().fold(0, close).into()
            }
            Self::Words(masks) => masks[nodes].iter_mut().fold(0, |open, mask| {
                *mask &= mask.wrapping_sub(1);
                open | *mask
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_or_a_word_tells_the_same() {
        for highest in [1 << 7, 1 << 8, 1 << 31] {
            let mut masks = PendingMethods::with_capacity(3);
            for mask in [0b101, highest | 1, 0] {
                masks.push(mask);
            }
            assert_eq!(matches!(masks, PendingMethods::Bytes(_)), highest < 256);
            assert_eq!((masks.len(), masks.get(1)), (3, highest | 1));
            assert_eq!(masks.close_first(&[0, 2]), 0b100);
            assert_eq!(masks.close_first_in_row(1..3), highest);
            assert_eq!([0, 1, 2].map(|node| masks.get(node)), [0b100, highest, 0]);
            masks.push(0b110);
            masks.keep_first(3);
            masks.keep_first(2);
            assert_eq!([2, 3].map(|node| masks.get(node)), [0, 0b10]);
        }
    }
}
