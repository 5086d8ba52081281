//! A client: the methods of `Cascade`, for runs on workers.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cascade_core::remote::{Fingerprint, report_from, stuck, with_remote};
use cascade_core::{
    Cascade, Operation, Plan, PlanError, Report, Resource, RootSet, Roots, RunId, StartsFrom, StuckStep,
    unix_millis,
};
use restate_sdk::context::RequestTarget;

use crate::error::RestateError;
use crate::ingress::Ingress;
use crate::names::{CASCADE, GRAPH, Version, run_target};
use crate::plans;
use crate::remote::Workers;
use crate::wire::{
    PlanRef, ProgressAnswer, ProgressQuery, ProgressRecord, Refusal, RunAbout, RunOutcome, UnderWayRecord,
};

/// The default for steps of one run in flight.
const STEPS: usize = 256;

/// Plans operations and runs plans on workers that are registered with Restate. Clones are cheap.
///
/// ```no_run
/// use cascade_core::{Cascade, Delete};
/// use cascade_restate::Client;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cascade = Cascade::linked().build()?;
/// let client = Client::connect(&cascade, "http://127.0.0.1:8080").await?;
/// let plan = client.plan_named(Delete, "Zone", ["zone-1"]).await?;
/// println!("{plan}");
/// let report = client.apply(plan).await?;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    /// Its methods are called on workers.
    pub(crate) cascade: Cascade,
    pub(crate) workers: Arc<Workers>,
    /// The maximum number of steps of a run in flight.
    pub(crate) steps: usize,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.workers.ingress.address())
    }
}

impl Client {
    /// A client with the extensions of `cascade`, whose methods are called on workers. `address` is that of Restate's
    /// ingress. Fails if Restate does not answer there.
    pub async fn connect(cascade: &Cascade, address: &str) -> Result<Self, RestateError> {
        let ingress = Ingress::new(address)?;
        ingress.health().await?;
        let workers = Arc::new(Workers::new(ingress, Version::of(cascade), cascade.shared_graph()));
        let driven = with_remote(cascade, Arc::clone(&workers) as _, usize::MAX);
        Ok(Self { cascade: driven, workers, steps: STEPS })
    }

    /// The maximum number of steps of a run in flight. Default 256; zero is treated as one.
    #[must_use]
    pub fn steps_in_flight(mut self, steps: usize) -> Self {
        self.steps = steps.max(1);
        self
    }

    pub(crate) fn ingress(&self) -> &Ingress {
        &self.workers.ingress
    }

    /// Finds all instances that `operation` on `roots` would affect, and calls the checks, all on workers.
    pub async fn plan<O, R>(&self, operation: O, roots: Roots<R>) -> Result<Plan, RestateError>
    where
        O: StartsFrom<R>,
        R: Resource,
    {
        let planned = self.cascade.plan(operation, roots).await;
        self.planned(planned).await
    }

    /// Plans like [`plan`](Self::plan), for programs that know resources and ids only as text.
    pub async fn plan_named<O: Operation>(
        &self,
        operation: O,
        resource: &str,
        roots: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Plan, RestateError> {
        let planned = self.cascade.plan_named(operation, resource, roots).await;
        self.planned(planned).await
    }

    /// Plans from roots of several resources, like [`Cascade::plan_all`].
    pub async fn plan_all<O: Operation>(
        &self,
        operation: O,
        roots: RootSet<O>,
    ) -> Result<Plan, RestateError> {
        let planned = self.cascade.plan_all(operation, roots).await;
        self.planned(planned).await
    }

    /// Prefers this crate's own error to the one that the engine made of it.
    async fn planned(&self, planned: Result<Plan, PlanError>) -> Result<Plan, RestateError> {
        let own = self.workers.take_error();
        match (planned, own) {
            (Ok(plan), _) => Ok(plan),
            (Err(_), Some(error)) => Err(self.explained(error).await),
            (Err(error), None) => Err(error.into()),
        }
    }

    /// Where no worker fits this program, adds the difference from the newest worker.
    pub(crate) async fn explained(&self, error: RestateError) -> RestateError {
        let RestateError::NoWorker { address } = error else { return error };
        let target = RequestTarget::service(GRAPH, "fingerprint");
        let theirs: Result<Fingerprint, RestateError> = self.ingress().get(&target).await;
        let difference = theirs.ok().and_then(|theirs| self.workers.version.fingerprint.difference(&theirs));
        match difference {
            Some(difference) => RestateError::Differs { address, difference: Box::new(difference) },
            None => RestateError::NoWorker { address },
        }
    }

    /// Waits for the end of a run that any client has started.
    pub async fn attach(&self, run: &RunId) -> Result<Report, RestateError> {
        self.ended(run, None).await
    }

    /// Waits for the end of a run. `planned` is its plan, if the caller has it.
    pub(crate) async fn ended(
        &self,
        run: &RunId,
        planned: Option<(Plan, PlanRef)>,
    ) -> Result<Report, RestateError> {
        let outcome: Option<RunOutcome> = self.ingress().attach(CASCADE, run.as_str()).await?;
        match outcome.ok_or_else(|| self.unknown(run))? {
            RunOutcome::Refused(refusal) => Err(self.refused(run, refusal)),
            RunOutcome::Ended { report_pages, plan_pages, plan: id, .. } => {
                let plan = match planned {
                    Some((plan, stored)) if stored.pages == plan_pages && stored.id == id => plan,
                    _ => self.stored_plan(run, id, plan_pages).await?,
                };
                self.report(run, &plan, report_pages).await
            }
        }
    }

    fn refused(&self, run: &RunId, refusal: Refusal) -> RestateError {
        use cascade_core::ApplyError;
        match refusal {
            Refusal::Vetoed(vetoes) => ApplyError::Vetoed { vetoes }.into(),
            Refusal::Denied(denials) => ApplyError::Denied { denials }.into(),
            Refusal::Differs(difference) => {
                let address = self.ingress().address().to_owned();
                RestateError::Differs { address, difference: Box::new(difference) }
            }
            Refusal::Other(reason) => RestateError::Refused { run: run.clone(), reason },
        }
    }

    async fn stored_plan(&self, run: &RunId, id: String, pages: u32) -> Result<Plan, RestateError> {
        let plan = plans::read(self.ingress(), &self.cascade, &PlanRef { id, pages }).await;
        plan.map_err(|error| RestateError::Unreadable { run: run.clone(), what: error.to_string() })
    }

    async fn report(&self, run: &RunId, plan: &Plan, pages: u32) -> Result<Report, RestateError> {
        let unreadable = |what: String| RestateError::Unreadable { run: run.clone(), what };
        let mut report = Vec::new();
        for number in 0..pages {
            let page: Option<_> = self.ingress().call(&run_target(run, "report"), &number).await?;
            let missing =
                || unreadable(format!("Restate does not hold page {number} of its report any more"));
            report.push(page.ok_or_else(missing)?);
        }
        report_from(plan, report).map_err(unreadable)
    }

    pub(crate) fn unknown(&self, run: &RunId) -> RestateError {
        RestateError::UnknownRun { address: self.ingress().address().to_owned(), run: run.clone() }
    }

    pub(crate) async fn about(&self, run: &RunId) -> Result<Option<RunAbout>, RestateError> {
        self.ingress().get(&run_target(run, "about")).await
    }

    /// Cancels a run: running steps end, and nothing new starts.
    pub async fn cancel(&self, run: &RunId) -> Result<(), RestateError> {
        self.about(run).await?.ok_or_else(|| self.unknown(run))?;
        self.cancel_started(run).await
    }

    /// Cancels a run that was started, although its workflow may not have begun.
    pub(crate) async fn cancel_started(&self, run: &RunId) -> Result<(), RestateError> {
        self.ingress().signal(&run_target(run, "cancel")).await
    }

    pub(crate) async fn progress_record(&self, run: &RunId) -> Result<ProgressRecord, RestateError> {
        let query = ProgressQuery { from_page: u32::MAX };
        let answer: ProgressAnswer = self.ingress().call(&run_target(run, "progress"), &query).await?;
        Ok(answer.progress)
    }

    /// The steps that were in flight when the run last reported, the oldest first, with what waits for them.
    pub async fn stuck(&self, run: &RunId) -> Result<Vec<StuckStep>, RestateError> {
        let under_way: Vec<UnderWayRecord> = self.ingress().get(&run_target(run, "stuck")).await?;
        if under_way.is_empty() {
            return Ok(Vec::new());
        }
        let about = self.about(run).await?.ok_or_else(|| self.unknown(run))?;
        let pages = self.progress_record(run).await?.plan_pages;
        let plan = self.stored_plan(run, about.plan, pages).await?;
        let now = unix_millis(SystemTime::now());
        let steps = under_way.into_iter().filter_map(|record| {
            let since = Duration::from_millis(now.saturating_sub(record.since));
            stuck(&plan, &record.call, record.instances, since)
        });
        Ok(steps.collect())
    }
}
