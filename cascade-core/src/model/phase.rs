//! The phases of a run.

use std::fmt;

/// The phases of a run, each with its own methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Phase {
    /// Before the run: checks may veto it.
    Check,
    /// After the checks and before any effect. Parents first.
    Begin,
    /// The effects. Children first.
    Effect,
    /// After the effects, for the removed instances.
    Cleanup,
    /// After the run, for its receipt: finds instances that should be removed but still exist.
    Verify,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Begin => "begin",
            Self::Effect => "effect",
            Self::Cleanup => "cleanup",
            Self::Verify => "verify",
        }
    }
}
