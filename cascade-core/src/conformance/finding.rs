//! What the kit has found.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cascade::ApplyError;
use crate::model::BuildError;
use crate::plan::PlanError;

/// A call that an extension does not tolerate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Finding {
    /// The extension and the method, as in `VmCascade::destroy`. Several methods if none of them has the effect alone.
    pub method: String,
    /// The disturbance: how the method was called.
    pub when: &'static str,
    /// The result: the error, or the difference from the expected result.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.method, self.when, self.what)
    }
}

/// The scenario cannot be run, so nothing can be said about the extensions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConformanceError {
    /// The builder of a stage has faults.
    #[error("the extensions of the stage do not build")]
    Build(#[from] BuildError),
    /// There is no plan of the operation in a fresh stage.
    #[error("the operation has no plan in a fresh stage")]
    Plan(#[from] PlanError),
    /// The plan was not run in a fresh stage, or not to its end.
    #[error("the plan does not run in a fresh stage")]
    Apply(#[from] ApplyError),
}

/// The findings so far. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Findings(Arc<Mutex<BTreeSet<Finding>>>);

impl Findings {
    pub(super) fn add(&self, method: &str, when: &'static str, what: String) {
        let finding = Finding { method: method.to_owned(), when, what };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(finding);
    }

    /// All findings, sorted and without duplicates.
    pub(super) fn all(&self) -> Vec<Finding> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
