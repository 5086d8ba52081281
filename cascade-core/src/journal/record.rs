//! The records of a run. Journals store their serialised form, so the serialised names never change.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Phase;
use crate::plan::{Limits, PlanDifference, PlanVeto};
use crate::report::NestedReport;

/// An entry in the log of a run.
///
/// Records name an instance by its number within its resource: its position, from 0, among the instances that the plan's
/// chunks list for that resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Record {
    /// A part of the plan: roots of a further resource. First in a plan with roots of several resources.
    Roots(FurtherRoots),
    /// A part of the plan: some instances of a resource.
    Instances(InstanceChunk),
    /// A part of the plan: pairs of a parent and a child that depends on it.
    Pairs(PairChunk),
    /// A part of the plan: children that all depend on the same parents.
    Block(BlockChunk),
    /// The plan is complete and confirmed. Steps start after this record.
    Started(RunStart),
    /// Instances that departed while the run was under way: it leaves them as they are. They depend on none of their parents
    /// any more.
    Departed(Departed),
    /// Pairs of the plan that depend on each other no longer.
    Lost(PairChunk),
    /// Instances on which an earlier process may have begun an effect. Written together with late dependents, for which these
    /// instances may have to wait.
    MayHaveBegun(MayHaveBegun),
    /// A forced run continues despite vetoes against late dependents.
    Overridden(Overridden),
    /// A step has started. The step does not wait for this record.
    StepBegun(StepBegun),
    /// A step has ended.
    StepEnded(StepEnded),
    /// A nested cascade, which a method of the run had started, has ended.
    Nested(#[serde(with = "super::stored::nested")] NestedReport),
    /// The run was cancelled: it starts no further step.
    Cancelled,
    /// Another owner has resumed the run.
    Resumed,
    /// The graph had changed, and the rest of the run was planned again. The new plan replaces the earlier chunks.
    Replanned(Replanned),
    /// The run has ended.
    Ended(RunEnd),
}

/// Roots of a resource that is not the first root resource of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FurtherRoots {
    /// The resource.
    pub resource: String,
    /// The number of its roots. They are the first instances of the resource.
    pub count: u32,
}

/// Some instances of a resource, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceChunk {
    /// The resource.
    pub resource: String,
    /// The number of the first instance.
    pub first: u32,
    /// Their ids.
    pub ids: Vec<Value>,
    /// The distinct dispositions of these instances.
    pub kinds: Vec<InstanceKind>,
    /// For each instance, the index of its disposition in `kinds`.
    pub kind_of: Vec<u32>,
}

/// The disposition of an instance: what the operation does with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InstanceKind {
    /// The effects that rules selected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// Those effects whose rule is not a leaf: the operation continues to the dependents of the instance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
    /// The effects that run: those in `given` that no other of them supersedes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<String>,
    /// Whether the instance completes together with a parent (`with_parent`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub taken: bool,
    /// Whether the instance is retained: it is listed, and no effect runs on it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retained: bool,
    /// Whether the instance departed while the run was under way.
    #[serde(default, skip_serializing_if = "is_false")]
    pub left: bool,
    /// In a plan with roots of several resources: the root resources whose rules let the operation continue to the dependents
    /// of the instance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expanded: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// Pairs of a parent and a child along one edge, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairChunk {
    /// The parents' resource.
    pub parent: String,
    /// The children's resource.
    pub child: String,
    /// The role of the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// In a plan with roots of several resources: the root resource by whose rules the children were found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Each pair: the parent, the child.
    pub pairs: Vec<(u32, u32)>,
    /// For a `shared` edge: the children that lose their last owner, and so are affected too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<u32>,
}

/// Children along one edge that all depend on the same parents, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockChunk {
    /// The parents' resource.
    pub parent: String,
    /// The children's resource.
    pub child: String,
    /// The role of the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// In a plan with roots of several resources: the root resource by whose rules the children were found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// The parents.
    pub parents: Vec<u32>,
    /// The children.
    pub children: Vec<u32>,
}

/// The inputs of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStart {
    /// The version of the graph that the plan was computed from.
    pub graph: String,
    /// The plan's digest.
    pub digest: String,
    /// The number of root instances of the first root resource. They are the first instances of that resource.
    pub roots: u32,
    /// The failure policy: `stop`, `isolate` or `force`.
    pub policy: String,
    /// Whether the run overrides vetoes.
    pub forced: bool,
    /// Whether the run may give up the order of cycles where its plan does.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_cuts: bool,
    /// How the run handles drift: `ignore`, `refuse`, `exact` or `follow`. Earlier versions wrote `chase` for `follow`.
    pub drift: String,
    /// How long the run relies on a discovery of everything before it discovers again, in milliseconds. Earlier versions did
    /// not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh_for_millis: Option<u64>,
    /// The person or system that confirmed the plan, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<String>,
    /// The vetoes that the run overrides.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "super::stored::vetoes")]
    pub overridden: Vec<PlanVeto>,
    /// The difference between the approved plan and that of this run, if there was one and it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Box<PlanDifference>>,
    /// The limits of this run; without them, the limits of the program apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// Instances of a resource on which an earlier process may have begun an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MayHaveBegun {
    /// The resource.
    pub resource: String,
    /// The instances, by their numbers.
    pub instances: Vec<u32>,
}

/// Instances of a resource that departed while the run was under way. Written together with the changes of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departed {
    /// The resource.
    pub resource: String,
    /// The instances.
    pub instances: Vec<DepartedInstance>,
    /// How many of them had an effect to run.
    pub finished: u64,
}

/// An instance that departed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepartedInstance {
    /// Its number.
    pub instance: u32,
    /// Why the run leaves it as it is.
    pub reason: String,
}

/// The vetoes against late dependents that a forced run overrides. Written together with their instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridden {
    /// The vetoes.
    #[serde(with = "super::stored::vetoes")]
    pub vetoes: Vec<PlanVeto>,
}

/// The start of a step: a call of a method on some instances of its resource.
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

/// The result of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEnded {
    /// The phase.
    pub phase: Phase,
    /// The resource.
    pub resource: String,
    /// The method.
    pub effect: String,
    /// The instances on which the method succeeded, by their numbers.
    pub done: Vec<u32>,
    /// The instances on which the method failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedInstance>,
    /// The instances that the method left as they are. Earlier versions did not write it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LeftInstance>,
    /// How many of these instances have no further effect to run.
    pub finished: u64,
}

/// An instance on which a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedInstance {
    /// The number of the instance.
    pub instance: u32,
    /// The error message.
    pub error: String,
    /// Whether the instance had drifted: it changed since the plan, and gets no further step, even in a forced run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drifted: bool,
}

/// An instance that an effect left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftInstance {
    /// The number of the instance.
    pub instance: u32,
    /// Why the effect left it.
    pub reason: String,
}

/// The rest of the run was planned again, because the graph had changed. The chunks of the new plan follow, then the ended
/// steps on its instances, and then another [`Record::Started`]. Until that record, the earlier plan remains valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replanned {
    /// The version of the graph that the new plan was computed from.
    pub graph: String,
    /// The number of instances that only the new plan acts on.
    pub added: u64,
    /// The number of unfinished instances that are not in the new plan.
    pub gone: u64,
    /// The number of instances whose effects differ from those of the earlier plan.
    pub changed: u64,
    /// The number of instances of the new plan that have a step of their own.
    pub instances: u64,
}

/// The result of a run, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// Whether every instance is done and its cleanup succeeded.
    pub complete: bool,
    /// Instances whose effects all succeeded.
    pub done: u64,
    /// Instances on which a method failed.
    pub failed: u64,
    /// Instances that did not run because an instance that they wait for failed.
    pub blocked: u64,
    /// Instances that were not started before the run ended.
    pub not_started: u64,
    /// Instances that the run left as they are. Earlier versions did not write it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left: u64,
}
