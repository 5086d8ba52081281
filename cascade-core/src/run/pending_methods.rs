//! The methods that have not yet run on each instance, as bit masks. Most resources have at most eight methods.

use std::ops::Range;

/// For each node, a mask of the pending methods. The lowest bit runs first.
pub(crate) enum PendingMethods {
    Bytes(Vec<u8>),
    /// Used once any mask has a bit above the eighth.
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

    /// Keeps only the first pending method of an instance.
    pub(crate) fn keep_first(&mut self, node: usize) {
        match self {
            Self::Bytes(masks) => masks[node] &= masks[node].wrapping_neg(),
            Self::Words(masks) => masks[node] &= masks[node].wrapping_neg(),
        }
    }

    /// Removes the first pending method of each of these nodes. Returns the union of the remaining masks.
    pub(crate) fn close_first(&mut self, nodes: &[u32]) -> u32 {
        match self {
            Self::Bytes(masks) => nodes.iter().fold(0, |remaining, &node| {
                let mask = &mut masks[node as usize];
                *mask &= mask.wrapping_sub(1);
                remaining | u32::from(*mask)
            }),
            Self::Words(masks) => nodes.iter().fold(0, |remaining, &node| {
                let mask = &mut masks[node as usize];
                *mask &= mask.wrapping_sub(1);
                remaining | *mask
            }),
        }
    }

    /// Like `close_first`, for consecutive nodes.
    pub(crate) fn close_first_in_row(&mut self, nodes: Range<usize>) -> u32 {
        match self {
            Self::Bytes(masks) => {
                let close = |remaining, mask: &mut u8| {
                    *mask &= mask.wrapping_sub(1);
                    remaining | *mask
                };
                masks[nodes].iter_mut().fold(0, close).into()
            }
            Self::Words(masks) => masks[nodes].iter_mut().fold(0, |remaining, mask| {
                *mask &= mask.wrapping_sub(1);
                remaining | *mask
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_words_behave_the_same() {
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
