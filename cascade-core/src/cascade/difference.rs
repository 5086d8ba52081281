//! The difference between a plan and the world of now.

use std::sync::Arc;

use super::cascade::Cascade;
use crate::affected::{Affected, Column};
use crate::discover::{discover, objections};
use crate::observe::Observers;
use crate::plan::{Plan, PlanDifference, PlanError};

impl Cascade {
    /// Discovers everything again that `plan` would affect, from its roots, and compares. Changes nothing.
    ///
    /// A program that shows a plan to a person and applies it later calls this to tell the person about changes. `apply`
    /// does the same before the first effect, unless [`Drift::Ignore`](crate::Drift::Ignore) is set.
    ///
    /// # Errors
    ///
    /// [`PlanError::OtherGraph`] if another [`Cascade`] made the plan, an error of a finder, or [`PlanError::Digest`] if
    /// an id cannot be serialised.
    pub async fn difference(&self, plan: &Plan) -> Result<PlanDifference, PlanError> {
        if !Arc::ptr_eq(&plan.affected.graph, &self.engine.graph) {
            return Err(PlanError::OtherGraph);
        }
        let now = self.rediscover(&plan.affected).await?;
        Ok(PlanDifference::between(&plan.affected, &now)?)
    }

    /// The difference and the new plan, if the plan would grow now.
    pub(super) async fn growth(
        &self,
        planned: &Affected,
    ) -> Result<Option<(PlanDifference, Plan)>, PlanError> {
        let now = self.rediscover(planned).await?;
        let difference = PlanDifference::between(planned, &now)?;
        if !difference.adds() {
            return Ok(None);
        }
        let affected = Arc::new(now);
        let against = objections(&self.engine, &affected, None, &Arc::new(self.nesting()), false).await?;
        Ok(Some((difference, Plan { affected, vetoes: against.vetoes, denials: against.denials })))
    }

    async fn rediscover(&self, planned: &Affected) -> Result<Affected, PlanError> {
        let resource = planned.route.root;
        let ids = &planned.columns[resource].ids;
        let roots: Vec<u32> = (0..planned.roots).collect();
        let mut column = Column::new(planned.graph.resources[resource].descriptor.new_table());
        column.ids.insert_batch(&ids.select(&roots), roots.len());
        let engine = &self.engine;
        let (graph, operation) = (Arc::clone(&engine.graph), Arc::clone(&planned.operation));
        let route = planned.route.clone();
        discover(graph, &engine.extensions, operation, route, column, engine.find, &Observers::default())
            .await
    }
}
