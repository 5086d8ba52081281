//! A `with_parent` child completes when its parent does; its other parents wait for that.

use cascade_core::{Delete, FailurePolicy, FaultKind, Found, Plan, RootSet, Rule, place};

use crate::support::{Cloud, Kind, Notes, block_on, descriptor};

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

/// A second edge to the same parent.
fn in_role(
    kind: &mut Kind,
    parent: &str,
    role: &'static str,
    propagation: Rule,
    links: &'static [(&str, &str)],
) {
    let edge = descriptor(parent).in_role(role);
    let declared = kind.declared();
    declared.edge(edge.clone(), place!());
    declared.finder(
        format!("as_{role}"),
        edge.clone(),
        None,
        place!(),
        |_: &Notes, parents: &[String], _| {
            let found = links.iter().map(|&(parent, child)| (parent.to_owned(), child.to_owned()));
            let found = found.filter(|link| parents.contains(&link.0)).collect();
            Box::pin(async { Ok(Found::Pairs(found)) })
        },
    );
    declared.rule(propagation.from(edge));
}

/// The arcs that a printed plan lists as left out of the order.
fn left_out(plan: &Plan) -> Vec<String> {
    let text = plan.to_string();
    let listed = text.lines().skip_while(|line| !line.ends_with("left out of the order:")).skip(1);
    let listed: Vec<String> = listed.map(|line| line.trim().to_owned()).collect();
    assert_eq!(listed.len(), plan.summary().unwrap().cut.len(), "{text}");
    listed
}

/// A VM, and a disk that depends on it along two edges, the second in a role. The disk has a snapshot.
fn disk_twice(first: Rule, pairs: &str, second: Rule) -> Cloud {
    Cloud::new()
        .kind("Vm", |it| {
            it.root("destroy");
        })
        .kind("Disk", |it| {
            it.edge_naming_all("Vm", pairs);
            it.declared().rule(first.from(descriptor("Vm")));
            in_role(it, "Vm", "boot", second, &[("vm", "disk")]);
        })
        .kind("Snapshot", |it| {
            it.under("Disk", "remove", "disk>snapshot");
        })
}

/// Along one edge the VM completes the disk. Along the other one, it would wait for that: for itself.
#[test]
fn a_parent_that_completes_the_child_along_another_edge_gives_no_wait_up() {
    let with_parent = || Rule::with_parent::<Delete>(place!());
    let shared = || Rule::shared::<Delete>(place!());
    let retain = || Rule::retain::<Delete>(place!());
    let restrict = || Rule::restrict::<Delete>(place!());
    let clouds: [&dyn Fn() -> Cloud; 7] = [
        &|| disk_twice(with_parent(), "vm>disk", retain()),
        &|| disk_twice(retain(), "vm>disk", with_parent()),
        &|| disk_twice(with_parent(), "vm>disk", restrict()),
        &|| disk_twice(restrict(), "vm>disk", with_parent()),
        &|| disk_twice(shared(), "vm>disk", retain()),
        &|| disk_twice(shared(), "vm>disk", restrict()),
        // The other owner stays, so the disk does not complete along the first edge.
        &|| disk_twice(shared(), "vm>disk other>disk", with_parent()),
    ];
    for cloud in clouds {
        assert_eq!(left_out(&cloud().plan("Vm vm")), [""; 0]);
        let deleted = cloud().delete("Vm vm");
        assert_eq!(deleted.calls, ["Snapshot.remove snapshot", "Vm.destroy vm"]);
        assert!(deleted.report.is_complete());
    }
}

/// For the host as the root, its VMs complete with it. For the zone, they are retained.
#[test]
fn a_parent_that_completes_the_child_for_another_root_resource_gives_no_wait_up() {
    let cloud = || {
        Cloud::new()
            .kind("Zone", |it| {
                it.root("remove");
            })
            .kind("Host", |it| {
                it.root("remove").under("Zone", "remove", "z>h1 z>h2");
            })
            .kind("Vm", |it| {
                with_parent(it, "Host", "h1>v1 h2>v2 h1>both h2>both");
                let retain = Rule::retain::<Delete>(place!()).from(descriptor("Host"));
                it.declared().rule(retain.root(descriptor("Zone")));
            })
    };
    let (cascade, notes) = cloud().build();
    // The zone reaches both hosts. The host h1 is a root, too: v1 and `both` complete with it, and h2 waits for that.
    let roots = RootSet::new().and_named("Zone", ["z"]).and_named("Host", ["h1"]);
    let plan = block_on(cascade.plan_all(Delete, roots)).unwrap();
    assert_eq!(plan.contains_named("Vm", "v2"), Ok(false));
    insta::assert_snapshot!(plan, @r"
    Delete Host h1; Zone z: 5 instances of 3 resources
    Host      1  remove  (dependents of the 2 removed)
    └── Vm    3  with its parent 2, retained 1
    Zone      1  remove
    └── Host  2  remove  (continued above)
    ");
    assert!(block_on(async { cascade.apply(plan).await }).unwrap().is_complete());
    assert_eq!(notes.calls(), ["Host.remove h1", "Host.remove h2", "Zone.remove z"]);
}

/// The pool waits for the NIC, which completes with the VM. The VM does not wait for the disk, which completes with the
/// VM or with the pool: otherwise that wait would close a cycle.
#[test]
fn a_wait_that_is_none_takes_no_other_wait_out_of_the_order() {
    let cloud = || {
        Cloud::new()
            .kind("Zone", |it| {
                it.root("remove");
            })
            .kind("Pool", |it| {
                it.under("Zone", "drain", "z>pool");
            })
            .kind("Vm", |it| {
                it.under("Zone", "destroy", "z>vm");
            })
            .kind("Disk", |it| {
                with_parent(it, "Vm", "vm>disk");
                with_parent(it, "Pool", "pool>disk");
                in_role(it, "Vm", "boot", Rule::retain::<Delete>(place!()), &[("vm", "disk")]);
            })
            .kind("Nic", |it| {
                with_parent(it, "Vm", "vm>nic");
                retained(it, "Pool", "pool>nic");
            })
    };
    assert_eq!(left_out(&cloud().plan("Zone z")), [""; 0]);
    let deleted = cloud().delete("Zone z");
    deleted.assert_before("vm", "pool");
    assert!(deleted.report.is_complete());
}

/// The other owner of the disk stays, so the disk completes with the pool alone. The VM depends on the pool, so it gives up
/// its wait along both edges.
#[test]
fn a_parent_along_a_shared_edge_gives_its_wait_up_unless_it_is_the_last_owner() {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Pool", |it| {
            it.under("Zone", "drain", "z>pool");
        })
        .kind("Vm", |it| {
            it.under("Pool", "destroy", "pool>vm");
        })
        .kind("Disk", |it| {
            it.edge_naming_all("Vm", "vm>disk other>disk");
            it.declared().rule(Rule::shared::<Delete>(place!()).from(descriptor("Vm")));
            in_role(it, "Vm", "boot", Rule::retain::<Delete>(place!()), &[("vm", "disk")]);
            with_parent(it, "Pool", "pool>disk");
        });
    let note = "(completion only: the child completes later, with another parent)";
    assert_eq!(
        left_out(&cloud.plan("Zone z")),
        [format!("Vm vm → Disk disk {note}"), format!("Vm vm → Disk disk (boot) {note}")]
    );
}

/// The disk completes with the VM alone, so the storage does give up its wait.
#[test]
fn a_wait_of_another_parent_stays_listed_beside_a_parallel_edge() {
    let cloud = disks(|it| {
        it.under("Vm", "remove", "vm>storage");
    })
    .kind("Volume", |it| {
        with_parent(it, "Vm", "vm>volume");
        in_role(it, "Vm", "boot", Rule::retain::<Delete>(place!()), &[("vm", "volume")]);
        retained(it, "Storage", "storage>volume");
    });
    let listed = left_out(&cloud.plan("Zone z"));
    let note = "(completion only: the child completes later, with another parent)";
    assert_eq!(
        listed,
        [format!("Storage storage → Disk disk {note}"), format!("Storage storage → Volume volume {note}")]
    );
}
