//! Resuming interrupted runs.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::cascade::Cascade;
use crate::affected::{Affected, Column};
use crate::discover::{discover, not_listed, objections};
use crate::engine::Engine;
use crate::graph::{Graph, Route};
use crate::ids::ResourceIx;
use crate::journal::{
    Journal, JournalError, Record, Recorded, Replanned, RunDetails, RunEnd, RunInfo, RunStart, RunState,
    carry_over, history, missing_resources, restored, root_resources,
};
use crate::model::{AnyOperation, RunId};
use crate::observe::{Event, Monitor, Observers};
use crate::plan::{
    CutSummary, Exceeded, PlanDifference, PlanError, PlanVeto, cuts_to_allow, digest, listed_cuts,
};
use crate::report::Report;
use crate::run::{Drift, FRESH_FOR, FailurePolicy, Recorder, RunSettings, run};

type OnDifference = Box<dyn Fn(&PlanDifference) -> bool + Send + Sync>;

/// The builder of a resumed run: set its options, then await it.
///
/// The run keeps the failure policy, the drift and the confirmation that it started with. Steps that have ended do not run
/// again. Steps that may have been running when the run was interrupted do, and their methods can ask for that: see
/// [`StepContext::is_repeat`](crate::StepContext::is_repeat).
#[must_use = "the run is not resumed until this is awaited"]
pub struct Resume {
    cascade: Cascade,
    run: RunId,
    cancel: CancellationToken,
    monitor: Option<Monitor>,
    observers: Observers,
    on_difference: Option<OnDifference>,
    allow_cuts: bool,
}

impl fmt::Debug for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resume({})", self.run)
    }
}

/// The error of a call that reads a run from the journal, or resumes it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// The [`Cascade`] was built without a journal.
    #[error("there is no journal: build the cascade with `.journal(…)`")]
    NoJournal,
    /// A call of the journal failed, or another process owns the run.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The run has ended.
    #[error("run {run} has ended and is {state}: there is nothing to resume")]
    HasEnded {
        /// The run.
        run: RunId,
        /// How it ended.
        state: RunState,
    },
    /// The run was interrupted while its plan was written.
    #[error(
        "run {run} was interrupted before its first step, nothing was changed: start the operation again"
    )]
    NeverStarted {
        /// The run.
        run: RunId,
    },
    /// The program does not know the run's operation.
    #[error(
        "run {run} has the operation `{code}`, which no linked extension declares: link the crate that declares it"
    )]
    UnknownOperation {
        /// The run.
        run: RunId,
        /// The operation's code.
        code: String,
    },
    /// The program does not know resources that have unfinished instances.
    #[error(
        "run {run} has unfinished instances of resources that no linked extension declares ({}): link the crates that declare them",
        .left.iter().map(|(resource, count)| format!("{count} of {resource}")).collect::<Vec<_>>().join(", ")
    )]
    ResourceGone {
        /// The run.
        run: RunId,
        /// The resources by name, each with its number of unfinished instances.
        left: Vec<(String, usize)>,
    },
    /// The graph has changed, and the remaining work under it differs from the confirmed plan. Nothing was changed.
    #[error(
        "run {run} is not resumed, nothing was changed: the resource graph has changed since its plan was made, and the \
         difference is not accepted: {difference}"
    )]
    Differs {
        /// The run.
        run: RunId,
        /// The difference between the planned and the remaining work.
        difference: Box<PlanDifference>,
    },
    /// The new plan of the remaining work exceeds a limit. Nothing was changed.
    #[error("run {run} is not resumed, nothing was changed: {}", list(.exceeded))]
    OverLimit {
        /// The run.
        run: RunId,
        /// The exceeded limits.
        exceeded: Vec<Exceeded>,
    },
    /// The graph has changed, and the new plan of the remaining work gives up the order of cycles. Nothing was changed.
    #[error(
        "run {run} is not resumed, nothing was changed: its remaining work was planned again, because the resource graph \
         has changed, and the new plan gives up the order of cycles: {}\nresume with `allow_cuts` if these instances may \
         be removed in any order",
        listed_cuts(cuts)
    )]
    Cuts {
        /// The run.
        run: RunId,
        /// The arcs whose order is given up, by resources and ids.
        cuts: Vec<CutSummary>,
    },
    /// The records of the run do not match the program.
    #[error("run {run} cannot be resumed: {what}")]
    Unfit {
        /// The run.
        run: RunId,
        /// The mismatch.
        what: String,
    },
    /// A finder, check, authorizer or verify method failed. When a run is resumed, these are called only if the graph has
    /// changed.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The graph has changed, and there are objections to the new plan of the remaining work. Nothing was changed.
    #[error("run {run} is not resumed, nothing was changed: its remaining work was planned again, because the resource graph has changed, and there are objections: {}", .objections.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused {
        /// The run.
        run: RunId,
        /// Vetoes and denials.
        objections: Vec<PlanVeto>,
    },
    /// The run has stopped, because its journal could not be written. The report shows its progress.
    #[error("the run has stopped, because its journal could not be written: {error}")]
    Unrecorded {
        /// The error of the failed write.
        error: JournalError,
        /// The finished instances, and those that may be finished.
        report: Box<Report>,
    },
}

impl Resume {
    pub(crate) fn new(cascade: Cascade, run: RunId) -> Self {
        let (cancel, observers) = (CancellationToken::new(), cascade.engine.observers.clone());
        Self { cascade, run, cancel, monitor: None, observers, on_difference: None, allow_cuts: false }
    }

    /// Once `token` is cancelled, no further step starts. Running steps end normally.
    pub fn cancelled_by(mut self, token: CancellationToken) -> Self {
        self.cancel = token;
        self
    }

    /// Calls `observer` for each event of this run, synchronously in the task of the run, so it should be quick.
    pub fn on_event(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observers.add(observer);
        self
    }

    /// Shows the progress of this run on `monitor`.
    pub fn monitored_by(mut self, monitor: &Monitor) -> Self {
        self.monitor = Some(monitor.clone());
        self
    }

    /// If the graph has changed, `accept` gets the difference between the confirmed plan and the new plan of the remaining
    /// work, and decides whether the run continues. By default, it continues only if the new plan adds no instance and
    /// gives none other effects.
    pub fn on_difference(mut self, accept: impl Fn(&PlanDifference) -> bool + Send + Sync + 'static) -> Self {
        self.on_difference = Some(Box::new(accept));
        self
    }

    /// If the graph has changed, allows the new plan of the remaining work to give up the order of cycles of instances.
    pub fn allow_cuts(mut self) -> Self {
        self.allow_cuts = true;
        self
    }

    async fn start(self) -> Result<Report, ResumeError> {
        let journal = self.cascade.journal()?;
        let info = journal.run(&self.run).await?;
        if info.state.has_ended() {
            return Err(ResumeError::HasEnded { run: self.run, state: info.state });
        }
        let log = Recorder::new(journal.take_over(&self.run).await?);
        let mut recorded = Recorded::read(&*journal, &self.run).await?;
        if let Some(end) = recorded.end {
            let state = if end.complete { RunState::Complete } else { RunState::Incomplete };
            return Err(ResumeError::HasEnded { run: self.run, state });
        }
        let Some(start) = recorded.start.clone() else {
            log.write(vec![Record::Ended(RunEnd::default())]).await?;
            return Err(ResumeError::NeverStarted { run: self.run });
        };
        let known = RunOperation::of(&self.cascade.engine, &info, &recorded)?;
        if start.graph != self.cascade.graph().version() {
            self.replan(&known, &recorded, &log, start).await?;
            recorded = Recorded::read(&*journal, &self.run).await?;
        }
        self.continue_run(known, recorded, log).await
    }

    async fn continue_run(
        self,
        known: RunOperation,
        mut recorded: Recorded,
        mut log: Recorder,
    ) -> Result<Report, ResumeError> {
        let Self { cascade, run: id, cancel, monitor, observers, .. } = self;
        let unfit = |what: String| ResumeError::Unfit { run: id.clone(), what };
        let start = recorded.start.clone().ok_or_else(|| unfit(String::from("it has no plan")))?;
        let RunOperation { graph, operation, route } = known;
        let affected = restored(&graph, operation, route, start.roots, &mut recorded);
        let affected = affected.map_err(unfit)?;
        let history = history(&affected, &recorded).map_err(unfit)?;
        let mut nesting = cascade.nesting();
        nesting.cancel = cancel;
        log.has_nested(recorded.nested.len());
        recorded.nested.into_iter().for_each(|report| nesting.add_report(report));
        let policy = FailurePolicy::named(&start.policy);
        let drift = Drift::named(&start.drift);
        let settings = RunSettings {
            policy: policy
                .ok_or_else(|| unfit(format!("the failure policy `{}` is unknown", start.policy)))?,
            forced: start.forced,
            allow_cuts: start.allow_cuts,
            drift: drift.ok_or_else(|| unfit(format!("the drift `{}` is unknown", start.drift)))?,
            fresh_for: start.fresh_for_millis.map_or(FRESH_FOR, Duration::from_millis),
            discovered_at: None,
            limits: start.limits.unwrap_or_else(|| cascade.engine.limits.clone()),
            concurrency: cascade.engine.concurrency,
            nesting: Arc::new(nesting),
            monitor,
            observers,
            run: id,
        };
        log.write(vec![Record::Resumed]).await?;
        let engine = Arc::clone(&cascade.engine);
        let (report, error) = run(engine, Arc::new(affected), settings, log, history).await;
        match error {
            None => Ok(report),
            Some(error) => Err(ResumeError::Unrecorded { error, report: Box::new(report) }),
        }
    }

    /// Plans the remaining work under the current graph, and replaces the recorded plan by the new one.
    async fn replan(
        &self,
        known: &RunOperation,
        recorded: &Recorded,
        log: &Recorder,
        start: RunStart,
    ) -> Result<(), ResumeError> {
        let engine = &self.cascade.engine;
        let unfit =
            |error: &dyn fmt::Display| ResumeError::Unfit { run: self.run.clone(), what: error.to_string() };
        let (affected, vetoes) = self.plan_again(known, recorded, &start).await?;
        let (mut difference, mut after) = carry_over(&affected, recorded).map_err(|error| unfit(&error))?;
        let digest = digest::of(&affected).map_err(|error| unfit(&error))?;
        difference.digest.clone_from(&digest);
        tracing::warn!(run = %self.run, %difference, "the graph has changed: the remaining work was planned again");
        let accepted = match &self.on_difference {
            Some(accept) => accept(&difference),
            None => difference.added == 0 && difference.changed == 0,
        };
        if !accepted {
            return Err(ResumeError::Differs { run: self.run.clone(), difference: Box::new(difference) });
        }
        let (added, gone, changed) = (difference.added, difference.gone, difference.changed);
        self.observers.notify(|| Event::Replanned { added, gone, changed });
        let replanned = Replanned {
            graph: engine.graph.version(),
            added: added as u64,
            gone: gone as u64,
            changed: changed as u64,
            instances: affected.with_steps(),
        };
        let (graph, roots) = (engine.graph.version(), affected.roots.first().copied().unwrap_or_default());
        let overridden = recorded.overridden.iter().cloned().chain(vetoes).collect();
        after.push(Record::Started(RunStart {
            graph,
            digest,
            roots,
            overridden,
            allow_cuts: start.allow_cuts || self.allow_cuts,
            ..start
        }));
        log.plan(&affected, Some(Record::Replanned(replanned)), after).await?;
        Ok(())
    }

    /// Makes the new plan. The second value lists the new vetoes that a forced run overrides.
    async fn plan_again(
        &self,
        known: &RunOperation,
        recorded: &Recorded,
        start: &RunStart,
    ) -> Result<(Arc<Affected>, Vec<PlanVeto>), ResumeError> {
        let engine = &self.cascade.engine;
        let unfit = |what: String| ResumeError::Unfit { run: self.run.clone(), what };
        let counts = recorded.root_counts(start.roots);
        let mut roots = Vec::new();
        for (root, count) in known.route.roots.iter().zip(counts) {
            let root = &engine.graph.resources[root.resource];
            let mut column = Column::new(root.descriptor.new_table());
            let ids = recorded.columns.get(root.name()).into_iter().flat_map(|column| &column.ids);
            for id in ids.take(count as usize) {
                column.ids.insert_json(id.clone()).map_err(|error| {
                    unfit(format!("the recorded id {id} of {} is invalid: {error}", root.name()))
                })?;
            }
            roots.push(column);
        }
        let (graph, operation) = (Arc::clone(&known.graph), Arc::clone(&known.operation));
        let route = known.route.clone();
        let affected =
            discover(graph, &engine.extensions, operation, route, roots, engine.find, &engine.observers)
                .await?;
        let exceeded = start.limits.as_ref().unwrap_or(&engine.limits).exceeded(&affected);
        if !exceeded.is_empty() {
            return Err(ResumeError::OverLimit { run: self.run.clone(), exceeded });
        }
        if affected.has_cuts_to_allow() && !self.allow_cuts {
            return Err(ResumeError::Cuts { run: self.run.clone(), cuts: cuts_to_allow(&affected) });
        }
        let affected = Arc::new(affected);
        let nesting = Arc::new(self.cascade.nesting());
        let objections = objections(engine, &affected, None, &nesting, start.forced).await?;
        let (overridden, vetoes) =
            if start.forced { (objections.vetoes, Vec::new()) } else { (Vec::new(), objections.vetoes) };
        let objections: Vec<PlanVeto> = objections.denials.into_iter().chain(vetoes).collect();
        if objections.is_empty() {
            Ok((affected, not_listed(overridden, &recorded.overridden)))
        } else {
            Err(ResumeError::Refused { run: self.run.clone(), objections })
        }
    }
}

impl IntoFuture for Resume {
    type Output = Result<Report, ResumeError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

/// The operation of a recorded run, as the current program declares it.
pub(crate) struct RunOperation {
    /// The graph for its root resources.
    pub(crate) graph: Arc<Graph>,
    pub(crate) operation: Arc<dyn AnyOperation>,
    pub(crate) route: Route,
}

impl RunOperation {
    pub(crate) fn of(engine: &Engine, info: &RunInfo, recorded: &Recorded) -> Result<Self, ResumeError> {
        let run = || info.run.id.clone();
        let graph = &engine.graph;
        let left = missing_resources(graph, recorded);
        if !left.is_empty() {
            return Err(ResumeError::ResourceGone { run: run(), left });
        }
        let code = || info.run.operation.clone();
        let unknown = || ResumeError::UnknownOperation { run: run(), code: code() };
        let operation = graph.find_operation(&info.run.operation).ok_or_else(unknown)?;
        let parsed = graph.operations[operation].parse(info.run.payload.clone());
        let unfit = |what: String| ResumeError::Unfit { run: run(), what };
        let roots = root_resources(graph, &info.run.root, recorded).map_err(unfit)?;
        let graph = graph.for_roots(roots.len());
        let no_rule = |root: ResourceIx| {
            unfit(format!("{} has no rule for `{}` as the root", graph.resources[root].name(), code()))
        };
        let route = Route::new(&graph, operation, &roots).map_err(no_rule)?;
        let operation =
            parsed.map_err(|error| unfit(format!("its recorded operation is invalid: {error}")))?;
        Ok(Self { graph, operation, route })
    }
}

impl Cascade {
    pub(crate) fn journal(&self) -> Result<Arc<dyn Journal>, ResumeError> {
        self.engine.journal.clone().ok_or(ResumeError::NoJournal)
    }

    /// Resumes an interrupted run: its process died, its future was dropped, or its journal failed.
    ///
    /// No finder or check is called, because the run was planned and confirmed. Only if the graph has changed since is the
    /// remaining work planned again: see [`Resume::on_difference`].
    pub fn resume(&self, run: &RunId) -> Resume {
        Resume::new(self.clone(), run.clone())
    }

    /// Resumes all interrupted runs, one after another, the oldest first. Call it when a program starts. It skips runs that
    /// another process owns.
    pub async fn resume_all(&self) -> Result<Vec<(RunId, Result<Report, ResumeError>)>, ResumeError> {
        let mut resumed = Vec::new();
        for info in self.runs().await? {
            if info.is_resumable() {
                let result = self.resume(&info.run.id).await;
                resumed.push((info.run.id, result));
            }
        }
        Ok(resumed)
    }

    /// The details of one run, as the journal has them.
    pub async fn run_details(&self, run: &RunId) -> Result<RunDetails, ResumeError> {
        Ok(RunDetails::read(&*self.journal()?, run).await?.printed_by(self.graph()))
    }

    /// All runs of the journal, the oldest first.
    pub async fn runs(&self) -> Result<Vec<RunInfo>, ResumeError> {
        Ok(self.journal()?.runs().await?)
    }
}

fn list(exceeded: &[Exceeded]) -> String {
    exceeded.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
