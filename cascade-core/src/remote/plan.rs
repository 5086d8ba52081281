//! A plan that travels: as records, as a journal keeps them, so that it is never one message.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cascade::Cascade;
use crate::graph::Route;
use crate::journal::{Record, Recorded, chunks, restored};
use crate::plan::Plan;

/// What a plan is about: what its records do not say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanHeader {
    /// The operation's code.
    pub operation: String,
    /// The operation itself.
    pub payload: Value,
    /// The resource that it started from.
    pub root: String,
    /// The first few root instances, as they print.
    pub named_roots: Vec<String>,
    /// How many of that resource's first instances are roots.
    pub roots: u32,
    /// The affected instances.
    pub instances: usize,
}

/// Roots that are named in a header, at most.
const ROOTS_NAMED: usize = 10;

impl PlanHeader {
    /// What `plan` is about.
    pub fn of(plan: &Plan) -> Result<Self, serde_json::Error> {
        let affected = &*plan.affected;
        let root = affected.route.root;
        let named = (0..affected.roots).take(ROOTS_NAMED);
        Ok(Self {
            operation: affected.operation.descriptor().code().to_owned(),
            payload: affected.operation.to_json()?,
            root: affected.resource_name(root).to_owned(),
            named_roots: named.map(|at| affected.display(root, at).to_string()).collect(),
            roots: affected.roots,
            instances: affected.count,
        })
    }
}

/// The records of a plan, made one by one as they are asked for; with `known`, only what that smaller plan, which it grew
/// from, has not.
pub fn records<'a>(
    plan: &'a Plan,
    known: Option<&'a Plan>,
) -> impl Iterator<Item = Result<Record, serde_json::Error>> + 'a {
    chunks(&plan.affected, known.map(|known| &*known.affected))
}

/// Whether both are one plan, and not one that grew from the other.
pub fn is_same(one: &Plan, other: &Plan) -> bool {
    Arc::ptr_eq(&one.affected, &other.affected)
}

/// The plan of these records, for `cascade`. The error says what does not fit it.
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
    let root = graph
        .find_resource(&header.root)
        .ok_or_else(|| format!("no linked extension declares {}", header.root))?;
    let route = Route::new(graph, operation, root);
    let route =
        route.ok_or_else(|| format!("{} has no rule for `{}` as the root", header.root, header.operation))?;
    let mut recorded = Recorded::of(records)?;
    let affected = restored(graph, parsed, route, header.roots, &mut recorded)?;
    Ok(Plan { affected: Arc::new(affected), vetoes: Vec::new(), denials: Vec::new() })
}
