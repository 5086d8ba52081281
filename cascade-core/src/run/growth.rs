//! Late dependents: instances that came to depend on affected ones after the plan was made. This file records where they
//! are refused, and how often the plan has grown.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::affected::Affected;
use crate::ids::{Index, InstanceIx, ResourceIx};
use crate::model::CallError;

/// How often a plan may grow below one instance and its late dependents. Without this limit, a run would never end while
/// another program keeps adding dependents.
pub(super) const MAX_ROUNDS: usize = 100;

/// The instances whose late dependents must not join the plan, by resource and index, each with the reason.
#[derive(Debug, Default)]
pub(crate) struct Refused(BTreeMap<(ResourceIx, InstanceIx), Arc<CallError>>);

impl Refused {
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn get(&self, resource: ResourceIx, index: InstanceIx) -> Option<&Arc<CallError>> {
        self.0.get(&(resource, index))
    }
}

/// The growth of a plan during a run.
#[derive(Debug, Default)]
pub(crate) struct Growth {
    pub(crate) refused: Refused,
    /// How often the plan has grown below an instance, by resource and index. A late dependent inherits the count of the
    /// instances it depends on, so that a growing chain is limited too.
    rounds: BTreeMap<(ResourceIx, InstanceIx), usize>,
}

/// An instance with late dependents.
#[derive(Clone)]
pub(super) struct GrownParent {
    /// Its resource and index.
    pub(super) instance: (ResourceIx, InstanceIx),
    /// A description of the late dependents, for messages.
    pub(super) difference: String,
}

impl Growth {
    pub(super) fn rounds_of(&self, instance: (ResourceIx, InstanceIx)) -> usize {
        self.rounds.get(&instance).copied().unwrap_or(0)
    }

    /// Refuses the late dependents of these parents: the parents' steps will fail with the difference and the reason.
    pub(super) fn refuse(&mut self, parents: Vec<GrownParent>, reason: &str) {
        for GrownParent { instance, difference } in parents {
            let error = CallError::Drifted(format!("{difference}; {reason}"));
            self.refused.0.insert(instance, Arc::new(error));
        }
    }

    /// Counts a round in which the plan grew from `old` to `grown`.
    pub(super) fn count(&mut self, parents: &[GrownParent], old: &Affected, grown: &Affected) {
        let rounds = parents.iter().map(|it| (it.instance, self.rounds_of(it.instance) + 1));
        let rounds: Vec<_> = rounds.collect();
        let latest = rounds.iter().map(|&(_, round)| round).max().unwrap_or(0);
        self.rounds.extend(rounds);
        for ((resource, old), grown) in old.columns.enumerate().zip(&grown.columns) {
            let new = InstanceIx::at(old.len()).up_to(InstanceIx::at(grown.len()));
            self.rounds.extend(new.map(|index| ((resource, index), latest)));
        }
    }
}
