//! The reference model of pass 1: slow, obvious and sequential, written from the documented promises alone.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{Answers, DecisionSpec, Instance, OperationSpec, World};

/// An effect: the index of an extension, and the number of the effect in it.
pub(crate) type Effect = (usize, usize);

/// The expected plan for one instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate {
    /// Every effect that a rule selected, and whether all rules that selected it are leaves.
    pub(crate) given: BTreeMap<Effect, bool>,
    /// The positions of the root resources by whose rules the plan looks for its dependents.
    pub(crate) expanded: BTreeSet<usize>,
    /// Whether it completes when a parent does.
    pub(crate) with_parent: bool,
    /// The effects that run on it, in order.
    pub(crate) effects: Vec<Effect>,
    /// How many of them are early: in a cycle, they run before some instances that it depends on end.
    pub(crate) early: usize,
    /// Whether it is removed: an effect that runs was selected by a rule that is no leaf.
    pub(crate) removed: bool,
}

/// The expected plan.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) instances: BTreeMap<Instance, Fate>,
    /// Instances that were found and stay.
    pub(crate) retained: BTreeSet<Instance>,
    /// Instances that are in the way along restricting edges: edge and instance.
    pub(crate) restricted: BTreeSet<(usize, Instance)>,
    /// Dependencies between instances. They are known after the finder calls were seen.
    pub(crate) arcs: BTreeSet<Arc>,
    /// Dependencies on parents that departed. They order nothing, but exclusive steps hold such parents too.
    pub(crate) arcs_of_left: BTreeSet<Arc>,
}

/// One observed call of a finder: its edge, and the parents it was asked about.
#[derive(Clone, Debug)]
pub(crate) struct FinderCall {
    /// The copy of the edge for the root resource of the call.
    pub(crate) edge: usize,
    pub(crate) parents: Vec<u32>,
}

/// An arc of the instance graph, along a copy of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arc {
    pub(crate) edge: usize,
    pub(crate) parent: Instance,
    pub(crate) child: Instance,
}

/// The rule for a copy of an edge under the world's operation: the rule for its root, else the rule for any root.
pub(crate) fn edge_rule(world: &World, copy: usize) -> Option<DecisionSpec> {
    let rules = world.edge(copy).rules.iter().filter(|rule| rule.operation == world.operation);
    let for_root = |root| rules.clone().find(|rule| rule.root == root).map(|rule| rule.decision);
    for_root(Some(world.roots[world.root_of(copy)].0)).or_else(|| for_root(None))
}

/// The effect on a root instance, and whether its rule is a leaf; `None` if no rule mentions it.
fn root_rule(world: &World, operation: OperationSpec, root: usize) -> Option<(Effect, bool)> {
    let rules = world.extensions_of(root).flat_map(|extension| {
        world.extensions[extension].root_rules.iter().map(move |rule| (extension, rule))
    });
    let rules: Vec<_> = rules.filter(|(_, rule)| rule.operation == operation).collect();
    let for_root = |root| rules.iter().find(|(_, rule)| rule.root == root);
    let &(extension, rule) = for_root(Some(root)).or_else(|| for_root(None))?;
    match rule.decision {
        DecisionSpec::Effect { effect, leaf } => Some(((extension, effect), leaf)),
        _ => None,
    }
}

/// The plan; `None` if the operation has no rule for its root.
pub(crate) fn plan(world: &World) -> Option<Expected> {
    plan_from(world, BTreeMap::new())
}

/// The plan, with instances that are in it from the start.
pub(crate) fn plan_from(world: &World, instances: BTreeMap<Instance, Fate>) -> Option<Expected> {
    plan_within(world, instances, None)
}

/// The same. If there is a limit, no instance gets more than in it.
pub(crate) fn plan_within(
    world: &World,
    mut instances: BTreeMap<Instance, Fate>,
    limit: Option<&BTreeMap<Instance, Fate>>,
) -> Option<Expected> {
    for (position, (resource, roots)) in world.roots.iter().enumerate() {
        let (effect, leaf) = root_rule(world, world.operation, *resource)?;
        for &number in roots {
            give(instances.entry((*resource, number)).or_default(), effect, leaf, position);
        }
    }
    // Repeat over all edges and links until a round adds nothing.
    loop {
        let before = format!("{instances:?}");
        for (edge, child) in found(world, &instances) {
            let known = limit.map(|limit| limit.get(&child));
            if known.is_some_and(|fate| fate.is_none_or(|fate| gives_more(world, edge, fate))) {
                continue;
            }
            let (extension, root) = (world.edge(edge).extension, world.root_of(edge));
            let loses_last = loses_last_owner(world, &instances, edge, child);
            match edge_rule(world, edge) {
                Some(DecisionSpec::Effect { effect, leaf }) => {
                    give(instances.entry(child).or_default(), (extension, effect), leaf, root);
                }
                Some(DecisionSpec::Shared { effect: Some(effect) }) if loses_last => {
                    give(instances.entry(child).or_default(), (extension, effect), false, root);
                }
                Some(DecisionSpec::Shared { effect: None }) if loses_last => {
                    complete_with_parent(instances.entry(child).or_default(), root);
                }
                Some(DecisionSpec::WithParent) => {
                    complete_with_parent(instances.entry(child).or_default(), root);
                }
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
            Some(DecisionSpec::Restrict) if !instances.get(&child).is_some_and(|fate| fate.removed) => {
                restricted.insert((edge, child));
            }
            _ => {}
        }
    }
    let (arcs, arcs_of_left) = (BTreeSet::new(), BTreeSet::new());
    Some(Expected { instances, retained, restricted, arcs, arcs_of_left })
}

/// Whether a rule along that copy of an edge gives an instance more than it has.
pub(crate) fn gives_more(world: &World, copy: usize, fate: &Fate) -> bool {
    let is_expanded = fate.expanded.contains(&world.root_of(copy));
    match edge_rule(world, copy) {
        Some(DecisionSpec::Effect { effect, leaf }) => {
            let all_leaves = fate.given.get(&(world.edge(copy).extension, effect));
            !all_leaves.is_some_and(|all_leaves| leaf || !all_leaves && is_expanded)
        }
        Some(DecisionSpec::WithParent) => !(fate.with_parent && is_expanded),
        Some(DecisionSpec::Shared { effect }) => {
            let is_given =
                effect.is_none_or(|effect| fate.given.contains_key(&(world.edge(copy).extension, effect)));
            !(is_given && is_expanded && (effect.is_some() || fate.with_parent))
        }
        _ => false,
    }
}

/// Whether the plan removes all owners of the child along that copy of an edge.
pub(crate) fn loses_last_owner(
    world: &World,
    instances: &BTreeMap<Instance, Fate>,
    edge: usize,
    child: Instance,
) -> bool {
    owners(world, edge, child).all(|owner| is_expanded(instances, owner))
}

fn is_expanded(instances: &BTreeMap<Instance, Fate>, instance: Instance) -> bool {
    instances.get(&instance).is_some_and(|fate| !fate.expanded.is_empty())
}

/// Whether the plan looks for the dependents of an instance along a copy of an edge.
pub(crate) fn is_expanded_along(
    world: &World,
    instances: &BTreeMap<Instance, Fate>,
    instance: Instance,
    copy: usize,
) -> bool {
    instances.get(&instance).is_some_and(|fate| fate.expanded.contains(&world.root_of(copy)))
}

/// The dependents of expanded instances, along the edges that the operation follows.
pub(crate) fn found(world: &World, instances: &BTreeMap<Instance, Fate>) -> BTreeSet<(usize, Instance)> {
    let mut found = BTreeSet::new();
    for at in (0..world.copies()).filter(|&at| is_followed(world, at)) {
        let edge = world.edge(at);
        for (parent, child) in world.links(at) {
            if is_expanded_along(world, instances, (edge.parent, parent), at) {
                found.insert((at, (edge.child, child)));
            }
        }
    }
    found
}

/// Whether the operation follows the edge.
fn is_followed(world: &World, edge: usize) -> bool {
    edge_rule(world, edge).is_some_and(|decision| !matches!(decision, DecisionSpec::Ignore))
}

/// All parents of an instance along an edge.
fn owners(world: &World, edge: usize, child: Instance) -> impl Iterator<Item = Instance> {
    let parent = world.edge(edge).parent;
    let links = world.links(edge).into_iter();
    links.filter(move |link| link.1 == child.1).map(move |link| (parent, link.0))
}

/// The parents whose completion completes the instance: each set alone is sufficient, and needs all of its members.
pub(crate) fn completing_parents(
    world: &World,
    expected: &Expected,
    instance: Instance,
) -> Vec<BTreeSet<Instance>> {
    let mut sets = Vec::new();
    for at in (0..world.copies()).filter(|&at| world.edge(at).child == instance.0) {
        let is_removed = |owner: &Instance| is_expanded(&expected.instances, *owner);
        let all: BTreeSet<Instance> = owners(world, at, instance).collect();
        let along = expected.arcs.iter().filter(|arc| arc.edge == at && arc.child == instance);
        match edge_rule(world, at) {
            Some(DecisionSpec::WithParent) => {
                sets.extend(along.map(|arc| BTreeSet::from([arc.parent])));
            }
            Some(DecisionSpec::Shared { effect: None })
                if along.clone().next().is_some() && all.iter().all(is_removed) =>
            {
                sets.push(all);
            }
            _ => {}
        }
    }
    sets
}

fn complete_with_parent(fate: &mut Fate, root: usize) {
    fate.with_parent = true;
    fate.expanded.insert(root);
}

fn give(fate: &mut Fate, effect: Effect, leaf: bool, root: usize) {
    let all_leaves = fate.given.entry(effect).or_insert(true);
    *all_leaves &= leaf;
    if !leaf {
        fate.expanded.insert(root);
    }
}

/// Selects the given effects that run.
pub(crate) fn settle(world: &World, fate: &mut Fate) {
    let superseded = |effect: Effect| {
        fate.given.keys().any(|&(extension, other)| {
            extension == effect.0 && world.extensions[extension].effects[other].supersedes.contains(&effect.1)
        })
    };
    let remaining: Vec<(Effect, bool)> =
        fate.given.iter().map(|(&effect, &leaf)| (effect, leaf)).filter(|it| !superseded(it.0)).collect();
    // Owners come before add-ons in `world.extensions`; effects have the order of their declarations.
    fate.effects = remaining.iter().map(|&(effect, _)| effect).collect();
    fate.removed = fate.with_parent || remaining.iter().any(|&(_, leaf)| !leaf);
}

/// The dependencies between affected instances, from the answers to the observed calls. Pairs and lists by parent name
/// the parent of each child; a child without a parent depends on every parent of its call; a shared edge names all
/// owners.
pub(crate) fn arcs(world: &World, expected: &Expected, calls: &[FinderCall]) -> BTreeSet<Arc> {
    let mut arcs = BTreeSet::new();
    for call in calls {
        let edge = world.edge(call.edge);
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

/// The answer of an edge's finder for these parents.
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

/// The parents that are asked about along each copy of an edge.
fn questions(world: &World, expected: &Expected) -> BTreeSet<(usize, u32)> {
    let mut questions = BTreeSet::new();
    for at in (0..world.copies()).filter(|&at| is_followed(world, at)) {
        let of_parent = expected.instances.keys().filter(|instance| instance.0 == world.edge(at).parent);
        let asked = of_parent.filter(|&&parent| is_expanded_along(world, &expected.instances, parent, at));
        questions.extend(asked.map(|instance| (at, instance.1)));
    }
    questions
}

/// Whether a finder names children alone, although steps are exclusive on their parents.
pub(crate) fn leaves_out_parents(world: &World, expected: &Expected) -> bool {
    questions(world, expected).into_iter().any(|(copy, _)| {
        let edge = world.edge(copy);
        edge.exclusive && edge.answers == Answers::ChildrenAlone
    })
}

/// The parents that steps of an extension on an instance hold: those that the plan knows along the extension's exclusive edge. `None`
/// if it has no such edge. Steps on an instance without known parents hold all parents of the resource.
pub(crate) fn held_parents(
    world: &World,
    expected: &Expected,
    extension: usize,
    instance: Instance,
) -> Option<(usize, BTreeSet<Instance>)> {
    let edge = world.edges.iter().position(|edge| edge.exclusive && edge.extension == extension)?;
    let is_along = |arc: &&Arc| arc.child == instance && world.copies_of(edge).any(|copy| copy == arc.edge);
    let arcs = expected.arcs.iter().chain(&expected.arcs_of_left);
    let parents = arcs.filter(is_along).map(|arc| arc.parent).collect();
    Some((world.edges[edge].parent, parents))
}

/// Each expanded instance is asked about once along each edge that the operation follows. No other question is asked.
pub(crate) fn check_calls(world: &World, expected: &Expected, calls: &[FinderCall]) {
    let mut asked = BTreeSet::new();
    for call in calls {
        assert!(!call.parents.is_empty(), "a finder was asked about nothing: {call:?}");
        assert!(call.parents.len() <= world.finder_batch, "too many parents at once: {call:?}");
        for &parent in &call.parents {
            assert!(asked.insert((call.edge, parent)), "{parent} was asked about twice: {call:?}");
        }
    }
    let wanted = questions(world, expected);
    assert_eq!(asked, wanted, "edges and parents that finders were asked about");
}

/// All instances that can be reached downwards; `from` is among them if a cycle leads back to it.
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

/// Whether an `after` contradicts the rules or another `after`: for some operation, a resource must end both before
/// and after another. A `with_parent` resource has two nodes here: its dependents, and its completion.
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
                if rule.decision.is_with_parent() {
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
        // Only contradictions of existing operations count.
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

/// Whether an instance has no effect of its own and completes with a parent.
fn is_only_with_parent(expected: &Expected, instance: Instance) -> bool {
    expected.instances.get(&instance).is_some_and(|fate| fate.with_parent && fate.given.is_empty())
}

/// Whether the parent's completion completes the child of that arc.
fn completes(world: &World, expected: &Expected, arc: Arc) -> bool {
    let is_removed = |owner| is_expanded(&expected.instances, owner);
    match edge_rule(world, arc.edge) {
        Some(DecisionSpec::WithParent) => true,
        Some(DecisionSpec::Shared { effect: None }) => owners(world, arc.edge, arc.child).all(is_removed),
        _ => false,
    }
}

/// Whether the parent's completion completes the child, along this arc or another one between the same two instances:
/// of another edge, or of the same edge for another root resource. Then the parent waits for the child's dependents alone.
fn is_completed_by_parent(world: &World, expected: &Expected, left: &BTreeSet<Arc>, arc: &Arc) -> bool {
    let is_parallel = |other: &&Arc| (other.parent, other.child) == (arc.parent, arc.child);
    left.iter().filter(is_parallel).any(|other| completes(world, expected, *other))
}

/// The instances that have ended when this instance has: itself, or, for a `with_parent` instance, the parents that
/// complete it along the remaining arcs.
fn ends(world: &World, expected: &Expected, left: &BTreeSet<Arc>, instance: Instance) -> BTreeSet<Instance> {
    let mut ends = BTreeSet::from([instance]);
    let mut open = vec![instance];
    while let Some(at) = open.pop() {
        if !is_only_with_parent(expected, at) {
            continue;
        }
        for arc in left.iter().filter(|arc| arc.child == at && completes(world, expected, **arc)) {
            if ends.insert(arc.parent) {
                open.push(arc.parent);
            }
        }
    }
    ends
}

/// A part of an instance: its early effects, or all that follows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Early,
    Rest,
}

/// A part of an instance, which waits for others.
pub(crate) type Node = (Instance, Part);

/// The order between an instance and its dependents.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// Parents after children; the begin phase uses the reverse.
    pub(crate) plain: BTreeSet<Arc>,
    /// The same for effects: the second node of each pair waits for the first. A `with_parent` instance completes with
    /// its parent, also for its other parents and for resources that come after it.
    pub(crate) effects: BTreeSet<(Node, Node)>,
}

/// What the cycles of instances change in the order.
#[derive(Debug, Default)]
pub(crate) struct Cycles {
    /// Arcs that order nothing: an instance that depends on itself, and `restrict` between two removed instances of a
    /// cycle that no leaf effect resolves.
    dropped: BTreeSet<Arc>,
    /// Arcs of a cycle whose child lets go of the parent by a leaf effect: the parent waits for that effect alone.
    released: BTreeSet<Arc>,
    /// The leaf effects that let go of a parent in a cycle.
    early: BTreeMap<Instance, BTreeSet<Effect>>,
    /// For each instance with such effects, all instances of its cycle.
    members: BTreeMap<Instance, BTreeSet<Instance>>,
}

pub(crate) fn cycles(world: &World, expected: &Expected) -> Cycles {
    let mut cycles = Cycles::default();
    let orders = |arc: &&Arc| edge_rule(world, arc.edge).is_some_and(DecisionSpec::orders);
    let (own, others): (BTreeSet<Arc>, BTreeSet<Arc>) =
        expected.arcs.iter().filter(orders).partition(|arc| arc.parent == arc.child);
    cycles.dropped = own;
    let on_cycle = |arcs: &BTreeSet<Arc>, arc: &Arc| below(arcs, arc.child).contains(&arc.parent);
    for arc in others.iter().filter(|arc| on_cycle(&others, arc)) {
        let Some(DecisionSpec::Effect { effect, leaf: true }) = edge_rule(world, arc.edge) else { continue };
        let effect = (world.edge(arc.edge).extension, effect);
        let fate = &expected.instances[&arc.child];
        if fate.given[&effect] {
            cycles.released.insert(*arc);
            cycles.early.entry(arc.child).or_default().extend(letting_go(world, fate, effect));
        }
    }
    for &instance in cycles.early.keys() {
        let members =
            below(&others, instance).into_iter().filter(|&it| below(&others, it).contains(&instance));
        cycles.members.insert(instance, members.collect());
    }
    let rest: BTreeSet<Arc> = others.difference(&cycles.released).copied().collect();
    let restricts = |arc: &&Arc| {
        matches!(edge_rule(world, arc.edge), Some(DecisionSpec::Restrict))
            && expected.instances[&arc.child].removed
            && on_cycle(&rest, arc)
    };
    cycles.dropped.extend(rest.iter().filter(restricts));
    cycles
}

/// Whether the order has the arc, unless it is cut.
pub(crate) fn may_be_cut(world: &World, expected: &Expected, cycles: &Cycles, arc: &Arc) -> bool {
    expected.arcs.contains(arc)
        && edge_rule(world, arc.edge).is_some_and(DecisionSpec::orders)
        && !cycles.dropped.contains(arc)
        && !cycles.released.contains(arc)
}

/// The leaf effects that run in place of a leaf effect: itself, unless other leaf effects that run supersede it.
fn letting_go(world: &World, fate: &Fate, effect: Effect) -> Vec<Effect> {
    let supersedes = |other: &Effect| {
        let declared = &world.extensions[effect.0].effects;
        other.0 == effect.0 && declared[other.1].supersedes.contains(&effect.1) && fate.given[other]
    };
    let runs = fate.effects.contains(&effect);
    let leaves: Vec<Effect> = fate.effects.iter().copied().filter(supersedes).collect();
    if runs || leaves.is_empty() { vec![effect] } else { leaves }
}

/// Puts the early effects of instances in cycles first. They run even where another effect supersedes them.
pub(crate) fn put_early_effects_first(world: &World, expected: &mut Expected) {
    for (instance, early) in cycles(world, expected).early {
        let fate = expected.instances.get_mut(&instance).unwrap();
        let others = fate.effects.iter().copied().filter(|effect| !early.contains(effect));
        fate.effects = early.iter().copied().chain(others).collect();
        fate.early = early.len();
    }
}

/// The arcs that the order leaves out: completely, or only the child's completion.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    pub(crate) whole: BTreeSet<Arc>,
    pub(crate) ends: BTreeSet<Arc>,
}

/// Returns the order without the cut arcs. Asserts that the cut is valid: the rest has no cycle, each cut arc closes
/// one, and every instance can still be reached from a root. An arc of an edge that may not be cut closes a cycle of such
/// arcs alone.
pub(crate) fn check_cut(world: &World, expected: &Expected, cut: &Cut) -> Order {
    assert!(cut.whole.is_subset(&expected.arcs), "arcs were cut that no finder reported: {cut:?}");
    let cycles = cycles(world, expected);
    let left = left(world, expected, &cycles, &cut.whole);
    let waits: BTreeSet<(Node, Node)> = left.iter().flat_map(|arc| waits(&cycles, arc, arc.child)).collect();
    let may_cut = |arc: &&Arc| world.edge(arc.edge).may_cut;
    let must_keep: BTreeSet<(Node, Node)> = left
        .iter()
        .filter(|arc| !may_cut(arc))
        .flat_map(|arc| self::waits(&cycles, arc, arc.child))
        .collect();
    for arc in &cut.whole {
        let waits = if may_cut(&arc) { &waits } else { &must_keep };
        let closes = waited_for(waits, (arc.child, Part::Rest)).contains(&(arc.parent, Part::Rest));
        assert!(closes, "{arc:?} was cut but closes no cycle");
    }
    let (order, circular) = order(world, expected, &cut.whole);
    // The plan does not say for which root resource the wait is left out.
    let declared = |arc: &Arc| Arc { edge: arc.edge % world.edges.len(), ..*arc };
    let ends = |arcs: &BTreeSet<Arc>| arcs.iter().map(declared).collect::<BTreeSet<_>>();
    assert_eq!(ends(&cut.ends), ends(&circular), "completions that no parent waits for");
    for &(_, node) in &order.effects {
        assert!(!waited_for(&order.effects, node).contains(&node), "{node:?} still waits for itself");
    }
    for &instance in expected.instances.keys() {
        assert!(!below(&order.plain, instance).contains(&instance), "{instance:?} still waits for itself");
    }
    let given_up = cut.whole.iter().filter(may_cut).map(|arc| arc.child);
    check_roots(world, expected, &order, &given_up.collect());
    order
}

/// The arcs that the order includes. Parents do not wait for retained instances.
fn left(world: &World, expected: &Expected, cycles: &Cycles, cut: &BTreeSet<Arc>) -> BTreeSet<Arc> {
    let orders = |arc: &&Arc| edge_rule(world, arc.edge).is_some_and(DecisionSpec::orders);
    let is_left = |arc: &&Arc| !cut.contains(arc) && !cycles.dropped.contains(arc);
    expected.arcs.iter().filter(orders).filter(is_left).copied().collect()
}

/// Which nodes wait for which part of `first`, the child of the arc or what ends with it. Early effects wait for
/// everything outside their cycle that any instance of the cycle waits for.
fn waits(cycles: &Cycles, arc: &Arc, first: Instance) -> Vec<(Node, Node)> {
    if cycles.released.contains(arc) {
        return vec![((first, Part::Early), (arc.parent, Part::Rest))];
    }
    let mut waits = vec![((first, Part::Rest), (arc.parent, Part::Rest))];
    let of_cycle = cycles.members.iter().filter(|(_, members)| members.contains(&arc.parent));
    let from_outside = of_cycle.filter(|(_, members)| !members.contains(&arc.child));
    waits.extend(from_outside.map(|(&early, _)| ((first, Part::Rest), (early, Part::Early))));
    waits
}

/// All nodes that a node waits for, directly or indirectly. It is among them if it waits for itself.
pub(crate) fn waited_for(waits: &BTreeSet<(Node, Node)>, node: Node) -> BTreeSet<Node> {
    let mut reached = BTreeSet::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        let first = waits.iter().filter(|(_, then)| *then == node).map(|(first, _)| *first);
        open.extend(first.filter(|&first| reached.insert(first)));
    }
    reached
}

/// The order without the cut arcs. It also returns the arcs along which no parent waits for the child's completion,
/// because that wait would close a cycle.
pub(crate) fn order(world: &World, expected: &Expected, cut: &BTreeSet<Arc>) -> (Order, BTreeSet<Arc>) {
    let cycles = cycles(world, expected);
    let left = left(world, expected, &cycles, cut);
    let afters = afters(world, expected);
    let with_end = |arc: &Arc| {
        let ends = ends(world, expected, &left, arc.child).into_iter();
        ends.flat_map(|first| waits(&cycles, arc, first)).collect::<Vec<_>>()
    };
    let waits_for_end = |arc: &&Arc| {
        is_only_with_parent(expected, arc.child) && !is_completed_by_parent(world, expected, &left, arc)
    };
    let mut own: BTreeSet<(Node, Node)> =
        left.iter().flat_map(|arc| waits(&cycles, arc, arc.child)).collect();
    own.extend(cycles.early.keys().map(|&instance| ((instance, Part::Early), (instance, Part::Rest))));
    own.extend(afters.iter().flat_map(|arc| waits(&cycles, arc, arc.child)));
    let after_ends: Vec<_> = afters.iter().flat_map(with_end).collect();
    let mut all = own.clone();
    all.extend(left.iter().filter(waits_for_end).flat_map(with_end));
    all.extend(&after_ends);
    let on_circle = |arc: &&Arc| {
        with_end(arc).iter().any(|&(first, then)| first == then || waited_for(&all, first).contains(&then))
    };
    let circular: BTreeSet<Arc> = left.iter().filter(waits_for_end).filter(on_circle).copied().collect();
    let mut effects = own;
    let counted = left.iter().filter(waits_for_end).filter(|arc| !circular.contains(arc));
    effects.extend(counted.flat_map(with_end));
    effects.extend(after_ends);
    let mut plain: BTreeSet<Arc> = left.difference(&cycles.released).copied().collect();
    plain.extend(afters);
    (Order { plain, effects }, circular)
}

/// All dependencies between affected instances, where finders answer pairs.
pub(crate) fn all_arcs(world: &World, expected: &Expected) -> BTreeSet<Arc> {
    let mut arcs = BTreeSet::new();
    for (edge, child) in found(world, &expected.instances) {
        let is_parent = |&parent: &Instance| is_expanded_along(world, &expected.instances, parent, edge);
        let parents = owners(world, edge, child).filter(is_parent);
        if expected.instances.contains_key(&child) {
            arcs.extend(parents.map(|parent| Arc { edge, parent, child }));
        }
    }
    arcs
}

/// The instance, and the `with_parent` instances that complete with it.
pub(crate) fn ending_with(world: &World, expected: &Expected, instance: Instance) -> BTreeSet<Instance> {
    let mut ending = BTreeSet::from([instance]);
    let mut open = vec![instance];
    while let Some(at) = open.pop() {
        for arc in expected.arcs.iter().filter(|arc| arc.parent == at) {
            if is_only_with_parent(expected, arc.child)
                && completes(world, expected, *arc)
                && ending.insert(arc.child)
            {
                open.push(arc.child);
            }
        }
    }
    ending
}

/// The questions before the step of an instance: along which edges, about which instances. These are the instance
/// itself and the `with_parent` instances that complete with it.
pub(crate) fn looked_at(
    world: &World,
    expected: &Expected,
    instance: Instance,
) -> BTreeSet<(usize, Instance)> {
    let mut asked = BTreeSet::new();
    for at in
        ending_with(world, expected, instance).into_iter().filter(|&at| is_expanded(&expected.instances, at))
    {
        let along = |&edge: &usize| {
            let is_along =
                world.edge(edge).parent == at.0 && is_expanded_along(world, &expected.instances, at, edge);
            let rule = edge_rule(world, edge).filter(|_| is_along);
            rule.is_some_and(|rule| !matches!(rule, DecisionSpec::Ignore | DecisionSpec::Retain))
        };
        asked.extend((0..world.copies()).filter(along).map(|edge| (edge, at)));
    }
    asked
}

/// Arcs that place each instance of a resource after every instance of the resources that it comes after.
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

/// The steps of the roots come after the steps of all their dependents, except for these ones, whose order may be given
/// up, and what comes before them.
fn check_roots(world: &World, expected: &Expected, order: &Order, except: &BTreeSet<Instance>) {
    let roots: BTreeSet<Instance> = world.root_instances().collect();
    let mut before = roots.clone();
    let mut effects_before: BTreeSet<Node> = roots.iter().map(|&root| (root, Part::Rest)).collect();
    for &root in &roots {
        before.extend(below(&order.plain, root));
        effects_before.extend(waited_for(&order.effects, (root, Part::Rest)));
    }
    for &instance in except {
        before.insert(instance);
        before.extend(below(&order.plain, instance));
        effects_before.extend([(instance, Part::Early), (instance, Part::Rest)]);
        effects_before.extend(waited_for(&order.effects, (instance, Part::Rest)));
    }
    for (&instance, fate) in &expected.instances {
        // Only removed instances have methods around the effects.
        let is_before = !fate.removed || before.contains(&instance);
        assert!(is_before, "the removal of {instance:?} does not come before that of the roots");
        let last = if fate.early == fate.effects.len() && fate.early > 0 { Part::Early } else { Part::Rest };
        let is_before = effects_before.contains(&(instance, last));
        assert!(is_before, "the effects on {instance:?} do not come before those on the roots");
    }
}
