//! What `cargo cascade check`, `explain` and `diff` see in a graph, of each kind, and in a large one.

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

/// Starts from a `Zone` and nothing else.
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

fn told(document: &Document, contributors: &[&str]) -> Vec<(WarningKind, String)> {
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
fn nothing_is_suspicious_about_a_graph_that_is_used() {
    let zone = extension("Zone", vec![remove()], &[]);
    let host = extension("Host", vec![remove().from(resource("Zone"))], &["Zone"]);
    assert_eq!(told(&document(vec![zone, host]), &["shop"]), []);
    assert_eq!(told(&document(Vec::new()), &[]), []);
}

#[test]
fn everything_suspicious_is_told() {
    let shop = document(vec![
        extension("Zone", vec![remove(), Rule::effect::<Close>("remove", HERE)], &[]),
        // Stays where its zone goes: nothing gets through it.
        extension("Image", vec![Rule::retain::<Delete>(HERE).from(resource("Zone"))], &["Zone"]),
        extension("Copy", vec![remove().from(resource("Image"))], &["Image"]),
        // `Close` starts from zones only, and goes to no host: neither rule can match.
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
    let told = told(&shop, &["shop", "silent"]);
    let lines: Vec<String> = told.iter().map(|(kind, message)| format!("{kind:?}: {message}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    UnreachedResource: no cascade reaches `Copy`: no operation starts from it, and none gets to it
    UnreachedResource: no cascade reaches `Lock`: no operation starts from it, and none gets to it
    UnusedEdge: nothing goes along `Image` → `Copy`: no operation gets through `Image`
    UnusedEdge: nothing goes along `Zone` → `Lock`: every operation ignores it
    DeadRule: the rule `remove for Copy` of Delete along `Host` → `Vm` can never match
    DeadRule: the rule `remove` of Close along `Host` → `Vm` can never match
    DeadRule: the rule `remove` of Close for `Host` as the root can never match
    SilentPackage: package `silent` depends on Cascade and contributes nothing
    ");
}

#[test]
fn a_large_graph_is_checked_explained_and_compared() {
    let name = |at: usize| format!("R{at:04}");
    // A chain of sixty, and broad below it.
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
    assert_eq!(told(&new, &[]), []);
    // It hangs off the last of the chain.
    let way = explain(&new, "R0000", "R5999", None, 20).expect("the names are known");
    assert_eq!((way.ways.len(), way.ways[0].resources.len(), way.more), (1, 61, false));
    // A resource, an edge, and sixty roots that now reach it.
    assert_eq!(Diff::between(&old, &new).changes.len(), 2 + 60);
    assert_eq!(further_than_documented(&new, "docs/cascade.md", &old.to_markdown()).len(), 60);
}
