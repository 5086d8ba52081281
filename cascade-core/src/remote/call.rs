//! Calls of users' methods as values, and their answers. Their serialised form is what travels: names in it are stable.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RemoteError;
use crate::model::{Phase, RunId};
use crate::report::NestedReport;

/// A finder about some parents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FindCall {
    /// The operation's code.
    pub operation: String,
    /// The operation itself.
    pub payload: Value,
    /// The resource that the cascade started from.
    pub root: String,
    /// The resource of the parents.
    pub parent: String,
    /// The resource of what is found.
    pub child: String,
    /// The finder's extension.
    pub extension: String,
    /// The finder.
    pub finder: String,
    /// The parents.
    pub parents: Vec<Value>,
}

/// A check, begin, effect or cleanup method on some instances of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MethodCall {
    /// The run; `None` before there is one.
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
    /// The instances.
    pub ids: Vec<Value>,
    /// Which try it is, from 1.
    pub attempt: u32,
    /// Whether the run goes on in spite of vetoes.
    pub forced: bool,
}

/// What a method answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MethodAnswer {
    /// The instances that failed, or that a check objects to, by their position in the call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<(usize, RemoteError)>,
    /// The cascades that the method started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nested: Vec<NestedReport>,
    /// Why it failed as a whole, where it had started cascades before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<RemoteError>,
}

/// All authorizers about some instances of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthorizeCall {
    /// The resource.
    pub resource: String,
    /// The instances.
    pub ids: Vec<Value>,
}
