//! The ids of instances.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The id of an instance. Every type with these traits implements it, for example a newtype of `String` or `u64` with the
/// usual derives.
///
/// Plans and reports print ids with `Display`. Journals record them with `Serialize`.
///
/// A person gives an id as text: as a plan prints it, or as JSON. If the printed text of a type is not the text that it
/// serialises as, its `FromStr` reads the printed text.
///
/// Tuples have no `Display`. The id of a key with two columns is a [`Pair`](crate::Pair).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the id of a resource",
    label = "not a valid id type",
    note = "an id type is `Clone + Ord + Hash + Debug + Display + Serialize + DeserializeOwned + Send + Sync + 'static`",
    note = "a tuple has no `Display`: for a key of two columns, use `cascade_core::Pair<A, B>`"
)]
pub trait ResourceId:
    Clone + Ord + Hash + Debug + Display + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

#[diagnostic::do_not_recommend]
impl<T> ResourceId for T where
    T: Clone + Ord + Hash + Debug + Display + Serialize + DeserializeOwned + Send + Sync + 'static
{
}
