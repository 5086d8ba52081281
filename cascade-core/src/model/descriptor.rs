//! The declarations of an extension as data, without its methods.

use super::edge_parent::EdgeParent;
use super::location::Place;
use super::loose_call::LooseCall;
use super::name::Name;
use super::operation::OperationDescriptor;
use super::resource::ResourceDescriptor;
use super::rule::Rule;
use super::settings::StepSettings;

/// An edge: this resource depends on `parent`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EdgeDeclaration {
    /// The resource that this one depends on, and the role of the edge.
    pub parent: EdgeParent,
    /// Where the edge was declared.
    pub place: Place,
    /// Whether the order along it may be given up where instances depend on each other in a cycle.
    pub may_cut: bool,
    /// Whether steps on instances with the same parent along it never overlap. At most one edge of an extension has this.
    pub exclusive: bool,
    /// Whether a call declared it, not `#[cascade]`: the help of faults then names calls.
    pub(crate) by_hand: bool,
}

/// A finder: a method that returns the instances of this resource that depend on given parents.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FinderDeclaration {
    /// The name of the method.
    pub method: Name,
    /// The parent end of the edge that it searches.
    pub parent: EdgeParent,
    /// The operation that it serves; `None` for all operations without a finder of their own.
    pub operation: Option<OperationDescriptor>,
    /// Where it was declared.
    pub place: Place,
    pub(crate) ids_fit: bool,
    /// Whether a call declared it, not `#[cascade]`: the help of faults then names calls.
    pub(crate) by_hand: bool,
}

/// An effect: a method that acts on instances of this resource.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EffectDeclaration {
    /// The name of the method, which is the name of the effect.
    pub method: Name,
    /// The doc comment of the method; may be empty.
    pub docs: Name,
    /// The effects that are skipped on an instance that also gets this one.
    pub supersedes: Vec<Name>,
    /// Where it was declared.
    pub place: Place,
    /// Whether a call declared it, not `#[cascade]`: the help of faults then names calls.
    pub(crate) by_hand: bool,
}

/// A `#[check]`, `#[begin]`, `#[cleanup]` or `#[verify]` method.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PhaseDeclaration {
    /// The name of the method.
    pub method: Name,
    /// The operation that it serves.
    pub operation: OperationDescriptor,
    /// Restricts the method to instances with one of these effects. If empty, a check receives all affected instances;
    /// begin, cleanup and verify methods receive those that the operation removes.
    pub only: Vec<Name>,
    /// Where it was declared.
    pub place: Place,
    /// Whether a call declared it, not `#[cascade]`: the help of faults then names calls.
    pub(crate) by_hand: bool,
}

impl PhaseDeclaration {
    /// A method for all instances that its phase concerns.
    pub(crate) fn new(method: Name, operation: OperationDescriptor, place: Place) -> Self {
        Self { method, operation, only: Vec::new(), place, by_hand: false }
    }
}

/// The declarations of an extension, without its methods. The graph and its documents are made from these.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExtensionDescriptor {
    /// The name of the extension, which is that of the annotated type.
    pub name: Name,
    /// The doc comment of the extension; may be empty.
    pub docs: Name,
    /// The resource that it extends.
    pub resource: ResourceDescriptor,
    /// Whether it only adds edges to a resource that another extension owns.
    pub addon: bool,
    /// How its steps are batched, limited and retried.
    pub settings: StepSettings,
    /// The edges, in source order.
    pub edges: Vec<EdgeDeclaration>,
    /// The resources whose instances must complete before steps on this resource start, although they are not its children.
    pub after: Vec<EdgeDeclaration>,
    /// The finders, in source order.
    pub finders: Vec<FinderDeclaration>,
    /// The effects, in source order.
    pub effects: Vec<EffectDeclaration>,
    /// The rules, in source order.
    pub rules: Vec<Rule>,
    /// The checks, in source order.
    pub checks: Vec<PhaseDeclaration>,
    /// The begin methods, in source order.
    pub begins: Vec<PhaseDeclaration>,
    /// The cleanup methods, in source order.
    pub cleanups: Vec<PhaseDeclaration>,
    /// The verify methods, in source order.
    pub verifies: Vec<PhaseDeclaration>,
    /// Where it was declared.
    pub place: Place,
    pub(crate) ids_fit: bool,
    /// Whether a call declared it, not `#[cascade]`: the help of faults then names calls.
    pub(crate) by_hand: bool,
    /// The calls that refer to what is not declared, or set again what is set. Each is a fault.
    pub(crate) loose_calls: Vec<LooseCall>,
}
