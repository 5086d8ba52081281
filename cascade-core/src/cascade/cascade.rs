//! [`Cascade`], and the planning of operations.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tracing::Instrument;

use super::root_set::{ResolvedRoots, RootSet, insert_text, known_resource};
use crate::affected::Column;
use crate::discover::{discover, objections};
use crate::engine::Engine;
use crate::graph::{Graph, Route};
use crate::handler::{Nesting, StepContext};
use crate::ids::{Index, InstanceIx, ResourceIx};
use crate::model::{AnyOperation, InstanceName, Operation, OperationDescriptor, Resource, Roots, StartsFrom};
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

    async fn plan_typed<O, R>(&self, operation: O, roots: Roots<R>) -> Result<Plan, PlanError>
    where
        O: StartsFrom<R>,
        R: Resource,
    {
        self.plan_all(operation, RootSet::new().and(roots)).await
    }

    /// Like [`Self::plan`], from roots of several resources. The plan is the union of the plans of each resource: rules that are
    /// limited to a root apply where the operation comes from that root. What is removed for one root counts for the others: a
    /// shared child is removed if all its owners are, and `restrict` refuses nothing that the plan removes.
    ///
    /// # Errors
    ///
    /// As for [`plan`](Self::plan), and if the roots are of more than 32 resources.
    ///
    /// ```
    /// # use cascade_core::{Cascade, Declaration, Delete, Outcome, ResourceDescriptor, RootSet, Rule, place};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let root = |name: &str| {
    /// #     let resource = ResourceDescriptor::runtime::<u64>(name, place!());
    /// #     let mut declared = Declaration::<(), u64>::new(format!("{name}s"), resource, place!());
    /// #     declared.effect("remove", place!(), |(), _, _cx| Box::pin(async { Ok(Outcome::done()) }));
    /// #     declared.rule(Rule::effect::<Delete>("remove", place!()));
    /// #     declared
    /// # };
    /// # let cascade = Cascade::builder().declare((), root("Zone")).declare((), root("Host")).build()?;
    /// let roots = RootSet::new().and_named("Zone", ["1"]).and_named("Host", ["7", "9"]);
    /// let plan = cascade.plan_all(Delete, roots).await?;
    /// assert_eq!(plan.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn plan_all<O: Operation>(&self, operation: O, roots: RootSet<O>) -> Result<Plan, PlanError> {
        let roots = roots.resolve(self.graph())?;
        self.plan_from(Arc::new(operation), roots).await
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
        let ids = roots.into_iter().map(|root| root.as_ref().to_owned());
        self.plan_all(operation, RootSet::new().and_named(resource, ids)).await
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
        let resource = known_resource(self.graph(), resource)?;
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
        roots: ResolvedRoots,
    ) -> Result<Plan, PlanError> {
        let ResolvedRoots { columns, allow_missing } = roots;
        let (resources, roots): (Vec<ResourceIx>, Vec<Column>) = columns.into_iter().unzip();
        let graph = self.engine.graph.for_roots(resources.len());
        let route = route(&graph, &operation.descriptor(), &resources)?;
        let names: Vec<&str> = resources.iter().map(|&root| graph.resources[root].name()).collect();
        let code = operation.descriptor().code();
        let span = tracing::info_span!("cascade.plan", operation = code, root = names.join(", "));
        let planning = async {
            if !allow_missing {
                self.check_roots_exist(&operation, &route, &roots).await?;
            }
            self.discover_and_check(operation, Arc::clone(&graph), route, roots).await
        };
        planning.instrument(span).await
    }

    async fn discover_and_check(
        &self,
        operation: Arc<dyn AnyOperation>,
        graph: Arc<Graph>,
        route: Route,
        roots: Vec<Column>,
    ) -> Result<Plan, PlanError> {
        let engine = &self.engine;
        let affected =
            discover(graph, &engine.extensions, operation, route, roots, engine.find, &engine.observers)
                .await?;
        let affected = Arc::new(affected);
        let objections = objections(engine, &affected, None, &Arc::new(self.nesting()), false).await?;
        Ok(Plan { affected, vetoes: objections.vetoes, denials: objections.denials })
    }

    /// The nesting of a run that this cascade starts.
    pub(crate) fn nesting(&self) -> Nesting {
        self.started_by.as_ref().map_or_else(Nesting::default, |cx| cx.nesting.within(cx.is_repeat()))
    }
}

/// The route of the operation. `graph` is the graph for these roots.
fn route(graph: &Graph, operation: &OperationDescriptor, roots: &[ResourceIx]) -> Result<Route, PlanError> {
    for node in roots.iter().map(|&root| &graph.resources[root]) {
        if !operation.may_start_from(&node.descriptor) {
            let allowed = operation.roots().iter().map(|it| it.name().to_owned()).collect::<Vec<_>>();
            return Err(PlanError::WrongRoot {
                operation: operation.name(),
                resource: node.name().to_owned(),
                allowed: allowed.join(" or "),
            });
        }
    }
    let no_rule = |root: ResourceIx| {
        let node = &graph.resources[root];
        PlanError::NoRule {
            operation: operation.name(),
            resource: node.name().to_owned(),
            place: node.extensions.first().map(|&extension| graph.extensions[extension].place),
        }
    };
    let Some(&first) = roots.first() else { return Err(PlanError::NoRootSet) };
    let code = graph.find_operation(operation.code());
    let code =
        code.filter(|&code| graph.operations[code].is_same(operation)).ok_or_else(|| no_rule(first))?;
    Route::new(graph, code, roots).map_err(no_rule)
}
