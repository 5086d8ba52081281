//! The methods that have succeeded on each instance.

use std::collections::HashMap;

use super::affected::Affected;
use crate::ids::{Index, InstanceIx, NodeIx, ResourceIx};
use crate::model::EffectSet;

/// The effects that failed on each instance.
pub(crate) type FailedEffects = HashMap<(ResourceIx, InstanceIx), EffectSet>;

/// The methods that have succeeded on each instance, a bit each, by resource and index: unlike nodes, indices do not
/// change when a plan grows.
#[derive(Debug, Default)]
pub(crate) struct Ran(Vec<Vec<EffectSet>>);

impl Ran {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The instances on which methods have ended, each with these methods.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ResourceIx, InstanceIx, EffectSet)> {
        self.0.iter().enumerate().flat_map(|(resource, column)| {
            let instances = column.iter().enumerate().filter(|(_, methods)| !methods.is_empty());
            instances.map(move |(index, &methods)| (ResourceIx::at(resource), InstanceIx::at(index), methods))
        })
    }

    pub(crate) fn of(&self, resource: ResourceIx, index: InstanceIx) -> EffectSet {
        self.of_resource(resource).get(index.position()).copied().unwrap_or_default()
    }

    pub(crate) fn of_resource(&self, resource: ResourceIx) -> &[EffectSet] {
        self.0.get(resource.position()).map_or(&[], Vec::as_slice)
    }

    /// Adds methods that have succeeded on one instance.
    pub(crate) fn note_one(&mut self, resource: ResourceIx, index: InstanceIx, methods: EffectSet) {
        if self.0.len() <= resource.position() {
            self.0.resize_with(resource.position() + 1, Vec::new);
        }
        let ran = &mut self.0[resource.position()];
        if ran.len() <= index.position() {
            ran.resize(index.position() + 1, EffectSet::EMPTY);
        }
        let ran = &mut ran[index.position()];
        *ran = ran.union(methods);
    }

    /// Adds the effects that have succeeded in a pass over `affected`. `pending_methods` returns the methods that have
    /// not succeeded on a node.
    pub(crate) fn note(&mut self, affected: &Affected, pending_methods: impl Fn(NodeIx) -> EffectSet) {
        for resource in affected.columns.indices() {
            let pending = |index: InstanceIx| pending_methods(affected.node(resource, index));
            let ended = |index: InstanceIx| affected.effects(resource, index).without(pending(index));
            let instances = InstanceIx::all(affected.columns[resource].len());
            let ran = instances.map(|index| self.of(resource, index).union(ended(index))).collect();
            match self.0.get_mut(resource.position()) {
                Some(known) => *known = ran,
                None => self.0.push(ran),
            }
        }
    }
}
