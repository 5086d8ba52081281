//! Summaries, digests and vetoes of plans.

use cascade_core::{Delete, Plan, Rule, place};

use crate::support::{Cloud, descriptor};

/// A host whose owner and whose add-on both have an effect `remove`.
fn same_name(owner_finds: &str, addon_finds: &str) -> Plan {
    Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Rack", |it| {
            it.under("Zone", "remove", "z>r");
        })
        .kind("Host", |it| {
            it.under("Zone", "remove", owner_finds);
        })
        .addon("Host", |it| {
            it.under("Rack", "remove", addon_finds);
        })
        .plan("Zone z")
}

#[test]
fn effects_with_one_name_are_counted_together() {
    let check = |owner_finds: &str, addon_finds: &str, instances: usize, removed: usize| {
        let summary = same_name(owner_finds, addon_finds).summary().unwrap();
        let host = &summary.resources["Host"];
        assert_eq!((host.instances, host.effects["remove"]), (instances, removed));
    };
    check("z>h1", "r>h2", 2, 2);
    check("z>h1", "r>h1", 1, 1);
    check("z>h1 z>h2", "r>h1 r>h3", 3, 3);
}

#[test]
fn the_digest_distinguishes_effects_with_one_name() {
    let digest = |owner_finds, addon_finds| same_name(owner_finds, addon_finds).digest().unwrap();
    assert_ne!(digest("z>h1", ""), digest("", "r>h1"));
    assert_eq!(digest("z>h1", "r>h2"), digest("z>h1", "r>h2"));
}

/// A network under the zone whose rule restricts while VMs depend on it: VMs that are removed, and VMs that are only
/// stopped.
#[test]
fn a_stopped_dependent_blocks_a_restricted_parent() {
    let vetoes = |machines: fn(&mut crate::support::Kind)| {
        let plan = Cloud::new()
            .kind("Zone", |it| {
                it.root("remove");
            })
            .kind("Network", |it| {
                it.under("Zone", "remove", "z>n");
            })
            .kind("Vm", |it| {
                machines(it.edge("Network", "n>vm"));
                it.declared().rule(Rule::restrict::<Delete>(place!()).from(descriptor("Network")));
            })
            .plan("Zone z");
        plan.vetoes().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let in_the_way = [
        "Vm vm: it depends on Network n, and the plan does not remove it (VmCascade, restrict from Network)",
    ];
    let none: [&str; 0] = [];
    assert_eq!(
        vetoes(|vm| {
            vm.under("Zone", "remove", "z>vm");
        }),
        none
    );
    assert_eq!(
        vetoes(|vm| {
            vm.leaf("Zone", "stop", "z>vm");
        }),
        in_the_way
    );
    assert_eq!(
        vetoes(|vm| {
            vm.leaf("Zone", "stop", "");
        }),
        in_the_way
    );
}

/// Each of 64 references to the instance has an effect of its own, as in a graph that is generated from a schema.
#[test]
fn a_resource_can_have_sixty_four_effects() {
    let names: Vec<String> = (0..63).map(|at| format!("clear_{at:02}")).collect();
    let cloud = names.iter().fold(Cloud::new(), |cloud, name| {
        cloud.kind(&format!("P_{name}"), |it| {
            it.under("Zone", "remove", &format!("z>{name}"));
        })
    });
    let deleted = cloud
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Row", |it| {
            for name in &names {
                it.leaf(&format!("P_{name}"), name, &format!("{name}>row"));
            }
            it.under("Zone", "remove", "z>row");
        })
        .delete("Zone z");
    let of_row: Vec<&String> = deleted.calls.iter().filter(|call| call.starts_with("Row.")).collect();
    let mut expected: Vec<String> = names.iter().map(|name| format!("Row.{name} row")).collect();
    expected.push(String::from("Row.remove row"));
    assert!(of_row.into_iter().eq(&expected), "{:?}", deleted.calls);
    assert!(deleted.report.is_complete());
}
