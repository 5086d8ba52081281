//! The order of calls does not matter.

use cascade_core::{Decision, Delete, ExtensionDescriptor, Graph, Phase, Rule, StepSettings};

use crate::declared::{Declared, add_cleanup, add_effect, add_finder, at, resource, zones};

type Call = fn(&mut Declared);

/// One call for each method of the builder, with references to what other calls declare. The effects and methods of a phase
/// have one call each, because they run in the order of their calls.
const CALLS: [Call; 7] = [
    |it| add_effect(it, "remove", 30),
    |it| add_cleanup(it, "purge", 31),
    |it| {
        it.edge(resource("Zone"), at(32)).docs("Hosts.").settings(StepSettings::default().batch(7));
        add_finder(it, "in_zones", "Zone", None, 33);
    },
    |it| {
        it.rule(Rule::effect::<Delete>("remove", at(34)).from(resource("Zone")));
    },
    |it| {
        it.effect_docs("remove", "Removes hosts.");
    },
    |it| {
        it.supersedes("remove", ["stop"]);
    },
    |it| {
        it.only::<Delete>(Phase::Cleanup, "purge", ["remove"]);
    },
];

fn declared(calls: &[Call]) -> ExtensionDescriptor {
    let mut hosts = Declared::new("Hosts", resource("Host"), at(20));
    for call in calls {
        call(&mut hosts);
    }
    add_effect(&mut hosts, "stop", 35);
    hosts.descriptor().clone()
}

/// Calls `visit` with every order of `items`.
fn permutations<T: Clone>(items: &mut Vec<T>, from: usize, visit: &mut impl FnMut(&[T])) {
    if from == items.len() {
        return visit(items);
    }
    for at in from..items.len() {
        items.swap(from, at);
        permutations(items, from + 1, visit);
        items.swap(from, at);
    }
}

#[test]
fn every_order_of_calls_gives_the_same_descriptor() {
    let expected = declared(&CALLS);
    assert_eq!(expected.effects[0].docs, "Removes hosts.");
    assert_eq!(expected.effects[0].supersedes, ["stop"]);
    assert_eq!(expected.cleanups[0].only, ["remove"]);
    let graph = |hosts| Graph::build([zones().descriptor().clone(), hosts]).unwrap();
    let version = graph(expected.clone()).version();
    let mut orders = 0;
    permutations(&mut CALLS.to_vec(), 0, &mut |calls| {
        orders += 1;
        let hosts = declared(calls);
        assert_eq!(format!("{hosts:?}"), format!("{expected:?}"));
        assert_eq!(graph(hosts).version(), version);
    });
    assert_eq!(orders, 5040);
}

#[test]
fn a_reference_may_come_before_and_after_what_it_names() {
    let build = |calls: &[Call]| {
        let mut hosts = Declared::new("Hosts", resource("Host"), at(20));
        for call in calls {
            call(&mut hosts);
        }
        hosts.rule(Rule::effect::<Delete>("remove", at(34)));
        Graph::build([hosts.descriptor().clone()]).map(|graph| graph.version())
    };
    let effect: Call = |it| add_effect(it, "remove", 30);
    let method: Call = |it| add_cleanup(it, "purge", 31);
    let only: Call = |it| {
        it.only::<Delete>(Phase::Cleanup, "purge", ["remove"]);
    };
    let after = build(&[effect, method, only]).unwrap();
    assert_eq!(build(&[only, method, effect]).unwrap(), after);
    assert_ne!(build(&[effect, method]).unwrap(), after, "`only` is part of the version");
}

#[test]
fn every_order_of_calls_gives_the_same_rule() {
    let zone = resource("Zone");
    let calls: [fn(Rule) -> Rule; 3] =
        [|rule| rule.from(resource("Zone")), |rule| rule.root(resource("Zone")), Rule::with_last_owner];
    let mut rules = Vec::new();
    permutations(&mut calls.to_vec(), 0, &mut |calls| {
        let rule = Rule::effect::<Delete>("remove", at(30));
        rules.push(format!("{:?}", calls.iter().fold(rule, |rule, call| call(rule))));
    });
    assert_eq!(rules.len(), 6);
    rules.dedup();
    assert_eq!(rules.len(), 1);
    assert!(
        rules[0].contains(&format!("{:?}", Decision::Shared { effect: Some("remove".into()) })),
        "{rules:?}"
    );
    assert!(rules[0].contains(&format!("{zone:?}")), "{rules:?}");
}

#[test]
fn a_leaf_with_the_last_owner_is_a_fault_in_both_orders() {
    let orders: [fn(Rule) -> Rule; 2] =
        [|rule| rule.leaf().with_last_owner(), |rule| rule.with_last_owner().leaf()];
    let faults = orders.map(|contradict| {
        let mut hosts = crate::declared::hosts();
        let rule = Rule::effect::<Delete>("remove", at(30)).from(resource("Zone")).root(resource("Host"));
        hosts.rule(contradict(rule));
        crate::declared::build([zones(), hosts]).unwrap_err().to_string()
    });
    assert_eq!(faults[0], faults[1]);
    assert!(faults[0].starts_with("the resource graph has 1 fault\nerror[C020]"), "{}", faults[0]);
}
