//! The declaration of an extension as data, without its methods.

use super::location::Place;
use super::name::Name;
use super::operation::OperationDescriptor;
use super::resource::ResourceDescriptor;
use super::rule::Rule;
use super::settings::StepSettings;

/// An edge: this resource hangs off `parent`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EdgeDeclaration {
    /// The resource that this one hangs off.
    pub parent: ResourceDescriptor,
    /// Where the edge was written.
    pub place: Place,
}

/// A finder: which instances of this resource hang off given parents?
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FinderDeclaration {
    /// The method.
    pub method: Name,
    /// The edge it answers for.
    pub parent: ResourceDescriptor,
    /// The operation it is asked for; `None` for all that have no finder of their own.
    pub operation: Option<OperationDescriptor>,
    /// Where it was written.
    pub place: Place,
    pub(crate) ids_fit: bool,
}

/// An effect: what is done to instances of this resource.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EffectDeclaration {
    /// The method: the effect's name.
    pub method: Name,
    /// What the documents of the method say; may be empty.
    pub docs: Name,
    /// The effects that need not run on an instance that this one runs on.
    pub supersedes: Vec<Name>,
    /// Where it was written.
    pub place: Place,
}

/// A `#[check]`, `#[begin]`, `#[cleanup]` or `#[verify]` method.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PhaseDeclaration {
    /// The method.
    pub method: Name,
    /// The operation it is for.
    pub operation: OperationDescriptor,
    /// Only for instances with one of these effects; empty for the phase's own choice: a check sees all affected
    /// instances, begin, cleanup and verify those that are going.
    pub only: Vec<Name>,
    /// Where it was written.
    pub place: Place,
}

/// What an extension declares, without its methods: what the graph is built from and documents are drawn from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExtensionDescriptor {
    /// The extension's name: that of the annotated type.
    pub name: Name,
    /// What its documents say; may be empty.
    pub docs: Name,
    /// The resource it extends.
    pub resource: ResourceDescriptor,
    /// Whether it only adds edges to a resource that another extension owns.
    pub addon: bool,
    /// How its steps are packed, limited and tried again.
    pub settings: StepSettings,
    /// The edges, as written.
    pub edges: Vec<EdgeDeclaration>,
    /// The resources whose instances must have ended before steps on this one start, though it is not their child.
    pub after: Vec<EdgeDeclaration>,
    /// The finders, as written.
    pub finders: Vec<FinderDeclaration>,
    /// The effects, as written.
    pub effects: Vec<EffectDeclaration>,
    /// The rules, as written.
    pub rules: Vec<Rule>,
    /// The checks, as written.
    pub checks: Vec<PhaseDeclaration>,
    /// The begin methods, as written.
    pub begins: Vec<PhaseDeclaration>,
    /// The cleanup methods, as written.
    pub cleanups: Vec<PhaseDeclaration>,
    /// The verify methods, as written.
    pub verifies: Vec<PhaseDeclaration>,
    /// Where it was written.
    pub place: Place,
    pub(crate) ids_fit: bool,
}
