//! Tests whether extensions tolerate empty batches, retries, interruptions and a second look.
//!
//! The engine calls a step at least once. After a crash, a timeout or a failure it calls the step again, with instances
//! that may be removed already. It calls finders again before and during a run. [`check`] provokes these calls in a scenario of
//! yours, in a fresh environment each time:
//!
//! * It calls every finder, check, begin, effect, cleanup and verify method of the scenario with an **empty batch**.
//! * It calls every finder **twice**. Both answers must be equal and name only the given parents.
//! * It calls every finder again **after the begin methods**. What `begin` has marked must be answered still: a run takes an
//!   instance that is not answered for one that has departed, and leaves it alone. Filter on "not deleted", never on "not
//!   being deleted".
//! * It calls every step **twice** in a row.
//! * It **interrupts** every step at an `await`, by dropping the future, and calls the step again.
//! * It calls every method once more **after the run**, with ids that the run has removed.
//!
//! None of these calls may fail, and each run must leave the same state as an undisturbed run. If one does not, the kit disturbs
//! one method after another, and the finding names the method and the lines of the state that are missing or not expected.
//! Verify methods must then report no remaining instance.

mod calls;
mod difference;
mod disturb;
mod finding;
mod names;
mod scenario;
mod stage;

pub use finding::{ConformanceError, Finding};
pub use stage::Stage;

use finding::Findings;
use scenario::Scenario;

use crate::model::Operation;

/// Applies `operation` to the roots, with all disturbances that the [module](self) describes. `stage` makes the fresh
/// environment of each run, in the caller's runtime.
///
/// Returns the findings, sorted and without duplicates. The list is empty if the extensions tolerate everything.
///
/// # Errors
///
/// [`ConformanceError`] if the scenario cannot be run in a fresh stage.
///
/// ```
/// use cascade_core::conformance::{self, Stage};
/// use cascade_core::prelude::*;
/// # #[derive(Resource)] #[resource(id = String)] pub struct Zone;
/// # #[derive(Extension)] struct Zones;
/// # #[cascade(resource = Zone)]
/// # impl Zones {
/// #     #[on(Delete)]
/// #     async fn remove(&self, zones: &[String]) -> Result<(), StepError> { Ok(()) }
/// # }
/// # async fn rows_of_all_tables() -> Vec<String> { Vec::new() }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), conformance::ConformanceError> {
/// let stage = async || Stage::new(Cascade::builder().register(Zones), rows_of_all_tables);
/// let findings = conformance::check(stage, Delete, "Zone", ["zone-1"]).await?;
/// assert_eq!(findings, []);
/// # Ok(())
/// # }
/// ```
pub async fn check<O: Operation>(
    stage: impl AsyncFn() -> Stage,
    operation: O,
    resource: &str,
    roots: impl IntoIterator<Item = impl Into<String>>,
) -> Result<Vec<Finding>, ConformanceError> {
    let roots: Vec<String> = roots.into_iter().map(Into::into).collect();
    let scenario = Scenario { stage, operation, resource, roots, findings: Findings::default() };
    let expected = scenario.undisturbed().await?;
    scenario.empty().await?;
    scenario.finders().await?;
    scenario.disturbances(&expected).await?;
    Ok(scenario.findings.all())
}
