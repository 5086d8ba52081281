//! The cloud topology in memory: zone, clusters, hosts, storages, networks, VMs and their dependents.
//!
//! For N VMs: 1 zone; max(1, N / 1000) clusters, each with 10 hosts, 1 primary storage, 1 L2, 1 L3, 1 IP range; per VM a
//! root and a data volume, 1 NIC, 1 used IP. About 5 N instances and 10 N arcs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cascade_core::{
    BuildError, Cascade, CascadeBuilder, Declaration, Delete, Drift, Found, Outcome, PerParent, Plan, Report,
    ResourceDescriptor, Rule, place,
};
use hashbrown::{HashMap, HashSet};

use crate::Failed;
use crate::ids::BenchId;
use crate::measure::expect_equal;

/// The resources, each after its parents.
pub const RESOURCES: [&str; 11] = [
    "Zone",
    "Cluster",
    "PrimaryStorage",
    "L2Network",
    "Host",
    "L3Network",
    "IpRange",
    "VmInstance",
    "Volume",
    "VmNic",
    "UsedIp",
];

/// Parent and child, as indices into [`RESOURCES`].
pub const EDGES: [(usize, usize); 14] = [
    (0, 1),
    (0, 2),
    (0, 3),
    (1, 4),
    (3, 5),
    (5, 6),
    (4, 7),
    (2, 7),
    (7, 8),
    (2, 8),
    (7, 9),
    (5, 9),
    (9, 10),
    (6, 10),
];

/// Instances of each resource.
pub type Counts = [u64; RESOURCES.len()];

/// The data source of a cloud's finders, and the target of its effects.
pub trait Source: Send + Sync + 'static {
    /// The type of its ids.
    type Id: BenchId;

    /// The root.
    fn root(&self) -> &Self::Id;
    /// The number of instances of each resource.
    fn counts(&self) -> &Counts;
    /// The finder: the dependents of each parent along an edge.
    fn find(&self, edge: usize, parents: &[Self::Id]) -> PerParent<Self::Id>;
    /// The effect: it counts.
    fn destroy(&self, resource: usize, ids: &[Self::Id]);
}

/// The instances, the effects that ran on them, and the check of their order.
#[derive(Debug)]
pub struct World<Id> {
    zone: Id,
    /// For each edge, the children of each parent.
    children: Vec<HashMap<Id, Vec<Id>>>,
    /// The number of instances.
    pub counts: Counts,
    destroyed: [AtomicU64; RESOURCES.len()],
    watch: Option<Mutex<Watch<Id>>>,
}

/// The instances that are destroyed so far: detects a second destroy, and a destroy before the dependents.
#[derive(Debug)]
struct Watch<Id> {
    gone: Vec<HashSet<Id>>,
    faults: Vec<String>,
}

impl<Id: BenchId> World<Id> {
    /// A cloud with `vms` VMs.
    pub fn new(vms: u64) -> Self {
        let mut world = Self {
            zone: id(0, 0),
            children: EDGES.iter().map(|_| HashMap::new()).collect(),
            counts: [0; RESOURCES.len()],
            destroyed: Default::default(),
            watch: None,
        };
        each_instance(vms, |resource, number, parents| world.hang(resource, number, parents));
        world
    }

    /// Checks the order of every effect: slower, so do not measure it.
    #[must_use]
    pub fn watched(self) -> Self {
        let gone = RESOURCES.iter().map(|_| HashSet::new()).collect();
        Self { watch: Some(Mutex::new(Watch { gone, faults: Vec::new() })), ..self }
    }

    /// The root.
    pub fn zone(&self) -> &Id {
        &self.zone
    }

    /// The number of instances.
    pub fn len(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Always false: a cloud has at least its zone.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The dependents of `parent` along an edge.
    pub fn children(&self, edge: usize, parent: &Id) -> &[Id] {
        self.children[edge].get(parent).map_or(&[], Vec::as_slice)
    }

    /// An error unless every instance was destroyed once and, if the order is checked, after all its dependents.
    /// Resets the count.
    pub fn expect_all_destroyed(&self) -> Result<(), Failed> {
        let destroyed: Counts = std::array::from_fn(|at| self.destroyed[at].swap(0, Ordering::Relaxed));
        expect_equal("destroyed, by resource", &destroyed, &self.counts)?;
        let Some(watch) = &self.watch else { return Ok(()) };
        let watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
        expect_equal("faults in the order", &watch.faults, &Vec::new())
    }

    fn hang(&mut self, child: usize, number: u64, parents: &[(usize, u64)]) {
        self.counts[child] += 1;
        for &(parent, parent_number) in parents {
            let children = self.children[edge(parent, child)].entry(id(parent, parent_number)).or_default();
            children.push(id(child, number));
        }
    }
}

impl<Id: BenchId> Source for World<Id> {
    type Id = Id;

    fn root(&self) -> &Id {
        &self.zone
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }

    fn find(&self, edge: usize, parents: &[Id]) -> PerParent<Id> {
        // All lookups come before the copies, so that their memory accesses overlap.
        let lists: Vec<&[Id]> = parents.iter().map(|parent| self.children(edge, parent)).collect();
        let children = lists.iter().map(|children| children.len()).sum();
        let mut found = PerParent::with_capacity(parents.len(), children);
        found.extend(lists.into_iter().map(|children| children.iter().cloned()));
        found
    }

    fn destroy(&self, resource: usize, ids: &[Id]) {
        self.destroyed[resource].fetch_add(ids.len() as u64, Ordering::Relaxed);
        if let Some(watch) = &self.watch {
            let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
            for id in ids {
                watch.see(self, resource, id);
            }
        }
    }
}

impl<Id: BenchId> Watch<Id> {
    fn see(&mut self, world: &World<Id>, resource: usize, id: &Id) {
        if !self.gone[resource].insert(id.clone()) {
            self.faults.push(format!("{} {id} twice", RESOURCES[resource]));
        }
        for (edge, &(_, child)) in EDGES.iter().enumerate().filter(|(_, edge)| edge.0 == resource) {
            let left = world.children(edge, id).iter().find(|child_id| !self.gone[child].contains(*child_id));
            if let Some(left) = left {
                self.faults.push(format!("{} {id} before {} {left}", RESOURCES[resource], RESOURCES[child]));
            }
        }
    }
}

/// The whole topology: each instance as its resource, its number there, and its parents. Parents come first, and the
/// instances of a resource in the order of their numbers.
pub fn each_instance(vms: u64, mut visit: impl FnMut(usize, u64, &[(usize, u64)])) {
    visit(0, 0, &[]);
    let clusters = (vms / 1000).max(1);
    for cluster in 0..clusters {
        for (parent, child) in [((0, 0), 1), ((0, 0), 2), ((0, 0), 3), ((3, cluster), 5), ((5, cluster), 6)] {
            visit(child, cluster, &[parent]);
        }
        for host in cluster * 10..(cluster + 1) * 10 {
            visit(4, host, &[(1, cluster)]);
        }
    }
    for vm in 0..vms {
        let host = vm % (clusters * 10);
        let cluster = host / 10;
        visit(7, vm, &[(4, host), (2, cluster)]);
        visit(8, vm * 2, &[(7, vm), (2, cluster)]);
        visit(8, vm * 2 + 1, &[(7, vm), (2, cluster)]);
        visit(9, vm, &[(7, vm), (5, cluster)]);
        visit(10, vm, &[(9, vm), (6, cluster)]);
    }
}

/// The edge from a resource to another.
pub(crate) fn edge(parent: usize, child: usize) -> usize {
    EDGES.iter().position(|&edge| edge == (parent, child)).unwrap_or(EDGES.len())
}

fn id<Id: BenchId>(resource: usize, number: u64) -> Id {
    const PREFIXES: [&str; RESOURCES.len()] =
        ["zone", "cluster", "ps", "l2", "host", "l3", "range", "vm", "volume", "nic", "ip"];
    Id::numbered(PREFIXES[resource], number)
}

/// The engine with the cloud's extensions.
pub fn cascade<S: Source>(world: &Arc<S>) -> Result<Cascade, BuildError> {
    builder(world).build()
}

/// The same, before it is built.
pub fn builder<S: Source>(world: &Arc<S>) -> CascadeBuilder {
    (0..RESOURCES.len()).fold(Cascade::builder(), |builder, resource| {
        builder.declare(Arc::clone(world), declaration(resource))
    })
}

fn declaration<S: Source>(resource: usize) -> Declaration<Arc<S>, S::Id> {
    let described = |resource: usize| ResourceDescriptor::runtime::<S::Id>(RESOURCES[resource], place!());
    let mut declared = Declaration::new(RESOURCES[resource], described(resource), place!());
    declared.effect("destroy", place!(), move |world: &Arc<S>, ids, _| {
        Box::pin(async move {
            world.destroy(resource, ids);
            Ok(Outcome::done())
        })
    });
    declared.rule(Rule::effect::<Delete>("destroy", place!()));
    for (edge, &(parent, _)) in EDGES.iter().enumerate().filter(|(_, edge)| edge.1 == resource) {
        declared.edge(described(parent), place!());
        declared.finder("find", described(parent), None, place!(), move |world: &Arc<S>, parents, _| {
            Box::pin(async move { Ok(Found::PerParent(world.find(edge, parents))) })
        });
        declared.rule(Rule::effect::<Delete>("destroy", place!()).from(described(parent)));
    }
    declared
}

/// Pass 1 on the whole cloud.
pub async fn plan<S: Source>(cascade: &Cascade, world: &S) -> Result<Plan, Failed> {
    let plan = cascade.plan_named(Delete, RESOURCES[0], [world.root().to_string()]).await?;
    expect_equal("instances in the plan", &(plan.len() as u64), &world.counts().iter().sum())?;
    Ok(plan)
}

/// Both passes on the whole cloud.
pub async fn plan_and_apply<S: Source>(cascade: &Cascade, world: &S) -> Result<Report, Failed> {
    let plan = plan(cascade, world).await?;
    Ok(cascade.apply(plan).drift(Drift::Ignore).await?)
}
