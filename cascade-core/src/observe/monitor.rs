//! Looking at a run while it is under way: how far it is, and what it waits for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::affected::{Affected, Order};
use crate::model::{Mutex, MutexGuard, Phase, Printed};

/// Ids that are named of a step, at most.
const SAMPLE: usize = 5;

/// A window into a run, from any task. Give it to [`Apply::monitored_by`](crate::Apply::monitored_by).
///
/// ```
/// use cascade_core::Monitor;
///
/// let monitor = Monitor::default();
/// assert!(monitor.stuck().is_empty()); // nothing runs yet
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
    pass: Option<(Phase, Arc<Affected>, Arc<Order>)>,
    running: BTreeMap<u64, Running>,
    next: u64,
    ended: usize,
}

#[derive(Clone)]
struct Running {
    resource: usize,
    effect: String,
    nodes: Vec<u32>,
    since: Instant,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The phase it is in; `None` before it starts and when it has ended.
    pub phase: Option<Phase>,
    /// Steps that are under way.
    pub running: usize,
    /// Steps that have ended in this phase.
    pub ended: usize,
    /// The affected instances.
    pub instances: usize,
}

/// A step that is under way, and what it holds up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StuckStep {
    /// The resource it acts on.
    pub resource: String,
    /// The method.
    pub effect: String,
    /// How many instances it acts on.
    pub instances: usize,
    /// Some of their ids, as they print.
    pub ids: Vec<String>,
    /// How long it has been under way.
    pub since: Duration,
    /// How many instances wait for it, directly or through others.
    pub held_up: usize,
    /// Some of those that wait for it directly, each as its resource and its id.
    pub waiting: Vec<(String, String)>,
}

impl fmt::Display for StuckStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.ids.iter().map(|id| Printed(id).to_string()).collect();
        let more = if self.instances > ids.len() { ", …" } else { "" };
        write!(f, "{} {} on {}{more} for {:.1?}", self.resource, self.effect, ids.join(", "), self.since)?;
        if self.held_up == 0 {
            return Ok(());
        }
        let waiting: Vec<String> =
            self.waiting.iter().map(|(resource, id)| format!("{resource} {}", Printed(id))).collect();
        write!(f, ": {} waiting, next {}", self.held_up, waiting.join(", "))
    }
}

impl Progress {
    /// For those who look at a run from elsewhere.
    pub fn new(phase: Option<Phase>, running: usize, ended: usize, instances: usize) -> Self {
        Self { phase, running, ended, instances }
    }
}

impl Monitor {
    /// How far the run is.
    pub fn progress(&self) -> Progress {
        let state = self.state();
        let pass = state.pass.as_ref();
        Progress {
            phase: pass.map(|(phase, ..)| *phase),
            running: state.running.len(),
            ended: state.ended,
            instances: pass.map_or(0, |(_, affected, _)| affected.count),
        }
    }

    /// The steps under way, the longest first: what waits for what, since when, and on whose step.
    pub fn stuck(&self) -> Vec<StuckStep> {
        // Looked at without the lock: it takes its time, and the run must not wait for who looks at it.
        let (pass, mut steps) = {
            let state = self.state();
            (state.pass.clone(), state.running.values().cloned().collect::<Vec<Running>>())
        };
        let Some((_, affected, order)) = pass else { return Vec::new() };
        steps.sort_by_key(|step| step.since);
        steps.into_iter().map(|step| step.describe(&affected, &order)).collect()
    }

    pub(crate) fn start_pass(&self, phase: Phase, affected: &Arc<Affected>, order: &Arc<Order>) {
        let mut state = self.state();
        state.pass = Some((phase, Arc::clone(affected), Arc::clone(order)));
        state.ended = 0;
        state.running.clear();
    }

    /// Answers a number to end the step by.
    pub(crate) fn start_step(&self, resource: usize, effect: &str, nodes: &[u32]) -> u64 {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        let running =
            Running { resource, effect: effect.to_owned(), nodes: nodes.to_vec(), since: Instant::now() };
        state.running.insert(number, running);
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

    /// Nothing is done under the lock that could leave the state half changed: a poisoned one is as good.
    fn state(&self) -> MutexGuard<'_, MonitorState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn describe(&self, affected: &Affected, order: &Order) -> StuckStep {
        StuckStep::describe((self.resource, &self.effect), &self.nodes, self.since.elapsed(), affected, order)
    }
}

impl StuckStep {
    pub(crate) fn describe(
        (resource, effect): (usize, &str),
        nodes: &[u32],
        since: Duration,
        affected: &Affected,
        order: &Order,
    ) -> Self {
        let instance = |node: u32| {
            let (resource, index) = affected.locate(node);
            (affected.resource_name(resource).to_owned(), affected.display(resource, index).to_string())
        };
        let held_up = order.all_followers(nodes, affected.nodes());
        Self {
            resource: affected.resource_name(resource).to_owned(),
            effect: effect.to_owned(),
            instances: nodes.len(),
            ids: nodes.iter().take(SAMPLE).map(|&node| instance(node).1).collect(),
            since,
            held_up: held_up.len(),
            waiting: held_up.into_iter().take(SAMPLE).map(instance).collect(),
        }
    }
}
