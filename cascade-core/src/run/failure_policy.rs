//! The failure policy of a run.

/// How a run continues after a step has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FailurePolicy {
    /// Start no further step. Running steps end normally.
    #[default]
    Stop,
    /// Continue with every instance that does not wait for a failed one.
    Isolate,
    /// Record the failure and continue as if the step had succeeded. The work that failed remains undone.
    Force,
}

impl FailurePolicy {
    const ALL: [Self; 3] = [Self::Stop, Self::Isolate, Self::Force];

    /// The stable name of the policy, as the journal stores it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Isolate => "isolate",
            Self::Force => "force",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}
