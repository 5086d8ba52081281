//! What a run tells its journal, and when it has to wait for that to be durable.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::failure_policy::FailurePolicy;
use super::scheduler::Step;
use crate::affected::Affected;
use crate::graph::{Method, labels};
use crate::handler::Nesting;
use crate::journal::{
    FailedInstance, JournalError, Overridden, Record, RunEnd, RunLog, StepBegun, StepEnded, chunks,
};
use crate::model::{CallError, Phase, bits};
use crate::plan::PlanVeto;
use crate::report::Report;

/// The answer to a write.
pub(crate) type Durable = BoxFuture<'static, Result<(), JournalError>>;

/// Records in one write of a plan, at most.
const CHUNKS: usize = 8;

/// Writes of a plan that are waited for at once, at most: what is on its way does not grow with the plan.
const WRITES: usize = 4;

/// The journal of one run; without one, nothing is ever waited for.
#[derive(Clone, Default)]
pub(crate) struct Recorder {
    log: Option<Arc<dyn RunLog>>,
    error: Option<JournalError>,
    /// How many of the run's nested reports are recorded.
    nested: usize,
}

impl Recorder {
    pub(crate) fn new(log: Box<dyn RunLog>) -> Self {
        Self { log: Some(Arc::from(log)), error: None, nested: 0 }
    }

    /// Whether there is a journal.
    pub(crate) fn is_on(&self) -> bool {
        self.log.is_some()
    }

    /// The write that failed, if one did. Nothing new starts then.
    pub(crate) fn error(&self) -> Option<&JournalError> {
        self.error.as_ref()
    }

    pub(crate) fn take_error(&mut self) -> Option<JournalError> {
        self.error.take()
    }

    /// Keeps the first error: those that follow from it say less.
    pub(crate) fn fail(&mut self, error: JournalError) {
        self.error.get_or_insert(error);
    }

    /// Whether the run may have been lost, and a write has to tell before anything new starts.
    pub(crate) fn renew(&self) -> Option<Durable> {
        self.log.as_ref().filter(|log| !log.is_held()).map(|log| log.append(Vec::new()))
    }

    /// Records without waiting: nothing hangs on it. Writes that come later tell if it fails.
    pub(crate) fn note(&self, record: impl FnOnce() -> Record) {
        if let Some(log) = &self.log {
            drop(log.append(vec![record()]));
        }
    }

    pub(crate) fn begun(&self, affected: &Affected, phase: Phase, method: Method, step: &Step) {
        self.note(|| {
            let instances = step.nodes.iter().map(|&node| affected.locate(node).1).collect();
            let (resource, effect) = names(affected, phase, method);
            Record::StepBegun(StepBegun { phase, resource, effect, instances })
        });
    }

    /// A step has ended: what waits for its instances has to wait for the answer. `None` without a journal.
    pub(crate) fn ended(
        &mut self,
        (affected, policy): (&Affected, FailurePolicy),
        (phase, method): (Phase, Method),
        (step, failed): (&Step, &[(usize, Arc<CallError>)]),
        nesting: &Nesting,
    ) -> Option<Durable> {
        let log = self.log.as_ref()?;
        let mut records: Vec<Record> =
            nesting.reports_after(self.nested).into_iter().map(Record::Nested).collect();
        self.nested += records.len();
        records.push(Record::StepEnded(step_ended(affected, policy, phase, method, step, failed)));
        Some(log.append(records))
    }

    /// The plan grew. All of it goes into one write: half of it would be a plan with instances and without their order.
    pub(crate) async fn grown(&mut self, known: &Affected, affected: &Affected, overridden: &[PlanVeto]) {
        let Some(log) = &self.log else { return };
        let vetoes = (!overridden.is_empty())
            .then(|| Ok(Record::Overridden(Overridden { vetoes: overridden.to_vec() })));
        let records = vetoes.into_iter().chain(chunks(affected, Some(known))).collect::<Result<Vec<_>, _>>();
        let written = match records {
            Ok(records) => log.append(records).await,
            Err(error) => Err(JournalError::storage(error)),
        };
        if let Err(error) = written {
            self.fail(error);
        }
    }

    /// Writes a plan, chunk by chunk, between what goes before and behind it.
    pub(crate) async fn plan(
        &self,
        affected: &Affected,
        before: Option<Record>,
        behind: Vec<Record>,
    ) -> Result<(), JournalError> {
        let Some(log) = &self.log else { return Ok(()) };
        let mut records = Vec::from_iter(before);
        // The next chunks are made while those before are on their way to the disk.
        let mut under_way = VecDeque::new();
        for chunk in chunks(affected, None) {
            records.push(chunk.map_err(JournalError::storage)?);
            if records.len() >= CHUNKS {
                under_way.push_back(log.append(std::mem::take(&mut records)));
            }
            if under_way.len() > WRITES
                && let Some(durable) = under_way.pop_front()
            {
                durable.await?;
            }
        }
        records.extend(behind);
        under_way.push_back(log.append(records));
        for durable in under_way {
            durable.await?;
        }
        Ok(())
    }

    /// Writes, and waits for it.
    pub(crate) async fn write(&self, records: Vec<Record>) -> Result<(), JournalError> {
        match &self.log {
            Some(log) => log.append(records).await,
            None => Ok(()),
        }
    }

    /// The run has ended: once this is durable, the report may say so.
    pub(crate) async fn end(&mut self, report: &Report) {
        let Some(log) = self.log.as_ref().filter(|_| self.error.is_none()) else { return };
        let summary = report.summary();
        let end = RunEnd {
            complete: summary.is_complete(),
            done: summary.done as u64,
            failed: summary.failed as u64,
            blocked: summary.blocked as u64,
            not_started: summary.not_started as u64,
        };
        let nested = report.nested.iter().skip(self.nested).cloned().map(Record::Nested);
        if let Err(error) = log.append(nested.chain([Record::Ended(end)]).collect()).await {
            self.fail(error);
        }
    }

    /// How many nested reports an earlier owner recorded.
    pub(crate) fn has_nested(&mut self, count: usize) {
        self.nested = count;
    }
}

fn names(affected: &Affected, phase: Phase, method: Method) -> (String, String) {
    let name = method.name(&affected.graph, phase);
    let code = affected.operation.descriptor().code();
    let several = affected.graph.resources[method.resource].extensions.len() > 1;
    let shared =
        several && !labels(&affected.graph, code, phase, method.resource).iter().any(|label| label == name);
    let effect = if shared {
        format!("{}::{name}", affected.graph.extensions[method.extension].name)
    } else {
        name.to_owned()
    };
    (affected.resource_name(method.resource).to_owned(), effect)
}

fn step_ended(
    affected: &Affected,
    policy: FailurePolicy,
    phase: Phase,
    method: Method,
    step: &Step,
    failed: &[(usize, Arc<CallError>)],
) -> StepEnded {
    let (resource, effect) = names(affected, phase, method);
    let first = affected.base[method.resource];
    let mut has_failed = vec![false; step.nodes.len()];
    for (position, _) in failed {
        has_failed[*position] = true;
    }
    let kind = affected.graph.resources[method.resource]
        .effects
        .iter()
        .position(|effect| (effect.extension, effect.method) == (method.extension, method.index));
    let is_last = |position: usize, node: u32| {
        let stops = has_failed[position] && policy != FailurePolicy::Force;
        let last = bits(affected.effects(method.resource, node - first)).last();
        phase == Phase::Effect && (stops || last == kind)
    };
    let nodes = || step.nodes.iter().copied().enumerate();
    StepEnded {
        phase,
        resource,
        effect,
        done: nodes().filter(|(position, _)| !has_failed[*position]).map(|(_, node)| node - first).collect(),
        failed: failed
            .iter()
            .map(|(position, error)| FailedInstance {
                instance: step.nodes[*position] - first,
                error: error.to_string(),
                drifted: matches!(**error, CallError::Drifted(_)),
            })
            .collect(),
        finished: nodes().filter(|&(position, node)| is_last(position, node)).count() as u64,
    }
}

/// A write that is under way, with what is to be done once it is durable.
pub(crate) fn then<T: Send + 'static>(
    durable: Durable,
    value: T,
) -> BoxFuture<'static, (T, Result<(), JournalError>)> {
    durable.map(|answer| (value, answer)).boxed()
}
