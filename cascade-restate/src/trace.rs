//! Carries the trace context from a client to the workers.

use cascade_core::remote::MethodCall;
use restate_sdk::prelude::HeaderMap;
use tracing::Span;

/// The headers of the W3C trace context. The run copies them from the client's request to its steps.
pub(crate) const HEADERS: [&str; 3] = ["traceparent", "tracestate", "baggage"];

/// The trace headers of an invocation, in a fixed order.
pub(crate) fn of(headers: &HeaderMap) -> Vec<(String, String)> {
    let value = |name: &str| headers.get(name).map(|value| (name.to_owned(), value.clone()));
    HEADERS.iter().filter_map(|name| value(name)).collect()
}

/// The span of a step on a worker. It has the client's `traceparent`, so that a subscriber can join the traces.
pub(crate) fn step(call: &MethodCall, headers: &HeaderMap) -> Span {
    let (resource, effect, instances) = (&*call.resource, &*call.effect, call.ids.len());
    let run = call.run.as_ref().map_or("", |run| run.as_str());
    let traceparent = headers.get("traceparent").map_or("", String::as_str);
    tracing::debug_span!(
        "cascade.step.remote",
        run,
        phase = %call.phase,
        resource,
        effect,
        instances,
        attempt = call.attempt,
        traceparent
    )
}
