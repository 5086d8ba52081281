//! The answer of a finder in the form that travels between processes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a finder found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FoundIds {
    /// Pairs of a parent and a child.
    Pairs {
        /// The parents, each once for each row of pairs that it stands in.
        parents: Vec<Value>,
        /// The position of the parent among those, and the child.
        pairs: Vec<(u32, Value)>,
    },
    /// Children alone.
    Children(Vec<Value>),
    /// The children of each parent that was asked about, in their order.
    PerParent {
        /// How many each has.
        counts: Vec<u32>,
        /// The children, those of the first parent first.
        children: Vec<Value>,
    },
}
