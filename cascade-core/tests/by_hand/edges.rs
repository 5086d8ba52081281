//! An edge that is declared with its finders and rules is the same as one that separate calls declare.

use cascade_core::{DeclaredEdge, Delete, Found, Rule};

use crate::declared::{Suspend, add_finder, at, build, resource, root, zones};

type Policy = fn(&mut DeclaredEdge<'_, (), u64>);

fn found() -> cascade_core::HandlerFuture<'static, Found<u64, u64>> {
    Box::pin(async { Ok(Found::Children(Vec::new())) })
}

#[test]
fn an_edge_with_its_finder_and_rule_equals_separate_calls() {
    let mut together = root("Host", 20);
    together
        .edge_with(resource("Zone"), at(30))
        .finder("in_zones", |(), _: &[u64], _| found())
        .finder_for::<Suspend, u64, _>("suspended", |(), _: &[u64], _| found())
        .on::<Delete>("remove")
        .rule(Rule::effect::<Suspend>("remove", at(30)).leaf());
    let mut apart = root("Host", 20);
    apart.edge(resource("Zone"), at(30));
    add_finder(&mut apart, "in_zones", "Zone", None, 30);
    add_finder(&mut apart, "suspended", "Zone", Some(<Suspend as cascade_core::Operation>::DESCRIPTOR), 30);
    apart.rule(Rule::effect::<Delete>("remove", at(30)).from(resource("Zone")));
    apart.rule(Rule::effect::<Suspend>("remove", at(30)).leaf().from(resource("Zone")));
    assert_eq!(format!("{:?}", together.descriptor()), format!("{:?}", apart.descriptor()));
    assert!(build([zones(), together]).is_ok());
}

#[test]
fn each_policy_of_an_edge_equals_the_rule() {
    let policies: [(Policy, fn() -> Rule); 5] = [
        (
            |it| {
                it.ignore::<Delete>();
            },
            || Rule::ignore::<Delete>(at(30)),
        ),
        (
            |it| {
                it.retain::<Delete>();
            },
            || Rule::retain::<Delete>(at(30)),
        ),
        (
            |it| {
                it.restrict::<Delete>();
            },
            || Rule::restrict::<Delete>(at(30)),
        ),
        (
            |it| {
                it.with_parent::<Delete>();
            },
            || Rule::with_parent::<Delete>(at(30)),
        ),
        (
            |it| {
                it.shared::<Delete>();
            },
            || Rule::shared::<Delete>(at(30)),
        ),
    ];
    for (together, rule) in policies {
        let (mut left, mut right) = (root("Host", 20), root("Host", 20));
        together(&mut left.edge_with(resource("Zone"), at(30)));
        right.edge(resource("Zone"), at(30)).rule(rule().from(resource("Zone")));
        assert_eq!(format!("{:?}", left.descriptor()), format!("{:?}", right.descriptor()));
    }
}

#[test]
fn a_misspelt_parent_of_an_edge_with_its_finder_is_one_fault() {
    let mut hosts = root("Host", 20);
    hosts
        .edge_with(resource("Zoen"), at(30))
        .finder("in_zones", |(), _: &[u64], _| found())
        .on::<Delete>("remove");
    let error = build([zones(), hosts]).unwrap_err();
    let [fault] = error.faults() else { panic!("{error}") };
    assert_eq!((fault.places(), fault.help()), ([at(30)].as_slice(), "did you mean `Zone`?"));
}

#[test]
fn a_rule_of_an_edge_that_names_the_parent_again_is_a_fault() {
    let mut hosts = root("Host", 20);
    hosts
        .edge_with(resource("Zone"), at(30))
        .finder("in_zones", |(), _: &[u64], _| found())
        .rule(Rule::effect::<Delete>("remove", at(31)).from(resource("Zone")));
    let error = build([zones(), hosts]).unwrap_err();
    let [fault] = error.faults() else { panic!("{error}") };
    assert_eq!((fault.places(), fault.help()), ([at(31)].as_slice(), "remove one `.from(Zone)`"));
}
