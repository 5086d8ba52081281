//! Converts a plan to records. Each record holds a bounded part of it, so that a large plan is never one document.

use std::collections::BTreeMap;

use crate::affected::{Affected, Disposition, Marks};
use crate::graph::labels;
use crate::model::{Phase, bits};

use super::record::{BlockChunk, InstanceChunk, InstanceKind, PairChunk, Record};

/// The most instances or arcs in one record.
const CHUNK: usize = 1000;

/// Returns the records of a plan, lazily. With `known`, an earlier state of the same plan, returns only the parts that
/// have been added or changed since.
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
    index as usize >= old.len() || old.dispositions.get(index) != new.dispositions.get(index)
}

fn instance_chunk(
    affected: &Affected,
    resource: usize,
    names: &[String],
    range: std::ops::Range<u32>,
) -> Result<Record, serde_json::Error> {
    let column = &affected.columns[resource];
    let effects = |mask: u32| bits(mask).map(|bit| names[bit].clone()).collect();
    let mut kind_numbers: BTreeMap<(u32, u32, u8), u32> = BTreeMap::new();
    let mut chunk = InstanceChunk {
        resource: affected.resource_name(resource).to_owned(),
        first: range.start,
        ids: Vec::with_capacity(range.len()),
        kinds: Vec::new(),
        kind_of: Vec::with_capacity(range.len()),
    };
    for index in range {
        let Disposition { given, through, marks } = column.dispositions.get(index);
        let (taken, retained) = (marks.has(Marks::WITH_PARENT), marks.has(Marks::RETAINED));
        let key = (given, through, u8::from(taken) | u8::from(retained) << 1);
        let number = *kind_numbers.entry(key).or_insert_with(|| {
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

/// The records of one edge's arcs. A plan never loses an arc, so only added arcs are written.
fn arc_chunks<'a>(
    affected: &'a Affected,
    known: Option<&'a Affected>,
    index: usize,
) -> impl Iterator<Item = Record> + 'a {
    let edge = &affected.graph.edges[index];
    let names = move || {
        (affected.resource_name(edge.parent).to_owned(), affected.resource_name(edge.child).to_owned())
    };
    let arcs = &affected.arcs[index];
    let known = known.map(|known| &known.arcs[index]);
    let chunk = move |pairs: Vec<(u32, u32)>, released: &[u32]| {
        let (parent, child) = names();
        Record::Pairs(PairChunk { parent, child, pairs, released: released.to_vec() })
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
        block.children.chunks(CHUNK * 10).map(move |children| (block.parents.clone(), children.to_vec()))
    });
    let blocks = parts.map(move |(parents, children)| {
        let (parent, child) = names();
        Record::Block(BlockChunk { parent, child, parents, children })
    });
    pairs.chain(released).chain(blocks)
}
