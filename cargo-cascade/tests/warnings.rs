//! The functions behind `cargo cascade check`, `explain` and `diff`: each kind of warning, and a large graph.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};

use cargo_cascade::{Diff, Warning, WarningKind, explain, further_than_documented, warnings};
use cascade_core::document::Document;
use cascade_core::tool::Answer;
use cascade_core::{
    Declaration, Delete, ExtensionDescriptor, Found, Graph, Operation, OperationDescriptor, Outcome, Place,
    ResourceDescriptor, Rule,
};
use serde::{Deserialize, Serialize};

const HERE: Place = Place::new("shop", "shop/src/lib.rs", 7);

/// Starts from a `Zone` only.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Close;

impl Operation for Close {
    const CODE: &'static str = "close";
    const DESCRIPTOR: OperationDescriptor =
        OperationDescriptor::of::<Self>("Close", Self::CODE, || vec![resource("Zone")], HERE);
}

fn resource(name: &str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<u64>(name, HERE)
}

fn extension(name: &str, rules: Vec<Rule>, parents: &[&str]) -> ExtensionDescriptor {
    let mut declaration = Declaration::<(), u64>::new(format!("{name}s"), resource(name), HERE);
    declaration.effect("remove", HERE, |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    for parent in parents {
        declaration.edge(resource(parent), HERE);
        declaration.finder(format!("by_{parent}"), resource(parent), None, HERE, |(), _: &[u64], _| {
            Box::pin(async { Ok(Found::Pairs(Vec::new())) })
        });
    }
    for rule in rules {
        declaration.rule(rule);
    }
    declaration.descriptor().clone()
}

fn remove() -> Rule {
    Rule::effect::<Delete>("remove", HERE)
}

fn document(extensions: Vec<ExtensionDescriptor>) -> Document {
    Graph::build(extensions).expect("the graph has no fault").document()
}

fn of(document: &Document, contributors: &[&str]) -> Vec<Warning> {
    let answer = Answer {
        version: String::new(),
        packages: BTreeSet::from([String::from("shop")]),
        faults: Vec::new(),
        document: None,
        rendered: BTreeMap::new(),
    };
    let contributors: Vec<String> = contributors.iter().map(ToString::to_string).collect();
    warnings(document, &answer, &contributors)
}

fn found(document: &Document, contributors: &[&str]) -> Vec<(WarningKind, String)> {
    of(document, contributors).into_iter().map(|warning| (warning.kind, warning.message)).collect()
}

#[test]
fn a_graph_whose_rules_all_apply_has_no_warning() {
    let zone = extension("Zone", vec![remove()], &[]);
    let host = extension("Host", vec![remove().from(resource("Zone"))], &["Zone"]);
    assert_eq!(found(&document(vec![zone, host]), &["shop"]), []);
    assert_eq!(found(&document(Vec::new()), &[]), []);
}

#[test]
fn each_kind_of_warning_is_given() {
    let shop = document(vec![
        extension("Zone", vec![remove(), Rule::effect::<Close>("remove", HERE)], &[]),
        // An image stays when its zone is removed, so that no operation propagates from it.
        extension("Image", vec![Rule::retain::<Delete>(HERE).from(resource("Zone"))], &["Zone"]),
        extension("Copy", vec![remove().from(resource("Image"))], &["Image"]),
        // `Close` starts from zones only and does not reach hosts: neither rule applies.
        extension(
            "Host",
            vec![
                remove().from(resource("Zone")),
                Rule::effect::<Close>("remove", HERE),
                Rule::ignore::<Close>(HERE).from(resource("Zone")),
            ],
            &["Zone"],
        ),
        extension(
            "Vm",
            vec![
                remove().from(resource("Host")),
                remove().from(resource("Host")).root(resource("Copy")),
                Rule::effect::<Close>("remove", HERE).from(resource("Host")),
            ],
            &["Host"],
        ),
        extension("Lock", vec![Rule::ignore::<Delete>(HERE).from(resource("Zone"))], &["Zone"]),
    ]);
    let found = found(&shop, &["shop", "silent"]);
    let lines: Vec<String> = found.iter().map(|(kind, message)| format!("{kind:?}: {message}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    UnreachedResource: no operation starts from or reaches `Copy`
    UnreachedResource: no operation starts from or reaches `Lock`
    UnusedEdge: no operation propagates along `Image` → `Copy`: no operation propagates from `Image`
    UnusedEdge: no operation propagates along `Zone` → `Lock`: every operation ignores it
    DeadRule: the rule `remove for Copy` of Delete along `Host` → `Vm` never applies
    DeadRule: the rule `remove` of Close along `Host` → `Vm` never applies
    DeadRule: the rule `remove` of Close for `Host` as the root never applies
    SilentPackage: package `silent` depends on Cascade but contributes nothing
    ");
}

/// The messages of the warnings about rules and edges, each with its help.
fn helps(document: &Document) -> String {
    let warnings = of(document, &["shop"])
        .into_iter()
        .filter(|warning| matches!(warning.kind, WarningKind::DeadRule | WarningKind::UnusedEdge));
    warnings.map(|warning| format!("{}\n  {}", warning.message, warning.help)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_help_names_the_decision_at_which_the_operation_ends() {
    let close = || Rule::effect::<Close>("remove", HERE);
    let shop = |cluster: Rule| {
        document(vec![
            extension("Zone", vec![remove(), close()], &[]),
            extension("Cluster", vec![remove(), remove().from(resource("Zone")), cluster], &["Zone"]),
            extension(
                "Host",
                vec![
                    remove().from(resource("Cluster")),
                    Rule::retain::<Close>(HERE).from(resource("Cluster")),
                    // Two levels below the decision that ends `Close`.
                    close().from(resource("Rack")),
                    remove().from(resource("Rack")),
                ],
                &["Cluster", "Rack"],
            ),
            extension(
                "Rack",
                vec![remove(), remove().from(resource("Cluster")), close().from(resource("Cluster"))],
                &["Cluster"],
            ),
        ])
    };
    let from_zone = |rule: Rule| rule.from(resource("Zone"));
    insta::assert_snapshot!("ends_at_ignore", helps(&shop(from_zone(Rule::ignore::<Close>(HERE)))));
    insta::assert_snapshot!("ends_at_retain", helps(&shop(from_zone(Rule::retain::<Close>(HERE)))));
    insta::assert_snapshot!("ends_at_leaf", helps(&shop(from_zone(close().leaf()))));
}

#[test]
fn the_help_names_the_root_that_a_rule_is_in_vain_for() {
    let shop = document(vec![
        extension("Zone", vec![remove()], &[]),
        extension("Region", vec![remove()], &[]),
        extension("Island", vec![Rule::ignore::<Delete>(HERE).from(resource("Zone"))], &["Zone"]),
        extension("Cluster", vec![remove(), Rule::ignore::<Delete>(HERE).from(resource("Zone"))], &["Zone"]),
        extension(
            "Host",
            vec![
                remove(),
                remove().from(resource("Cluster")),
                // `Cluster` ignores zones, does not depend on regions, and nothing starts from an island.
                remove().from(resource("Cluster")).root(resource("Zone")),
                remove().from(resource("Cluster")).root(resource("Region")),
                remove().from(resource("Cluster")).root(resource("Island")),
            ],
            &["Cluster"],
        ),
        // Each root that reaches it has a rule of its own.
        extension(
            "Vm",
            vec![
                remove().from(resource("Host")),
                Rule::retain::<Delete>(HERE)
                    .from(resource("Host"))
                    .root(resource("Host"))
                    .root(resource("Cluster")),
            ],
            &["Host"],
        ),
        extension("Orphan", vec![], &[]),
        extension("Child", vec![remove().from(resource("Orphan"))], &["Orphan"]),
    ]);
    insta::assert_snapshot!("in_vain_for_a_root", helps(&shop));
}

#[test]
fn the_help_names_at_most_three_decisions() {
    let mut all = vec![extension("Zone", vec![remove()], &[])];
    let names = ["A", "B", "C", "D", "E"];
    let ignored = || Rule::ignore::<Delete>(HERE).from(resource("Zone"));
    all.extend(names.map(|name| extension(name, vec![ignored()], &["Zone"])));
    let into = |rule: Rule, name: &str| rule.from(resource(name));
    all.push(extension("Middle", names.map(|name| into(remove(), name)).to_vec(), &names));
    all.push(extension("Leaf", vec![into(remove(), "Middle")], &["Middle"]));
    let helps = helps(&document(all));
    let last = helps.lines().find(|line| line.contains("above `Middle`")).unwrap_or_default();
    assert!(last.contains("2 more decisions above `Middle` end it too"), "{helps}");
}

#[test]
fn a_graph_of_6000_resources_is_checked_explained_and_compared() {
    let name = |at: usize| format!("R{at:04}");
    // A chain of 60 resources, and below it up to 100 children of each.
    let parent = |at: usize| name(if at < 60 { at - 1 } else { at / 100 });
    let of = |size: usize| {
        let extensions = (0..size).map(|at| {
            if at == 0 {
                return extension(&name(0), vec![remove()], &[]);
            }
            let parent = parent(at);
            extension(&name(at), vec![remove(), remove().from(resource(&parent))], &[&parent])
        });
        document(extensions.collect())
    };
    let (old, new) = (of(5999), of(6000));
    assert_eq!(found(&new, &[]), []);
    // `R5999` depends on the last of the chain.
    let way = explain(&new, "R0000", "R5999", None, 20).expect("the names are known");
    assert_eq!((way.ways.len(), way.ways[0].resources.len(), way.more), (1, 61, false));
    // One resource, one edge, and 60 roots that reach the new resource.
    assert_eq!(Diff::between(&old, &new).changes.len(), 2 + 60);
    assert_eq!(further_than_documented(&new, "docs/cascade.md", &old.to_markdown()).len(), 60);
}

/// A host in a zone, with a second edge to a zone in a role, along which it is retained.
fn with_role(role: &str, second: fn(Place) -> Rule) -> Document {
    let parent = resource("Zone").in_role(role.to_owned());
    let mut hosts = Declaration::<(), u64>::new("Hosts", resource("Host"), HERE);
    hosts.effect("remove", HERE, |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    for (at, edge) in [resource("Zone").into(), parent.clone()].into_iter().enumerate() {
        hosts.edge(edge.clone(), HERE);
        hosts.finder(format!("find_{at}"), edge, None, HERE, |(), _: &[u64], _| {
            Box::pin(async { Ok(Found::Pairs(Vec::new())) })
        });
    }
    hosts.rule(remove().from(resource("Zone")));
    hosts.rule(second(HERE).from(parent));
    document(vec![extension("Zone", vec![remove()], &[]), hosts.descriptor().clone()])
}

#[test]
fn edges_between_the_same_resources_are_told_apart_by_their_roles() {
    let old = with_role("standby", Rule::retain::<Delete>);
    assert_eq!(found(&old, &[]), []);
    insta::assert_snapshot!(explain(&old, "Zone", "Host", None, 20).expect("the names are known"), @r"
    2 paths from Zone to Host

     1. Zone → Host
          Delete: remove
     2. Zone → Host (standby)
          Delete: retain

    edges

      Zone → Host  shop/src/lib.rs:7
          delete: remove  shop/src/lib.rs:7
      Zone → Host (standby)  shop/src/lib.rs:7
          delete: retain  shop/src/lib.rs:7
    ");
    let renamed = Diff::between(&old, &with_role("spare", Rule::retain::<Delete>));
    insta::assert_snapshot!(renamed, @r"
    + Zone → Host (spare)  shop/src/lib.rs:7
    - Zone → Host (standby)
    ");
    let decided = Diff::between(&old, &with_role("standby", Rule::restrict::<Delete>));
    insta::assert_snapshot!(decided, @"~ Delete along Zone → Host (standby): retain ⇒ restrict  shop/src/lib.rs:7");
    let ignored = of(&with_role("standby", Rule::ignore::<Delete>), &[]);
    let messages: Vec<&str> = ignored.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(
        messages,
        ["no operation propagates along `Zone` → `Host` (`standby`): every operation ignores it"]
    );
}

#[test]
fn an_order_that_may_be_given_up_is_a_change() {
    let hosts = |may_cut: bool| {
        let mut host = extension("Host", vec![remove().from(resource("Host"))], &["Host"]);
        host.edges[0].may_cut = may_cut;
        document(vec![host])
    };
    let lines = |old: bool, new: bool| Diff::between(&hosts(old), &hosts(new)).to_string();
    assert_eq!(lines(false, true), "~ Host → Host: its order may be given up in cycles  shop/src/lib.rs:7\n");
    let kept = "~ Host → Host: its order is kept unless a run allows cuts  shop/src/lib.rs:7\n";
    assert_eq!(lines(true, false), kept);
    assert_eq!(lines(true, true), "the graph is unchanged\n");
}
