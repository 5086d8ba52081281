//! Plans and runs an operation in one go.

use std::fmt;
use std::future::IntoFuture;

use futures_util::future::BoxFuture;

use super::apply::{Apply, ApplyError};
use super::cascade::Cascade;
use super::root_set::RootSet;
use crate::model::{Operation, Resource, Roots, StartsFrom};
use crate::plan::{Plan, PlanError};
use crate::report::Report;

/// An operation to be planned and run. [`Cascade::run`] makes it; awaiting it runs it.
#[must_use = "nothing runs until it is awaited"]
pub struct PlannedRun {
    cascade: Cascade,
    planning: BoxFuture<'static, Result<Plan, PlanError>>,
    set: Option<Box<dyn FnOnce(Apply) -> Apply + Send>>,
}

impl fmt::Debug for PlannedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlannedRun").finish_non_exhaustive()
    }
}

impl PlannedRun {
    /// Sets the options of the run, as [`Apply`] has them. Replaces those of an earlier call.
    pub fn with(mut self, set: impl FnOnce(Apply) -> Apply + Send + 'static) -> Self {
        self.set = Some(Box::new(set));
        self
    }
}

impl IntoFuture for PlannedRun {
    type Output = Result<Report, ApplyError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { cascade, planning, set } = self;
            let apply = cascade.apply(planning.await?).drift_checked();
            match set {
                Some(set) => set(apply).await,
                None => apply.await,
            }
        })
    }
}

impl Cascade {
    /// Plans an operation and runs the plan at once, for callers that show it to nobody. It discovers once: there is no time
    /// between the plan and the run in which the world could change.
    ///
    /// # Errors
    ///
    /// Those of [`plan`](Self::plan), as [`ApplyError::Check`], and those of [`apply`](Self::apply).
    ///
    /// ```
    /// # use cascade_core::prelude::*;
    /// # use cascade_core::{ApplyError, FailurePolicy, Limits};
    /// # #[derive(Resource)] #[resource(id = String)] pub struct Volume;
    /// # async fn delete(cascade: &Cascade) -> Result<(), ApplyError> {
    /// let expired = Volume::roots(["volume-7", "volume-9"]);
    /// let report = cascade.run(Delete, expired).with(|apply| apply.limits(Limits::none().instances(100))).await?;
    /// assert!(report.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    pub fn run<O, R>(&self, operation: O, roots: Roots<R>) -> PlannedRun
    where
        O: StartsFrom<R>,
        R: Resource,
    {
        self.run_all(operation, RootSet::new().and(roots))
    }

    /// Like [`run`](Self::run), from roots of several resources.
    pub fn run_all<O: Operation>(&self, operation: O, roots: RootSet<O>) -> PlannedRun {
        let cascade = self.clone();
        let planning = Box::pin(async move { cascade.plan_all(operation, roots).await });
        PlannedRun { cascade: self.clone(), planning, set: None }
    }
}
