//! The serialised form of a plan: a header, and the records that a journal stores, so that a large plan is never one
//! message.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cascade::Cascade;
use crate::graph::Route;
use crate::ids::{Index, InstanceIx};
use crate::journal::{Record, Recorded, RunRoots, chunks, restored, root_resources};
use crate::model::InstanceName;
use crate::plan::Plan;

/// The data of a plan that its records do not have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanHeader {
    /// The operation's code.
    pub operation: String,
    /// The operation's value.
    pub payload: Value,
    /// The root resource.
    pub root: String,
    /// The ids of the first 10 root instances, printed.
    pub named_roots: Vec<String>,
    /// The ids of the same instances, serialised. Earlier versions did not send them.
    #[serde(default)]
    pub named_ids: Vec<Value>,
    /// The number of root instances of the root resource. They are its first instances.
    pub roots: u32,
    /// The roots of further resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_roots: Vec<RunRoots>,
    /// The number of affected instances.
    pub instances: usize,
}

impl PlanHeader {
    /// The first 10 root instances.
    pub fn root_names(&self) -> Vec<InstanceName> {
        let ids = self.named_ids.iter().cloned().chain(std::iter::repeat(Value::Null));
        let named = self.named_roots.iter().zip(ids);
        named.map(|(text, id)| InstanceName::new(&self.root, id, text)).collect()
    }
}

/// The most root instances that a header names.
const MAX_NAMED_ROOTS: usize = 10;

impl PlanHeader {
    /// Creates the header of `plan`.
    pub fn of(plan: &Plan) -> Result<Self, serde_json::Error> {
        let affected = &*plan.affected;
        let mut roots = affected.roots().map(|(root, count)| RunRoots {
            resource: affected.resource_name(root.resource).to_owned(),
            roots: InstanceIx::all(count as usize)
                .take(MAX_NAMED_ROOTS)
                .map(|index| affected.name(root.resource, index))
                .collect(),
            count: count.into(),
        });
        let first = roots.next().unwrap_or_default();
        let (named_roots, named_ids) = first.roots.into_iter().map(|root| (root.text, root.id)).unzip();
        Ok(Self {
            operation: affected.operation.descriptor().code().to_owned(),
            payload: affected.operation.to_json()?,
            root: first.resource,
            named_roots,
            named_ids,
            roots: first.count as u32,
            further_roots: roots.collect(),
            instances: affected.count,
        })
    }
}

/// Returns the records of a plan, lazily. With `known`, an earlier state of the same plan, returns only the parts that have
/// been added or changed since.
pub fn records<'a>(
    plan: &'a Plan,
    known: Option<&'a Plan>,
) -> impl Iterator<Item = Result<Record, serde_json::Error>> + 'a {
    chunks(&plan.affected, known.map(|known| &*known.affected))
}

/// Whether both are the same plan in the same state. A plan that has grown is not the same.
pub fn is_same(one: &Plan, other: &Plan) -> bool {
    Arc::ptr_eq(&one.affected, &other.affected)
}

/// Restores a plan from its header and records.
///
/// # Errors
///
/// A message that says which part does not match the graph of `cascade`.
pub fn restore(
    cascade: &Cascade,
    header: &PlanHeader,
    records: impl IntoIterator<Item = Record>,
) -> Result<Plan, String> {
    let graph = &cascade.engine.graph;
    let operation = graph
        .find_operation(&header.operation)
        .ok_or_else(|| format!("no linked extension mentions the operation `{}`", header.operation))?;
    let parsed = graph.operations[operation].parse(header.payload.clone());
    let parsed = parsed.map_err(|error| format!("the operation `{}`: {error}", header.operation))?;
    let mut recorded = Recorded::of(records)?;
    let roots = root_resources(graph, &header.root, &recorded)?;
    let graph = graph.for_roots(roots.len());
    let route = Route::new(&graph, operation, &roots).map_err(|root| {
        format!("{} has no rule for `{}` as the root", graph.resources[root].name(), header.operation)
    })?;
    let affected = restored(&graph, parsed, route, header.roots, &mut recorded)?;
    Ok(Plan { affected: Arc::new(affected), vetoes: Vec::new(), denials: Vec::new() })
}
