//! Objections to instances of a plan.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::InstanceName;

/// An objection to one instance of a plan: a veto of a check or of a `restrict` rule, or a denial of an authorizer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanVeto {
    /// The instance.
    #[serde(flatten)]
    pub instance: InstanceName,
    /// Why it must not be operated on.
    pub reason: String,
    /// The source of the objection: the check with its extension, the extension with its `restrict` rule, or
    /// `authorizer`.
    pub check: String,
}

impl fmt::Display for PlanVeto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.instance, self.reason, self.check)
    }
}
