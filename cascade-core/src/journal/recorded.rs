//! What a journal holds of a run, read record by record, by names and numbers: without the graph that it was made with.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::JournalError;
use super::journal::Journal;
use super::record::{FailedInstance, InstanceChunk, InstanceKind, Record, RunEnd, RunStart, StepEnded};
use crate::affected::{Arcs, Block};
use crate::model::{Phase, RunId};
use crate::plan::PlanVeto;
use crate::report::NestedReport;

/// Records that are read at once.
const PAGE: usize = 100;

/// Which steps: of which phase, on which resource, of which method.
pub(crate) type StepKey = (Phase, String, String);

/// What a journal holds of a run.
#[derive(Default)]
pub(crate) struct Recorded {
    pub(crate) columns: BTreeMap<String, RecordedColumn>,
    /// By the names of the parents' and the children's resource.
    pub(crate) arcs: BTreeMap<(String, String), Arcs>,
    pub(crate) done: BTreeMap<StepKey, Vec<u32>>,
    pub(crate) failed: BTreeMap<StepKey, Vec<FailedInstance>>,
    /// There once the plan is whole.
    pub(crate) start: Option<RunStart>,
    /// The vetoes that the run goes on in spite of, so far.
    pub(crate) overridden: Vec<PlanVeto>,
    pub(crate) nested: Vec<NestedReport>,
    pub(crate) cancelled: bool,
    pub(crate) end: Option<RunEnd>,
    /// A plan that is to come in the place of this one, once it is whole.
    next: Option<Box<Recorded>>,
}

/// The instances of one resource.
#[derive(Default)]
pub(crate) struct RecordedColumn {
    pub(crate) ids: Vec<Value>,
    pub(crate) dispositions: Vec<InstanceKind>,
    pub(crate) kind_of: Vec<u32>,
}

impl RecordedColumn {
    /// What happens to an instance that is there.
    pub(crate) fn kind(&self, at: u32) -> &InstanceKind {
        &self.dispositions[self.kind_of[at as usize] as usize]
    }
}

impl Recorded {
    /// Reads all records of a run, a page at a time.
    pub(crate) async fn read(journal: &dyn Journal, run: &RunId) -> Result<Self, JournalError> {
        Self::read_with(journal, run, |_| ()).await
    }

    /// The same, where `see` is shown each record.
    pub(crate) async fn read_with(
        journal: &dyn Journal,
        run: &RunId,
        mut see: impl FnMut(&Record),
    ) -> Result<Self, JournalError> {
        let mut recorded = Self::default();
        let mut after = 0;
        loop {
            let page = journal.read(run, after, PAGE).await?;
            if page.is_empty() {
                return Ok(recorded);
            }
            for (position, record) in page {
                see(&record);
                recorded.take(record).map_err(|what| JournalError::Unreadable {
                    run: run.clone(),
                    position,
                    what,
                })?;
                after = position;
            }
        }
    }

    /// What these records hold.
    #[cfg(feature = "remote")]
    pub(crate) fn of(records: impl IntoIterator<Item = Record>) -> Result<Self, String> {
        let mut recorded = Self::default();
        for record in records {
            recorded.take(record)?;
        }
        Ok(recorded)
    }

    fn take(&mut self, record: Record) -> Result<(), String> {
        match record {
            Record::Replanned(_) => {
                self.next = Some(Box::default());
                Ok(())
            }
            Record::Started(start) => {
                if let Some(next) = self.next.take() {
                    let nested = std::mem::take(&mut self.nested);
                    *self = Self { nested, cancelled: self.cancelled, ..*next };
                }
                self.overridden.clone_from(&start.overridden);
                self.start = Some(start);
                Ok(())
            }
            Record::Overridden(newcomers) => {
                self.overridden.extend(newcomers.vetoes);
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
            record => match &mut self.next {
                Some(next) => next.take_part(record),
                None => self.take_part(record),
            },
        }
    }

    /// Takes what belongs to one plan.
    fn take_part(&mut self, record: Record) -> Result<(), String> {
        match record {
            Record::Instances(chunk) => self.take_instances(chunk)?,
            Record::Pairs(chunk) => {
                let arcs = self.arcs.entry((chunk.parent, chunk.child)).or_default();
                arcs.extend(chunk.pairs.into_iter(), 0);
                arcs.released.extend(chunk.released);
            }
            Record::Block(chunk) => {
                let block = Block { parents: chunk.parents, children: chunk.children };
                self.arcs.entry((chunk.parent, chunk.child)).or_default().blocks.push(block);
            }
            Record::StepEnded(step) => self.take_step(step),
            _ => {}
        }
        Ok(())
    }

    fn take_instances(&mut self, chunk: InstanceChunk) -> Result<(), String> {
        let column = self.columns.entry(chunk.resource).or_default();
        let first = chunk.first as usize;
        if first > column.ids.len() || chunk.ids.len() != chunk.kind_of.len() {
            return Err(format!("instances from {first} on, where there are {}", column.ids.len()));
        }
        let kinds = column.dispositions.len() as u32;
        column.dispositions.extend(chunk.dispositions);
        for (at, (id, kind)) in (first..).zip(chunk.ids.into_iter().zip(chunk.kind_of)) {
            let kind = kinds + kind;
            if kind as usize >= column.dispositions.len() {
                return Err(String::from("an instance of a kind that is not there"));
            }
            // What is there already joined the plan before, and gets further effects.
            if at < column.ids.len() {
                column.kind_of[at] = kind;
            } else {
                column.ids.push(id);
                column.kind_of.push(kind);
            }
        }
        Ok(())
    }

    fn take_step(&mut self, step: StepEnded) {
        let key = (step.phase, step.resource, step.effect);
        if !step.failed.is_empty() {
            self.failed.entry(key.clone()).or_default().extend(step.failed);
        }
        self.done.entry(key).or_default().extend(step.done);
    }
}
