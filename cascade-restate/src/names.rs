//! The names of services and handlers, as Restate and its UI show them.

use cascade_core::remote::{Fingerprint, MethodCall};
use cascade_core::{Cascade, Graph, Phase, ResourceNode, RunId};
use restate_sdk::context::RequestTarget;

/// The workflow. A run is one invocation, with the run's id as its key.
pub(crate) const CASCADE: &str = "Cascade";

/// The object that stores plans.
pub(crate) const PLANS: &str = "CascadePlan";

/// The service that tells which extensions the newest workers link.
pub(crate) const GRAPH: &str = "CascadeGraph";

/// The handlers of a step service that change nothing. They alone are public: clients call them while they plan.
pub(crate) const FIND: &str = "find";
pub(crate) const CHECK: &str = "check";
pub(crate) const AUTHORIZE: &str = "authorize";
pub(crate) const PUBLIC: [&str; 3] = [FIND, CHECK, AUTHORIZE];

/// The handler for a method that acts and whose name Restate does not allow, or is the name of a public handler.
pub(crate) const EXECUTE: &str = "execute";

/// A handler of the workflow of one run.
pub(crate) fn run_target(run: &RunId, handler: &str) -> RequestTarget {
    RequestTarget::workflow(CASCADE, run.as_str(), handler)
}

/// The service for steps on one resource, as in `Step.VmInstance.1a2b3c4d5e6f`.
///
/// The version of the graph is part of the name. So the steps of a run reach workers with the graph that the run was
/// planned with, also while newer workers are registered.
pub(crate) fn step(graph: &Graph, version: &str, resource: &str) -> String {
    let plain = plain(resource);
    let same = |node: &&ResourceNode| self::plain(node.name()) == plain;
    let ambiguous = graph.resources().filter(same).count() > 1;
    let number = graph.resources().position(|node| node.name() == resource).unwrap_or_default();
    if ambiguous { format!("Step.{plain}-{number}.{version}") } else { format!("Step.{plain}.{version}") }
}

/// A name in the letters that Restate allows.
fn plain(name: &str) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() || char == '_' { char } else { '_' };
    name.chars().map(plain).collect()
}

/// The handler that a step's method is called through. All checks share one.
pub(crate) fn handler_of(call: &MethodCall) -> String {
    if call.phase == Phase::Check { String::from(CHECK) } else { handler(&call.effect) }
}

/// The handler of a method that acts. It has the name of the method where Restate allows that name.
pub(crate) fn handler(method: &str) -> String {
    let name = plain(method);
    if begins_well(&name) && !PUBLIC.contains(&name.as_str()) { name } else { String::from(EXECUTE) }
}

/// Whether a name begins with a letter, or with `_` and then a letter or digit, as Restate requires.
fn begins_well(name: &str) -> bool {
    match name.strip_prefix('_') {
        Some(rest) => rest.starts_with(|char: char| char.is_ascii_alphanumeric()),
        None => name.starts_with(|char: char| char.is_ascii_alphabetic()),
    }
}

/// A program's fingerprint and its short name.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) name: String,
}

impl Version {
    pub(crate) fn of(cascade: &Cascade) -> Self {
        let fingerprint = Fingerprint::of(cascade);
        Self { name: fingerprint.version(), fingerprint }
    }
}

#[cfg(test)]
mod tests {
    use cascade_core::{Cascade, Declaration, Delete, Outcome, ResourceDescriptor, Rule, place};

    use super::{Version, handler, step};

    #[test]
    fn method_keeps_its_name_where_restate_allows_it() {
        let names =
            ["destroy", "détach", "find", "check", "authorize", "1st", "_1st", "__", "_x", ""].map(handler);
        assert_eq!(
            names,
            [
                "destroy", "d_tach", "execute", "execute", "execute", "execute", "_1st", "execute", "_x",
                "execute"
            ]
        );
    }

    #[test]
    fn each_resource_has_a_distinct_name_that_restate_allows() {
        let declare = |builder: cascade_core::CascadeBuilder, name: &str| {
            let resource = ResourceDescriptor::runtime::<String>(name, place!());
            let mut declared = Declaration::<(), String>::new(name.to_owned(), resource, place!());
            declared.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
            declared.rule(Rule::effect::<Delete>("remove", place!()));
            builder.declare((), declared)
        };
        let cascade = ["a b", "a-b", "Höhe"].into_iter().fold(Cascade::builder(), declare).build().unwrap();
        let version = Version::of(&cascade).name;
        let names: Vec<String> =
            cascade.graph().resources().map(|node| step(cascade.graph(), "v", node.name())).collect();
        assert_eq!(names, ["Step.H_he.v", "Step.a_b-1.v", "Step.a_b-2.v"]);
        assert_eq!(version.len(), 12);
    }
}
