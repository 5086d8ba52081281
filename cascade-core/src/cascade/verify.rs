//! Verifies an ended run: finders and verify methods are asked whether removed instances still exist. The journal provides
//! only the plan, not the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;

use super::cascade::Cascade;
use super::resume::{ResumeError, RunOperation};
use crate::affected::{Affected, Disposition};
use crate::discover::only_effects;
use crate::graph::{EdgeRoute, Method, Reach};
use crate::handler::{DynFound, FindContext, until_answered};
use crate::ids::{EdgeIx, Index, Indexed, InstanceIx, PackedOption, ResourceIx};
use crate::journal::{Recorded, restored};
use crate::model::{CallError, InstanceName, JsonFormat, PhaseDeclaration, RunId};
use crate::plan::PlanError;

/// The maximum number of survivors that a receipt names. The others are counted.
const MAX_NAMED: usize = 100;

/// The answers of finders and verify methods about a run that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The format of the document.
    pub format: JsonFormat,
    /// The run.
    pub run: RunId,
    /// The number of instances whose dependents the finders were asked for.
    pub asked: usize,
    /// The number of instances that the verify methods were asked about.
    pub verified: usize,
    /// The removed roots that no verify method could be asked about, by resource.
    pub roots_not_asked: Vec<NotAsked>,
    /// The number of instances that still exist although the run should have removed them.
    pub survivors: usize,
    /// The first 100 of them, by resource and id.
    pub named: Vec<Survivor>,
}

/// Roots whose removal could not be verified: their resource has no verify method for the operation, and no finder reports
/// a root, because the plan has no parent of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NotAsked {
    /// Their resource.
    pub resource: String,
    /// The operation's type name.
    pub operation: String,
    /// The number of these roots.
    pub count: usize,
}

/// An instance that still exists although the run should have removed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Survivor {
    /// The instance.
    #[serde(flatten)]
    pub instance: InstanceName,
    /// The resource of its parent, if a finder found it. If finders of several resources did, the first by name.
    pub parent: Option<String>,
    /// Whether it was in the plan. If not, it was added after the plan was made.
    pub planned: bool,
}

impl Receipt {
    /// Whether no instance survived and all removed roots were verified.
    pub fn is_clean(&self) -> bool {
        self.survivors == 0 && self.roots_not_asked.is_empty()
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, asked, verified, roots_not_asked, survivors, named, .. } = self;
        let asked_about =
            format!("finders were asked about {asked} instances, verify methods about {verified}");
        if *survivors == 0 {
            let scope = if roots_not_asked.is_empty() { "" } else { " below the roots" };
            write!(f, "run {run}: nothing survived{scope}: {asked_about}")?;
        } else {
            write!(f, "run {run}: {survivors} survived ({asked_about}):")?;
        }
        for Survivor { instance, parent, planned } in named {
            let under = parent.as_ref().map_or_else(String::new, |parent| format!(" under {parent}"));
            let unplanned = if *planned { "" } else { ", which was not in the plan" };
            write!(f, "\n  {instance}{under}{unplanned}")?;
        }
        let more = survivors - named.len();
        if more > 0 {
            write!(f, "\n  and {more} more")?;
        }
        for NotAsked { resource, operation, count } in roots_not_asked {
            let roots = match count {
                1 => String::from("the root still exists"),
                _ => format!("the {count} roots still exist"),
            };
            write!(
                f,
                "\n  not verified: whether {roots}, because {resource} has no `#[verify({operation})]` that applies"
            )?;
        }
        Ok(())
    }
}

/// A call of a finder or of a verify method.
enum VerifyCall {
    /// Asks a finder for the children of these parents.
    Finder { edge: EdgeIx, route: EdgeRoute, parents: Vec<InstanceIx> },
    /// Asks a verify method which of these instances still exist.
    Method { method: Method, batch: Vec<InstanceIx> },
}

/// One answer about a survivor.
struct FoundSurvivor {
    instance: InstanceName,
    /// The resource of its parent, if a finder found it.
    parent: Option<String>,
    planned: bool,
}

impl Cascade {
    /// Verifies that a run has removed what it should have removed, regardless of the results in its journal. Asks the
    /// finders for the children of the recorded parents, and the verify methods (`#[verify(Delete)]`) which of the
    /// instances still exist.
    ///
    /// The roots have no parent in the plan, so only a verify method can tell whether they still exist. If their resource
    /// has none, the receipt lists them in [`roots_not_asked`](Receipt::roots_not_asked), and is not
    /// [clean](Receipt::is_clean).
    pub async fn verify(&self, run: &RunId) -> Result<Receipt, ResumeError> {
        let journal = self.journal()?;
        let info = journal.run(run).await?;
        let mut recorded = Recorded::read(&*journal, run).await?;
        let Some(start) = recorded.start.clone() else {
            return Err(ResumeError::NeverStarted { run: run.clone() });
        };
        let RunOperation { graph, operation, route } = RunOperation::of(&self.engine, &info, &recorded)?;
        let affected = restored(&graph, operation, route, start.roots, &mut recorded);
        let affected = affected.map_err(|what| ResumeError::Unfit { run: run.clone(), what })?;
        let asked = affected.columns.indices().map(|resource| expanded(&affected, resource)).sum();
        let (method_calls, verified) = verify_method_calls(&affected);
        let method_calls =
            method_calls.into_iter().map(|(method, batch)| VerifyCall::Method { method, batch });
        let calls = finder_calls(&affected, self.engine.find.batch).into_iter().chain(method_calls);
        let answers = futures_util::stream::iter(calls)
            .map(|call| self.ask(&affected, call))
            .buffer_unordered(self.engine.find.concurrency);
        let survivors = answers
            .try_fold(BTreeMap::new(), |mut all, some| async {
                for found in some {
                    merge(&mut all, found);
                }
                Ok(all)
            })
            .await?;
        Ok(Receipt {
            format: JsonFormat,
            run: run.clone(),
            asked,
            verified: verified.len(),
            roots_not_asked: roots_not_asked(&affected, &verified),
            survivors: survivors.len(),
            named: survivors.into_values().take(MAX_NAMED).collect(),
        })
    }

    async fn ask(&self, affected: &Affected, call: VerifyCall) -> Result<Vec<FoundSurvivor>, PlanError> {
        match call {
            VerifyCall::Finder { edge, route, parents } => {
                self.ask_finder(affected, edge, route, parents).await
            }
            VerifyCall::Method { method, batch } => self.ask_method(affected, method, batch).await,
        }
    }

    async fn ask_finder(
        &self,
        affected: &Affected,
        edge_index: EdgeIx,
        route: EdgeRoute,
        parents: Vec<InstanceIx>,
    ) -> Result<Vec<FoundSurvivor>, PlanError> {
        let edge = &affected.graph.edges[edge_index];
        let extension = &*self.engine.extensions[edge.extension];
        let cx = FindContext::of(affected, route.root);
        let ids = affected.columns[edge.parent].ids.select(&parents);
        let settings = extension.descriptor().settings;
        let found = until_answered(settings, || extension.find(route.finder, &ids, &cx)).await;
        let survivors = found.and_then(|found| survivors(affected, edge_index, route, &parents, found));
        survivors.map_err(|error| {
            let finder = &extension.descriptor().finders[route.finder];
            PlanError::Finder {
                finder: format!("{}::{}", extension.descriptor().name, finder.method),
                parent: affected.resource_name(edge.parent).to_owned(),
                child: affected.resource_name(edge.child).to_owned(),
                place: finder.place,
                source: Box::new(error),
            }
        })
    }

    async fn ask_method(
        &self,
        affected: &Affected,
        method: Method,
        batch: Vec<InstanceIx>,
    ) -> Result<Vec<FoundSurvivor>, PlanError> {
        let Method { resource, extension, index } = method;
        let extension = &*self.engine.extensions[extension];
        let cx = FindContext::of(affected, 0);
        let ids = affected.columns[resource].ids.select(&batch);
        let settings = extension.descriptor().settings;
        let left = until_answered(settings, || extension.verify(index, &ids, &cx)).await;
        let not_asked = |id| CallError::Fault(format!("it answered `{id}`, which it was not asked about"));
        let left = left.and_then(|left| left.map_err(not_asked)).map_err(|error| {
            let declared = &extension.descriptor().verifies[index];
            PlanError::Verify {
                method: format!("{}::{}", extension.descriptor().name, declared.method),
                resource: affected.resource_name(resource).to_owned(),
                place: declared.place,
                source: Box::new(error),
            }
        })?;
        let found = left.into_iter().map(|(position, ())| FoundSurvivor {
            instance: affected.name(resource, batch[position]),
            parent: None,
            planned: true,
        });
        Ok(found.collect())
    }
}

/// Merges the answers about the same instance.
fn merge(all: &mut BTreeMap<(String, String, String), Survivor>, found: FoundSurvivor) {
    let FoundSurvivor { instance, parent, planned } = found;
    let survivor = all.entry(instance.sort_key()).or_insert_with(|| Survivor {
        instance,
        parent: parent.clone(),
        planned,
    });
    survivor.planned |= planned;
    survivor.parent = match (survivor.parent.take(), parent) {
        (Some(known), Some(other)) => Some(known.min(other)),
        (known, other) => known.or(other),
    };
}

/// The instances of a resource whose children discovery asked for.
fn expanded(affected: &Affected, resource: ResourceIx) -> usize {
    affected.columns[resource].dispositions.count(Disposition::is_expanded)
}

/// The finder calls along each edge whose children are removed.
fn finder_calls(affected: &Affected, batch: usize) -> Vec<VerifyCall> {
    let mut calls = Vec::new();
    for (edge_index, edge) in affected.graph.edges.enumerate() {
        let removes =
            |route: &EdgeRoute| matches!(route.reach, Reach::Effect { leaf: false, .. } | Reach::WithParent);
        let Some(route) = affected.route.edges[edge_index].filter(removes) else { continue };
        let is_expanded = |disposition: Disposition| disposition.is_expanded_for(edge.root);
        let parents = affected.columns[edge.parent].dispositions.indices(is_expanded);
        let batches = parents.chunks(batch);
        calls.extend(batches.map(|parents| VerifyCall::Finder {
            edge: edge_index,
            route,
            parents: parents.to_vec(),
        }));
    }
    calls
}

/// A verify method, and a batch of instances that it is asked about.
type VerifyMethodCall = (Method, Vec<InstanceIx>);

/// The instances that verify methods are asked about, as flags by resource and index.
pub(crate) struct Verified(Indexed<ResourceIx, Vec<bool>>);

impl Verified {
    pub(crate) fn has(&self, resource: ResourceIx, index: InstanceIx) -> bool {
        self.0[resource].get(index.position()).copied().unwrap_or(false)
    }

    fn len(&self) -> usize {
        self.0.iter().flatten().filter(|&&verified| verified).count()
    }

    fn add(&mut self, affected: &Affected, resource: ResourceIx, instances: &[InstanceIx]) {
        let verified = &mut self.0[resource];
        verified.resize(affected.columns[resource].len(), false);
        for &index in instances {
            verified[index.position()] = true;
        }
    }
}

/// The calls of verify methods, and the set of all instances that they are asked about.
pub(crate) fn verify_method_calls(affected: &Affected) -> (Vec<VerifyMethodCall>, Verified) {
    let (mut calls, mut verified) = (Vec::new(), Verified(Indexed::like(&affected.columns, Vec::new)));
    for (resource, node) in affected.graph.resources.enumerate() {
        for &extension in &node.extensions {
            let declared = &affected.graph.extensions[extension];
            for (index, phase) in declared.verifies.iter().enumerate() {
                if phase.operation.code() != affected.operation.descriptor().code() {
                    continue;
                }
                let method = Method { resource, extension, index };
                let instances = instances_of_verify(affected, method, phase);
                let batches = instances.chunks(declared.settings.batch);
                calls.extend(batches.map(|batch| (method, batch.to_vec())));
                verified.add(affected, resource, &instances);
            }
        }
    }
    (calls, verified)
}

/// The instances that a verify method is asked about: the removed ones, or those with one of the effects to which the
/// method is restricted.
fn instances_of_verify(affected: &Affected, method: Method, phase: &PhaseDeclaration) -> Vec<InstanceIx> {
    let Method { resource, extension, .. } = method;
    let only = only_effects(affected, resource, extension, phase);
    let applies = |&index: &InstanceIx| match only {
        Some(only) => affected.effects(resource, index).intersects(only),
        None => affected.is_going(resource, index),
    };
    affected.instances(resource).filter(applies).collect()
}

fn roots_not_asked(affected: &Affected, verified: &Verified) -> Vec<NotAsked> {
    let not_asked = affected.roots().filter_map(|(root, count)| {
        let resource = root.resource;
        let is_unverified =
            |&index: &InstanceIx| affected.is_going(resource, index) && !verified.has(resource, index);
        let count = InstanceIx::all(count as usize).filter(is_unverified).count();
        (count > 0).then(|| NotAsked {
            resource: affected.resource_name(resource).to_owned(),
            operation: affected.operation.descriptor().name().to_owned(),
            count,
        })
    });
    not_asked.collect()
}

/// The survivors in the answer of a finder.
fn survivors(
    affected: &Affected,
    edge: EdgeIx,
    route: EdgeRoute,
    asked: &[InstanceIx],
    found: Box<dyn DynFound>,
) -> Result<Vec<FoundSurvivor>, CallError> {
    let edge = &affected.graph.edges[edge];
    let named = found.parents(&*affected.columns[edge.parent].ids, asked).map_err(CallError::Fault)?;
    let children = found.known_children(&*affected.columns[edge.child].ids);
    let mut ids = affected.graph.resources[edge.child].descriptor.new_table();
    let indices = found.intern_children(&mut *ids, 0);
    // Along a shared edge, a child may remain as long as one of its owners does.
    let remains = |owner: &PackedOption<InstanceIx>| {
        owner.get().is_none_or(|owner| !affected.columns[edge.parent].is_expanded(owner))
    };
    let still_owned: BTreeSet<InstanceIx> = match &named {
        Some(named) if route.shared => {
            let owned = named.indices.iter().zip(&indices).filter(|(owner, _)| remains(owner));
            owned.map(|(_, &child)| child).collect()
        }
        _ => BTreeSet::new(),
    };
    let name = affected.resource_name(edge.child);
    let left = indices.into_iter().zip(children).filter(|(child, _)| !still_owned.contains(child));
    Ok(left
        .map(|(child, known)| FoundSurvivor {
            instance: InstanceName::new(
                name,
                ids.id_to_json(child).unwrap_or_default(),
                ids.display(child).to_string(),
            ),
            parent: Some(affected.resource_name(edge.parent).to_owned()),
            planned: known.is_some(),
        })
        .collect())
}
