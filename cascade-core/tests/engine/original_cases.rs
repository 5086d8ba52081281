//! The graphs that the original framework handled wrongly, and its own unit tests.

use cascade_core::Apply;

use crate::support::{Cloud, Deleted};

fn sorted(calls: &[String]) -> Vec<&str> {
    let mut calls: Vec<&str> = calls.iter().map(String::as_str).collect();
    calls.sort_unstable();
    calls
}

/// Two parents of C each have a child in it: the instances of both paths are affected.
#[test]
fn two_paths_to_one_resource_keep_all_instances() {
    let deleted = Cloud::new()
        .kind("R", |r| {
            r.root("remove");
        })
        .kind("A", |a| {
            a.under("R", "remove", "r1>a1");
        })
        .kind("B", |b| {
            b.under("R", "remove", "r1>b1");
        })
        .kind("C", |c| {
            c.under("A", "remove", "a1>c1").under("B", "remove", "b1>c2");
        })
        .kind("D", |d| {
            d.under("C", "remove", "c1>d1 c2>d2");
        })
        .delete("R r1");
    assert!(deleted.report.is_complete());
    assert_eq!(deleted.calls[..2], ["D.remove d1 d2", "C.remove c1 c2"]);
    assert_eq!(sorted(&deleted.calls[2..4]), ["A.remove a1", "B.remove b1"]);
    assert_eq!(deleted.calls[4..], ["R.remove r1"]);
}

/// A and C depend on each other, and so do B and C: every instance that is found is removed before its parents.
#[test]
fn a_cycle_of_resources_is_followed_completely() {
    let deleted = Cloud::new()
        .kind("R", |r| {
            r.root("remove");
        })
        .kind("A", |a| {
            a.under("R", "remove", "r1>a1").under("C", "remove", "c1>a9 c2>a2");
        })
        .kind("B", |b| {
            b.under("R", "remove", "r1>b1").under("C", "remove", "c2>b9");
        })
        .kind("C", |c| {
            c.under("A", "remove", "a1>c1").under("B", "remove", "b1>c2");
        })
        .delete("R r1");
    assert!(deleted.report.is_complete());
    assert_eq!(deleted.report.summary().done, 8);
    for (child, parent) in
        [("a9", "c1"), ("a2", "c2"), ("b9", "c2"), ("c1", "a1"), ("c2", "b1"), ("a1", "r1"), ("b1", "r1")]
    {
        deleted.assert_before(child, parent);
    }
}

/// The edge from A to C has no instances: dependents of C are still removed before C.
#[test]
fn an_empty_path_does_not_start_another_path_early() {
    let deleted = Cloud::new()
        .kind("R", |r| {
            r.root("remove");
        })
        .kind("A", |a| {
            a.under("R", "remove", "r1>a1");
        })
        .kind("B", |b| {
            b.under("R", "remove", "r1>b1");
        })
        .kind("C", |c| {
            c.under("A", "remove", "").under("B", "remove", "b1>c1");
        })
        .kind("D", |d| {
            d.under("C", "remove", "c1>d1");
        })
        .delete("R r1");
    assert!(deleted.report.is_complete());
    deleted.assert_before("d1", "c1");
    deleted.assert_before("c1", "b1");
}

/// An L3 network of the account on another account's L2 network: its ranges and addresses are removed before it.
#[test]
fn instances_of_a_longer_path_are_removed_before_their_parents() {
    let deleted = Cloud::new()
        .kind("Account", |it| {
            it.root("remove");
        })
        .kind("L2", |it| {
            it.under("Account", "remove", "acc>l2-1");
        })
        .kind("L3", |it| {
            it.under("Account", "remove", "acc>l3-2").under("L2", "remove", "l2-1>l3-1");
        })
        .kind("IpRange", |it| {
            it.under("L3", "remove", "l3-1>range-1 l3-2>range-2");
        })
        .kind("Vip", |it| {
            it.under("L3", "remove", "l3-1>vip-1 l3-2>vip-2").under(
                "IpRange",
                "remove",
                "range-1>vip-1 range-2>vip-2",
            );
        })
        .delete("Account acc");
    assert!(deleted.report.is_complete());
    assert_eq!(
        deleted.calls,
        [
            "Vip.remove vip-1 vip-2",
            "IpRange.remove range-1 range-2",
            "L3.remove l3-1 l3-2",
            "L2.remove l2-1",
            "Account.remove acc"
        ]
    );
}

fn zone_and_storage(under_storage: &str) -> Deleted {
    Cloud::new()
        .kind("zone", |it| {
            it.root("remove");
        })
        .kind("cluster", |it| {
            it.under("zone", "remove", "z>c").under("primaryStorage", "remove", under_storage);
        })
        .kind("primaryStorage", |it| {
            it.under("zone", "remove", "z>p").under("cluster", "remove", "c>p");
        })
        .kind("host", |it| {
            it.under("cluster", "remove", "c>h");
        })
        .delete_with("zone z", Apply::allow_cuts)
}

/// Two resources that depend on each other: each instance is handled once, and the run ends.
#[test]
fn mutually_dependent_resources_are_handled_once() {
    let deleted = zone_and_storage("p>c");
    assert!(deleted.report.is_complete());
    assert_eq!(
        sorted(&deleted.calls),
        ["cluster.remove c", "host.remove h", "primaryStorage.remove p", "zone.remove z"]
    );
    deleted.assert_before("h", "c");
    assert_eq!(deleted.calls[3], "zone.remove z");
}

/// The branch from the storage back to the cluster finds no instance: the host is not handled again.
#[test]
fn an_empty_branch_is_pruned() {
    let deleted = zone_and_storage("");
    assert_eq!(deleted.calls.len(), 4, "{:?}", deleted.calls);
    deleted.assert_before("h", "c");
    deleted.assert_before("p", "c");
}

/// Five children of one parent are removed before it.
#[test]
fn siblings_are_removed_before_their_parent() {
    let names = ["cluster", "host", "l2Network", "l3Network", "primaryStorage"];
    let cloud = names.iter().fold(Cloud::new(), |cloud, name| {
        cloud.kind(name, |it| {
            it.under("zone", "remove", &format!("z>{name}-1"));
        })
    });
    let deleted = cloud
        .kind("zone", |it| {
            it.root("remove");
        })
        .delete("zone z");
    assert_eq!(
        sorted(&deleted.calls[..5]),
        [
            "cluster.remove cluster-1",
            "host.remove host-1",
            "l2Network.remove l2Network-1",
            "l3Network.remove l3Network-1",
            "primaryStorage.remove primaryStorage-1"
        ]
    );
    assert_eq!(deleted.calls[5], "zone.remove z");
}

/// An add-on of Host adds the parent Zone. It runs beside the owner, whose edges stay.
#[test]
fn an_addon_adds_an_edge_and_an_effect() {
    let deleted = Cloud::new()
        .kind("zone", |it| {
            it.root("remove");
        })
        .kind("cluster", |it| {
            it.under("zone", "remove", "z>c");
        })
        .kind("host", |it| {
            it.under("cluster", "remove", "c>h");
        })
        .kind("vm", |it| {
            it.under("host", "stop", "h>v");
        })
        .addon("host", |it| {
            it.under("zone", "tell", "z>h");
        })
        .delete("zone z");
    assert!(deleted.report.is_complete());
    assert_eq!(
        deleted.calls,
        ["vm.stop v", "host.remove h", "host.tell h", "cluster.remove c", "zone.remove z"]
    );
}
