//! The difference between two plans of one operation.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::cut::{CutSummary, new_cuts};
use super::digest;
use super::error::PlanError;
use super::plan::Plan;
use crate::affected::Affected;
use crate::ids::{InstanceIx, ResourceIx};
use crate::model::{InstanceName, JsonFormat};

/// The maximum number of changes that a difference lists.
const LISTED: usize = 20;

/// The difference between a plan and a newer one: between the plan and the world when a run starts, or between a run's
/// plan and what is left of it under another graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanDifference {
    /// The format of the document.
    pub format: JsonFormat,
    /// Instances that only the newer plan affects.
    pub added: usize,
    /// Instances that only the older plan affects. For a resumed run: those that were not finished.
    pub gone: usize,
    /// Instances whose effects differ.
    pub changed: usize,
    /// Those of the changed instances that get a further effect, or that only the newer plan removes.
    pub extended: usize,
    /// Cuts that only the newer plan needs: arcs of cycles whose order it gives up.
    pub cuts: usize,
    /// The number of added and extended instances of each resource that has any.
    #[serde(default)]
    pub additions: BTreeMap<String, usize>,
    /// The first 20 changes.
    pub listed: Vec<PlanChange>,
    /// The digest of the newer plan. A program that showed a difference to a person compares it with the digest of the
    /// plan that it applies.
    pub digest: String,
}

/// One change from an older plan to a newer one. Effects are in words: `stop (leaf)` if the instance stays, `with its parent`
/// if it has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PlanChange {
    /// Only the newer plan affects the instance.
    Added {
        /// The instance.
        #[serde(flatten)]
        instance: InstanceName,
        /// Its effects.
        effects: Vec<String>,
    },
    /// Only the older plan affects the instance.
    Gone {
        /// The instance.
        #[serde(flatten)]
        instance: InstanceName,
        /// Its effects in the older plan.
        effects: Vec<String>,
    },
    /// The plans do different things to the instance.
    Changed {
        /// The instance.
        #[serde(flatten)]
        instance: InstanceName,
        /// Its effects in the newer plan.
        effects: Vec<String>,
        /// Its effects in the older plan.
        before: Vec<String>,
    },
    /// Only the newer plan gives up this part of the order.
    Cut(CutSummary),
}

impl fmt::Display for PlanChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { instance, effects } => write!(f, "+ {instance}: {}", effects.join(", ")),
            Self::Gone { instance, effects } => write!(f, "- {instance}: {}", effects.join(", ")),
            Self::Changed { instance, effects, before } => {
                write!(f, "~ {instance}: {}, was {}", effects.join(", "), before.join(", "))
            }
            Self::Cut(cut) => write!(f, "! {cut}: the order is given up"),
        }
    }
}

impl Plan {
    /// Compares this plan with a newer one of the same operation. For a comparison with the world of now, see
    /// [`Cascade::difference`](crate::Cascade::difference).
    ///
    /// # Errors
    ///
    /// [`PlanError::OtherGraph`] if another [`Cascade`](crate::Cascade) made the newer plan, or [`PlanError::Digest`] if an id
    /// cannot be serialised.
    pub fn difference_to(&self, newer: &Self) -> Result<PlanDifference, PlanError> {
        if !self.affected.graph.is_same(&newer.affected.graph) {
            return Err(PlanError::OtherGraph);
        }
        Ok(PlanDifference::between(&self.affected, &newer.affected)?)
    }
}

impl PlanDifference {
    /// Whether the newer plan does more than the older one, to further instances or to an instance of both, or gives up
    /// more of the order.
    pub fn adds(&self) -> bool {
        self.added + self.extended + self.cuts > 0
    }

    /// Whether the newer plan adds more than is tolerated: the number of additions for each resource.
    pub(crate) fn adds_more_than(&self, tolerated: &BTreeMap<String, usize>) -> bool {
        let is_tolerated =
            |(name, count): (&String, &usize)| *count <= tolerated.get(name).copied().unwrap_or_default();
        self.cuts > 0 || !self.additions.iter().all(is_tolerated)
    }

    /// Whether both plans do the same to the same instances, and the newer one gives up no more of the order.
    pub fn is_empty(&self) -> bool {
        self.added + self.gone + self.changed + self.cuts == 0
    }

    /// Compares two affected sets of one graph by resource, id, effects and removal. Parents do not count, because they
    /// decide only the order.
    pub(crate) fn between(before: &Affected, after: &Affected) -> Result<Self, serde_json::Error> {
        let mut difference = Self { digest: digest::of(after)?, ..Self::default() };
        for resource in after.columns.indices() {
            difference.compare(before, after, resource);
        }
        difference.compare_cuts(before, after);
        Ok(difference)
    }

    fn compare(&mut self, before: &Affected, after: &Affected, resource: ResourceIx) {
        for (index, old) in counterparts(after, before, resource) {
            let instance = || after.name(resource, index);
            let effects = actions(after, resource, index);
            let Some(old) = old else {
                self.count_addition(after.resource_name(resource));
                self.add(instance, effects);
                continue;
            };
            let (effects_before, effects_after) =
                (before.effects(resource, old), after.effects(resource, index));
            let (removed_before, removed_after) =
                (before.is_going(resource, old), after.is_going(resource, index));
            let further =
                !effects_after.without(effects_before).is_empty() || removed_after && !removed_before;
            if further {
                self.extended += 1;
                self.count_addition(after.resource_name(resource));
            }
            if effects_before != effects_after || removed_before != removed_after {
                self.change(instance, actions(before, resource, old), effects);
            }
        }
        for (index, new) in counterparts(before, after, resource) {
            if new.is_none() {
                self.remove(|| before.name(resource, index), actions(before, resource, index));
            }
        }
    }

    fn compare_cuts(&mut self, before: &Affected, after: &Affected) {
        if !after.has_cuts_to_allow() {
            return;
        }
        let same = |resource: ResourceIx, index: InstanceIx| {
            let ids = after.columns[resource].ids.select(&[index]);
            before.columns[resource].ids.known(&ids).into_iter().next().flatten()
        };
        for cut in new_cuts(before, after, same) {
            self.cuts += 1;
            self.list(|| PlanChange::Cut(cut));
        }
    }

    fn count_addition(&mut self, resource: &str) {
        *self.additions.entry(resource.to_owned()).or_default() += 1;
    }

    pub(crate) fn add(&mut self, instance: impl FnOnce() -> InstanceName, effects: Vec<String>) {
        self.added += 1;
        self.list(|| PlanChange::Added { instance: instance(), effects });
    }

    pub(crate) fn remove(&mut self, instance: impl FnOnce() -> InstanceName, effects: Vec<String>) {
        self.gone += 1;
        self.list(|| PlanChange::Gone { instance: instance(), effects });
    }

    pub(crate) fn change(
        &mut self,
        instance: impl FnOnce() -> InstanceName,
        before: Vec<String>,
        effects: Vec<String>,
    ) {
        self.changed += 1;
        self.list(|| PlanChange::Changed { instance: instance(), effects, before });
    }

    fn list(&mut self, change: impl FnOnce() -> PlanChange) {
        if self.listed.len() < LISTED {
            self.listed.push(change());
        }
    }
}

/// The affected instances of a resource in one set by id, each with its index in the other set if that affects it too.
fn counterparts(
    of: &Affected,
    other: &Affected,
    resource: ResourceIx,
) -> Vec<(InstanceIx, Option<InstanceIx>)> {
    let instances: Vec<InstanceIx> = of.sorted(resource).collect();
    let column = &other.columns[resource];
    let known = column.ids.known(&of.columns[resource].ids.select(&instances));
    let affected = known.into_iter().map(|index| index.filter(|&index| column.is_affected(index)));
    instances.into_iter().zip(affected).collect()
}

/// What a plan does to an instance, in words.
fn actions(affected: &Affected, resource: ResourceIx, index: InstanceIx) -> Vec<String> {
    let effects = affected.effect_names(resource, index);
    let leaf = if affected.is_going(resource, index) { "" } else { " (leaf)" };
    let effects: Vec<String> = effects.map(|effect| format!("{effect}{leaf}")).collect();
    if effects.is_empty() { vec![String::from("with its parent")] } else { effects }
}

impl fmt::Display for PlanDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { added, gone, changed, cuts, listed, .. } = self;
        write!(f, "{added} added, {gone} gone, {changed} with other effects")?;
        if *cuts > 0 {
            write!(f, ", {cuts} with an order that is given up")?;
        }
        for change in listed {
            write!(f, "\n  {change}")?;
        }
        let rest = added + gone + changed + cuts - listed.len();
        if rest > 0 { write!(f, "\n  and {rest} more") } else { Ok(()) }
    }
}
