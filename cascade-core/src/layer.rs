//! Layers: user code around every step, in the manner of `tower`: audit, rate limit, fault injection.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::affected::Affected;
use crate::context::StepContext;
use crate::declare::Phase;
use crate::error::StepError;
use crate::extension::DynExtension;
use crate::id_table::Ids;
use crate::operation::Operation;
use crate::resource::Resource;

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

/// Some instances of one resource of a plan.
#[derive(Clone, Copy)]
pub struct Instances<'a> {
    pub(crate) affected: &'a Arc<Affected>,
    pub(crate) resource: usize,
    pub(crate) nodes: &'a [u32],
    /// The resource's first node.
    pub(crate) first: u32,
}

impl<'a> Instances<'a> {
    /// The name of their resource.
    pub fn resource(&self) -> &'a str {
        self.affected.resource_name(self.resource)
    }

    /// The operation of the plan, if it is an `O`.
    pub fn operation<O: Operation>(&self) -> Option<&'a O> {
        self.affected.operation.as_any().downcast_ref()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The id at a position below [`len`](Self::len); `None` if the resource is not `R`, or there is no such position.
    pub fn id<R: Resource>(&self, position: usize) -> Option<&'a R::Id> {
        let index = self.index(position)?;
        let is_r = self.affected.graph.resources[self.resource].descriptor.is_same(&R::DESCRIPTOR);
        Some(self.affected.columns[self.resource].ids.typed::<R::Id>().filter(|_| is_r)?.get(index))
    }

    /// The id at a position as it prints; empty where there is no such position.
    pub fn printed_id(&self, position: usize) -> String {
        let printed = |index: u32| self.affected.display(self.resource, index).to_string();
        self.index(position).map_or_else(String::new, printed)
    }

    /// The effects that run on the instance at a position, in their order.
    pub fn effects(&self, position: usize) -> Vec<&'a str> {
        let Some(index) = self.index(position) else { return Vec::new() };
        self.affected.effect_names(self.resource, self.affected.effects(self.resource, index)).collect()
    }

    fn index(&self, position: usize) -> Option<u32> {
        self.nodes.get(position).map(|node| node - self.first)
    }
}

impl fmt::Debug for Instances<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} instances of {}", self.len(), self.resource())
    }
}

/// What is inside a layer: the layers within it, and then the user's method. A copy of it runs the step once more.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    pub(crate) layers: &'a [Arc<dyn Layer>],
    pub(crate) step: StepCall<'a>,
    pub(crate) extension: &'a dyn DynExtension,
    pub(crate) method: usize,
    pub(crate) ids: Ids<'a>,
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
