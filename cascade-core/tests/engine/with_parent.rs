//! A `with_parent` child completes when its parent does; its other parents wait for that.

use cascade_core::{Delete, FailurePolicy, FaultKind, Rule, place};

use crate::support::{Cloud, Kind, descriptor};

/// An edge whose children complete with the parent.
fn with_parent(kind: &mut Kind, parent: &str, pairs: &str) {
    kind.edge(parent, pairs);
    kind.declared().rule(Rule::with_parent::<Delete>(place!()).from(descriptor(parent)));
}

/// An edge whose children are retained.
fn retained(kind: &mut Kind, parent: &str, pairs: &str) {
    kind.edge(parent, pairs);
    kind.declared().rule(Rule::retain::<Delete>(place!()).from(descriptor(parent)));
}

/// A disk on a storage, which completes with its VM. The storage depends on the zone; `storages` adds further edges to
/// it.
fn disks(storages: impl FnOnce(&mut Kind)) -> Cloud {
    Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Vm", |it| {
            it.under("Zone", "destroy", "z>vm");
        })
        .kind("Storage", |it| {
            it.under("Zone", "remove", "z>storage");
            storages(it);
        })
        .kind("Disk", |it| {
            with_parent(it, "Vm", "vm>disk");
            retained(it, "Storage", "storage>disk");
        })
}

#[test]
fn another_parent_waits_for_the_parent_that_completes_the_child() {
    let deleted = disks(|_| {}).delete("Zone z");
    deleted.assert_before("vm", "storage");
    assert!(deleted.report.is_complete());
}

#[test]
fn another_parent_is_blocked_if_the_parent_that_completes_the_child_fails() {
    let deleted = disks(|_| {})
        .failing(&["Vm.destroy vm"])
        .delete_with("Zone z", |apply| apply.policy(FailurePolicy::Isolate));
    assert_eq!(
        deleted.verdicts(),
        [
            "Disk disk blocked by Vm vm",
            "Storage storage blocked by Vm vm",
            "Vm vm failed: destroy: simulated failure",
            "Zone z blocked by Vm vm"
        ]
    );
}

/// A forced run blocks no instance, but does not report a `with_parent` child as done if its parent failed.
#[test]
fn a_forced_run_does_not_report_the_child_as_done() {
    let deleted = disks(|_| {})
        .failing(&["Vm.destroy vm"])
        .delete_with("Zone z", |apply| apply.policy(FailurePolicy::Force));
    deleted.assert_before("vm", "storage");
    assert_eq!(
        deleted.verdicts(),
        [
            "Disk disk blocked by Vm vm",
            "Storage storage done",
            "Vm vm failed: destroy: simulated failure",
            "Zone z done"
        ]
    );
}

/// The storage depends on the VM, so it is removed before the VM, and before the disk completes. The plan lists that.
#[test]
fn a_wait_on_a_cycle_is_left_out_and_listed() {
    let cloud = || {
        disks(|it| {
            it.under("Vm", "remove", "vm>storage");
        })
        .kind("Snapshot", |it| {
            it.under("Disk", "remove", "disk>snapshot");
        })
    };
    let plan = cloud().plan("Zone z");
    let text = plan.to_string();
    assert!(text.contains("Storage storage → Disk disk (completion only"), "{text}");
    let deleted = cloud().delete("Zone z");
    deleted.assert_before("storage", "vm");
    // Dependents of the disk are still waited for.
    deleted.assert_before("snapshot", "storage");
    assert!(deleted.report.is_complete());
}

#[test]
fn a_resource_after_the_child_waits_for_its_completion() {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Vm", |it| {
            it.under("Zone", "destroy", "z>vm");
        })
        .kind("Disk", |it| with_parent(it, "Vm", "vm>disk"))
        .kind("Key", |it| {
            it.under("Zone", "revoke", "z>key");
            it.declared().after(descriptor("Disk"), place!());
        });
    let deleted =
        cloud.failing(&["Vm.destroy vm"]).delete_with("Zone z", |apply| apply.policy(FailurePolicy::Isolate));
    assert_eq!(deleted.calls, ["Vm.destroy vm"], "the key comes after the disk, which completes with the VM");
}

/// The key depends on the VM, so it is revoked before it. The disk completes with the VM, and the key is declared to
/// come after the disk.
#[test]
fn an_after_that_contradicts_with_parent_is_a_fault() {
    let mut vm = Kind::bare("Vm");
    vm.root("destroy");
    let mut disk = Kind::bare("Disk");
    with_parent(&mut disk, "Vm", "");
    let mut key = Kind::bare("Key");
    key.under("Vm", "revoke", "");
    key.declared().after(descriptor("Disk"), place!());
    let error = Cloud::of([vm, disk, key]).try_build().unwrap_err();
    assert_eq!(error.faults().iter().map(cascade_core::Fault::kind).collect::<Vec<_>>(), [FaultKind::After]);
}

/// A chain of `with_parent` instances completes with the one step at its top.
#[test]
fn a_chain_of_with_parent_instances_completes_with_its_top() {
    let cloud = disks(|_| {})
        .kind("Part", |it| {
            with_parent(it, "Disk", "disk>part");
            retained(it, "Shelf", "shelf>part");
        })
        .kind("Shelf", |it| {
            it.under("Zone", "remove", "z>shelf");
        })
        .failing(&["Vm.destroy vm"]);
    let deleted = cloud.delete_with("Zone z", |apply| apply.policy(FailurePolicy::Isolate));
    assert_eq!(
        deleted.verdicts(),
        [
            "Disk disk blocked by Vm vm",
            "Part part blocked by Vm vm",
            "Shelf shelf blocked by Vm vm",
            "Storage storage blocked by Vm vm",
            "Vm vm failed: destroy: simulated failure",
            "Zone z blocked by Vm vm"
        ]
    );
}
