//! The phases of a run.

use std::fmt;

/// The parts of a run that stand around the effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Phase {
    /// Before anything runs: may it?
    Check,
    /// Vetoes done, no effect yet, parents first.
    Begin,
    /// The effects, children first.
    Effect,
    /// After the run, for the instances that went.
    Cleanup,
    /// Once the run has ended, for its receipt: what should have gone, and is still there?
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
