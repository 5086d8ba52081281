//! The positions of the bits of a mask.

/// The positions of the bits that are set, lowest first.
pub(crate) fn bits(mut mask: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (mask != 0).then(|| {
            let bit = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            bit
        })
    })
}

/// The effects of one resource that one instance can have at once are kept in a `u32`.
pub(crate) const MAX_EFFECTS: usize = 32;
