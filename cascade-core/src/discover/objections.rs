//! Collects the objections to a plan before anything runs: vetoes of checks, vetoes of `restrict` rules, and denials of
//! authorizers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use serde_json::Value;

use crate::affected::{Affected, Instances, Members};
use crate::engine::{Authorizer, Engine};
use crate::graph::{Method, Reach};
use crate::handler::{Nesting, RunContext, StepContext, call_once, until_answered};
use crate::ids::{EdgeIx, Index, InstanceIx, ResourceIx};
use crate::model::{CallError, EffectSet, InstanceName, Phase, PhaseDeclaration};
use crate::plan::{PlanError, PlanVeto};

/// A call of a check for one batch of instances.
struct CheckCall {
    method: Method,
    batch: Vec<InstanceIx>,
}

/// The objections to a plan.
#[derive(Debug, Default)]
pub(crate) struct Objections {
    /// Sorted by resource and id.
    pub(crate) vetoes: Vec<PlanVeto>,
    /// Sorted by resource and id.
    pub(crate) denials: Vec<PlanVeto>,
}

/// Asks all checks and authorizers about the affected instances. If `smaller` is the plan before it grew, asks only about
/// the instances to which more is done now.
pub(crate) async fn objections(
    engine: &Arc<Engine>,
    affected: &Arc<Affected>,
    smaller: Option<&Affected>,
    nesting: &Arc<Nesting>,
    forced: bool,
) -> Result<Objections, PlanError> {
    let concurrency = engine.find.concurrency;
    let answers = futures_util::stream::iter(calls(affected, smaller))
        .map(|call| ask(engine, affected, nesting, call, forced))
        .buffer_unordered(concurrency);
    let mut vetoes: Vec<PlanVeto> = answers.try_concat().await?;
    vetoes.extend(restricted(affected));
    // Each future is boxed, because the compiler cannot infer the lifetimes in a stream of these borrowing futures.
    let asked: Vec<BoxFuture<'_, _>> = authorizations(engine, affected, smaller)
        .into_iter()
        .map(|(authorizer, resource, batch)| authorize(authorizer, affected, resource, batch).boxed())
        .collect();
    let answers = futures_util::stream::iter(asked).buffer_unordered(concurrency);
    let mut denials: Vec<PlanVeto> = answers.try_concat().await?;
    for objections in [&mut vetoes, &mut denials] {
        objections.sort_by(|a, b| order(a).cmp(&order(b)));
    }
    Ok(Objections { vetoes, denials })
}

fn order(veto: &PlanVeto) -> (&str, &str, &str, &str) {
    (&veto.instance.resource, &veto.instance.text, &veto.check, &veto.reason)
}

/// The vetoes that are not in `listed`. Those that a journal of an earlier version lists are known only by printed id.
pub(crate) fn not_listed(vetoes: Vec<PlanVeto>, listed: &[PlanVeto]) -> Vec<PlanVeto> {
    let mut by_text: BTreeMap<_, Vec<&Value>> = BTreeMap::new();
    for veto in listed {
        by_text.entry(order(veto)).or_default().push(&veto.instance.id);
    }
    let is_known = |veto: &PlanVeto| {
        let ids = by_text.get(&order(veto));
        ids.is_some_and(|ids| ids.iter().any(|id| id.is_null() || **id == veto.instance.id))
    };
    vetoes.into_iter().filter(|veto| !is_known(veto)).collect()
}

/// The calls of authorizers: every authorizer for every instance to ask about, in batches.
fn authorizations(
    engine: &Engine,
    affected: &Affected,
    smaller: Option<&Affected>,
) -> Vec<(Arc<dyn Authorizer>, ResourceIx, Vec<InstanceIx>)> {
    let mut calls = Vec::new();
    for authorizer in &engine.authorizers {
        for resource in affected.resources() {
            let instances: Vec<InstanceIx> = to_ask_about(affected, smaller, resource).collect();
            let batches = instances.chunks(engine.find.batch);
            calls.extend(batches.map(|batch| (Arc::clone(authorizer), resource, batch.to_vec())));
        }
    }
    calls
}

async fn authorize(
    authorizer: Arc<dyn Authorizer>,
    affected: &Arc<Affected>,
    resource: ResourceIx,
    batch: Vec<InstanceIx>,
) -> Result<Vec<PlanVeto>, PlanError> {
    let instances = Instances { affected, resource, members: Members::Instances(&batch) };
    let denials = call_once(None, || authorizer.authorize(instances)).await;
    let denials = denials.map_err(|source| PlanError::Authorizer {
        resource: affected.resource_name(resource).to_owned(),
        source: Box::new(source),
    })?;
    Ok(denials
        .into_iter()
        .map(|denial| PlanVeto {
            instance: instances.name(denial.position).unwrap_or_else(|| {
                InstanceName::new(affected.resource_name(resource), Value::Null, String::new())
            }),
            reason: denial.reason,
            check: String::from("authorizer"),
        })
        .collect())
}

/// The vetoes of `restrict` rules: for each instance that was found along such an edge and is not removed itself.
fn restricted(affected: &Affected) -> Vec<PlanVeto> {
    let restricts =
        |&edge: &EdgeIx| affected.route.edges[edge].is_some_and(|route| route.reach == Reach::Restricts);
    let edges: Vec<EdgeIx> = affected.graph.edges.indices().filter(restricts).collect();
    let mut vetoes = Vec::new();
    for copies in affected.graph.by_declaration(&edges) {
        let edge = &affected.graph.edges[copies[0]];
        let (parent, extension) =
            (affected.resource_name(edge.parent), &affected.graph.extensions[edge.extension]);
        let along = edge.role.as_deref().unwrap_or(parent);
        let check = format!("{}, restrict from {along}", extension.name);
        let children: BTreeSet<InstanceIx> =
            copies.iter().flat_map(|&edge| affected.arcs[edge].children()).collect();
        for child in children.into_iter().filter(|&child| !affected.is_going(edge.child, child)) {
            let parents: BTreeSet<InstanceIx> =
                copies.iter().flat_map(|&edge| affected.parents(edge, child)).collect();
            let first = parents
                .iter()
                .map(|&parent| affected.display(edge.parent, parent).to_string())
                .min()
                .unwrap_or_default();
            let more =
                if parents.len() > 1 { format!(" and {} more", parents.len() - 1) } else { String::new() };
            vetoes.push(PlanVeto {
                instance: affected.name(edge.child, child),
                reason: format!("it depends on {parent} {first}{more}, and the plan does not remove it"),
                check: check.clone(),
            });
        }
    }
    vetoes
}

fn calls(affected: &Affected, smaller: Option<&Affected>) -> Vec<CheckCall> {
    let mut calls = Vec::new();
    for (resource, node) in affected.graph.resources.enumerate() {
        for &extension in &node.extensions {
            let declared = &affected.graph.extensions[extension];
            for (index, phase) in declared.checks.iter().enumerate() {
                if phase.operation.code() == affected.operation.descriptor().code() {
                    let method = Method { resource, extension, index };
                    let instances = instances_of_check(affected, smaller, method, phase);
                    let batches = instances.chunks(declared.settings.batch);
                    calls.extend(batches.map(|batch| CheckCall { method, batch: batch.to_vec() }));
                }
            }
        }
    }
    calls
}

/// The instances that a check is asked about: all affected ones, or those with one of the effects to which the check is
/// restricted.
pub(crate) fn instances_of_check(
    affected: &Affected,
    smaller: Option<&Affected>,
    method: Method,
    phase: &PhaseDeclaration,
) -> Vec<InstanceIx> {
    let Method { resource, extension, .. } = method;
    let only = only_effects(affected, resource, extension, phase);
    let all = to_ask_about(affected, smaller, resource);
    all.filter(|&index| only.is_none_or(|only| affected.effects(resource, index).intersects(only))).collect()
}

/// The affected instances to ask about: all of them, or those to which more is done than in the smaller plan. The others
/// were asked about before, and may be removed by now.
fn to_ask_about<'a>(
    affected: &'a Affected,
    smaller: Option<&'a Affected>,
    resource: ResourceIx,
) -> impl Iterator<Item = InstanceIx> + 'a {
    let more =
        move |&index: &InstanceIx| smaller.is_none_or(|smaller| has_more(smaller, affected, resource, index));
    affected.instances(resource).filter(more)
}

/// Whether more is done to an instance than in the smaller plan: it was not affected there, had other effects, or was not
/// removed.
fn has_more(smaller: &Affected, affected: &Affected, resource: ResourceIx, index: InstanceIx) -> bool {
    let known = &smaller.columns[resource];
    index.position() >= known.len()
        || !known.is_affected(index)
        || smaller.effects(resource, index) != affected.effects(resource, index)
        || smaller.is_going(resource, index) != affected.is_going(resource, index)
}

/// The effects to which a phase method is restricted; `None` if it is not restricted.
pub(crate) fn only_effects(
    affected: &Affected,
    resource: ResourceIx,
    extension: usize,
    phase: &PhaseDeclaration,
) -> Option<EffectSet> {
    let node = &affected.graph.resources[resource];
    let effects = phase.only.iter().filter_map(|name| node.effect_named(extension, name));
    (!phase.only.is_empty()).then(|| effects.collect())
}

async fn ask(
    engine: &Arc<Engine>,
    affected: &Arc<Affected>,
    nesting: &Arc<Nesting>,
    call: CheckCall,
    forced: bool,
) -> Result<Vec<PlanVeto>, PlanError> {
    let CheckCall { method, batch } = call;
    let extension = &*engine.extensions[method.extension];
    let declared = extension.descriptor();
    let check = &declared.checks[method.index];
    let name = format!("{}::{}", declared.name, check.method);
    let resource = affected.resource_name(method.resource).to_owned();
    let run = RunContext {
        affected: Arc::clone(affected),
        engine: Arc::<Engine>::clone(engine),
        nesting: Arc::clone(nesting),
        run: None,
        forced,
    };
    let cx = StepContext::new(&run, method, Phase::Check);
    let ids = affected.columns[method.resource].ids.select(&batch);
    let answer = until_answered(declared.settings, || extension.check(method.index, &ids, &cx)).await;
    let answer = answer.and_then(|vetoes| {
        vetoes.map_err(|id| CallError::Fault(format!("it objected to `{id}`, which it was not asked about")))
    });
    match answer {
        Ok(vetoes) => Ok(vetoes
            .into_iter()
            .map(|(position, reason)| PlanVeto {
                instance: affected.name(method.resource, batch[position]),
                reason,
                check: name.clone(),
            })
            .collect()),
        Err(source) => {
            Err(PlanError::Check { check: name, resource, place: check.place, source: Box::new(source) })
        }
    }
}
