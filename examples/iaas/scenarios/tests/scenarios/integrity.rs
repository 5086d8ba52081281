//! After any deletion, complete or not, no live row refers to a removed one.

use cascade_core::{Delete, FailurePolicy, Graph};
use iaas_model::agents::Simulation;
use iaas_model::catalogue::CATALOGUE;
use iaas_model::seed::Size;
use iaas_scenarios::World;

const SIZE: Size = Size { vms: 120, zones: 2 };

/// The resources from which a delete can start, each with its first instance.
fn roots(world: &World) -> Vec<(&'static str, String)> {
    let graph = Graph::linked().unwrap_or_else(|error| panic!("{error}"));
    let names = CATALOGUE.iter().map(|entry| entry.resource);
    let names = names.filter(|name| graph.tree_of::<Delete>(name).is_some());
    names.map(|name| (name, world.value(&format!("SELECT min(id) FROM {}", table(name))))).collect()
}

/// The table of a resource: `vm_instance` for `VmInstance`.
pub(crate) fn table(resource: &str) -> String {
    let snake = |letter: char| match letter {
        'A'..='Z' => format!("_{}", letter.to_ascii_lowercase()),
        other => other.to_string(),
    };
    resource.chars().map(snake).collect::<String>().trim_start_matches('_').to_owned()
}

/// Deletes an instance of each resource in turn, on one cloud, unless an earlier deletion removed it. Vetoes are overridden.
#[tokio::test]
async fn no_row_refers_to_a_deleted_one() {
    let world = World::seeded(SIZE);
    let roots = roots(&world);
    assert_eq!(roots.len(), 22);
    let mut deleted = 0;
    for (resource, id) in roots.into_iter().rev() {
        let still_exists = format!("{} WHERE id = '{id}'", table(resource));
        if world.count(still_exists) == 0 {
            continue;
        }
        deleted += 1;
        let plan = world.cascade.plan_named(Delete, resource, [&id]).await.expect("a plan");
        let report = world.cascade.apply(plan).forced(true).await.expect("a run");
        assert!(report.is_complete(), "{resource} {id}: {report}");
        assert_eq!(world.dangling(), [""; 0], "after {resource} {id}");
    }
    assert!(deleted > 10, "only {deleted} instances existed");
}

/// Most agent commands fail, so runs stop early or continue around failures. Retries need no time on this clock.
#[tokio::test(start_paused = true)]
async fn no_row_refers_to_a_deleted_one_after_failures() {
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
