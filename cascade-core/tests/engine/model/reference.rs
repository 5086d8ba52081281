//! The reference model of pass 1: slow, obvious and sequential, from the written promises alone.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{Answers, DecisionSpec, Instance, OperationSpec, World};

/// An effect: an extension by index, and the effect's number there.
pub(crate) type Effect = (usize, usize);

/// What the plan must say of one instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate {
    /// Every effect that some rule gave it, and whether all the rules that did are leaves.
    given: BTreeMap<Effect, bool>,
    /// Whether what hangs off it is looked for.
    pub(crate) expanded: bool,
    /// Whether a parent's end takes it.
    taken: bool,
    /// The effects that run on it, in their order.
    pub(crate) effects: Vec<Effect>,
    /// Whether it goes: an effect that runs came by a rule which is no leaf.
    pub(crate) going: bool,
}

/// What the plan must say.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) instances: BTreeMap<Instance, Fate>,
    /// What was found, and stays.
    pub(crate) retained: BTreeSet<Instance>,
    /// What is in the way along edges that restrict: edge and instance.
    pub(crate) restricted: BTreeSet<(usize, Instance)>,
    /// What hangs off what, once it was seen how finders were asked.
    pub(crate) arcs: BTreeSet<Arc>,
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
        _ => None,
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
        for (edge, child) in found(world, &instances) {
            let extension = world.edges[edge].extension;
            let loses_last = owners(world, edge, child).all(|owner| is_expanded(&instances, owner));
            match edge_rule(world, edge) {
                Some(DecisionSpec::Effect { effect, leaf }) => {
                    give(instances.entry(child).or_default(), (extension, effect), leaf);
                }
                Some(DecisionSpec::Shared { effect: Some(effect) }) if loses_last => {
                    give(instances.entry(child).or_default(), (extension, effect), false);
                }
                Some(DecisionSpec::Shared { effect: None }) if loses_last => {
                    take(instances.entry(child).or_default());
                }
                Some(DecisionSpec::WithParent) => take(instances.entry(child).or_default()),
                _ => {}
            }
        }
        if format!("{instances:?}") == before {
            break;
        }
    }
    for fate in instances.values_mut() {
        settle(world, fate);
    }
    let mut retained = BTreeSet::new();
    let mut restricted = BTreeSet::new();
    for (edge, child) in found(world, &instances) {
        match edge_rule(world, edge) {
            Some(DecisionSpec::Retain | DecisionSpec::Shared { .. }) if !instances.contains_key(&child) => {
                retained.insert(child);
            }
            Some(DecisionSpec::Restrict) if !instances.get(&child).is_some_and(|fate| fate.going) => {
                restricted.insert((edge, child));
            }
            _ => {}
        }
    }
    Some(Expected { instances, retained, restricted, arcs: BTreeSet::new() })
}

fn is_expanded(instances: &BTreeMap<Instance, Fate>, instance: Instance) -> bool {
    instances.get(&instance).is_some_and(|fate| fate.expanded)
}

/// What hangs off an expanded instance, along the edges that the operation goes.
fn found(world: &World, instances: &BTreeMap<Instance, Fate>) -> BTreeSet<(usize, Instance)> {
    let mut found = BTreeSet::new();
    for (at, edge) in world.edges.iter().enumerate().filter(|(at, _)| is_taken(world, *at)) {
        for &(parent, child) in world.links(at) {
            if is_expanded(instances, (edge.parent, parent)) {
                found.insert((at, (edge.child, child)));
            }
        }
    }
    found
}

/// Whether the operation goes along the edge.
fn is_taken(world: &World, edge: usize) -> bool {
    edge_rule(world, edge).is_some_and(|decision| !matches!(decision, DecisionSpec::Ignore))
}

/// Everything that an instance hangs off along an edge.
fn owners(world: &World, edge: usize, child: Instance) -> impl Iterator<Item = Instance> {
    let parent = world.edges[edge].parent;
    world.links(edge).iter().filter(move |link| link.1 == child.1).map(move |link| (parent, link.0))
}

/// The instances of which one's end takes it, and the groups of which all together do.
pub(crate) fn takers(world: &World, expected: &Expected, instance: Instance) -> Vec<BTreeSet<Instance>> {
    let mut takers = Vec::new();
    for at in (0..world.edges.len()).filter(|&at| world.edges[at].child == instance.0) {
        let goes = |owner: &Instance| is_expanded(&expected.instances, *owner);
        let all: BTreeSet<Instance> = owners(world, at, instance).collect();
        let along = expected.arcs.iter().filter(|arc| arc.edge == at && arc.child == instance);
        match edge_rule(world, at) {
            Some(DecisionSpec::WithParent) => {
                takers.extend(along.map(|arc| BTreeSet::from([arc.parent])));
            }
            Some(DecisionSpec::Shared { effect: None }) if !all.is_empty() && all.iter().all(goes) => {
                takers.push(all);
            }
            _ => {}
        }
    }
    takers
}

fn take(fate: &mut Fate) {
    fate.taken = true;
    fate.expanded = true;
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
    fate.going = fate.taken || remaining.iter().any(|&(_, leaf)| !leaf);
}

/// What hangs off what among the affected instances, from the answers to the calls that were seen: pairs say who hangs
/// off whom, and so do lists by parent, children alone hang off every parent of their call, and along a shared edge all owners are named.
pub(crate) fn arcs(world: &World, expected: &Expected, calls: &[FinderCall]) -> BTreeSet<Arc> {
    let mut arcs = BTreeSet::new();
    for call in calls {
        let edge = &world.edges[call.edge];
        for (parent, child) in answer(world, call.edge, &call.parents) {
            let tied =
                if edge.answers == Answers::ChildrenAlone { call.parents.clone() } else { vec![parent] };
            for parent in tied {
                let (parent, child) = ((edge.parent, parent), (edge.child, child));
                if expected.instances.contains_key(&parent) && expected.instances.contains_key(&child) {
                    arcs.insert(Arc { edge: call.edge, parent, child });
                }
            }
        }
    }
    arcs
}

/// What the finder of an edge answers when it is asked about these parents.
pub(crate) fn answer(world: &World, edge: usize, parents: &[u32]) -> Vec<(u32, u32)> {
    let links = world.links(edge);
    let children: BTreeSet<u32> =
        links.iter().filter(|(parent, _)| parents.contains(parent)).map(|link| link.1).collect();
    let shared = matches!(edge_rule(world, edge), Some(DecisionSpec::Shared { .. }));
    let named = |link: &&(u32, u32)| {
        if shared { children.contains(&link.1) } else { parents.contains(&link.0) }
    };
    links.iter().filter(named).copied().collect()
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
        if is_taken(world, at) {
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

/// Whether an `after` contradicts the rules, or another: for some operation, what must end first waits for what must
/// end later. What a parent's end takes has two nodes here: what hangs off it, and its end.
pub(crate) fn contradicts(world: &World) -> bool {
    const READY: u32 = 0;
    const END: u32 = 1;
    let wait = |parent: Instance, child: Instance| Arc { edge: 0, parent, child };
    [OperationSpec::Delete, OperationSpec::Detach].into_iter().any(|operation| {
        let mut waits: BTreeSet<Arc> = BTreeSet::new();
        for resource in 0..world.resources.len() {
            waits.insert(wait((resource, END), (resource, READY)));
        }
        for edge in &world.edges {
            for rule in edge.rules.iter().filter(|rule| rule.operation == operation && rule.decision.orders())
            {
                waits.insert(wait((edge.parent, READY), (edge.child, READY)));
                if rule.decision.takes() {
                    waits.insert(wait((edge.child, END), (edge.parent, READY)));
                    waits.insert(wait((edge.child, END), (edge.parent, END)));
                }
                if !matches!(rule.decision, DecisionSpec::WithParent) {
                    waits.insert(wait((edge.parent, READY), (edge.child, END)));
                }
            }
        }
        for extension in &world.extensions {
            waits
                .extend(extension.after.iter().map(|&first| wait((extension.resource, READY), (first, END))));
        }
        // Contradictions count only for operations that there are.
        let rules = world.edges.iter().flat_map(|edge| &edge.rules);
        let root_rules = world.extensions.iter().flat_map(|extension| &extension.root_rules);
        rules.chain(root_rules).any(|rule| rule.operation == operation)
            && world.extensions.iter().any(|extension| {
                let on_cycle =
                    |&first: &usize| below(&waits, (first, END)).contains(&(extension.resource, READY));
                extension.after.iter().any(on_cycle)
            })
    })
}

/// Whether nothing is done to an instance, and a parent's end takes it.
fn is_only_taken(expected: &Expected, instance: Instance) -> bool {
    expected.instances.get(&instance).is_some_and(|fate| fate.taken && fate.given.is_empty())
}

/// Whether a parent takes a child along that arc.
fn takes(world: &World, expected: &Expected, arc: Arc) -> bool {
    let goes = |owner| is_expanded(&expected.instances, owner);
    match edge_rule(world, arc.edge) {
        Some(DecisionSpec::WithParent) => true,
        Some(DecisionSpec::Shared { effect: None }) => owners(world, arc.edge, arc.child).all(goes),
        _ => false,
    }
}

/// What has ended when an instance has: itself, and where a parent's end takes it, the parents that do, along the arcs
/// that are left.
fn ends(world: &World, expected: &Expected, left: &BTreeSet<Arc>, instance: Instance) -> BTreeSet<Instance> {
    let mut ends = BTreeSet::from([instance]);
    let mut open = vec![instance];
    while let Some(at) = open.pop() {
        if !is_only_taken(expected, at) {
            continue;
        }
        for arc in left.iter().filter(|arc| arc.child == at && takes(world, expected, **arc)) {
            if ends.insert(arc.parent) {
                open.push(arc.parent);
            }
        }
    }
    ends
}

/// In what order an instance and what hangs off it run.
#[derive(Debug)]
pub(crate) struct Order {
    /// Parents after children, for begin the other way about.
    pub(crate) plain: BTreeSet<Arc>,
    /// The same for effects: what a parent's end takes ends with that, for its other parents and what comes after it.
    pub(crate) effects: BTreeSet<Arc>,
}

/// The arcs that were left out of the order: whole, or only their child's end.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    pub(crate) whole: BTreeSet<Arc>,
    pub(crate) ends: BTreeSet<Arc>,
}

/// The arcs that hold the order, once those that were cut are left out; and that the cut is sane: what is left has
/// no cycle, each cut arc closes one, and everything still hangs below a root.
pub(crate) fn check_cut(world: &World, expected: &Expected, cut: &Cut) -> Order {
    assert!(cut.whole.is_subset(&expected.arcs), "arcs were cut that nobody found: {cut:?}");
    let left = left(world, expected, &cut.whole);
    for arc in &cut.whole {
        let closes = arc.parent == arc.child || below(&left, arc.child).contains(&arc.parent);
        assert!(closes, "{arc:?} was cut but closes no cycle");
    }
    let (order, circular) = order(world, expected, &cut.whole);
    assert_eq!(cut.ends, circular, "the ends that nobody waits for");
    for &instance in expected.instances.keys() {
        assert!(!below(&order.effects, instance).contains(&instance), "{instance:?} still waits for itself");
    }
    check_roots(world, expected, &order.plain);
    order
}

/// What is waited for along edges. What is retained along one is left alone: nothing waits for it.
fn left(world: &World, expected: &Expected, cut: &BTreeSet<Arc>) -> BTreeSet<Arc> {
    let orders = |arc: &&Arc| edge_rule(world, arc.edge).is_some_and(DecisionSpec::orders);
    expected.arcs.iter().filter(orders).filter(|arc| !cut.contains(arc)).copied().collect()
}

/// The order without the arcs that were cut, and those along which nobody waits for the child's end: it lies on a
/// circle of waits.
pub(crate) fn order(world: &World, expected: &Expected, cut: &BTreeSet<Arc>) -> (Order, BTreeSet<Arc>) {
    let left = left(world, expected, cut);
    let mut plain = left.clone();
    plain.extend(afters(world, expected));
    let with_end = |arc: &Arc| {
        let ends = ends(world, expected, &left, arc.child);
        ends.into_iter().map(|child| Arc { edge: usize::MAX, child, ..*arc }).collect::<Vec<_>>()
    };
    let waits_for_end = |arc: &&Arc| is_only_taken(expected, arc.child) && !takes(world, expected, **arc);
    let mut all = plain.clone();
    all.extend(left.iter().filter(waits_for_end).flat_map(with_end));
    all.extend(afters(world, expected).iter().flat_map(with_end));
    let on_circle = |arc: &&Arc| {
        with_end(arc).iter().any(|it| it.child == it.parent || below(&all, it.child).contains(&it.parent))
    };
    let circular: BTreeSet<Arc> = left.iter().filter(waits_for_end).filter(on_circle).copied().collect();
    let mut effects = plain.clone();
    let waited_for = left.iter().filter(waits_for_end).filter(|arc| !circular.contains(arc));
    effects.extend(waited_for.flat_map(with_end));
    effects.extend(afters(world, expected).iter().flat_map(with_end));
    (Order { plain, effects }, circular)
}

/// All that hangs off what among the affected instances, where finders answer pairs.
pub(crate) fn all_arcs(world: &World, expected: &Expected) -> BTreeSet<Arc> {
    let mut arcs = BTreeSet::new();
    for (edge, child) in found(world, &expected.instances) {
        let parents = owners(world, edge, child).filter(|&parent| is_expanded(&expected.instances, parent));
        if expected.instances.contains_key(&child) {
            arcs.extend(parents.map(|parent| Arc { edge, parent, child }));
        }
    }
    arcs
}

/// What is asked about before the step of an instance: along which edges about which instance. It is looked at itself,
/// and so is what its end takes.
pub(crate) fn looked_at(
    world: &World,
    expected: &Expected,
    instance: Instance,
) -> BTreeSet<(usize, Instance)> {
    let mut ending = BTreeSet::from([instance]);
    let mut open = vec![instance];
    while let Some(at) = open.pop() {
        for arc in expected.arcs.iter().filter(|arc| arc.parent == at) {
            if is_only_taken(expected, arc.child) && takes(world, expected, *arc) && ending.insert(arc.child)
            {
                open.push(arc.child);
            }
        }
    }
    let mut asked = BTreeSet::new();
    for at in ending.into_iter().filter(|&at| is_expanded(&expected.instances, at)) {
        let along = |&edge: &usize| {
            let rule = edge_rule(world, edge).filter(|_| world.edges[edge].parent == at.0);
            rule.is_some_and(|rule| !matches!(rule, DecisionSpec::Ignore | DecisionSpec::Retain))
        };
        asked.extend((0..world.edges.len()).filter(along).map(|edge| (edge, at)));
    }
    asked
}

/// Every instance of a resource after every one of those that it comes after.
fn afters(world: &World, expected: &Expected) -> BTreeSet<Arc> {
    let mut afters = BTreeSet::new();
    for extension in &world.extensions {
        for &first in &extension.after {
            let of = |resource: usize| expected.instances.keys().copied().filter(move |it| it.0 == resource);
            for child in of(first) {
                afters.extend(of(extension.resource).map(|parent| Arc { edge: usize::MAX, parent, child }));
            }
        }
    }
    afters
}

/// A root's own step comes after all that hangs off it.
fn check_roots(world: &World, expected: &Expected, order: &BTreeSet<Arc>) {
    let roots: BTreeSet<Instance> = world.roots.iter().map(|&root| (world.root, root)).collect();
    let mut reached = roots.clone();
    for &root in &roots {
        reached.extend(below(order, root));
    }
    for instance in expected.instances.keys() {
        assert!(reached.contains(instance), "{instance:?} no longer hangs below a root");
    }
}
