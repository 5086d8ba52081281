//! The messages between clients, workers and Restate. Their field names are stable. Unknown fields are ignored.

use cascade_core::remote::{
    AuthorizeCall, FindCall, Fingerprint, FoundIds, GraphDifference, MethodCall, PlanHeader,
};
use cascade_core::{Drift, FailurePolicy, Limits, Phase, PlanVeto, Record};
use serde::{Deserialize, Serialize};

use crate::event_page::EventPage;

/// Names a stored plan. It holds no address: a worker reads plans from the ingress of its own configuration only. Older
/// versions sent an address here. It is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlanRef {
    /// The key of the object that stores it.
    pub(crate) id: String,
    /// The number of its pages so far.
    pub(crate) pages: u32,
}

/// A page of a plan to be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PutPage {
    pub(crate) number: u32,
    /// In page 0 only.
    pub(crate) header: Option<PlanHeader>,
    pub(crate) records: Vec<Record>,
}

/// A call of a method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepMessage {
    /// The version of the caller's graph.
    pub(crate) graph: String,
    pub(crate) plan: PlanRef,
    pub(crate) call: MethodCall,
}

/// A call of a finder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FindMessage {
    /// The version of the caller's graph.
    pub(crate) graph: String,
    pub(crate) call: FindCall,
    /// The row of the answer that the page must begin at.
    pub(crate) from: usize,
}

/// A page of a finder's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FoundPage {
    pub(crate) found: FoundIds,
    /// The number of rows of the whole answer.
    pub(crate) rows: usize,
    /// The digest of the whole answer: pages of two different answers are not joined.
    pub(crate) digest: String,
}

/// A call of all authorizers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorizeMessage {
    /// The version of the caller's graph.
    pub(crate) graph: String,
    pub(crate) plan: PlanRef,
    pub(crate) call: AuthorizeCall,
}

/// The input of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunRequest {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) plan: PlanRef,
    pub(crate) about: RunAbout,
    pub(crate) drift: Drift,
    /// They replace those of the workers.
    pub(crate) limits: Option<Limits>,
    /// The maximum number of steps in flight.
    pub(crate) steps: usize,
}

/// The description of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunAbout {
    pub(crate) header: PlanHeader,
    /// The key of the object that stores the plan.
    pub(crate) plan: String,
    pub(crate) digest: String,
    pub(crate) policy: FailurePolicy,
    pub(crate) forced: bool,
    #[serde(default)]
    pub(crate) allow_cuts: bool,
    pub(crate) confirmed_by: Option<String>,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RunOutcome {
    /// It ran. Its report is stored in pages, and so is its plan, which may have grown.
    Ended {
        report_pages: u32,
        /// The key of the object that stores the plan, and the number of pages.
        plan: String,
        plan_pages: u32,
        complete: bool,
        done: usize,
        failed: usize,
        blocked: usize,
        not_started: usize,
        #[serde(default)]
        left: usize,
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
    /// The worker links other extensions.
    Differs(GraphDifference),
    Other(String),
}

/// The progress of a run when it last reported.
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
    /// The time of the report, in milliseconds since 1970.
    pub(crate) at: u64,
    /// The first page of events that is kept, and the number after the last one.
    pub(crate) first_page: u32,
    pub(crate) pages: u32,
    /// The number of pages of the plan.
    pub(crate) plan_pages: u32,
    /// Whether the run has ended.
    pub(crate) over: bool,
    /// Whether it has ended with every instance done.
    pub(crate) complete: bool,
}

/// A step in flight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnderWayRecord {
    pub(crate) call: MethodCall,
    /// The number of instances. `call` names only the first few.
    pub(crate) instances: usize,
    /// In milliseconds since 1970.
    pub(crate) since: u64,
}

/// A question for the progress of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProgressQuery {
    /// The first page of events in the answer.
    pub(crate) from_page: u32,
}

/// The progress of a run, with some of its events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProgressAnswer {
    pub(crate) progress: ProgressRecord,
    /// The number of the first page in `events`.
    pub(crate) first_page: u32,
    pub(crate) events: Vec<EventPage>,
}

#[cfg(test)]
mod tests {
    use cascade_core::remote::{Fingerprint, PlanHeader};
    use cascade_core::{
        Cascade, Declaration, Delete, Drift, FailurePolicy, Limits, Outcome, Plan, ResourceDescriptor, Rule,
        place,
    };
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::{PlanRef, Refusal, RunAbout, RunOutcome, RunRequest};

    fn cascade() -> Cascade {
        let item = ResourceDescriptor::runtime::<String>("Item", place!());
        let mut items = Declaration::<(), String>::new("Items", item, place!());
        items.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
        items.rule(Rule::effect::<Delete>("remove", place!()));
        Cascade::builder().declare((), items).build().unwrap()
    }

    fn plan(cascade: &Cascade) -> Plan {
        let planned = async { cascade.plan_named(Delete, "Item", ["a", "b"]).await.unwrap() };
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(planned)
    }

    fn through_text<T: Serialize + DeserializeOwned>(value: &T) -> T {
        serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
    }

    #[test]
    fn address_in_a_plan_reference_of_an_older_version_is_ignored() {
        let old = r#"{"id": "p", "pages": 3, "ingress": "http://192.0.2.1:8080"}"#;
        let read: PlanRef = serde_json::from_str(old).unwrap();
        assert_eq!(read, PlanRef { id: String::from("p"), pages: 3 });
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"id":"p","pages":3}"#);
    }

    #[test]
    fn request_and_outcome_of_a_run_are_read_as_they_were_written() {
        let cascade = cascade();
        let plan = plan(&cascade);
        let request = RunRequest {
            fingerprint: Fingerprint::of(&cascade),
            plan: PlanRef { id: String::from("p"), pages: 3 },
            about: RunAbout {
                header: PlanHeader::of(&plan).unwrap(),
                plan: String::from("p"),
                digest: plan.digest().unwrap(),
                policy: FailurePolicy::Isolate,
                forced: true,
                allow_cuts: true,
                confirmed_by: None,
            },
            drift: Drift::Follow,
            limits: Some(Limits::none().instances(7).resource("Item", 5)),
            steps: 256,
        };
        assert_eq!(through_text(&request), request);
        let refused = RunOutcome::Refused(Refusal::Other(String::from("no")));
        assert_eq!(through_text(&refused), refused);
    }
}
