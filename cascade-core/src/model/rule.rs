//! Rules: the decision of an operation for the instances of a resource, per edge along which it reaches them.

use super::edge_parent::EdgeParent;
use super::location::Place;
use super::name::Name;
use super::operation::{Operation, OperationDescriptor};
use super::resource::ResourceDescriptor;

/// The decision of a rule: an effect, or a policy that needs no method.
///
/// For a child that a finder returns along the edge:
///
/// | decision | in the plan | step | removed | its dependents | the parent waits for it |
/// | --- | --- | --- | --- | --- | --- |
/// | effect | yes | the effect | yes | discovered | yes |
/// | effect, `leaf` | yes | the effect | no | not discovered | yes |
/// | `ignore` | no: the finder is not called | | | | |
/// | `retain` | listed only | none | no | not discovered | no |
/// | `restrict`, and another rule removes the child | by that rule | by that rule | yes | by that rule | yes |
/// | `restrict`, otherwise | no: it is a veto | none | no | not discovered | |
/// | `with_parent` | yes | none | with its parent | discovered | yes |
/// | `shared`, and all its owners are removed | yes | the effect, if the rule has one | yes | discovered | yes |
/// | `shared`, otherwise | listed only | none | no | not discovered | |
///
/// The owners of a `shared` child are its parents along that one edge. An operation that shares a resource along two edges
/// is a fault of the graph, because no finder names the owners of both kinds. A run notices an owner that was added after
/// the plan was made only if it discovers dependents again: see [`Drift`](crate::Drift).
///
/// A policy never cancels another rule: if another rule reaches the child too, that rule applies as well.
///
/// A child without a step of its own completes when one of the parents that remove it completes, and along a `shared` edge
/// when all of them complete. Its other parents, and instances that are ordered `after` it, wait for all parents that
/// remove it. If such a parent in turn waits for one of the other parents, this one waits only for the dependents of the
/// child, and the plan lists the arc among those that close a cycle.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
#[non_exhaustive]
pub enum Decision {
    /// The effect with this name runs on the instance.
    Effect {
        /// The name of the effect.
        effect: Name,
        /// If true, the instance stays, and the operation does not propagate to its dependents.
        leaf: bool,
    },
    /// The operation does not propagate along the edge.
    Ignore,
    /// The dependents stay, and the plan lists them.
    Retain,
    /// The operation is refused while a dependent exists that is not removed too.
    Restrict,
    /// The instance is removed together with its parent: it is in the plan, without a step of its own.
    WithParent,
    /// The instance is removed only together with its last owner: by the effect, or without a step of its own.
    ///
    /// The finder must name all owners of each child that it returns, including owners that it was not asked about.
    Shared {
        /// The name of the effect; `None` if there is no step.
        effect: Option<Name>,
    },
}

impl Decision {
    pub(crate) fn effect(&self) -> Option<&Name> {
        match self {
            Self::Effect { effect, .. } | Self::Shared { effect: Some(effect) } => Some(effect),
            Self::Ignore
            | Self::Retain
            | Self::Restrict
            | Self::WithParent
            | Self::Shared { effect: None } => None,
        }
    }

    /// Whether the decision orders parent and child. A retained child is ordered only if another rule affects it.
    pub(crate) fn orders(&self) -> bool {
        *self != Self::Ignore
    }

    /// Whether the instance completes when its parent does, without a step of its own.
    pub(crate) fn completes_with_parent(&self) -> bool {
        matches!(self, Self::WithParent | Self::Shared { effect: None })
    }

    /// Whether the instance is removed only together with its last owner.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Shared { .. })
    }
}

/// A rule: the decision of an operation for the instances of this resource that it reaches along certain edges.
#[derive(Clone, Debug)]
#[must_use]
pub struct Rule {
    pub(crate) operation: OperationDescriptor,
    pub(crate) from: Vec<EdgeParent>,
    pub(crate) roots: Vec<ResourceDescriptor>,
    pub(crate) decision: Decision,
    /// Whether [`leaf`](Self::leaf) was called. Kept for validation: a policy has no leaf.
    pub(crate) leaf: bool,
    /// Whether [`with_last_owner`](Self::with_last_owner) was called. Kept for validation, like `leaf`.
    pub(crate) with_last_owner: bool,
    pub(crate) by_hand: bool,
    pub(crate) place: Place,
}

/// The order of calls does not matter. Calls that contradict each other are a fault of the graph: see
/// [`leaf`](Self::leaf) and [`with_last_owner`](Self::with_last_owner).
impl Rule {
    /// For `O`, the effect with this name runs on the instance. Without [`from`](Self::from), the rule is for an instance
    /// that is itself the root.
    pub fn effect<O: Operation>(effect: impl Into<Name>, place: Place) -> Self {
        Self::by_hand(O::DESCRIPTOR, Decision::Effect { effect: effect.into(), leaf: false }, place)
    }

    /// `O` does not propagate along the edges from the parents that [`from`](Self::from) names.
    pub fn ignore<O: Operation>(place: Place) -> Self {
        Self::by_hand(O::DESCRIPTOR, Decision::Ignore, place)
    }

    /// For `O`, dependents of the parents that [`from`](Self::from) names stay, and the plan lists them.
    pub fn retain<O: Operation>(place: Place) -> Self {
        Self::by_hand(O::DESCRIPTOR, Decision::Retain, place)
    }

    /// `O` is refused while a dependent of the parents that [`from`](Self::from) names exists that is not removed too.
    pub fn restrict<O: Operation>(place: Place) -> Self {
        Self::by_hand(O::DESCRIPTOR, Decision::Restrict, place)
    }

    /// For `O`, the instance is removed together with its parent: it is in the plan, without a step of its own.
    pub fn with_parent<O: Operation>(place: Place) -> Self {
        Self::by_hand(O::DESCRIPTOR, Decision::WithParent, place)
    }

    /// For `O`, the instance is removed only together with its last owner, without a step of its own.
    pub fn shared<O: Operation>(place: Place) -> Self {
        Self::by_hand(O::DESCRIPTOR, Decision::Shared { effect: None }, place)
    }

    /// Restricts an effect rule to instances all of whose owners along the edge are removed. A fault for a policy, and for a
    /// rule that is also a [`leaf`](Self::leaf).
    pub fn with_last_owner(mut self) -> Self {
        self.with_last_owner = true;
        if let Decision::Effect { effect, .. } = self.decision {
            self.decision = Decision::Shared { effect: Some(effect) };
        }
        self
    }

    fn by_hand(operation: OperationDescriptor, decision: Decision, place: Place) -> Self {
        Self { by_hand: true, ..Self::new(operation, decision, place) }
    }

    /// A rule of an extension under `#[cascade]`.
    pub(crate) fn new(operation: OperationDescriptor, decision: Decision, place: Place) -> Self {
        Self {
            operation,
            from: Vec::new(),
            roots: Vec::new(),
            decision,
            leaf: false,
            with_last_owner: false,
            by_hand: false,
            place,
        }
    }

    /// Adds an edge: the rule is for instances that the operation reaches from `parent`, a [`ResourceDescriptor`] or one
    /// [in a role](ResourceDescriptor::in_role). Naming an edge twice is a fault.
    pub fn from(mut self, parent: impl Into<EdgeParent>) -> Self {
        self.from.push(parent.into());
        self
    }

    /// Adds a root: the rule holds only if the operation started from `root`. It has precedence over a rule without roots.
    /// Naming a root twice is a fault.
    pub fn root(mut self, root: ResourceDescriptor) -> Self {
        self.roots.push(root);
        self
    }

    /// Makes an effect rule a leaf: the instance stays, and the operation does not propagate to its dependents. A fault for a
    /// policy, and for a rule [`with_last_owner`](Self::with_last_owner).
    pub fn leaf(mut self) -> Self {
        self.leaf = true;
        if let Decision::Effect { leaf, .. } = &mut self.decision {
            *leaf = true;
        }
        self
    }
}
