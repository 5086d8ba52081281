//! Steps that nobody looks on at: no observer, monitor, layer or span. Those that end at once cost no future of ours, and
//! those that wait a small one.

use std::task::Context;

use tracing::level_filters::LevelFilter;

use super::scheduler::{ReadyRange, Scheduler, Step};
use super::step::{EndedStep, StepAttempt, StepRunner};
use crate::graph::Method;
use crate::handler::{
    FirstAttempt, HandlerFuture, Invocation, InvocationContext, Reply, StepContext, begun, catch_panic,
    first, with_timeout,
};
use crate::ids::BatchIds;
use crate::model::StepError;

/// What came of steps that nobody looks on at.
pub(crate) enum FastPath<'c> {
    /// All that were begun have ended well.
    EndedStep,
    /// None may start.
    Nothing,
    /// This one has not ended, or not well. What came of its first try, if it could be begun without copying its ids.
    GoesOn(Step, Option<StepAttempt<'c>>),
}

/// Instances that steps may run on one after the other for one unit of the task's budget, unless it is one step.
const FAST_PATH_INSTANCES: usize = 64;

impl StepRunner<'_> {
    /// Whether a step is its method's call and nothing beside.
    pub(crate) fn is_unobserved(&self) -> bool {
        self.settings.monitor.is_none()
            && self.settings.observers.is_empty()
            && self.engine.layers.is_empty()
            && self.rediscovery.at.is_none()
            && self.repeats.phase.is_none()
            && LevelFilter::current() < LevelFilter::DEBUG
    }

    /// Runs steps that nobody looks on at, one after the other, as long as they end at once and well: then there is nobody
    /// to tell, nothing to record, and no other step that could end meanwhile.
    pub(crate) fn run_fast_path<'s>(
        &'s self,
        scheduler: &mut Scheduler,
        (methods, contexts): (&[Method], &'s [StepContext]),
        task: &mut Context<'_>,
    ) -> FastPath<'s> {
        let mut instances = 0;
        let may_start =
            |instances| instances < FAST_PATH_INSTANCES && !self.settings.nesting.cancel.is_cancelled();
        while may_start(instances) {
            if let Some(row) = scheduler.row() {
                let (method, cx) = (&methods[row.kind], &contexts[row.kind]);
                let may_start = |further: u32| may_start(instances + further as usize);
                let (end, first) = self.row_at_once(method, cx, &row, task, may_start);
                if first.is_some() {
                    return FastPath::GoesOn(scheduler.end_row_before(&row, end), first);
                }
                scheduler.end_row(&row, end);
                instances += (end - row.nodes.start) as usize;
                continue;
            }
            let Some(step) = scheduler.take() else {
                return if instances == 0 { FastPath::Nothing } else { FastPath::EndedStep };
            };
            instances += step.nodes.len();
            let first = self.at_once(&methods[step.kind], &contexts[step.kind], &step, task);
            if !first.as_ref().is_some_and(FirstAttempt::is_well) {
                return FastPath::GoesOn(step, first);
            }
            scheduler.end_well(step);
        }
        FastPath::EndedStep
    }

    /// The first try of a step that nobody looks on at, polled once. `cx` is that of a first try. `None` where somebody
    /// looks on, or where the ids have to be copied, and so must be kept beside the call.
    pub(crate) fn at_once<'s>(
        &'s self,
        method: &Method,
        cx: &'s StepContext,
        step: &Step,
        task: &mut Context<'_>,
    ) -> Option<StepAttempt<'s>> {
        if !self.is_unobserved() {
            return None;
        }
        let affected = self.affected;
        let ids =
            affected.columns[method.resource].ids.consecutive(&step.nodes, affected.base[method.resource])?;
        let extension = &*self.engine.extensions[method.extension];
        let call = Invocation { ids, cx: InvocationContext::Step(cx), waker: task.waker() };
        Some(first(|| begun(extension.begin((self.phase, method.index), &call))))
    }

    /// The first tries of a row's steps that nobody looks on at, each polled once, as long as they end at once and well and
    /// the next one `may_start`. Answers before which instance that ended, and what came of the step that begins with it, if
    /// it was begun.
    fn row_at_once<'s>(
        &'s self,
        method: &Method,
        cx: &'s StepContext,
        row: &ReadyRange,
        task: &mut Context<'_>,
        may_start: impl Fn(u32) -> bool,
    ) -> (u32, Option<StepAttempt<'s>>) {
        let extension = &*self.engine.extensions[method.extension];
        let ids = &*self.affected.columns[method.resource].ids;
        let first_node = self.affected.base[method.resource];
        let ReadyRange { batch, ref nodes, .. } = *row;
        let mut start = nodes.start;
        // Contained as a whole: the one that panics is the one that was begun last.
        let waker = task.waker();
        let last = catch_panic(|| {
            while nodes.end - start >= batch && may_start(start - nodes.start) {
                let from = (start - first_node) as usize;
                let ids = BatchIds::Part(ids, from, from + batch as usize);
                let call = Invocation { ids, cx: InvocationContext::Step(cx), waker };
                let answer = extension.begin((self.phase, method.index), &call);
                if !answer.as_ref().is_ok_and(Reply::is_well) {
                    return Some(answer);
                }
                start += batch;
            }
            None
        });
        let first = match last {
            Ok(answer) => answer.map(|answer| FirstAttempt::from(begun(answer))),
            Err(panic) => Some(FirstAttempt::ReplyResult(Err(panic))),
        };
        (start, first)
    }

    /// Goes on with a step that nobody looks on at, whose first try waits: mostly it ends well, and then that is all.
    pub(crate) async fn wait(
        &self,
        method: &Method,
        step: Step,
        call: HandlerFuture<'_, Vec<(usize, StepError)>>,
    ) -> EndedStep {
        match with_timeout(self.limits(method).timeout, call).await {
            Ok(failures) if failures.is_empty() => {
                EndedStep { step, failed: Vec::new(), not_run: None, number: None, since: None }
            }
            answer => Box::pin(self.run(method, step, Some(FirstAttempt::ReplyResult(answer)))).await,
        }
    }
}
