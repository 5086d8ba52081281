//! What a run does after a step has failed.

/// What a run does after a step has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FailurePolicy {
    /// Start nothing new; what runs ends.
    #[default]
    Stop,
    /// Go on with all that does not hang above a failed instance.
    Isolate,
    /// Note the failure and go on as if the step had ended well: what could not be done is left behind.
    Force,
}

impl FailurePolicy {
    const ALL: [Self; 3] = [Self::Stop, Self::Isolate, Self::Force];

    /// The policy's stable name, as a journal keeps it.
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
