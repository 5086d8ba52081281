//! Limits on the number of instances of a plan.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::affected::Affected;
use crate::graph::Graph;

/// Limits on the number of instances that a plan may affect.
///
/// They are checked before anything runs. A plan above a limit is refused, even by a forced run: raise the limit to run
/// it.
///
/// ```
/// use cascade_core::Limits;
///
/// let limits = Limits::none().instances(50_000).resource("VmInstance", 1_000);
/// # let _ = limits;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[must_use]
pub struct Limits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instances: Option<usize>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    resources: BTreeMap<String, usize>,
}

/// A limit that a plan exceeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Exceeded {
    /// The limited resource; `None` for the limit on all instances together.
    pub resource: Option<String>,
    /// The limit.
    pub limit: usize,
    /// The number of affected instances.
    pub instances: usize,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource.as_deref().unwrap_or("all resources together");
        write!(f, "{} instances of {resource}, where the limit is {}", self.instances, self.limit)
    }
}

impl Limits {
    /// No limit.
    pub fn none() -> Self {
        Self::default()
    }

    /// Allows at most `limit` affected instances of all resources together. Zero refuses every plan.
    pub fn instances(mut self, limit: usize) -> Self {
        self.instances = Some(limit);
        self
    }

    /// Allows at most `limit` affected instances of the resource of that name. Zero refuses every plan that affects it.
    pub fn resource(mut self, name: impl Into<String>, limit: usize) -> Self {
        self.resources.insert(name.into(), limit);
        self
    }

    /// The limits that the set exceeds: first the limit on all instances, then by resource.
    pub(crate) fn exceeded(&self, affected: &Affected) -> Vec<Exceeded> {
        let all = self.instances.map(|limit| Exceeded { resource: None, limit, instances: affected.count });
        let single = self.resources.iter().filter_map(|(name, &limit)| {
            let resource = affected.graph.find_resource(name)?;
            let instances = affected.instances(resource).count();
            Some(Exceeded { resource: Some(name.clone()), limit, instances })
        });
        all.into_iter().chain(single).filter(|exceeded| exceeded.instances > exceeded.limit).collect()
    }

    /// The first limited resource that is not in the graph.
    pub(crate) fn unknown(&self, graph: &Graph) -> Option<&str> {
        self.resources().find(|name| graph.find_resource(name).is_none())
    }

    /// The names of the limited resources.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources.keys().map(String::as_str)
    }
}
