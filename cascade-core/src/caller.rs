//! One step of a run: looked at again if the world may have moved, called through the layers, tried again.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tracing::Instrument;

use crate::affected::Affected;
use crate::call::{CallError, First, once, unwrapped};
use crate::chase::Refused;
use crate::context::StepContext;
use crate::declare::{Phase, StepSettings};
use crate::drift::{Drift, Newcomers, Released, look_again, look_at_owners};
use crate::engine::Engine;
use crate::event::{Event, StepName};
use crate::execute::RunSettings;
use crate::layer::{Instances, Next, StepCall};
use crate::pass::Method;
use crate::route::Reach;
use crate::schedule::Step;
use crate::taken::Takers;

/// A step that has ended.
pub(crate) struct Ended {
    pub(crate) step: Step,
    /// The instances that failed, by their position in the step.
    pub(crate) failed: Vec<(usize, Arc<CallError>)>,
    /// The step has not run: because of what was found to have come since the plan was made, or, where nothing has,
    /// because the run was stopped before.
    pub(crate) not_run: Option<Vec<Newcomers>>,
    /// The monitor's number of the step, if there is one.
    pub(crate) number: Option<u64>,
    /// Known where somebody is told of it.
    pub(crate) since: Option<Instant>,
}

/// What a first try answered, or is about to.
pub(crate) type FirstTry<'a> = First<'a, Vec<(usize, crate::StepError)>>;

pub(crate) fn step_name(affected: &Affected, phase: Phase, method: Method, instances: usize) -> StepName {
    StepName {
        phase,
        resource: affected.resource_name(method.resource).into(),
        effect: method.name(&affected.graph, phase).into(),
        instances,
    }
}

/// Calls methods in one phase.
pub(crate) struct Caller<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) affected: &'a Arc<Affected>,
    pub(crate) phase: Phase,
    pub(crate) settings: &'a RunSettings,
    pub(crate) looking: &'a Looking<'a>,
    pub(crate) repeats: &'a Repeats,
    /// Nothing new may start.
    pub(crate) stopped: &'a AtomicBool,
}

/// The instances that an earlier process may have had under way, in the phase that it was in.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    pub(crate) phase: Option<Phase>,
    /// By resource and index.
    pub(crate) instances: HashSet<(usize, u32)>,
}

impl Repeats {
    fn has_any(&self, phase: Phase, resource: usize, mut indices: impl Iterator<Item = u32>) -> bool {
        self.phase == Some(phase) && indices.any(|index| self.instances.contains(&(resource, index)))
    }
}

/// Whether and how what hangs off an instance is looked for again before its step.
pub(crate) struct Looking<'a> {
    drift: Drift,
    /// `None` where nobody looks.
    pub(crate) at: Option<LookedAt>,
    refused: &'a Refused,
}

/// What is looked at.
pub(crate) struct LookedAt {
    /// What the end of which instance takes.
    takers: Takers,
    released: Released,
}

impl<'a> Looking<'a> {
    pub(crate) fn new(drift: Drift, affected: &Affected, refused: &'a Refused) -> Self {
        let looked_at = || LookedAt { takers: Takers::of(affected), released: Released::of(affected) };
        Self { drift, at: (drift != Drift::Ignore).then(looked_at), refused }
    }
}

impl Looking<'static> {
    /// No step is looked at again.
    pub(crate) fn away() -> Self {
        static NOTHING: Refused = Refused::new();
        Self { drift: Drift::Ignore, at: None, refused: &NOTHING }
    }
}

/// The positions in a step that failed, each with its error.
type Failed = Vec<(usize, Arc<CallError>)>;

impl Caller<'_> {
    /// The context of a method's first tries in a run that was not taken up again.
    pub(crate) fn first_context(&self, method: &Method) -> StepContext {
        self.context(method, 1, false)
    }

    fn context(&self, method: &Method, attempt: u32, resumed: bool) -> StepContext {
        let Self { engine, affected, phase, settings, .. } = *self;
        StepContext {
            affected: Arc::clone(affected),
            engine: Arc::clone(engine),
            nesting: Arc::clone(&settings.nesting),
            method: *method,
            phase,
            attempt,
            resumed: resumed || settings.nesting.is_repeat,
            run: Some(settings.run.clone()),
            forced: settings.forced,
        }
    }

    /// Runs a step: tries, and tries again what failed and may be mended. `first` is a first try that was begun.
    ///
    /// This future is kept small: what is rare in it is boxed, and what can be borrowed is.
    pub(crate) async fn run(&self, method: &Method, step: Step, first: Option<FirstTry<'_>>) -> Ended {
        let (number, span) = self.start(method, &step);
        let since = (!self.settings.observers.is_empty()).then(Instant::now);
        let tries = async {
            let looked = match &self.looking.at {
                Some(at) => Box::pin(self.look_until_stopped(at, &step)).await?,
                None => Failed::new(),
            };
            self.settings.observers.tell(|| Event::StepStarted { step: self.name(method, &step) });
            Ok(self.tries(method, &step, looked, first).await)
        };
        let (failed, not_run) = match tries.instrument(span).await {
            Ok(failed) => (failed, None),
            Err(newcomers) => (Vec::new(), Some(newcomers)),
        };
        Ended { step, failed, not_run, number, since }
    }

    fn name(&self, method: &Method, step: &Step) -> StepName {
        step_name(self.affected, self.phase, *method, step.nodes.len())
    }

    /// The monitor's number of the step, and its span.
    fn start(&self, method: &Method, step: &Step) -> (Option<u64>, tracing::Span) {
        let Self { affected, phase, settings, .. } = self;
        let effect = || method.name(&affected.graph, *phase);
        let monitor = settings.monitor.as_ref();
        let number = monitor.map(|monitor| monitor.start_step(method.resource, effect(), &step.nodes));
        // What is in a span is made where somebody takes it.
        let span = tracing::debug_span!(
            "cascade.step",
            %phase,
            resource = affected.resource_name(method.resource),
            effect = effect(),
            instances = step.nodes.len()
        );
        (number, span)
    }

    /// Looks again, unless the run is stopped: then there are no newcomers, and the step does not start either. A
    /// cancelled run does not wait for finders, which change nothing.
    async fn look_until_stopped(&self, at: &LookedAt, step: &Step) -> Result<Failed, Vec<Newcomers>> {
        let looked = self.settings.nesting.cancel.run_until_cancelled(self.look(at, step)).await;
        match looked {
            Some(looked) if !self.stopped.load(Ordering::Relaxed) => looked,
            _ => Err(Vec::new()),
        }
    }

    /// Looks again at what hangs off the step's instances, if that is to be done. Answers those that the world has moved
    /// under so that their step must not run; an `Err` has newcomers to chase first.
    async fn look(&self, at: &LookedAt, step: &Step) -> Result<Failed, Vec<Newcomers>> {
        let Self { engine, affected, looking, .. } = self;
        let mut against = Vec::new();
        let mut chased = Vec::new();
        for (resource, instances) in self.ending_with(&at.takers, step) {
            match look_at_owners(engine, affected, &at.released, resource, &instances).await {
                Ok(kept) => {
                    let drifted = |(index, owner)| ((resource, index), Arc::new(CallError::Drifted(owner)));
                    against.extend(kept.into_iter().map(drifted));
                }
                Err(error) => against.extend(all_of(resource, &instances, error)),
            }
            let is_expanded = |index: &u32| affected.columns[resource].is_expanded(*index);
            let mut asked = Vec::new();
            for index in instances.into_iter().filter(is_expanded) {
                match looking.refused.get(resource, index) {
                    Some(error) => against.push(((resource, index), Arc::clone(error))),
                    None => asked.push(index),
                }
            }
            match look_again(engine, affected, resource, &asked).await {
                Ok(newcomers) => {
                    // What is in the way is waited for if it goes, as in a plan.
                    let may_join = |newcomers: &Newcomers| {
                        newcomers.route.reach != Reach::Restricts || newcomers.goes_too
                    };
                    let is_chased =
                        |newcomers: &Newcomers| looking.drift == Drift::Chase && may_join(newcomers);
                    let (join, refused): (Vec<_>, Vec<_>) = newcomers.into_iter().partition(is_chased);
                    chased.extend(join);
                    for newcomers in refused {
                        let error = Arc::new(CallError::Drifted(newcomers.describe(affected)));
                        let parents = newcomers.parents.iter();
                        against.extend(parents.map(|&index| ((resource, index), Arc::clone(&error))));
                    }
                }
                Err(error) => against.extend(all_of(resource, &asked, error)),
            }
        }
        if !chased.is_empty() {
            return Err(chased);
        }
        Ok(self.positions_against(&at.takers, step, &against))
    }

    /// The positions of a step's instances against which something stands: against themselves, or against what their end
    /// takes; each with the first of these.
    fn positions_against(&self, takers: &Takers, step: &Step, against: &[Against]) -> Failed {
        let mut first = HashMap::new();
        for ((resource, index), error) in against.iter().rev() {
            first.insert(self.affected.node(*resource, *index), error);
        }
        if first.is_empty() {
            return Failed::new();
        }
        let positions = step.nodes.iter().enumerate().filter_map(|(position, &top)| {
            let ending = takers.with_all_below(&[top]);
            let error = ending.iter().find_map(|node| first.get(node))?;
            Some((position, Arc::clone(error)))
        });
        positions.collect()
    }

    /// The instances that end with a step: its own, and those that their end takes, by resource.
    fn ending_with(&self, takers: &Takers, step: &Step) -> BTreeMap<usize, Vec<u32>> {
        let mut by_resource: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for node in takers.with_all_below(&step.nodes) {
            let (resource, index) = self.affected.locate(node);
            by_resource.entry(resource).or_default().push(index);
        }
        for indices in by_resource.values_mut() {
            indices.sort_unstable();
        }
        by_resource
    }

    /// `failed` are positions that must not be tried at all, in their order.
    async fn tries(
        &self,
        method: &Method,
        step: &Step,
        mut failed: Failed,
        mut first: Option<FirstTry<'_>>,
    ) -> Failed {
        let mut open = Open::without(step, &failed);
        let mut waits = None;
        for attempt in 1.. {
            if open.nodes.is_empty() {
                break;
            }
            let (terminal, again) = self.attempt(method, &open, attempt, first.take()).await;
            failed.extend(terminal);
            let Some((_, error)) = again.first() else { break };
            let delays = waits.get_or_insert_with(|| Box::new(self.delays(method, step)));
            let Some(delay) = delays.next() else {
                failed.extend(again);
                break;
            };
            tracing::debug!(attempt, %error, instances = again.len(), "trying again");
            self.settings.observers.tell(|| Event::StepRetried {
                step: self.name(method, step),
                instances: again.len(),
                attempt,
                delay,
                error: Arc::clone(error),
            });
            // A cancelled run does not wait for another try: what failed so far has failed.
            let waiting = self.settings.nesting.cancel.run_until_cancelled(self.engine.wait(delay));
            if Box::pin(waiting).await.is_none() {
                failed.extend(again);
                break;
            }
            open = Open::at(step, again.into_iter().map(|(position, _)| position).collect());
        }
        failed.sort_by_key(|(position, _)| *position);
        failed
    }

    pub(crate) fn limits(&self, method: &Method) -> StepSettings {
        self.engine.extensions[method.extension].descriptor().settings
    }

    /// The waits before further tries of a step.
    fn delays(&self, method: &Method, step: &Step) -> impl Iterator<Item = Duration> + use<> {
        let retries = self.affected.graph.extensions[method.extension].settings.retries;
        let first = step.nodes.first().copied().unwrap_or_default();
        self.engine.delays(retries, u64::from(first) << 32 | step.slot as u64)
    }

    /// One try on the positions that are open. Answers which failed for good, and which may be tried again.
    async fn attempt(
        &self,
        method: &Method,
        open: &Open<'_>,
        attempt: u32,
        begun: Option<FirstTry<'_>>,
    ) -> (Failed, Failed) {
        let timeout = self.limits(method).timeout;
        let answer = match begun {
            Some(begun) => begun.answer(timeout).await,
            None => Box::pin(self.call(method, open, attempt)).await,
        };
        let mut failures: Failed = match answer {
            Ok(failures) if failures.is_empty() => return (Failed::new(), Failed::new()),
            Ok(failures) => positions(open, failures),
            Err(error) => {
                let error = Arc::new(error);
                open.positions().map(|position| (position, Arc::clone(&error))).collect()
            }
        };
        failures.sort_by_key(|(position, _)| *position);
        failures.dedup_by_key(|(position, _)| *position);
        failures.into_iter().partition(|(_, error)| error.is_terminal())
    }

    /// Calls the method on the open positions, through the layers.
    async fn call(
        &self,
        method: &Method,
        open: &Open<'_>,
        attempt: u32,
    ) -> Result<Vec<(usize, crate::StepError)>, CallError> {
        let Self { engine, affected, phase, .. } = *self;
        let first = affected.base[method.resource];
        let batch = affected.columns[method.resource].ids.batch(&open.nodes, first);
        let indices = open.nodes.iter().map(|node| node - first);
        let cx = self.context(method, attempt, self.repeats.has_any(phase, method.resource, indices));
        let call = || {
            let instances = Instances { affected, resource: method.resource, nodes: &open.nodes, first };
            let step = StepCall { effect: cx.effect(), instances, cx: &cx };
            let extension = &*engine.extensions[method.extension];
            Next { layers: &engine.layers, step, extension, method: method.index, ids: batch.ids() }.run()
        };
        once(self.limits(method).timeout, call).await
    }
}

/// What was answered by position in the batch, by position in the step. A position that a layer made up fails the batch.
fn positions(open: &Open<'_>, failures: Vec<(usize, crate::StepError)>) -> Failed {
    let count = open.nodes.len();
    if let Some((position, _)) = failures.iter().find(|(position, _)| *position >= count) {
        let message = format!("a layer reported position {position} as failed, in a batch of {count}");
        let fault = Arc::new(CallError::Fault(message));
        return open.positions().map(|position| (position, Arc::clone(&fault))).collect();
    }
    failures.into_iter().map(|(at, error)| (open.position(at), Arc::new(unwrapped(error)))).collect()
}

/// The instances of a step that a try is for: mostly all of them, and then nothing is copied.
struct Open<'a> {
    nodes: Cow<'a, [u32]>,
    /// Their positions in the step; `None` where that is where they stand.
    positions: Option<Vec<usize>>,
}

impl<'a> Open<'a> {
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

/// What stands against the steps of instances: resource and index, and the error.
type Against = ((usize, u32), Arc<CallError>);

fn all_of(resource: usize, instances: &[u32], error: CallError) -> impl Iterator<Item = Against> {
    let error = Arc::new(error);
    instances.iter().map(move |&index| ((resource, index), Arc::clone(&error)))
}
