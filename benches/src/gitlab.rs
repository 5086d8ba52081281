//! GitLab's tables and foreign keys as a graph, with one row in each table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cascade_core::{Cascade, Declaration, Delete, Found, Outcome, ResourceDescriptor, Rule, place};
use serde::Deserialize;

use crate::Failed;
use crate::measure::{Stopwatch, expect_equal};

/// The table of the deleted row.
pub const ROOT: &str = "organizations";

#[derive(Deserialize)]
struct Schema {
    tables: Vec<String>,
    edges: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    child: String,
    parent: String,
    on_delete: String,
}

/// The edges of the graph: the database's action on the child, by child and parent. Of several foreign keys between
/// the same tables, only one counts.
#[derive(Debug)]
pub struct Tables {
    names: Vec<String>,
    edges: BTreeMap<(String, String), String>,
}

impl Tables {
    /// Reads the schema.
    pub fn new() -> Result<Self, Failed> {
        let text = include_str!("../../cascade-core/tests/data/gitlab.json");
        let schema: Schema = serde_json::from_str(text)?;
        let edges = schema.edges.into_iter().map(|edge| ((edge.child, edge.parent), edge.on_delete));
        Ok(Self { names: schema.tables, edges: edges.collect() })
    }

    /// The number of edges.
    pub fn edges(&self) -> usize {
        self.edges.len()
    }

    /// The number of edges below affected tables: the plan asks each of them once.
    fn edges_below_root(&self) -> usize {
        let mut deleted = BTreeSet::from([ROOT]);
        let mut open = vec![ROOT];
        let mut edges = 0;
        while let Some(table) = open.pop() {
            for ((child, _), on_delete) in self.edges.iter().filter(|((_, parent), _)| parent == table) {
                edges += 1;
                if on_delete == "cascade" && deleted.insert(child) {
                    open.push(child);
                }
            }
        }
        edges
    }
}

/// Measures building the graph and planning. Asserts that each finder below an affected table is asked once.
pub async fn build_and_plan(tables: &Tables) -> Result<(Duration, usize), Failed> {
    let calls = Arc::new(AtomicU64::new(0));
    let declarations = declarations(tables);
    let start = Stopwatch::start();
    let cascade = declarations
        .into_iter()
        .fold(Cascade::builder(), |builder, declared| builder.declare(Arc::clone(&calls), declared))
        .build()?;
    let plan = cascade.plan_named(Delete, ROOT, ["0"]).await?;
    let took = start.elapsed();
    expect_equal("calls of finders", &calls.load(Ordering::Relaxed), &(tables.edges_below_root() as u64))?;
    Ok((took, plan.len()))
}

fn declarations(tables: &Tables) -> Vec<Declaration<Arc<AtomicU64>, u64>> {
    let described = |name: &str| ResourceDescriptor::runtime::<u64>(name.to_owned(), place!());
    let mut all = Vec::new();
    for name in &tables.names {
        let mut declared = Declaration::<Arc<AtomicU64>, u64>::new(name.clone(), described(name), place!());
        declared.effect("delete", place!(), |_, _, _| Box::pin(async { Ok(Outcome::done()) }));
        declared.rule(Rule::effect::<Delete>("delete", place!()));
        for ((_, parent), on_delete) in tables.edges.iter().filter(|((child, _), _)| child == name) {
            declared.edge(described(parent), place!());
            let finder = format!("find_by_{parent}");
            declared.finder(finder, described(parent), None, place!(), |calls, parents: &[u64], _| {
                calls.fetch_add(1, Ordering::Relaxed);
                let pairs = parents.iter().map(|&parent| (parent, parent)).collect();
                Box::pin(async { Ok(Found::Pairs(pairs)) })
            });
            let rule = match on_delete.as_str() {
                "cascade" => Rule::effect::<Delete>("delete", place!()),
                "set null" => Rule::effect::<Delete>("delete", place!()).leaf(),
                _ => Rule::restrict::<Delete>(place!()),
            };
            declared.rule(rule.from(described(parent)));
        }
        all.push(declared);
    }
    all
}
