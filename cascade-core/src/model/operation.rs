//! Operations: an action on a resource and on everything that depends on it.

use std::any::{Any, TypeId};
use std::fmt;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::location::Place;
use super::resource::{Resource, ResourceDescriptor};

/// An operation: [`Delete`], or your own type with its payload. Derive it.
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
    note = "add `#[derive(cascade_core::Operation)]` and `#[operation(code = \"…\")]` to the definition of the type"
)]
pub trait Operation: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The stable code in journals and plans. Unique in a graph.
    const CODE: &'static str;
    /// The description that the engine works with.
    const DESCRIPTOR: OperationDescriptor;

    /// The descriptor, from one function instead of a copy of the constant at each use.
    #[doc(hidden)]
    #[inline(never)]
    fn descriptor() -> OperationDescriptor {
        Self::DESCRIPTOR
    }
}

/// Operation `Self` may start from resource `R`. `#[derive(Operation)]` implements it for every resource, or only for those
/// that `root = …` names.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot start from `{R}`",
    label = "`{Self}` does not name `{R}` as its root",
    note = "`#[operation(root = …)]` on the definition of the operation lists the resources that it may start from"
)]
pub trait StartsFrom<R>: Operation {}

/// Remove a resource, and decide what happens to everything that depends on it. Starts from any resource.
///
/// It is [total](OperationDescriptor::total): every extension decides it for each of its edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delete;

impl Operation for Delete {
    const CODE: &'static str = "delete";
    const DESCRIPTOR: OperationDescriptor =
        OperationDescriptor::of::<Self>("Delete", Self::CODE, Vec::new, crate::place!())
            .documented("Remove a resource, and decide what happens to everything that depends on it.")
            .total();
}

#[diagnostic::do_not_recommend]
impl<R: Resource> StartsFrom<R> for Delete {}

/// The description of an operation: its name, code and docs, its roots, and where it was declared.
#[derive(Clone, Copy)]
pub struct OperationDescriptor {
    name: &'static str,
    code: &'static str,
    docs: &'static str,
    /// A function, because `TypeId::of` is `const` only since Rust 1.91.
    type_id: fn() -> TypeId,
    roots: fn() -> Vec<ResourceDescriptor>,
    total: bool,
    parse: fn(serde_json::Value) -> Result<std::sync::Arc<dyn AnyOperation>, serde_json::Error>,
    place: Place,
}

impl OperationDescriptor {
    /// The descriptor of operation type `O`. `roots` lists the resources that it may start from; an empty list allows all.
    pub const fn of<O: Operation>(
        name: &'static str,
        code: &'static str,
        roots: fn() -> Vec<ResourceDescriptor>,
        place: Place,
    ) -> Self {
        let parse = |payload| {
            Ok(std::sync::Arc::new(serde_json::from_value::<O>(payload)?) as std::sync::Arc<dyn AnyOperation>)
        };
        Self { name, code, docs: "", type_id: TypeId::of::<O>, roots, total: false, parse, place }
    }

    /// Sets the docs: the doc comment of the type.
    #[must_use]
    pub const fn documented(self, docs: &'static str) -> Self {
        Self { docs, ..self }
    }

    /// Makes the operation total: every extension has to decide it for each of its edges, also an extension that does not
    /// mention it. [`Graph::build`](crate::Graph::build) reports the undecided edges of each total operation that a rule
    /// mentions.
    ///
    /// A plan of a total operation refuses roots that do not exist, or that the operation has removed already, as far as verify
    /// methods tell: see [`PlanError::MissingRoots`](crate::PlanError::MissingRoots).
    /// [`RootSet::allow_missing`](crate::RootSet::allow_missing) accepts them.
    ///
    /// `#[operation(total)]` on a derived operation calls this.
    #[must_use]
    pub const fn total(self) -> Self {
        Self { total: true, ..self }
    }

    /// Whether the operation is [total](Self::total).
    pub fn is_total(&self) -> bool {
        self.total
    }

    /// The doc comment of the type; may be empty.
    pub fn docs(&self) -> &'static str {
        self.docs
    }

    /// The name of the type, for display.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The resources that it may start from; empty if it may start from all.
    pub fn roots(&self) -> Vec<ResourceDescriptor> {
        (self.roots)()
    }

    /// Where it was declared.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Deserialises an operation that a journal recorded.
    pub(crate) fn parse(
        &self,
        payload: serde_json::Value,
    ) -> Result<std::sync::Arc<dyn AnyOperation>, serde_json::Error> {
        (self.parse)(payload)
    }

    /// Whether both describe the same operation.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.type_id)() == (other.type_id)() && self.code == other.code
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

/// An operation whose type is erased.
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
