//! The format number of JSON documents.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The number of the format of plans, reports and other JSON documents about instances: the key `format`, which each
/// document has first, also within another document.
///
/// A change that readers of the old format cannot read increments it. A new key does not: readers ignore keys that they
/// do not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct JsonFormat;

impl JsonFormat {
    /// The number.
    pub const NUMBER: u32 = 1;
}

impl Serialize for JsonFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(Self::NUMBER)
    }
}

/// A document of another format is an error.
impl<'de> Deserialize<'de> for JsonFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        if number == u64::from(Self::NUMBER) {
            Ok(Self)
        } else {
            Err(D::Error::invalid_value(Unexpected::Unsigned(number), &"format 1, which this version reads"))
        }
    }
}
