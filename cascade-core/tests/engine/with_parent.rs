//! What a parent's end takes ends with that parent: whoever waits for it waits for that.

use cascade_core::{Delete, FailurePolicy, FaultKind, Rule, place};

use crate::support::{Cloud, Kind, descriptor};

/// An edge along which the parent's end takes what hangs off it.
fn taken(kind: &mut Kind, parent: &str, pairs: &str) {
    kind.edge(parent, pairs);
    kind.declared().rule(Rule::with_parent::<Delete>(place!()).from(descriptor(parent)));
}

/// An edge along which everything is left in place.
fn retained(kind: &mut Kind, parent: &str, pairs: &str) {
    kind.edge(parent, pairs);
    kind.declared().rule(Rule::retain::<Delete>(place!()).from(descriptor(parent)));
}

/// A disk on a storage, which goes with its VM; `storages` hang off the zone, and what is more of them off the VM.
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
            taken(it, "Vm", "vm>disk");
            retained(it, "Storage", "storage>disk");
        })
}

#[test]
fn another_parent_waits_for_the_one_that_takes_the_child() {
    let deleted = disks(|_| {}).delete("Zone z");
    deleted.assert_before("vm", "storage");
    assert!(deleted.report.is_complete());
}

#[test]
fn another_parent_is_blocked_where_the_one_that_takes_the_child_fails() {
    let deleted = disks(|_| {})
        .failing(&["Vm.destroy vm"])
        .delete_with("Zone z", |apply| apply.policy(FailurePolicy::Isolate));
    assert_eq!(
        deleted.verdicts(),
        [
            "Disk disk blocked by Vm vm",
            "Storage storage blocked by Vm vm",
            "Vm vm failed: destroy: told to fail",
            "Zone z blocked by Vm vm"
        ]
    );
}

/// A forced run blocks nothing, and still does not call done what nobody took.
#[test]
fn a_forced_run_goes_on_and_does_not_call_the_child_done() {
    let deleted = disks(|_| {})
        .failing(&["Vm.destroy vm"])
        .delete_with("Zone z", |apply| apply.policy(FailurePolicy::Force));
    deleted.assert_before("vm", "storage");
    assert_eq!(
        deleted.verdicts(),
        [
            "Disk disk blocked by Vm vm",
            "Storage storage done",
            "Vm vm failed: destroy: told to fail",
            "Zone z done"
        ]
    );
}

/// The storage hangs off the VM: it goes before it, and so before the disk's end. The plan says that.
#[test]
fn a_wait_that_lies_on_a_circle_is_left_out_and_listed() {
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
    assert!(text.contains("Storage storage → Disk disk (its end alone"), "{text}");
    let deleted = cloud().delete("Zone z");
    deleted.assert_before("storage", "vm");
    // What hangs off the disk is waited for as ever.
    deleted.assert_before("snapshot", "storage");
    assert!(deleted.report.is_complete());
}

#[test]
fn what_comes_after_the_child_waits_for_its_end() {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Vm", |it| {
            it.under("Zone", "destroy", "z>vm");
        })
        .kind("Disk", |it| taken(it, "Vm", "vm>disk"))
        .kind("Key", |it| {
            it.under("Zone", "revoke", "z>key");
            it.declared().after(descriptor("Disk"), place!());
        });
    let deleted =
        cloud.failing(&["Vm.destroy vm"]).delete_with("Zone z", |apply| apply.policy(FailurePolicy::Isolate));
    assert_eq!(deleted.calls, ["Vm.destroy vm"], "the key comes after the disk, which goes with the VM");
}

/// The key hangs off the VM, so it goes before it; the disk goes with the VM; and the key is to come after the disk.
#[test]
fn an_after_that_an_end_contradicts_is_a_fault_of_the_graph() {
    let mut vm = Kind::bare("Vm");
    vm.root("destroy");
    let mut disk = Kind::bare("Disk");
    taken(&mut disk, "Vm", "");
    let mut key = Kind::bare("Key");
    key.under("Vm", "revoke", "");
    key.declared().after(descriptor("Disk"), place!());
    let error = Cloud::of([vm, disk, key]).try_build().unwrap_err();
    assert_eq!(error.faults().iter().map(cascade_core::Fault::kind).collect::<Vec<_>>(), [FaultKind::After]);
}

/// Chains of what is taken end together, with the one step at their top.
#[test]
fn a_chain_of_taken_instances_ends_with_its_top() {
    let cloud = disks(|_| {})
        .kind("Part", |it| {
            taken(it, "Disk", "disk>part");
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
            "Vm vm failed: destroy: told to fail",
            "Zone z blocked by Vm vm"
        ]
    );
}
