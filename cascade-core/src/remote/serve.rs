//! Carrying out calls that come from elsewhere.

use std::sync::Arc;
use std::time::Duration;

use super::call::{AuthorizeCall, FindCall, MethodAnswer, MethodCall};
use super::error::RemoteError;
use super::names;
use crate::affected::{Affected, Instances, Order};
use crate::cascade::Cascade;
use crate::engine::{Engine, Next, StepCall};
use crate::handler::{FindContext, FoundIds, Nesting, StepContext, call_once, until_answered};
use crate::model::{CallError, Phase};
use crate::observe::StuckStep;
use crate::plan::Plan;

/// Asks a finder, and asks again as often as its extension says.
pub async fn find(cascade: &Cascade, call: FindCall) -> Result<FoundIds, RemoteError> {
    let engine = &cascade.engine;
    let (at, finder) = names::finder(engine, &call)?;
    let extension = &*engine.extensions[at];
    let operation = engine
        .graph
        .find_operation(&call.operation)
        .ok_or_else(|| RemoteError::fault(format!("this worker knows no operation `{}`", call.operation)))?;
    let operation = engine.graph.operations[operation].parse(call.payload).map_err(|error| {
        RemoteError::fault(format!("the operation `{}` cannot be read: {error}", call.operation))
    })?;
    let declared = extension.descriptor();
    let parents = declared.finders[finder].parent.read_ids(call.parents);
    let parents =
        parents.map_err(|error| RemoteError::fault(format!("an id of {}: {error}", call.parent)))?;
    let cx = FindContext { operation, root: call.root };
    let found = until_answered(declared.settings, || extension.find(finder, &parents, &cx)).await;
    let found = found.map_err(|error| RemoteError::from(&error))?;
    found.to_ids().map_err(|error| RemoteError::fault(format!("what it found cannot be written: {error}")))
}

/// Calls a method once, with the layers and the time limit that it has in this program.
///
/// That it may be a repeat, the method is always told: who asks here cannot know. Once the method has started a cascade of
/// its own, `cancelled` is looked at: when it is there, that cascade is cancelled. For nobody who cancels it is
/// [`pending`](std::future::pending).
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
    let cx = StepContext {
        affected: Arc::clone(affected),
        engine: Arc::<Engine>::clone(engine),
        nesting: Arc::clone(&nesting),
        method,
        phase: call.phase,
        attempt: call.attempt,
        resumed: call.phase != Phase::Check,
        run: call.run,
        forced: call.forced,
    };
    let work = async {
        if call.phase == Phase::Check {
            object(cascade, &cx, &indices).await
        } else {
            act(cascade, &cx, &indices).await
        }
    };
    let named = nesting.cancelled_by(cancelled, work).await;
    let nested = nesting.take_reports();
    match named {
        Ok(named) => Ok(MethodAnswer { named, nested, failed: None }),
        Err(error) if nested.is_empty() => Err(RemoteError::from(&error)),
        Err(error) => Ok(MethodAnswer { nested, failed: Some((&error).into()), ..MethodAnswer::default() }),
    }
}

type Named = Vec<(usize, RemoteError)>;

async fn object(cascade: &Cascade, cx: &StepContext, indices: &[u32]) -> Result<Named, CallError> {
    let extension = &*cascade.engine.extensions[cx.method.extension];
    let ids = cx.affected.columns[cx.method.resource].ids.select(indices);
    let settings = extension.descriptor().settings;
    let vetoes = until_answered(settings, || extension.check(cx.method.index, &ids, cx)).await?;
    let vetoes = vetoes
        .map_err(|id| CallError::Fault(format!("it objected to `{id}`, which it was not asked about")))?;
    Ok(vetoes
        .into_iter()
        .map(|(position, error)| (position, RemoteError::Failed { error, terminal: true }))
        .collect())
}

async fn act(cascade: &Cascade, cx: &StepContext, indices: &[u32]) -> Result<Named, CallError> {
    let engine = &cascade.engine;
    let extension = &*engine.extensions[cx.method.extension];
    let ids = cx.affected.columns[cx.method.resource].ids.select(indices);
    let instances =
        Instances { affected: &cx.affected, resource: cx.method.resource, nodes: indices, first: 0 };
    let step = StepCall { effect: cx.effect(), instances, cx };
    let next = Next { layers: &engine.layers, step, extension, method: cx.method.index, ids: ids.ids() };
    let failures = call_once(extension.descriptor().settings.timeout, || next.run()).await?;
    Ok(failures.iter().map(|(position, error)| (*position, error.into())).collect())
}

/// Asks all authorizers. Answers the positions that are denied, each with the reason.
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
        let instances = Instances { affected: &plan.affected, resource, nodes: &indices, first: 0 };
        let denials = call_once(None, || authorizer.authorize(instances)).await;
        let denials = denials.map_err(|error| RemoteError::from(&error))?;
        denied.extend(denials.into_iter().map(|denial| (denial.position, denial.reason)));
    }
    Ok(denied)
}

/// The instances of the plan that these ids name.
fn known(affected: &Affected, resource: usize, ids: Vec<serde_json::Value>) -> Result<Vec<u32>, RemoteError> {
    let node = &affected.graph.resources[resource];
    let batch = node.descriptor.read_ids(ids);
    let batch = batch.map_err(|error| RemoteError::fault(format!("an id of {}: {error}", node.name())))?;
    let indices = affected.columns[resource].ids.known(&batch);
    let stranger = indices.iter().position(Option::is_none);
    match stranger {
        None => Ok(indices.into_iter().flatten().collect()),
        Some(at) => {
            let id = node.descriptor.print_id(&batch, at);
            Err(RemoteError::fault(format!("{} {id} is not in the plan that this worker read", node.name())))
        }
    }
}

/// How long a step on instances of `resource` may take at most, by the extensions of it; `None` where one has no limit.
pub fn longest_step(cascade: &Cascade, resource: &str) -> Option<Duration> {
    let graph = &cascade.engine.graph;
    let extensions = graph.find_resource(resource).map(|at| graph.resources[at].extensions.as_slice());
    let limits = extensions.unwrap_or_default().iter().map(|&at| graph.extensions[at].settings.timeout);
    limits.collect::<Option<Vec<_>>>().map(|limits| limits.into_iter().max().unwrap_or_default())
}

/// A step that is under way, with what waits for it; `None` where its instances are not in the plan. `call` may name only
/// the first of its `instances`: then more may wait for it.
pub fn stuck(plan: &Plan, call: &MethodCall, instances: usize, since: Duration) -> Option<StuckStep> {
    let affected = &plan.affected;
    let resource = affected.graph.find_resource(&call.resource)?;
    let indices = known(affected, resource, call.ids.clone()).ok()?;
    let nodes: Vec<u32> = indices.into_iter().map(|index| affected.node(resource, index)).collect();
    let order = match call.phase {
        Phase::Begin => Order::parents_first(affected).0,
        Phase::Check | Phase::Effect | Phase::Cleanup | Phase::Verify => Order::children_first(affected).0,
    };
    let step = StuckStep::new(resource, &call.effect, &nodes, since, affected, &order);
    Some(StuckStep { instances, ..step })
}
