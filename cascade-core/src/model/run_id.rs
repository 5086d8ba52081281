//! Ids of runs.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::clock::unix_millis;

/// The id of a run. Generated ids sort by creation time. Cloning is cheap, because every call of a method holds a clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct RunId(Arc<str>);

impl RunId {
    /// A new id: the current time and 32 random bits, in hex.
    pub fn generate() -> Self {
        // The operating system seeds `RandomState`; each instance differs.
        let random = RandomState::new().hash_one(std::process::id()) as u32;
        Self(format!("{:011x}-{random:08x}", unix_millis(SystemTime::now())).into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for RunId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for RunId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<RunId> for String {
    fn from(RunId(text): RunId) -> Self {
        text.as_ref().into()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
