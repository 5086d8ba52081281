//! What travels between clients, workers and Restate. Names in it are stable.

use cascade_core::remote::{
    AuthorizeCall, EventRecord, FindCall, Fingerprint, FoundIds, GraphDifference, MethodCall, PlanHeader,
};
use cascade_core::{Drift, FailurePolicy, Limits, Phase, PlanVeto, Record};
use serde::{Deserialize, Serialize};

/// Where a plan is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlanRef {
    /// What it was stored under.
    pub(crate) id: String,
    /// How many pages it has so far.
    pub(crate) pages: u32,
    /// Where Restate is asked for them, unless the worker knows better.
    pub(crate) ingress: String,
}

/// A page of a plan that is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PutPage {
    pub(crate) number: u32,
    /// With the first page.
    pub(crate) header: Option<PlanHeader>,
    pub(crate) records: Vec<Record>,
}

/// A step, for a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepMessage {
    pub(crate) graph: String,
    pub(crate) plan: PlanRef,
    pub(crate) call: MethodCall,
}

/// A question to a finder, for a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FindMessage {
    pub(crate) graph: String,
    pub(crate) call: FindCall,
    /// The first row of the answer that is wanted.
    pub(crate) from: usize,
}

/// A part of what a finder found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FoundPage {
    pub(crate) found: FoundIds,
    /// How many rows the whole answer has.
    pub(crate) rows: usize,
    /// Of the whole answer: parts of two answers make none.
    pub(crate) digest: String,
}

/// A question to authorizers, for a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorizeMessage {
    pub(crate) graph: String,
    pub(crate) plan: PlanRef,
    pub(crate) call: AuthorizeCall,
}

/// What a run starts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunRequest {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) plan: PlanRef,
    pub(crate) about: RunAbout,
    pub(crate) drift: Drift,
    /// In the place of those of the workers.
    pub(crate) limits: Option<Limits>,
    /// Steps in flight, at most.
    pub(crate) steps: usize,
}

/// What people want to know of a run before anything else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunAbout {
    pub(crate) header: PlanHeader,
    /// What the plan was stored under.
    pub(crate) plan: String,
    pub(crate) digest: String,
    pub(crate) policy: FailurePolicy,
    pub(crate) forced: bool,
    pub(crate) confirmed_by: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RunOutcome {
    /// It ran: its report is kept in pages, and so is its plan, which may have grown.
    Ended {
        report_pages: u32,
        /// What its plan is stored under, and in how many pages.
        plan: String,
        plan_pages: u32,
        complete: bool,
        done: usize,
        failed: usize,
        blocked: usize,
        not_started: usize,
    },
    /// It did not start, and nothing was changed.
    Refused(Refusal),
}

/// Why a run did not start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Refusal {
    Vetoed(Vec<PlanVeto>),
    Denied(Vec<PlanVeto>),
    /// The worker has other extensions linked.
    Differs(GraphDifference),
    Other(String),
}

/// How far a run was when it last said so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProgressRecord {
    pub(crate) phase: Option<Phase>,
    pub(crate) running: usize,
    /// Steps that have ended in this phase.
    pub(crate) ended: usize,
    pub(crate) instances: usize,
    /// Instances that have no step left, and those of them that failed.
    pub(crate) instances_ended: usize,
    pub(crate) instances_failed: usize,
    /// When it said so, in milliseconds since 1970.
    pub(crate) at: u64,
    /// The first page of events that is kept, and the number behind the last one.
    pub(crate) first_page: u32,
    pub(crate) pages: u32,
    /// How many pages of the plan there are.
    pub(crate) plan_pages: u32,
    /// Whether the run has ended; and then, whether every instance is done.
    pub(crate) over: bool,
    pub(crate) complete: bool,
}

/// A step that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnderWayRecord {
    pub(crate) call: MethodCall,
    /// How many instances there are: `call` names the first few.
    pub(crate) instances: usize,
    /// In milliseconds since 1970.
    pub(crate) since: u64,
}

/// What is asked of a run's progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProgressQuery {
    /// The first page of events that is wanted.
    pub(crate) from_page: u32,
}

/// How far a run is, with some of its events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProgressAnswer {
    pub(crate) progress: ProgressRecord,
    /// The number of the first page here.
    pub(crate) first_page: u32,
    pub(crate) events: Vec<Vec<EventRecord>>,
}
