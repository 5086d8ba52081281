//! The rival that people would write: the same cascade by hand, with hash maps and a visited set.
//!
//! It hard-codes the order of the resources, handles one resource after the other, and keeps no order between
//! instances.

use hashbrown::HashSet;

use crate::cloud::{EDGES, RESOURCES, Source, World};
use crate::ids::BenchId;

/// All instances to destroy, resource by resource, parents before children.
pub fn plan<Id: BenchId>(world: &World<Id>) -> Vec<Vec<Id>> {
    let mut visited: Vec<HashSet<Id>> = RESOURCES.iter().map(|_| HashSet::new()).collect();
    let mut found: Vec<Vec<Id>> = RESOURCES.iter().map(|_| Vec::new()).collect();
    visited[0].insert(world.zone().clone());
    found[0].push(world.zone().clone());
    for (child, visited) in visited.iter_mut().enumerate().skip(1) {
        for (edge, &(parent, _)) in EDGES.iter().enumerate().filter(|(_, edge)| edge.1 == child) {
            let (parents, children) = found.split_at_mut(child);
            for parent in &parents[parent] {
                for id in world.children(edge, parent) {
                    if visited.insert(id.clone()) {
                        children[0].push(id.clone());
                    }
                }
            }
        }
    }
    found
}

/// Destroys these instances in batches of 100, children before parents.
pub fn apply<Id: BenchId>(world: &World<Id>, found: &[Vec<Id>]) {
    for (resource, ids) in found.iter().enumerate().rev() {
        for batch in ids.chunks(100) {
            world.destroy(resource, batch);
        }
    }
}
