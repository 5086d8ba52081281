//! Executes calls on a worker.

use std::sync::Arc;
use std::time::Duration;

use super::call::{AuthorizeCall, FindCall, MethodAnswer, MethodCall};
use super::error::RemoteError;
use super::names;
use crate::affected::{Affected, Instances, Members, Order};
use crate::cascade::Cascade;
use crate::engine::{Engine, Next, StepCall};
use crate::handler::{
    FindContext, FoundIds, Nesting, NotDone, RunContext, StepContext, call_once, until_answered,
};
use crate::ids::{InstanceIx, NodeIx, ResourceIx};
use crate::model::{CallError, Phase};
use crate::observe::StuckStep;
use crate::plan::Plan;

/// Calls a finder, and retries it up to the extension's number of retries.
///
/// # Errors
///
/// If this program lacks the finder or the operation, a value of the call cannot be parsed, or the finder fails.
pub async fn find(cascade: &Cascade, call: FindCall) -> Result<FoundIds, RemoteError> {
    let engine = &cascade.engine;
    let (at, finder) = names::finder(engine, &call)?;
    let extension = &*engine.extensions[at];
    let operation = engine
        .graph
        .find_operation(&call.operation)
        .ok_or_else(|| RemoteError::fault(format!("this worker has no operation `{}`: start a worker that links the same extensions as the program that started \
             the run", call.operation)))?;
    let operation = engine.graph.operations[operation].parse(call.payload).map_err(|error| {
        RemoteError::fault(format!("the operation `{}` cannot be parsed: {error}", call.operation))
    })?;
    let declared = extension.descriptor();
    let parents = declared.finders[finder].parent.resource().read_ids(call.parents);
    let parents = parents
        .map_err(|error| RemoteError::fault(format!("an id of {} cannot be parsed: {error}", call.parent)))?;
    let roots = if call.roots.is_empty() { vec![call.root.clone()] } else { call.roots };
    let root = roots.iter().position(|root| *root == call.root);
    let root =
        root.ok_or_else(|| RemoteError::fault(format!("{} is none of the root resources", call.root)))?;
    let cx = FindContext { operation, roots: roots.into(), root };
    let found = until_answered(declared.settings, || extension.find(finder, &parents, &cx)).await;
    let found = found.map_err(|error| RemoteError::from(&error))?;
    found.to_ids().map_err(|error| RemoteError::fault(format!("the found ids cannot be serialised: {error}")))
}

/// Calls a check, begin, effect or cleanup method once, with the layers and the timeout of this program.
///
/// The context tells every method but a check that the call may be a repeat, because a worker cannot
/// distinguish a first call from a retry. `cancelled` is polled once the method has started a nested cascade; when it resolves, the nested cascade is
/// cancelled. Without cancellation, pass [`pending`](std::future::pending).
///
/// # Errors
///
/// If this program lacks the method, the plan lacks an instance of the call, or the method fails as a whole.
pub async fn execute(
    cascade: &Cascade,
    plan: &Plan,
    call: MethodCall,
    cancelled: impl Future<Output = ()>,
) -> Result<MethodAnswer, RemoteError> {
    let (engine, affected) = (&cascade.engine, &plan.affected);
    let method = names::method(engine, affected.operation.descriptor().code(), &call)?;
    let indices = known(affected, method.resource, call.ids)?;
    let nesting = Arc::new(Nesting::default());
    let run = RunContext {
        affected: Arc::clone(affected),
        engine: Arc::<Engine>::clone(engine),
        nesting: Arc::clone(&nesting),
        run: call.run,
        forced: call.forced,
    };
    let cx = StepContext::new(&run, method, call.phase).again(call.attempt, call.phase != Phase::Check);
    let work = async {
        if call.phase == Phase::Check {
            check(cascade, &cx, &indices).await
        } else {
            act(cascade, &cx, &indices).await
        }
    };
    let answer = nesting.cancelled_by(cancelled, work).await;
    let nested = nesting.take_reports();
    match answer {
        Ok(answer) => Ok(MethodAnswer { nested, ..answer }),
        Err(error) if nested.is_empty() => Err(RemoteError::from(&error)),
        Err(error) => Ok(MethodAnswer { nested, failed: Some((&error).into()), ..MethodAnswer::default() }),
    }
}

async fn check(
    cascade: &Cascade,
    cx: &StepContext,
    indices: &[InstanceIx],
) -> Result<MethodAnswer, CallError> {
    let extension = &*cascade.engine.extensions[cx.method.extension];
    let ids = cx.affected.columns[cx.method.resource].ids.select(indices);
    let settings = extension.descriptor().settings;
    let vetoes = until_answered(settings, || extension.check(cx.method.index, &ids, cx)).await?;
    let vetoes = vetoes
        .map_err(|id| CallError::Fault(format!("it objected to `{id}`, which it was not asked about")))?;
    let objection = |(position, error)| (position, RemoteError::Failed { error, terminal: true });
    Ok(MethodAnswer { named: vetoes.into_iter().map(objection).collect(), ..MethodAnswer::default() })
}

async fn act(cascade: &Cascade, cx: &StepContext, indices: &[InstanceIx]) -> Result<MethodAnswer, CallError> {
    let engine = &cascade.engine;
    let extension = &*engine.extensions[cx.method.extension];
    let ids = cx.affected.columns[cx.method.resource].ids.select(indices);
    let instances = Instances {
        affected: &cx.affected,
        resource: cx.method.resource,
        members: Members::Instances(indices),
    };
    let step = StepCall { effect: cx.effect(), instances, cx };
    let next = Next { layers: &engine.layers, step, extension, method: cx.method.index, ids: ids.ids() };
    let mut answer = MethodAnswer::default();
    for (position, not_done) in call_once(extension.descriptor().settings.timeout, || next.run()).await? {
        match not_done {
            NotDone::Failed(error) => answer.named.push((position, (&error).into())),
            NotDone::Left(reason) => answer.left.push((position, reason)),
        }
    }
    Ok(answer)
}

/// Calls all authorizers. Returns the denied positions in the call, each with the reason.
///
/// # Errors
///
/// If this program lacks the resource, the plan lacks an instance of the call, or an authorizer fails.
pub async fn authorize(
    cascade: &Cascade,
    plan: &Plan,
    call: AuthorizeCall,
) -> Result<Vec<(usize, String)>, RemoteError> {
    let engine = &cascade.engine;
    let resource = names::resource(engine, &call.resource)?;
    let indices = known(&plan.affected, resource, call.ids)?;
    let mut denied = Vec::new();
    for authorizer in &engine.authorizers {
        let instances =
            Instances { affected: &plan.affected, resource, members: Members::Instances(&indices) };
        let denials = call_once(None, || authorizer.authorize(instances)).await;
        let denials = denials.map_err(|error| RemoteError::from(&error))?;
        denied.extend(denials.into_iter().map(|denial| (denial.position, denial.reason)));
    }
    Ok(denied)
}

/// The indices of the instances with these ids in the plan.
fn known(
    affected: &Affected,
    resource: ResourceIx,
    ids: Vec<serde_json::Value>,
) -> Result<Vec<InstanceIx>, RemoteError> {
    let node = &affected.graph.resources[resource];
    let batch = node.descriptor.read_ids(ids);
    let batch = batch
        .map_err(|error| RemoteError::fault(format!("an id of {} cannot be parsed: {error}", node.name())))?;
    let indices = affected.columns[resource].ids.known(&batch);
    match indices.iter().position(Option::is_none) {
        None => Ok(indices.into_iter().flatten().collect()),
        Some(unknown) => {
            let id = node.descriptor.print_id(&batch, unknown);
            Err(RemoteError::fault(format!("{} {id} is not in the plan of the call", node.name())))
        }
    }
}

/// Returns the longest timeout of the extensions of `resource`: the longest duration of one call of a method. Returns `None`
/// if one of them has no timeout, and zero if the program links no extension of the resource.
pub fn longest_step(cascade: &Cascade, resource: &str) -> Option<Duration> {
    let graph = &cascade.engine.graph;
    let extensions = graph.find_resource(resource).map(|at| graph.resources[at].extensions.as_slice());
    let limits = extensions.unwrap_or_default().iter().map(|&at| graph.extensions[at].settings.timeout);
    limits.collect::<Option<Vec<_>>>().map(|limits| limits.into_iter().max().unwrap_or_default())
}

/// Describes a step in progress, and the instances that wait for it. Returns `None` if its instances are not in the plan.
///
/// `instances` is the number of instances of the step. `call` may list only the first of them; then the result leaves out
/// the instances that wait only for the others. The step started `since` ago.
pub fn stuck(plan: &Plan, call: &MethodCall, instances: usize, since: Duration) -> Option<StuckStep> {
    let affected = &plan.affected;
    let resource = affected.graph.find_resource(&call.resource)?;
    let indices = known(affected, resource, call.ids.clone()).ok()?;
    let nodes: Vec<NodeIx> = indices.into_iter().map(|index| affected.node(resource, index)).collect();
    let followers = match call.phase {
        Phase::Begin => Order::parents_first(affected).0.all_followers(&nodes),
        Phase::Effect => {
            let first = Order::nodes_of_step(affected, &call.effect, &nodes);
            Order::effects(affected).0.all_followers(&first)
        }
        Phase::Check | Phase::Cleanup | Phase::Verify => {
            Order::children_first(affected).0.all_followers(&nodes)
        }
    };
    let step = StuckStep::new(resource, &call.effect, &nodes, since, affected, followers);
    Some(StuckStep { instances, ..step })
}
