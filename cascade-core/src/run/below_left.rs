//! The instances that a run removed below one that then stayed.

use std::collections::HashMap;

use crate::affected::Affected;
use crate::graph::Reach;
use crate::ids::{Indexed, NodeIx};
use crate::report::State;

/// The done instances that the roots do not reach any more: after they were removed, an instance between them departed from its
/// parents, or got an effect that does not remove it.
pub(super) fn done_below_left(affected: &Affected, states: &Indexed<NodeIx, State>) -> Vec<NodeIx> {
    let mut children: HashMap<NodeIx, Vec<NodeIx>> = HashMap::new();
    for ((index, edge), arcs) in affected.graph.edges.enumerate().zip(&affected.arcs) {
        let Some(route) = affected.route.edges[index] else { continue };
        if !matches!(route.reach, Reach::Effect { .. } | Reach::WithParent) {
            continue;
        }
        let in_blocks = arcs.blocks.iter().flat_map(|block| {
            block.parents.iter().flat_map(|&parent| block.children.iter().map(move |&child| (parent, child)))
        });
        for (parent, child) in arcs.pairs().chain(in_blocks) {
            let reaches = affected.columns[edge.parent].is_expanded_for(route.root, parent)
                && (!route.shared || arcs.released.contains(&child));
            if reaches {
                let parent = affected.node(edge.parent, parent);
                children.entry(parent).or_default().push(affected.node(edge.child, child));
            }
        }
    }
    let mut is_reached = Indexed::like(states, || false);
    let mut open: Vec<NodeIx> =
        affected.root_instances().map(|(resource, index)| affected.node(resource, index)).collect();
    while let Some(node) = open.pop() {
        if states[node] == State::Left {
            continue;
        }
        if !std::mem::replace(&mut is_reached[node], true) {
            open.extend(children.get(&node).into_iter().flatten());
        }
    }
    let is_it =
        |node: &NodeIx| states[*node] == State::Done && affected.is_affected(*node) && !is_reached[*node];
    states.indices().filter(is_it).collect()
}
