//! The ids of instances.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The id of an instance. Every type with these traits implements it, for example a newtype of `String` or `u64` with the
/// usual derives.
///
/// Plans and reports print ids with `Display`. Journals record them with `Serialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the id of a resource",
    label = "not a valid id type",
    note = "an id type is `Clone + Ord + Hash + Debug + Display + Serialize + DeserializeOwned + Send + Sync + 'static`"
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
