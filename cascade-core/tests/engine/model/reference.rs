//! The reference model of pass 1: slow, obvious and sequential, from the written promises alone.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{DecisionSpec, Instance, OperationSpec, World};

/// An effect: an extension by index, and the effect's number there.
pub(crate) type Effect = (usize, usize);

/// What the plan must say of one instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate {
    /// Every effect that some rule gave it, and whether all the rules that did are leaves.
    given: BTreeMap<Effect, bool>,
    /// Whether what hangs off it is looked for.
    pub(crate) expanded: bool,
    /// The effects that run on it, in their order.
    pub(crate) effects: Vec<Effect>,
    /// Whether it goes: an effect that runs came by a rule which is no leaf.
    pub(crate) going: bool,
}

/// What the plan must say.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) instances: BTreeMap<Instance, Fate>,
}

/// One call of a finder, as it was seen: an edge, and the parents asked about.
#[derive(Clone, Debug)]
pub(crate) struct FinderCall {
    pub(crate) edge: usize,
    pub(crate) parents: Vec<u32>,
}

/// An arc of the instance graph, along an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arc {
    pub(crate) edge: usize,
    pub(crate) parent: Instance,
    pub(crate) child: Instance,
}

/// The rule for what the operation does along an edge: the one for this root, else the one for any root.
pub(crate) fn edge_rule(world: &World, edge: usize) -> Option<DecisionSpec> {
    let rules = world.edges[edge].rules.iter().filter(|rule| rule.operation == world.operation);
    let for_root = |root| rules.clone().find(|rule| rule.root == root).map(|rule| rule.decision);
    for_root(Some(world.root)).or_else(|| for_root(None))
}

/// The effect on a root instance, and whether it is a leaf; `None` if no rule speaks of it.
fn root_rule(world: &World, operation: OperationSpec) -> Option<(Effect, bool)> {
    let rules = world.extensions_of(world.root).flat_map(|extension| {
        world.extensions[extension].root_rules.iter().map(move |rule| (extension, rule))
    });
    let rules: Vec<_> = rules.filter(|(_, rule)| rule.operation == operation).collect();
    let for_root = |root| rules.iter().find(|(_, rule)| rule.root == root);
    let &(extension, rule) = for_root(Some(world.root)).or_else(|| for_root(None))?;
    match rule.decision {
        DecisionSpec::Effect { effect, leaf } => Some(((extension, effect), leaf)),
        DecisionSpec::Ignore => None,
    }
}

/// The plan; `None` where the operation has no rule for its root.
pub(crate) fn plan(world: &World) -> Option<Expected> {
    let (effect, leaf) = root_rule(world, world.operation)?;
    let mut instances: BTreeMap<Instance, Fate> = BTreeMap::new();
    for &number in &world.roots {
        give(instances.entry((world.root, number)).or_default(), effect, leaf);
    }
    // Again and again over all edges and links, until a round adds nothing.
    loop {
        let before = format!("{instances:?}");
        for (at, edge) in world.edges.iter().enumerate() {
            let Some(DecisionSpec::Effect { effect, leaf }) = edge_rule(world, at) else { continue };
            for &(parent, child) in world.links(at) {
                if instances.get(&(edge.parent, parent)).is_some_and(|fate| fate.expanded) {
                    let fate = instances.entry((edge.child, child)).or_default();
                    give(fate, (edge.extension, effect), leaf);
                }
            }
        }
        if format!("{instances:?}") == before {
            break;
        }
    }
    for fate in instances.values_mut() {
        settle(world, fate);
    }
    Some(Expected { instances })
}

fn give(fate: &mut Fate, effect: Effect, leaf: bool) {
    let all_leaves = fate.given.entry(effect).or_insert(true);
    *all_leaves &= leaf;
    fate.expanded |= !leaf;
}

/// Which of the given effects run.
fn settle(world: &World, fate: &mut Fate) {
    let superseded = |effect: Effect| {
        fate.given.keys().any(|&(extension, other)| {
            extension == effect.0 && world.extensions[extension].effects[other].supersedes.contains(&effect.1)
        })
    };
    let remaining: Vec<(Effect, bool)> =
        fate.given.iter().map(|(&effect, &leaf)| (effect, leaf)).filter(|it| !superseded(it.0)).collect();
    // Owners come before add-ons in `world.extensions`, and effects are numbered as they are written.
    fate.effects = remaining.iter().map(|&(effect, _)| effect).collect();
    fate.going = remaining.iter().any(|&(_, leaf)| !leaf);
}

/// The arcs, from the answers to the calls that were seen: pairs say who hangs off whom, children alone hang off
/// every parent of their call.
pub(crate) fn arcs(world: &World, calls: &[FinderCall]) -> BTreeSet<Arc> {
    let mut arcs = BTreeSet::new();
    for call in calls {
        let edge = &world.edges[call.edge];
        for &(parent, child) in world.links(call.edge) {
            if !call.parents.contains(&parent) {
                continue;
            }
            let tied = if edge.children_only { call.parents.clone() } else { vec![parent] };
            for parent in tied {
                let (parent, child) = ((edge.parent, parent), (edge.child, child));
                arcs.insert(Arc { edge: call.edge, parent, child });
            }
        }
    }
    arcs
}

/// Every expanded instance is asked about once along each edge that the operation goes along, and nothing else is.
pub(crate) fn check_calls(world: &World, expected: &Expected, calls: &[FinderCall]) {
    let mut asked = BTreeSet::new();
    for call in calls {
        assert!(!call.parents.is_empty(), "a finder was asked about nothing: {call:?}");
        assert!(call.parents.len() <= world.finder_batch, "too many parents at once: {call:?}");
        for &parent in &call.parents {
            assert!(asked.insert((call.edge, parent)), "{parent} was asked about twice: {call:?}");
        }
    }
    let mut wanted = BTreeSet::new();
    for (at, edge) in world.edges.iter().enumerate() {
        if matches!(edge_rule(world, at), Some(DecisionSpec::Effect { .. })) {
            let parents = expected.instances.iter().filter(|(it, fate)| it.0 == edge.parent && fate.expanded);
            wanted.extend(parents.map(|(instance, _)| (at, instance.1)));
        }
    }
    assert_eq!(asked, wanted, "edges and parents that finders were asked about");
}

/// The instances that can be reached downwards, `from` included if a cycle leads back to it.
pub(crate) fn below(arcs: &BTreeSet<Arc>, from: Instance) -> BTreeSet<Instance> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(instance) = open.pop() {
        for arc in arcs.iter().filter(|arc| arc.parent == instance) {
            if reached.insert(arc.child) {
                open.push(arc.child);
            }
        }
    }
    reached
}

/// The arcs that hold the order, once those that were cut are left out; and that the cut is sane: what is left has
/// no cycle, each cut arc closes one, and everything still hangs below a root.
pub(crate) fn check_cut(
    world: &World,
    expected: &Expected,
    arcs: &BTreeSet<Arc>,
    cut: &BTreeSet<Arc>,
) -> BTreeSet<Arc> {
    assert!(cut.is_subset(arcs), "arcs were cut that nobody found: {cut:?} of {arcs:?}");
    let order: BTreeSet<Arc> = arcs.difference(cut).copied().collect();
    for &instance in expected.instances.keys() {
        assert!(!below(&order, instance).contains(&instance), "{instance:?} still waits for itself");
    }
    for arc in cut {
        let closes = arc.parent == arc.child || below(&order, arc.child).contains(&arc.parent);
        assert!(closes, "{arc:?} was cut but closes no cycle");
    }
    let mut reached: BTreeSet<Instance> = world.roots.iter().map(|&root| (world.root, root)).collect();
    for root in reached.clone() {
        reached.extend(below(&order, root));
    }
    for instance in expected.instances.keys() {
        assert!(reached.contains(instance), "{instance:?} no longer hangs below a root");
    }
    order
}
