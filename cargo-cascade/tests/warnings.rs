//! The functions behind `cargo cascade check`, `explain` and `diff`: each kind of warning, and a large graph.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};

use cargo_cascade::{Diff, WarningKind, explain, further_than_documented, warnings};
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

fn found(document: &Document, contributors: &[&str]) -> Vec<(WarningKind, String)> {
    let answer = Answer {
        version: String::new(),
        packages: BTreeSet::from([String::from("shop")]),
        faults: Vec::new(),
        document: None,
        rendered: BTreeMap::new(),
    };
    let contributors: Vec<String> = contributors.iter().map(ToString::to_string).collect();
    let warnings = warnings(document, &answer, &contributors);
    warnings.into_iter().map(|warning| (warning.kind, warning.message)).collect()
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
