//! Authorisation of an operation on each affected instance.

use futures_util::future::BoxFuture;

use crate::affected::Instances;
use crate::model::StepError;

/// Decides for each affected instance whether the operation may act on it. A plan with a denial cannot be applied, not even
/// by a forced run.
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
///             Ok(denied.map(|position| Denial::new(position, "it belongs to another project")).collect())
///         })
///     }
/// }
/// ```
pub trait Authorizer: Send + Sync + 'static {
    /// Returns a denial for each of `instances` that the operation must not act on. All of them are of one resource, so a
    /// plan calls this method several times. During a run it is also called for late dependents.
    ///
    /// # Errors
    ///
    /// An error has the effect of a denial: there is no plan, or the late dependents do not join it.
    fn authorize<'a>(&'a self, instances: Instances<'a>) -> BoxFuture<'a, Result<Vec<Denial>, StepError>>;
}

/// An instance that the operation must not act on, by its position among the instances that the authorizer was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub(crate) position: usize,
    pub(crate) reason: String,
}

impl Denial {
    /// Denies the operation on the instance at `position`, because of `reason`.
    pub fn new(position: usize, reason: impl Into<String>) -> Self {
        Self { position, reason: reason.into() }
    }
}
