//! Limits on a plan: how much may be touched at all.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::affected::Affected;
use crate::graph::Graph;

/// How many instances a plan may touch. Looked at before anything runs; a plan above a limit is refused, also by a
/// forced run: who means it raises the limit.
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

/// A limit that a plan is above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Exceeded {
    /// The resource; `None` for all instances together.
    pub resource: Option<String>,
    /// How many may be touched.
    pub limit: usize,
    /// How many would be.
    pub instances: usize,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.resource.as_deref().unwrap_or("all resources together");
        write!(f, "{} instances of {what}, where the limit is {}", self.instances, self.limit)
    }
}

impl Limits {
    /// No limit.
    pub fn none() -> Self {
        Self::default()
    }

    /// At most `limit` instances in all; zero refuses every plan.
    pub fn instances(mut self, limit: usize) -> Self {
        self.instances = Some(limit);
        self
    }

    /// At most `limit` instances of the resource of that name; zero protects it altogether.
    pub fn resource(mut self, name: impl Into<String>, limit: usize) -> Self {
        self.resources.insert(name.into(), limit);
        self
    }

    /// The limits that the set is above: the one on all first, then by resource.
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

    /// The names of resources that are limited.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources.keys().map(String::as_str)
    }
}
