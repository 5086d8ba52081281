//! Where two readers of the documents would expect different things: one test for each decision.

use cascade_core::{Delete, FailurePolicy, Rule, place};

use crate::support::{Cloud, Deleted, Kind, descriptor};

fn isolated(cloud: Cloud, roots: &str) -> Deleted {
    cloud.delete_with(roots, |apply| apply.policy(FailurePolicy::Isolate))
}

fn with_parent(kind: &mut Kind, parent: &str, pairs: &str) {
    kind.edge(parent, pairs);
    kind.declared().rule(Rule::with_parent::<Delete>(place!()).from(descriptor(parent)));
}

/// x and y are removed with each other, and x with the zone. One chain from a done parent is enough.
#[test]
fn with_parent_instances_of_a_cycle_are_done_with_the_parent_outside() {
    let cloud = || {
        Cloud::new()
            .kind("Zone", |it| {
                it.root("remove");
            })
            .kind("Part", |it| {
                with_parent(it, "Zone", "z>x");
                with_parent(it, "Part", "x>y y>x");
            })
    };
    let deleted = cloud().delete_with("Zone z", cascade_core::Apply::allow_cuts);
    assert_eq!(deleted.verdicts(), ["Part x done", "Part y done", "Zone z done"]);
    let failed = cloud()
        .failing(&["Zone.remove z"])
        .delete_with("Zone z", |apply| apply.allow_cuts().policy(FailurePolicy::Isolate));
    assert_eq!(
        failed.verdicts(),
        ["Part x blocked by Zone z", "Part y blocked by Zone z", "Zone z failed: remove: simulated failure"]
    );
}

/// a and b own each other. Neither loses its last owner, so both stay. The same holds for an instance that owns itself.
#[test]
fn shared_instances_that_own_each_other_stay() {
    for pairs in ["r>a a>b b>a", "r>a a>a"] {
        let plan = Cloud::new()
            .kind("Folder", |it| {
                it.root("remove").edge_naming_all("Folder", pairs);
                it.declared().rule(Rule::shared::<Delete>(place!()).from(descriptor("Folder")));
            })
            .plan("Folder r");
        assert_eq!((plan.len(), plan.summary().unwrap().resources["Folder"].retained), (1, 1), "{pairs}");
    }
}

/// An owner that no finder was asked about is not removed, so the child stays.
#[test]
fn a_shared_child_stays_for_an_owner_outside_the_plan() {
    let plan = Cloud::new()
        .kind("Folder", |it| {
            it.root("remove");
        })
        .kind("File", |it| {
            it.edge_naming_all("Folder", "a>f other>f");
            it.declared().rule(Rule::shared::<Delete>(place!()).from(descriptor("Folder")));
        })
        .plan("Folder a");
    let files = &plan.summary().unwrap().resources["File"];
    assert_eq!((files.instances, files.retained), (0, 1));
}

/// A failed begin blocks its instance, everything below it, which was not begun, and everything above it, which waits for
/// it. The other branch goes on.
#[test]
fn a_failed_begin_blocks_what_is_below_and_above() {
    let deleted = isolated(
        Cloud::new()
            .kind("Zone", |it| {
                it.root("remove").begin("mark");
            })
            .kind("Host", |it| {
                it.under("Zone", "remove", "z>h1 z>h2").begin("mark");
            })
            .kind("Vm", |it| {
                it.under("Host", "remove", "h1>v1 h2>v2").begin("mark");
            })
            .failing(&["Host.mark h1"]),
        "Zone z",
    );
    assert_eq!(
        deleted.verdicts(),
        [
            "Host h1 failed: mark: simulated failure",
            "Host h2 done",
            "Vm v1 blocked by Host h1",
            "Vm v2 done",
            "Zone z blocked by Host h1"
        ]
    );
}

/// `after` is an order of whole resources: one failed credential holds back every machine.
#[test]
fn a_failed_instance_blocks_every_instance_of_a_resource_after_it() {
    let deleted = isolated(
        Cloud::new()
            .kind("Zone", |it| {
                it.root("remove");
            })
            .kind("Machine", |it| {
                it.under("Zone", "remove", "z>m1 z>m2");
            })
            .kind("Credential", |it| {
                it.under("Zone", "remove", "z>c1 z>c2");
                it.declared().after(descriptor("Machine"), place!());
            })
            .failing(&["Machine.remove m1"]),
        "Zone z",
    );
    assert_eq!(
        deleted.verdicts(),
        [
            "Credential c1 blocked by Machine m1",
            "Credential c2 blocked by Machine m1",
            "Machine m1 failed: remove: simulated failure",
            "Machine m2 done",
            "Zone z blocked by Machine m1"
        ]
    );
}

/// a supersedes b, and b supersedes c. Only what a rule gave an instance can supersede there.
#[test]
fn supersedes_is_not_transitive() {
    let effects = |given: [&str; 3]| {
        let cloud = given.iter().enumerate().fold(Cloud::new(), |cloud, (at, _)| {
            cloud.kind(&format!("P{at}"), |it| {
                it.under("Zone", "remove", &format!("z>p{at}"));
            })
        });
        let plan = cloud
            .kind("Zone", |it| {
                it.root("remove");
            })
            .kind("Vm", |it| {
                for effect in ["a", "b", "c"] {
                    it.effect(effect);
                }
                it.declared().supersedes("a", ["b"]);
                it.declared().supersedes("b", ["c"]);
                for (at, effect) in given.iter().enumerate().filter(|(_, effect)| !effect.is_empty()) {
                    it.under_declared(&format!("P{at}"), effect, &format!("p{at}>v"));
                }
            })
            .plan("Zone z");
        plan.effects_named("Vm", "v").unwrap().unwrap().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(effects(["a", "", "c"]), ["a", "c"]);
    assert_eq!(effects(["a", "b", "c"]), ["a"]);
}

/// SQL's RESTRICT refuses while a row refers to the parent, whatever else the statement removes. Here, a dependent that the
/// plan removes on another path refuses nothing, and goes first.
#[test]
fn restrict_does_not_refuse_a_dependent_that_the_plan_removes() {
    let cloud = |invoices: &str| {
        Cloud::new()
            .kind("Account", |it| {
                it.root("remove");
            })
            .kind("Order", |it| {
                it.under("Account", "remove", "a>o");
            })
            .kind("Invoice", |it| {
                it.under("Account", "remove", invoices).edge("Order", "o>i");
                it.declared().rule(Rule::restrict::<Delete>(place!()).from(descriptor("Order")));
            })
    };
    let vetoes = cloud("").plan("Account a").vetoes().len();
    assert_eq!(vetoes, 1);
    let deleted = cloud("a>i").delete("Account a");
    assert_eq!(deleted.calls, ["Invoice.remove i", "Order.remove o", "Account.remove a"]);
}
