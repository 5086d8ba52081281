//! Pass 2: the phases of a run, one after the other.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tracing::Instrument;

use super::below_left::done_below_left;
use super::drift::Drift;
use super::failure_policy::FailurePolicy;
use super::growth::Growth;
use super::pass::Pass;
use super::recorder::Recorder;
use super::rediscovery::Rediscovery;
use super::scheduler::{InitialState, Scheduler};
use super::settings::RunSettings;
use super::step::Repeats;
use super::view::View;
use super::with_parent::{self, WithParentChildren};
use crate::affected::{Affected, Disposition, FailedEffects, Ran};
use crate::engine::Engine;
use crate::ids::{Index, Indexed, InstanceIx, NodeIx, ResourceIx};
use crate::journal::{History, JournalError};
use crate::model::{EffectSet, Phase};
use crate::observe::Event;
use crate::plan::{PlanDifference, PlanVeto};
use crate::report::{Failure, Report, State};

/// Runs all phases of a plan, less the steps in `history`. The error is that of the write that stopped the run.
///
/// Here and below, the large futures are boxed where they are made: nested runs are polled inside each other, and each
/// level would need a frame of their size on the stack.
pub(crate) fn run(
    engine: Arc<Engine>,
    affected: Arc<Affected>,
    settings: RunSettings,
    recorder: Recorder,
    mut history: History,
) -> BoxFuture<'static, (Report, Option<JournalError>)> {
    let operation = affected.operation.descriptor().code();
    let span = tracing::info_span!("cascade.run", operation, run = %settings.run, instances = affected.count);
    // A driver replays its run, and its clock is not that of this process.
    let refreshes = settings.drift != Drift::Ignore && engine.timer.is_none();
    let view = View::new(&affected, refreshes.then_some(settings.fresh_for), settings.discovered_at);
    let may_have_begun = std::mem::take(&mut history.may_have_begun);
    note_begun(&affected, &history, &may_have_begun, &view);
    let begun = history.ran_of(Phase::Begin).filter(|&(resource, index, _)| {
        !affected.is_going(resource, index) || history.left_by_effects.contains_key(&(resource, index))
    });
    let only_begun = begun.map(|(resource, index, _)| affected.node(resource, index)).collect();
    let view = Arc::new(view);
    let run = Run {
        view,
        has_changed: history.has_changed,
        left: std::mem::take(&mut history.left),
        left_by_effects: std::mem::take(&mut history.left_by_effects),
        only_begun,
        engine,
        affected,
        settings,
        recorder,
        failures: std::mem::take(&mut history.failures),
        failed_effects: std::mem::take(&mut history.failed_effects),
        drifted: std::mem::take(&mut history.drifted),
        begin_methods: history.take_ran(Phase::Begin),
        not_begun: HashSet::new(),
        cancelled: history.cancelled,
        overridden: std::mem::take(&mut history.overridden),
        difference: history.difference.take(),
        history,
        repeats: Arc::new(Repeats::default().with(Phase::Effect, may_have_begun)),
        unrecorded: Vec::new(),
    };
    Box::pin(run.all_phases().instrument(span))
}

/// Notes the instances on which an earlier process has begun to act.
fn note_begun(
    affected: &Affected,
    history: &History,
    may_have_begun: &[(ResourceIx, InstanceIx)],
    view: &View,
) {
    for &(resource, index) in may_have_begun {
        view.begun().note_removing(resource, index);
    }
    let (mut removing, mut early) = (Vec::new(), Vec::new());
    for (resource, index, effects) in history.ran_of(Phase::Effect) {
        let is_early = effects.without(affected.early_effects(resource, index)).is_empty();
        if is_early { &mut early } else { &mut removing }.push(affected.node(resource, index));
    }
    if !(removing.is_empty() && early.is_empty()) {
        let with_parent = WithParentChildren::of(affected);
        view.note_begun(affected, &with_parent, &removing, false);
        view.note_begun(affected, &with_parent, &early, true);
    }
    for &(resource, index) in history.left_by_effects.keys() {
        view.note_left(resource, index);
    }
    for &node in history.failures.keys() {
        let (resource, index) = affected.locate(node);
        view.begun().note_started(resource, index);
    }
}

pub(crate) struct Run {
    pub(crate) engine: Arc<Engine>,
    pub(crate) affected: Arc<Affected>,
    pub(crate) settings: RunSettings,
    /// By node, the first failure of each.
    pub(crate) failures: HashMap<NodeIx, Failure>,
    /// The effects that failed. In a forced run, `failures` may have an earlier
    /// phase for them.
    pub(super) failed_effects: FailedEffects,
    /// Those of them that drifted. They get no further step, not even in a forced run.
    pub(crate) drifted: HashSet<(ResourceIx, InstanceIx)>,
    /// The begin methods that have run.
    begin_methods: Ran,
    /// The instances of which a begin method failed.
    pub(super) not_begun: HashSet<(ResourceIx, InstanceIx)>,
    pub(crate) cancelled: bool,
    /// The vetoes that the run overrides.
    pub(crate) overridden: Vec<PlanVeto>,
    /// The accepted difference from the approved plan.
    pub(crate) difference: Option<Box<PlanDifference>>,
    /// Whether instances may have lost something of what the plan gave them.
    pub(super) has_changed: bool,
    /// The instances that departed, by node, each with the reason.
    pub(super) left: HashMap<NodeIx, String>,
    /// The instances that an effect left as they are, each with the reason.
    pub(super) left_by_effects: HashMap<(ResourceIx, InstanceIx), String>,
    /// Instances on which begin methods have run, and that were not removed any more at some later time.
    pub(super) only_begun: HashSet<NodeIx>,
    pub(super) view: Arc<View>,
    pub(crate) recorder: Recorder,
    pub(super) history: History,
    pub(super) repeats: Arc<Repeats>,
    /// The instances with a step whose record could not be written, by resource and index.
    pub(super) unrecorded: Vec<(ResourceIx, InstanceIx)>,
}

impl Run {
    async fn all_phases(mut self) -> (Report, Option<JournalError>) {
        let (operation, instances) = (self.affected.operation.descriptor().code(), self.affected.count);
        self.settings.observers.notify(|| Event::RunStarted { operation, instances });
        let before = self.begin().await;
        let (mut states, mut blocked_by) = Box::pin(self.effects(before)).await;
        let left_with_parent = with_parent::resolve(&self.affected, &mut states, &mut blocked_by);

        let ran = self.history.take_ran(Phase::Cleanup);
        let not_cleaned_up = match Pass::cleanup(&self.affected, &ran, &states) {
            Some(cleanup) => self.clean_up(cleanup).await,
            None => 0,
        };
        for (resource, column) in self.affected.columns.enumerate() {
            for index in column.dispositions.indices(Disposition::is_left) {
                states[self.affected.node(resource, index)] = State::Left;
            }
        }
        self.collect_left(left_with_parent);
        let not_cleaned_up = not_cleaned_up + self.only_begun(&states);
        // An instance that failed in any phase is not done, whatever another phase made of it.
        for &node in self.failures.keys() {
            states[node] = State::Failed;
        }
        for &(resource, index) in &self.unrecorded {
            states[self.affected.node(resource, index)] = State::Running;
        }
        self.left.retain(|&node, _| states[node] == State::Left);
        let may_be_below = self.has_changed || !self.left.is_empty();
        let done_below_left =
            if may_be_below { done_below_left(&self.affected, &states) } else { Vec::new() };
        if let Some(monitor) = &self.settings.monitor {
            monitor.end_run();
        }
        let report = Report {
            run: self.settings.run,
            affected: self.affected,
            states,
            failures: self.failures,
            blocked_by,
            left: self.left,
            done_below_left,
            overridden: self.overridden,
            difference: self.difference,
            not_cleaned_up,
            cancelled: self.cancelled,
            nested: self.settings.nesting.take_reports(),
        };
        self.recorder.end(&report).await;
        self.settings.observers.notify(|| Event::run_ended(&report));
        (report, self.recorder.take_error())
    }

    /// Runs the begin methods that have not run yet. Returns the instances that get no effect: their begin failed or did not
    /// run.
    pub(crate) async fn begin(&mut self) -> Vec<InitialState> {
        let Some(pass) = Pass::begin(&self.affected, &self.begin_methods, &self.without_begin()) else {
            return Vec::new();
        };
        let policy = self.settings.policy;
        let failed = self.failed_before(Phase::Begin);
        let to_run: Vec<EffectSet> = pass.work.pending.iter().collect();
        let (scheduler, _) = self.drive(pass, policy, &failed, &Rediscovery::none()).await;
        self.note_begin_methods(&to_run, &scheduler);
        let states = scheduler.states().enumerate();
        match policy {
            FailurePolicy::Force => Vec::new(),
            // The run ends here, so only the failures matter.
            FailurePolicy::Stop => states
                .filter(|(_, state)| **state == State::Failed)
                .map(|(node, &state)| InitialState { node, state, cause: node })
                .collect(),
            FailurePolicy::Isolate => states
                // An instance that only restricts is in the order, but it is not affected and blocks nothing.
                .filter(|(node, state)| {
                    matches!(state, State::Failed | State::Blocked) && self.affected.is_affected(*node)
                })
                .map(|(node, &state)| InitialState {
                    node,
                    state,
                    cause: scheduler.blocked_by(node).unwrap_or(node),
                })
                .collect(),
        }
    }

    /// Notes the begin methods that have run, so that a later begin pass of this run omits them.
    fn note_begin_methods(&mut self, to_run: &[EffectSet], scheduler: &Scheduler) {
        for (position, methods) in to_run.iter().enumerate().filter(|(_, methods)| !methods.is_empty()) {
            let node = NodeIx::at(position);
            let (resource, index) = self.affected.locate(node);
            let have_run = methods.without(scheduler.pending_methods(node));
            if !have_run.is_empty() {
                self.begin_methods.note_one(resource, index, have_run);
            }
            if scheduler.states()[node] == State::Failed {
                self.not_begun.insert((resource, index));
            }
        }
    }

    /// Runs the effects. Runs what is left again each time the plan changes: when something departs, and, under
    /// `Drift::Follow`, when late dependents are found.
    async fn effects(
        &mut self,
        mut before: Vec<InitialState>,
    ) -> (Indexed<NodeIx, State>, HashMap<NodeIx, NodeIx>) {
        let mut ran = self.history.take_ran(Phase::Effect);
        let mut growth = Growth::default();
        let mut ended = self.failed_before(Phase::Effect);
        ended.extend(self.done_before(&ran));
        ended.extend(self.left_before());
        before = with_ended(ended, before);
        loop {
            let policy = self.settings.policy;
            let view = Arc::clone(&self.view);
            let rediscovery = Rediscovery::new(self.settings.drift, &self.affected, &growth.refused, &view);
            let pass = Pass::effects(&self.affected, &ran, &self.failed_effects);
            let (scheduler, pause) = self.drive(pass, policy, &before, &rediscovery).await;
            if pause.is_none() {
                let blocked_by = scheduler.blocked().collect();
                let mut states = scheduler.into_states();
                // A forced run continues after a failure, and the scheduler of a later pass does not know it.
                for &(resource, index) in self.failed_effects.keys() {
                    states[self.affected.node(resource, index)] = State::Failed;
                }
                return (states, blocked_by);
            }
            ran.note(&self.affected, |node| scheduler.pending_methods(node));
            // After a departure, the next pass finds late dependents again.
            before = match view.take_departed().await {
                Some(now) => self.depart(&mut growth, &now, &scheduler, before).await,
                None => self.extend_plan(&mut growth, pause.late, &scheduler, before, &ran).await,
            };
        }
    }

    /// Returns the number of removed instances whose cleanup did not run.
    async fn clean_up(&mut self, pass: Pass) -> usize {
        let policy = match self.settings.policy {
            // The instances are removed: a failure of one cleanup is no reason to skip the others.
            FailurePolicy::Stop | FailurePolicy::Isolate => FailurePolicy::Isolate,
            FailurePolicy::Force => FailurePolicy::Force,
        };
        let nodes = NodeIx::all(pass.work.pending.len());
        let to_clean: Vec<NodeIx> = nodes.filter(|&node| !pass.work.pending.get(node).is_empty()).collect();
        let failed = self.failed_before(Phase::Cleanup);
        let (scheduler, _) = self.drive(pass, policy, &failed, &Rediscovery::none()).await;
        // Failed instances are counted as failed.
        let uncleaned = |state: State| matches!(state, State::Waiting | State::Running | State::Blocked);
        let states = scheduler.states();
        let is_left = |node: &&NodeIx| uncleaned(states[**node]) && !self.failures.contains_key(node);
        to_clean.iter().filter(is_left).count()
    }

    /// The instances that failed in a phase before the run was resumed. A forced run continues with them, unless they
    /// drifted.
    fn failed_before(&self, phase: Phase) -> Vec<InitialState> {
        let failed = self.failures.iter().filter(|(_, failure)| failure.phase == phase);
        let failed = failed.map(|(&node, _)| node).filter(|&node| !self.continues_with(node));
        // The first failure of an instance may be of an earlier phase.
        let others = match phase {
            Phase::Begin => Some(&self.not_begun),
            Phase::Effect => Some(&self.drifted),
            _ => None,
        };
        let others =
            others.into_iter().flatten().map(|&(resource, index)| self.affected.node(resource, index));
        let others = others.filter(|&node| !self.continues_with(node));
        let nodes: BTreeSet<NodeIx> = failed.chain(others).collect();
        nodes.into_iter().map(|node| InitialState { node, state: State::Failed, cause: node }).collect()
    }

    /// The instances whose effects had all ended before the run was resumed. They stay done, also if late dependents are
    /// found.
    fn done_before(&self, ran: &Ran) -> Vec<InitialState> {
        let mut done = Vec::new();
        if ran.is_empty() {
            return done;
        }
        for resource in self.affected.columns.indices() {
            for index in self.affected.instances(resource) {
                let (effects, node) =
                    (self.affected.effects(resource, index), self.affected.node(resource, index));
                // An instance that has only early effects may end after them: the pass finds out when.
                let is_alone = effects == self.affected.early_effects(resource, index);
                if !is_alone
                    && self.affected.effects_left(resource, index, ran.of(resource, index)).is_empty()
                    && !self.failures.contains_key(&node)
                    && !self.left_by_effects.contains_key(&(resource, index))
                {
                    done.push(InitialState { node, state: State::Done, cause: node });
                }
            }
        }
        done
    }
}

/// Joins the ended instances with those that were not begun. An ended instance stays ended if a begin above it failed. If
/// its own begin failed, after the plan grew above it, it has failed.
pub(crate) fn with_ended(mut ended: Vec<InitialState>, not_begun: Vec<InitialState>) -> Vec<InitialState> {
    if not_begun.is_empty() {
        return ended;
    }
    let failed: HashSet<NodeIx> =
        not_begun.iter().filter(|before| before.state == State::Failed).map(|before| before.node).collect();
    ended.retain(|before| before.state != State::Done || !failed.contains(&before.node));
    let known: HashSet<NodeIx> = ended.iter().map(|before| before.node).collect();
    ended.extend(not_begun.into_iter().filter(|before| !known.contains(&before.node)));
    ended
}
