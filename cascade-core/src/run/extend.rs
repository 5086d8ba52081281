//! Late dependents join a run: the plan grows by them and by everything that depends on them, and the run continues with
//! the larger plan.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::Arc;

use super::failure_policy::FailurePolicy;
use super::growth::{GrownParent, Growth, MAX_ROUNDS};
use super::phases::{Run, with_ended};
use super::scheduler::{InitialState, Scheduler};
use super::with_parent::WithParentChildren;
use crate::affected::{Affected, Ran};
use crate::discover::{LateDependents, extend, not_listed, objections};
use crate::ids::{Index, InstanceIx, NodeIx, ResourceIx};
use crate::model::Phase;
use crate::observe::Event;
use crate::plan::{PlanVeto, listed_cuts, new_cuts};
use crate::report::State;

/// The reason why a plan must not grow.
enum Refusal {
    /// None of the late dependents may join.
    All(String),
    /// The late dependents of these instances must not join, each with the reason. The others may.
    Below(BTreeMap<(ResourceIx, InstanceIx), String>),
}

impl Run {
    /// Adds late dependents to the plan, or records why they must not join. Returns the states that instances have before
    /// the next pass.
    pub(crate) async fn extend_plan(
        &mut self,
        growth: &mut Growth,
        late: Vec<LateDependents>,
        scheduler: &Scheduler,
        before: Vec<InitialState>,
        ran: &Ran,
    ) -> Vec<InitialState> {
        let old = Arc::clone(&self.affected);
        let carried = states_to_carry(&old, scheduler, before);
        let parents: Vec<GrownParent> = late.iter().flat_map(|late| grown_parents(&old, late)).collect();
        let exceeds = |parent: &GrownParent| growth.rounds_of(parent.instance) >= MAX_ROUNDS;
        let over: Vec<GrownParent> = parents.iter().filter(|parent| exceeds(parent)).cloned().collect();
        if !over.is_empty() {
            // The next pass finds the late dependents of the other parents again.
            let reason = format!(
                "new ones were found in each of {MAX_ROUNDS} rounds: stop the program that adds them, then run again"
            );
            growth.refuse(over, &reason);
            return carried;
        }
        match self.grow(late, &parents).await {
            Ok((affected, overridden)) => {
                growth.count(&parents, &old, &affected);
                // No step on a late dependent may start before the journal has the larger plan. If this write fails, no
                // step starts at all.
                // What an earlier process may have begun may have to wait again, and then it is not ready any more.
                let repeats: Vec<NodeIx> = self
                    .repeats
                    .of(Phase::Effect)
                    .map(|(resource, index)| old.node(resource, index))
                    .collect();
                let ending = WithParentChildren::of(&old).with_removed_children(&repeats).into_iter();
                let repeats = ending.map(|node| old.locate(node)).collect();
                self.recorder.grown(&old, &affected, &overridden, repeats).await;
                self.overridden.extend(overridden);
                self.rebase(&old, affected);
                let ended = self.renumber(&old, carried, ran);
                with_ended(ended, self.begin().await)
            }
            Err(Refusal::All(reason)) => {
                growth.refuse(parents, &reason);
                carried
            }
            // The next pass finds the late dependents of the other parents again.
            Err(Refusal::Below(reasons)) => {
                for parent in parents {
                    if let Some(reason) = reasons.get(&parent.instance) {
                        growth.refuse(vec![parent], reason);
                    }
                }
                carried
            }
        }
    }

    /// Makes the larger plan and asks the checks, authorizers and limits about it. The second value lists the new vetoes
    /// that a forced run overrides.
    async fn grow(
        &self,
        late: Vec<LateDependents>,
        parents: &[GrownParent],
    ) -> Result<(Arc<Affected>, Vec<PlanVeto>), Refusal> {
        let Self { engine, affected, settings, .. } = self;
        let grown = extend(affected, &engine.extensions, late, engine.find).await;
        let unplanned = |error| Refusal::All(format!("planning them failed: {}", with_sources(&error)));
        let grown = Arc::new(grown.map_err(unplanned)?);
        let exceeded = settings.limits.exceeded(&grown);
        if let Some(exceeded) = exceeded.first() {
            return Err(Refusal::All(format!("with them the plan is over the limit: {exceeded}")));
        }
        let cuts = new_cuts(affected, &grown, |_, index| Some(index));
        if !cuts.is_empty() {
            let arcs = listed_cuts(&cuts);
            return Err(Refusal::All(format!("with them the plan would give up the order of {arcs}")));
        }
        let objections = objections(engine, &grown, Some(affected), &settings.nesting, settings.forced).await;
        let objections = objections.map_err(|error| Refusal::All(with_sources(&error)))?;
        let vetoes = objections.vetoes.iter().filter(|_| !settings.forced);
        match refusal(&grown, parents, objections.denials.iter().chain(vetoes)) {
            Some(refusal) => Err(refusal),
            None => Ok((grown, not_listed(objections.vetoes, &self.overridden))),
        }
    }

    /// Replaces the plan of this run by the larger one.
    fn rebase(&mut self, old: &Affected, grown: Arc<Affected>) {
        let added = grown.count.saturating_sub(old.count);
        self.settings.observers.notify(|| Event::Chased { newcomers: added });
        let failures = std::mem::take(&mut self.failures).into_iter();
        self.failures = failures.map(|(node, failure)| (moved(old, &grown, node), failure)).collect();
        let left = std::mem::take(&mut self.left).into_iter();
        self.left = left.map(|(node, reason)| (moved(old, &grown, node), reason)).collect();
        let begun = std::mem::take(&mut self.only_begun).into_iter();
        self.only_begun = begun.map(|node| moved(old, &grown, node)).collect();
        self.affected = grown;
    }

    /// Translates states of instances to the nodes of the larger plan. Drops the states of ended instances that have effects
    /// left there, after those that `ran`, and of those that a failed begin blocked: the begin pass blocks them again.
    fn renumber(&self, old: &Affected, before: Vec<InitialState>, ran: &Ran) -> Vec<InitialState> {
        let grown = &self.affected;
        let has_ended = |before: &InitialState| {
            let (resource, index) = old.locate(before.node);
            let none_left = grown.effects_left(resource, index, ran.of(resource, index)).is_empty();
            match before.state {
                State::Done => none_left,
                State::Failed => none_left || !self.continues_with(moved(old, grown, before.node)),
                State::Blocked => false,
                State::Waiting | State::Running | State::Left => true,
            }
        };
        before
            .into_iter()
            .filter(has_ended)
            .map(|InitialState { node, state, cause }| InitialState {
                node: moved(old, grown, node),
                state,
                cause: moved(old, grown, cause),
            })
            .collect()
    }

    /// Whether a failed instance gets further steps: only in a forced run, and not if the failure was drift.
    pub(crate) fn continues_with(&self, node: NodeIx) -> bool {
        self.settings.policy == FailurePolicy::Force && !self.drifted.contains(&self.affected.locate(node))
    }
}

/// The refusal that follows from the objections. An objection refuses the late dependents of those parents through which
/// the rejected instance came into the plan; if there is none, it refuses all.
fn refusal<'o>(
    grown: &Affected,
    parents: &[GrownParent],
    objections: impl Iterator<Item = &'o PlanVeto>,
) -> Option<Refusal> {
    let parents: BTreeSet<(ResourceIx, InstanceIx)> = parents.iter().map(|it| it.instance).collect();
    let mut reasons = BTreeMap::new();
    for objection in objections {
        let reason = format!("they must not be touched: {objection}");
        let refused = nearest_ancestors(grown, objection, &parents);
        if refused.is_empty() {
            return Some(Refusal::All(reason));
        }
        for instance in refused {
            reasons.entry(instance).or_insert_with(|| reason.clone());
        }
    }
    (!reasons.is_empty()).then_some(Refusal::Below(reasons))
}

/// On each path from the rejected instance to its ancestors, the first instance that is in `parents`.
fn nearest_ancestors(
    grown: &Affected,
    objection: &PlanVeto,
    parents: &BTreeSet<(ResourceIx, InstanceIx)>,
) -> BTreeSet<(ResourceIx, InstanceIx)> {
    let rejected = &objection.instance;
    let Some(resource) = grown.graph.find_resource(&rejected.resource) else { return BTreeSet::new() };
    let is_rejected = |&index: &InstanceIx| {
        grown.display(resource, index).to_string() == rejected.text
            && grown.name(resource, index) == *rejected
    };
    let mut to_visit: Vec<(ResourceIx, InstanceIx)> = InstanceIx::all(grown.columns[resource].len())
        .filter(is_rejected)
        .map(|index| (resource, index))
        .collect();
    let mut seen: BTreeSet<(ResourceIx, InstanceIx)> = to_visit.iter().copied().collect();
    let mut found = BTreeSet::new();
    while let Some((resource, index)) = to_visit.pop() {
        for &edge in &grown.graph.resources[resource].up {
            let resource = grown.graph.edges[edge].parent;
            for parent in grown.parents(edge, index).into_iter().map(|index| (resource, index)) {
                if parents.contains(&parent) {
                    found.insert(parent);
                } else if seen.insert(parent) {
                    to_visit.push(parent);
                }
            }
        }
    }
    found
}

/// The parents of late dependents.
fn grown_parents(affected: &Affected, late: &LateDependents) -> Vec<GrownParent> {
    let resource = affected.graph.edges[late.edge].parent;
    let difference = late.describe(affected);
    let parent = |&index| GrownParent { instance: (resource, index), difference: difference.clone() };
    late.parents.iter().map(parent).collect()
}

/// The states that the next pass starts with: of the instances that ended in this pass, and of those that `before` kept
/// from running.
pub(super) fn states_to_carry(
    affected: &Affected,
    scheduler: &Scheduler,
    before: Vec<InitialState>,
) -> Vec<InitialState> {
    let ended = scheduler.states().enumerate();
    let ended = ended.filter(|(node, state)| match state {
        State::Failed | State::Left => true,
        // The state of a `with_parent` instance follows from its parents; an unaffected instance may be affected now.
        State::Done => affected.is_affected(*node) && !affected.is_removed_with_parent(*node),
        State::Waiting | State::Running | State::Blocked => false,
    });
    let mut carried: Vec<InitialState> =
        ended.map(|(node, &state)| InitialState { node, state, cause: node }).collect();
    carried.extend(before.into_iter().filter(|before| before.state == State::Blocked));
    carried
}

/// The node that an instance has in the larger plan.
fn moved(old: &Affected, grown: &Affected, node: NodeIx) -> NodeIx {
    let (resource, index) = old.locate(node);
    grown.node(resource, index)
}

/// The error with its sources. A message may already contain the one of its source.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let message = error.to_string();
        if !text.ends_with(&message) {
            text = format!("{text}: {message}");
        }
        source = error.source();
    }
    text
}
