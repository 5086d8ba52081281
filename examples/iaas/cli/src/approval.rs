//! What a person has read about a plan, and how the cloud has changed meanwhile.

use std::fmt;

use cascade_core::{Drift, Plan, PlanDifference, PlanSummary, PlanVeto};

use crate::args::How;
use crate::cloud::Cloud;
use crate::failure::Failure;
use crate::warning::Warning;

/// The maximum number of started instances that are listed.
const LISTED: usize = 20;

/// A plan, with all that a person reads about it.
pub(crate) struct Approval {
    pub(crate) plan: Plan,
    pub(crate) summary: PlanSummary,
    pub(crate) warning: Warning,
}

impl Approval {
    pub(crate) async fn of(cloud: &Cloud, plan: Plan) -> Result<Self, Failure> {
        let summary = plan.summary().map_err(Failure::failed)?;
        let warning = Warning::of(&cloud.db, &plan, &summary).await?;
        Ok(Self { plan, summary, warning })
    }

    /// The ids of the roots, which the person types.
    pub(crate) fn roots(&self) -> Vec<&str> {
        self.summary.roots.iter().map(|root| root.text.as_str()).collect()
    }

    /// How the cloud has changed from this plan to a newer one.
    pub(crate) fn changes(&self, newer: &Self) -> Result<Changes, Failure> {
        let is_new = |veto: &&PlanVeto| !self.plan.vetoes().contains(*veto);
        let running = newer.warning.running.difference(&self.warning.running);
        Ok(Changes {
            difference: self.plan.difference_to(&newer.plan)?,
            vetoes: newer.plan.vetoes().iter().filter(is_new).cloned().collect(),
            started: running.map(|(resource, id)| format!("{resource} {id}")).collect(),
        })
    }
}

/// What has changed in the cloud since a person read a plan.
pub(crate) struct Changes {
    difference: PlanDifference,
    /// Objections that the person has not read.
    pub(crate) vetoes: Vec<PlanVeto>,
    /// Affected instances that run now and did not then.
    started: Vec<String>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.difference.is_empty() && self.vetoes.is_empty() && self.started.is_empty()
    }

    /// Whether the person has to confirm once more. If the operation does less than was confirmed, it is enough to say so.
    pub(crate) fn need_confirmation(&self, how: &How) -> bool {
        let differs = match how.drift.into() {
            Drift::Exact => !self.difference.is_empty(),
            Drift::Follow => self.difference.cuts > 0,
            _ => self.difference.adds(),
        };
        differs || !self.vetoes.is_empty() || !self.started.is_empty()
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the cloud has changed since the plan was made:")?;
        if !self.difference.is_empty() {
            write!(f, " {}", self.difference)?;
        }
        for started in self.started.iter().take(LISTED) {
            write!(f, "\n  {started} runs now")?;
        }
        if self.started.len() > LISTED {
            write!(f, "\n  and {} more run now", self.started.len() - LISTED)?;
        }
        for veto in &self.vetoes {
            write!(f, "\n  {veto}")?;
        }
        Ok(())
    }
}
