//! Rules: what an operation does to the instances of a resource, by the edge along which it reaches them.

use super::location::Place;
use super::name::Name;
use super::operation::{Operation, OperationDescriptor};
use super::resource::ResourceDescriptor;

/// What a rule decides: an effect, or a policy that needs no code.
///
/// What becomes of a child that is found along the edge:
///
/// | decision | in the plan | step | goes | what hangs off it | the parent waits for it |
/// | --- | --- | --- | --- | --- | --- |
/// | effect | yes | the effect | yes | looked for | yes |
/// | effect, `leaf` | yes | the effect | no | left alone | yes |
/// | `ignore` | not looked for | | | | |
/// | `retain` | listed only | none | no | left alone | no |
/// | `restrict`, it goes by another rule | by that rule | by that rule | yes | by that rule | yes |
/// | `restrict`, else | no: a veto | none | no | left alone | |
/// | `with_parent` | yes | none | with its parent | looked for | yes |
/// | `shared`, all its owners go | yes | the effect, if the rule has one | yes | looked for | yes |
/// | `shared`, else | listed only | none | no | left alone | |
///
/// The owners of a `shared` child are those along that one edge: an operation that would share it along two is a fault of
/// the graph, for nobody could name the owners of both kinds. An owner that comes between the plan and the run is seen
/// where the run looks again: see [`Drift`](crate::Drift).
///
/// A policy takes nothing away: a child that another rule reaches too gets what that rule brings. What a parent's end
/// takes is done when a parent that takes it is done (along a `shared` edge: all of them). Its other parents, and what
/// comes `after` it, wait for all parents that take it. Where one of these waits for such a parent in turn, that one
/// waits only for what hangs off the child, and the plan lists it among the arcs that close a cycle.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
#[non_exhaustive]
pub enum Decision {
    /// The instance gets the effect of that name.
    Effect {
        /// The method.
        effect: Name,
        /// Whether the cascade goes no further down: the instance stays, and what hangs off it is left alone.
        leaf: bool,
    },
    /// The operation does not go along the edge.
    Ignore,
    /// What hangs off the parent stays, and is listed in the plan.
    Retain,
    /// The operation is refused while anything hangs off the parent that is not going too.
    Restrict,
    /// The parent's end takes the instance: it is in the plan, and has no step of its own.
    WithParent,
    /// The instance goes only with its last owner: by that effect, or without a step of its own.
    ///
    /// The finder names every owner of each child that it finds, also owners that it was not asked about.
    Shared {
        /// The method, if there is a step.
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

    /// Whether it says how instances are ordered. What is retained is not waited for, unless another rule takes it.
    pub(crate) fn orders(&self) -> bool {
        *self != Self::Ignore
    }

    /// Whether a parent's end takes the instance, which then has no step of its own.
    pub(crate) fn takes(&self) -> bool {
        matches!(self, Self::WithParent | Self::Shared { effect: None })
    }

    /// Whether the instance goes with its last owner.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Shared { .. })
    }
}

/// A rule: what an operation does to the instances of this resource, by where it comes from.
#[derive(Clone, Debug)]
#[must_use]
pub struct Rule {
    pub(crate) operation: OperationDescriptor,
    pub(crate) from: Vec<ResourceDescriptor>,
    pub(crate) roots: Vec<ResourceDescriptor>,
    pub(crate) decision: Decision,
    pub(crate) place: Place,
}

impl Rule {
    /// For `O`, the effect of that name. Without [`from`](Self::from) it speaks of an instance that is itself the
    /// root.
    pub fn effect<O: Operation>(effect: impl Into<Name>, place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::Effect { effect: effect.into(), leaf: false }, place)
    }

    /// `O` does not go along the edges named with [`from`](Self::from).
    pub fn ignore<O: Operation>(place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::Ignore, place)
    }

    /// For `O`, what hangs off the parents named with [`from`](Self::from) stays, and is listed in the plan.
    pub fn retain<O: Operation>(place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::Retain, place)
    }

    /// `O` is refused while anything hangs off those parents that is not going too.
    pub fn restrict<O: Operation>(place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::Restrict, place)
    }

    /// For `O`, the parent's end takes the instance: it is in the plan, and has no step of its own.
    pub fn with_parent<O: Operation>(place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::WithParent, place)
    }

    /// For `O`, the instance goes only with its last owner, and has no step of its own.
    pub fn shared<O: Operation>(place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::Shared { effect: None }, place)
    }

    /// The instance gets the rule's effect only if all its owners along the edge go.
    pub fn with_last_owner(mut self) -> Self {
        if let Decision::Effect { effect, .. } = self.decision {
            self.decision = Decision::Shared { effect: Some(effect) };
        }
        self
    }

    pub(crate) fn new(operation: OperationDescriptor, decision: Decision, place: Place) -> Self {
        Self { operation, from: Vec::new(), roots: Vec::new(), decision, place }
    }

    /// The rule is for what comes from `parent`. May be called for several.
    pub fn from(mut self, parent: ResourceDescriptor) -> Self {
        self.from.push(parent);
        self
    }

    /// The rule is only for cascades that started at `root`, and goes before one that does not say so.
    pub fn root(mut self, root: ResourceDescriptor) -> Self {
        self.roots.push(root);
        self
    }

    /// The cascade goes no further down.
    pub fn leaf(mut self) -> Self {
        if let Decision::Effect { leaf, .. } = &mut self.decision {
            *leaf = true;
        }
        self
    }
}
