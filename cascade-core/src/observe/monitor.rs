//! Inspection of a run in progress: its progress, its running steps, and the instances that wait for these.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::{Serialize, Serializer};
use tokio::time::Instant;

use crate::affected::{Affected, Order};
use crate::ids::{NodeIx, ResourceIx};
use crate::model::{InstanceName, Mutex, MutexGuard, Phase, Printed};

/// The most ids of a step, and of its waiting instances, that are listed.
const MAX_LISTED: usize = 5;

/// A view of a run in progress, usable from any task. Pass it to [`Apply::monitored_by`](crate::Apply::monitored_by). Clones
/// view the same run.
///
/// ```
/// use cascade_core::Monitor;
///
/// let monitor = Monitor::default();
/// assert!(monitor.stuck().is_empty()); // no run has started
/// ```
#[derive(Clone, Default)]
pub struct Monitor {
    state: Arc<Mutex<MonitorState>>,
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Monitor({:?})", self.progress())
    }
}

#[derive(Default)]
struct MonitorState {
    /// `None` before the run starts and after it has ended.
    pass: Option<CurrentPass>,
    /// By the number that `start_step` returned.
    running: BTreeMap<u64, RunningStep>,
    next_number: u64,
    /// Steps that have ended in this phase.
    ended: usize,
}

/// The pass through the instances in the current phase.
#[derive(Clone)]
struct CurrentPass {
    phase: Phase,
    affected: Arc<Affected>,
    order: Arc<Order>,
}

#[derive(Clone)]
struct RunningStep {
    resource: ResourceIx,
    effect: String,
    nodes: Vec<NodeIx>,
    started: Instant,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The current phase; `None` before the run starts and after it has ended.
    pub phase: Option<Phase>,
    /// The number of steps in progress.
    pub running: usize,
    /// The number of steps that have ended in this phase.
    pub ended: usize,
    /// The number of affected instances.
    pub instances: usize,
}

/// A step in progress, and the instances that wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StuckStep {
    /// The resource that the step acts on.
    pub resource: String,
    /// The method.
    pub effect: String,
    /// The number of instances that the step acts on.
    pub instances: usize,
    /// At most 5 of them.
    pub named: Vec<InstanceName>,
    /// The time since the step started. In JSON, in seconds.
    #[serde(serialize_with = "seconds")]
    pub since: Duration,
    /// The number of instances that wait for the step, directly or through others.
    pub held_up: usize,
    /// At most 5 of the waiting instances, nearest first.
    pub waiting: Vec<InstanceName>,
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

impl fmt::Display for StuckStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.named.iter().map(|it| Printed(&it.text).to_string()).collect();
        let more = if self.instances > ids.len() { ", …" } else { "" };
        write!(f, "{} {} on {}{more} for {:.1?}", self.resource, self.effect, ids.join(", "), self.since)?;
        if self.held_up == 0 {
            return Ok(());
        }
        let waiting: Vec<String> = self.waiting.iter().map(ToString::to_string).collect();
        write!(f, ": {} waiting, next {}", self.held_up, waiting.join(", "))
    }
}

impl Progress {
    /// Creates a progress from numbers, for example those of a run on another process.
    pub fn new(phase: Option<Phase>, running: usize, ended: usize, instances: usize) -> Self {
        Self { phase, running, ended, instances }
    }
}

impl Monitor {
    /// The progress of the run.
    pub fn progress(&self) -> Progress {
        let state = self.state();
        let pass = state.pass.as_ref();
        Progress {
            phase: pass.map(|pass| pass.phase),
            running: state.running.len(),
            ended: state.ended,
            instances: pass.map_or(0, |pass| pass.affected.count),
        }
    }

    /// All steps in progress, the longest-running first, each with the instances that wait for it.
    pub fn stuck(&self) -> Vec<StuckStep> {
        // The lock is released first: the description of the steps is slow, and the run must not wait for it.
        let (pass, mut steps) = {
            let state = self.state();
            (state.pass.clone(), state.running.values().cloned().collect::<Vec<RunningStep>>())
        };
        let Some(CurrentPass { phase, affected, order }) = pass else { return Vec::new() };
        steps.sort_by_key(|step| step.started);
        steps.into_iter().map(|step| step.describe(phase, &affected, &order)).collect()
    }

    pub(crate) fn start_pass(&self, phase: Phase, affected: &Arc<Affected>, order: &Arc<Order>) {
        let mut state = self.state();
        let (affected, order) = (Arc::clone(affected), Arc::clone(order));
        state.pass = Some(CurrentPass { phase, affected, order });
        state.ended = 0;
        state.running.clear();
    }

    /// Returns the number to pass to [`end_step`](Self::end_step).
    pub(crate) fn start_step(&self, resource: ResourceIx, effect: &str, nodes: &[NodeIx]) -> u64 {
        let mut state = self.state();
        let number = state.next_number;
        state.next_number += 1;
        let (effect, nodes) = (effect.to_owned(), nodes.to_vec());
        state.running.insert(number, RunningStep { resource, effect, nodes, started: Instant::now() });
        number
    }

    pub(crate) fn end_step(&self, number: u64) {
        let mut state = self.state();
        state.running.remove(&number);
        state.ended += 1;
    }

    pub(crate) fn end_run(&self) {
        let mut state = self.state();
        state.pass = None;
        state.running.clear();
    }

    /// A poisoned lock is used as it is: no change under the lock can leave the state inconsistent.
    fn state(&self) -> MutexGuard<'_, MonitorState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunningStep {
    fn describe(&self, phase: Phase, affected: &Affected, order: &Order) -> StuckStep {
        let first = match phase {
            Phase::Effect => Order::nodes_of_step(affected, &self.effect, &self.nodes),
            _ => self.nodes.clone(),
        };
        let since = self.started.elapsed();
        StuckStep::new(self.resource, &self.effect, &self.nodes, since, affected, order.all_followers(&first))
    }
}

impl StuckStep {
    /// Describes a step on `nodes` that started `since` ago. `followers` are the nodes that wait for it, nearest first.
    pub(crate) fn new(
        resource: ResourceIx,
        effect: &str,
        nodes: &[NodeIx],
        since: Duration,
        affected: &Affected,
        followers: Vec<NodeIx>,
    ) -> Self {
        let instance = |node: NodeIx| {
            let (resource, index) = affected.locate(node);
            affected.name(resource, index)
        };
        let own: HashSet<NodeIx> = nodes.iter().copied().collect();
        let is_other = |node: &NodeIx| *node < affected.base.end() && !own.contains(node);
        let held_up: Vec<NodeIx> = followers.into_iter().filter(is_other).collect();
        Self {
            resource: affected.resource_name(resource).to_owned(),
            effect: effect.to_owned(),
            instances: nodes.len(),
            named: nodes.iter().take(MAX_LISTED).map(|&node| instance(node)).collect(),
            since,
            held_up: held_up.len(),
            waiting: held_up.into_iter().take(MAX_LISTED).map(instance).collect(),
        }
    }
}
