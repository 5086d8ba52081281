//! What hangs off several owners at once.

use cascade_core::{Apply, Delete, FailurePolicy, Rule, place};

use crate::support::{Cloud, Kind, descriptor};

/// An edge of which the child goes with its last owner.
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

/// One owner is gone and the other is not: the thing that both share is still there, and not done.
#[test]
fn what_is_shared_is_done_with_the_last_owner_and_not_with_the_first() {
    let isolated = shared_cloud("Owner o1 o2", |apply| apply.policy(FailurePolicy::Isolate));
    assert_eq!(
        isolated,
        ["Owner o1 done", "Owner o2 failed: remove: told to fail", "Thing t blocked by Owner o2"]
    );
    assert_eq!(shared_cloud("Owner o1", |apply| apply), ["Owner o1 done"]);
}

/// A thing that stays names itself as an owner: that is no cycle of the plan.
#[test]
fn owners_that_stay_close_no_cycle() {
    let plan = Cloud::new()
        .kind("Folder", |it| {
            it.root("remove");
            share(it, "Folder", "root>a a>a");
        })
        .plan("Folder root");
    let summary = plan.summary().unwrap();
    assert_eq!((summary.instances, summary.resources["Folder"].retained, summary.cut), (1, 1, Vec::new()));
}

/// b is stopped only, so a, which it owns too, stays with it; but a goes as the root, and it goes before b stops, or the
/// cycle that this closes is listed.
#[test]
fn an_owner_that_is_found_later_is_ordered_too() {
    let plan = Cloud::new()
        .kind("Folder", |it| {
            it.root("remove");
            share(it, "Folder", "a>a2 b>a2 a>a b>a");
            it.leaf("Link", "stop", "l>b");
        })
        .kind("Link", |it| {
            it.under("Folder", "remove", "a>l");
        })
        .plan("Folder a");
    let cut: Vec<_> =
        plan.summary().unwrap().cut.into_iter().map(|cut| (cut.parent.1, cut.child.1)).collect();
    assert_eq!(
        cut,
        [(String::from("a"), String::from("a")), (String::from("b"), String::from("a"))],
        "{plan}"
    );
}

/// What is in the way stays where it is, and holds up nobody: that the mark on one owner failed is nothing to the other.
#[test]
fn nothing_is_blocked_through_what_is_only_in_the_way() {
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
    assert_eq!(deleted.verdicts(), ["Host h1 failed: mark: told to fail", "Host h2 done"]);
}
