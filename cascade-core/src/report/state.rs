//! The state of an instance in a run.

/// Where an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub(crate) enum State {
    /// It waits for others, or for its turn.
    Waiting,
    /// A step on it is under way.
    Running,
    Done,
    Failed,
    /// It waits for one that failed: it will not run.
    Blocked,
}
