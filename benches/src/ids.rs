//! The measured types of ids.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use cascade_core::ResourceId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An id that can be made from a number.
pub trait BenchId: ResourceId + Hash {
    /// The name of this type in the table.
    const KIND: &'static str;

    /// The id of the instance with that number. `prefix` is a short name of its resource.
    fn numbered(prefix: &str, number: u64) -> Self;
}

impl BenchId for u64 {
    const KIND: &'static str = "u64";

    fn numbered(_prefix: &str, number: u64) -> Self {
        number
    }
}

/// As a UUID: its bits are spread over all 128.
impl BenchId for u128 {
    const KIND: &'static str = "uuid";

    fn numbered(_prefix: &str, number: u64) -> Self {
        Self::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
    }
}

/// Numbers as large as a database key may be, far apart from each other: they have to be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spread(u64);

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl BenchId for Spread {
    const KIND: &'static str = "u64, spread,";

    fn numbered(_prefix: &str, number: u64) -> Self {
        Self(number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

/// Shared text: a clone copies no bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shared(Arc<str>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Shared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Shared {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl BenchId for Shared {
    const KIND: &'static str = "shared string";

    fn numbered(prefix: &str, number: u64) -> Self {
        Self(format!("{prefix}-{number}").into())
    }
}

impl BenchId for String {
    const KIND: &'static str = "string";

    fn numbered(prefix: &str, number: u64) -> Self {
        format!("{prefix}-{number}")
    }
}
