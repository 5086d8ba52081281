//! Newcomers join a run: the plan grows by them and by what hangs off them, and the run goes on with the larger one.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::affected::Affected;
use crate::call::CallError;
use crate::discover::extend;
use crate::drift::Newcomers;
use crate::event::Event;
use crate::execute::{Run, with_ended};
use crate::plan::PlanVeto;
use crate::report::Failure;
use crate::schedule::{Before, FailurePolicy, Scheduler, State};
use crate::vet::{not_listed, objections};

/// How often a plan may grow below one instance and what came there. A world that keeps adding under what is being
/// taken away has to be stopped by other means.
const ROUNDS: usize = 100;

/// The instances whose newcomers must not join, by resource and index, each with the reason.
#[derive(Debug, Default)]
pub(crate) struct Refused(BTreeMap<(usize, u32), Arc<CallError>>);

impl Refused {
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn get(&self, resource: usize, index: u32) -> Option<&Arc<CallError>> {
        self.0.get(&(resource, index))
    }
}

/// How far the chase is.
#[derive(Debug, Default)]
pub(crate) struct Chase {
    pub(crate) refused: Refused,
    /// How often the plan has grown below an instance, by resource and index. What came counts from there on.
    rounds: BTreeMap<(usize, u32), usize>,
}

/// An instance that newcomers hang off, by resource and index, with the difference in words.
type Above = ((usize, u32), String);

impl Chase {
    fn rounds_of(&self, instance: (usize, u32)) -> usize {
        self.rounds.get(&instance).copied().unwrap_or(0)
    }

    fn refuse(&mut self, above: Vec<Above>, reason: &str) {
        for (instance, difference) in above {
            let error = CallError::Drifted(format!("{difference}; {reason}"));
            self.refused.0.insert(instance, Arc::new(error));
        }
    }

    /// Takes note of a round.
    fn count(&mut self, above: &[Above], old: &Affected, grown: &Affected) {
        let rounds = above.iter().map(|&(instance, _)| (instance, self.rounds_of(instance) + 1));
        let rounds: Vec<_> = rounds.collect();
        let latest = rounds.iter().map(|&(_, round)| round).max().unwrap_or(0);
        self.rounds.extend(rounds);
        for (resource, (old, grown)) in old.columns.iter().zip(&grown.columns).enumerate() {
            self.rounds.extend((old.len()..grown.len()).map(|index| ((resource, index as u32), latest)));
        }
    }
}

impl Run {
    /// Lets newcomers join, or notes why they must not. Answers what became of the instances so far.
    pub(crate) async fn chase(
        &mut self,
        chase: &mut Chase,
        newcomers: Vec<Newcomers>,
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
        match self.grow(newcomers).await {
            Ok((affected, overridden)) => {
                chase.count(&above, &old, &affected);
                // No step on a newcomer starts before it is on record; without that, none does at all.
                self.recorder.grown(&old, &affected, &overridden).await;
                self.overridden.extend(overridden);
                self.rebase(&old, affected);
                let ended = self.renumber(&old, carried);
                with_ended(ended, self.begin(Some(&old)).await)
            }
            Err(reason) => {
                chase.refuse(above, &reason);
                carried
            }
        }
    }

    /// The larger plan, if nothing stands against it, with the vetoes that a forced run goes on in spite of.
    async fn grow(&self, newcomers: Vec<Newcomers>) -> Result<(Arc<Affected>, Vec<PlanVeto>), String> {
        let Self { engine, affected, settings, .. } = self;
        let grown = extend(affected, &engine.extensions, newcomers, engine.find).await;
        let grown = Arc::new(grown.map_err(|error| format!("they could not be planned: {error}"))?);
        let exceeded = settings.limits.exceeded(&grown);
        if let Some(exceeded) = exceeded.first() {
            return Err(format!("with them the plan is over the limit: {exceeded}"));
        }
        let against = objections(engine, &grown, Some(affected), &settings.nesting, settings.forced).await;
        let against = against.map_err(|error| error.to_string())?;
        let vetoes = against.vetoes.iter().filter(|_| !settings.forced);
        if let Some(veto) = against.denials.iter().chain(vetoes).next() {
            return Err(format!("they must not be touched: {veto}"));
        }
        Ok((grown, not_listed(against.vetoes, &self.overridden)))
    }

    /// Goes on with the larger plan.
    fn rebase(&mut self, old: &Affected, grown: Arc<Affected>) {
        let newcomers = grown.count.saturating_sub(old.count);
        self.settings.observers.tell(|| Event::Chased { newcomers });
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
        let drifted = |failure: &Failure| matches!(*failure.error, CallError::Drifted(_));
        self.settings.policy == FailurePolicy::Force && !self.failures.get(&node).is_some_and(drifted)
    }
}

/// The instances that newcomers hang off.
fn above(affected: &Affected, newcomers: &Newcomers) -> Vec<Above> {
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
        State::Done => affected.is_affected(*node) && !affected.is_taken_without_step(*node),
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
