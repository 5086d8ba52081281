//! What a program provides to its extensions: pools, clients, handles.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;

/// The values that a program provides, by type. Filled by
/// [`CascadeBuilder::provide`](crate::CascadeBuilder::provide).
#[derive(Default)]
pub struct Provided {
    values: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
}

impl Provided {
    /// Provides `value`, in the place of an earlier one of the same type.
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        self.values.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// A clone of the provided value of type `T`; `None` where the program provides none.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.values.get(&TypeId::of::<T>()).and_then(|value| value.downcast_ref::<T>()).cloned()
    }
}

impl fmt::Debug for Provided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provided({} types)", self.values.len())
    }
}

/// What a program can provide: anything that can be cloned into each extension, and shared between threads.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be provided to an extension",
    label = "not what a program can provide",
    note = "what is provided is cloned into each extension: it is `Clone + Send + Sync + 'static`, or stands in an `Arc`"
)]
pub trait Provide: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Provide for T {}

/// A type that annotated methods stand on, and that can be made from what the program provides.
///
/// Derive it: each field is taken by its type. A type without fields needs nothing provided.
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
    message = "`{Self}` cannot be made from what the program provides",
    label = "not an extension",
    note = "add `#[derive(cascade_core::Extension)]` to `{Self}`; its fields are taken by type from what is provided"
)]
pub trait Extension: Sized + Send + Sync + 'static {
    /// Makes the extension; an error lists every field for which nothing was provided.
    fn from_provided(provided: &Provided) -> Result<Self, NotProvided>;
}

/// The fields for which nothing was provided.
#[derive(Debug, Default)]
pub struct NotProvided {
    fields: Vec<(&'static str, &'static str)>,
}

impl NotProvided {
    /// The value for `field`, noted as missing where there is none.
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
