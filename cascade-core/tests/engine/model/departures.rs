//! What a refresh takes out of a plan while its run is under way, and what late dependents add to it.

use std::collections::{BTreeMap, BTreeSet};

use super::reference::{
    Arc, Expected, Fate, all_arcs, edge_rule, gives_more, is_expanded_along, plan_from, plan_within,
    put_early_effects_first, settle,
};
use super::world::{Answers, DecisionSpec, Instance, World};

/// A link along a copy of an edge.
type Link = (usize, (u32, u32));

/// The answers of finders in a refresh.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refresh {
    /// The answer for each copy of an edge and each parent that was asked about.
    pub(crate) answers: BTreeMap<(usize, u32), Vec<(u32, u32)>>,
    /// Links to owners that were not asked about.
    pub(crate) owners: BTreeSet<Link>,
}

impl Refresh {
    /// Whether any answer along that copy of an edge has the child.
    fn has_child(&self, copy: usize, child: u32) -> bool {
        let along = self.answers.iter().filter(|((at, _), _)| *at == copy);
        along.flat_map(|(_, rows)| rows).any(|row| row.1 == child)
    }
}

/// A plan that has lost what departed.
#[derive(Debug)]
pub(crate) struct Departed {
    /// The links that the plan still knows.
    pub(crate) world: World,
    pub(crate) expected: Expected,
    /// The instances that are not affected any more.
    pub(crate) left: BTreeSet<Instance>,
}

/// The run so far.
pub(crate) struct Progress<'a> {
    pub(crate) world: &'a World,
    pub(crate) expected: &'a Expected,
    /// The instances that stay as they are: the run may have begun to act on them, or they failed.
    pub(crate) begun: &'a BTreeSet<Instance>,
    /// Those of them that keep their dependents: they may be gone.
    pub(crate) removing: &'a BTreeSet<Instance>,
}

/// The plan after further links were found. It loses nothing.
pub(crate) fn grow(world: &World, expected: &Expected) -> Expected {
    let grown = plan_from(world, expected.instances.clone());
    let mut grown = grown.expect("links do not change the rule of the root");
    grown.arcs = &all_arcs(world, &grown) | &expected.arcs;
    grown.arcs_of_left.clone_from(&expected.arcs_of_left);
    grown
}

/// The links of the world that the plan knows, if the world changes: those of the parents that finders were asked about.
pub(crate) fn known_world(world: &World, expected: &Expected) -> World {
    if !world.moves() {
        return world.clone();
    }
    let links = (0..world.edges.len()).flat_map(|at| world.links(at).into_iter().map(move |link| (at, link)));
    let is_unknown = |&(at, link): &Link| {
        let parent = (world.edges[at].parent, link.0);
        !world.copies_of(at).any(|copy| is_expanded_along(world, &expected.instances, parent, copy))
    };
    world.without_links(links.filter(is_unknown))
}

/// Takes out of a plan what a refresh does not reach any more; `None` if it reaches everything.
pub(crate) fn depart(run: &Progress<'_>, refresh: &Refresh) -> Option<Departed> {
    let seen = seen(run, refresh);
    let fates = run.begun.iter().filter_map(|it| Some((*it, run.expected.instances.get(it)?.clone())));
    let now = plan_within(&seen, fates.collect(), Some(&run.expected.instances))?;
    let (instances, left) = remaining(run, &now);
    let lost: BTreeSet<Arc> =
        run.expected.arcs.iter().filter(|arc| is_lost(run, refresh, &seen, &now, arc)).copied().collect();
    if lost.is_empty() && is_decided_alike(&instances, &run.expected.instances) {
        return None;
    }
    let mut expected = Expected { instances, ..run.expected.clone() };
    let is_affected = |instance: Instance| expected.instances.contains_key(&instance);
    let (arcs, of_left): (BTreeSet<Arc>, BTreeSet<Arc>) =
        run.expected.arcs.difference(&lost).copied().partition(|arc| is_affected(arc.parent));
    expected.arcs = arcs.into_iter().filter(|arc| is_affected(arc.child)).collect();
    expected.arcs_of_left.extend(of_left);
    let gained = gained(run, &expected, &all_arcs(&seen, &now), &lost);
    expected.arcs.extend(gained.iter().copied());
    put_early_effects_first(run.world, &mut expected);
    let link = |arc: &Arc| (arc.edge, (arc.parent.1, arc.child.1));
    let gone = lost.iter().map(link).filter(|&(at, link)| !seen.links(at).contains(&link));
    let gone = gone.chain(gone_below(run, &seen));
    let world = run.world.with_heard(gained.iter().map(link)).without_heard(gone);
    Some(Departed { world, expected, left })
}

/// The links to unaffected children that a refresh does not find any more.
fn gone_below(run: &Progress<'_>, seen: &World) -> Vec<Link> {
    let (world, instances) = (run.world, &run.expected.instances);
    let links = (0..world.copies()).flat_map(|at| world.links(at).into_iter().map(move |link| (at, link)));
    let is_gone = |&(at, link): &Link| {
        let edge = world.edge(at);
        let (parent, child) = ((edge.parent, link.0), (edge.child, link.1));
        let is_asked = instances.contains_key(&parent) && !run.removing.contains(&parent);
        is_asked && !instances.contains_key(&child) && !seen.links(at).contains(&link)
    };
    links.filter(is_gone).collect()
}

/// The world as the refresh sees it: what was answered, and the known links of instances that may be gone.
fn seen(run: &Progress<'_>, refresh: &Refresh) -> World {
    let world = run.world;
    let copies = 0..world.copies();
    let known: Vec<Link> =
        copies.flat_map(|at| world.links(at).into_iter().map(move |link| (at, link))).collect();
    let is_kept = |&(at, link): &Link| run.removing.contains(&(world.edge(at).parent, link.0));
    let kept = known.iter().copied().filter(is_kept);
    let answers = refresh.answers.iter();
    let answered = answers.flat_map(|(&(at, _), rows)| rows.iter().map(move |&row| (at, row)));
    let seen = world.without_links(known.iter().copied());
    seen.with_heard(kept.chain(answered).chain(refresh.owners.iter().copied()))
}

/// What remains of each instance, and which are not affected any more.
fn remaining(run: &Progress<'_>, now: &Expected) -> (BTreeMap<Instance, Fate>, BTreeSet<Instance>) {
    let (mut instances, mut left) = (BTreeMap::new(), BTreeSet::new());
    for (&instance, fate) in &run.expected.instances {
        let mut fate = fate.clone();
        if !run.begun.contains(&instance) {
            let of_now = now.instances.get(&instance).cloned().unwrap_or_default();
            fate.given.retain(|effect, _| of_now.given.contains_key(effect));
            fate.given.iter_mut().for_each(|(effect, leaf)| *leaf |= of_now.given[effect]);
            fate.expanded.retain(|root| of_now.expanded.contains(root));
            fate.with_parent &= of_now.with_parent;
            settle(run.world, &mut fate);
            if fate.given.is_empty() && !fate.with_parent {
                left.insert(instance);
                continue;
            }
        }
        instances.insert(instance, fate);
    }
    (instances, left)
}

/// Whether rules decided the same for the same instances.
fn is_decided_alike(a: &BTreeMap<Instance, Fate>, b: &BTreeMap<Instance, Fate>) -> bool {
    let is_alike = |(a, b): ((&Instance, &Fate), (&Instance, &Fate))| {
        (a.0, &a.1.given, &a.1.expanded, a.1.with_parent) == (b.0, &b.1.given, &b.1.expanded, b.1.with_parent)
    };
    a.len() == b.len() && a.iter().zip(b).all(is_alike)
}

/// Whether an arc of the plan exists no more.
fn is_lost(run: &Progress<'_>, refresh: &Refresh, seen: &World, now: &Expected, arc: &Arc) -> bool {
    let mut parents = run.expected.arcs.iter().filter(|it| (it.edge, it.child) == (arc.edge, arc.child));
    // Nobody can be asked about the parents of a child if one of them may be gone.
    if run.begun.contains(&arc.child) || parents.any(|it| run.removing.contains(&it.parent)) {
        return false;
    }
    let link = (arc.parent.1, arc.child.1);
    // Which parents a child has where answers do not name them depends on the batches of the calls: it keeps all.
    let keeps_all = run.world.edge(arc.edge).answers == Answers::ChildrenAlone
        && refresh.has_child(arc.edge, arc.child.1);
    let exists = seen.links(arc.edge).contains(&link)
        && (is_expanded_along(run.world, &now.instances, arc.parent, arc.edge)
            || refresh.owners.contains(&(arc.edge, link)));
    !keeps_all && !exists
}

/// The new arcs to children that lost some: they have moved to parents that the plan affects, too, where they get nothing new.
fn gained(run: &Progress<'_>, expected: &Expected, of_now: &BTreeSet<Arc>, lost: &BTreeSet<Arc>) -> Vec<Arc> {
    let is_gained = |arc: &&Arc| {
        lost.iter().any(|it| it.child == arc.child)
            && expected.instances.contains_key(&arc.child)
            && expected.instances.contains_key(&arc.parent)
            && !run.begun.contains(&arc.parent)
            && !run.expected.arcs.contains(arc)
            && affects(run.world, arc)
            && !gives_more(run.world, arc.edge, &run.expected.instances[&arc.child])
    };
    of_now.iter().filter(is_gained).copied().collect()
}

/// Along other edges an arc decides nothing for the child.
fn affects(world: &World, arc: &Arc) -> bool {
    matches!(edge_rule(world, arc.edge), Some(DecisionSpec::Effect { .. } | DecisionSpec::WithParent))
}
