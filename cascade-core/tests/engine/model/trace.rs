//! The rules of a run and its expected report, checked against the trace of its calls.

use std::collections::{BTreeMap, BTreeSet};

use cascade_core::{Drift, FailurePolicy, Phase};

use super::departures::{self, Departed, Refresh};
use super::reference::{
    self, Effect, Expected, FinderCall, Node, Order, Part, below, completing_parents, ending_with,
    held_parents, looked_at, waited_for,
};
use super::script::{Answer, Call, Entry, NotDone};
use super::world::{Answers, DecisionSpec, Instance, World};

const PHASES: [Phase; 3] = [Phase::Begin, Phase::Effect, Phase::Cleanup];

/// The outcome of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    Done,
    Failed,
    Blocked,
    NotStarted,
    Left,
}

/// The expected report.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) fates: BTreeMap<Instance, Fate>,
    pub(crate) not_cleaned_up: usize,
    pub(crate) done_below_left: usize,
    pub(crate) roots_left: usize,
    /// For each blocked instance, the failed instances that the report may name as the cause.
    pub(crate) causes: BTreeMap<Instance, BTreeSet<Instance>>,
}

impl Judged {
    /// Whether nothing is left to do.
    pub(crate) fn is_complete(&self) -> bool {
        let is_over = |fate: &Fate| matches!(fate, Fate::Done | Fate::Left);
        self.not_cleaned_up + self.done_below_left + self.roots_left == 0 && self.fates.values().all(is_over)
    }
}

/// The progress of one instance in one phase.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// The methods that run on it, in order.
    methods: Vec<Effect>,
    /// How many of them have ended.
    ended: usize,
    /// Whether it is in a step that has not ended.
    busy: bool,
    failed: bool,
}

impl Progress {
    /// Whether no further method will run.
    fn is_over(&self) -> bool {
        self.ended == self.methods.len()
    }
}

/// A step; its attempts are calls.
#[derive(Clone, Debug)]
struct Step {
    phase: Phase,
    method: Effect,
    /// The instances of the next attempt.
    open: BTreeSet<u32>,
    instances: Vec<u32>,
    attempt: u32,
    running: bool,
    failed: bool,
}

impl Step {
    /// Whether an attempt runs or is still due.
    fn is_under_way(&self) -> bool {
        self.running || !self.open.is_empty()
    }
}

/// The settings of a run that the judge needs.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) policy: FailurePolicy,
    pub(crate) drift: Drift,
    /// The instances that the report calls failed because of drift.
    pub(crate) drifted: BTreeSet<Instance>,
    /// The instances that the report calls failed because of their begin, where a forced run continued. Drift may have
    /// stopped them too.
    pub(crate) not_begun: BTreeSet<Instance>,
    /// Whether the run refreshes its view before every step.
    pub(crate) refreshes_always: bool,
}

/// The answer of a finder about a parent during the run.
#[derive(Debug)]
struct Look {
    at: usize,
    children: BTreeSet<u32>,
    /// The parents that the children may belong to: the parent alone, if the answer names parents.
    parents: Vec<u32>,
}

/// What departed according to a refresh.
#[derive(Debug, Default)]
struct Departure {
    /// No step may start before the plan has changed so.
    due: Option<Departed>,
    /// Whether the plan may change. The engine may not have concluded yet that an instance failed.
    allowed: bool,
}

/// Reads the trace of a run. Asserts that no call came too early, came twice or exceeded a concurrency limit, and
/// computes the expected report.
pub(crate) struct Judge {
    /// The world as far as the run knows it.
    world: World,
    expected: Expected,
    terms: Terms,
    /// For each part of an instance, everything its effects wait for.
    below: BTreeMap<Node, BTreeSet<Node>>,
    /// For each instance, its direct and indirect dependents; and the reverse.
    plain_below: BTreeMap<Instance, BTreeSet<Instance>>,
    above: BTreeMap<Instance, BTreeSet<Instance>>,
    progress: BTreeMap<(Phase, Instance), Progress>,
    /// By the number of the step's latest call.
    steps: BTreeMap<usize, Step>,
    /// The phase of the latest call.
    phase: Phase,
    /// Only cleanup steps may still start.
    stopped: bool,
    cancelled: bool,
    /// The position of the entry under inspection.
    at: usize,
    /// When the last effect of each part of an instance ended.
    ended_at: BTreeMap<Node, usize>,
    /// For each edge and parent, the last answer of the finder.
    rediscovered: BTreeMap<(usize, Instance), Look>,
    /// The answers of finders since the plan was made, last grew, or the process died.
    reported: BTreeSet<(usize, (u32, u32))>,
    /// When the process last died: the next process has to rediscover.
    died_at: usize,
    /// The answers of the refresh in progress.
    refreshing: Option<Refresh>,
    /// The answers of the last refresh.
    refresh: Option<Refresh>,
    /// What departed according to the last refresh.
    departure: Departure,
    left: BTreeSet<Instance>,
    /// The instances that an effect left as they are.
    left_by_effects: BTreeSet<Instance>,
    /// The instances that failed because of drift.
    drifted: BTreeSet<Instance>,
    /// The instances on which an early effect may have begun.
    begun: BTreeSet<Instance>,
    /// The instances on which another effect may have begun, in this process or an earlier one.
    removing: BTreeSet<Instance>,
    /// Whether a new process has not found out yet what its predecessor may have begun.
    expects_repeats: bool,
    /// The number of refreshes, and of the effect steps that started.
    refreshes: usize,
    steps_started: usize,
}

impl Judge {
    pub(crate) fn new(world: &World, expected: &Expected, order: &Order, terms: Terms) -> Self {
        let mut judge = Self {
            world: departures::known_world(world, expected),
            expected: expected.clone(),
            terms,
            below: BTreeMap::new(),
            plain_below: BTreeMap::new(),
            above: BTreeMap::new(),
            progress: planned(world, expected),
            steps: BTreeMap::new(),
            phase: Phase::Begin,
            stopped: false,
            cancelled: false,
            at: 0,
            ended_at: BTreeMap::new(),
            rediscovered: BTreeMap::new(),
            reported: BTreeSet::new(),
            died_at: 0,
            refreshing: None,
            refresh: None,
            departure: Departure::default(),
            left: BTreeSet::new(),
            left_by_effects: BTreeSet::new(),
            drifted: BTreeSet::new(),
            begun: BTreeSet::new(),
            removing: BTreeSet::new(),
            expects_repeats: false,
            refreshes: 0,
            steps_started: 0,
        };
        judge.follow(order);
        judge
    }

    fn follow(&mut self, order: &Order) {
        let instances = || self.expected.instances.keys().copied();
        let all_below = |order| -> BTreeMap<Instance, BTreeSet<Instance>> {
            instances().map(|instance| (instance, below(order, instance))).collect()
        };
        let plain_below = all_below(&order.plain);
        let above = |of: Instance| instances().filter(|at| plain_below[at].contains(&of)).collect();
        let nodes = instances().flat_map(|instance| [(instance, Part::Early), (instance, Part::Rest)]);
        let effects = nodes.map(|node| (node, waited_for(&order.effects, node))).collect();
        self.above = instances().map(|instance| (instance, above(instance))).collect();
        self.below = effects;
        self.plain_below = plain_below;
    }

    pub(crate) fn judge(mut self, entries: &[Entry]) -> Judged {
        for (at, entry) in entries.iter().enumerate() {
            self.at = at;
            match entry {
                Entry::Started(number, call) => self.started(*number, call),
                Entry::Ended(number, answer) => self.ended(*number, answer),
                Entry::Cancelled => {
                    self.cancelled = true;
                    self.stopped = true;
                }
                Entry::Quiet => self.quiet(),
                // The caller removes the discovery before the run.
                Entry::Begun => {}
                Entry::Found(call, rows) => self.found(call, rows),
                Entry::Grown => self.grow(),
                Entry::Refreshing => {
                    self.expect_repeats();
                    self.refreshing = Some(Refresh::default());
                }
                Entry::Refreshed => self.refreshed(),
                Entry::Departed => self.depart(),
                Entry::Unrecorded(call) => self.may_have_begun(call),
                Entry::Drifted(instances) => instances.iter().for_each(|&at| self.fail_drifted(at)),
                Entry::Died => {
                    self.reported.clear();
                    self.died_at = at;
                    (self.refreshing, self.departure) = (None, Departure::default());
                    // A process before the one that refused a drifted instance may have begun to act on it.
                    for instance in self.drifted.clone() {
                        self.removing.extend(ending_with(&self.world, &self.expected, instance));
                    }
                    let has_begin_left = self.instances().any(|at| self.is_ready(Phase::Begin, at));
                    self.expects_repeats = !has_begin_left;
                }
            }
        }
        self.give_up();
        self.verdicts()
    }

    fn instances(&self) -> impl Iterator<Item = Instance> {
        self.plain_below.keys().copied()
    }

    /// The part of the instance that its next effect belongs to.
    fn next_part(&self, instance: Instance) -> Node {
        let progress = &self.progress[&(Phase::Effect, instance)];
        let is_early = progress.ended < self.expected.instances[&instance].early;
        (instance, if is_early && !progress.is_over() { Part::Early } else { Part::Rest })
    }

    /// The instances that the next effect of the instance waits for.
    fn next_waits_for(&self, instance: Instance) -> BTreeSet<Instance> {
        self.below[&self.next_part(instance)].iter().map(|node| node.0).collect()
    }

    fn forces(&self) -> bool {
        self.terms.policy == FailurePolicy::Force
    }

    fn started(&mut self, number: usize, call: &Call) {
        let extension = self.world.extensions[call.extension].clone();
        assert!(!call.instances.is_empty(), "a call with no instance: {call:?}");
        assert!(call.instances.len() <= extension.batch, "too many in one call: {call:?}");
        let distinct: BTreeSet<u32> = call.instances.iter().copied().collect();
        assert_eq!(distinct.len(), call.instances.len(), "an instance twice in one call: {call:?}");
        assert!(self.phase <= call.phase, "{call:?} after a call of {}", self.phase);
        if self.phase < call.phase {
            let under_way = self.steps.values().find(|step| step.running);
            assert!(under_way.is_none(), "{call:?} before the phase of {under_way:?} ended");
            self.phase = call.phase;
        }
        let method = (call.extension, call.effect);
        if call.phase == Phase::Effect {
            self.expect_repeats();
        }
        let step = if call.attempt == 1 {
            let stopped = if call.phase == Phase::Cleanup { self.cancelled } else { self.stopped };
            assert!(!stopped, "{call:?} started after the run had to stop");
            self.assert_parents_are_free(call, extension.resource);
            for &id in &call.instances {
                self.start(call, (extension.resource, id));
            }
            self.steps_started += usize::from(call.phase == Phase::Effect);
            if self.terms.refreshes_always && call.phase == Phase::Effect {
                assert!(self.steps_started <= self.refreshes, "{call:?} without a refresh before it");
            }
            Step {
                phase: call.phase,
                method,
                open: distinct,
                instances: call.instances.clone(),
                attempt: 1,
                running: true,
                failed: false,
            }
        } else {
            let earlier = self.steps.iter().find(|(_, step)| {
                step.method == method
                    && step.phase == call.phase
                    && !step.running
                    && step.open == distinct
                    && step.attempt + 1 == call.attempt
            });
            let Some((&earlier, _)) = earlier else {
                panic!("{call:?} retries instances that did not fail so")
            };
            let step = self.steps.remove(&earlier).unwrap();
            Step { attempt: call.attempt, running: true, ..step }
        };
        self.steps.insert(number, step);
        let running = self.steps.values().filter(|step| step.running);
        let of_extension = running.clone().filter(|step| step.method.0 == call.extension).count();
        assert!(of_extension <= extension.concurrency, "too many calls of one extension at once: {call:?}");
        let limit = self.world.concurrency.unwrap_or(usize::MAX);
        assert!(running.count() <= limit, "too many calls at once: {call:?}");
    }

    /// All instances of a step have the same parents along the exclusive edge, and no step that has not ended, not even one
    /// between two attempts, holds one of them.
    fn assert_parents_are_free(&self, call: &Call, resource: usize) {
        let held = |id: &u32| held_parents(&self.world, &self.expected, call.extension, (resource, *id));
        let all: BTreeSet<_> = call.instances.iter().filter_map(held).collect();
        assert!(all.len() <= 1, "the instances of {call:?} have different parents: {all:?}");
        if all.iter().any(|(_, parents)| parents.is_empty()) {
            assert_eq!(call.instances.len(), 1, "{call:?}: their parents may differ");
        }
        for &id in &call.instances {
            let holder = self.holder_of_parents(call.extension, (resource, id));
            assert!(holder.is_none(), "{call:?} overlaps with {holder:?} on one parent");
        }
    }

    /// A step that keeps a step of the extension on that instance from starting, because both may have a parent in common.
    fn holder_of_parents(&self, extension: usize, instance: Instance) -> Option<&Step> {
        let held = |extension, instance| held_parents(&self.world, &self.expected, extension, instance);
        let (resource, parents) = held(extension, instance)?;
        self.steps.values().filter(|step| step.is_under_way()).find(|step| {
            let of_step = self.world.extensions[step.method.0].resource;
            step.instances.iter().filter_map(|&id| held(step.method.0, (of_step, id))).any(|other| {
                other.0 == resource
                    && (parents.is_empty() || other.1.is_empty() || !parents.is_disjoint(&other.1))
            })
        })
    }

    fn start(&mut self, call: &Call, instance: Instance) {
        let Some(progress) = self.progress.get(&(call.phase, instance)) else {
            panic!("{call:?} acts on {instance:?}, which is not affected")
        };
        assert!(!progress.busy, "{call:?} while {instance:?} is in another step");
        let next = progress.methods.get(progress.ended);
        assert_eq!(next, Some(&(call.extension, call.effect)), "{call:?}: the wrong method");
        assert!(!progress.failed || self.forces(), "{call:?} after {instance:?} failed");
        self.fail_those_that_drifted(self.waits_for(call.phase, instance));
        let waits = self.waits_for(call.phase, instance);
        assert!(waits.is_empty(), "{call:?} did not wait for {waits:?}");
        if call.phase == Phase::Effect && self.terms.drift != Drift::Ignore {
            self.assert_looked(call, instance);
            assert!(self.departure.due.is_none(), "{call:?} although {:?} departed", self.departure.due);
            self.note_begun(instance);
        }
        self.progress.get_mut(&(call.phase, instance)).unwrap().busy = true;
    }

    /// Before a step, the run rediscovered the dependents of its instances, after everything that the step waited for
    /// had ended, and found no late dependent.
    fn assert_looked(&self, call: &Call, instance: Instance) {
        let since = self.last_change(instance);
        for (edge, parent) in looked_at(&self.world, &self.expected, instance) {
            let Some(look) = self.rediscovered.get(&(edge, parent)) else {
                panic!("{call:?}: the dependents of {parent:?} along {edge} were not rediscovered")
            };
            assert!(
                since <= Some(look.at),
                "{call:?}: the dependents of {parent:?} along {edge} were rediscovered too early"
            );
            let new: Vec<&u32> = look
                .children
                .iter()
                .filter(|child| !self.may_be_known(edge, parent, look, **child))
                .collect();
            assert!(new.is_empty(), "{call:?}: {new:?} depend on {parent:?} along {edge} by now");
        }
    }

    /// When the last thing ended that the next step of an instance waits for, or the last process died.
    fn last_change(&self, instance: Instance) -> Option<usize> {
        let (next, early) = (self.next_part(instance), (instance, Part::Early));
        let first = self.below[&next].iter().chain([&next, &early]);
        first.filter_map(|node| self.ended_at.get(node).copied()).max().max(Some(self.died_at))
    }

    /// Whether the plan has the child, and the child has neither departed nor been left by an effect.
    fn is_known(&self, edge: usize, look: &Look, child: u32) -> bool {
        let child_at = (self.world.edge(edge).child, child);
        self.has_link(edge, look, child)
            && !self.left.contains(&child_at)
            && !self.left_by_effects.contains(&child_at)
    }

    /// Whether the plan knows the child as a dependent of one of the parents that it may belong to.
    fn has_link(&self, edge: usize, look: &Look, child: u32) -> bool {
        let (parents, child_at) = (self.world.edge(edge).parent, (self.world.edge(edge).child, child));
        look.parents.iter().any(|&parent| {
            let arc = reference::Arc { edge, parent: (parents, parent), child: child_at };
            self.world.links(edge).contains(&(parent, child)) || self.expected.arcs.contains(&arc)
        })
    }

    /// Like [`is_known`](Self::is_known), but a child that an effect has left counts as known while the parent does not wait for
    /// it: the engine may not know yet that it is left.
    fn may_be_known(&self, edge: usize, parent: Instance, look: &Look, child: u32) -> bool {
        let child_at = (self.world.edge(edge).child, child);
        let is_ordered = self.next_waits_for(parent).contains(&child_at);
        self.is_known(edge, look, child)
            || self.left_by_effects.contains(&child_at) && !is_ordered && self.has_link(edge, look, child)
    }

    fn found(&mut self, call: &FinderCall, rows: &[(u32, u32)]) {
        assert!(self.terms.drift != Drift::Ignore, "a run that ignores drift called a finder: {call:?}");
        let edge = self.world.edge(call.edge);
        let names_no_parents = edge.answers == Answers::ChildrenAlone;
        if let Some(refresh) = &mut self.refreshing {
            for &parent in &call.parents {
                let of_parent = rows.iter().filter(|row| names_no_parents || row.0 == parent);
                let of_parent = of_parent.map(|&(_, child)| (parent, child)).collect();
                refresh.answers.insert((call.edge, parent), of_parent);
            }
            // Along a shared edge, an answer names all owners.
            for &(owner, child) in rows.iter().filter(|row| !call.parents.contains(&row.0)) {
                refresh.owners.insert((call.edge, (owner, child)));
            }
            return;
        }
        let (resource, child) = (edge.parent, edge.child);
        let was_asked = |&parent: &u32| {
            reference::is_expanded_along(&self.world, &self.expected.instances, (resource, parent), call.edge)
        };
        let is_asked_again = call.parents.iter().any(was_asked);
        if self.cancelled && is_asked_again {
            // A cancelled run waits for no answer. A growth that is under way ends.
            return;
        }
        // Along a shared edge, an answer names all owners. With one that is not removed, the child stays.
        let is_shared =
            matches!(reference::edge_rule(&self.world, call.edge), Some(DecisionSpec::Shared { .. }));
        let is_removed = |owner: u32| {
            let owner = self.expected.instances.get(&(resource, owner));
            owner.is_some_and(|owner| !owner.expanded.is_empty())
        };
        let stays = |child: u32| is_shared && rows.iter().any(|row| row.1 == child && !is_removed(row.0));
        for &parent in &call.parents {
            let of_parent = rows.iter().filter(|row| names_no_parents || row.0 == parent);
            let children = of_parent.map(|row| row.1).filter(|&child| !stays(child));
            let parents = if names_no_parents { call.parents.clone() } else { vec![parent] };
            let look = Look { at: self.at, children: children.collect(), parents };
            self.rediscovered.insert((call.edge, (resource, parent)), look);
        }
        // An answer in which only instances that effects left are new is refused.
        let may_join = |&parent: &u32| {
            let look = &self.rediscovered[&(call.edge, (resource, parent))];
            let is_new = |at: u32| !self.is_known(call.edge, look, at);
            look.children.iter().any(|&at| is_new(at) && !self.left_by_effects.contains(&(child, at)))
        };
        if !is_asked_again || call.parents.iter().any(may_join) {
            self.reported.extend(rows.iter().map(|&row| (call.edge, row)));
        }
    }

    /// A call of an effect that has no end on record.
    fn may_have_begun(&mut self, call: &Call) {
        if call.phase == Phase::Effect {
            self.expect_repeats();
            let resource = self.world.extensions[call.extension].resource;
            for &id in &call.instances {
                self.note_begun((resource, id));
            }
        }
    }

    fn is_ready(&self, phase: Phase, instance: Instance) -> bool {
        let progress = &self.progress[&(phase, instance)];
        !progress.is_over()
            && (!progress.failed || self.forces())
            && self.waits_for(phase, instance).is_empty()
    }

    /// A resumed run expects that its predecessor had begun all effects that were ready.
    fn expect_repeats(&mut self) {
        if std::mem::take(&mut self.expects_repeats) {
            let ready: Vec<Instance> =
                self.instances().filter(|&instance| self.is_ready(Phase::Effect, instance)).collect();
            for instance in ready {
                self.note_begun(instance);
            }
        }
    }

    /// The next effect of the instance may begin. After an early effect, the instance and its dependents are still there.
    fn note_begun(&mut self, instance: Instance) {
        let ending = ending_with(&self.world, &self.expected, instance);
        match self.next_part(instance) {
            (_, Part::Early) => self.begun.extend(ending),
            (_, Part::Rest) => self.removing.extend(ending),
        }
    }

    /// The instances on which the run may have begun to act, or that failed.
    fn begun_or_failed(&self) -> BTreeSet<Instance> {
        let failed = self.progress.iter().filter(|(_, progress)| progress.failed).map(|((_, at), _)| *at);
        failed.chain(&self.begun | &self.removing).collect()
    }

    fn refreshed(&mut self) {
        self.refresh = self.refreshing.take();
        assert!(self.refresh.is_some(), "a refresh ended that had not begun");
        self.refreshes += 1;
        self.departure = Departure {
            due: self.departures(&self.refused()),
            allowed: self.departures(&BTreeSet::new()).is_some(),
        };
    }

    /// The instances that the report calls drifted, and whose dependents have been rediscovered by now. The engine may not have
    /// concluded yet that they failed.
    fn refused(&self) -> BTreeSet<Instance> {
        let drifted = self.terms.drifted.iter().copied();
        let planned = drifted.filter(|at| self.expected.instances.contains_key(at));
        planned.filter(|&at| self.is_refused(at)).collect()
    }

    fn is_refused(&self, instance: Instance) -> bool {
        let since = self.last_change(instance);
        let looked_at = looked_at(&self.world, &self.expected, instance);
        let looks = || looked_at.iter().map(|key| (key.0, self.rediscovered.get(key)));
        let is_complete = looks().all(|(_, look)| look.is_some_and(|look| since <= Some(look.at)));
        let has_new = looks().any(|(edge, look)| {
            look.is_some_and(|look| !look.children.iter().all(|&child| self.is_known(edge, look, child)))
        });
        is_complete && has_new && self.waits_for(Phase::Effect, instance).is_empty()
    }

    /// What departs, if these instances failed too.
    fn departures(&self, refused: &BTreeSet<Instance>) -> Option<Departed> {
        let refresh = self.refresh.as_ref()?;
        let run = departures::Progress {
            world: &self.world,
            expected: &self.expected,
            begun: &(&self.begun_or_failed() | refused),
            removing: &self.removing,
        };
        departures::depart(&run, refresh)
    }

    fn depart(&mut self) {
        let under_way = self.steps.values().find(|step| step.is_under_way());
        assert!(under_way.is_none(), "instances departed during {under_way:?}");
        assert!(
            std::mem::take(&mut self.departure).allowed,
            "a refresh reached everything, but something departed"
        );
        // What failed since the refresh stays.
        let Some(Departed { world, expected, left }) = self.departures(&self.refused()) else { return };
        self.world = world;
        self.expected = expected;
        self.left.extend(left);
        self.reported.clear();
        self.plan_again();
        self.phase = Phase::Begin;
    }

    /// The plan grew by the answers of finders.
    fn grow(&mut self) {
        assert!(self.terms.drift == Drift::Follow, "only `Drift::Follow` extends the plan");
        let under_way = self.steps.values().find(|step| step.is_under_way());
        assert!(under_way.is_none(), "the plan grew during {under_way:?}");
        self.world = self.world.with_heard(std::mem::take(&mut self.reported));
        self.expected = departures::grow(&self.world, &self.expected);
        let expected = &self.expected.instances;
        self.left.retain(|instance| !expected.contains_key(instance));
        self.plan_again();
        self.phase = Phase::Begin;
    }

    /// Follows the changed plan.
    fn plan_again(&mut self) {
        let (mut order, _) = reference::order(&self.world, &self.expected, &BTreeSet::new());
        for (at, planned) in planned(&self.world, &self.expected) {
            let progress = self.progress.entry(at).or_default();
            // Ended methods stay ended; a method that a late dependent's rule superseded does not run any more.
            progress.methods.truncate(progress.ended);
            // An instance that an effect left, or that drifted, gets nothing further.
            if self.left_by_effects.contains(&at.1) || self.drifted.contains(&at.1) {
                continue;
            }
            let open = planned.methods.into_iter().filter(|method| !progress.methods.contains(method));
            let open: Vec<Effect> = open.collect();
            progress.methods.extend(open);
        }
        // An ended instance waits for no other instance.
        order.effects.retain(|(_, then)| !self.has_ended(then.0));
        self.follow(&order);
    }

    fn fail_those_that_drifted(&mut self, waits: Vec<(Phase, Instance)>) {
        for (_, instance) in waits.into_iter().filter(|(phase, _)| *phase == Phase::Effect) {
            self.fail_drifted(instance);
        }
    }

    /// Fails the instance before its next step if the report says so: a late dependent was found.
    fn fail_drifted(&mut self, instance: Instance) {
        let said = self.terms.drifted.remove(&instance);
        if !said && !self.terms.not_begun.contains(&instance) {
            return;
        }
        self.fail_those_that_drifted(self.waits_for(Phase::Effect, instance));
        let ready = self.waits_for(Phase::Effect, instance).is_empty();
        let is_new = |key: &(usize, Instance)| {
            let look = self.rediscovered.get(key);
            look.is_some_and(|look| !look.children.iter().all(|&child| self.is_known(key.0, look, child)))
        };
        let looked_at = looked_at(&self.world, &self.expected, instance);
        let moved = looked_at.iter().any(is_new);
        let since = self.last_change(instance);
        let is_answered =
            |key: &(usize, Instance)| self.rediscovered.get(key).is_some_and(|look| since <= Some(look.at));
        let is_complete = looked_at.iter().all(is_answered);
        let progress = self.progress.get_mut(&(Phase::Effect, instance)).unwrap();
        let open = !progress.busy && !progress.is_over();
        let has_left = looked_at.iter().any(|key| {
            let is_left =
                |child: &u32| self.left_by_effects.contains(&(self.world.edge(key.0).child, *child));
            self.rediscovered.get(key).is_some_and(|look| look.children.iter().any(is_left))
        });
        let is_strict = matches!(self.terms.drift, Drift::Refuse | Drift::Exact) || has_left;
        let refused = ready && moved && open && is_strict && is_complete;
        if !(said || refused) {
            return;
        }
        assert!(ready, "{instance:?} drifted before its turn");
        assert!(moved, "{instance:?} has no late dependent");
        assert!(open, "{instance:?} drifted after its step");
        assert!(is_strict, "{instance:?} failed, though it could extend the plan");
        progress.failed = true;
        // Not even a forced run continues with it.
        progress.methods.truncate(progress.ended);
        self.drifted.insert(instance);
        self.note_failure(Phase::Effect);
    }

    /// The instances that must end well before this one may start, and have not.
    fn waits_for(&self, phase: Phase, instance: Instance) -> Vec<(Phase, Instance)> {
        // Only cleanups follow what is done.
        let done = if phase == Phase::Cleanup { self.done() } else { BTreeSet::new() };
        let mut waits: Vec<(Phase, Instance)> = if phase == Phase::Effect {
            let first = &self.below[&self.next_part(instance)];
            first.iter().filter(|&&node| self.part_holds_back(node)).map(|node| (phase, node.0)).collect()
        } else {
            let first = if phase == Phase::Begin { &self.above } else { &self.plain_below };
            first[&instance]
                .iter()
                .map(|&other| (phase, other))
                .filter(|at| phase != Phase::Cleanup || done.contains(&at.1))
                .filter(|at| self.holds_back(*at))
                .collect()
        };
        match phase {
            // Every begin comes before any effect.
            Phase::Effect => {
                let first = self.next_waits_for(instance);
                let with_below = first.iter().chain([&instance]);
                // An ended instance stays ended, even if a late parent's begin then fails.
                let open = with_below.filter(|&&at| !self.has_ended(at));
                waits.extend(open.flat_map(|&at| self.not_marked(at)));
            }
            Phase::Cleanup if !done.contains(&instance) => waits.push((Phase::Effect, instance)),
            _ => {}
        }
        waits
    }

    /// Whether a part of an instance has not ended well.
    fn part_holds_back(&self, (instance, part): Node) -> bool {
        match part {
            Part::Rest => self.holds_back((Phase::Effect, instance)),
            Part::Early => {
                let progress = &self.progress[&(Phase::Effect, instance)];
                let early = self.expected.instances[&instance].early;
                progress.ended < early.min(progress.methods.len()) || self.early_failed(instance)
            }
        }
    }

    /// Whether an early effect failed, and the run does not go on as after a success.
    fn early_failed(&self, instance: Instance) -> bool {
        let progress = &self.progress[&(Phase::Effect, instance)];
        progress.failed && progress.ended < self.expected.instances[&instance].early && !self.forces()
    }

    fn holds_back(&self, at: (Phase, Instance)) -> bool {
        let progress = &self.progress[&at];
        !progress.is_over() || (progress.failed && !self.forces())
    }

    /// Whether its effects have all ended, successfully or in a forced run.
    fn has_ended(&self, instance: Instance) -> bool {
        let progress = &self.progress[&(Phase::Effect, instance)];
        !progress.methods.is_empty() && progress.is_over()
    }

    /// The failed begins that hold the instance back: its own and those of its ancestors.
    fn not_marked(&self, instance: Instance) -> Vec<(Phase, Instance)> {
        let marked_first = self.above[&instance].iter().copied().chain([instance]);
        marked_first.map(|at| (Phase::Begin, at)).filter(|&at| self.holds_back(at)).collect()
    }

    fn is_done(&self, instance: Instance) -> bool {
        self.done().contains(&instance)
    }

    /// The instances whose effects all succeeded, and `with_parent` instances with a parent that is done.
    fn done(&self) -> BTreeSet<Instance> {
        let ended = |instance: &Instance| {
            let progress = &self.progress[&(Phase::Effect, *instance)];
            let is_left = self.left_by_effects.contains(instance);
            !progress.methods.is_empty() && progress.is_over() && !progress.failed && !is_left
        };
        let mut done: BTreeSet<Instance> = self.instances().filter(ended).collect();
        let held_back = |at: Instance| !self.forces() && !self.causes(at).is_empty();
        let mut with_parent: BTreeSet<Instance> =
            self.instances().filter(|&at| self.is_only_with_parent(at)).collect();
        with_parent.retain(|&at| !held_back(at));
        loop {
            let before = done.len();
            for &instance in &with_parent {
                let sets = completing_parents(&self.world, &self.expected, instance);
                if sets.iter().any(|set| set.is_subset(&done)) {
                    done.insert(instance);
                }
            }
            if done.len() == before {
                return done;
            }
        }
    }

    fn is_only_with_parent(&self, instance: Instance) -> bool {
        self.expected.instances[&instance].effects.is_empty()
    }

    fn ended(&mut self, number: usize, answer: &Answer) {
        let Some(mut step) = self.steps.remove(&number) else {
            panic!("call {number} ended without a start")
        };
        let resource = self.world.extensions[step.method.0].resource;
        let retries = self.world.extensions[step.method.0].retries;
        step.running = false;
        for id in std::mem::take(&mut step.open) {
            let not_done = match answer {
                Answer::Well => None,
                Answer::Fail { terminal } => Some(NotDone::Failed { terminal: *terminal }),
                Answer::NotAll(not_done) => {
                    let of_instance = not_done.iter().filter(|it| it.0 == id);
                    of_instance.map(|it| it.1.in_phase(step.phase)).max()
                }
                Answer::Panic => Some(NotDone::Failed { terminal: true }),
                Answer::Hang => Some(NotDone::Failed { terminal: false }),
            };
            match not_done {
                None => self.end(step.phase, (resource, id), true),
                Some(NotDone::Left) => self.leave((resource, id)),
                Some(NotDone::Failed { terminal: false }) if step.attempt <= retries => {
                    step.open.insert(id);
                }
                Some(NotDone::Failed { .. }) => {
                    step.failed = true;
                    self.end(step.phase, (resource, id), false);
                }
            }
        }
        if step.open.is_empty() && step.failed {
            self.note_failure(step.phase);
        }
        self.steps.insert(number, step);
    }

    fn note_failure(&mut self, phase: Phase) {
        // Removed instances are gone: a failed cleanup does not stop the cleanup of others.
        if self.terms.policy == FailurePolicy::Stop && phase != Phase::Cleanup {
            self.stopped = true;
        }
    }

    fn end(&mut self, phase: Phase, instance: Instance, well: bool) {
        if phase == Phase::Effect {
            let part = self.next_part(instance);
            self.ended_at.insert(part, self.at);
        }
        let forces = self.forces();
        let progress = self.progress.get_mut(&(phase, instance)).unwrap();
        progress.busy = false;
        progress.failed |= !well;
        // A forced run continues with the instance as if the step had succeeded.
        if well || forces {
            progress.ended += 1;
        }
    }

    /// The effect left the instance: it gets no further effect, and what waits for it goes on.
    fn leave(&mut self, instance: Instance) {
        let part = self.next_part(instance);
        self.ended_at.insert(part, self.at);
        self.left_by_effects.insert(instance);
        let progress = self.progress.get_mut(&(Phase::Effect, instance)).unwrap();
        progress.busy = false;
        progress.ended = progress.methods.len();
    }

    /// No task can continue: every step that may start has started or found no free slot.
    fn quiet(&self) {
        let stopped = if self.phase == Phase::Cleanup { self.cancelled } else { self.stopped };
        // A step that waits for its next attempt may keep its slot.
        let under_way: Vec<&Step> = self.steps.values().filter(|step| step.is_under_way()).collect();
        let full = under_way.len() >= self.world.concurrency.unwrap_or(usize::MAX);
        if stopped || full || under_way.is_empty() {
            return;
        }
        let in_step = |instance: Instance| {
            under_way.iter().any(|step| {
                let resource = self.world.extensions[step.method.0].resource;
                resource == instance.0 && step.instances.contains(&instance.1)
            })
        };
        for instance in self.instances() {
            let progress = &self.progress[&(self.phase, instance)];
            let Some(&(extension, _)) = progress.methods.get(progress.ended) else { continue };
            let may_start = !in_step(instance)
                && (!progress.failed || self.forces())
                && self.waits_for(self.phase, instance).is_empty();
            let first = self.next_waits_for(instance);
            let held_by_step = first.iter().chain(&self.above[&instance]).any(|&at| in_step(at));
            let has_parents = self.holder_of_parents(extension, instance).is_none();
            if may_start && !held_by_step && has_parents {
                let busy = under_way.iter().filter(|step| step.method.0 == extension).count();
                let limit = self.world.extensions[extension].concurrency;
                assert!(busy >= limit, "{instance:?} could start, but did not");
            }
        }
    }

    /// The run is over: an instance that was not retried has failed.
    fn give_up(&mut self) {
        for step in self.steps.clone().into_values() {
            assert!(!step.running, "the run ended before {step:?}");
            assert!(step.open.is_empty() || self.cancelled, "{step:?} was not retried");
            let resource = self.world.extensions[step.method.0].resource;
            for id in step.open {
                self.end(step.phase, (resource, id), false);
                self.note_failure(step.phase);
            }
        }
        for instance in &self.terms.drifted.clone() | &self.terms.not_begun {
            self.fail_drifted(instance);
        }
    }

    fn failed_in(&self, phase: Phase, instance: Instance) -> bool {
        self.progress[&(phase, instance)].failed
    }

    fn fate(&self, instance: Instance) -> Fate {
        if PHASES.iter().any(|&phase| self.failed_in(phase, instance)) {
            return Fate::Failed;
        }
        if self.left_by_effects.contains(&instance) {
            return Fate::Left;
        }
        if self.is_done(instance) {
            return Fate::Done;
        }
        if !self.forces() && !self.causes(instance).is_empty() {
            return Fate::Blocked;
        }
        if !self.parent_causes(instance).is_empty() {
            return Fate::Blocked;
        }
        if self.left_with_parent().contains(&instance) {
            return Fate::Left;
        }
        assert!(self.stopped, "{instance:?} has no result");
        Fate::NotStarted
    }

    /// The `with_parent` instances that nothing keeps from completing but that all their parents are left; along a shared edge,
    /// one of them.
    fn left_with_parent(&self) -> BTreeSet<Instance> {
        // A forced run continues with an instance whose begin failed.
        let fails = |at: Instance| self.failed_in(Phase::Begin, at) && !self.forces();
        let is_blocked = |at: Instance| {
            !self.forces() && !self.causes(at).is_empty() || !self.parent_causes(at).is_empty()
        };
        let effect_failed = |at: &Instance| self.failed_in(Phase::Effect, *at);
        let left: BTreeSet<Instance> =
            self.left_by_effects.iter().filter(|at| !effect_failed(at)).copied().collect();
        if left.is_empty() {
            return left;
        }
        let candidates: BTreeSet<Instance> = self
            .instances()
            .filter(|&at| self.is_only_with_parent(at) && !self.is_done(at) && !fails(at) && !is_blocked(at))
            .collect();
        let mut may_complete = BTreeSet::new();
        loop {
            let is_open =
                |at: &Instance| !left.contains(at) && (!candidates.contains(at) || may_complete.contains(at));
            let has_open_set = |at: &&Instance| {
                let sets = completing_parents(&self.world, &self.expected, **at);
                sets.iter().any(|set| set.iter().all(is_open))
            };
            let found: BTreeSet<Instance> = candidates.iter().filter(has_open_set).copied().collect();
            if found == may_complete {
                return candidates.difference(&may_complete).copied().collect();
            }
            may_complete = found;
        }
    }

    /// The failures that keep a `with_parent` instance from completing.
    fn parent_causes(&self, instance: Instance) -> BTreeSet<Instance> {
        let mut causes = BTreeSet::new();
        let mut seen = BTreeSet::from([instance]);
        let mut open = vec![instance];
        let done = self.done();
        while let Some(at) = open.pop() {
            if !self.is_only_with_parent(at) {
                continue;
            }
            for completing in completing_parents(&self.world, &self.expected, at).into_iter().flatten() {
                if done.contains(&completing) {
                    continue;
                }
                let unmarked = self.failed_in(Phase::Begin, completing) && !self.forces();
                if unmarked || self.failed_in(Phase::Effect, completing) {
                    causes.insert(completing);
                } else if !self.forces() {
                    causes.extend(self.causes(completing));
                }
                if seen.insert(completing) {
                    open.push(completing);
                }
            }
        }
        causes
    }

    /// The failures that hold the instance back: below it, and, if a begin failed, also above. Only `Isolate`
    /// continues after that.
    fn causes(&self, instance: Instance) -> BTreeSet<Instance> {
        let mut causes = BTreeSet::new();
        let own = (instance, Part::Rest);
        for &(at, part) in self.below[&own].iter().chain([&own]) {
            let failed = match part {
                Part::Rest => self.failed_in(Phase::Effect, at),
                Part::Early => self.early_failed(at),
            };
            if self.failed_in(Phase::Begin, at) || failed {
                causes.insert(at);
            }
            if self.terms.policy == FailurePolicy::Isolate && !self.has_ended(at) {
                causes.extend(self.above[&at].iter().filter(|&&above| self.failed_in(Phase::Begin, above)));
            }
        }
        causes
    }

    /// The number of done instances that the roots do not reach any more.
    fn done_below_left(&self, fates: &BTreeMap<Instance, Fate>) -> usize {
        let instances = &self.expected.instances;
        let is_left = |at: &Instance| fates.get(at) == Some(&Fate::Left);
        let mut reached: BTreeSet<Instance> =
            self.world.root_instances().filter(|root| !is_left(root)).collect();
        loop {
            let affects = |arc: &reference::Arc| match reference::edge_rule(&self.world, arc.edge) {
                Some(DecisionSpec::Shared { .. }) => {
                    reference::loses_last_owner(&self.world, instances, arc.edge, arc.child)
                }
                rule => rule.is_some_and(DecisionSpec::affects),
            };
            let is_next = |arc: &&reference::Arc| {
                reached.contains(&arc.parent)
                    && !reached.contains(&arc.child)
                    && reference::is_expanded_along(&self.world, instances, arc.parent, arc.edge)
                    && affects(arc)
            };
            let found = self.expected.arcs.iter().filter(is_next).map(|arc| arc.child);
            let found: Vec<Instance> = found.filter(|child| !is_left(child)).collect();
            if found.is_empty() {
                break;
            }
            reached.extend(found);
        }
        let is_done =
            |(instance, fate): &(&Instance, &Fate)| **fate == Fate::Done && !reached.contains(*instance);
        fates.iter().filter(is_done).count()
    }

    fn verdicts(&self) -> Judged {
        let mut fates: BTreeMap<Instance, Fate> =
            self.instances().map(|instance| (instance, self.fate(instance))).collect();
        let not_cleaned_up = fates.iter().filter(|&(&instance, &fate)| {
            let cleanup = &self.progress[&(Phase::Cleanup, instance)];
            let left = fate == Fate::Done && !cleanup.is_over();
            let behind_failed =
                self.plain_below[&instance].iter().any(|&at| self.failed_in(Phase::Cleanup, at))
                    && !self.forces();
            assert!(!left || self.cancelled || behind_failed, "{instance:?} was not cleaned up");
            left
        });
        let not_cleaned_up = not_cleaned_up.count();
        // A begin method has run, and nothing is removed that could be cleaned up.
        let is_only_begun = |instance: &Instance| {
            let begin = &self.progress[&(Phase::Begin, *instance)];
            let is_left = fates.get(instance) == Some(&Fate::Left);
            let stays = is_left || self.expected.instances.get(instance).is_none_or(|fate| !fate.removed);
            begin.ended > 0 && stays && !self.failed_in(Phase::Begin, *instance)
        };
        let done = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Done | Fate::Left));
        let done = done.map(|(instance, _)| instance);
        let only_begun = done.chain(&self.left).filter(|instance| is_only_begun(instance)).count();
        let causes_of_none = self.left.iter().map(|&instance| (instance, BTreeSet::new()));
        let causes = |instance: Instance| &self.causes(instance) | &self.parent_causes(instance);
        let causes = self.instances().map(|instance| (instance, causes(instance)));
        let causes = causes.chain(causes_of_none).collect();
        let done_below_left = self.done_below_left(&fates);
        let roots: BTreeSet<Instance> = self.world.root_instances().collect();
        let roots_left = roots.iter().filter(|root| fates.get(root) == Some(&Fate::Left)).count();
        fates.extend(self.left.iter().map(|&instance| (instance, Fate::Left)));
        Judged { not_cleaned_up: not_cleaned_up + only_begun, done_below_left, roots_left, causes, fates }
    }
}

/// The methods that each instance runs in each phase.
fn planned(world: &World, expected: &Expected) -> BTreeMap<(Phase, Instance), Progress> {
    let mut progress = BTreeMap::new();
    for (&instance, fate) in &expected.instances {
        let around = |declares: fn(&World, usize) -> bool| {
            let extensions = world
                .extensions_of(instance.0)
                .filter(|&at| fate.removed && declares(world, at) && world.mentions(at, world.operation));
            extensions.map(|extension| (extension, 0)).collect()
        };
        let begin = around(|world, at| world.extensions[at].begin);
        let cleanup = around(|world, at| world.extensions[at].cleanup);
        for (phase, methods) in
            [(Phase::Begin, begin), (Phase::Effect, fate.effects.clone()), (Phase::Cleanup, cleanup)]
        {
            progress.insert((phase, instance), Progress { methods, ..Progress::default() });
        }
    }
    progress
}
