//! What a run may do, and what it must report: judged from the trace of its calls.

use std::collections::{BTreeMap, BTreeSet};

use cascade_core::{Drift, FailurePolicy, Phase};

use super::reference::{self, Effect, Expected, FinderCall, Order, below, looked_at, takers};
use super::script::{Answer, Call, Entry};
use super::world::{Instance, World};

const PHASES: [Phase; 3] = [Phase::Begin, Phase::Effect, Phase::Cleanup];

/// What became of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    Done,
    Failed,
    Blocked,
    NotStarted,
}

/// What the report must say.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) fates: BTreeMap<Instance, Fate>,
    pub(crate) not_cleaned_up: usize,
    /// For each blocked instance, the failed ones that may be named as the cause.
    pub(crate) causes: BTreeMap<Instance, BTreeSet<Instance>>,
}

/// How far one instance is in one phase.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// The methods it goes through, in their order.
    methods: Vec<Effect>,
    /// How many of them have ended.
    ended: usize,
    /// In a step that has not ended.
    busy: bool,
    failed: bool,
}

impl Progress {
    /// Whether all has been tried that will be tried.
    fn is_over(&self) -> bool {
        self.ended == self.methods.len()
    }
}

/// A step: its tries are calls.
#[derive(Clone, Debug)]
struct Step {
    phase: Phase,
    method: Effect,
    /// What is still to be tried again.
    open: BTreeSet<u32>,
    instances: Vec<u32>,
    attempt: u32,
    running: bool,
    failed: bool,
}

impl Step {
    /// Whether a try runs, or is still to come.
    fn is_under_way(&self) -> bool {
        self.running || !self.open.is_empty()
    }
}

/// How a run was set, as far as a judge asks.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) policy: FailurePolicy,
    pub(crate) drift: Drift,
    /// The instances that the report calls failed because the world moved under them.
    pub(crate) drifted: BTreeSet<Instance>,
    /// Those that it calls failed because their begin did, and that a forced run went on with: the world may have moved
    /// under them too.
    pub(crate) not_begun: BTreeSet<Instance>,
}

/// Reads the trace of a run, asserts that nothing in it was too early, twice, or too much at once, and says what
/// the report must be.
pub(crate) struct Judge {
    /// As far as the run has been told of it.
    world: World,
    expected: Expected,
    terms: Terms,
    /// For each instance, all that its effects wait for.
    below: BTreeMap<Instance, BTreeSet<Instance>>,
    /// For each instance, all that hangs below it; and the other way about.
    plain_below: BTreeMap<Instance, BTreeSet<Instance>>,
    above: BTreeMap<Instance, BTreeSet<Instance>>,
    progress: BTreeMap<(Phase, Instance), Progress>,
    /// By number of the step's latest call.
    steps: BTreeMap<usize, Step>,
    /// The phase of the latest call.
    phase: Phase,
    /// Nothing new may start, but for cleaning up.
    stopped: bool,
    cancelled: bool,
    /// The number of the entry that is read.
    at: usize,
    /// When the last effect of an instance ended.
    ended_at: BTreeMap<Instance, usize>,
    /// For each edge and parent, when the finder last answered, and the children.
    looks: BTreeMap<(usize, Instance), (usize, BTreeSet<u32>)>,
    /// What finders have told since the plan was made, or last grew, or the process died.
    told: BTreeSet<(usize, (u32, u32))>,
    /// When the process last died: whoever goes on looks for itself.
    died_at: usize,
}

impl Judge {
    pub(crate) fn new(world: &World, expected: &Expected, order: &Order, terms: Terms) -> Self {
        let mut judge = Self {
            world: world.clone(),
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
            looks: BTreeMap::new(),
            told: BTreeSet::new(),
            died_at: 0,
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
        self.above = instances().map(|instance| (instance, above(instance))).collect();
        self.below = all_below(&order.effects);
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
                Entry::Found(call, rows) => self.found(call, rows),
                Entry::Grown => self.grow(),
                Entry::Died => {
                    self.told.clear();
                    self.died_at = at;
                }
            }
        }
        self.give_up();
        self.verdicts()
    }

    fn instances(&self) -> impl Iterator<Item = Instance> {
        self.below.keys().copied()
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
        let step = if call.attempt == 1 {
            let stopped = if call.phase == Phase::Cleanup { self.cancelled } else { self.stopped };
            assert!(!stopped, "{call:?} started after the run was told to start nothing new");
            for &id in &call.instances {
                self.start(call, (extension.resource, id));
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
            let Some((&earlier, _)) = earlier else { panic!("{call:?} tries again what did not fail so") };
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
        }
        self.progress.get_mut(&(call.phase, instance)).unwrap().busy = true;
    }

    /// Before a step, what hangs off its instances was looked at again, after all that it waited for had ended, and
    /// nothing was new.
    fn assert_looked(&self, call: &Call, instance: Instance) {
        let ended =
            self.below[&instance].iter().chain([&instance]).filter_map(|at| self.ended_at.get(at)).max();
        for (edge, parent) in looked_at(&self.world, &self.expected, instance) {
            let Some((at, children)) = self.looks.get(&(edge, parent)) else {
                panic!("{call:?}: nobody looked again below {parent:?} along {edge}")
            };
            let since = ended.max(Some(&self.died_at));
            assert!(since <= Some(at), "{call:?}: the look below {parent:?} along {edge} was too early");
            let known = |child: &&u32| self.world.links(edge).contains(&(parent.1, **child));
            let new: Vec<&u32> = children.iter().filter(|child| !known(child)).collect();
            assert!(new.is_empty(), "{call:?}: {new:?} had come below {parent:?} along {edge}");
        }
    }

    fn found(&mut self, call: &FinderCall, rows: &[(u32, u32)]) {
        assert!(self.terms.drift != Drift::Ignore, "nothing is looked for again: {call:?}");
        let resource = self.world.edges[call.edge].parent;
        for &parent in &call.parents {
            let children = rows.iter().filter(|row| row.0 == parent).map(|row| row.1).collect();
            self.looks.insert((call.edge, (resource, parent)), (self.at, children));
        }
        self.told.extend(rows.iter().map(|&row| (call.edge, row)));
    }

    /// The plan has grown by what finders have told.
    fn grow(&mut self) {
        assert!(self.terms.drift == Drift::Chase, "only a chase lets newcomers join");
        let under_way = self.steps.values().find(|step| step.is_under_way());
        assert!(under_way.is_none(), "the plan grew during {under_way:?}");
        self.world = self.world.with_links(std::mem::take(&mut self.told));
        self.expected = reference::plan(&self.world).unwrap();
        self.expected.arcs = reference::all_arcs(&self.world, &self.expected);
        let (mut order, _) = reference::order(&self.world, &self.expected, &BTreeSet::new());
        for (at, planned) in planned(&self.world, &self.expected) {
            let progress = self.progress.entry(at).or_default();
            // What has run has run; what a newcomer's rule superseded does not run any more.
            progress.methods.truncate(progress.ended);
            let open = planned.methods.into_iter().filter(|method| !progress.methods.contains(method));
            let open: Vec<Effect> = open.collect();
            progress.methods.extend(open);
        }
        // What has ended waits for nobody any more.
        order.effects.retain(|arc| !self.has_ended(arc.parent));
        self.follow(&order);
        self.phase = Phase::Begin;
    }

    fn fail_those_that_drifted(&mut self, waits: Vec<(Phase, Instance)>) {
        for (_, instance) in waits.into_iter().filter(|(phase, _)| *phase == Phase::Effect) {
            self.fail_drifted(instance);
        }
    }

    /// The instance failed before its next step, if the report says so: something new had been found to hang off it.
    fn fail_drifted(&mut self, instance: Instance) {
        let said = self.terms.drifted.remove(&instance);
        if !said && !self.terms.not_begun.contains(&instance) {
            return;
        }
        self.fail_those_that_drifted(self.waits_for(Phase::Effect, instance));
        let ready = self.waits_for(Phase::Effect, instance).is_empty();
        let is_new = |&(edge, parent): &(usize, Instance)| {
            let children = self.looks.get(&(edge, parent)).map(|look| &look.1);
            let known = |child: &u32| self.world.links(edge).contains(&(parent.1, *child));
            children.is_some_and(|children| !children.iter().all(known))
        };
        let looked_at = looked_at(&self.world, &self.expected, instance);
        let moved = looked_at.iter().any(is_new);
        let progress = self.progress.get_mut(&(Phase::Effect, instance)).unwrap();
        let open = !progress.busy && !progress.is_over();
        let refused = ready && moved && open && self.terms.drift == Drift::Refuse;
        if !(said || refused) {
            return;
        }
        assert!(ready, "{instance:?} drifted before its turn");
        assert!(moved, "nothing had come below {instance:?}");
        assert!(open, "{instance:?} drifted after its step");
        assert!(
            self.terms.drift == Drift::Refuse,
            "{instance:?} failed in a chase that nothing stands against"
        );
        progress.failed = true;
        // Not even a forced run goes on with it.
        progress.methods.truncate(progress.ended);
        self.note_failure(Phase::Effect);
    }

    /// What has not ended, or not well, that must before the instance may start.
    fn waits_for(&self, phase: Phase, instance: Instance) -> Vec<(Phase, Instance)> {
        let first = match phase {
            Phase::Begin => &self.above[&instance],
            Phase::Effect => &self.below[&instance],
            _ => &self.plain_below[&instance],
        };
        let mut waits: Vec<(Phase, Instance)> = first
            .iter()
            .map(|&other| (phase, other))
            .filter(|&at| phase != Phase::Cleanup || self.is_done(at.1))
            .filter(|at| self.holds_back(*at))
            .collect();
        match phase {
            // Every begin comes before any effect.
            Phase::Effect => {
                let with_below = self.below[&instance].iter().chain([&instance]);
                // What has ended has ended, whatever a newcomer's begin above it made of that.
                let open = with_below.filter(|&&at| !self.has_ended(at));
                waits.extend(open.flat_map(|&at| self.not_marked(at)));
            }
            Phase::Cleanup if !self.is_done(instance) => waits.push((Phase::Effect, instance)),
            _ => {}
        }
        waits
    }

    fn holds_back(&self, at: (Phase, Instance)) -> bool {
        let progress = &self.progress[&at];
        !progress.is_over() || (progress.failed && !self.forces())
    }

    /// Whether its effects have all ended, well or for a forced run.
    fn has_ended(&self, instance: Instance) -> bool {
        let progress = &self.progress[&(Phase::Effect, instance)];
        !progress.methods.is_empty() && progress.is_over()
    }

    /// The begins that hold the instance back: its own and those above it.
    fn not_marked(&self, instance: Instance) -> Vec<(Phase, Instance)> {
        let marked_first = self.above[&instance].iter().copied().chain([instance]);
        marked_first.map(|at| (Phase::Begin, at)).filter(|&at| self.holds_back(at)).collect()
    }

    fn is_done(&self, instance: Instance) -> bool {
        self.done().contains(&instance)
    }

    /// The instances whose effects all ended well; and those without any, of which a parent that takes them is done.
    fn done(&self) -> BTreeSet<Instance> {
        let ended = |instance: &Instance| {
            let progress = &self.progress[&(Phase::Effect, *instance)];
            !progress.methods.is_empty() && progress.is_over() && !progress.failed
        };
        let mut done: BTreeSet<Instance> = self.instances().filter(ended).collect();
        let held_back = |at: Instance| !self.forces() && !self.causes(at).is_empty();
        let mut taken: BTreeSet<Instance> = self.instances().filter(|&at| self.is_only_taken(at)).collect();
        taken.retain(|&at| !held_back(at));
        loop {
            let before = done.len();
            for &instance in &taken {
                let takers = takers(&self.world, &self.expected, instance);
                if takers.iter().any(|takers| takers.is_subset(&done)) {
                    done.insert(instance);
                }
            }
            if done.len() == before {
                return done;
            }
        }
    }

    fn is_only_taken(&self, instance: Instance) -> bool {
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
            let terminal = match answer {
                Answer::Well => None,
                Answer::Fail { terminal } => Some(*terminal),
                Answer::FailSome(failed) => {
                    // Named twice: the worse counts.
                    failed.iter().filter(|it| it.0 == id).map(|it| it.1).max()
                }
                Answer::Panic => Some(true),
                Answer::Hang => Some(false),
            };
            match terminal {
                None => self.end(step.phase, (resource, id), true),
                Some(false) if step.attempt <= retries => {
                    step.open.insert(id);
                }
                Some(_) => {
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
        // What went is gone: a cleanup that fails is no reason to leave the others uncleaned.
        if self.terms.policy == FailurePolicy::Stop && phase != Phase::Cleanup {
            self.stopped = true;
        }
    }

    fn end(&mut self, phase: Phase, instance: Instance, well: bool) {
        if phase == Phase::Effect {
            self.ended_at.insert(instance, self.at);
        }
        let forces = self.forces();
        let progress = self.progress.get_mut(&(phase, instance)).unwrap();
        progress.busy = false;
        progress.failed |= !well;
        // A forced run goes on with the instance as if the step had ended well.
        if well || forces {
            progress.ended += 1;
        }
    }

    /// Nothing goes on by itself: so whatever may start has started, or finds no free place.
    fn quiet(&self) {
        let stopped = if self.phase == Phase::Cleanup { self.cancelled } else { self.stopped };
        // A step that waits for its next try may keep its place.
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
            let held_by_step =
                self.below[&instance].iter().chain(&self.above[&instance]).any(|&at| in_step(at));
            if may_start && !held_by_step {
                let taken = under_way.iter().filter(|step| step.method.0 == extension).count();
                let limit = self.world.extensions[extension].concurrency;
                assert!(taken >= limit, "{instance:?} could start, and does not");
            }
        }
    }

    /// The run is over: what was not tried again has failed for good.
    fn give_up(&mut self) {
        for step in self.steps.clone().into_values() {
            assert!(!step.running, "the run ended before {step:?}");
            assert!(step.open.is_empty() || self.cancelled, "nobody tried {step:?} again");
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
        if self.is_done(instance) {
            return Fate::Done;
        }
        if !self.forces() && !self.causes(instance).is_empty() {
            return Fate::Blocked;
        }
        if !self.taker_causes(instance).is_empty() {
            return Fate::Blocked;
        }
        assert!(self.stopped, "{instance:?} was forgotten");
        Fate::NotStarted
    }

    /// The failures that keep those from being done that would take the instance with them.
    fn taker_causes(&self, instance: Instance) -> BTreeSet<Instance> {
        let mut causes = BTreeSet::new();
        let mut seen = BTreeSet::from([instance]);
        let mut open = vec![instance];
        let done = self.done();
        while let Some(at) = open.pop() {
            if !self.is_only_taken(at) {
                continue;
            }
            for taker in takers(&self.world, &self.expected, at).into_iter().flatten() {
                if done.contains(&taker) {
                    continue;
                }
                let unmarked = self.failed_in(Phase::Begin, taker) && !self.forces();
                if unmarked || self.failed_in(Phase::Effect, taker) {
                    causes.insert(taker);
                } else if !self.forces() {
                    causes.extend(self.causes(taker));
                }
                if seen.insert(taker) {
                    open.push(taker);
                }
            }
        }
        causes
    }

    /// The failures that hold the instance back: below it, and, where a begin failed, also above what waits for it.
    /// Only `Isolate` goes on after that.
    fn causes(&self, instance: Instance) -> BTreeSet<Instance> {
        let mut causes = BTreeSet::new();
        for &at in self.below[&instance].iter().chain([&instance]) {
            if self.failed_in(Phase::Begin, at) || self.failed_in(Phase::Effect, at) {
                causes.insert(at);
            }
            if self.terms.policy == FailurePolicy::Isolate && !self.has_ended(at) {
                causes.extend(self.above[&at].iter().filter(|&&above| self.failed_in(Phase::Begin, above)));
            }
        }
        causes
    }

    fn verdicts(&self) -> Judged {
        let fates: BTreeMap<Instance, Fate> =
            self.instances().map(|instance| (instance, self.fate(instance))).collect();
        let not_cleaned_up = fates.iter().filter(|&(&instance, &fate)| {
            let cleanup = &self.progress[&(Phase::Cleanup, instance)];
            let left = fate == Fate::Done && !cleanup.is_over();
            let behind_failed =
                self.plain_below[&instance].iter().any(|&at| self.failed_in(Phase::Cleanup, at))
                    && !self.forces();
            assert!(!left || self.cancelled || behind_failed, "nobody cleaned up after {instance:?}");
            left
        });
        let causes = |instance: Instance| &self.causes(instance) | &self.taker_causes(instance);
        let causes = self.instances().map(|instance| (instance, causes(instance))).collect();
        Judged { not_cleaned_up: not_cleaned_up.count(), causes, fates }
    }
}

/// The methods that each instance is to go through in each phase.
fn planned(world: &World, expected: &Expected) -> BTreeMap<(Phase, Instance), Progress> {
    let mut progress = BTreeMap::new();
    for (&instance, fate) in &expected.instances {
        let around = |declares: fn(&World, usize) -> bool| {
            let extensions = world
                .extensions_of(instance.0)
                .filter(|&at| fate.going && declares(world, at) && world.mentions(at, world.operation));
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
