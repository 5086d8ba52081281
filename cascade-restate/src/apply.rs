//! Applies a plan on workers.

use std::fmt;
use std::future::IntoFuture;

use cascade_core::remote::PlanHeader;
use cascade_core::{
    Apply, ApplyError, CancellationToken, Drift, Event, FailurePolicy, Limits, Plan, Report, RunId,
};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use http::{HeaderName, HeaderValue};

use crate::client::Client;
use crate::error::RestateError;
use crate::names::run_target;
use crate::trace::HEADERS;
use crate::wire::{PlanRef, RunAbout, RunRequest};

impl Client {
    /// Runs a plan on workers. Awaiting the result starts the run and waits for its end. A run that was started continues if
    /// the future is dropped or this program ends.
    pub fn apply(&self, plan: Plan) -> RemoteApply {
        RemoteApply::new(self.clone(), plan)
    }
}

type Observer = Box<dyn Fn(&Event) + Send + Sync>;

/// A plan to be run on workers, and the settings of the run. [`start`](Self::start) it, or await it.
#[must_use = "nothing runs until this is started or awaited"]
pub struct RemoteApply {
    client: Client,
    plan: Plan,
    policy: FailurePolicy,
    forced: bool,
    allow_cuts: bool,
    drift: Drift,
    tolerated: Vec<(String, usize)>,
    limits: Option<Limits>,
    confirmed: Option<String>,
    confirmed_by: Option<String>,
    run: RunId,
    cancel: CancellationToken,
    observers: Vec<Observer>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl fmt::Debug for RemoteApply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteApply({}, {} instances)", self.run, self.plan.len())
    }
}

impl RemoteApply {
    fn new(client: Client, plan: Plan) -> Self {
        Self {
            client,
            plan,
            policy: FailurePolicy::default(),
            forced: false,
            allow_cuts: false,
            drift: Drift::default(),
            tolerated: Vec::new(),
            limits: None,
            confirmed: None,
            confirmed_by: None,
            run: RunId::generate(),
            cancel: CancellationToken::new(),
            observers: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// How the run continues after a failed step. Default [`FailurePolicy::Stop`].
    pub fn policy(mut self, policy: FailurePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Whether the run overrides vetoes. The report then lists them.
    pub fn forced(mut self, forced: bool) -> Self {
        self.forced = forced;
        self
    }

    /// Allows the run to give up the order of cycles of instances where the plan says so, as
    /// [`Apply::allow_cuts`](cascade_core::Apply::allow_cuts) does.
    pub fn allow_cuts(mut self) -> Self {
        self.allow_cuts = true;
        self
    }

    /// How the run handles changes of the world since the plan was made. Default [`Drift::Refuse`]. Unless it is
    /// [`Drift::Ignore`], the client discovers everything again before it starts the run, and the run calls finders before each
    /// step on a parent.
    pub fn drift(mut self, drift: Drift) -> Self {
        self.drift = drift;
        self
    }

    /// Tolerates additions, as [`Apply::tolerate`] does.
    pub fn tolerate(mut self, resource: impl Into<String>, additions: usize) -> Self {
        self.tolerated.push((resource.into(), additions));
        self
    }

    /// The limits for this plan. They replace those of the cascade.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Runs only if the plan has this digest, that of the plan which was confirmed.
    pub fn confirmed(mut self, digest: impl Into<String>) -> Self {
        self.confirmed = Some(digest.into());
        self
    }

    /// The person who confirmed the plan. The run keeps the name.
    pub fn confirmed_by(mut self, name: impl Into<String>) -> Self {
        self.confirmed_by = Some(name.into());
        self
    }

    /// The id of the run, in place of a generated one. If a run of the same plan has this id, no run is started, and the
    /// end of that one is waited for.
    pub fn run_as(mut self, run: RunId) -> Self {
        self.run = run;
        self
    }

    /// The id of the run.
    pub fn run_id(&self) -> &RunId {
        &self.run
    }

    /// Cancels the run once `token` is cancelled: running steps end, and nothing new starts. The report still arrives.
    pub fn cancelled_by(mut self, token: CancellationToken) -> Self {
        self.cancel = token;
        self
    }

    /// Calls `observer` with each event. Events arrive late and several at a time, because runs report them in pages.
    pub fn on_event(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// A header of the W3C trace context, `traceparent`, `tracestate` or `baggage`, that the run passes on to its steps.
    /// Other headers, and values that are not valid, are ignored.
    pub fn trace(mut self, name: &str, value: &str) -> Self {
        if let Some(name) = HEADERS.into_iter().find(|known| known.eq_ignore_ascii_case(name))
            && let Ok(value) = HeaderValue::from_str(value)
        {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// Stores the plan and starts the run. Does not wait for its end.
    pub async fn start(self) -> Result<RunId, RestateError> {
        let (started, _) = self.begin().await?;
        Ok(started.run)
    }

    /// Stores the plan and starts the run. Returns where the plan is stored.
    async fn begin(mut self) -> Result<(Self, PlanRef), RestateError> {
        self.plan = self.checked_plan().await?;
        let digest = self.plan.digest().map_err(ApplyError::Digest)?;
        let client = &self.client;
        let stored = match client.workers.store(&self.plan).await {
            Ok(stored) => stored,
            Err(error) => return Err(client.explained(error).await),
        };
        let request = self.request(&stored, digest)?;
        let target = run_target(&self.run, "run");
        let known = match client.ingress().send(&target, &request, &self.headers).await {
            Ok(known) => known,
            Err(error) => return Err(client.explained(error).await),
        };
        // The run is known also where this request was repeated because its answer was lost.
        if known
            && let Some(other) = client.about(&self.run).await?
            && other.digest != request.about.digest
        {
            return Err(RestateError::OtherPlan { run: self.run });
        }
        Ok((self, stored))
    }

    fn request(&self, stored: &PlanRef, digest: String) -> Result<RunRequest, RestateError> {
        let about = RunAbout {
            header: PlanHeader::of(&self.plan).map_err(ApplyError::Digest)?,
            plan: stored.id.clone(),
            digest,
            policy: self.policy,
            forced: self.forced,
            allow_cuts: self.allow_cuts,
            confirmed_by: self.confirmed_by.clone(),
        };
        Ok(RunRequest {
            fingerprint: self.client.workers.version.fingerprint.clone(),
            plan: stored.clone(),
            about,
            drift: self.drift,
            limits: self.limits.clone(),
            steps: self.client.steps,
        })
    }

    /// The plan of now, unless limits, denials, cuts, a missing confirmation or drift refuse the plan already here. A run that was
    /// started before under this id is not compared with the world again. The workflow makes no comparison, because its
    /// journal would hold every id.
    async fn checked_plan(&self) -> Result<Plan, RestateError> {
        let apply: Apply = self.client.cascade.apply(self.plan.clone()).drift(self.drift);
        let apply = apply.cancelled_by(self.cancel.clone());
        let apply = self
            .tolerated
            .iter()
            .fold(apply, |apply, (resource, additions)| apply.tolerate(resource.clone(), *additions));
        let apply = if self.allow_cuts { apply.allow_cuts() } else { apply };
        let apply = match &self.limits {
            Some(limits) => apply.limits(limits.clone()),
            None => apply,
        };
        let apply = match &self.confirmed {
            Some(confirmed) => apply.confirmed(confirmed.clone()),
            None => apply,
        };
        apply.precheck()?;
        let known = match self.client.about(&self.run).await {
            Ok(known) => known,
            Err(error) => return Err(self.client.explained(error).await),
        };
        if known.is_some() {
            return Ok(self.plan.clone());
        }
        match apply.check_drift().await {
            Ok(checked) => Ok(checked.plan().clone()),
            Err(ApplyError::Check(error)) => Err(match self.client.workers.take_error() {
                Some(own) => self.client.explained(own).await,
                None => error.into(),
            }),
            Err(error) => Err(error.into()),
        }
    }

    async fn run(self) -> Result<Report, RestateError> {
        let (started, stored) = self.begin().await?;
        let Self { client, plan, run, cancel, observers, .. } = started;
        let ended = client.ended(&run, Some((plan, stored)));
        let mut ended = std::pin::pin!(ended);
        let mut cancelled = std::pin::pin!(cancel.cancelled().fuse());
        let mut events = client.events(&run).boxed().fuse();
        let watched = !observers.is_empty();
        let notify = |event: &Event| observers.iter().for_each(|observer| observer(event));
        let report = loop {
            tokio::select! {
                report = &mut ended => break report?,
                () = &mut cancelled => client.cancel_started(&run).await?,
                Some(event) = events.next(), if watched => if let Ok(event) = event { notify(&event) },
            }
        };
        // The last events are stored by the time that the run has ended.
        if watched {
            while let Some(event) = events.next().await {
                event.iter().for_each(notify);
            }
        }
        Ok(report)
    }
}

impl IntoFuture for RemoteApply {
    type Output = Result<Report, RestateError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.run().boxed()
    }
}
