//! The difference between a plan and the world of now.

use std::sync::Arc;

use super::cascade::Cascade;
use crate::affected::{Affected, Column};
use crate::discover::{discover, objections};
use crate::ids::InstanceIx;
use crate::observe::Observers;
use crate::plan::{Plan, PlanDifference, PlanError};

impl Cascade {
    /// Discovers everything again that `plan` would affect, from its roots, and compares. Changes nothing.
    ///
    /// A program that shows a plan to a person and applies it later calls this to tell the person about changes.
    /// Under [`Drift::Refuse`](crate::Drift::Refuse), the default, `apply` does the same before the first effect.
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

    /// The plan of an affected set.
    pub(super) async fn with_objections(&self, affected: Affected) -> Result<Plan, PlanError> {
        let affected = Arc::new(affected);
        let against = objections(&self.engine, &affected, None, &Arc::new(self.nesting()), false).await?;
        Ok(Plan { affected, vetoes: against.vetoes, denials: against.denials })
    }

    /// Discovers everything again from the roots of a plan of this cascade.
    pub(super) async fn rediscover(&self, planned: &Affected) -> Result<Affected, PlanError> {
        let resource = planned.route.root;
        let ids = &planned.columns[resource].ids;
        let roots: Vec<InstanceIx> = planned.root_instances().collect();
        let mut column = Column::new(planned.graph.resources[resource].descriptor.new_table());
        column.ids.insert_batch(&ids.select(&roots), roots.len());
        let engine = &self.engine;
        let (graph, operation) = (Arc::clone(&engine.graph), Arc::clone(&planned.operation));
        let route = planned.route.clone();
        discover(graph, &engine.extensions, operation, route, column, engine.find, &Observers::default())
            .await
    }
}
