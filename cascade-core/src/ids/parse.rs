//! Ids from text that a person has given.

use std::marker::PhantomData;
use std::str::FromStr;

use super::id::ResourceId;

/// Reads the text as a JSON string, else as JSON itself, for example `42`.
pub(super) fn from_text<Id: ResourceId>(text: &str) -> Result<Id, serde_json::Error> {
    let as_text = serde_json::from_value(serde_json::Value::String(text.to_owned()));
    as_text.or_else(|error| serde_json::from_str(text).map_err(|_| error))
}

/// Reads ids with `FromStr`, if their type has it. `#[derive(Resource)]` calls `parse`: for a type with `FromStr` that is
/// the inherent method, for another one the method of [`NoFromStr`].
#[derive(Debug)]
pub struct IdParser<Id>(PhantomData<Id>);

impl<Id> IdParser<Id> {
    /// A parser.
    #[expect(clippy::new_without_default, reason = "only generated code calls it")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<Id: FromStr> IdParser<Id> {
    /// Reads an id.
    pub fn parse(&self, text: &str) -> Option<Id> {
        text.parse().ok()
    }
}

/// Stands for `FromStr` of types that do not have it.
pub trait NoFromStr<Id> {
    /// Reads no id.
    fn parse(&self, _text: &str) -> Option<Id> {
        None
    }
}

impl<Id> NoFromStr<Id> for IdParser<Id> {}
