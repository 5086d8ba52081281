//! Every kind of fault of a graph, with its complete message.

use std::collections::BTreeSet;

use cascade_core::{
    BuildError, Cascade, CascadeBuilder, Declaration, Delete, FaultKind, Found, HandlerFuture, Operation,
    OperationDescriptor, Outcome, Phase, Place, ResourceDescriptor, Rule, StepSettings,
};
use serde::{Deserialize, Serialize};

type Declared = Declaration<(), String>;

const fn at(line: u32) -> Place {
    Place::new("cloud", "cloud.rs", line)
}

fn resource(name: &str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<String>(name, at(1))
}

/// An extension that removes the resource as the root.
fn extension(name: &str, line: u32) -> Declared {
    let mut declared = Declaration::new(format!("{name}Cascade"), resource(name), at(line));
    add_effect(&mut declared, "remove", line);
    declared.rule(Rule::effect::<Delete>("remove", at(line)));
    declared
}

fn add_effect(declared: &mut Declared, effect: &'static str, line: u32) {
    declared.effect(effect, at(line), |(), _: &[String], _| Box::pin(async { Ok(Outcome::done()) }));
}

fn add_finder(declared: &mut Declared, method: &'static str, parent: &str, line: u32) {
    declared.finder(method, resource(parent), None, at(line), |(), _: &[String], _| {
        Box::pin(async { Ok(Found::Children(Vec::new())) })
    });
}

/// An edge with its finder and its rule.
fn add_edge(declared: &mut Declared, parent: &str, line: u32) {
    declared.edge(resource(parent), at(line));
    add_finder(declared, "find", parent, line);
    declared.rule(Rule::effect::<Delete>("remove", at(line)).from(resource(parent)));
}

fn zone() -> Declared {
    extension("Zone", 10)
}

fn host_under_zone() -> Declared {
    let mut host = extension("Host", 20);
    add_edge(&mut host, "Zone", 21);
    host
}

fn build(declared: impl IntoIterator<Item = Declared>) -> Result<Cascade, BuildError> {
    let declare = |builder: CascadeBuilder, declared| builder.declare((), declared);
    declared.into_iter().fold(Cascade::builder(), declare).build()
}

fn fault(declared: impl IntoIterator<Item = Declared>) -> BuildError {
    build(declared).unwrap_err()
}

/// An operation with the code of `Delete`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Remove;

impl Operation for Remove {
    const CODE: &'static str = "delete";
    const DESCRIPTOR: OperationDescriptor =
        OperationDescriptor::of::<Self>("Remove", Self::CODE, Vec::new, at(99));
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Suspend;

impl Operation for Suspend {
    const CODE: &'static str = "suspend";
    const DESCRIPTOR: OperationDescriptor =
        OperationDescriptor::of::<Self>("Suspend", Self::CODE, Vec::new, at(98));
}

/// Faults of effects that supersede others.
fn superseding(add: &mut impl FnMut(&'static str, BuildError)) {
    let mut no_other = extension("Host", 20);
    no_other.supersedes("remove", ["stop"]);
    add("supersedes_nothing", fault([no_other]));
    let mut circle = extension("Host", 20);
    add_effect(&mut circle, "stop", 26);
    circle.supersedes("remove", ["stop"]).supersedes("stop", ["remove"]);
    add("supersedes_in_a_circle", fault([circle]));
    for chain in [false, true] {
        let mut kept = host_under_zone();
        add_effect(&mut kept, "stop", 26);
        add_effect(&mut kept, "drain", 27);
        kept.supersedes("stop", [if chain { "drain" } else { "remove" }]).supersedes("drain", ["remove"]);
        kept.edge(resource("Rack"), at(28));
        add_finder(&mut kept, "in_racks", "Rack", 28);
        kept.rule(Rule::effect::<Delete>("stop", at(29)).leaf().from(resource("Rack")));
        let name = if chain { "leaf_supersedes_through_others" } else { "leaf_supersedes" };
        add(name, fault([zone(), extension("Rack", 12), kept]));
    }
}

/// Faults that only declarations by hand can have.
fn by_hand(add: &mut impl FnMut(&'static str, BuildError)) {
    let mut contradicting = host_under_zone();
    let both = Rule::effect::<Delete>("remove", at(30)).leaf().with_last_owner();
    contradicting.rule(both.from(resource("Zone")).root(resource("Host")));
    add("contradicting_calls", fault([zone(), contradicting]));
    let mut same_name = extension("Host", 20);
    add_effect(&mut same_name, "remove", 31);
    add("effect_twice", fault([same_name]));
}

/// Every kind of fault, by name, each in a graph of its own.
fn all() -> Vec<(&'static str, BuildError)> {
    let mut faults: Vec<(&'static str, BuildError)> = Vec::new();
    let mut add = |name, error| faults.push((name, error));

    let mut other_ids = host_under_zone();
    other_ids.rule(Rule::ignore::<Suspend>(at(30)).from(ResourceDescriptor::runtime::<u64>("Zone", at(31))));
    add("resource_name_twice", fault([zone(), other_ids]));
    add("resource_claimed_twice", fault([zone(), extension("Zone", 11)]));
    let mut alone = extension("Zone", 10);
    alone.addon();
    add("addon_alone", fault([alone]));
    add("unknown_resource", fault([host_under_zone()]));

    let mut edge_twice = host_under_zone();
    edge_twice.edge(resource("Zone"), at(22));
    add("edge_twice", fault([zone(), edge_twice]));
    let mut addon = Declared::new("HostAddon", resource("Host"), at(40));
    addon.addon();
    add_effect(&mut addon, "remove", 40);
    add_edge(&mut addon, "Zone", 41);
    add("edge_claimed_twice", fault([zone(), host_under_zone(), addon]));

    let mut no_finder = extension("Host", 20);
    no_finder.edge(resource("Zone"), at(21));
    no_finder.rule(Rule::effect::<Delete>("remove", at(22)).from(resource("Zone")));
    add("no_finder", fault([zone(), no_finder]));
    let mut no_edge = extension("Host", 20);
    add_finder(&mut no_edge, "find", "Zone", 23);
    add("finder_without_edge", fault([zone(), no_edge]));
    let mut two_finders = host_under_zone();
    add_finder(&mut two_finders, "find_again", "Zone", 23);
    add("two_finders", fault([zone(), two_finders]));
    let mut wrong_ids = extension("Host", 20);
    wrong_ids.edge(resource("Zone"), at(21));
    wrong_ids.rule(Rule::effect::<Delete>("remove", at(22)).from(resource("Zone")));
    wrong_ids.finder(
        "find",
        resource("Zone"),
        None,
        at(23),
        |(), _: &[u64], _| -> HandlerFuture<'_, Found<u64, String>> {
            Box::pin(async { Ok(Found::Children(Vec::new())) })
        },
    );
    add("finder_of_other_ids", fault([zone(), wrong_ids]));

    let mut no_such_edge = extension("Host", 20);
    no_such_edge.rule(Rule::effect::<Delete>("remove", at(24)).from(resource("Zone")));
    add("rule_without_edge", fault([zone(), no_such_edge]));
    let mut no_effect = extension("Host", 20);
    no_effect.rule(Rule::effect::<Suspend>("suspend", at(24)));
    add("rule_without_effect", fault([no_effect]));
    let mut no_from = extension("Host", 20);
    no_from.rule(Rule::retain::<Suspend>(at(24)));
    add("policy_without_edge", fault([no_from]));
    let mut root_alone = extension("Host", 20);
    root_alone.rule(Rule::effect::<Suspend>("remove", at(24)).root(resource("Zone")));
    add("rule_for_a_root_without_edge", fault([zone(), root_alone]));
    let mut twice = extension("Host", 20);
    twice.rule(Rule::effect::<Delete>("remove", at(24)));
    add("rule_twice", fault([twice]));

    let mut undecided = host_under_zone();
    undecided.rule(Rule::effect::<Suspend>("remove", at(25)));
    add("undecided", fault([zone(), undecided]));
    superseding(&mut add);

    let mut zeros = extension("Host", 20);
    let none = Some(std::time::Duration::ZERO);
    zeros.settings(StepSettings::default().batch(0).concurrency(0).timeout(none));
    add("settings", fault([zeros]));
    let mut many = extension("Host", 20);
    let names: Vec<&'static str> = (0..64).map(|at| &*format!("effect_{at}").leak()).collect();
    for name in names.iter().take(64) {
        add_effect(&mut many, name, 27);
    }
    add("too_many_effects", fault([many]));

    let mut clash = extension("Host", 20);
    clash.rule(Rule::effect::<Remove>("remove", at(28)));
    add("operation_code_twice", fault([zone(), clash]));
    let mut phase = extension("Host", 20);
    phase.begin::<Suspend, _>("mark", at(29), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    phase.cleanup::<Delete, _>("purge", at(29), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    phase.only::<Delete>(Phase::Cleanup, "purge", ["stop"]);
    add("phase", fault([phase]));
    by_hand(&mut add);
    let mut after = zone();
    after.after(resource("Host"), at(12));
    let mut before = host_under_zone();
    before.after(resource("Zone"), at(22));
    add("after", fault([after, before]));
    let mut after_another_zone = extension("Host", 20);
    after_another_zone.after(ResourceDescriptor::runtime::<u64>("Zone", at(2)), at(22));
    add("after_another_of_that_name", fault([zone(), after_another_zone]));
    let mut shared = extension("Disk", 30);
    for (parent, line) in [("Zone", 31), ("Host", 32)] {
        shared.edge(resource(parent), at(line));
        add_finder(&mut shared, if line == 31 { "in_zones" } else { "on_hosts" }, parent, line);
        shared.rule(Rule::shared::<Delete>(at(line)).from(resource(parent)));
    }
    add("shared_twice", fault([zone(), host_under_zone(), shared]));
    faults
}

#[test]
fn every_fault_has_a_place_and_help() {
    for (name, error) in all() {
        insta::assert_snapshot!(name, error.to_string());
    }
}

/// `NotProvided`, `Empty` and `ProvidedTwice` need the linker or values of the program; other tests cover them.
#[test]
fn every_kind_of_fault_is_covered() {
    let seen: BTreeSet<FaultKind> =
        all().iter().flat_map(|(_, error)| error.faults()).map(cascade_core::Fault::kind).collect();
    let codes: Vec<String> = seen.into_iter().map(FaultKind::code).collect();
    let expected: Vec<String> =
        (1..=21).filter(|code| ![14, 16, 19].contains(code)).map(|code| format!("C{code:03}")).collect();
    assert_eq!(codes, expected);
}

/// An owner and an add-on that together exceed the maximum number of effects.
#[test]
fn effects_of_all_extensions_of_a_resource_are_counted_together() {
    let names: Vec<&'static str> = (0..40).map(|at| &*format!("effect_{at}").leak()).collect();
    let mut owner = extension("Host", 20);
    for name in &names {
        add_effect(&mut owner, name, 27);
    }
    let mut addon = Declared::new("HostAddon", resource("Host"), at(40));
    addon.addon();
    for name in &names {
        add_effect(&mut addon, name, 41);
    }
    let error = fault([owner, addon]);
    assert_eq!(error.faults()[0].kind(), FaultKind::TooManyEffects);
    insta::assert_snapshot!(error);
}

#[test]
fn all_faults_are_reported_in_any_order_of_extensions() {
    let several = || {
        let mut host = extension("Host", 20);
        host.edge(resource("Zone"), at(21)).edge(resource("Zone"), at(22)).edge(resource("Rack"), at(23));
        host.settings(StepSettings::default().batch(0));
        let mut addon = Declared::new("DiskAddon", resource("Disk"), at(40));
        addon.addon();
        vec![host, zone(), extension("Zone", 11), addon]
    };
    let expected = fault(several()).to_string();
    for first in 0..4 {
        for second in 0..4 {
            let mut shuffled = several();
            shuffled.swap(0, first);
            shuffled.swap(1, second);
            assert_eq!(fault(shuffled).to_string(), expected);
        }
    }
    insta::assert_snapshot!(expected);
}
