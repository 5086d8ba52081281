//! Small worlds: resources with rules, instances with links, one link that moves and one that arrives.

use std::collections::BTreeSet;

use cascade_core::{Delete, Rule, StepSettings, place};

/// A name, or the id of an instance.
pub(crate) type Id = &'static str;

/// What `Delete` does along an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// This effect removes the child.
    Removes(Id),
    /// This effect lets go of the parent; the operation stops there.
    LetsGo(Id),
    /// The same, but the link stays.
    Stops(Id),
    /// This effect removes the child with its last owner.
    RemovesWithLastOwner(Id),
    /// The child ends with its last owner.
    Shared,
    WithParent,
    Restrict,
    Retain,
}

impl Decision {
    pub(crate) fn effect(self) -> Option<Id> {
        match self {
            Self::Removes(effect)
            | Self::LetsGo(effect)
            | Self::Stops(effect)
            | Self::RemovesWithLastOwner(effect) => Some(effect),
            _ => None,
        }
    }

    pub(crate) fn is_leaf(self) -> bool {
        matches!(self, Self::LetsGo(_) | Self::Stops(_))
    }

    /// Whether it removes the child.
    pub(crate) fn removes(self) -> bool {
        matches!(self, Self::Removes(_) | Self::RemovesWithLastOwner(_) | Self::Shared | Self::WithParent)
    }

    /// Whether it makes the child part of the plan.
    pub(crate) fn affects(self) -> bool {
        self.removes() || self.is_leaf()
    }

    pub(crate) fn is_shared(self) -> bool {
        matches!(self, Self::RemovesWithLastOwner(_) | Self::Shared)
    }

    pub(crate) fn rule(self) -> Rule {
        match self {
            Self::Removes(effect) => Rule::effect::<Delete>(effect, place!()),
            Self::LetsGo(effect) | Self::Stops(effect) => Rule::effect::<Delete>(effect, place!()).leaf(),
            Self::RemovesWithLastOwner(effect) => Rule::effect::<Delete>(effect, place!()).with_last_owner(),
            Self::Shared => Rule::shared::<Delete>(place!()),
            Self::WithParent => Rule::with_parent::<Delete>(place!()),
            Self::Restrict => Rule::restrict::<Delete>(place!()),
            Self::Retain => Rule::retain::<Delete>(place!()),
        }
    }
}

/// An edge of the resource graph.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    pub(crate) child: Id,
    pub(crate) parent: Id,
    pub(crate) role: Option<Id>,
    pub(crate) decision: Decision,
    pub(crate) is_exclusive: bool,
    pub(crate) may_cut: bool,
}

/// A pair of instances along an edge: its number, the parent, the child. No two instances of a world have the same id.
pub(crate) type Link = (usize, Id, Id);

/// Roots of a resource, and the effect that removes them.
#[derive(Clone, Debug)]
pub(crate) struct Roots {
    pub(crate) resource: Id,
    pub(crate) effect: Id,
    pub(crate) ids: Vec<Id>,
}

/// A world, and what happens in it while a run is under way.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) name: Id,
    pub(crate) roots: Vec<Roots>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) links: BTreeSet<Link>,
    /// All instances, also those that only the move or the arrival names.
    pub(crate) ids: BTreeSet<Id>,
    /// A link becomes another one.
    pub(crate) moves: Option<(Link, Link)>,
    pub(crate) arrives: Option<Link>,
    /// Whether effects test in their own statement whether a link still gives the instance that effect.
    pub(crate) is_conditional: bool,
    /// Effects leave these instances, and finders still answer them.
    pub(crate) stays: Vec<Id>,
    pub(crate) settings: StepSettings,
    /// A resource, one of its effects, and the effect that it supersedes.
    pub(crate) supersedes: Vec<(Id, Id, Id)>,
}

impl World {
    pub(crate) fn named(name: Id) -> Self {
        Self {
            name,
            roots: Vec::new(),
            edges: Vec::new(),
            links: BTreeSet::new(),
            ids: BTreeSet::new(),
            moves: None,
            arrives: None,
            is_conditional: false,
            stays: Vec::new(),
            settings: StepSettings::default(),
            supersedes: Vec::new(),
        }
    }

    /// Roots of a resource, and the effect that removes them.
    pub(crate) fn roots(mut self, resource: Id, effect: Id, ids: Id) -> Self {
        self.roots.push(Roots { resource, effect, ids: ids.split_whitespace().collect() });
        self
    }

    /// An edge, as `Vm Host` or `Vm Host role`, and its links, as `h>v1 h>v2`.
    pub(crate) fn edge(mut self, edge: Id, decision: Decision, links: Id) -> Self {
        let words: Vec<Id> = edge.split_whitespace().collect();
        let at = self.edges.len();
        let (is_exclusive, may_cut) = (false, false);
        let (child, parent, role) = (words[0], words[1], words.get(2).copied());
        self.edges.push(Edge { child, parent, role, decision, is_exclusive, may_cut });
        self.links.extend(links.split_whitespace().map(|link| parse(at, link)));
        self
    }

    /// Steps along the last edge are exclusive per parent.
    pub(crate) fn exclusive(mut self) -> Self {
        self.edges.last_mut().expect("an edge").is_exclusive = true;
        self
    }

    /// The order along the last edge may be given up.
    pub(crate) fn may_cut(mut self) -> Self {
        self.edges.last_mut().expect("an edge").may_cut = true;
        self
    }

    /// Of the effects of a resource, one supersedes another.
    pub(crate) fn supersedes(mut self, resource: Id, effect: Id, other: Id) -> Self {
        self.supersedes.push((resource, effect, other));
        self
    }

    pub(crate) fn moves(mut self, edge: &str, from: Id, to: Id) -> Self {
        let at = self.edge_at(edge);
        self.moves = Some((parse(at, from), parse(at, to)));
        self
    }

    pub(crate) fn arrives(mut self, edge: &str, link: Id) -> Self {
        self.arrives = Some(parse(self.edge_at(edge), link));
        self
    }

    pub(crate) fn conditional(mut self) -> Self {
        self.is_conditional = true;
        self
    }

    pub(crate) fn stays(mut self, id: Id) -> Self {
        self.stays.push(id);
        self
    }

    /// One step after the other, each with one instance.
    pub(crate) fn one_by_one(mut self) -> Self {
        self.settings = StepSettings::default().batch(1).concurrency(1);
        self
    }

    /// Each step has one instance.
    pub(crate) fn one_each(mut self) -> Self {
        self.settings = StepSettings::default().batch(1);
        self
    }

    fn edge_at(&self, edge: &str) -> usize {
        let is_it = |it: &Edge| {
            [Some(it.child), Some(it.parent), it.role].into_iter().flatten().eq(edge.split_whitespace())
        };
        self.edges.iter().position(is_it).unwrap_or_else(|| panic!("there is no edge `{edge}`"))
    }

    /// Collects all instances.
    pub(crate) fn complete(mut self) -> Self {
        let moves = self.moves.iter().flat_map(|&(from, to)| [from, to]);
        let links = self.links.iter().copied().chain(moves).chain(self.arrives);
        let roots = self.roots.iter().flat_map(|root| root.ids.iter().copied());
        self.ids = links.flat_map(|link| [link.1, link.2]).chain(roots).collect();
        self
    }

    pub(crate) fn resource_of(&self, id: Id) -> Id {
        let moves = self.moves.iter().flat_map(|(from, to)| [from, to]);
        let mut links = self.links.iter().chain(moves).chain(&self.arrives);
        let of_link = links.find_map(|link| match &self.edges[link.0] {
            edge if link.1 == id => Some(edge.parent),
            edge if link.2 == id => Some(edge.child),
            _ => None,
        });
        let of_root = || self.roots.iter().find(|root| root.ids.contains(&id)).map(|root| root.resource);
        of_link.or_else(of_root).expect("an instance of the world")
    }

    pub(crate) fn is_root(&self, id: &str) -> bool {
        self.roots.iter().any(|root| root.ids.contains(&id))
    }

    /// Whether an effect of that name removes instances of the resource.
    pub(crate) fn removes(&self, resource: &str, effect: &str) -> bool {
        let by_edge = |edge: &Edge| {
            edge.child == resource && edge.decision.effect() == Some(effect) && !edge.decision.is_leaf()
        };
        self.edges.iter().any(by_edge)
            || self.roots.iter().any(|root| (root.resource, root.effect) == (resource, effect))
    }
}

fn parse(edge: usize, link: Id) -> Link {
    let (parent, child) = link.split_once('>').expect("a parent and a child");
    (edge, parent, child)
}
