//! The difference between a plan and the world of now.

use std::sync::Arc;

use super::cascade::Cascade;
use crate::affected::{Affected, Column};
use crate::discover::{discover, objections};
use crate::graph::RootRoute;
use crate::ids::{Index, InstanceIx};
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
        if !plan.affected.graph.is_same(&self.engine.graph) {
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
        let column_of = |(root, count): (RootRoute, u32)| {
            let roots: Vec<InstanceIx> = InstanceIx::all(count as usize).collect();
            let mut column = Column::new(planned.graph.resources[root.resource].descriptor.new_table());
            column.ids.insert_batch(&planned.columns[root.resource].ids.select(&roots), roots.len());
            column
        };
        let roots: Vec<Column> = planned.roots().map(column_of).collect();
        let engine = &self.engine;
        let (graph, operation) = (Arc::clone(&planned.graph), Arc::clone(&planned.operation));
        let route = planned.route.clone();
        discover(graph, &engine.extensions, operation, route, roots, engine.find, &Observers::default()).await
    }
}
