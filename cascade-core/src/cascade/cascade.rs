//! [`Cascade`], and the planning of operations.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tracing::Instrument;

use crate::affected::Column;
use crate::discover::{discover, objections};
use crate::engine::Engine;
use crate::graph::{Graph, Route};
use crate::handler::{Nesting, StepContext};
use crate::ids::ResourceIx;
use crate::model::{AnyOperation, Operation, OperationDescriptor, Resource, Roots, StartsFrom};
use crate::plan::{Plan, PlanError};

/// Plans operations and applies plans, with the registered extensions. Cheap to clone.
///
/// ```
/// use cascade_core::{Cascade, Declaration, Delete, Outcome, ResourceDescriptor, Rule, place};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let zone = ResourceDescriptor::runtime::<u64>("Zone", place!());
/// let mut zones = Declaration::<(), u64>::new("Zones", zone, place!());
/// zones.effect("remove", place!(), |(), _zones, _cx| Box::pin(async { Ok(Outcome::done()) }));
/// zones.rule(Rule::effect::<Delete>("remove", place!()));
///
/// let cascade = Cascade::builder().declare((), zones).build()?;
/// let plan = cascade.plan_named(Delete, "Zone", ["1"]).await?;
/// let report = cascade.apply(plan).await?;
/// assert!(report.is_complete());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cascade {
    pub(crate) engine: Arc<Engine>,
    /// The context of the method that started this cascade, if it is nested.
    pub(crate) started_by: Option<StepContext>,
}

impl fmt::Debug for Cascade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cascade({} extensions)", self.engine.extensions.len())
    }
}

impl Cascade {
    /// The resource graph, with shared ownership.
    pub fn shared_graph(&self) -> Arc<Graph> {
        Arc::clone(&self.engine.graph)
    }

    /// The resource graph.
    pub fn graph(&self) -> &Graph {
        &self.engine.graph
    }

    /// Pass 1: finds every instance that `operation` on `roots` would affect, and collects the objections of checks and
    /// authorizers. Changes nothing.
    // Not an `async fn`, because the compiler would report a root type that the operation does not allow three times: for
    // the call, for its future and for the `await`.
    pub fn plan<O, R>(&self, operation: O, roots: Roots<R>) -> BoxFuture<'_, Result<Plan, PlanError>>
    where
        O: StartsFrom<R>,
        R: Resource,
    {
        Box::pin(self.plan_typed(operation, roots))
    }

    async fn plan_typed<O: Operation, R: Resource>(
        &self,
        operation: O,
        roots: Roots<R>,
    ) -> Result<Plan, PlanError> {
        let mut column = Column::new(R::DESCRIPTOR.new_table());
        if let Some(ids) = column.ids.typed_mut::<R::Id>() {
            for id in roots.into_ids() {
                ids.insert(id);
            }
        }
        let resource = self.known_resource(R::NAME)?;
        if !self.graph().resources[resource].descriptor.is_same(&R::DESCRIPTOR) {
            return Err(PlanError::UnknownResource { name: R::NAME.to_owned(), nearest: None });
        }
        self.plan_from(Arc::new(operation), resource, column).await
    }

    /// Like [`Self::plan`], for programs that know resources and ids only as text, such as command lines. An id is parsed
    /// as the text itself; if that fails, as JSON (`42`).
    pub async fn plan_named<O: Operation>(
        &self,
        operation: O,
        resource: &str,
        roots: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Plan, PlanError> {
        let index = self.known_resource(resource)?;
        let descriptor = &self.graph().resources[index].descriptor;
        let mut column = Column::new(descriptor.new_table());
        for text in roots {
            column.ids.parse_and_insert(text.as_ref()).map_err(|source| PlanError::BadId {
                resource: resource.to_owned(),
                text: text.as_ref().to_owned(),
                id_type: descriptor.id_type(),
                source,
            })?;
        }
        self.plan_from(Arc::new(operation), index, column).await
    }

    async fn plan_from(
        &self,
        operation: Arc<dyn AnyOperation>,
        root: ResourceIx,
        roots: Column,
    ) -> Result<Plan, PlanError> {
        let route = self.route(&operation.descriptor(), root)?;
        if roots.ids.len() == 0 {
            return Err(PlanError::NoRoots { resource: self.graph().resources[root].name().to_owned() });
        }
        let name = self.graph().resources[root].name();
        let span =
            tracing::info_span!("cascade.plan", operation = operation.descriptor().code(), root = name);
        self.discover_and_check(operation, route, roots).instrument(span).await
    }

    async fn discover_and_check(
        &self,
        operation: Arc<dyn AnyOperation>,
        route: Route,
        roots: Column,
    ) -> Result<Plan, PlanError> {
        let engine = &self.engine;
        let graph = Arc::clone(&engine.graph);
        let affected =
            discover(graph, &engine.extensions, operation, route, roots, engine.find, &engine.observers)
                .await?;
        let affected = Arc::new(affected);
        let objections = objections(engine, &affected, None, &Arc::new(self.nesting()), false).await?;
        Ok(Plan { affected, vetoes: objections.vetoes, denials: objections.denials })
    }

    fn route(&self, operation: &OperationDescriptor, root: ResourceIx) -> Result<Route, PlanError> {
        let graph = self.graph();
        let node = &graph.resources[root];
        if !operation.may_start_from(&node.descriptor) {
            let allowed = operation.roots().iter().map(|it| it.name().to_owned()).collect::<Vec<_>>();
            return Err(PlanError::WrongRoot {
                operation: operation.name(),
                resource: node.name().to_owned(),
                allowed: allowed.join(" or "),
            });
        }
        let code = graph.find_operation(operation.code());
        let known = code.filter(|&code| graph.operations[code].is_same(operation));
        known.and_then(|code| Route::new(graph, code, root)).ok_or_else(|| PlanError::NoRule {
            operation: operation.name(),
            resource: node.name().to_owned(),
            place: node.extensions.first().map(|&extension| graph.extensions[extension].place),
        })
    }

    fn known_resource(&self, name: &str) -> Result<ResourceIx, PlanError> {
        self.graph().find_resource(name).ok_or_else(|| PlanError::UnknownResource {
            name: name.to_owned(),
            nearest: self.graph().nearest_resource(name).map(ToOwned::to_owned),
        })
    }

    /// The nesting of a run that this cascade starts.
    pub(crate) fn nesting(&self) -> Nesting {
        self.started_by.as_ref().map_or_else(Nesting::default, |cx| cx.nesting.within(cx.is_repeat()))
    }
}
