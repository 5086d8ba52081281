//! The schemas of real databases, with all their foreign keys: an edge for each, with a role where several lead to one table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use cascade_core::{
    Cascade, Declaration, Delete, EdgeParent, Found, Outcome, Place, ResourceDescriptor, Rule,
};
use serde::Deserialize;

/// Tables and foreign keys: see `data/README.md`.
#[derive(Deserialize)]
struct Schema {
    tables: Vec<String>,
    edges: Vec<Key>,
}

/// A foreign key.
#[derive(Clone, Deserialize)]
struct Key {
    child: String,
    parent: String,
    on_delete: String,
    column: String,
}

impl Schema {
    fn read(text: &str) -> Self {
        serde_json::from_str(text).expect("the file is a schema")
    }

    /// The parent end of each key: in a role if the child has several keys to that table.
    fn parents(&self) -> Vec<EdgeParent> {
        let mut roles = BTreeSet::new();
        let parent = |key: &Key| {
            let same = |other: &&Key| (&other.child, &other.parent) == (&key.child, &key.parent);
            if self.edges.iter().filter(same).count() == 1 {
                return resource(&key.parent).into();
            }
            let mut role = key.column.clone();
            while !roles.insert((key.child.clone(), role.clone())) {
                role.push('+');
            }
            resource(&key.parent).in_role(role)
        };
        self.edges.iter().map(parent).collect()
    }

    /// A graph with one row in each table, in which each row refers to the rows of its parents. `calls` gets the key of each call
    /// of a finder.
    fn cascade(&self, calls: &Calls) -> Cascade {
        let parents = self.parents();
        let mut declared: BTreeMap<&str, Declaration<(), u64>> = BTreeMap::new();
        for table in &self.tables {
            let mut of_table = Declaration::new(table.clone(), resource(table), HERE);
            for effect in ["delete", "set_null"] {
                of_table.effect(effect, HERE, |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
            }
            of_table.rule(Rule::effect::<Delete>("delete", HERE));
            declared.insert(table, of_table);
        }
        for (at, (key, parent)) in self.edges.iter().zip(parents).enumerate() {
            let of_child = declared.get_mut(key.child.as_str()).expect("the child is a table");
            of_child.edge(parent.clone(), HERE);
            let calls = Arc::clone(calls);
            of_child.finder(
                format!("by_key_{at}"),
                parent.clone(),
                None,
                HERE,
                move |(), parents: &[u64], _| {
                    calls.lock().unwrap().push(at);
                    let rows = parents.iter().map(|&row| (row, row)).collect();
                    Box::pin(async { Ok(Found::Pairs(rows)) })
                },
            );
            of_child.rule(key.rule().from(parent));
        }
        let declare = |builder: cascade_core::CascadeBuilder, declared| builder.declare((), declared);
        declared.into_values().fold(Cascade::builder(), declare).build().expect("the schema has no fault")
    }
}

impl Key {
    fn rule(&self) -> Rule {
        match self.on_delete.as_str() {
            "cascade" => Rule::effect::<Delete>("delete", HERE),
            "set null" => Rule::effect::<Delete>("set_null", HERE).leaf(),
            _ => Rule::restrict::<Delete>(HERE),
        }
    }
}

type Calls = Arc<Mutex<Vec<usize>>>;

const HERE: Place = Place::new("database", "schema.sql", 1);

fn resource(table: &str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<u64>(table, HERE)
}

/// The plan of deleting the row of a table, computed table by table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Expected {
    deleted: BTreeSet<String>,
    /// Rows that stay, but lose a reference.
    set_null: BTreeSet<String>,
    /// The keys whose rows object.
    restricted: usize,
    /// The keys that are followed.
    keys: Vec<usize>,
}

fn expected(schema: &Schema, root: &str) -> Expected {
    let mut expected = Expected::default();
    let mut open = vec![root.to_owned()];
    while let Some(table) = open.pop() {
        if !expected.deleted.insert(table.clone()) {
            continue;
        }
        for (at, key) in schema.edges.iter().enumerate().filter(|(_, key)| key.parent == table) {
            expected.keys.push(at);
            match key.on_delete.as_str() {
                "cascade" => open.push(key.child.clone()),
                "set null" => drop(expected.set_null.insert(key.child.clone())),
                _ => {}
            }
        }
    }
    let objects = |at: &&usize| {
        let key = &schema.edges[**at];
        !matches!(key.on_delete.as_str(), "cascade" | "set null") && !expected.deleted.contains(&key.child)
    };
    expected.restricted = expected.keys.iter().filter(objects).count();
    expected.set_null.retain(|table| !expected.deleted.contains(table));
    expected.keys.sort_unstable();
    expected
}

fn assert_planned_as_expected(schema: &Schema, cascade: &Cascade, calls: &Calls, root: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    calls.lock().unwrap().clear();
    let plan = runtime.block_on(cascade.plan_named(Delete, root, ["0"])).expect("finders answer");
    let expected = expected(schema, root);
    let mut found = Expected { restricted: plan.vetoes().len(), ..Expected::default() };
    found.keys.clone_from(&calls.lock().unwrap());
    found.keys.sort_unstable();
    for instance in plan.instances() {
        let rows = if instance.is_going() { &mut found.deleted } else { &mut found.set_null };
        rows.insert(instance.resource().to_owned());
    }
    assert_eq!(found, expected, "deleting a row of {root}");
}

/// Plans the deletion of the row of every `step`th table.
fn check(text: &str, keys: usize, with_roles: usize, step: usize) {
    let schema = Schema::read(text);
    let calls = Calls::default();
    let cascade = schema.cascade(&calls);
    let edges = cascade.graph().edges();
    assert_eq!((schema.edges.len(), edges.len()), (keys, keys), "each key is an edge");
    assert_eq!(edges.filter(|edge| edge.role.is_some()).count(), with_roles);
    for root in schema.tables.iter().step_by(step) {
        assert_planned_as_expected(&schema, &cascade, &calls, root);
    }
}

#[test]
fn sakila_is_planned_with_all_its_keys() {
    check(include_str!("data/sakila.json"), 22, 2, 1);
}

#[test]
fn netbox_is_planned_with_all_its_keys() {
    check(include_str!("data/netbox.json"), 520, 26, 1);
}

#[test]
fn gitlab_is_planned_with_all_its_keys() {
    check(include_str!("data/gitlab.json"), 1858, 149, 10);
}
