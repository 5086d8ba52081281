//! Roots that do not exist, as far as the verify methods of their resource can tell.

use std::sync::Arc;

use super::cascade::Cascade;
use crate::affected::Column;
use crate::graph::{Graph, Reach, RootRoute, Route};
use crate::handler::{FindContext, until_answered};
use crate::ids::{Index, InstanceIx};
use crate::model::{AnyOperation, CallError, OperationDescriptor, PhaseDeclaration};
use crate::plan::PlanError;

/// The maximum number of missing roots that an error names.
const MAX_NAMED: usize = 5;

impl Cascade {
    /// Returns an error if a root does not exist. Asks the verify methods of the extension that owns the root's resource: they
    /// answer which instances the operation has not removed yet. Nothing is asked without such a method, or if the operation does
    /// not remove the root, or is not total: what exists may be detached already.
    ///
    /// A nested cascade does not ask: a repeated step starts its cascades again, also after they have removed their roots.
    pub(super) async fn check_roots_exist(
        &self,
        operation: &Arc<dyn AnyOperation>,
        route: &Route,
        roots: &[Column],
    ) -> Result<(), PlanError> {
        if self.started_by.is_some() || !operation.descriptor().is_total() {
            return Ok(());
        }
        let graph = self.graph();
        let names: Arc<[String]> =
            route.roots.iter().map(|root| graph.resources[root.resource].name().to_owned()).collect();
        for (position, (root, column)) in route.roots.iter().zip(roots).enumerate() {
            let cx =
                FindContext { operation: Arc::clone(operation), roots: Arc::clone(&names), root: position };
            self.check_exist(*root, column, &cx).await?;
        }
        Ok(())
    }

    async fn check_exist(&self, root: RootRoute, roots: &Column, cx: &FindContext) -> Result<(), PlanError> {
        let graph = self.graph();
        let (Some(&owner), Reach::Effect { effect, leaf: false }) =
            (graph.resources[root.resource].extensions.first(), root.reach)
        else {
            return Ok(());
        };
        let extension = &*self.engine.extensions[owner];
        let methods = verify_methods(graph, owner, &cx.operation.descriptor(), root, effect);
        if methods.is_empty() || !extension.verifies() {
            return Ok(());
        }
        let all: Vec<InstanceIx> = InstanceIx::all(roots.ids.len()).collect();
        let mut exists = vec![false; all.len()];
        let settings = extension.descriptor().settings;
        for method in methods {
            for batch in all.chunks(settings.batch) {
                let ids = roots.ids.select(batch);
                let found = until_answered(settings, || extension.verify(method, &ids, cx)).await;
                let not_asked =
                    |id| CallError::Fault(format!("it answered `{id}`, which it was not asked about"));
                let found = found.and_then(|found| found.map_err(not_asked)).map_err(|error| {
                    let declared = &extension.descriptor().verifies[method];
                    PlanError::Verify {
                        method: format!("{}::{}", extension.descriptor().name, declared.method),
                        resource: graph.resources[root.resource].name().to_owned(),
                        place: declared.place,
                        source: Box::new(error),
                    }
                })?;
                for (position, ()) in found {
                    exists[batch[position].position()] = true;
                }
            }
        }
        let missing: Vec<InstanceIx> = all.into_iter().filter(|index| !exists[index.position()]).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(PlanError::MissingRoots {
            resource: graph.resources[root.resource].name().to_owned(),
            ids: missing.iter().take(MAX_NAMED).map(|&index| roots.ids.display(index).to_string()).collect(),
            count: missing.len(),
        })
    }
}

/// The verify methods of the extension that apply to a root with that effect, by their positions.
fn verify_methods(
    graph: &Graph,
    extension: usize,
    operation: &OperationDescriptor,
    root: RootRoute,
    effect: usize,
) -> Vec<usize> {
    let effect = &graph.resources[root.resource].effects[effect];
    let applies = |method: &PhaseDeclaration| {
        method.operation.code() == operation.code()
            && (method.only.is_empty()
                || effect.extension == extension && method.only.iter().any(|only| *only == effect.name))
    };
    let declared = graph.extensions[extension].verifies.iter().enumerate();
    declared.filter(|(_, method)| applies(method)).map(|(position, _)| position).collect()
}
