//! The values that a program provides to its extensions: connection pools, clients, handles.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;

/// The values that a program provides to its extensions, by type, and by name where one type has several values.
/// [`CascadeBuilder::provide`](crate::CascadeBuilder::provide) and
/// [`provide_named`](crate::CascadeBuilder::provide_named) add them.
#[derive(Default)]
pub struct Provided {
    values: HashMap<Key, Value>,
}

/// The type of a value, and its name, if it has one.
type Key = (TypeId, Option<String>);

struct Value {
    value: Box<dyn Any + Send + Sync>,
    /// Where the program provides it.
    at: &'static Location<'static>,
}

impl Provided {
    /// Provides `value`. Replaces an earlier value of the same type without a name.
    #[track_caller]
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        self.put(None, value);
    }

    /// Provides `value` under a name. Replaces an earlier value of the same type and name.
    #[track_caller]
    pub fn insert_named<T: Clone + Send + Sync + 'static>(&mut self, name: impl Into<String>, value: T) {
        self.put(Some(name.into()), value);
    }

    /// Adds a value. Returns where an earlier value of the same type and name was provided.
    #[track_caller]
    pub(crate) fn put<T: Clone + Send + Sync + 'static>(
        &mut self,
        name: Option<String>,
        value: T,
    ) -> Option<&'static Location<'static>> {
        let value = Value { value: Box::new(value), at: Location::caller() };
        self.values.insert((TypeId::of::<T>(), name), value).map(|earlier| earlier.at)
    }

    /// A clone of the value of type `T` without a name; `None` if the program provides none.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.find(None)
    }

    /// A clone of the value of type `T` under that name; `None` if the program provides none.
    pub fn get_named<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<T> {
        self.find(Some(name.to_owned()))
    }

    fn find<T: Clone + Send + Sync + 'static>(&self, name: Option<String>) -> Option<T> {
        self.values.get(&(TypeId::of::<T>(), name)).and_then(|it| it.value.downcast_ref::<T>()).cloned()
    }

    /// The names under which values of type `T` are provided, sorted.
    fn names<T: 'static>(&self) -> Vec<String> {
        let of_type = self.values.keys().filter(|(type_id, _)| *type_id == TypeId::of::<T>());
        let mut names: Vec<String> = of_type.filter_map(|(_, name)| name.clone()).collect();
        names.sort_unstable();
        names
    }
}

impl fmt::Debug for Provided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provided({} values)", self.values.len())
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
/// Derive it: each field gets the provided value of its type, or the value of the name that `#[provided(name = "…")]`
/// gives. A type without fields needs no provided value.
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
    /// Makes the extension. The error lists every field whose value the program does not provide.
    fn from_provided(provided: &Provided) -> Result<Self, NotProvided>;
}

/// The fields of an extension whose values the program does not provide.
#[derive(Debug, Default)]
pub struct NotProvided {
    fields: Vec<MissingField>,
}

/// A field of an extension whose value the program does not provide.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingField {
    /// The field: its name, or its number in a tuple struct.
    pub field: &'static str,
    /// The name of its type.
    pub type_name: &'static str,
    /// The name in `#[provided(name = "…")]`.
    pub name: Option<&'static str>,
    /// The names under which values of the type are provided, sorted.
    pub provided_names: Vec<String>,
}

impl NotProvided {
    /// The value for `field`. If there is none, records the field as missing.
    pub fn take<T: Provide>(&mut self, provided: &Provided, field: &'static str) -> Option<T> {
        let value = provided.get::<T>();
        self.check(value, provided, field, None)
    }

    /// The value under `name` for `field`. If there is none, records the field as missing.
    pub fn take_named<T: Provide>(
        &mut self,
        provided: &Provided,
        field: &'static str,
        name: &'static str,
    ) -> Option<T> {
        let value = provided.get_named::<T>(name);
        self.check(value, provided, field, Some(name))
    }

    fn check<T: Provide>(
        &mut self,
        value: Option<T>,
        provided: &Provided,
        field: &'static str,
        name: Option<&'static str>,
    ) -> Option<T> {
        if value.is_none() {
            let (type_name, provided_names) = (type_name::<T>(), provided.names::<T>());
            self.fields.push(MissingField { field, type_name, name, provided_names });
        }
        value
    }

    /// The fields, in the order of their declaration.
    pub fn fields(&self) -> &[MissingField] {
        &self.fields
    }
}
