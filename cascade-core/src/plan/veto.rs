//! Objections to a plan.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Printed;

/// An objection of a check to one instance of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanVeto {
    /// The resource of the instance.
    pub resource: String,
    /// The instance, as it prints.
    pub id: String,
    /// Why it must not be operated on.
    pub reason: String,
    /// The check that says so, with its extension.
    pub check: String,
}

impl fmt::Display for PlanVeto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {} ({})", self.resource, Printed(&self.id), self.reason, self.check)
    }
}
