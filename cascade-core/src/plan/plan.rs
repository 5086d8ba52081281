//! The plan: the affected set, with the vetoes of checks and the denials of authorizers. Planning changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::cut::{CutSummary, cuts};
use super::digest;
use super::limits::{Exceeded, Limits};
use super::veto::PlanVeto;
use crate::affected::{Affected, InstanceRef, LookupError};
use crate::ids::{Index, InstanceIx, ResourceIx};
use crate::model::{EffectSet, InstanceName, JsonFormat, Resource};

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
    /// The format of the document.
    pub format: JsonFormat,
    /// The operation's code.
    pub operation: String,
    /// The operation's value, serialised.
    pub payload: serde_json::Value,
    /// The root instances.
    pub roots: Vec<InstanceName>,
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

    /// Whether an instance is affected, for a resource and an id as text: the printed id, or the id as JSON. Compares `id`
    /// with every printed id.
    pub fn contains_named(&self, resource: &str, id: &str) -> Result<bool, LookupError> {
        Ok(self.affected.find_text(resource, id)?.is_some())
    }

    /// Like [`effects_of`](Self::effects_of), for a resource and an id as text: see
    /// [`contains_named`](Self::contains_named).
    pub fn effects_named(&self, resource: &str, id: &str) -> Result<Option<Vec<&str>>, LookupError> {
        let found = self.affected.find_text(resource, id)?;
        Ok(found.map(|(resource, index)| self.affected.effect_names(resource, index).collect()))
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
            format: JsonFormat,
            operation: affected.operation.descriptor().code().to_owned(),
            payload: affected.operation.to_json()?,
            roots: affected
                .root_instances()
                .map(|(resource, index)| affected.name(resource, index))
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

/// Serialises the summary, and `affected`: a map of each resource to its instances, sorted by id, each with its effects and
/// its parents. `docs/plan.schema.json` has the schema.
impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The summary comes first, so that `format` does.
        #[derive(Serialize)]
        struct PlanDocument<'a> {
            #[serde(flatten)]
            summary: PlanSummary,
            affected: AffectedList<'a>,
        }
        let summary = self.summary().map_err(serde::ser::Error::custom)?;
        PlanDocument { summary, affected: AffectedList(&self.affected) }.serialize(serializer)
    }
}

struct AffectedList<'a>(&'a Affected);
struct ColumnList<'a>(&'a Affected, ResourceIx);

#[derive(Serialize)]
struct InstanceEntry<'a> {
    id: serde_json::Value,
    text: String,
    effects: Vec<&'a str>,
    parents: Vec<ParentEntry<'a>>,
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
                text: column.ids.display(index).to_string(),
                effects: affected.effect_names(resource, index).collect(),
                parents: parents_of(affected, resource, index),
            })?;
        }
        list.end()
    }
}

/// A parent of an instance, along an edge.
#[derive(Serialize)]
struct ParentEntry<'a> {
    #[serde(flatten)]
    name: InstanceName,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
}

/// The parents of an instance along all edges, sorted by resource, text and role.
fn parents_of(affected: &Affected, resource: ResourceIx, index: InstanceIx) -> Vec<ParentEntry<'_>> {
    let graph = &affected.graph;
    let mut entries = Vec::new();
    for copies in graph.by_declaration(&graph.resources[resource].up) {
        let edge = &graph.edges[copies[0]];
        let parents: BTreeSet<InstanceIx> =
            copies.iter().flat_map(|&edge| affected.parents(edge, index)).collect();
        entries.extend(parents.into_iter().map(|parent| ParentEntry {
            name: affected.name(edge.parent, parent),
            role: edge.role.as_deref(),
        }));
    }
    // Edges are sorted by role, so that equal parents stay in this order.
    entries.sort_by_cached_key(|entry| entry.name.sort_key());
    entries
}
