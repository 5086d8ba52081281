//! BatchIds: what names one instance of a resource.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What names one instance of a resource. Implemented for every type that has the parts: a newtype over
/// `String` or `u64` with the usual derives will do.
///
/// `Display` is what people read in plans and reports, `Serialize` is what a journal keeps.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot name the instances of a resource",
    label = "not a usable id",
    note = "an id is `Clone + Ord + Hash + Debug + Display + Serialize + DeserializeOwned + Send + Sync + 'static`"
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
