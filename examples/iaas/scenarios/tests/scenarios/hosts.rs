//! Deleting clusters and hosts.

use cascade_core::{Delete, Drift, FailurePolicy, Resource};
use iaas_model::compute::{Cluster, Host};
use iaas_scenarios::{World, topology};

/// TestCascadeDeletion2.
#[tokio::test]
async fn a_cluster_is_deleted_with_its_hosts_and_stops_the_vm() {
    let mut world = World::new(topology::t1);
    world.run(Delete, Cluster::roots(["cluster-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - cluster: cluster-1
    - host: host-1, host-2
    - l2_network_cluster_ref: l2-1/cluster-1
    - primary_storage_cluster_ref: storage-1/cluster-1
    ~ vm_instance vm-1: cluster_id cluster-1 -> NULL, host_id host-1 -> NULL, last_host_id host-1 -> NULL, state Running -> Stopped
    ");
    assert_eq!(world.commands(), ["stop-vm vm-1"]);
}

/// TestCascadeDeletion3.
#[tokio::test]
async fn a_host_can_be_deleted() {
    let mut world = World::new(topology::t1);
    world.run(Delete, Host::roots(["host-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - host: host-1
    ~ vm_instance vm-1: host_id host-1 -> NULL, last_host_id host-1 -> NULL, state Running -> Stopped
    ");
}

/// A host is removed with its CPUs, NUMA nodes and tunnels, and its mounted volumes are unmounted.
#[tokio::test]
async fn a_host_is_deleted_with_its_parts() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        write.host_allocated_cpu("cpu-1", "host-1", 0)?;
        write.host_numa_node("numa-1", "host-1", 0)?;
        write.vtep("vtep-1", "l2-1", "cluster-1", "host-1")
    });
    world.by_hand("UPDATE volume SET host_id = 'host-1', owner_id = NULL WHERE id = 'vm-1-data'");
    world.changes();
    world.run(Delete, Host::roots(["host-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - host: host-1
    - host_allocated_cpu: cpu-1
    - host_numa_node: numa-1
    - vtep: vtep-1
    ~ vm_instance vm-1: host_id host-1 -> NULL, last_host_id host-1 -> NULL, state Running -> Stopped
    ~ volume vm-1-data: host_id host-1 -> NULL
    ");
    assert_eq!(world.commands(), ["stop-vm vm-1", "unmount-volume vm-1-data host-1"]);
}

/// TestCascadeDeletion18.
#[tokio::test]
async fn the_vm_of_a_deleted_host_starts_on_another() {
    let world = World::new(topology::t1);
    world.run(Delete, Host::roots(["host-1"])).await;
    assert_eq!(world.value("SELECT state FROM vm_instance"), "Stopped");
    assert_eq!(world.start("vm-1").as_deref(), Some("host-2"));
}

/// TestCascadeDeletion19.
#[tokio::test]
async fn the_vm_of_a_deleted_cluster_starts_in_another() {
    let world = World::new(topology::t1b);
    world.run(Delete, Cluster::roots(["cluster-1"])).await;
    assert_eq!(world.start("vm-1").as_deref(), Some("host-3"));
    assert_eq!(world.value("SELECT cluster_id FROM vm_instance"), "cluster-2");
}

/// DeleteHostCase, without its local storage: a VM that cannot be stopped keeps its host, unless the deletion is
/// forced.
#[tokio::test]
async fn a_vm_that_does_not_stop_keeps_its_host() {
    let mut world = World::new(topology::t1);
    world.agents.refuse("stop-vm");
    let report = world.try_run(Delete, Host::roots(["host-1"])).await;
    let summary = report.summary();
    assert_eq!((summary.done, summary.failed, summary.blocked), (0, 1, 1), "{report}");
    insta::assert_snapshot!(world.changes(), @r"~ host host-1: state Enabled -> Deleting");

    let plan = world.plan(Delete, Host::roots(["host-1"])).await;
    let report = world.cascade.apply(plan).policy(FailurePolicy::Force).await.expect("it runs");
    assert_eq!(report.summary().failed, 1, "{report}");
    assert_eq!(world.count("host WHERE id = 'host-1' AND deleted = 0"), 0);
    assert_eq!(world.value("SELECT state FROM vm_instance"), "Unknown", "no agent has stopped it");
    assert_eq!(world.commands(), [""; 0]);
}

/// A VM that was started after the plan was made, in a run that does not look for changes: no agent was told to stop it, so it
/// keeps its host and its state, also if the run is forced.
#[tokio::test]
async fn a_vm_that_the_run_does_not_know_keeps_its_host() {
    for forced in [false, true] {
        let mut world = World::new(|write| {
            topology::t1(write)?;
            write.host_allocated_cpu("cpu-1", "host-1", 0)
        });
        world.stop("vm-1");
        let plan = world.plan(Delete, Host::roots(["host-1"])).await;
        assert_eq!(world.start("vm-1").as_deref(), Some("host-1"));
        world.changes();
        let policy = if forced { FailurePolicy::Force } else { FailurePolicy::Stop };
        let run = world.cascade.apply(plan).drift(Drift::Ignore).policy(policy).forced(forced);
        let report = run.await.expect("it runs");
        let failures = report.summary().failures;
        assert_eq!(failures.len(), 1, "{report}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(failures[0].error, @"vm-1 is on it, and this run was not to stop or move it: delete the host again");
            insta::assert_snapshot!(world.changes(), @r"
            - host_allocated_cpu: cpu-1
            ~ host host-1: state Enabled -> Deleting
            ");
        }
        assert_eq!(world.commands(), [""; 0]);

        world.run(Delete, Host::roots(["host-1"])).await;
        assert_eq!(world.commands(), ["stop-vm vm-1"]);
        assert_eq!(world.value("SELECT state FROM vm_instance"), "Stopped");
    }
}

/// The same for a router, which would have been moved.
#[tokio::test]
async fn a_router_that_the_run_does_not_know_keeps_its_host() {
    let mut world = World::new(topology::vr1);
    let host = world.value("SELECT host_id FROM appliance_vm");
    let leave = "UPDATE appliance_vm SET host_id = 'elsewhere', last_host_id = 'elsewhere'";
    world.by_hand(leave);
    let plan = world.plan(Delete, Host::roots([host.as_str()])).await;
    world.by_hand(&format!("UPDATE appliance_vm SET host_id = '{host}', last_host_id = '{host}'"));
    world.changes();
    let report = world.cascade.apply(plan).drift(Drift::Ignore).await.expect("it runs");
    let failures = report.summary().failures;
    assert!(failures[0].error.contains("router-1 is on it"), "{report}");
    assert_eq!(world.value("SELECT host_id FROM appliance_vm"), host);
    assert_eq!(world.value("SELECT state FROM appliance_vm"), "Running");
    assert_eq!(world.count(format!("host WHERE id = '{host}' AND deleted = 0")), 1);
}
