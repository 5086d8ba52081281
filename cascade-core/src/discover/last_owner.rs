//! Finds out which children along `shared` edges lose their last owner.

use std::collections::BTreeMap;

use super::calls::FinderCall;
use super::discovery::Discovery;
use super::shared::Shared;
use crate::graph::{EdgeRoute, Reach};
use crate::ids::{InstanceIx, PackedOption};

impl Discovery<'_> {
    /// Adds children along a shared edge: as removed if they lose their last owner, else as retained. Inside a cyclic
    /// group, this is decided later, once the group has nothing new.
    pub(super) fn add_shared(
        &mut self,
        call: &FinderCall,
        owners: &[PackedOption<InstanceIx>],
        children: &[InstanceIx],
    ) {
        let edge = &self.graph.edges[call.edge];
        let inside = self.group_of[edge.parent] == self.group_of[edge.child];
        let mut by_child: BTreeMap<InstanceIx, Vec<Option<InstanceIx>>> = BTreeMap::new();
        let pairs = owners.iter().copied().zip(children.iter().copied());
        let known = pairs.filter_map(|(owner, child)| Some((owner.get()?, child)));
        self.arcs[call.edge].extend(known, 0);
        for (&owner, &child) in owners.iter().zip(children) {
            by_child.entry(child).or_default().push(owner.get());
        }
        for (child, owners) in by_child {
            let shared = Shared { edge: call.edge, route: call.route, child, owners };
            if inside {
                self.shared.push(shared);
            } else {
                let released = self.loses_last_owner(&shared);
                let reach = if released { call.route.reach } else { Reach::Retained };
                self.reach(edge.child, child, reach, call.route.root);
                self.arcs[call.edge].released.extend(released.then_some(child));
            }
        }
    }

    /// Whether all owners of the child are expanded, and therefore removed.
    fn loses_last_owner(&self, shared: &Shared) -> bool {
        let resource = self.graph.edges[shared.edge].parent;
        let owners = &self.columns[resource];
        shared.owners.iter().all(|owner| owner.is_some_and(|owner| owners.is_expanded(owner)))
    }

    /// Decides about the shared children of a cyclic group that has nothing new: reaches those that have lost their last
    /// owner, and returns whether there are any. If not, marks the remaining ones as retained.
    pub(super) fn release_shared(&mut self, group: usize) -> bool {
        let (of_group, others): (Vec<Shared>, Vec<Shared>) = std::mem::take(&mut self.shared)
            .into_iter()
            .partition(|shared| self.group_of[self.graph.edges[shared.edge].child] == group);
        self.shared = others;
        let (released, remaining): (Vec<Shared>, Vec<Shared>) =
            of_group.into_iter().partition(|shared| self.loses_last_owner(shared));
        for shared in &released {
            let EdgeRoute { reach, root, .. } = shared.route;
            self.reach(self.graph.edges[shared.edge].child, shared.child, reach, root);
            self.arcs[shared.edge].released.push(shared.child);
        }
        if released.is_empty() {
            for shared in &remaining {
                let root = shared.route.root;
                self.reach(self.graph.edges[shared.edge].child, shared.child, Reach::Retained, root);
            }
        } else {
            self.shared.extend(remaining);
        }
        !released.is_empty()
    }
}
