//! The summary of a run, and the states of a run.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::model::{InstanceName, JsonFormat, RunId, unix_millis};

/// A new run: the data that is known before its plan is written. Its serialised form is that of journals; people read
/// [`RunInfo`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredRun", into = "StoredRun")]
#[non_exhaustive]
pub struct NewRun {
    /// The id of the run.
    pub id: RunId,
    /// The operation's code.
    pub operation: String,
    /// The operation's value.
    pub payload: Value,
    /// The name of the root resource.
    pub root: String,
    /// The first root instances.
    pub roots: Vec<InstanceName>,
    /// The number of root instances.
    pub root_count: u64,
    /// The roots of further resources.
    pub further_roots: Vec<RunRoots>,
    /// The number of instances that have a step of their own.
    pub instances: u64,
}

/// The roots of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunRoots {
    /// The resource.
    pub resource: String,
    /// The first of its roots.
    pub roots: Vec<InstanceName>,
    /// The number of its roots.
    pub count: u64,
}

/// The form in journals, whose names never change.
#[derive(Serialize, Deserialize)]
struct StoredRun {
    id: RunId,
    operation: String,
    payload: Value,
    root: String,
    /// Printed.
    roots: Vec<String>,
    /// Serialised. Earlier versions did not store it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    root_ids: Vec<Value>,
    root_count: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    further_roots: Vec<RunRoots>,
    instances: u64,
}

impl From<NewRun> for StoredRun {
    fn from(run: NewRun) -> Self {
        let NewRun { id, operation, payload, root, roots, root_count, further_roots, instances } = run;
        let (roots, root_ids) = roots.into_iter().map(|root| (root.text, root.id)).unzip();
        Self { id, operation, payload, root, roots, root_ids, root_count, further_roots, instances }
    }
}

impl From<StoredRun> for NewRun {
    fn from(run: StoredRun) -> Self {
        let StoredRun { id, operation, payload, root, roots, root_ids, root_count, further_roots, instances } =
            run;
        let ids = root_ids.into_iter().chain(std::iter::repeat(Value::Null));
        let roots = roots.into_iter().zip(ids).map(|(text, id)| InstanceName::new(&root, id, text)).collect();
        Self { id, operation, payload, root, roots, root_count, further_roots, instances }
    }
}

impl NewRun {
    /// A run of `operation` from the resource `root`, without payload and without counts.
    pub fn new(id: RunId, operation: impl Into<String>, root: impl Into<String>) -> Self {
        Self {
            id,
            operation: operation.into(),
            payload: Value::Null,
            root: root.into(),
            roots: Vec::new(),
            root_count: 0,
            further_roots: Vec::new(),
            instances: 0,
        }
    }
}

/// The state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RunState {
    /// The plan is being written. No step has started.
    Preparing,
    /// The run has started and not ended. It is in progress, or can be resumed.
    Unfinished,
    /// The run has ended, and every instance is done.
    Complete,
    /// The run has ended, and some instances are not done. The report lists them.
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

    /// The state with that stable name, or `None`.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Preparing, Self::Unfinished, Self::Complete, Self::Incomplete];
        all.into_iter().find(|state| state.name() == name)
    }

    /// Whether the run has ended.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Complete | Self::Incomplete)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The summary of a run. A journal has it without reading the run's records.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RunInfo {
    /// The format of the document.
    pub format: JsonFormat,
    /// The data that the run was created with.
    #[serde(flatten, serialize_with = "run_document")]
    pub run: NewRun,
    /// The state.
    pub state: RunState,
    /// The number of instances that have no step left, failed ones included.
    pub ended: u64,
    /// The number of failed instances.
    pub failed: u64,
    /// The person or system that confirmed the plan, if given.
    pub confirmed_by: Option<String>,
    /// The time of creation, in milliseconds since 1970 (UTC).
    pub created: u64,
    /// The time of the last write, in milliseconds since 1970 (UTC).
    pub updated: u64,
    /// The current owner; `None` if there is none, or it has died.
    pub owner: Option<String>,
    /// How often the owner has changed.
    pub takeovers: u64,
}

/// A new run as people read it.
fn run_document<S: Serializer>(run: &NewRun, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct RunDocument<'a> {
        id: &'a RunId,
        operation: &'a str,
        payload: &'a Value,
        roots: Vec<&'a InstanceName>,
        root_count: u64,
        instances: u64,
    }
    let NewRun { id, operation, payload, instances, .. } = run;
    let further = || run.further_roots.iter();
    let roots = run.roots.iter().chain(further().flat_map(|of| &of.roots)).collect();
    let root_count = run.root_count + further().map(|of| of.count).sum::<u64>();
    let instances = *instances;
    RunDocument { id, operation, payload, roots, root_count, instances }.serialize(serializer)
}

impl RunInfo {
    /// The summary of a run created now.
    pub fn new(run: NewRun, owner: Option<String>) -> Self {
        let now = unix_millis(SystemTime::now());
        Self {
            format: JsonFormat,
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

    /// The time since the creation.
    pub fn age(&self) -> Duration {
        Duration::from_millis(unix_millis(SystemTime::now()).saturating_sub(self.created))
    }

    /// Whether the run can be resumed: it has not ended, and has no owner.
    pub fn is_resumable(&self) -> bool {
        !self.state.has_ended() && self.owner.is_none()
    }
}
