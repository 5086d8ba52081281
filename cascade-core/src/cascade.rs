//! The engine, put together: extensions in, plans and reports out.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::affected::Column;
use crate::declare::{Declaration, Declare, ExtensionDescriptor};
use crate::discover::{FindSettings, discover};
use crate::event::{Event, Observer};
use crate::execute::{RunSettings, run};
use crate::extension::{Bound, DynExtension};
use crate::fault::{BuildError, Fault, FaultKind};
use crate::graph::{Graph, extension_order};
use crate::operation::{AnyOperation, Operation, OperationDescriptor, StartsFrom};
use crate::plan::{Plan, PlanError, PlanVeto};
use crate::provide::{NotProvided, Provided};
use crate::registration::Registration;
use crate::report::Report;
use crate::resource::{Resource, ResourceId, Roots};
use crate::route::Route;
use crate::schedule::FailurePolicy;
use crate::vet;

/// The engine with its extensions: plans operations and applies plans.
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
pub struct Cascade {
    graph: Arc<Graph>,
    /// In the order of the graph's extensions.
    extensions: Vec<Box<dyn DynExtension>>,
    find: FindSettings,
    concurrency: usize,
}

impl fmt::Debug for Cascade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cascade({} extensions)", self.extensions.len())
    }
}

impl Cascade {
    /// Starts with every annotated extension that is linked into the program.
    #[cfg(feature = "inventory")]
    pub fn linked() -> CascadeBuilder {
        let registrations = crate::registration::linked();
        let nothing = registrations.is_empty().then(crate::graph::nothing_linked);
        CascadeBuilder { registrations, faults: nothing.into_iter().collect(), ..Self::builder() }
    }

    /// Starts with no extension: [`register`](CascadeBuilder::register) them by hand.
    pub fn builder() -> CascadeBuilder {
        CascadeBuilder {
            registrations: Vec::new(),
            extensions: Vec::new(),
            provided: Provided::default(),
            faults: Vec::new(),
            find: FindSettings { batch: 1000, concurrency: 16 },
            concurrency: usize::MAX,
        }
    }

    /// The resource graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Pass 1: finds all that `operation` on `roots` would touch, and asks the checks. Changes nothing.
    pub async fn plan<O, R>(&self, operation: O, roots: Roots<R>) -> Result<Plan, PlanError>
    where
        O: StartsFrom<R>,
        R: Resource,
    {
        let mut column = Column::new(R::DESCRIPTOR.new_table());
        if let Some(ids) = column.ids.typed_mut::<R::Id>() {
            for id in roots.into_ids() {
                ids.insert(id);
            }
        }
        let resource = self.known_resource(R::NAME)?;
        if !self.graph.resources[resource].descriptor.is_same(&R::DESCRIPTOR) {
            return Err(PlanError::UnknownResource { name: R::NAME.to_owned(), nearest: None });
        }
        self.plan_from(Arc::new(operation), resource, column).await
    }

    /// The same, for programs that know resources and ids only as text, such as a command line. An id is read as the
    /// text itself, else as JSON (`42`).
    pub async fn plan_named<O: Operation>(
        &self,
        operation: O,
        resource: &str,
        roots: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Plan, PlanError> {
        let index = self.known_resource(resource)?;
        let descriptor = &self.graph.resources[index].descriptor;
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
        root: usize,
        roots: Column,
    ) -> Result<Plan, PlanError> {
        let route = self.route(&operation.descriptor(), root)?;
        if roots.ids.len() == 0 {
            return Err(PlanError::NoRoots { resource: self.graph.resources[root].name().to_owned() });
        }
        let graph = Arc::clone(&self.graph);
        let affected = discover(graph, &self.extensions, operation, route, roots, self.find).await?;
        let affected = Arc::new(affected);
        let vetoes = vet::vetoes(&affected, &self.extensions, self.find.concurrency, false).await?;
        Ok(Plan { affected, vetoes })
    }

    fn route(&self, operation: &OperationDescriptor, root: usize) -> Result<Route, PlanError> {
        let node = &self.graph.resources[root];
        if !operation.may_start_from(&node.descriptor) {
            let allowed = operation.roots().iter().map(|it| it.name().to_owned()).collect::<Vec<_>>();
            return Err(PlanError::WrongRoot {
                operation: operation.name(),
                resource: node.name().to_owned(),
                allowed: allowed.join(" or "),
            });
        }
        let code = self.graph.find_operation(operation.code());
        let known = code.filter(|&code| self.graph.operations[code].is_same(operation));
        known.and_then(|code| Route::new(&self.graph, code, root)).ok_or_else(|| PlanError::NoRule {
            operation: operation.name(),
            resource: node.name().to_owned(),
            place: node.extensions.first().map(|&extension| self.graph.extensions[extension].place),
        })
    }

    fn known_resource(&self, name: &str) -> Result<usize, PlanError> {
        self.graph.find_resource(name).ok_or_else(|| PlanError::UnknownResource {
            name: name.to_owned(),
            nearest: self.graph.nearest_resource(name).map(ToOwned::to_owned),
        })
    }

    /// Pass 2: does what the plan says, from the leaves up. Awaiting it runs it; dropping it midway drops every step
    /// that is under way.
    pub fn apply(&self, plan: Plan) -> Apply<'_> {
        Apply {
            cascade: self,
            plan,
            settings: RunSettings {
                policy: FailurePolicy::default(),
                forced: false,
                concurrency: self.concurrency,
                cancel: CancellationToken::new(),
                observers: Vec::new(),
            },
        }
    }
}

/// A plan about to be applied: set how, then await it.
#[must_use = "nothing runs until it is awaited"]
pub struct Apply<'a> {
    cascade: &'a Cascade,
    plan: Plan,
    settings: RunSettings,
}

impl fmt::Debug for Apply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Apply({:?}, {} instances)", self.settings.policy, self.plan.len())
    }
}

impl Apply<'_> {
    /// What the run does after a step has failed. [`FailurePolicy::Stop`] unless told.
    pub fn policy(mut self, policy: FailurePolicy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// Whether the run goes on in spite of vetoes; the report then lists them.
    pub fn forced(mut self, forced: bool) -> Self {
        self.settings.forced = forced;
        self
    }

    /// Once `token` is cancelled, running steps end and nothing new starts.
    pub fn cancelled_by(mut self, token: CancellationToken) -> Self {
        self.settings.cancel = token;
        self
    }

    /// `observer` is told of each event, at once and in the run's own task: it should not take long.
    pub fn on_event(mut self, observer: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        let observer: Observer = Arc::new(observer);
        self.settings.observers.push(observer);
        self
    }
}

impl<'a> IntoFuture for Apply<'a> {
    type Output = Result<Report, ApplyError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { cascade, plan, settings } = self;
            let Plan { affected, .. } = plan;
            if !Arc::ptr_eq(&affected.graph, &cascade.graph) {
                return Err(ApplyError::OtherGraph);
            }
            // The world may have moved since the plan was made: the objections that count are those of now.
            let concurrency = cascade.find.concurrency;
            let vetoes = vet::vetoes(&affected, &cascade.extensions, concurrency, settings.forced).await?;
            if !vetoes.is_empty() && !settings.forced {
                return Err(ApplyError::Vetoed { vetoes });
            }
            let report = run(affected, &cascade.extensions, settings).await;
            Ok(Report { overridden: vetoes, ..report })
        })
    }
}

/// Why a plan was not applied: nothing has been changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Checks objected. A forced run goes on in spite of them.
    #[error("{}", vetoed(.vetoes))]
    Vetoed {
        /// The objections, by resource and id.
        vetoes: Vec<PlanVeto>,
    },
    /// A check did not answer.
    #[error(transparent)]
    Check(#[from] PlanError),
    /// The plan was made by another [`Cascade`].
    #[error("the plan was made by another `Cascade`: plan and apply with the same one")]
    OtherGraph,
}

fn vetoed(vetoes: &[PlanVeto]) -> String {
    let count = if vetoes.len() == 1 { String::from("1 veto") } else { format!("{} vetoes", vetoes.len()) };
    let list: Vec<String> = vetoes.iter().map(|veto| format!("\n  {veto}")).collect();
    format!("{count}, nothing was changed:{}", list.concat())
}

/// A [`Cascade`] in the making.
#[must_use = "nothing is checked until it is built"]
pub struct CascadeBuilder {
    registrations: Vec<Registration>,
    extensions: Vec<Box<dyn DynExtension>>,
    provided: Provided,
    faults: Vec<Fault>,
    find: FindSettings,
    concurrency: usize,
}

impl fmt::Debug for CascadeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.registrations.len() + self.extensions.len();
        write!(f, "CascadeBuilder({count} extensions)")
    }
}

impl CascadeBuilder {
    /// Provides a value to the extensions: every field of this type gets a clone of it.
    pub fn provide<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.provided.insert(value);
        self
    }

    /// Adds an extension that is already made.
    pub fn register<E: Declare>(self, extension: E) -> Self {
        self.declare(extension, E::declare())
    }

    /// Adds an extension with a declaration of its own: for graphs that are known only at run time.
    pub fn declare<E, Id>(mut self, extension: E, declaration: Declaration<E, Id>) -> Self
    where
        E: Send + Sync + 'static,
        Id: ResourceId,
    {
        self.extensions.push(Box::new(Bound { extension, declaration }));
        self
    }

    /// Parents in one call of a finder, at most. 1,000 unless told; zero counts as one.
    pub fn finder_batch(mut self, parents: usize) -> Self {
        self.find.batch = parents.max(1);
        self
    }

    /// Calls of finders and checks at once, at most. 16 unless told; zero counts as one.
    pub fn finder_concurrency(mut self, calls: usize) -> Self {
        self.find.concurrency = calls.max(1);
        self
    }

    /// Steps at once over all extensions, at most. No limit unless told, beside those of the extensions; zero counts
    /// as one.
    pub fn concurrency(mut self, steps: usize) -> Self {
        self.concurrency = steps.max(1);
        self
    }

    /// Makes the extensions, and builds and checks the graph. The error lists all faults.
    pub fn build(self) -> Result<Cascade, BuildError> {
        let Self { registrations, mut extensions, provided, mut faults, find, concurrency } = self;
        let mut descriptors: Vec<ExtensionDescriptor> =
            extensions.iter().map(|extension| extension.descriptor().clone()).collect();
        for registration in registrations {
            let descriptor = registration.describe();
            match registration.make(&provided) {
                Ok(extension) => extensions.push(extension),
                Err(missing) => faults.extend(not_provided(&descriptor, &missing)),
            }
            descriptors.push(descriptor);
        }
        extensions.sort_by(|a, b| extension_order(a.descriptor()).cmp(&extension_order(b.descriptor())));
        match Graph::build(descriptors) {
            Ok(graph) if faults.is_empty() => {
                Ok(Cascade { graph: Arc::new(graph), extensions, find, concurrency })
            }
            Ok(_) => Err(BuildError::new(faults)),
            Err(error) => {
                faults.extend_from_slice(error.faults());
                Err(BuildError::new(faults))
            }
        }
    }
}

fn not_provided(extension: &ExtensionDescriptor, missing: &NotProvided) -> Vec<Fault> {
    let fault = |&(field, type_name): &(&str, &str)| {
        let message =
            format!("`{}` has a field `{field}`, and no value of its type was provided", extension.name);
        let help = format!("add `.provide(…)` with a value of type `{type_name}` before `.build()`");
        Fault::new(FaultKind::NotProvided, message, help).at(extension.place)
    };
    missing.fields().iter().map(fault).collect()
}
