//! Rediscovery: before a step, finders are called again for the dependents of its instances.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::drift::Drift;
use super::growth::Refused;
use super::scheduler::Step;
use super::view::{HasDeparted, View};
use super::with_parent::WithParentChildren;
use crate::affected::Affected;
use crate::discover::{LateDependents, Released, rediscover, rediscover_owners};
use crate::engine::Engine;
use crate::graph::Reach;
use crate::ids::{InstanceIx, NodeIx, ResourceIx};
use crate::model::CallError;
use crate::observe::Observers;
use crate::plan::PlanError;

/// The positions in a step that failed, each with its error.
pub(crate) type Failed = Vec<(usize, Arc<CallError>)>;

/// Instances whose step must not run, by resource and index, each with the reason.
type Against = ((ResourceIx, InstanceIx), Arc<CallError>);

/// How a pass rediscovers.
pub(crate) struct Rediscovery<'a> {
    drift: Drift,
    /// `None` if the pass does not rediscover.
    scope: Option<Scope<'a>>,
    refused: &'a Refused,
}

/// Why a step did not run. Its instances wait.
pub(crate) enum NotRun {
    /// The plan must grow by these late dependents first.
    Late(Vec<LateDependents>),
    /// Something departed: the plan must change first.
    Departed,
    /// The run was stopped.
    Stopped,
}

/// What a pass needs for its rediscovery.
struct Scope<'a> {
    view: &'a View,
    /// The children that complete with the instances of a step.
    with_parent: WithParentChildren,
    released: Released,
}

impl<'a> Rediscovery<'a> {
    pub(crate) fn new(drift: Drift, affected: &Affected, refused: &'a Refused, view: &'a View) -> Self {
        let scope = || Scope {
            view,
            with_parent: WithParentChildren::of(affected),
            released: Released::of(affected),
        };
        Self { drift, scope: (drift != Drift::Ignore).then(scope), refused }
    }
}

impl Rediscovery<'static> {
    /// For a pass that does not rediscover.
    pub(crate) fn none() -> Self {
        static NONE_REFUSED: Refused = Refused::new();
        Self { drift: Drift::Ignore, scope: None, refused: &NONE_REFUSED }
    }
}

impl Rediscovery<'_> {
    pub(crate) fn is_none(&self) -> bool {
        self.scope.is_none()
    }

    /// Refreshes the view of the run if it is too old, and rediscovers the dependents of everything that completes with the
    /// step. Returns the positions that must not run, and notes that a method may now have begun on the others.
    pub(crate) async fn before_step(
        &self,
        engine: &Engine,
        affected: &Affected,
        observers: &Observers,
        step: &Step,
        is_early: bool,
    ) -> Result<Failed, NotRun> {
        let Some(scope) = &self.scope else { return Ok(Failed::new()) };
        let may_start = match scope.view.fresh(engine, affected, observers).await {
            Ok(Ok(may_start)) => may_start,
            Ok(Err(HasDeparted)) => return Err(NotRun::Departed),
            Err(error) => {
                let error = Arc::new(of_refresh(error));
                return Ok((0..step.nodes.len()).map(|position| (position, Arc::clone(&error))).collect());
            }
        };
        let failed = self.rediscover(engine, affected, scope, step).await?;
        let is_open = |position: &usize| !failed.iter().any(|(failed, _)| failed == position);
        let open: Vec<NodeIx> =
            (0..step.nodes.len()).filter(is_open).map(|position| step.nodes[position]).collect();
        may_start.begin(affected, &scope.with_parent, &open, is_early);
        Ok(failed)
    }

    async fn rediscover(
        &self,
        engine: &Engine,
        affected: &Affected,
        scope: &Scope<'_>,
        step: &Step,
    ) -> Result<Failed, NotRun> {
        let mut against = Vec::new();
        let mut late = Vec::new();
        for (resource, instances) in completing_with(affected, &scope.with_parent, step) {
            match rediscover_owners(engine, affected, &scope.released, resource, &instances).await {
                Ok(kept) => {
                    let drifted = |(index, owner)| ((resource, index), Arc::new(CallError::Drifted(owner)));
                    against.extend(kept.into_iter().map(drifted));
                }
                Err(error) => against.extend(all_of(resource, &instances, error)),
            }
            let asked = self.not_refused(affected, resource, instances, &mut against);
            let left = scope.view.left_by_effects();
            match rediscover(engine, affected, &left, resource, &asked).await {
                Ok(found) => late.extend(self.accepted(affected, resource, found, &mut against)),
                Err(error) => against.extend(all_of(resource, &asked, error)),
            }
        }
        if !late.is_empty() {
            return Err(NotRun::Late(late));
        }
        Ok(positions_against(affected, &scope.with_parent, step, &against))
    }

    /// The instances whose dependents finders are called for. Those whose late dependents were refused before are added
    /// to `against`.
    fn not_refused(
        &self,
        affected: &Affected,
        resource: ResourceIx,
        instances: Vec<InstanceIx>,
        against: &mut Vec<Against>,
    ) -> Vec<InstanceIx> {
        let is_expanded = |index: &InstanceIx| affected.columns[resource].is_expanded(*index);
        let mut asked = Vec::new();
        for index in instances.into_iter().filter(is_expanded) {
            match self.refused.get(resource, index) {
                Some(error) => against.push(((resource, index), Arc::clone(error))),
                None => asked.push(index),
            }
        }
        asked
    }

    /// The late dependents by which the plan grows. The parents of the others are added to `against`.
    fn accepted(
        &self,
        affected: &Affected,
        resource: ResourceIx,
        found: Vec<LateDependents>,
        against: &mut Vec<Against>,
    ) -> Vec<LateDependents> {
        // As in a plan, an instance along a restricting edge is accepted if it is removed too.
        let is_allowed = |late: &LateDependents| late.route.reach != Reach::Restricts || late.is_removed;
        // An effect has just refused to act on those that may not join. They are found again after the others have joined.
        let joins = |late: &LateDependents| self.drift == Drift::Follow && is_allowed(late) && late.may_join;
        let (accepted, refused): (Vec<_>, Vec<_>) = found.into_iter().partition(joins);
        for late in refused {
            let error = Arc::new(CallError::Drifted(late.describe(affected)));
            against.extend(late.parents.iter().map(|&index| ((resource, index), Arc::clone(&error))));
        }
        accepted
    }
}

/// The positions of the step's instances that must not run: because of themselves, or of an instance that completes with
/// them. Each has the first reason.
fn positions_against(
    affected: &Affected,
    with_parent: &WithParentChildren,
    step: &Step,
    against: &[Against],
) -> Failed {
    let mut first = HashMap::new();
    for ((resource, index), error) in against.iter().rev() {
        first.insert(affected.node(*resource, *index), error);
    }
    if first.is_empty() {
        return Failed::new();
    }
    let positions = step.nodes.iter().enumerate().filter_map(|(position, &top)| {
        let completing = with_parent.with_removed_children(&[top]);
        let error = completing.iter().find_map(|node| first.get(node))?;
        Some((position, Arc::clone(error)))
    });
    positions.collect()
}

/// The instances that complete with a step, by resource: its own, and children that complete with their parent.
fn completing_with(
    affected: &Affected,
    with_parent: &WithParentChildren,
    step: &Step,
) -> BTreeMap<ResourceIx, Vec<InstanceIx>> {
    let mut by_resource: BTreeMap<ResourceIx, Vec<InstanceIx>> = BTreeMap::new();
    for node in with_parent.with_removed_children(&step.nodes) {
        let (resource, index) = affected.locate(node);
        by_resource.entry(resource).or_default().push(index);
    }
    for indices in by_resource.values_mut() {
        indices.sort_unstable();
    }
    by_resource
}

/// The error of a step that did not run because the refresh before it failed.
fn of_refresh(error: PlanError) -> CallError {
    match error {
        PlanError::Finder { finder, source, .. } => CallError::Finder { finder, source },
        error => CallError::Fault(error.to_string()),
    }
}

fn all_of(resource: ResourceIx, instances: &[InstanceIx], error: CallError) -> impl Iterator<Item = Against> {
    let error = Arc::new(error);
    instances.iter().map(move |&index| ((resource, index), Arc::clone(&error)))
}
