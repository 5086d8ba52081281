//! Effect masks: one bit per effect.

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

/// The highest number of effects of one resource: a mask is a `u32` with one bit per effect.
pub(crate) const MAX_EFFECTS: usize = 32;
