//! Graphs that are known only at run time.

use cascade_core::{
    Declaration, Delete, ExtensionDescriptor, Found, Graph, Outcome, Place, ResourceDescriptor, Rule,
};

const HERE: Place = Place::new("shop", "shop/src/lib.rs", 7);

/// A parent, and the rule for `Delete` along the edge from it.
pub(crate) type EdgeTo<'a> = (&'a str, fn(Place) -> Rule);

fn resource(name: &str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<u64>(name, HERE)
}

/// A resource with an effect `delete` on it as the root, and these edges.
pub(crate) fn extension(name: &str, edges: &[EdgeTo<'_>]) -> ExtensionDescriptor {
    let mut declaration = Declaration::<(), u64>::new(format!("{name}s"), resource(name), HERE);
    declaration.effect("delete", HERE, |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    declaration.rule(Rule::effect::<Delete>("delete", HERE));
    for (at, (parent, rule)) in edges.iter().enumerate() {
        declaration.edge(resource(parent), HERE);
        declaration.finder(format!("finder_{at}"), resource(parent), None, HERE, |(), _: &[u64], _| {
            Box::pin(async { Ok(Found::Pairs(Vec::new())) })
        });
        declaration.rule(rule(HERE).from(resource(parent)));
    }
    declaration.descriptor().clone()
}

/// A resource with doc texts: of the resource, its extension and its effect.
pub(crate) fn described(name: &str, docs: &str) -> ExtensionDescriptor {
    let resource = resource(name).documented(docs);
    let mut declaration = Declaration::<(), u64>::new(format!("{name}s"), resource, HERE);
    declaration.docs(docs.to_owned());
    declaration.effect("delete", HERE, |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    declaration.effect_docs("delete", docs.to_owned());
    declaration.rule(Rule::effect::<Delete>("delete", HERE));
    declaration.descriptor().clone()
}

/// A graph that is deep and broad: a chain of a hundred resources, and broad layers below it. Each resource depends on
/// two others.
pub(crate) fn many(count: usize) -> Vec<ExtensionDescriptor> {
    let name = |at: usize| format!("R{at:05}");
    let extensions = (0..count).map(|at| {
        let parents: Vec<String> = match at {
            0 => Vec::new(),
            1 => vec![name(0)],
            2..100 => vec![name(at - 1), name(at - 2)],
            _ => vec![name(at / 60), name(at / 60 + 1)],
        };
        let edges: Vec<EdgeTo<'_>> = parents.iter().map(|parent| (parent.as_str(), deleted as _)).collect();
        extension(&name(at), &edges)
    });
    extensions.collect()
}

/// The rule that dependents of the parent get the effect.
pub(crate) fn deleted(place: Place) -> Rule {
    Rule::effect::<Delete>("delete", place)
}

/// The tables and foreign keys of GitLab: see `data/README.md`.
pub(crate) fn gitlab() -> Graph {
    let text = include_str!("../data/gitlab.json");
    let schema: serde_json::Value = serde_json::from_str(text).expect("the file is JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a name").to_owned();
    let list = |key: &str| schema[key].as_array().expect("a list").clone();
    let edges: std::collections::BTreeMap<(String, String), String> = list("edges")
        .iter()
        .map(|edge| ((text(&edge["child"]), text(&edge["parent"])), text(&edge["on_delete"])))
        .collect();
    let extensions = list("tables").into_iter().map(|table| {
        let table = text(&table);
        let of_table = edges.iter().filter(|((child, _), _)| *child == table);
        let rules: Vec<EdgeTo<'_>> =
            of_table.map(|((_, parent), on_delete)| (parent.as_str(), rule_of(on_delete))).collect();
        extension(&table, &rules)
    });
    Graph::build(extensions.collect::<Vec<_>>()).expect("the schema is a graph")
}

fn rule_of(on_delete: &str) -> fn(Place) -> Rule {
    match on_delete {
        "cascade" => deleted,
        "set null" => |place| Rule::effect::<Delete>("delete", place).leaf(),
        _ => Rule::restrict::<Delete>,
    }
}
