//! Instances with several owners.

use cascade_core::{Apply, Delete, FailurePolicy, Rule, place};

use crate::support::{Cloud, Kind, descriptor};

/// An edge whose child is removed with its last owner.
fn share(kind: &mut Kind, parent: &str, owners: &str) {
    kind.edge_naming_all(parent, owners);
    kind.declared().rule(Rule::shared::<Delete>(place!()).from(descriptor(parent)));
}

fn shared_cloud(roots: &str, set: impl FnOnce(Apply) -> Apply) -> Vec<String> {
    Cloud::new()
        .kind("Owner", |it| {
            it.root("remove");
        })
        .kind("Thing", |it| share(it, "Owner", "o1>t o2>t"))
        .failing(&["Owner.remove o2"])
        .delete_with(roots, set)
        .verdicts()
}

/// One of two owners remains: their shared child remains too, and is not done.
#[test]
fn a_shared_instance_is_done_with_its_last_owner() {
    let isolated = shared_cloud("Owner o1 o2", |apply| apply.policy(FailurePolicy::Isolate));
    assert_eq!(
        isolated,
        ["Owner o1 done", "Owner o2 failed: remove: simulated failure", "Thing t blocked by Owner o2"]
    );
    assert_eq!(shared_cloud("Owner o1", |apply| apply), ["Owner o1 done"]);
}

/// An instance that stays names itself as an owner: the plan has no cycle.
#[test]
fn a_retained_owner_closes_no_cycle() {
    let plan = Cloud::new()
        .kind("Folder", |it| {
            it.root("remove");
            share(it, "Folder", "root>a a>a");
        })
        .plan("Folder root");
    let summary = plan.summary().unwrap();
    assert_eq!((summary.instances, summary.resources["Folder"].retained, summary.cut), (1, 1, Vec::new()));
}

/// b is only stopped, so its child a would stay with it. But a is removed as the root. It waits for its owner b, which
/// depends on it through l: b stops first.
#[test]
fn an_owner_found_later_is_part_of_the_order() {
    let cloud = || {
        Cloud::new()
            .kind("Folder", |it| {
                it.root("remove");
                share(it, "Folder", "a>a2 b>a2 a>a b>a");
                it.leaf("Link", "stop", "l>b");
            })
            .kind("Link", |it| {
                it.under("Folder", "remove", "a>l");
            })
    };
    assert_eq!(cloud().plan("Folder a").summary().unwrap().cut, []);
    let deleted = cloud().delete("Folder a");
    assert_eq!(deleted.calls, ["Folder.stop b", "Link.remove l", "Folder.remove a"]);
}

/// An instance that is in the way stays and blocks no other: the failed mark of one owner does not affect the other.
#[test]
fn an_instance_in_the_way_blocks_no_other() {
    let deleted = Cloud::new()
        .kind("Host", |it| {
            it.root("remove").begin("mark");
        })
        .kind("Lock", |it| {
            it.edge("Host", "h1>l h2>l");
            it.declared().rule(Rule::restrict::<Delete>(place!()).from(descriptor("Host")));
        })
        .failing(&["Host.mark h1"])
        .delete_with("Host h1 h2", |apply| apply.forced(true).policy(FailurePolicy::Isolate));
    assert_eq!(deleted.verdicts(), ["Host h1 failed: mark: simulated failure", "Host h2 done"]);
}
