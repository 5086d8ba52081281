//! The kinds of ids that are measured.

use std::hash::Hash;

use cascade_core::ResourceId;

/// An id that can be made from a number.
pub trait BenchId: ResourceId + Hash {
    /// What the table calls this kind of id.
    const KIND: &'static str;

    /// The id of the instance of that number. `prefix` is a short name of its resource.
    fn numbered(prefix: &str, number: u64) -> Self;
}

impl BenchId for u64 {
    const KIND: &'static str = "u64";

    fn numbered(_prefix: &str, number: u64) -> Self {
        number
    }
}

/// As a uuid: its bits are spread over all 128.
impl BenchId for u128 {
    const KIND: &'static str = "uuid";

    fn numbered(_prefix: &str, number: u64) -> Self {
        Self::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
    }
}

impl BenchId for String {
    const KIND: &'static str = "string";

    fn numbered(prefix: &str, number: u64) -> Self {
        format!("{prefix}-{number}")
    }
}
