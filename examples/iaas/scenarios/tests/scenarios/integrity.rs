//! Whatever is deleted, and however it goes: nothing that is left refers to what is gone.

use cascade_core::{Delete, FailurePolicy, Graph};
use iaas_model::agents::Simulation;
use iaas_model::catalogue::CATALOGUE;
use iaas_model::seed::Size;
use iaas_scenarios::World;

const SIZE: Size = Size { vms: 120, zones: 2 };

/// The resources that a delete can start from, each with the first of its instances.
fn roots(world: &World) -> Vec<(&'static str, String)> {
    let graph = Graph::linked().unwrap_or_else(|error| panic!("{error}"));
    let names = CATALOGUE.iter().map(|entry| entry.resource);
    let names = names.filter(|name| graph.tree_of::<Delete>(name).is_some());
    names.map(|name| (name, world.value(&format!("SELECT min(id) FROM {}", table(name))))).collect()
}

/// `VmInstance` is kept in `vm_instance`.
pub(crate) fn table(resource: &str) -> String {
    let snake = |letter: char| match letter {
        'A'..='Z' => format!("_{}", letter.to_ascii_lowercase()),
        other => other.to_string(),
    };
    resource.chars().map(snake).collect::<String>().trim_start_matches('_').to_owned()
}

/// Each resource in turn, on one cloud that gets smaller and smaller. Vetoes are overridden.
#[tokio::test]
async fn nothing_refers_to_what_was_deleted() {
    let world = World::seeded(SIZE);
    let roots = roots(&world);
    assert_eq!(roots.len(), 22);
    for (resource, id) in roots.into_iter().rev() {
        let plan = world.cascade.plan_named(Delete, resource, [&id]).await.expect("a plan");
        let report = world.cascade.apply(plan).forced(true).await.expect("a run");
        assert!(report.is_complete(), "{resource} {id}: {report}");
        assert_eq!(world.dangling(), [""; 0], "after {resource} {id}");
    }
}

/// With agents that fail more often than not, runs stop midway, or go on around what failed. Waiting between tries
/// takes no time here.
#[tokio::test(start_paused = true)]
async fn nothing_refers_to_what_was_deleted_when_the_rest_failed() {
    let mut failed_runs = 0;
    for seed in 0..20 {
        let policy = if seed % 2 == 0 { FailurePolicy::Stop } else { FailurePolicy::Isolate };
        let simulation = Simulation { failure_rate: 0.6, seed, ..Simulation::default() };
        let world = World::seeded(Size { vms: 20, zones: 1 }).with_agents(simulation);
        let plan = world.cascade.plan_named(Delete, "Zone", ["zone-1"]).await.expect("a plan");
        let report = world.cascade.apply(plan).policy(policy).await.expect("a run");
        failed_runs += usize::from(!report.is_complete());
        assert_eq!(world.dangling(), [""; 0], "{policy:?}, seed {seed}: {report}");
    }
    assert!(failed_runs > 10, "only {failed_runs}");
}
