//! The checks: every objection to a plan, collected before anything runs.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};

use crate::affected::Affected;
use crate::call::{CallError, until_answered};
use crate::context::StepContext;
use crate::declare::{Phase, PhaseDeclaration};
use crate::extension::DynExtension;
use crate::plan::{PlanError, PlanVeto};
use crate::route::Reach;

/// One call of one check.
struct Call {
    resource: usize,
    extension: usize,
    check: usize,
    batch: Vec<u32>,
}

/// All objections, by resource and id.
pub(crate) async fn vetoes(
    affected: &Arc<Affected>,
    extensions: &[Box<dyn DynExtension>],
    concurrency: usize,
    forced: bool,
) -> Result<Vec<PlanVeto>, PlanError> {
    let answers = futures::stream::iter(calls(affected))
        .map(|call| ask(affected, &*extensions[call.extension], call, forced))
        .buffer_unordered(concurrency);
    let mut vetoes: Vec<PlanVeto> = answers.try_concat().await?;
    vetoes.extend(restricted(affected));
    vetoes.sort_by(|a, b| {
        (&a.resource, &a.id, &a.check, &a.reason).cmp(&(&b.resource, &b.id, &b.check, &b.reason))
    });
    Ok(vetoes)
}

/// What is in the way: what was found along an edge that restricts the operation, and is not going too.
fn restricted(affected: &Affected) -> Vec<PlanVeto> {
    let mut vetoes = Vec::new();
    for (index, edge) in affected.graph.edges.iter().enumerate() {
        if affected.route.edges[index].is_none_or(|route| route.reach != Reach::Restricts) {
            continue;
        }
        let (parent, extension) =
            (affected.resource_name(edge.parent), &affected.graph.extensions[edge.extension]);
        let check = format!("{}, restrict from {parent}", extension.name);
        let in_the_way = affected.arcs[index].children();
        for child in in_the_way.into_iter().filter(|&child| !affected.is_going(edge.child, child)) {
            let parents = affected.parents(index, child);
            let first =
                parents.first().map_or_else(String::new, |&at| affected.display(edge.parent, at).to_string());
            let more =
                if parents.len() > 1 { format!(" and {} more", parents.len() - 1) } else { String::new() };
            vetoes.push(PlanVeto {
                resource: affected.resource_name(edge.child).to_owned(),
                id: affected.display(edge.child, child).to_string(),
                reason: format!("it hangs off {parent} {first}{more}, and is not going too"),
                check: check.clone(),
            });
        }
    }
    vetoes
}

fn calls(affected: &Affected) -> Vec<Call> {
    let mut calls = Vec::new();
    for (resource, node) in affected.graph.resources.iter().enumerate() {
        for &extension in &node.extensions {
            let declared = &affected.graph.extensions[extension];
            for (check, phase) in declared.checks.iter().enumerate() {
                if phase.operation.code() == affected.operation.descriptor().code() {
                    let seen = seen(affected, resource, extension, phase);
                    calls.extend(seen.chunks(declared.settings.batch).map(|batch| Call {
                        resource,
                        extension,
                        check,
                        batch: batch.to_vec(),
                    }));
                }
            }
        }
    }
    calls
}

/// The instances that a check sees: all affected ones, unless it is only for some effects.
fn seen(affected: &Affected, resource: usize, extension: usize, phase: &PhaseDeclaration) -> Vec<u32> {
    let only = only_mask(affected, resource, extension, phase);
    let all = affected.instances(resource);
    all.filter(|&index| only.is_none_or(|mask| affected.effects(resource, index) & mask != 0)).collect()
}

/// The effects that a phase method is only for, a bit each; `None` if it makes no choice.
pub(crate) fn only_mask(
    affected: &Affected,
    resource: usize,
    extension: usize,
    phase: &PhaseDeclaration,
) -> Option<u32> {
    let node = &affected.graph.resources[resource];
    let bits = phase.only.iter().filter_map(|name| node.effect_named(extension, name));
    (!phase.only.is_empty()).then(|| bits.fold(0, |mask, bit| mask | 1 << bit))
}

async fn ask(
    affected: &Arc<Affected>,
    extension: &dyn DynExtension,
    call: Call,
    forced: bool,
) -> Result<Vec<PlanVeto>, PlanError> {
    let declared = extension.descriptor();
    let check = &declared.checks[call.check];
    let name = format!("{}::{}", declared.name, check.method);
    let resource = affected.resource_name(call.resource).to_owned();
    let cx = StepContext {
        affected: Arc::clone(affected),
        resource: call.resource,
        phase: Phase::Check,
        attempt: 1,
        forced,
    };
    let batch = affected.columns[call.resource].ids.select(&call.batch);
    let answer = until_answered(declared.settings, || extension.check(call.check, &batch, &cx)).await;
    let answer = answer.and_then(|vetoes| {
        vetoes.map_err(|id| CallError::Fault(format!("it objected to `{id}`, which it was not asked about")))
    });
    match answer {
        Ok(vetoes) => Ok(vetoes
            .into_iter()
            .map(|(position, reason)| PlanVeto {
                resource: resource.clone(),
                id: affected.display(call.resource, call.batch[position]).to_string(),
                reason,
                check: name.clone(),
            })
            .collect()),
        Err(source) => {
            Err(PlanError::Check { check: name, resource, place: check.place, source: Box::new(source) })
        }
    }
}
