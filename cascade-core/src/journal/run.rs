//! Runs as one can ask about them.

use crate::model::{RunId, unix_millis};
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// A run that begins: what is known before its plan is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// The operation's code.
    pub operation: String,
    /// The operation itself.
    pub payload: serde_json::Value,
    /// The root resource.
    pub root: String,
    /// The first few root instances, as they print.
    pub roots: Vec<String>,
    /// How many root instances there are.
    pub root_count: u64,
    /// How many instances have a step of their own.
    pub instances: u64,
}

impl NewRun {
    /// A run with nothing known but what it is about.
    pub fn new(id: RunId, operation: impl Into<String>, root: impl Into<String>) -> Self {
        Self {
            id,
            operation: operation.into(),
            payload: serde_json::Value::Null,
            root: root.into(),
            roots: Vec::new(),
            root_count: 0,
            instances: 0,
        }
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RunState {
    /// Its plan is being written. Nothing has been changed yet.
    Preparing,
    /// It has started, and not ended: it is under way, or can be resumed.
    Unfinished,
    /// It has ended, and every instance is done.
    Complete,
    /// It has ended, and not every instance is done: the report said which.
    Incomplete,
}

impl RunState {
    /// The state's stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Unfinished => "unfinished",
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
        }
    }

    /// The state of that name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Preparing, Self::Unfinished, Self::Complete, Self::Incomplete];
        all.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing more will happen.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Complete | Self::Incomplete)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a journal knows of a run without reading its records.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RunInfo {
    /// What it is about.
    #[serde(flatten)]
    pub run: NewRun,
    /// How far it is.
    pub state: RunState,
    /// How many of its instances have no step left, whether well or not.
    pub ended: u64,
    /// How many of those failed.
    pub failed: u64,
    /// Who confirmed the plan, where that was said.
    pub confirmed_by: Option<String>,
    /// When it was created, in milliseconds since 1970.
    pub created: u64,
    /// When it was last written, in milliseconds since 1970.
    pub updated: u64,
    /// Who owns it now; `None` if nobody does, or the owner is gone.
    pub owner: Option<String>,
    /// How often its owner changed.
    pub takeovers: u64,
}

impl RunInfo {
    /// A run that was created just now.
    pub fn new(run: NewRun, owner: Option<String>) -> Self {
        let now = unix_millis(SystemTime::now());
        Self {
            run,
            state: RunState::Preparing,
            ended: 0,
            failed: 0,
            confirmed_by: None,
            created: now,
            updated: now,
            owner,
            takeovers: 0,
        }
    }

    /// How long ago it was created.
    pub fn age(&self) -> Duration {
        Duration::from_millis(unix_millis(SystemTime::now()).saturating_sub(self.created))
    }

    /// Whether it was broken off, and can be resumed.
    pub fn is_resumable(&self) -> bool {
        !self.state.has_ended() && self.owner.is_none()
    }
}
