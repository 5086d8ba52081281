//! Every extension of the cloud tolerates the engine's calls: empty batches, ids of removed instances, a step that is
//! repeated, or dropped and repeated.

use cascade_core::conformance::{Finding, Stage, check};
use cascade_core::{Delete, Graph};
use iaas_model::catalogue::CATALOGUE;
use iaas_model::seed::Size;
use iaas_model::{DetachL2Network, DetachPrimaryStorage};
use iaas_scenarios::World;

fn stage() -> Stage {
    World::seeded(Size { vms: 8, zones: 1 }).into_stage()
}

fn first_of(resource: &str) -> String {
    let table = crate::integrity::table(resource);
    World::seeded(Size { vms: 8, zones: 1 }).value(&format!("SELECT min(id) FROM {table}"))
}

#[tokio::test]
async fn every_extension_tolerates_a_delete_of_every_resource() {
    let graph = Graph::linked().unwrap_or_else(|error| panic!("{error}"));
    let names = CATALOGUE.iter().map(|entry| entry.resource);
    for name in names.filter(|name| graph.tree_of::<Delete>(name).is_some()) {
        assert_eq!(printed(&check(stage, Delete, name, [first_of(name)]).await), [""; 0], "{name}");
    }
}

#[tokio::test]
async fn every_extension_tolerates_a_detach() {
    let cluster = || first_of("Cluster").into();
    let storage = DetachPrimaryStorage { cluster: cluster() };
    let findings = check(stage, storage, "PrimaryStorage", [first_of("PrimaryStorage")]).await;
    assert_eq!(printed(&findings), [""; 0]);
    let network = DetachL2Network { cluster: cluster() };
    let findings = check(stage, network, "L2Network", [first_of("L2Network")]).await;
    assert_eq!(printed(&findings), [""; 0]);
}

fn printed(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}
