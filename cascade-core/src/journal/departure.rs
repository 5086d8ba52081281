//! Converts departures to records: what they take away from a plan that the journal has already.

use std::collections::BTreeMap;

use super::chunks::all_instance_chunks;
use super::record::{Departed, DepartedInstance, PairChunk, Record};
use crate::affected::{Affected, Departures, Pair};
use crate::ids::{EdgeIx, Index, InstanceIx, NodeIx, ResourceIx};

/// The records of the departures that turn the plan `known` into `affected`. `left` has the instances that are not affected any
/// more, by node.
pub(crate) fn departure(
    known: &Affected,
    affected: &Affected,
    departures: &Departures,
    left: &BTreeMap<NodeIx, String>,
) -> Result<Vec<Record>, serde_json::Error> {
    let mut records = departed(known, left);
    for (index, lost) in departures.lost.enumerate() {
        let released = &departures.no_longer_released[index];
        records.extend(pair_chunk(known, index, lost, released).map(Record::Lost));
    }
    for (index, gained) in departures.gained.enumerate() {
        records.extend(pair_chunk(known, index, gained, &[]).map(Record::Pairs));
    }
    for record in all_instance_chunks(affected, Some(known)) {
        records.push(record?);
    }
    Ok(records)
}

/// Some pairs of an edge; `None` if there are none.
fn pair_chunk(known: &Affected, index: EdgeIx, pairs: &[Pair], released: &[InstanceIx]) -> Option<PairChunk> {
    if pairs.is_empty() && released.is_empty() {
        return None;
    }
    let edge = &known.graph.edges[index];
    let name = |resource: ResourceIx| known.resource_name(resource).to_owned();
    let has_several_roots = known.roots.len() > 1;
    Some(PairChunk {
        parent: name(edge.parent),
        child: name(edge.child),
        role: edge.role.as_ref().map(ToString::to_string),
        root: has_several_roots.then(|| name(known.route.roots[edge.root].resource)),
        pairs: pairs.iter().map(|(parent, child)| (parent.number(), child.number())).collect(),
        released: released.iter().map(|child| child.number()).collect(),
    })
}

/// A record of the left instances of each resource.
fn departed(known: &Affected, left: &BTreeMap<NodeIx, String>) -> Vec<Record> {
    let mut by_resource: BTreeMap<ResourceIx, Departed> = BTreeMap::new();
    for (&node, reason) in left {
        let (resource, index) = known.locate(node);
        let departed = by_resource.entry(resource).or_insert_with(|| Departed {
            resource: known.resource_name(resource).to_owned(),
            instances: Vec::new(),
            finished: 0,
        });
        departed.finished += u64::from(!known.effects(resource, index).is_empty());
        departed.instances.push(DepartedInstance { instance: index.number(), reason: reason.clone() });
    }
    by_resource.into_values().map(Record::Departed).collect()
}
