//! The plan: the affected set, with the vetoes of checks and the denials of authorizers. Planning changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::cut::{CutSummary, cuts};
use super::digest;
use super::limits::{Exceeded, Limits};
use super::veto::PlanVeto;
use crate::affected::{Affected, InstanceRef, Lookup};
use crate::ids::{Index, InstanceIx, ResourceIx};
use crate::model::{EffectSet, Resource};

/// All that an operation would do: every affected instance with its effects, and the order. Made by
/// [`Cascade::plan`](crate::Cascade::plan), which changes nothing.
///
/// A plan prints as a tree with counts and effects, and serialises with every instance.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) affected: Arc<Affected>,
    pub(crate) vetoes: Vec<PlanVeto>,
    pub(crate) denials: Vec<PlanVeto>,
}

/// A plan in numbers, for people to confirm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlanSummary {
    /// The operation's code.
    pub operation: String,
    /// The root resource.
    pub root: String,
    /// The ids of the root instances, printed.
    pub roots: Vec<String>,
    /// The number of affected instances.
    pub instances: usize,
    /// The numbers of each resource that has affected or retained instances.
    pub resources: BTreeMap<String, ResourceSummary>,
    /// The objections of checks and `restrict` rules.
    pub vetoes: Vec<PlanVeto>,
    /// The instances that authorizers deny.
    pub denials: Vec<PlanVeto>,
    /// The arcs that close cycles of instances. The order leaves them out.
    pub cut: Vec<CutSummary>,
    /// The digest that a confirmation names: see [`Plan::digest`].
    pub digest: String,
}

/// One resource of a plan in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResourceSummary {
    /// The number of affected instances.
    pub instances: usize,
    /// The number of instances that each effect runs on. Several effects can run on one instance, or none.
    pub effects: BTreeMap<String, usize>,
    /// The number of affected instances that are removed: see
    /// [`StepContext::is_going`](crate::StepContext::is_going).
    pub going: usize,
    /// The number of instances that are not affected and stay, although they depend on removed instances.
    pub retained: usize,
}

impl Plan {
    /// The number of affected instances, the roots included.
    pub fn len(&self) -> usize {
        self.affected.count
    }

    /// Whether nothing is affected. Always `false`, because a plan has at least one root.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The objections of checks and `restrict` rules, sorted by resource and id. If there are any, only a forced run
    /// starts.
    pub fn vetoes(&self) -> &[PlanVeto] {
        &self.vetoes
    }

    /// The instances that authorizers deny, sorted by resource and id. If there are any, no run starts.
    pub fn denials(&self) -> &[PlanVeto] {
        &self.denials
    }

    /// The limits that the plan exceeds.
    pub fn exceeds(&self, limits: &Limits) -> Vec<Exceeded> {
        limits.exceeded(&self.affected)
    }

    /// The ids of the affected instances of `R`, sorted.
    pub fn ids<R: Resource>(&self) -> Vec<R::Id> {
        let Some(resource) = self.affected.graph.find_resource(R::NAME) else { return Vec::new() };
        let Some(ids) = self.affected.columns[resource].ids.typed::<R::Id>() else { return Vec::new() };
        self.affected.sorted(resource).map(|index| ids.get(index).clone()).collect()
    }

    /// Every affected instance, resource by resource, in the order of discovery.
    pub fn instances(&self) -> impl Iterator<Item = InstanceRef<'_>> {
        self.affected.resources().flat_map(move |resource| {
            let instances = self.affected.instances(resource);
            instances.map(move |index| InstanceRef::new(&self.affected, resource, index))
        })
    }

    /// The effects that would run on one instance of `R`, in the order they run in; `None` if it is not affected.
    pub fn effects_of<R: Resource>(&self, id: &R::Id) -> Option<Vec<&str>> {
        let (resource, index) = self.affected.find::<R>(id)?;
        Some(self.affected.effect_names(resource, index).collect())
    }

    /// The printed ids of the affected instances of the resource with that name, in the order of the ids; `None` if the graph
    /// has no such resource.
    pub fn ids_named(&self, resource: &str) -> Option<Vec<String>> {
        let resource = self.affected.graph.find_resource(resource)?;
        let printed = |index| self.affected.display(resource, index).to_string();
        Some(self.affected.sorted(resource).map(printed).collect())
    }

    /// Whether an instance is affected, for a resource and a printed id; `None` if the graph has no such resource. Compares
    /// `id` with every printed id.
    pub fn contains_named(&self, resource: &str, id: &str) -> Option<bool> {
        match self.affected.find_printed(resource, id) {
            Lookup::Unknown => None,
            found => Some(matches!(found, Lookup::Affected(..))),
        }
    }

    /// Like [`effects_of`](Self::effects_of), for a resource and a printed id; also `None` if the graph has no such resource:
    /// see [`contains_named`](Self::contains_named). Compares `id` with every printed id.
    pub fn effects_named(&self, resource: &str, id: &str) -> Option<Vec<&str>> {
        let Lookup::Affected(resource, index) = self.affected.find_printed(resource, id) else { return None };
        Some(self.affected.effect_names(resource, index).collect())
    }

    /// The SHA-256, in hex, of the operation, the roots and every affected instance with its effects. A confirmation
    /// names it, and holds only for plans with the same digest. It depends neither on the link order nor on the order
    /// of finders' answers.
    ///
    /// An id whose `Serialize` fails is an error.
    pub fn digest(&self) -> Result<String, serde_json::Error> {
        digest::of(&self.affected)
    }

    /// The plan in numbers. An id whose `Serialize` fails is an error.
    pub fn summary(&self) -> Result<PlanSummary, serde_json::Error> {
        let affected = &*self.affected;
        let resources = affected.columns.indices().filter(|&at| affected.columns[at].len() > 0);
        let summaries =
            resources.map(|at| (affected.resource_name(at).to_owned(), self.resource_summary(at)));
        Ok(PlanSummary {
            operation: affected.operation.descriptor().code().to_owned(),
            root: affected.root_names().collect::<Vec<_>>().join(", "),
            roots: affected
                .root_instances()
                .map(|(resource, index)| affected.display(resource, index).to_string())
                .collect(),
            instances: affected.count,
            resources: summaries.filter(|(_, summary)| summary.instances + summary.retained > 0).collect(),
            vetoes: self.vetoes.clone(),
            denials: self.denials.clone(),
            cut: self.cut(),
            digest: self.digest()?,
        })
    }

    /// The arcs that the order leaves out, sorted by resources and ids.
    pub(crate) fn cut(&self) -> Vec<CutSummary> {
        cuts(&self.affected)
    }

    pub(crate) fn resource_summary(&self, resource: ResourceIx) -> ResourceSummary {
        let affected = &*self.affected;
        let column = &affected.columns[resource];
        let mut summary = ResourceSummary::default();
        // An owner and its add-ons may have effects of the same name: an instance that gets both counts once. So each
        // name has the set of its effects and a count.
        let mut by_name: BTreeMap<&str, (EffectSet, usize)> = BTreeMap::new();
        for (effect, name) in affected.graph.resources[resource].effects().enumerate() {
            let (effects, _) = by_name.entry(name).or_default();
            *effects = effects.union(EffectSet::of(effect));
        }
        summary.retained = InstanceIx::all(column.len()).filter(|&index| column.is_retained(index)).count();
        for index in affected.instances(resource) {
            summary.instances += 1;
            let effects = affected.effects(resource, index);
            for (of_name, count) in by_name.values_mut() {
                *count += usize::from(effects.intersects(*of_name));
            }
            summary.going += usize::from(affected.is_going(resource, index));
        }
        let counted = by_name.into_iter().filter(|&(_, (_, count))| count > 0);
        summary.effects = counted.map(|(name, (_, count))| (name.to_owned(), count)).collect();
        summary
    }
}

/// Serialises the summary, the operation's `payload`, and `affected`: a map of each resource to its instances, sorted,
/// each with its effects and its parents.
impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let summary = self.summary().map_err(serde::ser::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("operation", &summary.operation)?;
        let payload = self.affected.operation.to_json().map_err(serde::ser::Error::custom)?;
        map.serialize_entry("payload", &payload)?;
        map.serialize_entry("root", &summary.root)?;
        map.serialize_entry("roots", &summary.roots)?;
        map.serialize_entry("instances", &summary.instances)?;
        map.serialize_entry("resources", &summary.resources)?;
        map.serialize_entry("vetoes", &summary.vetoes)?;
        map.serialize_entry("denials", &summary.denials)?;
        map.serialize_entry("cut", &summary.cut)?;
        map.serialize_entry("digest", &summary.digest)?;
        map.serialize_entry("affected", &AffectedList(&self.affected))?;
        map.end()
    }
}

struct AffectedList<'a>(&'a Affected);
struct ColumnList<'a>(&'a Affected, ResourceIx);

#[derive(Serialize)]
struct InstanceEntry<'a> {
    id: serde_json::Value,
    effects: Vec<&'a str>,
    parents: BTreeMap<&'a str, Vec<String>>,
}

impl Serialize for AffectedList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let affected = self.0;
        serializer.collect_map(
            affected.resources().map(|at| (affected.resource_name(at), ColumnList(affected, at))),
        )
    }
}

impl Serialize for ColumnList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let Self(affected, resource) = *self;
        let column = &affected.columns[resource];
        let mut list = serializer.serialize_seq(Some(affected.instances(resource).count()))?;
        for index in affected.sorted(resource) {
            list.serialize_element(&InstanceEntry {
                id: column.ids.id_to_json(index).map_err(serde::ser::Error::custom)?,
                effects: affected.effect_names(resource, index).collect(),
                parents: parents_of(affected, resource, index),
            })?;
        }
        list.end()
    }
}

fn parents_of(affected: &Affected, resource: ResourceIx, index: InstanceIx) -> BTreeMap<&str, Vec<String>> {
    let mut by_resource: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for &edge in &affected.graph.resources[resource].up {
        let parent = affected.graph.edges[edge].parent;
        let parents = affected.parents(edge, index).into_iter();
        let found: Vec<String> = parents.map(|at| affected.display(parent, at).to_string()).collect();
        if !found.is_empty() {
            by_resource.entry(affected.resource_name(parent)).or_default().extend(found);
        }
    }
    for found in by_resource.values_mut() {
        found.sort_unstable();
        found.dedup();
    }
    by_resource
}
