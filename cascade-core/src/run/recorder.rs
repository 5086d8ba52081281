//! The recorder writes the events of a run to its journal, and returns the futures to wait for where the run must not
//! continue before a write is durable.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::failure_policy::FailurePolicy;
use super::scheduler::Step;
use super::step::EndedStep;
use crate::affected::{Affected, Departures};
use crate::graph::{Method, labels};
use crate::handler::Nesting;
use crate::ids::{Index, InstanceIx, NodeIx, ResourceIx};
use crate::journal::{
    FailedInstance, JournalError, LeftInstance, MayHaveBegun, Overridden, Record, RunEnd, RunLog, StepBegun,
    StepEnded, chunks, departure,
};
use crate::model::{CallError, Phase};
use crate::plan::PlanVeto;
use crate::report::Report;

/// The result of a write. It is ready once the write is durable or has failed.
pub(crate) type Durable = BoxFuture<'static, Result<(), JournalError>>;

/// The maximum number of records in one write of a plan.
const CHUNKS: usize = 8;

/// The maximum number of pending writes of a plan. It bounds the memory that they use.
const WRITES: usize = 4;

/// The recorder of one run. Without a journal it records nothing and never waits.
#[derive(Clone, Default)]
pub(crate) struct Recorder {
    log: Option<Arc<dyn RunLog>>,
    error: Option<JournalError>,
    /// How many of the run's nested reports have been recorded.
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

    /// The error of the first failed write. After it, no further step starts.
    pub(crate) fn error(&self) -> Option<&JournalError> {
        self.error.as_ref()
    }

    pub(crate) fn take_error(&mut self) -> Option<JournalError> {
        self.error.take()
    }

    /// Keeps the first error, because later errors are mostly its consequences.
    pub(crate) fn fail(&mut self, error: JournalError) {
        self.error.get_or_insert(error);
    }

    /// An empty write that checks the ownership of the run; `None` if the journal is sure that this process still owns it.
    /// No step may start before the write has succeeded.
    pub(crate) fn renew(&self) -> Option<Durable> {
        self.log.as_ref().filter(|log| !log.is_held()).map(|log| log.append(Vec::new()))
    }

    /// Records without waiting, because nothing depends on the record. If the write fails, later writes fail too.
    pub(crate) fn note(&self, record: impl FnOnce() -> Record) {
        if let Some(log) = &self.log {
            drop(log.append(vec![record()]));
        }
    }

    pub(crate) fn begun(&self, affected: &Affected, phase: Phase, method: Method, step: &Step) {
        self.note(|| {
            let instances = step.nodes.iter().map(|&node| affected.locate(node).1.number()).collect();
            let (resource, effect) = names(affected, phase, method);
            Record::StepBegun(StepBegun { phase, resource, effect, instances })
        });
    }

    /// Records the end of a step. The followers of its instances must wait for the result. `None` without a journal.
    pub(crate) fn ended(&mut self, nesting: &Nesting, record: impl FnOnce() -> StepEnded) -> Option<Durable> {
        let log = self.log.as_ref()?;
        let mut records: Vec<Record> =
            nesting.reports_after(self.nested).into_iter().map(Record::Nested).collect();
        self.nested += records.len();
        records.push(Record::StepEnded(record()));
        Some(log.append(records))
    }

    /// Records a plan that grew, in one write: a part of it would be a plan with instances but without their order.
    pub(crate) async fn grown(
        &mut self,
        known: &Affected,
        affected: &Affected,
        overridden: &[PlanVeto],
        may_have_begun: Vec<(ResourceIx, InstanceIx)>,
    ) {
        let Some(log) = &self.log else { return };
        let vetoes = (!overridden.is_empty())
            .then(|| Ok(Record::Overridden(Overridden { vetoes: overridden.to_vec() })));
        let mut begun: BTreeMap<ResourceIx, Vec<u32>> = BTreeMap::new();
        for (resource, index) in may_have_begun {
            begun.entry(resource).or_default().push(index.number());
        }
        let begun = begun.into_iter().map(|(resource, mut instances)| {
            instances.sort_unstable();
            let resource = affected.resource_name(resource).to_owned();
            Ok(Record::MayHaveBegun(MayHaveBegun { resource, instances }))
        });
        let records = vetoes.into_iter().chain(begun).chain(chunks(affected, Some(known)));
        let records = records.collect::<Result<Vec<_>, _>>();
        let written = match records {
            Ok(records) => log.append(records).await,
            Err(error) => Err(JournalError::storage(error)),
        };
        if let Err(error) = written {
            self.fail(error);
        }
    }

    /// Records what departed from a plan, in one write: a part of it would be a plan that never was.
    pub(crate) async fn departed(
        &mut self,
        known: &Affected,
        affected: &Affected,
        departures: &Departures,
        left: &BTreeMap<NodeIx, String>,
    ) {
        let Some(log) = &self.log else { return };
        let written = match departure(known, affected, departures, left) {
            Ok(records) => log.append(records).await,
            Err(error) => Err(JournalError::storage(error)),
        };
        if let Err(error) = written {
            self.fail(error);
        }
    }

    /// Writes a plan in chunks, with the record `before` ahead of it and the records `after` behind it.
    pub(crate) async fn plan(
        &self,
        affected: &Affected,
        before: Option<Record>,
        after: Vec<Record>,
    ) -> Result<(), JournalError> {
        let Some(log) = &self.log else { return Ok(()) };
        let mut records = Vec::from_iter(before);
        // Pending writes proceed while the next chunks are made.
        let mut pending = VecDeque::new();
        for chunk in chunks(affected, None) {
            records.push(chunk.map_err(JournalError::storage)?);
            if records.len() >= CHUNKS {
                pending.push_back(log.append(std::mem::take(&mut records)));
            }
            if pending.len() > WRITES
                && let Some(durable) = pending.pop_front()
            {
                durable.await?;
            }
        }
        records.extend(after);
        pending.push_back(log.append(records));
        for durable in pending {
            durable.await?;
        }
        Ok(())
    }

    /// Writes the records, and waits until they are durable.
    pub(crate) async fn write(&self, records: Vec<Record>) -> Result<(), JournalError> {
        match &self.log {
            Some(log) => log.append(records).await,
            None => Ok(()),
        }
    }

    /// Records the end of the run, and waits until that is durable: only then may the report be returned.
    pub(crate) async fn end(&mut self, report: &Report) {
        let Some(log) = self.log.as_ref().filter(|_| self.error.is_none()) else { return };
        let summary = report.summary();
        let end = RunEnd {
            complete: summary.is_complete(),
            done: summary.done as u64,
            failed: summary.failed as u64,
            blocked: summary.blocked as u64,
            not_started: summary.not_started as u64,
            left: summary.left as u64,
        };
        let nested = report.nested.iter().skip(self.nested).cloned().map(Record::Nested);
        if let Err(error) = log.append(nested.chain([Record::Ended(end)]).collect()).await {
            self.fail(error);
        }
    }

    /// Sets how many nested reports a previous owner of the run has recorded.
    pub(crate) fn has_nested(&mut self, count: usize) {
        self.nested = count;
    }
}

/// The names of a method's resource and effect, as a journal stores them. The effect has the extension as a prefix if
/// several extensions of the resource would otherwise have the same name.
fn names(affected: &Affected, phase: Phase, method: Method) -> (String, String) {
    let name = method.name(&affected.graph, phase);
    let code = affected.operation.descriptor().code();
    let has_several = affected.graph.resources[method.resource].extensions.len() > 1;
    let is_ambiguous = has_several
        && !labels(&affected.graph, code, phase, method.resource).iter().any(|label| label == name);
    let effect = if is_ambiguous {
        format!("{}::{name}", affected.graph.extensions[method.extension].name)
    } else {
        name.to_owned()
    };
    (affected.resource_name(method.resource).to_owned(), effect)
}

/// The record of a step that has ended.
pub(crate) fn step_ended(
    affected: &Affected,
    policy: FailurePolicy,
    phase: Phase,
    method: Method,
    ended: &EndedStep,
) -> StepEnded {
    let EndedStep { step, failed, left, .. } = ended;
    let (resource, effect) = names(affected, phase, method);
    let first = affected.base.first(method.resource);
    let mut has_failed = vec![false; step.nodes.len()];
    for (position, _) in failed {
        has_failed[*position] = true;
    }
    let mut is_left = vec![false; if left.is_empty() { 0 } else { step.nodes.len() }];
    for (position, _) in left {
        is_left[*position] = true;
    }
    let is_left = |position: usize| is_left.get(position).copied().unwrap_or(false);
    let effect_index = affected.graph.resources[method.resource].effect_of(method.extension, method.index);
    let is_last = |position: usize, node: NodeIx| {
        let is_stopped = has_failed[position] && policy != FailurePolicy::Force || is_left(position);
        let last = affected.effects_in_order(method.resource, node.instance(first)).last();
        phase == Phase::Effect && (is_stopped || last == effect_index)
    };
    let number = |node: NodeIx| node.instance(first).number();
    let nodes = || step.nodes.iter().copied().enumerate();
    StepEnded {
        phase,
        resource,
        effect,
        done: nodes()
            .filter(|(position, _)| !has_failed[*position] && !is_left(*position))
            .map(|(_, node)| number(node))
            .collect(),
        failed: failed
            .iter()
            .map(|(position, error)| FailedInstance {
                instance: number(step.nodes[*position]),
                error: error.to_string(),
                drifted: matches!(**error, CallError::Drifted(_)),
            })
            .collect(),
        left: left
            .iter()
            .map(|(position, reason)| LeftInstance {
                instance: number(step.nodes[*position]),
                reason: reason.clone(),
            })
            .collect(),
        finished: nodes().filter(|&(position, node)| is_last(position, node)).count() as u64,
    }
}

/// Waits for a write, and returns `value` with its result.
pub(crate) fn then<T: Send + 'static>(
    durable: Durable,
    value: T,
) -> BoxFuture<'static, (T, Result<(), JournalError>)> {
    durable.map(|answer| (value, answer)).boxed()
}
