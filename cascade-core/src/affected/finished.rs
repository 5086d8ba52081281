//! The effects that have ended well on each instance.

use super::affected::Affected;

/// The effects that have ended well on each instance, by resource and index: indices stay when a plan grows.
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

    pub(crate) fn note_one(&mut self, resource: usize, index: u32, slots: u32) {
        let needed = |list: usize, at: usize| list.max(at + 1);
        let resources = needed(self.0.len(), resource);
        self.0.resize_with(resources, Vec::new);
        let ran = &mut self.0[resource];
        ran.resize(needed(ran.len(), index as usize), 0);
        ran[index as usize] |= slots;
    }

    /// Adds the effects that have ended in a pass over `affected`. `open_slots` are the methods that a node has not
    /// finished, a bit each.
    pub(crate) fn note(&mut self, affected: &Affected, open_slots: impl Fn(u32) -> u32) {
        for resource in 0..affected.columns.len() {
            let open = |index: u32| open_slots(affected.node(resource, index));
            let ended = |index: u32| affected.effects(resource, index) & !open(index);
            let instances = 0..affected.columns[resource].len() as u32;
            let ran = instances.map(|index| self.of(resource, index) | ended(index)).collect();
            match self.0.get_mut(resource) {
                Some(known) => *known = ran,
                None => self.0.push(ran),
            }
        }
    }
}
