//! Worlds: a resource graph with its rules, and the instances in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;

/// An instance: the index of its resource, and its number there.
pub(crate) type Instance = (usize, u32);

/// Everything that defines a case, except for the events of its run.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) resources: Vec<ResourceSpec>,
    /// The owner extension of each resource, in the order of the resources; then the add-ons.
    pub(crate) extensions: Vec<ExtensionSpec>,
    pub(crate) edges: Vec<EdgeSpec>,
    pub(crate) operation: OperationSpec,
    /// The root resources in order, each with its roots.
    pub(crate) roots: Vec<(usize, Vec<u32>)>,
    pub(crate) finder_batch: usize,
    pub(crate) finder_concurrency: usize,
    pub(crate) concurrency: Option<usize>,
    /// Links that appear during the run.
    pub(crate) late: Vec<Late>,
    /// Links that disappear during the run.
    pub(crate) gone: Vec<Late>,
    /// Links that a run knows, but not along these copies of their edges: nobody has asked there since they appeared.
    pub(crate) unheard: BTreeSet<(usize, (u32, u32))>,
}

/// A link that appears or disappears after this many ended calls and this many deaths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Late {
    pub(crate) edge: usize,
    pub(crate) link: (u32, u32),
    pub(crate) after: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperationSpec {
    Delete,
    Detach,
}

#[derive(Clone, Debug)]
pub(crate) struct ResourceSpec {
    pub(crate) name: String,
    /// Whether its ids are texts; otherwise they are numbers.
    pub(crate) text_ids: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct ExtensionSpec {
    pub(crate) resource: usize,
    pub(crate) addon: bool,
    pub(crate) effects: Vec<EffectSpec>,
    pub(crate) root_rules: Vec<RuleSpec>,
    pub(crate) batch: usize,
    pub(crate) concurrency: usize,
    pub(crate) retries: u32,
    /// Instances that its check objects to.
    pub(crate) check: Option<Vec<u32>>,
    /// The only effect that the check applies to.
    pub(crate) check_only: Option<usize>,
    pub(crate) begin: bool,
    pub(crate) cleanup: bool,
    /// The resources that this one comes after.
    pub(crate) after: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct EffectSpec {
    pub(crate) name: String,
    /// Effects of the same extension, by index.
    pub(crate) supersedes: Vec<usize>,
}

/// How a finder names the parents of its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    Pairs,
    PerParent,
    /// Nothing.
    ChildrenAlone,
}

#[derive(Clone, Debug)]
pub(crate) struct EdgeSpec {
    pub(crate) extension: usize,
    pub(crate) parent: usize,
    pub(crate) child: usize,
    /// Tells it apart from other edges between the same resources.
    pub(crate) role: Option<String>,
    pub(crate) answers: Answers,
    /// Parents and children that the finder reports, some twice.
    pub(crate) links: Vec<(u32, u32)>,
    /// The links of a second finder, which only `Detach` uses.
    pub(crate) detach_links: Option<Vec<(u32, u32)>>,
    pub(crate) rules: Vec<RuleSpec>,
    /// Whether the order along it may be given up in cycles.
    pub(crate) may_cut: bool,
    /// Whether steps of its extension on instances with the same parent never overlap. At most one edge of an extension.
    pub(crate) exclusive: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleSpec {
    pub(crate) operation: OperationSpec,
    /// The only root resource that the rule applies to.
    pub(crate) root: Option<usize>,
    pub(crate) decision: DecisionSpec,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum DecisionSpec {
    Effect { effect: usize, leaf: bool },
    Ignore,
    Retain,
    Restrict,
    WithParent,
    Shared { effect: Option<usize> },
}

impl DecisionSpec {
    /// Whether dependents by this decision are part of the order.
    pub(crate) fn orders(self) -> bool {
        !matches!(self, Self::Ignore)
    }

    /// Whether the dependents are affected.
    pub(crate) fn affects(self) -> bool {
        !matches!(self, Self::Ignore | Self::Retain | Self::Restrict)
    }

    /// Whether the parent's completion completes the dependents.
    pub(crate) fn is_with_parent(self) -> bool {
        matches!(self, Self::WithParent | Self::Shared { effect: None })
    }

    fn effect(self) -> Option<usize> {
        match self {
            Self::Effect { effect, .. } => Some(effect),
            Self::Shared { effect } => effect,
            Self::Ignore | Self::Retain | Self::Restrict | Self::WithParent => None,
        }
    }

    fn is_shared(self) -> bool {
        matches!(self, Self::Shared { .. })
    }
}

impl World {
    /// The operation's code.
    pub(crate) fn code(&self) -> &'static str {
        match self.operation {
            OperationSpec::Delete => "delete",
            OperationSpec::Detach => "model.detach",
        }
    }

    /// An id in printed form.
    pub(crate) fn printed(&self, (resource, number): Instance) -> String {
        if self.resources[resource].text_ids { format!("i{number}") } else { number.to_string() }
    }

    /// The number of copies of edges: rules may differ by root resource, so each has a copy of every edge.
    pub(crate) fn copies(&self) -> usize {
        self.edges.len() * self.roots.len()
    }

    /// The copies of the edge with that index.
    pub(crate) fn copies_of(&self, edge: usize) -> impl Iterator<Item = usize> {
        let count = self.edges.len();
        (0..self.roots.len()).map(move |root| root * count + edge)
    }

    /// The edge of a copy.
    pub(crate) fn edge(&self, copy: usize) -> &EdgeSpec {
        &self.edges[copy % self.edges.len()]
    }

    /// The position of the root resource that a copy of an edge is for.
    pub(crate) fn root_of(&self, copy: usize) -> usize {
        copy / self.edges.len()
    }

    /// The root instances.
    pub(crate) fn root_instances(&self) -> impl Iterator<Item = Instance> {
        self.roots.iter().flat_map(|(resource, roots)| roots.iter().map(move |&root| (*resource, root)))
    }

    /// The links that the operation's finder reports along a copy of an edge.
    pub(crate) fn links(&self, copy: usize) -> Vec<(u32, u32)> {
        let edge = self.edge(copy);
        let links = match (self.operation, &edge.detach_links) {
            (OperationSpec::Detach, Some(links)) => links,
            _ => &edge.links,
        };
        links.iter().copied().filter(|&link| !self.unheard.contains(&(copy, link))).collect()
    }

    /// The same world with links that a run hears of along copies of edges.
    pub(crate) fn with_heard(&self, links: impl IntoIterator<Item = (usize, (u32, u32))>) -> Self {
        let mut world = self.clone();
        let count = world.edges.len();
        for (copy, link) in links {
            if !world.known_links(copy % count).contains(&link) {
                world.known_links(copy % count).push(link);
                world.unheard.extend(self.copies_of(copy % count).map(|other| (other, link)));
            }
            world.unheard.remove(&(copy, link));
        }
        world
    }

    /// The same world without links that a run no longer hears of along these copies of edges.
    pub(crate) fn without_heard(&self, links: impl IntoIterator<Item = (usize, (u32, u32))>) -> Self {
        let mut world = self.clone();
        for (copy, link) in links {
            world.unheard.insert((copy, link));
            let edge = copy % world.edges.len();
            if self.copies_of(edge).all(|copy| world.unheard.contains(&(copy, link))) {
                world = world.without_links([(edge, link)]);
            }
        }
        world
    }

    /// The same world with additional links along edges or copies of them.
    pub(crate) fn with_links(&self, links: impl IntoIterator<Item = (usize, (u32, u32))>) -> Self {
        let mut world = self.clone();
        let count = world.edges.len();
        for (copy, link) in links {
            let known = world.known_links(copy % count);
            if !known.contains(&link) {
                known.push(link);
            }
        }
        world
    }

    /// The same world without these links along edges or copies of them.
    pub(crate) fn without_links(&self, links: impl IntoIterator<Item = (usize, (u32, u32))>) -> Self {
        let mut world = self.clone();
        let count = world.edges.len();
        for (copy, link) in links {
            world.known_links(copy % count).retain(|known| *known != link);
            world.unheard.retain(|unheard| (unheard.0 % count, unheard.1) != (copy % count, link));
        }
        world
    }

    /// The links that the operation's finder reports along an edge.
    fn known_links(&mut self, edge: usize) -> &mut Vec<(u32, u32)> {
        let operation = self.operation;
        let edge = &mut self.edges[edge];
        match (operation, &mut edge.detach_links) {
            (OperationSpec::Detach, Some(links)) => links,
            _ => &mut edge.links,
        }
    }

    /// The world after this many ended calls and deaths.
    pub(crate) fn after(&self, ended: usize) -> Self {
        let appears = self.late.iter().map(|late| (late.after, true, late));
        let disappears = self.gone.iter().map(|gone| (gone.after, false, gone));
        let mut changes: Vec<_> = appears.chain(disappears).filter(|change| change.0 <= ended).collect();
        changes.sort_by_key(|change| (change.0, change.1));
        let mut world =
            changes.into_iter().fold(self.clone(), |world, (_, appears, Late { edge, link, .. })| {
                let link = [(*edge, *link)];
                if appears { world.with_links(link) } else { world.without_links(link) }
            });
        world.late.retain(|late| late.after > ended);
        world.gone.retain(|gone| gone.after > ended);
        world
    }

    /// Whether the world changes during a run.
    pub(crate) fn moves(&self) -> bool {
        !(self.late.is_empty() && self.gone.is_empty())
    }

    /// The extensions of a resource: the owner, then the add-ons.
    pub(crate) fn extensions_of(&self, resource: usize) -> impl Iterator<Item = usize> {
        (0..self.extensions.len()).filter(move |&at| self.extensions[at].resource == resource)
    }

    /// Whether an extension mentions the operation.
    pub(crate) fn mentions(&self, extension: usize, operation: OperationSpec) -> bool {
        let along = self.edges.iter().filter(|edge| edge.extension == extension);
        let mut rules = along.flat_map(|edge| &edge.rules).chain(&self.extensions[extension].root_rules);
        rules.any(|rule| rule.operation == operation)
    }
}

impl fmt::Debug for World {
    /// A readable form of the world, for shrunk cases.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |resource: usize| &self.resources[resource].name;
        writeln!(f, "{:?} {:?}", self.operation, self.roots)?;
        writeln!(
            f,
            "finder batch {}, finder concurrency {}, concurrency {:?}",
            self.finder_batch, self.finder_concurrency, self.concurrency
        )?;
        self.late.iter().try_for_each(|late| writeln!(f, "{late:?}"))?;
        self.gone.iter().try_for_each(|gone| writeln!(f, "gone: {gone:?}"))?;
        for extension in &self.extensions {
            writeln!(f, "{}: {extension:?}", name(extension.resource))?;
        }
        for edge in &self.edges {
            writeln!(f, "{} -> {}: {edge:?}", name(edge.parent), name(edge.child))?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
struct RawResource {
    text_ids: bool,
    owner: RawExtension,
    addon: Option<RawExtension>,
}

#[derive(Clone, Debug)]
struct RawExtension {
    effects: Vec<u8>,
    delete_root: Option<RawDecision>,
    detach_root: Option<RawDecision>,
    special_root: bool,
    detaches: bool,
    settings: (usize, usize, u32),
    check: Option<(Vec<u32>, Option<u8>)>,
    /// Whether it has begin and cleanup methods.
    phases: (bool, bool),
    after: Option<u8>,
    /// The edge on whose parents its steps are exclusive.
    exclusive: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
struct RawDecision {
    /// An effect for most, else a leaf, an ignored edge, or a policy.
    kind: u8,
    effect: u8,
}

#[derive(Clone, Debug)]
struct RawEdge {
    ends: (u8, u8),
    has_role: bool,
    in_addon: bool,
    answers: Answers,
    links: Vec<(u32, u32)>,
    detach_links: Option<Vec<(u32, u32)>>,
    delete: RawDecision,
    detach: RawDecision,
    special: Option<(u8, bool, RawDecision)>,
    /// 0: the order may be given up. Else even: it may, if the edge closes a cycle.
    may_cut: u8,
}

/// How large worlds are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) resources: usize,
    pub(crate) edges: usize,
    pub(crate) links: usize,
    pub(crate) instances: u32,
}

/// Small enough to shrink to a readable case, large enough for all features to meet.
pub(crate) const SMALL: Size = Size { resources: 5, edges: 9, links: 6, instances: 4 };

fn decision() -> impl Strategy<Value = RawDecision> {
    (0..16_u8, any::<u8>()).prop_map(|(kind, effect)| RawDecision { kind, effect })
}

fn extension(instances: u32) -> impl Strategy<Value = RawExtension> {
    (
        vec(any::<u8>(), 1..4),
        proptest::option::weighted(0.8, decision()),
        proptest::option::of(decision()),
        (proptest::bool::weighted(0.2), proptest::bool::weighted(0.7)),
        (1..4_usize, 1..4_usize, 0..3_u32),
        proptest::option::weighted(0.15, (vec(0..instances, 0..3), proptest::option::of(any::<u8>()))),
        (proptest::bool::weighted(0.2), proptest::bool::weighted(0.2)),
        (proptest::option::weighted(0.1, any::<u8>()), proptest::option::weighted(0.3, any::<u8>())),
    )
        .prop_map(
            |(
                effects,
                delete_root,
                detach_root,
                (special_root, detaches),
                settings,
                check,
                phases,
                (after, exclusive),
            )| {
                RawExtension {
                    effects,
                    delete_root,
                    detach_root,
                    special_root,
                    detaches,
                    settings,
                    check,
                    phases,
                    after,
                    exclusive,
                }
            },
        )
}

fn resource(instances: u32) -> impl Strategy<Value = RawResource> {
    (any::<bool>(), extension(instances), proptest::option::weighted(0.25, extension(instances)))
        .prop_map(|(text_ids, owner, addon)| RawResource { text_ids, owner, addon })
}

fn edge(size: Size) -> impl Strategy<Value = RawEdge> {
    let links = move || vec((0..size.instances, 0..size.instances), 0..=size.links);
    (
        any::<(u8, u8)>(),
        (any::<bool>(), proptest::bool::weighted(0.1)),
        prop_oneof![Just(Answers::Pairs), Just(Answers::PerParent), Just(Answers::ChildrenAlone)],
        links(),
        proptest::option::weighted(0.3, links()),
        (decision(), decision()),
        (proptest::option::weighted(0.3, (any::<u8>(), any::<bool>(), decision())), 0..200_u8),
    )
        .prop_map(
            |(
                ends,
                (in_addon, has_role),
                answers,
                links,
                detach_links,
                (delete, detach),
                (special, may_cut),
            )| RawEdge {
                ends,
                has_role,
                in_addon,
                answers,
                links,
                detach_links,
                delete,
                detach,
                special,
                may_cut,
            },
        )
}

/// Roots of one resource, and of two others in some worlds.
fn roots(size: Size) -> impl Strategy<Value = Vec<(u8, Vec<u32>)>> {
    let of_one = move || (0..6_u8, vec(0..size.instances, 1..4));
    let further = prop_oneof![3 => Just(0..1_usize), 1 => Just(1..3)];
    let further = further.prop_flat_map(move |count| vec(of_one(), count));
    ((0..3_u8, vec(0..size.instances, 1..4)), further)
        .prop_map(|(first, further)| std::iter::once(first).chain(further).collect())
}

/// Any world of that size.
pub(crate) fn worlds(size: Size) -> impl Strategy<Value = World> {
    (
        vec(resource(size.instances), 1..=size.resources),
        vec(edge(size), 0..=size.edges),
        (proptest::bool::weighted(0.25), roots(size)),
        (1..5_usize, 1..4_usize, proptest::option::weighted(0.3, 1..4_usize)),
        (any::<bool>(), proptest::bool::weighted(0.25)),
    )
        .prop_map(|(resources, mut edges, (detach, roots), limits, (downwards, taking))| {
            let count = u8::try_from(resources.len()).unwrap();
            if downwards {
                // Half of the worlds have no cycle of resources.
                edges.retain(|edge| edge.ends.0 % count != edge.ends.1 % count);
                for edge in &mut edges {
                    let (a, b) = (edge.ends.0 % count, edge.ends.1 % count);
                    edge.ends = (a.min(b), a.max(b));
                }
            }
            if taking {
                // A quarter of them have many `with_parent` instances with further parents.
                for kind in edges.iter_mut().map(|edge| &mut edge.delete.kind) {
                    *kind = [12, 10, 11, *kind][usize::from(*kind) % 4];
                }
            }
            let mut world = World {
                resources: Vec::new(),
                extensions: Vec::new(),
                edges: Vec::new(),
                operation: if detach { OperationSpec::Detach } else { OperationSpec::Delete },
                roots: roots
                    .into_iter()
                    .map(|(root, roots)| (usize::from(root) % resources.len(), roots))
                    .collect::<BTreeMap<_, _>>()
                    .into_iter()
                    .collect(),
                finder_batch: limits.0,
                finder_concurrency: limits.1,
                concurrency: limits.2,
                late: Vec::new(),
                gone: Vec::new(),
                unheard: BTreeSet::new(),
            };
            add_resources(&mut world, &resources);
            for raw in &edges {
                add_edge(&mut world, &resources, raw);
            }
            keep_no_leaves(&mut world);
            choose_cuts(&mut world, &edges);
            choose_exclusive(&mut world, &resources);
            world
        })
}

/// Removes each `supersedes` by which an effect of a leaf rule supersedes an effect of another rule.
fn keep_no_leaves(world: &mut World) {
    let is_leaf = |rule: &RuleSpec| matches!(rule.decision, DecisionSpec::Effect { leaf: true, .. });
    loop {
        let rules = |extension: usize| {
            let along = world.edges.iter().filter(move |edge| edge.extension == extension);
            along.flat_map(|edge| &edge.rules).chain(&world.extensions[extension].root_rules)
        };
        let keeps = |extension: usize, leaf: &RuleSpec| {
            let superseded = superseded_by(&world.extensions[extension].effects, leaf.decision.effect());
            rules(extension).any(|rule| {
                rule.operation == leaf.operation
                    && !is_leaf(rule)
                    && rule.decision.effect().is_some_and(|effect| superseded.contains(&effect))
            })
        };
        let found = (0..world.extensions.len()).find_map(|extension| {
            let leaf = rules(extension).find(|rule| is_leaf(rule) && keeps(extension, rule))?;
            Some((extension, leaf.operation, leaf.decision.effect()))
        });
        let Some((extension, operation, kept)) = found else { return };
        let along = world.edges.iter_mut().filter(|edge| edge.extension == extension);
        let rules = along.flat_map(|edge| &mut edge.rules).chain(&mut world.extensions[extension].root_rules);
        for rule in rules.filter(|rule| rule.operation == operation && rule.decision.effect() == kept) {
            if let DecisionSpec::Effect { leaf, .. } = &mut rule.decision {
                *leaf = false;
            }
        }
    }
}

/// Lets the order along some edges of cycles be given up; and rarely along another edge, which is a fault.
fn choose_cuts(world: &mut World, raw: &[RawEdge]) {
    for (at, raw) in raw.iter().enumerate().take(world.edges.len()) {
        let if_cyclic = raw.may_cut.is_multiple_of(2);
        world.edges[at].may_cut = raw.may_cut == 0 || if_cyclic && closes_cycle(world, at);
    }
}

/// Makes some extensions exclusive along one of their edges. The finder of such an edge has to name parents; rarely it does not.
fn choose_exclusive(world: &mut World, raw: &[RawResource]) {
    let owners = raw.iter().map(|raw| &raw.owner);
    let extensions: Vec<&RawExtension> =
        owners.chain(raw.iter().filter_map(|raw| raw.addon.as_ref())).collect();
    for (extension, raw) in extensions.into_iter().enumerate() {
        let Some(choice) = raw.exclusive.map(usize::from) else { continue };
        let of_extension = |edge: &EdgeSpec| edge.extension == extension;
        let count = world.edges.iter().filter(|edge| of_extension(edge)).count();
        if count == 0 {
            continue;
        }
        let mut edges = world.edges.iter_mut().filter(|edge| of_extension(edge));
        let Some(edge) = edges.nth(choice % count) else { continue };
        edge.exclusive = true;
        if edge.answers == Answers::ChildrenAlone && !choice.is_multiple_of(8) {
            edge.answers = Answers::Pairs;
        }
    }
}

/// Whether some operation follows the edge in a cycle of resources.
pub(crate) fn closes_cycle(world: &World, edge: usize) -> bool {
    [OperationSpec::Delete, OperationSpec::Detach].into_iter().any(|operation| {
        let follows = |edge: &&EdgeSpec| {
            edge.rules.iter().any(|rule| rule.operation == operation && rule.decision.orders())
        };
        let followed: Vec<&EdgeSpec> = world.edges.iter().filter(follows).collect();
        let mut below = BTreeSet::from([world.edges[edge].child]);
        while let Some(edge) =
            followed.iter().find(|edge| below.contains(&edge.parent) && !below.contains(&edge.child))
        {
            below.insert(edge.child);
        }
        follows(&&world.edges[edge]) && below.contains(&world.edges[edge].parent)
    })
}

/// All effects that an effect supersedes, directly or indirectly.
fn superseded_by(effects: &[EffectSpec], effect: Option<usize>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open: Vec<usize> = effect.into_iter().collect();
    while let Some(effect) = open.pop() {
        open.extend(effects[effect].supersedes.iter().filter(|&&other| found.insert(other)));
    }
    found
}

/// Worlds that change during a run. They have no cycles, no vetoes and no shared resources: the result of a run then
/// follows from the answers of its finders, without a choice.
pub(crate) fn moving_worlds(size: Size) -> impl Strategy<Value = World> {
    let link = (0..size.instances, 0..size.instances + 2);
    let late = vec((any::<u8>(), link, 0..8_usize), 0..16);
    let gone = vec((any::<u8>(), any::<u8>(), 0..8_usize), 0..6);
    (worlds(size), late, gone).prop_map(|(mut world, late, gone)| {
        world.edges.retain(|edge| edge.parent < edge.child);
        // The operation starts as far up as it can, so that most roots have dependents.
        let starts = |&resource: &usize| {
            let mut rules = world.extensions_of(resource).flat_map(|at| &world.extensions[at].root_rules);
            rules.any(|rule| rule.operation == world.operation)
        };
        if let Some(first) = (0..world.resources.len()).find(starts) {
            world.roots[0].0 = first;
            world.roots.sort_by_key(|root| root.0);
            world.roots.dedup_by_key(|root| root.0);
        }
        for edge in &mut world.edges {
            edge.may_cut = false;
            if edge.answers == Answers::ChildrenAlone {
                edge.answers = Answers::Pairs;
            }
            for rule in &mut edge.rules {
                rule.decision = match rule.decision {
                    DecisionSpec::Restrict => DecisionSpec::Retain,
                    DecisionSpec::Shared { .. } => DecisionSpec::WithParent,
                    decision => decision,
                };
            }
        }
        for extension in &mut world.extensions {
            extension.check = None;
        }
        add_changes(&mut world, late, gone);
        world
    })
}

/// Worlds of all kinds that change after the plan was made, and not during the run.
pub(crate) fn drifting_worlds(size: Size) -> impl Strategy<Value = World> {
    let link = (0..size.instances, 0..size.instances + 2);
    let late = vec((any::<u8>(), link, Just(0)), 0..4);
    let gone = vec((any::<u8>(), any::<u8>(), Just(0)), 0..3);
    (worlds(size), late, gone).prop_map(|(mut world, late, gone)| {
        // A further parent must not be the first one along an exclusive edge whose finder names no parents: that is an error.
        for edge in world.edges.iter_mut().filter(|edge| edge.exclusive) {
            edge.answers = Answers::Pairs;
        }
        add_changes(&mut world, late, gone);
        world
    })
}

/// A link that appears: the edge modulo the number of edges, the link, and when.
type RawLate = (u8, (u32, u32), usize);

/// A link that disappears: the edge and the link modulo their numbers, and when.
type RawGone = (u8, u8, usize);

fn add_changes(world: &mut World, late: Vec<RawLate>, gone: Vec<RawGone>) {
    let count = world.edges.len();
    if count == 0 {
        return;
    }
    let late = late.into_iter();
    world.late =
        late.map(|(edge, link, after)| Late { edge: usize::from(edge) % count, link, after }).collect();
    let gone = gone.into_iter().filter_map(|(edge, link, after)| {
        let edge = usize::from(edge) % count;
        // A link that exists from the start, or that appears.
        let links = world.links(edge).into_iter();
        let late = world.late.iter().filter(|late| late.edge == edge).map(|late| late.link);
        let links: Vec<(u32, u32)> = links.chain(late).collect();
        let link = *links.get(usize::from(link) % links.len().max(1))?;
        Some(Late { edge, link, after })
    });
    world.gone = gone.collect();
}

/// Worlds in which every extension with an edge is exclusive along one. Its instances have several parents there.
pub(crate) fn exclusive_worlds(size: Size) -> impl Strategy<Value = World> {
    worlds(size).prop_map(|mut world| {
        for extension in 0..world.extensions.len() {
            let mut edges: Vec<&mut EdgeSpec> =
                world.edges.iter_mut().filter(|edge| edge.extension == extension).collect();
            if edges.iter().all(|edge| !edge.exclusive)
                && let Some(edge) = edges.first_mut()
            {
                edge.exclusive = true;
            }
        }
        for edge in world.edges.iter_mut().filter(|edge| edge.answers == Answers::ChildrenAlone) {
            edge.answers = Answers::Pairs;
        }
        for extension in &mut world.extensions {
            extension.check = None;
        }
        world
    })
}

fn add_resources(world: &mut World, resources: &[RawResource]) {
    let addons = resources.iter().enumerate().filter_map(|(at, raw)| Some((at, raw.addon.as_ref()?, true)));
    let owners = resources.iter().enumerate().map(|(at, raw)| (at, &raw.owner, false));
    world.resources = resources
        .iter()
        .enumerate()
        .map(|(at, raw)| ResourceSpec { name: format!("R{at}"), text_ids: raw.text_ids })
        .collect();
    for (resource, raw, addon) in owners.chain(addons) {
        let mut spec = extension_spec(resource, addon, raw);
        spec.after = raw.after.iter().map(|&after| usize::from(after) % resources.len()).collect();
        if addon {
            // Only one extension of a resource may have a rule for the root.
            let claimed = world.extensions[resource].root_rules.clone();
            spec.root_rules.retain(|rule| !claimed.iter().any(|it| it.operation == rule.operation));
        }
        world.extensions.push(spec);
    }
}

fn extension_spec(resource: usize, addon: bool, raw: &RawExtension) -> ExtensionSpec {
    let count = raw.effects.len();
    let effects = raw.effects.iter().enumerate().map(|(at, &bits)| EffectSpec {
        // An owner and its add-ons share names.
        name: format!("e{at}"),
        // An effect supersedes only earlier or only later effects, so there is no cycle.
        supersedes: (0..count)
            .filter(|&other| if raw.effects[0] < 128 { other < at } else { other > at })
            .filter(|&other| bits >> (other + 2) & 1 == 1)
            .collect(),
    });
    let mut root_rules = Vec::new();
    for (operation, decision) in
        [(OperationSpec::Delete, raw.delete_root), (OperationSpec::Detach, raw.detach_root)]
    {
        let Some(raw_decision) = decision else { continue };
        if operation == OperationSpec::Detach && !raw.detaches {
            continue;
        }
        let effect = usize::from(raw_decision.effect) % count;
        let decision = DecisionSpec::Effect { effect, leaf: raw_decision.kind == 7 };
        root_rules.push(RuleSpec { operation, root: None, decision });
        if raw.special_root {
            let decision = DecisionSpec::Effect { effect: (effect + 1) % count, leaf: false };
            root_rules.push(RuleSpec { operation, root: Some(resource), decision });
        }
    }
    let (batch, concurrency, retries) = raw.settings;
    ExtensionSpec {
        resource,
        addon,
        effects: effects.collect(),
        root_rules,
        batch,
        concurrency,
        retries,
        check: raw.check.as_ref().map(|(vetoed, _)| vetoed.clone()),
        check_only: raw.check.as_ref().and_then(|(_, only)| Some(usize::from((*only)?) % count)),
        begin: raw.phases.0,
        cleanup: raw.phases.1,
        after: Vec::new(),
    }
}

fn add_edge(world: &mut World, resources: &[RawResource], raw: &RawEdge) {
    let count = resources.len();
    let (parent, child) = (usize::from(raw.ends.0) % count, usize::from(raw.ends.1) % count);
    let is_second = world.edges.iter().any(|edge| (edge.parent, edge.child) == (parent, child));
    let role = (is_second || raw.has_role).then(|| format!("as{}", world.edges.len()));
    let addon = world.extensions_of(child).nth(1).filter(|_| raw.in_addon);
    let extension = addon.unwrap_or(child);
    let detaches = match &resources[child].addon {
        Some(raw) if addon.is_some() => raw.detaches,
        _ => resources[child].owner.detaches,
    };
    let effects = world.extensions[extension].effects.len();
    let decision = |raw: RawDecision| match raw.kind {
        0..=6 => DecisionSpec::Effect { effect: usize::from(raw.effect) % effects, leaf: false },
        7 | 8 => DecisionSpec::Effect { effect: usize::from(raw.effect) % effects, leaf: true },
        9 => DecisionSpec::Ignore,
        10 => DecisionSpec::Retain,
        11 => DecisionSpec::Restrict,
        12 | 13 => DecisionSpec::WithParent,
        14 => DecisionSpec::Shared { effect: None },
        _ => DecisionSpec::Shared { effect: Some(usize::from(raw.effect) % effects) },
    };
    let mut rules = Vec::new();
    let mut add = |operation, root, raw| rules.push(RuleSpec { operation, root, decision: decision(raw) });
    add(OperationSpec::Delete, None, raw.delete);
    if detaches {
        add(OperationSpec::Detach, None, raw.detach);
    }
    if let Some((root, delete, special)) = raw.special {
        let operation = if delete || !detaches { OperationSpec::Delete } else { OperationSpec::Detach };
        add(operation, Some(usize::from(root) % count), special);
    }
    // Only owners of one kind may share a child: for the others' rules, something else replaces the policy.
    let of_child = world.edges.iter().filter(|edge| edge.child == child).flat_map(|edge| &edge.rules);
    if of_child.clone().any(|rule| rule.decision.is_shared()) {
        for rule in rules.iter_mut().filter(|rule| rule.decision.is_shared()) {
            rule.decision = DecisionSpec::WithParent;
        }
    }
    // Along a shared edge, the finder has to name every owner.
    let shared = rules.iter().any(|rule| rule.decision.is_shared());
    world.edges.push(EdgeSpec {
        extension,
        parent,
        child,
        role,
        answers: if shared { Answers::Pairs } else { raw.answers },
        links: raw.links.clone(),
        detach_links: raw.detach_links.clone().filter(|_| detaches),
        rules,
        may_cut: false,
        exclusive: false,
    });
}
