//! Instances that came to depend on others after the plan was made: which of them may join, and how often the plan grew.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::affected::Affected;
use crate::model::CallError;

/// How often a plan may grow below one instance and what came there. A world that keeps adding under what is being
/// taken none has to be stopped by other means.
pub(super) const ROUNDS: usize = 100;

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
pub(crate) struct Growth {
    pub(crate) refused: Refused,
    /// How often the plan has grown below an instance, by resource and index. What came counts from there on.
    rounds: BTreeMap<(usize, u32), usize>,
}

/// An instance that newcomers hang off, by resource and index, with the difference in words.
pub(super) type Above = ((usize, u32), String);

impl Growth {
    pub(super) fn rounds_of(&self, instance: (usize, u32)) -> usize {
        self.rounds.get(&instance).copied().unwrap_or(0)
    }

    pub(super) fn refuse(&mut self, above: Vec<Above>, reason: &str) {
        for (instance, difference) in above {
            let error = CallError::Drifted(format!("{difference}; {reason}"));
            self.refused.0.insert(instance, Arc::new(error));
        }
    }

    /// Takes note of a round.
    pub(super) fn count(&mut self, above: &[Above], old: &Affected, grown: &Affected) {
        let rounds = above.iter().map(|&(instance, _)| (instance, self.rounds_of(instance) + 1));
        let rounds: Vec<_> = rounds.collect();
        let latest = rounds.iter().map(|&(_, round)| round).max().unwrap_or(0);
        self.rounds.extend(rounds);
        for (resource, (old, grown)) in old.columns.iter().zip(&grown.columns).enumerate() {
            self.rounds.extend((old.len()..grown.len()).map(|index| ((resource, index as u32), latest)));
        }
    }
}
