//! A plan about to be applied: its settings, and the checks before anything runs.

use std::collections::BTreeMap;
use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cascade::Cascade;
use crate::affected::Affected;
use crate::discover::objections;
use crate::handler::StepContext;
use crate::ids::{Index, InstanceIx};
use crate::journal::{History, Journal, JournalError, NewRun, Record, RunRoots, RunStart};
use crate::model::{RunId, hex};
use crate::observe::{Event, Monitor};
use crate::plan::{
    CutSummary, Exceeded, Limits, Plan, PlanDifference, PlanError, PlanVeto, cuts_to_allow, digest,
    listed_cuts,
};
use crate::report::{NestedReport, NestedRequest, Report};
use crate::run::{Drift, FRESH_FOR, FailurePolicy, Recorder, RunSettings, run};

/// The maximum number of roots that the journal names for a run.
const ROOTS_NAMED: usize = 10;

/// The maximum depth of nested cascades.
const MAX_DEPTH: usize = 16;

/// A plan about to be applied. Set the options, then await it.
#[must_use = "nothing runs until it is awaited"]
pub struct Apply {
    cascade: Cascade,
    plan: Plan,
    confirmed: Option<String>,
    confirmed_by: Option<String>,
    /// Whether the limits were set for this run. Otherwise they are those of the program.
    own_limits: bool,
    /// The number of tolerated additions for each resource.
    tolerated: BTreeMap<String, usize>,
    /// Whether the caller has just compared the plan with the world.
    drift_checked: bool,
    /// The accepted difference between the plan and the world.
    difference: Option<Box<PlanDifference>>,
    settings: RunSettings,
}

impl fmt::Debug for Apply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Apply({:?}, {} instances)", self.settings.policy, self.plan.len())
    }
}

impl Apply {
    pub(crate) fn new(cascade: Cascade, plan: Plan) -> Self {
        let settings = RunSettings {
            policy: FailurePolicy::default(),
            forced: false,
            allow_cuts: false,
            drift: Drift::default(),
            fresh_for: FRESH_FOR,
            discovered_at: None,
            limits: cascade.engine.limits.clone(),
            concurrency: cascade.engine.concurrency,
            nesting: Arc::new(cascade.nesting()),
            monitor: None,
            observers: cascade.engine.observers.clone(),
            run: RunId::generate(),
        };
        Self {
            confirmed: None,
            confirmed_by: None,
            own_limits: false,
            tolerated: BTreeMap::new(),
            drift_checked: false,
            difference: None,
            cascade,
            plan,
            settings,
        }
    }

    /// How the run continues after a failed step. Default [`FailurePolicy::Stop`].
    pub fn policy(mut self, policy: FailurePolicy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// Whether the run overrides vetoes. The report then lists them. Default `false`.
    pub fn forced(mut self, forced: bool) -> Self {
        self.settings.forced = forced;
        self
    }

    /// Allows the run to give up the order of cycles of instances where the plan says so: see
    /// [`PlanSummary::cut`](crate::PlanSummary::cut). A plan with such cuts is refused without it, also if the run is
    /// forced.
    pub fn allow_cuts(mut self) -> Self {
        self.settings.allow_cuts = true;
        self
    }

    /// How the run handles changes of the world since the plan was made. Default [`Drift::Refuse`].
    pub fn drift(mut self, drift: Drift) -> Self {
        self.settings.drift = drift;
        self
    }

    /// While the run is under way, everything is discovered again before a step starts, if the last discovery is at least
    /// that old. Default 10 s. A run with [`Drift::Ignore`] discovers nothing.
    ///
    /// The run leaves an instance as it is if it is not reached any more, or gives it only the effects of the edges along which
    /// it still is: see [`Verdict::Left`](crate::Verdict::Left). A discovery that takes longer than half this time is
    /// made less often, unless the time is zero: then there is one before every step.
    pub fn fresh_for(mut self, duration: Duration) -> Self {
        self.settings.fresh_for = duration;
        self
    }

    /// Tolerates up to this number of additions for the resource of that name: instances that the plan of now affects and the
    /// approved plan did not, and instances that get further effects. They are listed: see
    /// [`Report::drift`](crate::Report::drift). Default 0. Has an effect under [`Drift::Refuse`] only.
    pub fn tolerate(mut self, resource: impl Into<String>, additions: usize) -> Self {
        self.tolerated.insert(resource.into(), additions);
        self
    }

    /// The plan is one that [`check_drift`](Self::check_drift) has just returned, perhaps in another process: the run does
    /// not discover everything a second time before it starts.
    pub fn drift_checked(mut self) -> Self {
        self.drift_checked = true;
        self.settings.discovered_at = Some(Instant::now());
        self
    }

    /// The limits of this run, in place of those that the [`Cascade`] was built with. The journal keeps them, so they hold
    /// for a resumed run too.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self.own_limits = true;
        self
    }

    /// The run starts only if the plan has this digest, which is that of the plan that a person confirmed.
    pub fn confirmed(mut self, digest: impl Into<String>) -> Self {
        self.confirmed = Some(digest.into());
        self
    }

    /// The person who confirmed the plan. The journal keeps the name.
    pub fn confirmed_by(mut self, who: impl Into<String>) -> Self {
        self.confirmed_by = Some(who.into());
        self
    }

    /// Sets the id of the run. By default a new id is generated. An id that is used again gives the same idempotency
    /// keys.
    pub fn run_as(mut self, run: RunId) -> Self {
        self.settings.run = run;
        self
    }

    /// The id of the run, in the journal and for its methods.
    pub fn run_id(&self) -> &RunId {
        &self.settings.run
    }

    /// After `token` is cancelled, running steps end and no further step starts.
    pub fn cancelled_by(mut self, token: CancellationToken) -> Self {
        Arc::make_mut(&mut self.settings.nesting).cancel = token;
        self
    }

    /// Calls `observer` for each event, immediately and in the task of the run. It should return quickly.
    pub fn on_event(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.settings.observers.add(observer);
        self
    }

    /// `monitor` shows this run while it is in progress.
    pub fn monitored_by(mut self, monitor: &Monitor) -> Self {
        self.settings.monitor = Some(monitor.clone());
        self
    }

    async fn start(self) -> Result<Report, ApplyError> {
        self.precheck()?;
        let checked = self.check_drift().await?;
        let Self { cascade, plan, mut settings, confirmed_by, own_limits, difference, .. } = checked;
        let affected = plan.affected;
        // The world may have changed since the plan was made, so the checks are asked again.
        let forced = settings.forced;
        let against = objections(&cascade.engine, &affected, None, &settings.nesting, forced).await?;
        if !against.denials.is_empty() {
            return Err(ApplyError::Denied { denials: against.denials });
        }
        if !against.vetoes.is_empty() && !forced {
            return Err(ApplyError::Vetoed { vetoes: against.vetoes });
        }
        let recorder = match (&cascade.started_by, &cascade.engine.journal) {
            // A repeated step starts its cascades again. The same ids give their methods the same idempotency keys.
            (Some(cx), _) => {
                settings.run = nested_run(cx, &affected)?;
                Recorder::default()
            }
            (None, None) => Recorder::default(),
            (None, Some(journal)) => {
                // Computed only for a journal, because it costs about as much as a plan.
                let digest = digest::of(&affected)?;
                let start = RunStart {
                    confirmed_by,
                    overridden: against.vetoes.clone(),
                    difference: difference.clone(),
                    limits: own_limits.then(|| settings.limits.clone()),
                    ..run_start(&affected, &settings, digest)
                };
                record_plan(&**journal, &affected, &settings.run, start).await?
            }
        };
        let engine = Arc::clone(&cascade.engine);
        let history = History::beginning(against.vetoes, difference);
        let (report, error) = run(engine, affected, settings, recorder, history).await;
        if let Some(error) = error {
            return Err(ApplyError::Unrecorded { error, report: Box::new(report) });
        }
        if let Some(cx) = &cascade.started_by {
            cx.nesting.add_report(NestedReport {
                resource: cx.affected.resource_name(cx.method.resource).to_owned(),
                effect: cx.effect().to_owned(),
                asked: NestedRequest::of(&report.affected)?,
                report: report.summary(),
            });
        }
        Ok(report)
    }

    /// Discovers everything again from the roots, and replaces the plan by the plan of now, if the run's [`Drift`] accepts the
    /// difference. The run does this before it asks the checks. Does nothing under [`Drift::Ignore`].
    ///
    /// # Errors
    ///
    /// [`ApplyError::Drifted`] if the difference is not accepted, [`ApplyError::OverLimit`] if the plan of now exceeds a limit, [`ApplyError::OtherGraph`] if another [`Cascade`] made it, or an error
    /// of a finder.
    pub async fn check_drift(mut self) -> Result<Self, ApplyError> {
        if self.settings.drift == Drift::Ignore || self.drift_checked {
            return Ok(self);
        }
        if !self.plan.affected.graph.is_same(&self.cascade.engine.graph) {
            return Err(ApplyError::OtherGraph);
        }
        self.settings.discovered_at = Some(Instant::now());
        let rediscovery = self.cascade.rediscover(&self.plan.affected);
        // A cancelled run starts nothing, so it does not wait for finders.
        let Some(now) = self.settings.nesting.cancel.run_until_cancelled(rediscovery).await else {
            return Ok(self);
        };
        let now = now?;
        let difference = PlanDifference::between(&self.plan.affected, &now)?;
        let is_refused = match self.settings.drift {
            Drift::Ignore => false,
            Drift::Refuse => difference.adds_more_than(&self.tolerated),
            Drift::Exact => !difference.is_empty(),
            Drift::Follow => difference.cuts > 0,
        };
        if is_refused {
            let plan = Box::new(self.cascade.with_objections(now).await?);
            return Err(ApplyError::Drifted { difference: Box::new(difference), plan });
        }
        if !difference.is_empty() {
            tracing::info!(%difference, "the plan has changed since it was made, which the run accepts");
            self.difference = Some(Box::new(difference));
        }
        // Also if nothing is added: departed instances stay, and further parents change the order.
        self.plan.affected = Arc::new(now);
        self.drift_checked = true;
        // The plan of now may exceed a limit that the approved plan did not.
        self.check_size()?;
        Ok(self)
    }

    /// The plan that the run will run. [`check_drift`](Self::check_drift) replaces it.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Checks what needs no call of a method: the graph, the depth of nesting, the limits, the cuts and the confirmed
    /// digest.
    pub fn precheck(&self) -> Result<(), ApplyError> {
        let affected: &Affected = &self.plan.affected;
        if !affected.graph.is_same(&self.cascade.engine.graph) {
            return Err(ApplyError::OtherGraph);
        }
        if self.settings.nesting.depth > MAX_DEPTH {
            return Err(ApplyError::TooDeep { depth: MAX_DEPTH });
        }
        if let Some(name) = self.settings.limits.unknown(&affected.graph) {
            let nearest = affected.graph.nearest_resource(name).map(ToOwned::to_owned);
            return Err(ApplyError::UnknownLimit { name: name.to_owned(), nearest });
        }
        let is_unknown = |name: &&String| affected.graph.find_resource(name).is_none();
        if let Some(name) = self.tolerated.keys().find(is_unknown) {
            let nearest = affected.graph.nearest_resource(name).map(ToOwned::to_owned);
            return Err(ApplyError::UnknownTolerance { name: name.clone(), nearest });
        }
        self.check_size()?;
        if affected.has_cuts_to_allow() && !self.settings.allow_cuts {
            return Err(ApplyError::Cuts { cuts: cuts_to_allow(affected) });
        }
        if let Some(confirmed) = &self.confirmed {
            let digest = self.plan.digest()?;
            if digest != *confirmed {
                return Err(ApplyError::OtherDigest { confirmed: confirmed.clone(), digest });
            }
        }
        Ok(())
    }
}

impl Apply {
    /// Checks the limits.
    fn check_size(&self) -> Result<(), ApplyError> {
        let exceeded = self.settings.limits.exceeded(&self.plan.affected);
        if exceeded.is_empty() { Ok(()) } else { Err(ApplyError::OverLimit { exceeded }) }
    }
}

impl Cascade {
    /// Pass 2: runs a plan, children first. Awaiting the [`Apply`] starts the run. Dropping it drops all running steps.
    pub fn apply(&self, plan: Plan) -> Apply {
        Apply::new(self.clone(), plan)
    }
}

impl IntoFuture for Apply {
    type Output = Result<Report, ApplyError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

/// Writes the plan with its confirmation. Both are durable before anything is changed.
async fn record_plan(
    journal: &dyn Journal,
    affected: &Affected,
    run: &RunId,
    start: RunStart,
) -> Result<Recorder, ApplyError> {
    let mut roots = affected.roots().map(|(root, count)| RunRoots {
        resource: affected.resource_name(root.resource).to_owned(),
        roots: InstanceIx::all(count as usize)
            .take(ROOTS_NAMED)
            .map(|index| affected.name(root.resource, index))
            .collect(),
        count: count.into(),
    });
    let first = roots.next().unwrap_or_default();
    let mut new = NewRun::new(run.clone(), affected.operation.descriptor().code(), first.resource);
    new.payload = affected.operation.to_json()?;
    (new.roots, new.root_count) = (first.roots, first.count);
    new.further_roots = roots.collect();
    new.instances = affected.with_steps();
    let recorder = Recorder::new(journal.create(new).await?);
    recorder.plan(affected, None, vec![Record::Started(start)]).await?;
    Ok(recorder)
}

/// The first record of a run.
fn run_start(affected: &Affected, settings: &RunSettings, digest: String) -> RunStart {
    RunStart {
        graph: affected.graph.version(),
        digest,
        roots: affected.roots.first().copied().unwrap_or_default(),
        policy: settings.policy.name().to_owned(),
        forced: settings.forced,
        allow_cuts: settings.allow_cuts,
        drift: settings.drift.name().to_owned(),
        fresh_for_millis: u64::try_from(settings.fresh_for.as_millis()).ok(),
        confirmed_by: None,
        overridden: Vec::new(),
        difference: None,
        limits: None,
    }
}

/// The id of a nested run. It is the same each time that the method starts it in the same run.
fn nested_run(cx: &StepContext, affected: &Affected) -> Result<RunId, ApplyError> {
    let outer = cx.run_id().map_or("", RunId::as_str);
    let asked = NestedRequest::of(affected)?;
    let mut texts = vec![
        cx.affected.graph.extensions[cx.method.extension].name.to_string(),
        cx.phase().name().to_owned(),
        cx.effect().to_owned(),
        affected.operation.descriptor().code().to_owned(),
        asked.operation.to_string(),
        asked.root.clone(),
    ];
    texts.extend(asked.roots.iter().map(ToString::to_string));
    for further in &asked.further_roots {
        texts.push(further.resource.clone());
        texts.extend(further.roots.iter().map(ToString::to_string));
    }
    let hex = hex(texts.iter().map(String::as_str));
    Ok(RunId::from(format!("{outer}/{}", &hex[..12])))
}

/// Why a plan was not applied. Nothing has been changed, except where a variant says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Checks objected. A forced run overrides them.
    #[error("{}", list("veto", "vetoes", .vetoes))]
    Vetoed {
        /// The objections, by resource and id.
        vetoes: Vec<PlanVeto>,
    },
    /// Authorizers denied instances. A forced run is denied too.
    #[error("{}", list("denial", "denials", .denials))]
    Denied {
        /// The denied instances, by resource and id.
        denials: Vec<PlanVeto>,
    },
    /// The world has changed since the plan was made, in a way that the run does not accept: see [`Drift`]. By default that is
    /// if further instances came to depend on those of the plan, or these would get further effects.
    #[error(
        "the plan has changed since it was made, nothing was changed: {difference}\nconfirm the new plan, or apply with `Drift::Ignore`"
    )]
    Drifted {
        /// The difference between the plan and the new plan.
        difference: Box<PlanDifference>,
        /// The new plan. It can be confirmed and applied in place of the old one.
        plan: Box<Plan>,
    },
    /// The instances of the plan form cycles in which the order has to be given up, and the run does not allow that.
    #[error(
        "the plan gives up the order of {}, nothing was changed: {}\nlet a `leaf` effect drop one of the references of \
         each cycle, or apply with `allow_cuts` if these instances may be removed in any order",
        if cuts.len() == 1 { String::from("one arc of a cycle") } else { format!("{} arcs of cycles", cuts.len()) },
        listed_cuts(cuts)
    )]
    Cuts {
        /// The arcs whose order is given up, by resources and ids.
        cuts: Vec<CutSummary>,
    },
    /// The plan exceeds a limit.
    #[error("the plan is over the limit, nothing was changed: {}", .exceeded.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    OverLimit {
        /// The exceeded limits.
        exceeded: Vec<Exceeded>,
    },
    /// A limit names an unknown resource, so it would protect nothing.
    #[error(
        "there is a limit on `{name}`, which is no resource{}; nothing was changed",
        .nearest.as_ref().map_or_else(String::new, |nearest| format!(": did you mean `{nearest}`?"))
    )]
    UnknownLimit {
        /// The name in the limit.
        name: String,
        /// The most similar known name.
        nearest: Option<String>,
    },
    /// Additions are tolerated for an unknown resource.
    #[error(
        "additions of `{name}` are tolerated, which is no resource{}; nothing was changed",
        .nearest.as_ref().map_or_else(String::new, |nearest| format!(": did you mean `{nearest}`?"))
    )]
    UnknownTolerance {
        /// The name that was given.
        name: String,
        /// The most similar known name.
        nearest: Option<String>,
    },
    /// The plan is not the confirmed one.
    #[error(
        "the plan is not the one that was confirmed, nothing was changed: look at it and confirm it again (confirmed {confirmed}, now {digest})"
    )]
    OtherDigest {
        /// The digest that was confirmed.
        confirmed: String,
        /// The plan's digest.
        digest: String,
    },
    /// Too many cascades are nested.
    #[error("a cascade was started inside {depth} others: does a method start the cascade that called it?")]
    TooDeep {
        /// The maximum depth.
        depth: usize,
    },
    /// The journal could not be written before the run. Nothing has been changed.
    #[error("the run was not started, nothing was changed: {0}")]
    Journal(#[from] JournalError),
    /// The journal could not be written during the run. The run has stopped, and the report has its results so far.
    #[error("the run has stopped, because its journal could not be written: {error}")]
    Unrecorded {
        /// The write that failed.
        error: JournalError,
        /// The verdicts. Instances whose end is not recorded are `Unrecorded`. The run can be resumed.
        report: Box<Report>,
    },
    /// A finder, a check or an authorizer failed.
    #[error(transparent)]
    Check(#[from] PlanError),
    /// An id or the operation could not be serialised.
    #[error("the plan has no digest: {0}")]
    Digest(#[from] serde_json::Error),
    /// The plan was made by another [`Cascade`].
    #[error("the plan was made by another `Cascade`: plan and apply with the same one")]
    OtherGraph,
}

fn list(one: &str, many: &str, objections: &[PlanVeto]) -> String {
    let count =
        if objections.len() == 1 { format!("1 {one}") } else { format!("{} {many}", objections.len()) };
    let list: Vec<String> = objections.iter().map(|veto| format!("\n  {veto}")).collect();
    format!("{count}, nothing was changed:{}", list.concat())
}
