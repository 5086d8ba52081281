//! The values that a program provides to its extensions: connection pools, clients, handles.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;

/// The values that a program provides to its extensions, by type.
/// [`CascadeBuilder::provide`](crate::CascadeBuilder::provide) adds them.
#[derive(Default)]
pub struct Provided {
    values: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
}

impl Provided {
    /// Provides `value`. Replaces an earlier value of the same type.
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        self.values.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// A clone of the provided value of type `T`; `None` if the program provides none.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.values.get(&TypeId::of::<T>()).and_then(|value| value.downcast_ref::<T>()).cloned()
    }
}

impl fmt::Debug for Provided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provided({} types)", self.values.len())
    }
}

/// A value that a program can provide: every type that is `Clone + Send + Sync + 'static`. Each extension gets a clone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be provided to an extension",
    label = "not a type that a program can provide",
    note = "each extension gets a clone: the type must be `Clone + Send + Sync + 'static`, or wrapped in an `Arc`"
)]
pub trait Provide: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Provide for T {}

/// An extension that can be made from the values that the program provides.
///
/// Derive it: each field gets the provided value of its type. A type without fields needs no provided value.
///
/// ```
/// use cascade_core::Provided;
/// use cascade_core::prelude::*;
///
/// #[derive(Clone)]
/// struct Db;
///
/// #[derive(Extension)]
/// struct HostCascade {
///     db: Db,
/// }
///
/// let mut provided = Provided::default();
/// assert!(HostCascade::from_provided(&provided).is_err());
/// provided.insert(Db);
/// assert!(HostCascade::from_provided(&provided).is_ok());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made from the values that the program provides",
    label = "not an extension",
    note = "add `#[derive(cascade_core::Extension)]` to `{Self}`; each field gets the provided value of its type"
)]
pub trait Extension: Sized + Send + Sync + 'static {
    /// Makes the extension. The error lists every field whose type the program does not provide.
    fn from_provided(provided: &Provided) -> Result<Self, NotProvided>;
}

/// The fields of an extension whose types the program does not provide.
#[derive(Debug, Default)]
pub struct NotProvided {
    fields: Vec<(&'static str, &'static str)>,
}

impl NotProvided {
    /// The value for `field`. If there is none, records the field as missing.
    pub fn take<T: Provide>(&mut self, provided: &Provided, field: &'static str) -> Option<T> {
        let value = provided.get::<T>();
        if value.is_none() {
            self.fields.push((field, type_name::<T>()));
        }
        value
    }

    /// The fields, each with the name of its type.
    pub fn fields(&self) -> &[(&'static str, &'static str)] {
        &self.fields
    }
}
