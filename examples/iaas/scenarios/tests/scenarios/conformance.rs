//! Every extension of the cloud tolerates the engine's calls: empty batches, ids of removed instances, a step that is
//! repeated, or dropped and repeated, a look at what `begin` has marked.

use cascade_core::conformance::{Stage, check};
use cascade_core::{Delete, Graph, Operation};
use iaas_model::catalogue::CATALOGUE;
use iaas_model::seed::Size;
use iaas_model::{DetachL2Network, DetachPrimaryStorage};
use iaas_scenarios::World;

async fn stage() -> Stage {
    World::seeded(Size { vms: 8, zones: 1 }).into_stage()
}

fn first_of(resource: &str) -> String {
    let table = crate::integrity::table(resource);
    World::seeded(Size { vms: 8, zones: 1 }).value(&format!("SELECT min(id) FROM {table}"))
}

/// The findings about an operation on an instance, as text.
async fn findings<O: Operation>(operation: O, resource: &str, id: String) -> Vec<String> {
    let findings = check(stage, operation, resource, [id]).await.unwrap_or_else(|error| panic!("{error}"));
    findings.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn every_extension_tolerates_a_delete_of_every_resource() {
    let graph = Graph::linked().unwrap_or_else(|error| panic!("{error}"));
    let names = CATALOGUE.iter().map(|entry| entry.resource);
    for name in names.filter(|name| graph.tree_of::<Delete>(name).is_some()) {
        assert_eq!(findings(Delete, name, first_of(name)).await, [""; 0], "{name}");
    }
}

#[tokio::test]
async fn every_extension_tolerates_a_detach() {
    let cluster = || first_of("Cluster").into();
    let storage = DetachPrimaryStorage { cluster: cluster() };
    assert_eq!(findings(storage, "PrimaryStorage", first_of("PrimaryStorage")).await, [""; 0]);
    let network = DetachL2Network { cluster: cluster() };
    assert_eq!(findings(network, "L2Network", first_of("L2Network")).await, [""; 0]);
}
