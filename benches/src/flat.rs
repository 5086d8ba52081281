//! The lower limit: the cloud as flat arrays, and a cascade over them with a bit set. It interns no ids, because an
//! instance is its number, and keeps no order between instances.

use std::sync::atomic::{AtomicU64, Ordering};

use cascade_core::PerParent;

use crate::Failed;
use crate::cloud::{Counts, EDGES, RESOURCES, Source, each_instance, edge};
use crate::measure::expect_equal;

/// A cloud as flat arrays: for each edge, the offset of each parent's children, and the children.
#[derive(Debug)]
pub struct Flat {
    counts: Counts,
    start: Vec<Vec<u32>>,
    children: Vec<Vec<u32>>,
    destroyed: [AtomicU64; RESOURCES.len()],
}

impl Flat {
    /// The cloud with `vms` VMs.
    pub fn new(vms: u64) -> Self {
        let mut counts: Counts = [0; RESOURCES.len()];
        each_instance(vms, |resource, _, _| counts[resource] += 1);
        let mut start: Vec<Vec<u32>> =
            EDGES.iter().map(|&(parent, _)| vec![0; counts[parent] as usize + 1]).collect();
        let each_arc = |visit: &mut dyn FnMut(usize, usize, u32)| {
            each_instance(vms, |child, number, parents| {
                for &(parent, parent_number) in parents {
                    visit(edge(parent, child), parent_number as usize, number as u32);
                }
            });
        };
        each_arc(&mut |edge, parent, _| start[edge][parent + 1] += 1);
        for start in &mut start {
            for parent in 1..start.len() {
                start[parent] += start[parent - 1];
            }
        }
        let arcs = |start: &Vec<u32>| start.last().map_or(0, |&count| count as usize);
        let mut children: Vec<Vec<u32>> = start.iter().map(|start| vec![0; arcs(start)]).collect();
        let mut next = start.clone();
        each_arc(&mut |edge, parent, child| {
            let next = &mut next[edge][parent];
            children[edge][*next as usize] = child;
            *next += 1;
        });
        Self { counts, start, children, destroyed: Default::default() }
    }

    /// The number of instances.
    pub fn len(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Always false: a cloud has at least its zone.
    pub fn is_empty(&self) -> bool {
        false
    }

    fn children(&self, edge: usize, parent: usize) -> &[u32] {
        let start = &self.start[edge];
        &self.children[edge][start[parent] as usize..start[parent + 1] as usize]
    }

    /// An error unless every instance was destroyed once. Resets the count.
    pub fn expect_all_destroyed(&self) -> Result<(), Failed> {
        let destroyed: Counts = std::array::from_fn(|at| self.destroyed[at].swap(0, Ordering::Relaxed));
        expect_equal("destroyed, by resource", &destroyed, &self.counts)
    }
}

impl Source for Flat {
    type Id = u64;

    fn root(&self) -> &u64 {
        &0
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }

    fn find(&self, edge: usize, parents: &[u64]) -> PerParent<u64> {
        let lists = || parents.iter().map(|&parent| self.children(edge, parent as usize));
        let mut found = PerParent::with_capacity(parents.len(), lists().map(<[u32]>::len).sum());
        found.extend(lists().map(|children| children.iter().copied().map(u64::from)));
        found
    }

    fn destroy(&self, resource: usize, ids: &[u64]) {
        self.destroyed[resource].fetch_add(ids.len() as u64, Ordering::Relaxed);
    }
}

/// All instances to destroy, resource by resource, parents before children.
pub fn plan(flat: &Flat) -> Vec<Vec<u32>> {
    let mut visited: Vec<Vec<u64>> =
        flat.counts.iter().map(|&count| vec![0; count.div_ceil(64) as usize]).collect();
    let mut found: Vec<Vec<u32>> = RESOURCES.iter().map(|_| Vec::new()).collect();
    found[0].push(0);
    for (child, visited) in visited.iter_mut().enumerate().skip(1) {
        for (edge, &(parent, _)) in EDGES.iter().enumerate().filter(|(_, edge)| edge.1 == child) {
            let (parents, children) = found.split_at_mut(child);
            for &parent in &parents[parent] {
                for &number in flat.children(edge, parent as usize) {
                    let (word, bit) = (&mut visited[number as usize / 64], 1 << (number % 64));
                    if *word & bit == 0 {
                        *word |= bit;
                        children[0].push(number);
                    }
                }
            }
        }
    }
    found
}

/// Destroys these instances in batches of 100, children before parents.
pub fn apply(flat: &Flat, found: &[Vec<u32>]) {
    for (resource, numbers) in found.iter().enumerate().rev() {
        for batch in numbers.chunks(100) {
            flat.destroyed[resource].fetch_add(batch.len() as u64, Ordering::Relaxed);
        }
    }
}
