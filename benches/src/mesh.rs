//! Layers of resources, each with an edge to every resource of the layer above: 8 wide and 10 deep, the mesh has 8^10
//! paths.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cascade_core::{Cascade, Declaration, Delete, Found, Outcome, ResourceDescriptor, Rule, place};

use crate::Failed;
use crate::measure::{Stopwatch, expect_equal, time};

/// Resources in a layer.
pub const WIDTH: usize = 8;

/// Counts the calls of finders.
type Calls = Arc<AtomicU64>;

/// The number of edges in a mesh of this many layers, including those from the root.
pub fn edges(layers: usize) -> usize {
    WIDTH + (layers - 1) * WIDTH * WIDTH
}

/// Measures building the graph, the first two levels of its tree, and the plan. Asserts that each finder is asked
/// once.
pub async fn build_and_plan(layers: usize) -> Result<Duration, Failed> {
    let calls = Calls::default();
    let declarations = declarations(layers);
    let (building, cascade) = time(|| {
        let add =
            |builder: cascade_core::CascadeBuilder, declared| builder.declare(Arc::clone(&calls), declared);
        declarations.into_iter().fold(Cascade::builder(), add).build()
    });
    let cascade = cascade?;
    let (looking, seen) = time(|| {
        let tree = cascade.graph().tree("Root")?;
        let root = tree.root();
        let levels = root.children().map(|child| child.children().count()).collect::<Vec<_>>();
        Some(levels)
    });
    let below = if layers > 1 { WIDTH } else { 0 };
    expect_equal("the tree's first levels", &seen, &Some(vec![below; WIDTH]))?;
    let start = Stopwatch::start();
    let plan = cascade.plan_named(Delete, "Root", ["0"]).await?;
    let planning = start.elapsed();
    expect_equal("instances", &plan.len(), &(layers * WIDTH + 1))?;
    expect_equal("calls of finders", &calls.load(Ordering::Relaxed), &(edges(layers) as u64))?;
    Ok(building + looking + planning)
}

fn declarations(layers: usize) -> Vec<Declaration<Calls, u64>> {
    let resource = |layer: usize, at: usize| described(format!("L{layer:03}R{at}"));
    let mut all = vec![declaration(described(String::from("Root")), &[])];
    for layer in 0..layers {
        let above: Vec<ResourceDescriptor> = match layer.checked_sub(1) {
            Some(above) => (0..WIDTH).map(|at| resource(above, at)).collect(),
            None => vec![described(String::from("Root"))],
        };
        all.extend((0..WIDTH).map(|at| declaration(resource(layer, at), &above)));
    }
    all
}

fn described(name: String) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<u64>(name, place!())
}

/// One instance of each resource: the one below instance 0 is instance 0.
fn declaration(resource: ResourceDescriptor, parents: &[ResourceDescriptor]) -> Declaration<Calls, u64> {
    let mut declared = Declaration::new(resource.name().to_owned(), resource, place!());
    declared.effect("remove", place!(), |_: &Calls, _, _| Box::pin(async { Ok(Outcome::done()) }));
    declared.rule(Rule::effect::<Delete>("remove", place!()));
    for parent in parents {
        declared.edge(parent.clone(), place!());
        declared.finder("find", parent.clone(), None, place!(), |calls: &Calls, parents: &[u64], _| {
            Box::pin(async move {
                calls.fetch_add(1, Ordering::Relaxed);
                Ok(Found::Pairs(parents.iter().map(|parent| (*parent, *parent)).collect()))
            })
        });
        declared.rule(Rule::effect::<Delete>("remove", place!()).from(parent.clone()));
    }
    declared
}
