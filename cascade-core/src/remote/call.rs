//! Calls of users' methods as values, and their answers. The serialised names are stable, because two processes exchange
//! them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RemoteError;
use crate::model::{Phase, RunId};
use crate::report::NestedReport;

/// A call of a finder with some parents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FindCall {
    /// The operation's code.
    pub operation: String,
    /// The operation's value.
    pub payload: Value,
    /// The root resource whose rules the call follows.
    pub root: String,
    /// All root resources; empty if there is only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<String>,
    /// The resource of the parents.
    pub parent: String,
    /// The resource of the found instances.
    pub child: String,
    /// The role of the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The finder's extension.
    pub extension: String,
    /// The finder.
    pub finder: String,
    /// The ids of the parents.
    pub parents: Vec<Value>,
}

/// A call of a check, begin, effect or cleanup method on some instances of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MethodCall {
    /// The run; `None` for a check before the run exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The phase.
    pub phase: Phase,
    /// The resource.
    pub resource: String,
    /// The method's extension.
    pub extension: String,
    /// The method.
    pub effect: String,
    /// The ids of the instances.
    pub ids: Vec<Value>,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// Whether the run overrides vetoes.
    pub forced: bool,
}

/// The answer of a method.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MethodAnswer {
    /// The instances that failed, or that a check objects to, by their position in the call, each with its error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<(usize, RemoteError)>,
    /// The instances that the method leaves as they are, by their position in the call, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<(usize, String)>,
    /// The reports of the nested cascades that the method started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nested: Vec<NestedReport>,
    /// The error, if the method failed as a whole after it had started nested cascades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<RemoteError>,
}

/// A call of all authorizers with some instances of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthorizeCall {
    /// The resource.
    pub resource: String,
    /// The ids of the instances.
    pub ids: Vec<Value>,
}
