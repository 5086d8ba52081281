//! Calls on a declaration by hand that have no place in its lists.

use super::edge_parent::EdgeParent;
use super::name::Name;
use super::operation::OperationDescriptor;
use super::phase::Phase;

/// A call that refers to an edge, an effect or a method that is not declared yet, or that sets again what an earlier call
/// has set. If a later call declares it, the reference moves there. Validation reports the calls that are left.
#[derive(Clone, Debug)]
pub(crate) enum LooseCall {
    /// The description of an effect.
    EffectDocs { effect: Name, docs: Name },
    /// The effects that an effect supersedes.
    Supersedes { effect: Name, others: Vec<Name> },
    /// The effects to which a method of a phase is restricted.
    Only { phase: Phase, method: Name, operation: OperationDescriptor, effects: Vec<Name> },
    /// The order along the edge from this parent may be given up in cycles.
    MayCut { parent: EdgeParent },
    /// Steps on instances with the same parent along the edge from this parent never overlap.
    Exclusive { parent: EdgeParent },
    /// A second call for what only one call may set.
    Twice(OneValue),
}

/// What only one call may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OneValue {
    Docs,
    Settings,
    Exclusive,
    EffectDocs(Name),
    /// The effects of this method of this phase, for the operation with this code.
    Only(Phase, Name, &'static str),
}
