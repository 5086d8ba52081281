//! Instances depart from a run: the plan loses them, and the run continues with the smaller plan.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::extend::states_to_carry;
use super::growth::{GrownParent, Growth};
use super::pass::Pass;
use super::phases::{Run, with_ended};
use super::scheduler::{InitialState, Scheduler};
use crate::affected::{Affected, ArcRef, Departures, Refreshed};
use crate::ids::NodeIx;
use crate::observe::Event;
use crate::report::State;

/// Why an instance is left that no finder reports any more.
const DEPARTED: &str = "it no longer depends on anything that the run removes";

impl Run {
    /// Takes out of the plan what a refresh does not reach any more. Returns the states that instances have before the next
    /// pass.
    pub(crate) async fn depart(
        &mut self,
        growth: &mut Growth,
        now: &Refreshed,
        scheduler: &Scheduler,
        before: Vec<InitialState>,
    ) -> Vec<InitialState> {
        let old = Arc::clone(&self.affected);
        let not_begun: HashSet<NodeIx> = before.iter().map(|before| before.node).collect();
        let mut carried = states_to_carry(&old, scheduler, before);
        let begun = self.view.begun().clone();
        let Some(departures) = Departures::between(&old, now, &begun) else { return carried };
        let affected = Arc::new(departures.apply(&old));
        let left: BTreeMap<NodeIx, String> = departures
            .left()
            .map(|(resource, index)| (old.node(resource, index), DEPARTED.to_owned()))
            .collect();
        let were_begun = Pass::nodes_with_begin(&old);
        let are_begun = Pass::nodes_with_begin(&affected);
        self.only_begun.extend(were_begun.difference(&are_begun).filter(|node| !not_begun.contains(node)));
        refuse_new_cuts(growth, &old, &affected);
        // No further step may start before the journal has the smaller plan. If this write fails, no step starts at all.
        self.recorder.departed(&old, &affected, &departures, &left).await;
        self.settings.observers.notify(|| Event::Departed { instances: left.len() });
        self.has_changed = true;
        self.left.extend(left);
        self.affected = affected;
        // An instance below a failed begin may have moved to another parent. The begin pass blocks those that have not.
        carried.retain(|before| before.state != State::Blocked);
        with_ended(carried, self.begin().await)
    }
}

/// Refuses the step of each parent whose order the smaller plan gives up, and the larger one did not: nobody has allowed that.
fn refuse_new_cuts(growth: &mut Growth, old: &Affected, affected: &Affected) {
    let is_new = |arc: &&ArcRef| {
        let same = |edge| old.cycles.cut.binary_search(&ArcRef { edge, ..**arc }).is_ok();
        affected.has_to_allow(**arc) && !old.graph.copies_of(arc.edge).any(same)
    };
    let cut = affected.cycles.cut.iter().filter(is_new);
    let parents = cut.map(|arc| {
        let edge = &affected.graph.edges[arc.edge];
        let child = affected.name(edge.child, arc.child);
        GrownParent {
            instance: (edge.parent, arc.parent),
            difference: format!(
                "instances departed, and now its order with {child} would have to be given up"
            ),
        }
    });
    growth.refuse(parents.collect(), "plan the rest again");
}
