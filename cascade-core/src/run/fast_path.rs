//! The fast path: steps that nothing observes. A step whose method answers at the first poll needs no engine future;
//! one that waits needs a small future.
//!
//! Ready ranges run here one step after the other without a scheduler call for each. That needs a run without a journal,
//! because a journal records each step.

use std::task::Context;

use tracing::level_filters::LevelFilter;

use super::scheduler::{ReadyRange, Scheduler, Step};
use super::step::{EndedStep, StepAttempt, StepRunner};
use super::step_method::StepMethod;
use crate::handler::{
    Answers, FirstAttempt, HandlerFuture, Invocation, InvocationContext, Reply, begun, catch_panic, first,
    with_timeout,
};
use crate::ids::{BatchIds, Index, NodeIx};

/// The result of the fast path.
pub(crate) enum FastPath<'c> {
    /// All steps that were started have ended well.
    Ended,
    /// No step may start.
    Nothing,
    /// This step has not ended, or failed. Its first attempt, if it was started without copying the ids.
    Unfinished(Step, Option<StepAttempt<'c>>),
}

/// The maximum number of instances whose steps run for one unit of the task's budget, unless one step has more.
const FAST_PATH_INSTANCES: usize = 64;

/// Whether nothing observes the steps of a pass: then an attempt is the call of its method and nothing else.
pub(crate) fn is_unobserved(runner: &StepRunner<'_>) -> bool {
    runner.settings.monitor.is_none()
        && runner.settings.observers.is_empty()
        && runner.engine.layers.is_empty()
        && runner.rediscovery.is_none()
        && runner.repeats.is_empty()
        && LevelFilter::current() < LevelFilter::DEBUG
}

impl StepRunner<'_> {
    /// Runs unobserved steps one after the other while each ends well at its first poll.
    pub(crate) fn run_fast_path<'s>(
        &'s self,
        scheduler: &mut Scheduler,
        task: &mut Context<'_>,
    ) -> FastPath<'s> {
        let mut instances = 0;
        let may_start =
            |instances| instances < FAST_PATH_INSTANCES && !self.settings.nesting.cancel.is_cancelled();
        while may_start(instances) {
            if let Some(range) = scheduler.row() {
                let may_start = |further: u32| may_start(instances + further as usize);
                let (end, first) = self.run_range(&self.methods[range.kind], &range, task, may_start);
                if first.is_some() {
                    return FastPath::Unfinished(scheduler.end_row_before(&range, end), first);
                }
                scheduler.end_row(&range, end);
                instances += end.position() - range.nodes.start.position();
                continue;
            }
            let Some(step) = scheduler.take() else {
                return if instances == 0 { FastPath::Nothing } else { FastPath::Ended };
            };
            instances += step.nodes.len();
            let first = self.attempt_at_once(&step, task);
            if !first.as_ref().is_some_and(FirstAttempt::is_well) {
                return FastPath::Unfinished(step, first);
            }
            scheduler.end_well(step);
        }
        FastPath::Ended
    }

    /// The first attempt of an unobserved step, polled once. `None` if the step is observed, or if its ids must be copied
    /// and so must be kept beside the call.
    pub(crate) fn attempt_at_once<'s>(
        &'s self,
        step: &Step,
        task: &mut Context<'_>,
    ) -> Option<StepAttempt<'s>> {
        if !self.unobserved {
            return None;
        }
        let StepMethod { method, context, .. } = &self.methods[step.kind];
        let affected = self.affected;
        let ids = affected.columns[method.resource]
            .ids
            .consecutive(&step.nodes, affected.base.first(method.resource))?;
        let extension = &*self.engine.extensions[method.extension];
        let call = Invocation { ids, cx: InvocationContext::Step(context), waker: task.waker() };
        Some(first(|| begun(extension.begin(self.phase, method.index, &call))))
    }

    /// The first attempts of the steps of a ready range, each polled once, while they end well at once and the next one
    /// `may_start`. Returns the instance before which that ended, and the attempt of the step that starts with it, if it
    /// was started.
    fn run_range<'s>(
        &'s self,
        method: &'s StepMethod<'_>,
        range: &ReadyRange,
        task: &mut Context<'_>,
        may_start: impl Fn(u32) -> bool,
    ) -> (NodeIx, Option<StepAttempt<'s>>) {
        let StepMethod { method, context, .. } = method;
        let extension = &*self.engine.extensions[method.extension];
        let ids = &*self.affected.columns[method.resource].ids;
        let first_node = self.affected.base.first(method.resource);
        let ReadyRange { batch, ref nodes, .. } = *range;
        let mut start = nodes.start;
        let waker = task.waker();
        // One catch for the whole range: the step that panics is the one that was started last.
        let last = catch_panic(|| {
            while nodes.end.number() - start.number() >= batch
                && may_start(start.number() - nodes.start.number())
            {
                let from = start.instance(first_node).position();
                let ids = BatchIds::Part(ids, from, from + batch as usize);
                let call = Invocation { ids, cx: InvocationContext::Step(context), waker };
                let reply = extension.begin(self.phase, method.index, &call);
                if !reply.as_ref().is_ok_and(Reply::is_well) {
                    return Some(reply);
                }
                start = start.plus(batch as usize);
            }
            None
        });
        let first = match last {
            Ok(reply) => reply.map(|reply| FirstAttempt::from(begun(reply))),
            Err(panic) => Some(FirstAttempt::Ready(Err(panic))),
        };
        (start, first)
    }

    /// Continues an unobserved step whose first attempt waits. If the attempt ends well, nothing else is needed.
    pub(crate) async fn wait(&self, step: Step, call: HandlerFuture<'_, Answers>) -> EndedStep {
        match with_timeout(self.methods[step.kind].timeout, call).await {
            Ok(not_done) if not_done.is_empty() => {
                let (failed, left) = (Vec::new(), Vec::new());
                EndedStep { step, failed, left, not_run: None, number: None, since: None }
            }
            answer => Box::pin(self.run(step, Some(FirstAttempt::Ready(answer)))).await,
        }
    }
}
