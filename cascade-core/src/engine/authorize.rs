//! Authorisation: who may do this to each affected instance?

use futures_util::future::BoxFuture;

use crate::affected::Instances;
use crate::model::StepError;

/// Decides for each affected instance whether the operation may touch it. A denial stops the plan before anything
/// runs, also a forced run.
///
/// ```
/// use cascade_core::{Authorizer, Denial, Instances, StepError};
/// use futures_util::future::BoxFuture;
///
/// struct OwnProjectOnly;
///
/// impl Authorizer for OwnProjectOnly {
///     fn authorize<'a>(
///         &'a self,
///         instances: Instances<'a>,
///     ) -> BoxFuture<'a, Result<Vec<Denial>, StepError>> {
///         Box::pin(async move {
///             let foreign = |&position: &usize| !instances.printed_id(position).starts_with("mine-");
///             let denied = (0..instances.len()).filter(foreign);
///             Ok(denied.map(|position| Denial::new(position, "it belongs to somebody else")).collect())
///         })
///     }
/// }
/// ```
pub trait Authorizer: Send + Sync + 'static {
    /// Answers those of `instances` that must not be touched. They are of one resource; a plan asks several times. An
    /// error stops the plan too.
    fn authorize<'a>(&'a self, instances: Instances<'a>) -> BoxFuture<'a, Result<Vec<Denial>, StepError>>;
}

/// An instance that must not be touched, by its position among those asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub(crate) position: usize,
    pub(crate) reason: String,
}

impl Denial {
    /// The instance at `position` must not be touched, because of `reason`.
    pub fn new(position: usize, reason: impl Into<String>) -> Self {
        Self { position, reason: reason.into() }
    }
}
