//! A plan about to be run on workers.

use std::fmt;
use std::future::IntoFuture;

use cascade_core::{Apply, CancellationToken, Drift, Event, FailurePolicy, Limits, Plan, Report, RunId};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use http::{HeaderName, HeaderValue};

use crate::client::Client;
use crate::error::RestateError;
use crate::trace::HEADERS;
use crate::watch::Watch;
use crate::wire::{PlanRef, RunAbout, RunRequest};

type Observer = Box<dyn Fn(&Event) + Send + Sync>;

/// A plan about to be run on workers: set how, then [`start`](Self::start) it, or await it.
#[must_use = "nothing runs until it is started or awaited"]
pub struct RemoteApply {
    client: Client,
    plan: Plan,
    policy: FailurePolicy,
    forced: bool,
    drift: Drift,
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
    pub(crate) fn new(client: Client, plan: Plan) -> Self {
        Self {
            client,
            plan,
            policy: FailurePolicy::default(),
            forced: false,
            drift: Drift::default(),
            limits: None,
            confirmed: None,
            confirmed_by: None,
            run: RunId::generate(),
            cancel: CancellationToken::new(),
            observers: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// What the run does after a step has failed. [`FailurePolicy::Stop`] unless told.
    pub fn policy(mut self, policy: FailurePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Whether the run goes on in spite of vetoes; the report then lists them.
    pub fn forced(mut self, forced: bool) -> Self {
        self.forced = forced;
        self
    }

    /// What the run does about instances that have come since the plan was made. [`Drift::Ignore`] unless told.
    pub fn drift(mut self, drift: Drift) -> Self {
        self.drift = drift;
        self
    }

    /// How much this plan may touch, in the place of what the cascade was built with.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// The run starts only if the plan has this digest: that of the plan which somebody looked at and confirmed.
    pub fn confirmed(mut self, digest: impl Into<String>) -> Self {
        self.confirmed = Some(digest.into());
        self
    }

    /// Who confirmed the plan: kept with the run, for people.
    pub fn confirmed_by(mut self, who: impl Into<String>) -> Self {
        self.confirmed_by = Some(who.into());
        self
    }

    /// The run gets this id, in the place of one that is made for it. Where a run of the same plan has it already, that one
    /// is waited for, and none is started.
    pub fn run_as(mut self, run: RunId) -> Self {
        self.run = run;
        self
    }

    /// The id that the run has.
    pub fn run_id(&self) -> &RunId {
        &self.run
    }

    /// Once `token` is cancelled, running steps end and nothing new starts; the report is still waited for.
    pub fn cancelled_by(mut self, token: CancellationToken) -> Self {
        self.cancel = token;
        self
    }

    /// `observer` is told of each event, some time after it happened: runs speak of several at once.
    pub fn on_event(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// A header of the W3C's trace context, which goes with the run to its steps: `traceparent`, `tracestate` or
    /// `baggage`. Others, and values that are none, are left out.
    pub fn trace(mut self, name: &str, value: &str) -> Self {
        if let Some(name) = HEADERS.into_iter().find(|known| known.eq_ignore_ascii_case(name))
            && let Ok(value) = HeaderValue::from_str(value)
        {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// Stores the plan and starts the run; does not wait for its end.
    pub async fn start(self) -> Result<RunId, RestateError> {
        let (started, _) = self.begin().await?;
        Ok(started.run)
    }

    async fn begin(self) -> Result<(Self, PlanRef), RestateError> {
        let digest = self.precheck()?;
        let client = &self.client;
        let stored = client.workers.store(&self.plan).await;
        let place = match stored {
            Ok(place) => place,
            Err(error) => return Err(client.explained(error).await),
        };
        let header = cascade_core::remote::PlanHeader::of(&self.plan);
        let about = RunAbout {
            header: header.map_err(cascade_core::ApplyError::Digest)?,
            plan: place.id.clone(),
            digest,
            policy: self.policy,
            forced: self.forced,
            confirmed_by: self.confirmed_by.clone(),
        };
        let request = RunRequest {
            fingerprint: client.workers.version.fingerprint.clone(),
            plan: place.clone(),
            about: about.clone(),
            drift: self.drift,
            limits: self.limits.clone(),
            steps: client.steps,
        };
        let target = Client::target(&self.run, "run");
        let known = client.ingress().send(&target, &request, &self.headers).await;
        let known = match known {
            Ok(known) => known,
            Err(error) => return Err(client.explained(error).await),
        };
        // Also where this very request came twice, because its answer was lost.
        if known
            && let Some(other) = client.about(&self.run).await?
            && other.digest != about.digest
        {
            return Err(RestateError::OtherPlan { run: self.run });
        }
        Ok((self, place))
    }

    /// What stands against the run already now; the plan's digest, if nothing does.
    fn precheck(&self) -> Result<String, RestateError> {
        let apply: Apply = self.client.cascade.apply(self.plan.clone());
        let apply = match &self.limits {
            Some(limits) => apply.limits(limits.clone()),
            None => apply,
        };
        let apply = match &self.confirmed {
            Some(confirmed) => apply.confirmed(confirmed.clone()),
            None => apply,
        };
        apply.precheck()?;
        Ok(self.plan.digest().map_err(cascade_core::ApplyError::Digest)?)
    }

    async fn run(self) -> Result<Report, RestateError> {
        let (started, place) = self.begin().await?;
        let Self { client, plan, run, cancel, observers, .. } = started;
        let ended = client.ended(&run, Some((plan, place)));
        let mut ended = std::pin::pin!(ended);
        let mut cancelled = std::pin::pin!(cancel.cancelled().fuse());
        let mut events = Watch::new(client.clone(), run.clone()).events().boxed().fuse();
        let watched = !observers.is_empty();
        let tell = |event: &Event| observers.iter().for_each(|observer| observer(event));
        let report = loop {
            tokio::select! {
                report = &mut ended => break report?,
                () = &mut cancelled => client.cancel_started(&run).await?,
                Some(event) = events.next(), if watched => if let Ok(event) = event { tell(&event) },
            }
        };
        // The last events are told too, now that they are all there.
        if watched {
            while let Some(event) = events.next().await {
                event.iter().for_each(tell);
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
