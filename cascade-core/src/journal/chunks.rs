//! A plan as records: in chunks, so that it is never one document.

use std::collections::BTreeMap;

use crate::affected::{Affected, Arcs, Marks, bits};
use crate::declare::Phase;
use crate::pass::labels;

use super::{BlockChunk, InstanceChunk, InstanceKind, PairChunk, Record};

/// Instances or arcs in one record, at most.
const CHUNK: usize = 1000;

/// The records of a plan, made one by one as they are asked for. With `known`, a smaller plan that this one grew from,
/// only what it has not.
pub(crate) fn chunks<'a>(
    affected: &'a Affected,
    known: Option<&'a Affected>,
) -> impl Iterator<Item = Result<Record, serde_json::Error>> + 'a {
    let instances =
        (0..affected.columns.len()).flat_map(move |resource| instance_chunks(affected, known, resource));
    let arcs = (0..affected.arcs.len()).flat_map(move |edge| arc_chunks(affected, known, edge));
    instances.chain(arcs.map(Ok))
}

fn instance_chunks<'a>(
    affected: &'a Affected,
    known: Option<&'a Affected>,
    resource: usize,
) -> impl Iterator<Item = Result<Record, serde_json::Error>> + 'a {
    let mut new = (0..affected.columns[resource].len() as u32)
        .filter(move |&index| known.is_none_or(|known| is_new(known, affected, resource, index)))
        .peekable();
    let code = affected.operation.descriptor().code();
    let names = labels(&affected.graph, code, Phase::Effect, resource);
    std::iter::from_fn(move || {
        let first = new.next()?;
        let mut end = first + 1;
        while ((end - first) as usize) < CHUNK && new.next_if_eq(&end).is_some() {
            end += 1;
        }
        Some(instance_chunk(affected, resource, &names, first..end))
    })
}

fn is_new(known: &Affected, affected: &Affected, resource: usize, index: u32) -> bool {
    let (old, new) = (&known.columns[resource], &affected.columns[resource]);
    let at = index as usize;
    at >= old.len()
        || (old.given[at], old.through[at], old.marks[at]) != (new.given[at], new.through[at], new.marks[at])
}

fn instance_chunk(
    affected: &Affected,
    resource: usize,
    names: &[String],
    range: std::ops::Range<u32>,
) -> Result<Record, serde_json::Error> {
    let column = &affected.columns[resource];
    let effects = |mask: u32| bits(mask).map(|bit| names[bit].clone()).collect();
    let mut numbers: BTreeMap<(u32, u32, u8), u32> = BTreeMap::new();
    let mut chunk = InstanceChunk {
        resource: affected.resource_name(resource).to_owned(),
        first: range.start,
        ids: Vec::with_capacity(range.len()),
        kinds: Vec::new(),
        kind_of: Vec::with_capacity(range.len()),
    };
    for index in range {
        let at = index as usize;
        let (given, through, marks) = (column.given[at], column.through[at], column.marks[at]);
        let (taken, retained) = (marks.has(Marks::TAKEN), marks.has(Marks::RETAINED));
        let key = (given, through, u8::from(taken) | u8::from(retained) << 1);
        let number = *numbers.entry(key).or_insert_with(|| {
            let (given, through, runs) =
                (effects(given), effects(through), effects(affected.effects(resource, index)));
            chunk.kinds.push(InstanceKind { given, through, runs, taken, retained });
            chunk.kinds.len() as u32 - 1
        });
        chunk.ids.push(column.ids.id_to_json(index)?);
        chunk.kind_of.push(number);
    }
    Ok(Record::Instances(chunk))
}

/// Arcs are only ever added behind those that are there.
fn arc_chunks<'a>(
    affected: &'a Affected,
    known: Option<&'a Affected>,
    index: usize,
) -> impl Iterator<Item = Record> + 'a {
    let edge = &affected.graph.edges[index];
    let (parent, child) = (affected.resource_name(edge.parent), affected.resource_name(edge.child));
    let had = known.map_or((0, 0, 0), |known| {
        let arcs = &known.arcs[index];
        (arcs.pairs.len(), arcs.blocks.len(), arcs.released.len())
    });
    let Arcs { pairs, blocks, released } = &affected.arcs[index];
    let (parent, child) = (parent.to_owned(), child.to_owned());
    let chunk = move |pairs: &[(u32, u32)], released: &[u32]| {
        let (parent, child) = (parent.clone(), child.clone());
        Record::Pairs(PairChunk { parent, child, pairs: pairs.to_vec(), released: released.to_vec() })
    };
    let released = released[had.2..].chunks(CHUNK).map({
        let chunk = chunk.clone();
        move |released| chunk(&[], released)
    });
    let pairs = pairs[had.0..].chunks(CHUNK).map(move |pairs| chunk(pairs, &[]));
    // A block of many children is as good as several with the same parents.
    let parts = blocks[had.1..].iter().flat_map(|block| {
        block.children.chunks(CHUNK * 10).map(move |children| (block.parents.clone(), children.to_vec()))
    });
    let blocks = parts.map(move |(parents, children)| {
        let parent = affected.resource_name(edge.parent).to_owned();
        let child = affected.resource_name(edge.child).to_owned();
        Record::Block(BlockChunk { parent, child, parents, children })
    });
    pairs.chain(released).chain(blocks)
}
