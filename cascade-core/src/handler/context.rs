//! The contexts that users' methods get: information about the cascade that calls them.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::nesting::Nesting;
use crate::affected::{Affected, Lookup};
use crate::graph::{Edge, Method};
use crate::ids::{EdgeIx, InstanceIx, ResourceId, ResourceIx};
use crate::model::{AnyOperation, Operation, Phase, Resource, RunId, StepError, hex};

/// The context of a finder or a verify method: the operation, and the resources it started from.
#[derive(Clone, Debug)]
pub struct FindContext {
    pub(crate) operation: Arc<dyn AnyOperation>,
    /// The names of the root resources.
    pub(crate) roots: Arc<[String]>,
    /// The position of the one whose rules the call follows.
    pub(crate) root: usize,
}

impl FindContext {
    /// The context for methods that are called after the affected set is known. `root` is the position of the root resource whose
    /// rules the call follows.
    pub(crate) fn of(affected: &Affected, root: usize) -> Self {
        let roots = affected.root_names().map(str::to_owned).collect();
        Self { operation: Arc::clone(&affected.operation), roots, root }
    }

    /// The operation, if its type is `O`.
    pub fn operation<O: Operation>(&self) -> Option<&O> {
        self.operation.as_any().downcast_ref()
    }

    /// The name of the resource that the cascade started from. If it started from instances of several resources, a finder is
    /// called for each of them, and this is the one whose rules brought the operation to the parents. A verify method that is
    /// called after a run gets the first by name: it asks [`roots`](Self::roots).
    pub fn root(&self) -> &str {
        self.roots.get(self.root).map_or("", String::as_str)
    }

    /// The names of all resources that the cascade started from, sorted.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = &str> {
        self.roots.iter().map(String::as_str)
    }

    /// Whether [`root`](Self::root) is `R`. A graph has one resource of each name, so names are compared.
    ///
    /// ```
    /// # use cascade_core::prelude::*;
    /// # #[derive(Resource)] #[resource(id = u64)] pub struct Zone;
    /// fn query(cx: &FindContext) -> &'static str {
    ///     let all = "SELECT host, id FROM vm WHERE host IN (?)";
    ///     let running = "SELECT host, id FROM vm WHERE host IN (?) AND running";
    ///     if cx.started_at::<Zone>() { all } else { running }
    /// }
    /// ```
    pub fn started_at<R: Resource>(&self) -> bool {
        self.root() == R::NAME
    }
}

/// The context of a check, begin, effect or cleanup method. It gives access to the whole plan, which does not change
/// during the call.
#[derive(Clone)]
pub struct StepContext {
    pub(crate) affected: Arc<Affected>,
    /// The engine that calls the method. It belongs to a later stage, so its type is unknown here.
    pub(crate) engine: Arc<dyn Any + Send + Sync>,
    pub(crate) nesting: Arc<Nesting>,
    pub(crate) method: Method,
    pub(crate) phase: Phase,
    pub(crate) attempt: u32,
    /// Whether the method may have been called for some of these instances before: by an earlier process, or in an
    /// earlier call of the method that started this run.
    pub(crate) resumed: bool,
    /// `None` in a check: there is no run yet.
    pub(crate) run: Option<RunId>,
    pub(crate) forced: bool,
}

/// The part of a context that all methods of a run share.
#[derive(Clone)]
pub(crate) struct RunContext {
    pub(crate) affected: Arc<Affected>,
    pub(crate) engine: Arc<dyn Any + Send + Sync>,
    pub(crate) nesting: Arc<Nesting>,
    /// `None` for checks, which come before the run.
    pub(crate) run: Option<RunId>,
    pub(crate) forced: bool,
}

impl StepContext {
    /// The context of first attempts.
    pub(crate) fn new(run: &RunContext, method: Method, phase: Phase) -> Self {
        let RunContext { affected, engine, nesting, run, forced } = run.clone();
        let resumed = nesting.is_repeat;
        Self { affected, engine, nesting, method, phase, attempt: 1, resumed, run, forced }
    }

    /// The context of a later attempt. `resumed`: an earlier process may have called the method for some of the instances.
    pub(crate) fn again(&self, attempt: u32, resumed: bool) -> Self {
        Self { attempt, resumed: self.resumed || resumed, ..self.clone() }
    }
}

impl fmt::Debug for StepContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepContext({} of {}, attempt {})", self.effect(), self.phase, self.attempt)
    }
}

impl StepContext {
    /// The operation, if its type is `O`.
    pub fn operation<O: Operation>(&self) -> Option<&O> {
        self.affected.operation.as_any().downcast_ref()
    }

    /// The names of the resources that the cascade started from, sorted.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.affected.root_names()
    }

    /// Whether the cascade started from instances of `R`, and possibly of others. A graph has one resource of each name, so
    /// names are compared.
    ///
    /// Where an effect differs for one root as a whole, a rule with `root = Zone` says it in the plan, too.
    ///
    /// ```
    /// # use cascade_core::prelude::*;
    /// # #[derive(Resource)] #[resource(id = u64)] pub struct Zone;
    /// fn must_be_stopped_first(cx: &StepContext) -> bool {
    ///     !cx.started_at::<Zone>()
    /// }
    /// ```
    pub fn started_at<R: Resource>(&self) -> bool {
        self.roots().any(|root| root == R::NAME)
    }

    /// The name of the method that is called.
    pub fn effect(&self) -> &str {
        self.method.name(&self.affected.graph, self.phase)
    }

    /// The phase of the run that the method is called in.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The number of this attempt, from 1. From the second attempt on, part of the work may be done already.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whether part of the work may be done already. `true` if an earlier attempt failed, if an earlier process died
    /// while this method may have been running, or if one of these holds for the method that started this cascade.
    ///
    /// Never `false` if the method was called for these instances before. Always `true` on remote workers, because
    /// there a first call cannot be told from a retry.
    pub fn is_repeat(&self) -> bool {
        self.attempt > 1 || self.resumed
    }

    /// The id of the run. `None` in a check: there is no run yet.
    pub fn run_id(&self) -> Option<&RunId> {
        self.run.as_ref()
    }

    /// A key for the work of this method on `id`, for services that use such a key to recognise repeated requests.
    ///
    /// The key is the same in every call of this method for `id` in this run, also in another process or batch. It
    /// differs for every other run, phase, method and id. A check has no run yet, so its key is the same for every
    /// plan. An id whose `Serialize` fails is an error.
    pub fn idempotency_key(&self, id: &impl ResourceId) -> Result<String, StepError> {
        let run = self.run.as_ref().map_or("", RunId::as_str);
        let resource = self.affected.resource_name(self.method.resource);
        let extension = &self.affected.graph.extensions[self.method.extension].name;
        let id = serde_json::to_string(id).map_err(StepError::terminal)?;
        Ok(hex([run, self.phase.name(), resource, extension, self.effect(), &id]))
    }

    /// Whether the run overrides vetoes.
    pub fn forced(&self) -> bool {
        self.forced
    }

    /// The affected parents of type `P` of `id`, an instance of the method's own resource, along all edges to `P`: each once, in
    /// the order of discovery. Empty if `id` is not in the plan or depends on no affected `P`.
    ///
    /// ```
    /// # use cascade_core::prelude::*;
    /// # #[derive(Resource)] #[resource(id = String)] pub struct L3Network;
    /// fn affected_networks(vm: u64, cx: &StepContext) -> Vec<String> {
    ///     cx.parents_of::<L3Network>(&vm)
    /// }
    /// ```
    pub fn parents_of<P: Resource>(&self, id: &impl ResourceId) -> Vec<P::Id> {
        self.parents_named(P::NAME, id).unwrap_or_default()
    }

    /// Like [`parents_of`](Self::parents_of), along the one edge with that role. Empty too if the method's own resource has no
    /// edge to `P` with that role.
    ///
    /// ```
    /// # use cascade_core::prelude::*;
    /// # #[derive(Resource)] #[resource(id = u64)] pub struct Folder;
    /// fn is_root_of_a_removed_folder(project: u64, cx: &StepContext) -> bool {
    ///     !cx.parents_along::<Folder>("git_root", &project).is_empty()
    /// }
    /// ```
    pub fn parents_along<P: Resource>(&self, role: &str, id: &impl ResourceId) -> Vec<P::Id> {
        self.parents_where(P::NAME, id, |edge| edge.role.as_deref() == Some(role)).unwrap_or_default()
    }

    /// Whether the operation started on the instance.
    pub fn is_root<R: Resource>(&self, id: &R::Id) -> bool {
        self.affected.find::<R>(id).is_some_and(|(resource, index)| self.affected.is_root(resource, index))
    }

    /// Whether the instance is affected by the operation.
    pub fn is_affected<R: Resource>(&self, id: &R::Id) -> bool {
        self.affected.find::<R>(id).is_some()
    }

    /// Whether the instance is removed: an effect of a rule that is not a `leaf` runs on it, or it is removed with its
    /// parent.
    pub fn is_going<R: Resource>(&self, id: &R::Id) -> bool {
        self.affected.find::<R>(id).is_some_and(|(resource, index)| self.affected.is_going(resource, index))
    }

    /// The names of the effects that run on the instance, in the order they run in.
    pub fn effects_of<R: Resource>(&self, id: &R::Id) -> Vec<&str> {
        self.affected.find::<R>(id).map_or_else(Vec::new, |(resource, index)| self.effects(resource, index))
    }

    fn effects(&self, resource: ResourceIx, index: InstanceIx) -> Vec<&str> {
        self.affected.effect_names(resource, index).collect()
    }
}

/// Questions by the name of a resource, for a graph whose resources are known only at run time. The type of an id is that of
/// the resource's descriptor. A question is answered by `None` if the graph has no resource of that name, or its ids have
/// another type.
impl StepContext {
    /// Like [`parents_of`](Self::parents_of), for the parents of the resource with that name. Also `None` if the method's own
    /// resource has no edge to it.
    ///
    /// ```
    /// # use cascade_core::prelude::*;
    /// fn affected_hosts(disk: u64, cx: &StepContext) -> Result<Vec<u64>, StepError> {
    ///     cx.parents_named("Host", &disk).ok_or_else(|| StepError::terminal("disks have no edge to `Host`"))
    /// }
    /// ```
    pub fn parents_named<P: ResourceId>(&self, resource: &str, id: &impl ResourceId) -> Option<Vec<P>> {
        self.parents_where(resource, id, |_| true)
    }

    /// Like [`parents_along`](Self::parents_along), for the parents of the resource with that name. Also `None` if the method's
    /// own resource has no edge to it with that role.
    pub fn parents_along_named<P: ResourceId>(
        &self,
        resource: &str,
        role: &str,
        id: &impl ResourceId,
    ) -> Option<Vec<P>> {
        self.parents_where(resource, id, |edge| edge.role.as_deref() == Some(role))
    }

    /// The parents along the matching edges to that resource; `None` if there is no such edge.
    fn parents_where<P: ResourceId>(
        &self,
        resource: &str,
        id: &impl ResourceId,
        matches: impl Fn(&Edge) -> bool,
    ) -> Option<Vec<P>> {
        let graph = &self.affected.graph;
        let parent = graph.find_resource(resource)?;
        let up = graph.resources[self.method.resource].up.iter().copied();
        let is_wanted = |&edge: &EdgeIx| graph.edges[edge].parent == parent && matches(&graph.edges[edge]);
        let edges: Vec<EdgeIx> = up.filter(is_wanted).collect();
        let parent_ids = self.affected.columns[parent].ids.typed::<P>()?;
        let own_ids = self.affected.columns[self.method.resource].ids.typed()?;
        if edges.is_empty() {
            return None;
        }
        let Some(index) = own_ids.index_of(id) else { return Some(Vec::new()) };
        let mut parents: Vec<InstanceIx> =
            edges.into_iter().flat_map(|edge| self.affected.parents(edge, index)).collect();
        parents.sort_unstable();
        parents.dedup();
        Some(parents.into_iter().map(|at| parent_ids.get(at).clone()).collect())
    }

    /// Like [`is_root`](Self::is_root), for the resource with that name.
    pub fn is_root_named(&self, resource: &str, id: &impl ResourceId) -> Option<bool> {
        self.ask(resource, id, |resource, index| self.affected.is_root(resource, index))
    }

    /// Like [`is_affected`](Self::is_affected), for the resource with that name.
    pub fn is_affected_named(&self, resource: &str, id: &impl ResourceId) -> Option<bool> {
        self.ask(resource, id, |_, _| true)
    }

    /// Like [`is_going`](Self::is_going), for the resource with that name.
    pub fn is_going_named(&self, resource: &str, id: &impl ResourceId) -> Option<bool> {
        self.ask(resource, id, |resource, index| self.affected.is_going(resource, index))
    }

    /// Like [`effects_of`](Self::effects_of), for the resource with that name.
    pub fn effects_named(&self, resource: &str, id: &impl ResourceId) -> Option<Vec<&str>> {
        self.ask(resource, id, |resource, index| self.effects(resource, index))
    }

    /// The answer for an affected instance; the default answer for one that is not affected.
    fn ask<T: Default>(
        &self,
        resource: &str,
        id: &impl ResourceId,
        answer: impl FnOnce(ResourceIx, InstanceIx) -> T,
    ) -> Option<T> {
        match self.affected.find_by_id(resource, id) {
            Lookup::Unknown => None,
            Lookup::Unaffected => Some(T::default()),
            Lookup::Affected(resource, index) => Some(answer(resource, index)),
        }
    }
}

/// The contexts, for a method that takes the operation as an argument.
#[doc(hidden)]
pub trait OperationContext {
    fn expect_operation<O: Operation>(&self) -> Result<&O, StepError>;
}

impl OperationContext for FindContext {
    fn expect_operation<O: Operation>(&self) -> Result<&O, StepError> {
        self.operation().ok_or_else(|| other_operation::<O>(&*self.operation))
    }
}

impl OperationContext for StepContext {
    fn expect_operation<O: Operation>(&self) -> Result<&O, StepError> {
        self.operation().ok_or_else(|| other_operation::<O>(&*self.affected.operation))
    }
}

fn other_operation<O: Operation>(operation: &dyn AnyOperation) -> StepError {
    let (wanted, got) = (O::DESCRIPTOR.name(), operation.descriptor().name());
    StepError::terminal(format!("the method expects the operation {wanted}, but was called for {got}"))
}
