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
use crate::ids::{IdTable, Index, InstanceIx, ResourceIx};
use crate::model::{
    AnyOperation, InstanceName, Operation, OperationDescriptor, Resource, ResourceDescriptor, Roots,
    StartsFrom,
};
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

    /// Like [`Self::plan`], for programs that know resources and ids only as text, such as command lines. An id is given as
    /// plans print it, or as JSON: see [`instances_named`](Self::instances_named). If a text may
    /// mean several ids, it is the one that prints so.
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
            insert_text(descriptor, &mut *column.ids, text.as_ref())?;
        }
        self.plan_from(Arc::new(operation), index, column).await
    }

    /// The instances that an id as text may mean, whether they exist or not: first the one that prints so, then the one whose
    /// id it is in JSON. Usually that is one instance.
    ///
    /// A type with `FromStr` reads its printed ids with it. Other types read them as a JSON string, or as JSON (`42`). If
    /// the ids are texts, `"a"` with quotes may be the printed id `"a"`, or the id `a` as JSON. A program that knows which
    /// instances exist takes the first that does.
    ///
    /// ```
    /// # use cascade_core::prelude::*;
    /// # use cascade_core::{Declaration, Outcome, Pair, ResourceDescriptor, Rule, place};
    /// # let member = ResourceDescriptor::runtime::<Pair<u64, String>>("Member", place!());
    /// # let mut members = Declaration::<(), Pair<u64, String>>::new("Members", member, place!());
    /// # members.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    /// # members.rule(Rule::effect::<Delete>("remove", place!()));
    /// # let cascade = Cascade::builder().declare((), members).build().unwrap();
    /// let printed = cascade.instances_named("Member", "7/admin")?;
    /// let json = cascade.instances_named("Member", r#"[7, "admin"]"#)?;
    /// assert_eq!(printed, json);
    /// assert_eq!(printed[0].text, "7/admin");
    /// assert_eq!(printed[0].id.to_string(), r#"[7,"admin"]"#);
    /// # Ok::<(), cascade_core::PlanError>(())
    /// ```
    pub fn instances_named(&self, resource: &str, id: &str) -> Result<Vec<InstanceName>, PlanError> {
        let resource = self.known_resource(resource)?;
        let descriptor = &self.graph().resources[resource].descriptor;
        let mut ids = descriptor.new_table();
        insert_text(descriptor, &mut *ids, id)?;
        // Further readings of the text. One that is no id is left out, because the first is one.
        let _: Result<InstanceIx, _> = ids.parse_and_insert(id);
        let _: Result<InstanceIx, _> = serde_json::from_str(id).and_then(|json| ids.insert_json(json));
        let name = |index| {
            Ok(InstanceName::new(descriptor.name(), ids.id_to_json(index)?, ids.display(index).to_string()))
        };
        InstanceIx::all(ids.len()).map(name).collect()
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

/// Adds an id that a person has given as text.
fn insert_text(
    descriptor: &ResourceDescriptor,
    ids: &mut dyn IdTable,
    text: &str,
) -> Result<InstanceIx, PlanError> {
    let inserted = match descriptor.parse_printed(text) {
        Some(id) => ids.insert_json(id),
        None => ids.parse_and_insert(text),
    };
    inserted.map_err(|source| PlanError::BadId {
        resource: descriptor.name().to_owned(),
        text: text.to_owned(),
        id_type: descriptor.id_type(),
        source,
    })
}
