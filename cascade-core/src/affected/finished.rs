//! The methods that have succeeded on each instance.

use super::affected::Affected;

/// The methods that have succeeded on each instance, a bit each, by resource and index: unlike nodes, indices do not
/// change when a plan grows.
#[derive(Debug, Default)]
pub(crate) struct Ran(Vec<Vec<u32>>);

impl Ran {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn of(&self, resource: usize, index: u32) -> u32 {
        self.of_resource(resource).get(index as usize).copied().unwrap_or(0)
    }

    pub(crate) fn of_resource(&self, resource: usize) -> &[u32] {
        self.0.get(resource).map_or(&[], Vec::as_slice)
    }

    /// Adds methods that have succeeded on one instance.
    pub(crate) fn note_one(&mut self, resource: usize, index: u32, methods: u32) {
        if self.0.len() <= resource {
            self.0.resize_with(resource + 1, Vec::new);
        }
        let ran = &mut self.0[resource];
        if ran.len() <= index as usize {
            ran.resize(index as usize + 1, 0);
        }
        ran[index as usize] |= methods;
    }

    /// Adds the effects that have succeeded in a pass over `affected`. `pending_methods` returns the methods that have
    /// not succeeded on a node, a bit each.
    pub(crate) fn note(&mut self, affected: &Affected, pending_methods: impl Fn(u32) -> u32) {
        for resource in 0..affected.columns.len() {
            let pending = |index: u32| pending_methods(affected.node(resource, index));
            let ended = |index: u32| affected.effects(resource, index) & !pending(index);
            let instances = 0..affected.columns[resource].len() as u32;
            let ran = instances.map(|index| self.of(resource, index) | ended(index)).collect();
            match self.0.get_mut(resource) {
                Some(known) => *known = ran,
                None => self.0.push(ran),
            }
        }
    }
}
