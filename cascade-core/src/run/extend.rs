//! LateDependents join a run: the plan grows by them and by what hangs off them, and the run goes on with the larger one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::driver::{Run, with_ended};
use super::failure_policy::FailurePolicy;
use super::growth::{Above, Growth, ROUNDS};
use super::scheduler::{Before, Scheduler};
use crate::affected::Affected;
use crate::discover::{LateDependents, extend, not_listed, objections};
use crate::observe::Event;
use crate::plan::PlanVeto;
use crate::report::State;

/// Why a plan must not grow.
enum Refusal {
    /// By nothing of what was found.
    All(String),
    /// Not by what came below these; by the rest it may.
    Below(BTreeMap<(usize, u32), String>),
}

impl Run {
    /// Lets newcomers join, or notes why they must not. Answers what became of the instances so far.
    pub(crate) async fn extend_plan(
        &mut self,
        chase: &mut Growth,
        newcomers: Vec<LateDependents>,
        scheduler: &Scheduler,
        before: Vec<Before>,
    ) -> Vec<Before> {
        let old = Arc::clone(&self.affected);
        let carried = carry(&old, scheduler, before);
        let above: Vec<Above> = newcomers.iter().flat_map(|newcomers| above(&old, newcomers)).collect();
        let is_spent = |(instance, _): &Above| chase.rounds_of(*instance) >= ROUNDS;
        let spent: Vec<Above> = above.iter().filter(|above| is_spent(above)).cloned().collect();
        if !spent.is_empty() {
            // What came elsewhere is found once more.
            let reason =
                format!("and they kept coming for {ROUNDS} rounds: stop what adds them, and run again");
            chase.refuse(spent, &reason);
            return carried;
        }
        match self.grow(newcomers, &above).await {
            Ok((affected, overridden)) => {
                chase.count(&above, &old, &affected);
                // No step on a newcomer starts before it is on record; without that, none does at all.
                self.recorder.grown(&old, &affected, &overridden).await;
                self.overridden.extend(overridden);
                self.rebase(&old, affected);
                let ended = self.renumber(&old, carried);
                with_ended(ended, self.begin(Some(&old)).await)
            }
            Err(Refusal::All(reason)) => {
                chase.refuse(above, &reason);
                carried
            }
            // What came below the others is found once more.
            Err(Refusal::Below(reasons)) => {
                for (instance, difference) in above {
                    if let Some(reason) = reasons.get(&instance) {
                        chase.refuse(vec![(instance, difference)], reason);
                    }
                }
                carried
            }
        }
    }

    /// The larger plan, if nothing stands against it, with the vetoes that a forced run goes on in spite of.
    async fn grow(
        &self,
        newcomers: Vec<LateDependents>,
        above: &[Above],
    ) -> Result<(Arc<Affected>, Vec<PlanVeto>), Refusal> {
        let Self { engine, affected, settings, .. } = self;
        let grown = extend(affected, &engine.extensions, newcomers, engine.find).await;
        let unplanned = |error| Refusal::All(format!("they could not be planned: {error}"));
        let grown = Arc::new(grown.map_err(unplanned)?);
        let exceeded = settings.limits.exceeded(&grown);
        if let Some(exceeded) = exceeded.first() {
            return Err(Refusal::All(format!("with them the plan is over the limit: {exceeded}")));
        }
        let against = objections(engine, &grown, Some(affected), &settings.nesting, settings.forced).await;
        let against = against.map_err(|error| Refusal::All(error.to_string()))?;
        let vetoes = against.vetoes.iter().filter(|_| !settings.forced);
        match refusal(&grown, above, against.denials.iter().chain(vetoes)) {
            Some(refusal) => Err(refusal),
            None => Ok((grown, not_listed(against.vetoes, &self.overridden))),
        }
    }

    /// Goes on with the larger plan.
    fn rebase(&mut self, old: &Affected, grown: Arc<Affected>) {
        let newcomers = grown.count.saturating_sub(old.count);
        self.settings.observers.notify(|| Event::Chased { newcomers });
        let failures = std::mem::take(&mut self.failures).into_iter();
        self.failures = failures.map(|(node, failure)| (moved(old, &grown, node), failure)).collect();
        self.affected = grown;
    }

    /// The same under the numbers of the larger plan. What gets a further effect there is not done.
    fn renumber(&self, old: &Affected, before: Vec<Before>) -> Vec<Before> {
        let grown = &self.affected;
        let has_ended = |before: &Before| {
            let (resource, index) = old.locate(before.node);
            let unchanged = old.effects(resource, index) == grown.effects(resource, index);
            match before.state {
                State::Done => unchanged,
                State::Failed => unchanged || !self.goes_on_with(moved(old, grown, before.node)),
                State::Waiting | State::Running | State::Blocked => true,
            }
        };
        before
            .into_iter()
            .filter(has_ended)
            .map(|Before { node, state, cause }| Before {
                node: moved(old, grown, node),
                state,
                cause: moved(old, grown, cause),
            })
            .collect()
    }

    /// Whether an instance that failed gets further steps: in a forced run, unless the world has moved under it.
    pub(crate) fn goes_on_with(&self, node: u32) -> bool {
        self.settings.policy == FailurePolicy::Force && !self.drifted.contains(&self.affected.locate(node))
    }
}

/// What the objections refuse: the newcomers of those that what is objected to hangs below.
fn refusal<'o>(
    grown: &Affected,
    above: &[Above],
    objections: impl Iterator<Item = &'o PlanVeto>,
) -> Option<Refusal> {
    let above: BTreeSet<(usize, u32)> = above.iter().map(|&(instance, _)| instance).collect();
    let mut reasons = BTreeMap::new();
    for objection in objections {
        let reason = format!("they must not be touched: {objection}");
        let refused = nearest_above(grown, objection, &above);
        if refused.is_empty() {
            return Some(Refusal::All(reason));
        }
        for instance in refused {
            reasons.entry(instance).or_insert_with(|| reason.clone());
        }
    }
    (!reasons.is_empty()).then_some(Refusal::Below(reasons))
}

/// Upwards from what is objected to: the first of `above` on each way.
fn nearest_above(
    grown: &Affected,
    objection: &PlanVeto,
    above: &BTreeSet<(usize, u32)>,
) -> BTreeSet<(usize, u32)> {
    let Some(resource) = grown.graph.find_resource(&objection.resource) else { return BTreeSet::new() };
    let is_it = |index: &u32| grown.display(resource, *index).to_string() == objection.id;
    let mut open: Vec<(usize, u32)> =
        (0..grown.columns[resource].len() as u32).filter(is_it).map(|index| (resource, index)).collect();
    let mut seen: BTreeSet<(usize, u32)> = open.iter().copied().collect();
    let mut found = BTreeSet::new();
    while let Some((resource, index)) = open.pop() {
        for &edge in &grown.graph.resources[resource].up {
            let resource = grown.graph.edges[edge].parent;
            for parent in grown.parents(edge, index).into_iter().map(|index| (resource, index)) {
                if above.contains(&parent) {
                    found.insert(parent);
                } else if seen.insert(parent) {
                    open.push(parent);
                }
            }
        }
    }
    found
}

/// The instances that newcomers hang off.
fn above(affected: &Affected, newcomers: &LateDependents) -> Vec<Above> {
    let resource = affected.graph.edges[newcomers.edge].parent;
    let difference = newcomers.describe(affected);
    newcomers.parents.iter().map(|&index| ((resource, index), difference.clone())).collect()
}

/// What became of the instances in a pass: what has ended, and what `before` kept from running.
fn carry(affected: &Affected, scheduler: &Scheduler, before: Vec<Before>) -> Vec<Before> {
    let ended = scheduler.states().iter().zip(0..);
    let ended = ended.filter(|(state, node)| match state {
        State::Failed => true,
        // What has no step of its own follows from what has; what was not affected may be so now.
        State::Done => affected.is_affected(*node) && !affected.is_removed_with_parent(*node),
        State::Waiting | State::Running | State::Blocked => false,
    });
    let mut carried: Vec<Before> = ended.map(|(&state, node)| Before { node, state, cause: node }).collect();
    carried.extend(before.into_iter().filter(|before| before.state == State::Blocked));
    carried
}

fn moved(old: &Affected, grown: &Affected, node: u32) -> u32 {
    let (resource, index) = old.locate(node);
    grown.node(resource, index)
}
