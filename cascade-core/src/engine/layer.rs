//! Layers: user code around every step, similar to `tower`. Uses are audit, rate limits and fault injection.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::affected::Instances;
use crate::extension::DynExtension;
use crate::handler::{NotDone, StepContext};
use crate::ids::BatchIds;
use crate::model::{Phase, StepError};

/// The answer of a step: the instances that are not done, by their position in the batch, each with its answer. An `Err` means
/// that the whole batch failed.
pub type StepAnswer = Result<Vec<(usize, NotDone)>, StepError>;

/// User code around every begin, effect and cleanup step. The layer added first is the outermost.
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
    /// Calls `next.run()` to run the step, or answers without running it.
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
    /// The name of the resource that the step acts on.
    pub fn resource(&self) -> &'a str {
        self.instances.resource()
    }

    /// The name of the method.
    pub fn effect(&self) -> &'a str {
        self.effect
    }

    /// The phase that the step belongs to.
    pub fn phase(&self) -> Phase {
        self.cx.phase()
    }

    /// The context that the method receives.
    pub fn context(&self) -> &'a StepContext {
        self.cx
    }

    /// The instances that the step acts on.
    pub fn instances(&self) -> Instances<'a> {
        self.instances
    }

    /// The ids that the step acts on, printed.
    pub fn printed_ids(&self) -> Vec<String> {
        (0..self.instances.len()).map(|position| self.instances.printed_id(position)).collect()
    }
}

impl fmt::Debug for StepCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepCall({} {} on {})", self.resource(), self.effect, self.instances.len())
    }
}

/// The rest of a step: the inner layers, and then the user's method. It is `Copy`, so a layer can run the step again.
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
        if let Some((layer, inner)) = layers.split_first() {
            return layer.call(step, Next { layers: inner, step, extension, method, ids });
        }
        extension.act(step.cx.phase, method, ids, step.cx)
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Next({} layers, {:?})", self.layers.len(), self.step)
    }
}
