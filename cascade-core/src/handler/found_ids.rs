//! The answer of a finder as it is sent between processes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answer of a finder, with serialised ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FoundIds {
    /// Pairs of a parent and a child.
    Pairs {
        /// The parents. A parent is listed once for each sequence of adjacent pairs that it has.
        parents: Vec<Value>,
        /// Each child, after the position of its parent in `parents`.
        pairs: Vec<(u32, Value)>,
    },
    /// Children without their parents.
    Children(Vec<Value>),
    /// The children of each given parent, in the order of the parents.
    PerParent {
        /// The number of children of each parent.
        counts: Vec<u32>,
        /// The children, those of the first parent first.
        children: Vec<Value>,
    },
}
