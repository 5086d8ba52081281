//! Layers: user code around every step, in the manner of `tower`: audit, rate limit, fault injection.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::affected::Instances;
use crate::extension::DynExtension;
use crate::handler::StepContext;
use crate::ids::BatchIds;
use crate::model::{Phase, StepError};

/// What a step answers: the instances that failed, by their position in the batch. An `Err` says that the whole batch
/// failed.
pub type StepAnswer = Result<Vec<(usize, StepError)>, StepError>;

/// Code around every begin, effect and cleanup step. The layer that was added first is the outermost.
///
/// A closure is a layer too:
///
/// ```
/// use cascade_core::{Cascade, Next, StepAnswer, StepCall};
/// use futures_util::future::BoxFuture;
///
/// fn audit<'a>(step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
///     Box::pin(async move {
///         println!("{} {} on {:?}", step.resource(), step.effect(), step.printed_ids());
///         next.run().await
///     })
/// }
/// let builder = Cascade::builder().layer(audit);
/// # let _ = builder;
/// ```
pub trait Layer: Send + Sync + 'static {
    /// Runs the step by `next.run()`, or answers in its place.
    fn call<'a>(&'a self, step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer>;
}

impl<F> Layer for F
where
    F: for<'a> Fn(StepCall<'a>, Next<'a>) -> BoxFuture<'a, StepAnswer> + Send + Sync + 'static,
{
    fn call<'a>(&'a self, step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
        self(step, next)
    }
}

/// A step as a layer sees it.
#[derive(Clone, Copy)]
pub struct StepCall<'a> {
    pub(crate) effect: &'a str,
    pub(crate) instances: Instances<'a>,
    pub(crate) cx: &'a StepContext,
}

impl<'a> StepCall<'a> {
    /// The name of the resource it acts on.
    pub fn resource(&self) -> &'a str {
        self.instances.resource()
    }

    /// The name of the method.
    pub fn effect(&self) -> &'a str {
        self.effect
    }

    /// The part of the run it belongs to.
    pub fn phase(&self) -> Phase {
        self.cx.phase()
    }

    /// The context that the method is called with.
    pub fn context(&self) -> &'a StepContext {
        self.cx
    }

    /// The instances it acts on.
    pub fn instances(&self) -> Instances<'a> {
        self.instances
    }

    /// The ids it acts on, as they print.
    pub fn printed_ids(&self) -> Vec<String> {
        (0..self.instances.len()).map(|position| self.instances.printed_id(position)).collect()
    }
}

impl fmt::Debug for StepCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepCall({} {} on {})", self.resource(), self.effect, self.instances.len())
    }
}

/// What is inside a layer: the layers within it, and then the user's method. A copy of it runs the step once more.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    pub(crate) layers: &'a [Arc<dyn Layer>],
    pub(crate) step: StepCall<'a>,
    pub(crate) extension: &'a dyn DynExtension,
    pub(crate) method: usize,
    pub(crate) ids: BatchIds<'a>,
}

impl<'a> Next<'a> {
    /// Runs the step.
    pub fn run(self) -> BoxFuture<'a, StepAnswer> {
        let Self { layers, step, extension, method, ids } = self;
        if let Some((layer, within)) = layers.split_first() {
            return layer.call(step, Next { layers: within, step, extension, method, ids });
        }
        extension.act((step.cx.phase, method), ids, step.cx)
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Next({} layers, {:?})", self.layers.len(), self.step)
    }
}
