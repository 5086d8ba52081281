//! The state of an instance in a run.

/// The state of an instance in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub(crate) enum State {
    /// It waits for other instances, or for its turn.
    Waiting,
    /// A step on it is running.
    Running,
    Done,
    Failed,
    /// It would have to wait for an instance that failed, so it does not run.
    Blocked,
    /// The run left it as it is: it is neither done nor failed.
    Left,
}
