//! The names of the services, as Restate and its UI show them.

use cascade_core::remote::{Fingerprint, MethodCall};
use cascade_core::{Cascade, Graph, Phase};

/// The workflow: a run each, by its id.
pub(crate) const CASCADE: &str = "Cascade";

/// The plans, by the id that they were stored under.
pub(crate) const PLANS: &str = "CascadePlan";

/// What the newest workers have linked.
pub(crate) const GRAPH: &str = "CascadeGraph";

/// What steps on one resource are sent to: `Step.VmInstance.1a2b3c4d5e6f`.
///
/// The version of the graph is part of it: so a run's steps go to workers that have what it was planned with, also when
/// newer ones are registered beside them.
pub(crate) fn step(graph: &Graph, version: &str, resource: &str) -> String {
    let plain = plain(resource);
    let same = |node: &&cascade_core::ResourceNode| self::plain(node.name()) == plain;
    let shared = graph.resources().filter(same).count() > 1;
    let number = graph.resources().position(|node| node.name() == resource).unwrap_or_default();
    if shared { format!("Step.{plain}-{number}.{version}") } else { format!("Step.{plain}.{version}") }
}

/// A resource's name in the letters that Restate takes.
fn plain(resource: &str) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() || char == '_' { char } else { '_' };
    resource.chars().map(plain).collect()
}

/// The handlers of a step service that change nothing. They alone are public: clients call them while they plan.
pub(crate) const FIND: &str = "find";
pub(crate) const CHECK: &str = "check";
pub(crate) const AUTHORIZE: &str = "authorize";
pub(crate) const PUBLIC: [&str; 3] = [FIND, CHECK, AUTHORIZE];

/// The handler for a method that acts and whose name Restate does not allow, or is the name of another handler.
pub(crate) const EXECUTE: &str = "execute";

/// The handler that a step's method is called through. All checks share one.
pub(crate) fn handler_of(call: &MethodCall) -> String {
    if call.phase == Phase::Check { String::from(CHECK) } else { handler(&call.effect) }
}

/// The handler of a method that acts. It has the name of the method where Restate allows that name.
pub(crate) fn handler(method: &str) -> String {
    let name = plain(method);
    let begins_well = |name: &str| {
        let rest = name.strip_prefix('_').map_or(name.chars().next(), |rest| rest.chars().next());
        rest.is_some_and(|char| char.is_ascii_alphabetic() || name.starts_with('_') && char.is_ascii_digit())
    };
    let is_taken = PUBLIC.contains(&name.as_str());
    if begins_well(&name) && !is_taken { name } else { String::from(EXECUTE) }
}

/// A program's fingerprint with its short name.
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
    fn methods_have_their_own_names_where_that_can_be() {
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
    fn each_resource_has_a_name_of_its_own_that_restate_takes() {
        let declare = |builder: cascade_core::CascadeBuilder, name: &str| {
            let resource = ResourceDescriptor::runtime::<String>(name, place!());
            let mut declared = Declaration::<(), String>::new(name.to_owned(), resource, place!());
            declared.effect("go", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
            declared.rule(Rule::effect::<Delete>("go", place!()));
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
