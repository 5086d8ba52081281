//! The graph of the linked crates, and the content of a seeded cloud.

use std::collections::{BTreeMap, BTreeSet};

use cascade_core::{Delete, Graph, Resource};
use iaas_model::catalogue::CATALOGUE;
use iaas_model::compute::Zone;
use iaas_model::seed::Size;
use iaas_scenarios::World;
use serde::Deserialize;

#[derive(Deserialize)]
struct Original {
    resources: BTreeMap<String, BTreeSet<String>>,
}

fn original() -> BTreeMap<String, BTreeSet<String>> {
    let text = include_str!("../fixtures/zstack-graph.json");
    serde_json::from_str::<Original>(text).expect("a fixture of ours").resources
}

/// All 29 resources and 48 edges of the original, and no other.
#[test]
fn the_linked_graph_equals_the_original() {
    let graph = Graph::linked().unwrap_or_else(|error| panic!("{error}"));
    let mut linked: BTreeMap<String, BTreeSet<String>> =
        graph.resources().map(|resource| (resource.name().to_owned(), BTreeSet::new())).collect();
    for edge in graph.edges() {
        linked.entry(edge.child.name().to_owned()).or_default().insert(edge.parent.name().to_owned());
    }
    assert_eq!(linked, original());
    assert_eq!((graph.resources().len(), graph.edges().len()), (29, 48));
}

/// The catalogue of the command line has the same resources.
#[test]
fn the_catalogue_lists_the_linked_resources() {
    let catalogue: BTreeSet<&str> = CATALOGUE.iter().map(|entry| entry.resource).collect();
    let original = original();
    assert_eq!(catalogue, original.keys().map(String::as_str).collect());
}

/// Resources from which `Delete` can start. The others are deleted with their parents, as in the original.
#[test]
fn most_resources_can_be_deleted_themselves() {
    let graph = Graph::linked().unwrap_or_else(|error| panic!("{error}"));
    let not: Vec<&str> = graph
        .resources()
        .map(cascade_core::ResourceNode::name)
        .filter(|name| graph.tree_of::<Delete>(name).is_none())
        .collect();
    insta::assert_snapshot!(not.join(", "), @r"HostAllocatedCpu, HostNumaNode, RemoteVtep, VirtualRouterOffering, VmInstanceNumaNode, VmNicSecurityGroupRef, Vtep");
}

/// A seeded cloud has instances of every resource and no dangling reference. Equal sizes give equal clouds.
#[tokio::test]
async fn a_seeded_cloud_is_complete() {
    let size = Size { vms: 600, zones: 2 };
    let (world, again) = (World::seeded(size), World::seeded(size));
    let counts = world.db.counts().await.expect("it counts");
    for (resource, count) in &counts {
        assert!(count.total > 0, "there is no {resource}");
    }
    assert_eq!(counts["VmInstance"].total, 600);
    assert_eq!(counts["Zone"].total, 2);
    assert_eq!(counts, again.db.counts().await.expect("it counts"));
}

/// Deletes one of two zones, and nothing of the other.
#[tokio::test]
async fn a_zone_of_a_seeded_cloud_can_be_deleted() {
    let world = World::seeded(Size { vms: 300, zones: 2 });
    world.run(Delete, Zone::roots(["zone-1"])).await;
    assert_eq!(world.count("vm_instance"), 150);
    assert_eq!(world.count("vm_instance WHERE zone_id = 'zone-2'"), 150);
    assert_eq!(world.count("zone"), 1);
    assert_eq!(world.count("volume WHERE deleted = 1"), 0);
    world.run(Delete, Zone::roots(["zone-2"])).await;
    for table in ["vm_instance", "volume", "nic", "used_ip", "vip", "cluster", "host", "l3_network", "vtep"] {
        assert_eq!(world.count(table), 0, "{table}");
    }
}
