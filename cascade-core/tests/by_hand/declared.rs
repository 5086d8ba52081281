//! A small cloud that is declared by hand: zones, and hosts in them.

use cascade_core::{
    BuildError, Cascade, CascadeBuilder, Declaration, Delete, Found, Operation, OperationDescriptor, Outcome,
    Place, ResourceDescriptor, Rule,
};
use serde::{Deserialize, Serialize};

pub(crate) type Declared = Declaration<(), u64>;

/// An operation for which the cloud has no rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Suspend;

impl Operation for Suspend {
    const CODE: &'static str = "suspend";
    const DESCRIPTOR: OperationDescriptor =
        OperationDescriptor::of::<Self>("Suspend", Self::CODE, Vec::new, at(90));
}

/// The line of a generator.
pub(crate) const fn at(line: u32) -> Place {
    Place::new("cloud", "cloud.rs", line)
}

pub(crate) fn resource(name: &str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<u64>(name, at(1))
}

pub(crate) fn add_effect(declared: &mut Declared, name: &'static str, line: u32) {
    declared.effect(name, at(line), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
}

pub(crate) fn add_finder(
    declared: &mut Declared,
    name: &'static str,
    parent: &str,
    operation: Option<OperationDescriptor>,
    line: u32,
) {
    declared.finder(name, resource(parent), operation, at(line), |(), _: &[u64], _| {
        Box::pin(async { Ok(Found::Pairs(Vec::new())) })
    });
}

pub(crate) fn add_cleanup(declared: &mut Declared, name: &'static str, line: u32) {
    declared.cleanup::<Delete, _>(name, at(line), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
}

/// A resource that `Delete` removes as the root.
pub(crate) fn root(name: &str, line: u32) -> Declared {
    let mut declared = Declared::new(format!("{name}s"), resource(name), at(line));
    add_effect(&mut declared, "remove", line);
    declared.rule(Rule::effect::<Delete>("remove", at(line)));
    declared
}

pub(crate) fn zones() -> Declared {
    root("Zone", 10)
}

/// Hosts in zones. The effects are `remove` and `stop`, which `Delete` from a zone runs.
pub(crate) fn hosts() -> Declared {
    let mut hosts = root("Host", 20);
    add_effect(&mut hosts, "stop", 21);
    hosts.edge(resource("Zone"), at(22));
    add_finder(&mut hosts, "in_zones", "Zone", None, 23);
    hosts.rule(Rule::effect::<Delete>("stop", at(24)).from(resource("Zone")));
    hosts
}

pub(crate) fn build(declared: impl IntoIterator<Item = Declared>) -> Result<Cascade, BuildError> {
    let declare = |builder: CascadeBuilder, declared| builder.declare((), declared);
    declared.into_iter().fold(Cascade::builder(), declare).build()
}
