//! What travels between clients, workers and Restate. Names in it are stable.

use cascade_core::remote::{
    AuthorizeCall, EventRecord, FindCall, Fingerprint, FoundIds, GraphDifference, MethodCall, PlanHeader,
    StepRecord,
};
use cascade_core::{Drift, FailurePolicy, Limits, Phase, PlanVeto, Record};
use serde::{Deserialize, Serialize};

/// Where a plan is stored. It holds no address: a worker reads plans from the ingress of its own configuration only.
/// Older versions sent one here. It is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlanRef {
    /// The key of the object that stores it.
    pub(crate) id: String,
    /// The number of its pages so far.
    pub(crate) pages: u32,
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

/// Some events, in few bytes: most are of steps, and of few kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventPage {
    /// Which steps, each once.
    steps: Vec<StepRecord>,
    events: Vec<PackedEvent>,
}

/// The step by its place in the page, and then its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum PackedEvent {
    #[serde(rename = "s")]
    Started(usize),
    /// Failed, ended, blocked.
    #[serde(rename = "e")]
    Ended(usize, usize, usize, usize),
    #[serde(rename = "o")]
    Other(EventRecord),
}

impl EventPage {
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn push(&mut self, event: EventRecord) {
        let packed = match event {
            EventRecord::StepStarted { step } => PackedEvent::Started(self.place(step)),
            EventRecord::StepEnded { step, failed, ended, blocked } => {
                PackedEvent::Ended(self.place(step), failed, ended, blocked)
            }
            other => PackedEvent::Other(other),
        };
        self.events.push(packed);
    }

    fn place(&mut self, step: StepRecord) -> usize {
        let known = self.steps.iter().position(|known| *known == step);
        known.unwrap_or_else(|| {
            self.steps.push(step);
            self.steps.len() - 1
        })
    }

    /// The events, less those of steps that are not named.
    pub(crate) fn into_events(self) -> impl Iterator<Item = EventRecord> {
        let Self { steps, events } = self;
        events.into_iter().filter_map(move |event| {
            Some(match event {
                PackedEvent::Started(at) => EventRecord::StepStarted { step: steps.get(at)?.clone() },
                PackedEvent::Ended(at, failed, ended, blocked) => {
                    EventRecord::StepEnded { step: steps.get(at)?.clone(), failed, ended, blocked }
                }
                PackedEvent::Other(event) => event,
            })
        })
    }
}

/// How far a run is, with some of its events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProgressAnswer {
    pub(crate) progress: ProgressRecord,
    /// The number of the first page here.
    pub(crate) first_page: u32,
    pub(crate) events: Vec<EventPage>,
}

#[cfg(test)]
mod tests {
    use cascade_core::remote::{Fingerprint, PlanHeader, records, restore};
    use cascade_core::{
        Cascade, Declaration, Delete, Drift, FailurePolicy, Found, Limits, Outcome, Plan, Record,
        ResourceDescriptor, Rule, place,
    };
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::{PlanRef, PutPage, Refusal, RunAbout, RunOutcome, RunRequest};
    use crate::pages::{PAGE_BYTES, RecordPages, size_of};

    /// A pool of 30,000 items with long names.
    fn cascade() -> Cascade {
        let (pool, item) = (ResourceDescriptor::runtime::<String>("Pool", place!()), "Item");
        let mut pools = Declaration::<(), String>::new("Pools", pool.clone(), place!());
        pools.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
        pools.rule(Rule::effect::<Delete>("remove", place!()));
        let item = ResourceDescriptor::runtime::<String>(item, place!());
        let mut items = Declaration::<(), String>::new("Items", item, place!());
        items.edge(pool.clone(), place!());
        items.finder("under", pool.clone(), None, place!(), |(), pools: &[String], _| {
            let of = |pool: &String| {
                (0..30_000).map(|at| (pool.clone(), format!("{at:0>80}"))).collect::<Vec<_>>()
            };
            let found = pools.iter().flat_map(of).collect();
            Box::pin(async { Ok(Found::Pairs(found)) })
        });
        items.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
        items.rule(Rule::effect::<Delete>("remove", place!()).from(pool));
        Cascade::builder().declare((), pools).declare((), items).build().unwrap()
    }

    fn plan(cascade: &Cascade) -> Plan {
        let planned = async { cascade.plan_named(Delete, "Pool", ["p"]).await.unwrap() };
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(planned)
    }

    fn through_text<T: Serialize + DeserializeOwned>(value: &T) -> T {
        serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
    }

    #[test]
    fn a_plan_is_the_same_after_its_journey_in_pages() {
        let cascade = cascade();
        let plan = plan(&cascade);
        let header = Some(PlanHeader::of(&plan).unwrap());
        let pages = RecordPages::new(records(&plan, None)).map(Result::unwrap);
        let pages: Vec<PutPage> = (0..)
            .zip(pages)
            .map(|(number, records)| PutPage { number, header: header.clone(), records })
            .collect();
        assert!(pages.len() > 2, "{} pages", pages.len());
        assert!(pages.iter().all(|page| size_of(&page.records) <= PAGE_BYTES + 1000));
        let read: Vec<Record> = through_text(&pages).into_iter().flat_map(|page| page.records).collect();
        let restored = restore(&cascade, &through_text(&header).unwrap(), read).unwrap();
        assert_eq!(restored.digest().unwrap(), plan.digest().unwrap());
        assert_eq!(restored.to_string(), plan.to_string());
    }

    #[test]
    fn address_in_a_plan_reference_of_an_older_version_is_ignored() {
        let old = r#"{"id": "p", "pages": 3, "ingress": "http://192.0.2.1:8080"}"#;
        let read: PlanRef = serde_json::from_str(old).unwrap();
        assert_eq!(read, PlanRef { id: String::from("p"), pages: 3 });
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"id":"p","pages":3}"#);
    }

    #[test]
    fn what_a_run_starts_and_ends_with_is_the_same_after_its_journey() {
        let cascade = cascade();
        let plan = plan(&cascade);
        let fingerprint = Fingerprint::of(&cascade);
        let request = RunRequest {
            plan: PlanRef { id: String::from("p"), pages: 3 },
            about: RunAbout {
                header: PlanHeader::of(&plan).unwrap(),
                plan: String::from("p"),
                digest: plan.digest().unwrap(),
                policy: FailurePolicy::Isolate,
                forced: true,
                confirmed_by: None,
            },
            drift: Drift::Chase,
            limits: Some(Limits::none().instances(7).resource("Item", 5)),
            steps: 256,
            fingerprint,
        };
        assert_eq!(through_text(&request), request);
        let refused = RunOutcome::Refused(Refusal::Other(String::from("no")));
        assert_eq!(through_text(&refused), refused);
    }
}
