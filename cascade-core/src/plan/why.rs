//! Explains why an instance is in a plan.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;

use serde::Serialize;

use super::plan::Plan;
use crate::affected::{Affected, LookupError};
use crate::graph::Reach;
use crate::ids::{EdgeIx, InstanceIx, ResourceIx};
use crate::model::{InstanceName, JsonFormat, Resource};

/// The maximum number of direct parents per edge that are explained.
const MAX_PARENTS: usize = 100;

/// Why an instance is in a plan: for each of its parents, a shortest path from a root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Why {
    /// The format of the document.
    pub format: JsonFormat,
    /// The instance.
    #[serde(flatten)]
    pub instance: InstanceName,
    /// The effects that run on it, in the order they run in.
    pub effects: Vec<String>,
    /// The paths on which the operation reaches it, shortest first: at most 100 for each edge.
    pub paths: Vec<WhyPath>,
    /// The number of parents for which no path is listed.
    pub more: usize,
}

/// One path on which an operation reaches an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WhyPath {
    /// The instances from the root to this one.
    pub instances: Vec<InstanceName>,
    /// The roles of the edges between them, one fewer: `None` for an edge that has none.
    pub roles: Vec<Option<String>>,
    /// The effect or policy that applies to the instance along the last edge of the path.
    pub brings: String,
    /// The effect that runs instead of the one in `brings`, if any.
    pub superseded_by: Option<String>,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effects = if self.effects.is_empty() { String::from("no step") } else { self.effects.join(", ") };
        writeln!(f, "{}: {effects}", self.instance)?;
        for path in &self.paths {
            writeln!(f, "  {path}")?;
        }
        if self.more > 0 { writeln!(f, "  and {} more", self.more) } else { Ok(()) }
    }
}

impl fmt::Display for WhyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, instance) in self.instances.iter().enumerate() {
            let arrow = if at > 0 { " → " } else { "" };
            write!(f, "{arrow}{instance}")?;
            let role = at.checked_sub(1).and_then(|edge| self.roles.get(edge)?.as_ref());
            role.map_or(Ok(()), |role| write!(f, " ({role})"))?;
        }
        write!(f, ": {}", self.brings)?;
        match &self.superseded_by {
            Some(effect) => write!(f, ", superseded by {effect}"),
            None => Ok(()),
        }
    }
}

impl Plan {
    /// Why an instance of `R` is in the plan; `None` if it is neither affected nor retained.
    pub fn why<R: Resource>(&self, id: &R::Id) -> Option<Why> {
        let resource = self.affected.graph.find_resource(R::NAME)?;
        let index = self.affected.columns[resource].ids.typed::<R::Id>()?.index_of(id)?;
        why(&self.affected, resource, index)
    }

    /// Like [`why`](Self::why), for a resource and an id as text: the printed id, or the id as JSON. Compares `id` with
    /// every printed id.
    pub fn why_named(&self, resource: &str, id: &str) -> Result<Option<Why>, LookupError> {
        let (resource, index) = self.affected.position_of_text(resource, id)?;
        Ok(index.and_then(|index| why(&self.affected, resource, index)))
    }
}

pub(crate) fn why(affected: &Affected, resource: ResourceIx, index: InstanceIx) -> Option<Why> {
    let column = &affected.columns[resource];
    if !column.is_affected(index) && !column.is_retained(index) {
        return None;
    }
    let mut paths = Vec::new();
    let mut more = 0;
    if let Some(root) = affected.root_of(resource, index) {
        paths.push(path(affected, &Hops::at(resource, index), root.reach));
    }
    for &edge in &affected.graph.resources[resource].up {
        let Some(route) = affected.route.edges[edge] else { continue };
        let parent = affected.graph.edges[edge].parent;
        let parents = affected.parents(edge, index);
        more += parents.len().saturating_sub(MAX_PARENTS);
        for parent_index in parents.into_iter().take(MAX_PARENTS) {
            let mut hops = path_from_root(affected, route.root, (parent, parent_index));
            hops.below.push((edge, (resource, index)));
            let path = path(affected, &hops, route.reach);
            // For several root resources, there may be the same path for each.
            if route.root == 0 || !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths.sort_by_key(|path| path.instances.len());
    Some(Why {
        format: JsonFormat,
        instance: affected.name(resource, index),
        effects: affected.effect_names(resource, index).map(str::to_owned).collect(),
        paths,
        more,
    })
}

/// An instance: its resource and its index.
type Instance = (ResourceIx, InstanceIx);

/// A path: an instance, and the edges and instances below it.
struct Hops {
    top: Instance,
    below: Vec<(EdgeIx, Instance)>,
}

impl Hops {
    fn at(resource: ResourceIx, index: InstanceIx) -> Self {
        Self { top: (resource, index), below: Vec::new() }
    }

    fn end(&self) -> Instance {
        self.below.last().map_or(self.top, |&(_, instance)| instance)
    }
}

/// Explains one path, whose last instance the operation reaches with `reach`.
fn path(affected: &Affected, hops: &Hops, reach: Reach) -> WhyPath {
    let (resource, index) = hops.end();
    let brings = match reach {
        Reach::Effect { effect, .. } => affected.effect_name(resource, effect),
        Reach::WithParent => "removed with its parent",
        Reach::Retained => "retained",
        Reach::Restricts => "restricts",
    };
    let superseded_by = match reach {
        Reach::Effect { effect, .. } => affected.columns[resource]
            .dispositions
            .get(index)
            .given
            .iter()
            .find(|&other| affected.graph.resources[resource].effects[other].supersedes.contains(effect))
            .map(|other| affected.effect_name(resource, other).to_owned()),
        Reach::WithParent | Reach::Retained | Reach::Restricts => None,
    };
    let is_retained = affected.columns[resource].is_retained(index);
    let role = |edge: EdgeIx| affected.graph.edges[edge].role.as_ref().map(ToString::to_string);
    WhyPath {
        instances: std::iter::once(hops.top)
            .chain(hops.below.iter().map(|&(_, it)| it))
            .map(|(resource, index)| affected.name(resource, index))
            .collect(),
        roles: hops.below.iter().map(|&(edge, _)| role(edge)).collect(),
        brings: if is_retained { String::from("retained") } else { brings.to_owned() },
        superseded_by,
    }
}

/// A shortest path down to an instance from a root of the root resource at the position `root`, both included. An owner along a
/// shared edge may be reached from roots of other resources alone: then the path is from one of these.
fn path_from_root(affected: &Affected, root: usize, end: Instance) -> Hops {
    let others = (0..affected.route.roots.len()).filter(|&other| other != root);
    let path = std::iter::once(root).chain(others).find_map(|root| path_from(affected, root, end));
    path.unwrap_or_else(|| Hops::at(end.0, end.1))
}

/// A breadth-first search up from the instance to a root of that root resource.
fn path_from(affected: &Affected, root: usize, end: Instance) -> Option<Hops> {
    let graph = &affected.graph;
    let root_resource = affected.route.roots[root].resource;
    // The next edge and instance on the way down to `end`.
    let mut below: HashMap<Instance, (EdgeIx, Instance)> = HashMap::new();
    let mut seen = HashSet::from([end]);
    let mut open = VecDeque::from([end]);
    while let Some(instance) = open.pop_front() {
        if instance.0 == root_resource && affected.is_root(instance.0, instance.1) {
            let next = |at: &Instance| below.get(at).copied();
            let path = std::iter::successors(next(&instance), |(_, at)| next(at));
            return Some(Hops { top: instance, below: path.collect() });
        }
        let up = graph.resources[instance.0].up.iter().copied();
        for edge in up.filter(|&edge| graph.edges[edge].root == root) {
            let parent = graph.edges[edge].parent;
            for at in affected.parents(edge, instance.1) {
                if seen.insert((parent, at)) {
                    below.insert((parent, at), (edge, instance));
                    open.push_back((parent, at));
                }
            }
        }
    }
    None
}
