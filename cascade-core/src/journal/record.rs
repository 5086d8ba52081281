//! The records of a run. Their serialised form is what is on disk: names in it never change.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::run::{RunInfo, RunState};
use crate::model::Phase;
use crate::plan::{Limits, PlanVeto};
use crate::report::NestedReport;

/// One thing that is kept of a run.
///
/// Instances are numbered within their resource, in the order in which the plan's chunks list them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Record {
    /// A part of the plan: some instances of a resource.
    Instances(InstanceChunk),
    /// A part of the plan: what hangs off what, pair by pair.
    Pairs(PairChunk),
    /// A part of the plan: every child hangs off every parent.
    Block(BlockChunk),
    /// The plan is whole and confirmed: from here on things are changed.
    Started(RunStart),
    /// A forced run goes on in spite of objections to newcomers.
    Overridden(Overridden),
    /// A step has begun. Nothing waits for this record.
    StepBegun(StepBegun),
    /// A step has ended.
    StepEnded(StepEnded),
    /// A method of the run started a cascade of its own, which has ended.
    Nested(NestedReport),
    /// The run was told to start nothing new.
    Cancelled,
    /// Another owner goes on with it.
    Resumed,
    /// The graph had changed: what was left was planned again. The plan's chunks so far count no more.
    Replanned(Replanned),
    /// The run has ended.
    Ended(RunEnd),
}

/// Some instances of a resource, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceChunk {
    /// The resource.
    pub resource: String,
    /// The number of the first.
    pub first: u32,
    /// Their ids.
    pub ids: Vec<Value>,
    /// What happens to instances, each kind once.
    pub dispositions: Vec<InstanceKind>,
    /// For each instance, its kind.
    pub kind_of: Vec<u32>,
}

/// What happens to an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InstanceKind {
    /// The effects that rules gave it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// Those of them that came by a rule which is not a leaf.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
    /// The effects that run on it: those given, less those that another supersedes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<String>,
    /// Whether a parent's end takes it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub taken: bool,
    /// Whether it stays, and is only listed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retained: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// Pairs of parent and child along one edge, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairChunk {
    /// The parents' resource.
    pub parent: String,
    /// The children's resource.
    pub child: String,
    /// Parent and child.
    pub pairs: Vec<(u32, u32)>,
    /// Children that lost their last owner along the edge, where they go only with that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<u32>,
}

/// Children along one edge that all hang off the same parents, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockChunk {
    /// The parents' resource.
    pub parent: String,
    /// The children's resource.
    pub child: String,
    /// The parents.
    pub parents: Vec<u32>,
    /// The children.
    pub children: Vec<u32>,
}

/// What a run started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStart {
    /// The version of the graph that the plan was made with.
    pub graph: String,
    /// The plan's digest.
    pub digest: String,
    /// How many of the root resource's first instances are roots.
    pub roots: u32,
    /// What the run does after a step has failed: `stop`, `isolate` or `force`.
    pub policy: String,
    /// Whether it goes on in spite of vetoes.
    pub forced: bool,
    /// What it does about drift.
    pub drift: String,
    /// Who confirmed the plan, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<String>,
    /// The vetoes that it goes on in spite of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overridden: Vec<PlanVeto>,
    /// How much it may touch, where that was said for this run; else what its program says counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// The vetoes against instances that joined a forced run: written with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridden {
    /// The vetoes.
    pub vetoes: Vec<PlanVeto>,
}

/// A step: a method, called on some instances of its resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepBegun {
    /// The phase.
    pub phase: Phase,
    /// The resource.
    pub resource: String,
    /// The method.
    pub effect: String,
    /// The instances, by their numbers.
    pub instances: Vec<u32>,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEnded {
    /// The phase.
    pub phase: Phase,
    /// The resource.
    pub resource: String,
    /// The method.
    pub effect: String,
    /// The instances on which it ended well, by their numbers.
    pub done: Vec<u32>,
    /// Those on which it failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedInstance>,
    /// How many of all of them have no effect left.
    pub finished: u64,
}

/// An instance on which a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedInstance {
    /// Its number.
    pub instance: u32,
    /// The error, in words.
    pub error: String,
    /// Whether the world had moved under it: it gets no further step, not even in a forced run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drifted: bool,
}

/// What was left was planned again, because the graph had changed. The chunks of the new plan follow, then the steps on
/// its instances that have ended, and then another [`Record::Started`]: without that, the plan before it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replanned {
    /// The version of the graph that the new plan is made with.
    pub graph: String,
    /// How many instances the new plan has that the old one had not.
    pub added: u64,
    /// How many of those that were left are not in the new plan.
    pub gone: u64,
    /// How many have other effects than before.
    pub changed: u64,
    /// How many instances of the new plan have a step of their own.
    pub instances: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// Whether every instance is done, and cleaned up after.
    pub complete: bool,
    /// Instances whose effects all ended well.
    pub done: u64,
    /// Instances on which a method failed.
    pub failed: u64,
    /// Instances that were held back by one that failed.
    pub blocked: u64,
    /// Instances that the run did not come to.
    pub not_started: u64,
}

/// What records change in what is known of their run: for journals to keep [`RunInfo`](super::RunInfo) up to date
/// without reading them again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunChange {
    /// The new state.
    pub state: Option<RunState>,
    /// There are so many instances from here on, and what ended before counts no more.
    pub planned: Option<u64>,
    /// So many more instances have no step left.
    pub ended: u64,
    /// So many more instances failed.
    pub failed: u64,
    /// Who confirmed the plan.
    pub confirmed_by: Option<String>,
    /// Another owner goes on.
    pub resumed: bool,
}

impl RunChange {
    /// What these records change, all together.
    pub fn of(records: &[Record]) -> Self {
        let mut change = Self::default();
        for record in records {
            change.note(record);
        }
        change
    }

    fn note(&mut self, record: &Record) {
        match record {
            Record::Started(start) => {
                self.state = Some(RunState::Unfinished);
                self.confirmed_by.clone_from(&start.confirmed_by);
            }
            Record::StepEnded(step) => {
                self.ended += step.finished;
                self.failed += step.failed.len() as u64;
            }
            Record::Resumed => self.resumed = true,
            Record::Replanned(plan) => {
                self.planned = Some(plan.instances);
                (self.ended, self.failed) = (0, 0);
            }
            Record::Ended(end) => {
                self.state = Some(if end.complete { RunState::Complete } else { RunState::Incomplete });
            }
            Record::Instances(_)
            | Record::Pairs(_)
            | Record::Block(_)
            | Record::Overridden(_)
            | Record::StepBegun(_)
            | Record::Nested(_)
            | Record::Cancelled => {}
        }
    }

    /// Brings what is known up to date. The time and the owner are the journal's own business.
    pub fn apply(&self, info: &mut RunInfo) {
        info.state = self.state.unwrap_or(info.state);
        if let Some(instances) = self.planned {
            info.run.instances = instances;
            (info.ended, info.failed) = (0, 0);
        }
        info.ended += self.ended;
        info.failed += self.failed;
        if let Some(confirmed_by) = &self.confirmed_by {
            info.confirmed_by = Some(confirmed_by.clone());
        }
        info.takeovers += u64::from(self.resumed);
    }
}
