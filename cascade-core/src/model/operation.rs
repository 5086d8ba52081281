//! Operations: what is done to a resource and to all that depends on it.

use std::any::{Any, TypeId};
use std::fmt;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::location::Place;
use super::resource::{Resource, ResourceDescriptor};

/// What is done: [`Delete`], or a type of yours with its payload. Derive it.
///
/// ```
/// use cascade_core::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// # #[derive(Resource)] #[resource(id = String)] pub struct L2Network;
/// #[derive(Operation, Clone, Debug, Serialize, Deserialize)]
/// #[operation(code = "l2Network.detach", root = L2Network)]
/// pub struct DetachL2Network {
///     pub cluster: String,
/// }
/// assert_eq!(DetachL2Network::CODE, "l2Network.detach");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cascade operation",
    label = "not a declared operation",
    note = "declare it where the type is defined: `#[derive(cascade_core::Operation)]` with `#[operation(code = \"…\")]`"
)]
pub trait Operation: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The stable code, on disk and in plans. Unique in a graph.
    const CODE: &'static str;
    /// What the engine needs to know of the operation.
    const DESCRIPTOR: OperationDescriptor;

    /// The descriptor, for code that many share: the constant is copied wherever it is named.
    #[doc(hidden)]
    #[inline(never)]
    fn descriptor() -> OperationDescriptor {
        Self::DESCRIPTOR
    }
}

/// Says that operation `Self` may start from resource `R`. `#[derive(Operation)]` implements it: for every
/// resource, or for the one that `root = …` names.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot start from `{R}`",
    label = "`{Self}` does not name `{R}` as its root",
    note = "the resources that an operation starts from are listed where it is defined: `#[operation(root = …)]`"
)]
pub trait StartsFrom<R>: Operation {}

/// Remove a resource, and decide for everything that hangs off it. Starts from any resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delete;

impl Operation for Delete {
    const CODE: &'static str = "delete";
    const DESCRIPTOR: OperationDescriptor =
        OperationDescriptor::of::<Self>("Delete", Self::CODE, Vec::new, crate::place!())
            .documented("Remove a resource, and decide for everything that hangs off it.");
}

#[diagnostic::do_not_recommend]
impl<R: Resource> StartsFrom<R> for Delete {}

/// What the engine knows of an operation.
#[derive(Clone, Copy)]
pub struct OperationDescriptor {
    name: &'static str,
    code: &'static str,
    docs: &'static str,
    type_id: TypeId,
    roots: fn() -> Vec<ResourceDescriptor>,
    parse: fn(serde_json::Value) -> Result<std::sync::Arc<dyn AnyOperation>, serde_json::Error>,
    place: Place,
}

impl OperationDescriptor {
    /// The descriptor of a type. `roots` lists the resources it may start from; none: any.
    pub const fn of<O: Operation>(
        name: &'static str,
        code: &'static str,
        roots: fn() -> Vec<ResourceDescriptor>,
        place: Place,
    ) -> Self {
        let parse = |payload| {
            Ok(std::sync::Arc::new(serde_json::from_value::<O>(payload)?) as std::sync::Arc<dyn AnyOperation>)
        };
        Self { name, code, docs: "", type_id: TypeId::of::<O>(), roots, parse, place }
    }

    /// The same, with what the documents of its type say.
    #[must_use]
    pub const fn documented(self, docs: &'static str) -> Self {
        Self { docs, ..self }
    }

    /// What the documents of its type say; may be empty.
    pub fn docs(&self) -> &'static str {
        self.docs
    }

    /// The name of the type, for people.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The resources it may start from; empty for any.
    pub fn roots(&self) -> Vec<ResourceDescriptor> {
        (self.roots)()
    }

    /// Where it was declared.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The operation that a journal kept.
    pub(crate) fn parse(
        &self,
        payload: serde_json::Value,
    ) -> Result<std::sync::Arc<dyn AnyOperation>, serde_json::Error> {
        (self.parse)(payload)
    }

    /// Whether both describe one operation.
    pub fn is_same(&self, other: &Self) -> bool {
        self.type_id == other.type_id && self.code == other.code
    }

    /// Whether it may start from `resource`.
    pub fn may_start_from(&self, resource: &ResourceDescriptor) -> bool {
        let roots = self.roots();
        roots.is_empty() || roots.iter().any(|root| root.is_same(resource))
    }
}

impl Debug for OperationDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) at {}", self.name, self.code, self.place)
    }
}

/// An operation of a type that the engine does not know.
pub(crate) trait AnyOperation: Debug + Send + Sync {
    fn descriptor(&self) -> OperationDescriptor;
    fn as_any(&self) -> &dyn Any;
    fn to_json(&self) -> Result<serde_json::Value, serde_json::Error>;
}

impl<O: Operation> AnyOperation for O {
    fn descriptor(&self) -> OperationDescriptor {
        O::DESCRIPTOR
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_json(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(self)
    }
}
