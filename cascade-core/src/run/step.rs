//! One step of a run: rediscovery, the attempts of its method through the layers, and retries.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tracing::Instrument;

use super::rediscovery::{Failed, NotRun, Rediscovery};
use super::scheduler::Step;
use super::settings::RunSettings;
use super::step_method::StepMethod;
use crate::affected::{Affected, Instances, Members};
use crate::engine::{Engine, Next, StepCall};
use crate::handler::{Answers, FirstAttempt, NotDone, call_once};
use crate::ids::{Index, Indexed, InstanceIx, NodeIx, ResourceIx, StepKindIx};
use crate::model::{CallError, Phase, StepError, unwrapped};
use crate::observe::Event;

/// A step that has ended.
pub(crate) struct EndedStep {
    pub(crate) step: Step,
    /// The instances that failed, by their position in the step.
    pub(crate) failed: Failed,
    /// The instances that the method leaves as they are, by their position in the step.
    pub(crate) left: Left,
    /// Why the step has not run; `None` if it has.
    pub(crate) not_run: Option<NotRun>,
    /// The monitor's number of the step, if there is a monitor.
    pub(crate) number: Option<u64>,
    /// The start of the step, if there are observers.
    pub(crate) since: Option<Instant>,
}

/// The first attempt of a step, polled once.
pub(crate) type StepAttempt<'a> = FirstAttempt<'a, Answers>;

/// Positions that an effect leaves as they are, each with the reason.
pub(crate) type Left = Vec<(usize, String)>;

/// The instances of an attempt that are not done.
#[derive(Default)]
struct Attempted {
    terminal: Failed,
    /// The failures after which another attempt may help.
    retryable: Failed,
    left: Left,
}

/// Runs the steps of one pass.
pub(crate) struct StepRunner<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) affected: &'a Arc<Affected>,
    pub(crate) phase: Phase,
    pub(crate) settings: &'a RunSettings,
    /// The methods of the pass, by step kind.
    pub(crate) methods: &'a Indexed<StepKindIx, StepMethod<'a>>,
    pub(crate) rediscovery: &'a Rediscovery<'a>,
    pub(crate) repeats: &'a Repeats,
    /// No further step may start.
    pub(crate) stopped: &'a AtomicBool,
    /// Nothing observes the steps of the pass, as of its start: see [`is_unobserved`](super::fast_path::is_unobserved).
    pub(crate) unobserved: bool,
}

/// The instances for which an earlier process may have called a method, by resource and index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repeats(HashMap<Phase, HashSet<(ResourceIx, InstanceIx)>>);

impl Repeats {
    /// Adds instances for which a method of that phase may have been called.
    pub(crate) fn with(
        &self,
        phase: Phase,
        instances: impl IntoIterator<Item = (ResourceIx, InstanceIx)>,
    ) -> Self {
        let mut all = self.clone();
        all.0.entry(phase).or_default().extend(instances);
        all
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.values().all(HashSet::is_empty)
    }

    /// The instances of a phase.
    pub(crate) fn of(&self, phase: Phase) -> impl Iterator<Item = (ResourceIx, InstanceIx)> {
        self.0.get(&phase).into_iter().flatten().copied()
    }

    fn has_any(
        &self,
        phase: Phase,
        resource: ResourceIx,
        mut indices: impl Iterator<Item = InstanceIx>,
    ) -> bool {
        self.0.get(&phase).is_some_and(|known| indices.any(|index| known.contains(&(resource, index))))
    }
}

impl StepRunner<'_> {
    /// Runs a step with its retries. `first` is a first attempt that was started.
    ///
    /// This future is kept small: rare parts are boxed, and the rest is borrowed where possible.
    pub(crate) async fn run(&self, step: Step, first: Option<StepAttempt<'_>>) -> EndedStep {
        let method = &self.methods[step.kind];
        let (number, span) = self.start(method, &step);
        let since = (!self.settings.observers.is_empty()).then(Instant::now);
        let attempts = async {
            let refused = if self.rediscovery.is_none() {
                Failed::new()
            } else {
                Box::pin(self.rediscover(&step, method.is_early)).await?
            };
            let name = || method.step_name(step.nodes.len());
            self.settings.observers.notify(|| Event::StepStarted { step: name() });
            Ok(self.attempts(method, &step, refused, first).await)
        };
        let ((failed, left), not_run) = match attempts.instrument(span).await {
            Ok(not_done) => (not_done, None),
            Err(not_run) => ((Failed::new(), Left::new()), Some(not_run)),
        };
        EndedStep { step, failed, left, not_run, number, since }
    }

    /// The monitor's number of the step, and its span.
    fn start(&self, method: &StepMethod<'_>, step: &Step) -> (Option<u64>, tracing::Span) {
        let monitor = self.settings.monitor.as_ref();
        let number =
            monitor.map(|monitor| monitor.start_step(method.method.resource, method.name, &step.nodes));
        let span = tracing::debug_span!(
            "cascade.step",
            phase = %self.phase,
            resource = method.resource,
            effect = method.name,
            instances = step.nodes.len()
        );
        (number, span)
    }

    /// Rediscovers before the step. A run that was stopped meanwhile starts no step, and a cancelled run does not wait for
    /// finders, because they change nothing.
    async fn rediscover(&self, step: &Step, is_early: bool) -> Result<Failed, NotRun> {
        let observers = &self.settings.observers;
        let rediscovery = self.rediscovery.before_step(self.engine, self.affected, observers, step, is_early);
        match self.settings.nesting.cancel.run_until_cancelled(rediscovery).await {
            Some(answer) if !self.stopped.load(Ordering::Relaxed) => answer,
            _ => Err(NotRun::Stopped),
        }
    }

    /// Attempts the step until nothing is left to retry. `failed` are the positions that must not be attempted, in order.
    async fn attempts(
        &self,
        method: &StepMethod<'_>,
        step: &Step,
        mut failed: Failed,
        mut first: Option<StepAttempt<'_>>,
    ) -> (Failed, Left) {
        let mut left = Left::new();
        let mut open = OpenPositions::without(step, &failed);
        let mut delays = None;
        for attempt in 1.. {
            if open.nodes.is_empty() {
                break;
            }
            let attempted = self.attempt(method, &open, attempt, first.take()).await;
            failed.extend(attempted.terminal);
            left.extend(attempted.left);
            let retryable = attempted.retryable;
            let Some((_, error)) = retryable.first() else { break };
            let delays = delays.get_or_insert_with(|| Box::new(self.backoff(method, step)));
            let Some(delay) = delays.next() else {
                failed.extend(retryable);
                break;
            };
            tracing::debug!(attempt, %error, instances = retryable.len(), "retry");
            self.settings.observers.notify(|| Event::StepRetried {
                step: method.step_name(step.nodes.len()),
                instances: retryable.len(),
                attempt,
                delay,
                error: Arc::clone(error),
            });
            // A cancelled run does not wait for a retry.
            let waiting = self.settings.nesting.cancel.run_until_cancelled(self.engine.wait(delay));
            if Box::pin(waiting).await.is_none() {
                failed.extend(retryable);
                break;
            }
            open = OpenPositions::at(step, retryable.into_iter().map(|(position, _)| position).collect());
        }
        failed.sort_by_key(|(position, _)| *position);
        left.sort_by_key(|(position, _)| *position);
        (failed, left)
    }

    /// The delays before the retries of a step.
    fn backoff(&self, method: &StepMethod<'_>, step: &Step) -> impl Iterator<Item = Duration> + use<> {
        let first = step.nodes.first().copied().unwrap_or_default();
        self.engine.backoff(method.retries, u64::from(first.number()) << 32 | u64::from(step.kind.number()))
    }

    /// One attempt on the open positions.
    async fn attempt(
        &self,
        method: &StepMethod<'_>,
        open: &OpenPositions<'_>,
        attempt: u32,
        begun: Option<StepAttempt<'_>>,
    ) -> Attempted {
        let answer = match begun {
            Some(begun) => begun.answer(method.timeout).await,
            None => Box::pin(self.call(method, open, attempt)).await,
        };
        let (mut failures, mut left) = match answer {
            Ok(not_done) if not_done.is_empty() => return Attempted::default(),
            Ok(not_done) => positions(open, self.phase, not_done),
            Err(error) => (all_of(open, error), Left::new()),
        };
        // Of several failures of an instance, a terminal one counts.
        failures.sort_by_key(|(position, error)| (*position, !error.is_terminal()));
        failures.dedup_by_key(|(position, _)| *position);
        // An instance that the answer also calls failed has failed.
        left.retain(|(position, _)| failures.binary_search_by_key(position, |(failed, _)| *failed).is_err());
        left.sort_by_key(|(position, _)| *position);
        left.dedup_by_key(|(position, _)| *position);
        let (terminal, retryable) = failures.into_iter().partition(|(_, error)| error.is_terminal());
        Attempted { terminal, retryable, left }
    }

    /// Calls the method on the open positions, through the layers.
    async fn call(
        &self,
        method: &StepMethod<'_>,
        open: &OpenPositions<'_>,
        attempt: u32,
    ) -> Result<Answers, CallError> {
        let Self { engine, affected, phase, .. } = *self;
        let StepMethod { method, name: effect, timeout, ref context, .. } = *method;
        let first = affected.base.first(method.resource);
        let batch = affected.columns[method.resource].ids.batch(&open.nodes, first);
        let indices = open.nodes.iter().map(|node| node.instance(first));
        let cx = context.again(attempt, self.repeats.has_any(phase, method.resource, indices));
        let call = || {
            let instances = Instances {
                affected,
                resource: method.resource,
                members: Members::Nodes(&open.nodes, first),
            };
            let step = StepCall { effect, instances, cx: &cx };
            let extension = &*engine.extensions[method.extension];
            Next { layers: &engine.layers, step, extension, method: method.index, ids: batch.ids() }.run()
        };
        call_once(timeout, call).await
    }
}

/// Turns positions in the batch into positions in the step. A position beyond the batch, which only a layer can report,
/// fails the whole batch.
fn positions(open: &OpenPositions<'_>, phase: Phase, not_done: Answers) -> (Failed, Left) {
    let count = open.nodes.len();
    if let Some((position, _)) = not_done.iter().find(|(position, _)| *position >= count) {
        let message = format!("a layer answered about position {position}, in a batch of {count}");
        return (all_of(open, CallError::Fault(message)), Left::new());
    }
    let (mut failed, mut left) = (Failed::new(), Left::new());
    for (at, answer) in not_done {
        match answer {
            NotDone::Failed(error) => failed.push((open.position(at), Arc::new(unwrapped(error)))),
            NotDone::Left(reason) if phase == Phase::Effect => left.push((open.position(at), reason)),
            NotDone::Left(reason) => {
                let error = StepError::terminal(format!(
                    "it left the instance, which only an effect may do: {reason}"
                ));
                failed.push((open.position(at), Arc::new(CallError::Failed(error))));
            }
        }
    }
    (failed, left)
}

/// All open positions failed with this error.
fn all_of(open: &OpenPositions<'_>, error: CallError) -> Failed {
    let error = Arc::new(error);
    open.positions().map(|position| (position, Arc::clone(&error))).collect()
}

/// The instances that an attempt is for. Usually all of the step: then nothing is copied.
struct OpenPositions<'a> {
    nodes: Cow<'a, [NodeIx]>,
    /// Their positions in the step. `None` if each has its own.
    positions: Option<Vec<usize>>,
}

impl<'a> OpenPositions<'a> {
    fn without(step: &'a Step, failed: &Failed) -> Self {
        if failed.is_empty() {
            return Self { nodes: Cow::Borrowed(&step.nodes), positions: None };
        }
        let is_open =
            |position: &usize| failed.binary_search_by_key(position, |(position, _)| *position).is_err();
        Self::at(step, (0..step.nodes.len()).filter(is_open).collect())
    }

    fn at(step: &Step, positions: Vec<usize>) -> Self {
        Self {
            nodes: positions.iter().map(|&position| step.nodes[position]).collect(),
            positions: Some(positions),
        }
    }

    fn position(&self, at: usize) -> usize {
        self.positions.as_ref().map_or(at, |positions| positions[at])
    }

    fn positions(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).map(|at| self.position(at))
    }
}
