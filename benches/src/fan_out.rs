//! A plain tree with text ids: zone → clusters → hosts → VMs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cascade_core::{
    BuildError, Cascade, Declaration, Delete, Drift, Found, Outcome, PerParent, ResourceDescriptor, Rule,
    place,
};
use hashbrown::HashMap;

use crate::Failed;
use crate::ids::BenchId;
use crate::measure::{Stopwatch, expect_equal};

/// The resources from top to bottom; each depends on the previous one.
const RESOURCES: [&str; 4] = ["Zone", "Cluster", "Host", "VmInstance"];

/// The children of each instance, and the number of effects that ran.
#[derive(Debug)]
pub struct Tree<Id> {
    zone: Id,
    /// By resource of the parent.
    children: [HashMap<Id, Vec<Id>>; 3],
    instances: u64,
    removed: AtomicU64,
}

impl<Id: BenchId> Tree<Id> {
    /// 1 zone, a cluster for every 1,000 VMs, 10 hosts in each.
    pub fn new(vms: u64) -> Self {
        let clusters = (vms / 1000).max(1);
        let counts = [1, clusters, clusters * 10, vms];
        let id =
            |resource: usize, number: u64| Id::numbered(["zone", "cluster", "host", "vm"][resource], number);
        let children = std::array::from_fn(|parent| {
            let mut children: HashMap<Id, Vec<Id>> = HashMap::new();
            for number in 0..counts[parent + 1] {
                let of = children.entry(id(parent, number % counts[parent])).or_default();
                of.push(id(parent + 1, number));
            }
            children
        });
        Self { zone: id(0, 0), children, instances: counts.iter().sum(), removed: AtomicU64::new(0) }
    }

    /// The number of instances.
    pub fn instances(&self) -> u64 {
        self.instances
    }
}

/// The engine with the tree's extensions.
pub fn cascade<Id: BenchId>(tree: &Arc<Tree<Id>>) -> Result<Cascade, BuildError> {
    (0..RESOURCES.len())
        .fold(Cascade::builder(), |builder, at| builder.declare(Arc::clone(tree), declaration(at)))
        .build()
}

fn declaration<Id: BenchId>(resource: usize) -> Declaration<Arc<Tree<Id>>, Id> {
    let described = |resource: usize| ResourceDescriptor::runtime::<Id>(RESOURCES[resource], place!());
    let mut declared = Declaration::new(RESOURCES[resource], described(resource), place!());
    declared.effect("remove", place!(), |tree: &Arc<Tree<Id>>, ids: &[Id], _| {
        tree.removed.fetch_add(ids.len() as u64, Ordering::Relaxed);
        Box::pin(async { Ok(Outcome::done()) })
    });
    declared.rule(Rule::effect::<Delete>("remove", place!()));
    let Some(parent) = resource.checked_sub(1) else { return declared };
    declared.edge(described(parent), place!());
    declared.finder("find", described(parent), None, place!(), move |tree: &Arc<Tree<Id>>, parents, _| {
        Box::pin(async move {
            let children =
                |parent: &Id| tree.children[resource - 1].get(parent).map_or(&[][..], Vec::as_slice);
            let found: PerParent<Id> =
                parents.iter().map(|parent| children(parent).iter().cloned()).collect();
            Ok(Found::PerParent(found))
        })
    });
    declared.rule(Rule::effect::<Delete>("remove", place!()).from(described(parent)));
    declared
}

/// Measures plan and run.
pub async fn plan_and_apply<Id: BenchId>(cascade: &Cascade, tree: &Tree<Id>) -> Result<Duration, Failed> {
    let start = Stopwatch::start();
    let plan = cascade.plan_named(Delete, RESOURCES[0], [tree.zone.to_string()]).await?;
    let report = cascade.apply(plan).drift(Drift::Ignore).await?;
    let took = start.elapsed();
    expect_equal("complete", &report.is_complete(), &true)?;
    expect_equal("effects", &tree.removed.swap(0, Ordering::Relaxed), &tree.instances)?;
    Ok(took)
}
