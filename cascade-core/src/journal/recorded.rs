//! The content of a run's records, by names and numbers. Reading it needs no graph, because the graph may have changed.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde_json::Value;

use super::error::JournalError;
use super::journal::Journal;
use super::record::{
    DepartedInstance, FailedInstance, InstanceChunk, InstanceKind, LeftInstance, PairChunk, Record, RunEnd,
    RunStart, StepEnded,
};
use crate::affected::{Arcs, Block, Pair};
use crate::ids::{Index, InstanceIx};
use crate::model::{Phase, RunId};
use crate::plan::PlanVeto;
use crate::report::NestedReport;

/// Records read in one call of the journal.
const PAGE: usize = 100;

/// Identifies the steps of one method: its phase, resource and name.
pub(crate) type StepKey = (Phase, String, String);

/// Identifies an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EdgeKey {
    pub(crate) parent: String,
    pub(crate) child: String,
    pub(crate) role: Option<String>,
    /// The root resource, in a plan with roots of several resources.
    pub(crate) root: Option<String>,
}

impl fmt::Display for EdgeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parent, child, role, .. } = self;
        match role {
            Some(role) => write!(f, "edge `{role}` from {child} to {parent}"),
            None => write!(f, "edge from {child} to {parent}"),
        }
    }
}

/// The combined content of a run's records.
#[derive(Default)]
pub(crate) struct Recorded {
    /// The number of roots of each further root resource.
    pub(crate) further_roots: BTreeMap<String, u32>,
    pub(crate) columns: BTreeMap<String, RecordedColumn>,
    pub(crate) arcs: BTreeMap<EdgeKey, Arcs>,
    pub(crate) done: BTreeMap<StepKey, Vec<u32>>,
    pub(crate) failed: BTreeMap<StepKey, Vec<FailedInstance>>,
    /// The instances that effects left as they are.
    pub(crate) left: BTreeMap<StepKey, Vec<LeftInstance>>,
    /// The instances of each resource on which an effect may have begun before the plan grew.
    pub(crate) may_have_begun: BTreeMap<String, Vec<u32>>,
    /// Whether known instances or arcs have changed since the run began. New instances alone do not count.
    pub(crate) has_changed: bool,
    /// The instances of each resource that departed.
    pub(crate) departed: BTreeMap<String, Vec<DepartedInstance>>,
    /// `None` until the plan is complete.
    pub(crate) start: Option<RunStart>,
    /// The vetoes that the run overrides.
    pub(crate) overridden: Vec<PlanVeto>,
    pub(crate) nested: Vec<NestedReport>,
    pub(crate) cancelled: bool,
    pub(crate) end: Option<RunEnd>,
    /// A new plan that replaces this one once it is complete.
    next_plan: Option<Box<Recorded>>,
}

/// The instances of one resource.
#[derive(Default)]
pub(crate) struct RecordedColumn {
    pub(crate) ids: Vec<Value>,
    pub(crate) dispositions: Vec<InstanceKind>,
    pub(crate) kind_of: Vec<u32>,
}

impl RecordedColumn {
    /// The disposition of an instance.
    ///
    /// # Panics
    ///
    /// If the column has no instance with this number.
    pub(crate) fn kind(&self, number: u32) -> &InstanceKind {
        &self.dispositions[self.kind_of[number as usize] as usize]
    }
}

/// The edge of a chunk, its pairs, and its released children.
fn pairs_of(chunk: PairChunk) -> (EdgeKey, Vec<Pair>, Vec<InstanceIx>) {
    let PairChunk { parent, child, role, root, pairs, released } = chunk;
    let pair = |(parent, child): (u32, u32)| (InstanceIx::new(parent), InstanceIx::new(child));
    let released = released.into_iter().map(InstanceIx::new).collect();
    (EdgeKey { parent, child, role, root }, pairs.into_iter().map(pair).collect(), released)
}

impl Recorded {
    /// Reads all records of a run, a page at a time.
    pub(crate) async fn read(journal: &dyn Journal, run: &RunId) -> Result<Self, JournalError> {
        Self::read_with(journal, run, |_| ()).await
    }

    /// Like [`read`](Self::read), and calls `inspect` with each record.
    pub(crate) async fn read_with(
        journal: &dyn Journal,
        run: &RunId,
        mut inspect: impl FnMut(&Record),
    ) -> Result<Self, JournalError> {
        let mut recorded = Self::default();
        let mut after = 0;
        loop {
            let page = journal.read(run, after, PAGE).await?;
            if page.is_empty() {
                return Ok(recorded);
            }
            for (position, record) in page {
                inspect(&record);
                recorded.add(record).map_err(|what| JournalError::Unreadable {
                    run: run.clone(),
                    position,
                    what,
                })?;
                after = position;
            }
        }
    }

    /// Combines `records`. The error says which record does not fit the ones before it.
    #[cfg(feature = "remote")]
    pub(crate) fn of(records: impl IntoIterator<Item = Record>) -> Result<Self, String> {
        let mut recorded = Self::default();
        for record in records {
            recorded.add(record)?;
        }
        Ok(recorded)
    }

    /// The number of roots of each root resource; `first` is that of the first one.
    pub(crate) fn root_counts(&self, first: u32) -> Vec<u32> {
        std::iter::once(first).chain(self.further_roots.values().copied()).collect()
    }

    fn add(&mut self, record: Record) -> Result<(), String> {
        match record {
            Record::Replanned(_) => {
                self.next_plan = Some(Box::default());
                Ok(())
            }
            Record::Started(start) => {
                if let Some(next) = self.next_plan.take() {
                    let nested = std::mem::take(&mut self.nested);
                    *self = Self { nested, cancelled: self.cancelled, ..*next };
                }
                self.overridden.clone_from(&start.overridden);
                self.start = Some(start);
                Ok(())
            }
            Record::Overridden(late) => {
                self.overridden.extend(late.vetoes);
                Ok(())
            }
            Record::Nested(report) => {
                self.nested.push(report);
                Ok(())
            }
            Record::Cancelled => {
                self.cancelled = true;
                Ok(())
            }
            Record::Ended(end) => {
                self.end = Some(end);
                Ok(())
            }
            Record::Resumed => {
                // A process died while it wrote a new plan, and the run goes on with the earlier one.
                self.next_plan = None;
                Ok(())
            }
            record => match &mut self.next_plan {
                Some(next) => next.add_to_plan(record),
                None => self.add_to_plan(record),
            },
        }
    }

    /// Adds a record that belongs to a single plan.
    fn add_to_plan(&mut self, record: Record) -> Result<(), String> {
        match record {
            Record::Roots(roots) => {
                self.further_roots.insert(roots.resource, roots.count);
            }
            Record::Instances(chunk) => self.add_instances(chunk)?,
            Record::MayHaveBegun(begun) => {
                self.may_have_begun.entry(begun.resource).or_default().extend(begun.instances);
            }
            Record::Pairs(chunk) => {
                let (key, pairs, released) = pairs_of(chunk);
                let arcs = self.arcs.entry(key).or_default();
                arcs.extend(pairs.iter().copied(), 0);
                arcs.released.extend(released);
            }
            Record::Lost(chunk) => {
                self.has_changed = true;
                let (key, pairs, released) = pairs_of(chunk);
                self.arcs.entry(key).or_default().lose(&pairs, &released);
            }
            Record::Departed(departed) => {
                self.has_changed = true;
                let left: HashSet<InstanceIx> =
                    departed.instances.iter().map(|it| InstanceIx::new(it.instance)).collect();
                let of_child = self.arcs.iter_mut().filter(|(key, _)| key.child == departed.resource);
                of_child.for_each(|(_, arcs)| arcs.lose_children(&left));
                self.departed.entry(departed.resource).or_default().extend(departed.instances);
            }
            Record::Block(chunk) => {
                let block = Block {
                    parents: chunk.parents.into_iter().map(InstanceIx::new).collect(),
                    children: chunk.children.into_iter().map(InstanceIx::new).collect(),
                };
                let key =
                    EdgeKey { parent: chunk.parent, child: chunk.child, role: chunk.role, root: chunk.root };
                self.arcs.entry(key).or_default().blocks.push(block);
            }
            Record::StepEnded(step) => self.add_step(step),
            _ => {}
        }
        Ok(())
    }

    fn add_instances(&mut self, chunk: InstanceChunk) -> Result<(), String> {
        let column = self.columns.entry(chunk.resource).or_default();
        let first = chunk.first as usize;
        if first > column.ids.len() || chunk.ids.len() != chunk.kind_of.len() {
            let (ids, kinds, known) = (chunk.ids.len(), chunk.kind_of.len(), column.ids.len());
            return Err(format!(
                "a chunk of {ids} ids and {kinds} dispositions starts at instance {first}, after {known} instances"
            ));
        }
        let first_kind = column.dispositions.len() as u32;
        column.dispositions.extend(chunk.kinds);
        for (at, (id, kind)) in (first..).zip(chunk.ids.into_iter().zip(chunk.kind_of)) {
            let kind = first_kind + kind;
            if kind as usize >= column.dispositions.len() {
                return Err(String::from("an instance refers to a disposition that no record lists"));
            }
            // A known instance is listed again when a changed plan gives it other effects.
            if at < column.ids.len() {
                self.has_changed = true;
                column.kind_of[at] = kind;
            } else {
                column.ids.push(id);
                column.kind_of.push(kind);
            }
        }
        Ok(())
    }

    fn add_step(&mut self, step: StepEnded) {
        let key = (step.phase, step.resource, step.effect);
        if !step.failed.is_empty() {
            self.failed.entry(key.clone()).or_default().extend(step.failed);
        }
        if !step.left.is_empty() {
            self.left.entry(key.clone()).or_default().extend(step.left);
        }
        self.done.entry(key).or_default().extend(step.done);
    }
}
