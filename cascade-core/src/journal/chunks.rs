//! Converts a plan to records. Each record holds a bounded part of it, so that a large plan is never one document.

use std::collections::HashMap;

use crate::affected::{Affected, Disposition, Marks, Pair};
use crate::graph::labels;
use crate::ids::{EdgeIx, Index, InstanceIx, ResourceIx};
use crate::model::{EffectSet, Phase};

use super::record::{BlockChunk, FurtherRoots, InstanceChunk, InstanceKind, PairChunk, Record};

/// The most instances or arcs in one record.
const CHUNK: usize = 1000;

/// Returns the records of a plan, lazily. With `known`, an earlier state of the same plan, returns only the parts that
/// have been added or changed since.
pub(crate) fn chunks<'a>(
    affected: &'a Affected,
    known: Option<&'a Affected>,
) -> impl Iterator<Item = Result<Record, serde_json::Error>> + 'a {
    let instances = all_instance_chunks(affected, known);
    let arcs = affected.arcs.indices().flat_map(move |edge| arc_chunks(affected, known, edge));
    let roots = affected.roots().skip(1).filter(move |_| known.is_none());
    let roots = roots.map(|(root, count)| {
        let resource = affected.resource_name(root.resource).to_owned();
        Ok(Record::Roots(FurtherRoots { resource, count }))
    });
    roots.chain(instances).chain(arcs.map(Ok))
}

/// Returns the records of a plan's instances, lazily; with `known`, only of those that have been added or changed since.
pub(super) fn all_instance_chunks<'a>(
    affected: &'a Affected,
    known: Option<&'a Affected>,
) -> impl Iterator<Item = Result<Record, serde_json::Error>> + 'a {
    affected.columns.indices().flat_map(move |resource| instance_chunks(affected, known, resource))
}

fn instance_chunks<'a>(
    affected: &'a Affected,
    known: Option<&'a Affected>,
    resource: ResourceIx,
) -> impl Iterator<Item = Result<Record, serde_json::Error>> + 'a {
    let mut new = InstanceIx::all(affected.columns[resource].len())
        .filter(move |&index| known.is_none_or(|known| is_new(known, affected, resource, index)))
        .peekable();
    let code = affected.operation.descriptor().code();
    let names = labels(&affected.graph, code, Phase::Effect, resource);
    std::iter::from_fn(move || {
        let first = new.next()?;
        let mut instances = vec![first];
        let mut next = first.position() + 1;
        while instances.len() < CHUNK && new.next_if_eq(&InstanceIx::at(next)).is_some() {
            instances.push(InstanceIx::at(next));
            next += 1;
        }
        Some(instance_chunk(affected, resource, &names, &instances))
    })
}

fn is_new(known: &Affected, affected: &Affected, resource: ResourceIx, index: InstanceIx) -> bool {
    let (old, new) = (&known.columns[resource], &affected.columns[resource]);
    index.position() >= old.len()
        || old.dispositions.get(index) != new.dispositions.get(index)
        // An effect of the instance may have become early.
        || known.effects(resource, index) != affected.effects(resource, index)
}

/// `instances` have consecutive indices.
fn instance_chunk(
    affected: &Affected,
    resource: ResourceIx,
    names: &[String],
    instances: &[InstanceIx],
) -> Result<Record, serde_json::Error> {
    let column = &affected.columns[resource];
    let has_several_roots = affected.roots.len() > 1;
    let labels = |effects: EffectSet| effects.iter().map(|effect| names[effect].clone()).collect();
    let mut kind_numbers: HashMap<(Disposition, EffectSet), u32> = HashMap::new();
    let mut chunk = InstanceChunk {
        resource: affected.resource_name(resource).to_owned(),
        first: instances.first().map_or(0, |first| first.number()),
        ids: Vec::with_capacity(instances.len()),
        kinds: Vec::new(),
        kind_of: Vec::with_capacity(instances.len()),
    };
    for &index in instances {
        let disposition = column.dispositions.get(index);
        let runs = affected.effects(resource, index);
        let number = *kind_numbers.entry((disposition, runs)).or_insert_with(|| {
            let Disposition { given, through, marks, expanded } = disposition;
            let roots = affected.root_names().enumerate().filter(|(root, _)| expanded.has(*root));
            chunk.kinds.push(InstanceKind {
                given: labels(given),
                through: labels(through),
                runs: labels(runs),
                taken: marks.has(Marks::WITH_PARENT),
                retained: marks.has(Marks::RETAINED),
                left: marks.has(Marks::LEFT),
                expanded: if has_several_roots {
                    roots.map(|(_, name)| name.to_owned()).collect()
                } else {
                    Vec::new()
                },
            });
            chunk.kinds.len() as u32 - 1
        });
        chunk.ids.push(column.ids.id_to_json(index)?);
        chunk.kind_of.push(number);
    }
    Ok(Record::Instances(chunk))
}

/// The records of one edge's arcs: of those that were added since. [`departure`](super::departure()) has those that were lost.
fn arc_chunks<'a>(
    affected: &'a Affected,
    known: Option<&'a Affected>,
    index: EdgeIx,
) -> impl Iterator<Item = Record> + 'a {
    let edge = &affected.graph.edges[index];
    let name = move |resource: ResourceIx| affected.resource_name(resource).to_owned();
    let has_several_roots = affected.roots.len() > 1;
    let root = move || has_several_roots.then(|| name(affected.route.roots[edge.root].resource));
    let names =
        move || (name(edge.parent), name(edge.child), edge.role.as_ref().map(ToString::to_string), root());
    let arcs = &affected.arcs[index];
    let known = known.map(|known| &known.arcs[index]);
    let chunk = move |pairs: Vec<Pair>, released: &[InstanceIx]| {
        let (parent, child, role, root) = names();
        let pairs = pairs.iter().map(|(parent, child)| (parent.number(), child.number())).collect();
        Record::Pairs(PairChunk { parent, child, role, root, pairs, released: numbers(released) })
    };
    let mut pairs = arcs.pairs_since(known);
    let pairs = std::iter::from_fn(move || {
        let pairs: Vec<_> = pairs.by_ref().take(CHUNK).collect();
        (!pairs.is_empty()).then(|| chunk(pairs, &[]))
    });
    let released = arcs.released[known.map_or(0, |known| known.released.len())..].chunks(CHUNK);
    let released = released.map(move |released| chunk(Vec::new(), released));
    // Splitting a block by its children keeps its meaning: each part has all the parents.
    let parts = arcs.blocks[known.map_or(0, |known| known.blocks.len())..].iter().flat_map(|block| {
        block.children.chunks(CHUNK * 10).map(move |children| (numbers(&block.parents), numbers(children)))
    });
    let blocks = parts.map(move |(parents, children)| {
        let (parent, child, role, root) = names();
        Record::Block(BlockChunk { parent, child, role, root, parents, children })
    });
    pairs.chain(released).chain(blocks)
}

/// The numbers that stand for instances in records.
fn numbers(instances: &[InstanceIx]) -> Vec<u32> {
    instances.iter().map(|index| index.number()).collect()
}
