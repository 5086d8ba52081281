//! The errors of planning.

use crate::model::{CallError, Place, Printed};

/// Why an operation could not be planned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No root instance was given.
    #[error("no root instance was given: name at least one {resource} to start from")]
    NoRoots {
        /// The resource to start from.
        resource: String,
    },
    /// The set of roots is empty.
    #[error("no roots were given: add some, as in `RootSet::new().and(Host::roots([…]))`")]
    NoRootSet,
    /// No resource has that name.
    #[error("there is no resource `{name}`{}", did_you_mean(.nearest.as_deref()))]
    UnknownResource {
        /// The name that was given.
        name: String,
        /// The most similar name of a resource.
        nearest: Option<String>,
    },
    /// The text is not an id of that resource.
    #[error("`{}` is not an id of {resource} (expected {id_type}): {source}", Printed(.text))]
    BadId {
        /// The resource.
        resource: String,
        /// The text that was given.
        text: String,
        /// The type of the resource's ids.
        id_type: &'static str,
        /// Why the text is not an id.
        source: serde_json::Error,
    },
    /// The operation cannot start from that resource.
    #[error("{operation} starts from {allowed}, not from {resource}")]
    WrongRoot {
        /// The operation.
        operation: &'static str,
        /// The resource of the given roots.
        resource: String,
        /// The resources that the operation may start from.
        allowed: String,
    },
    /// No rule decides what the operation does to its root.
    #[error(
        "{resource} has no rule for {operation} as the root: write `#[on({operation})]` on one of its effects{}",
        declared_at(*.place)
    )]
    NoRule {
        /// The operation.
        operation: &'static str,
        /// The resource of the given roots.
        resource: String,
        /// Where the resource's extension is declared.
        place: Option<Place>,
    },
    /// Roots do not exist, according to the verify method of their resource.
    #[error(
        "{count} of the given {resource} do not exist, or the operation has removed them already: {}{}. Leave them out, or allow \
         them (`RootSet::allow_missing`) to remove what still depends on them",
        .ids.iter().map(|id| Printed(id).to_string()).collect::<Vec<_>>().join(", "),
        if *count > ids.len() { ", …" } else { "" }
    )]
    MissingRoots {
        /// The resource of the roots.
        resource: String,
        /// The printed ids of the first of them.
        ids: Vec<String>,
        /// The number of roots that do not exist.
        count: usize,
    },
    /// The roots are instances of too many resources.
    #[error(
        "the roots are instances of {count} resources, but a plan can start from at most {maximum}: make several plans"
    )]
    TooManyRootResources {
        /// The number of resources.
        count: usize,
        /// The maximum.
        maximum: usize,
    },
    /// A finder failed, or its answer is invalid.
    #[error("the finder `{finder}` ({place}), which finds {child} under {parent}, failed: {source}")]
    Finder {
        /// The finder, with its extension.
        finder: String,
        /// The resource of the given parents.
        parent: String,
        /// The resource that the finder finds.
        child: String,
        /// Where the finder is declared.
        place: Place,
        /// The error.
        source: Box<CallError>,
    },
    /// A verify method failed, or its answer is invalid.
    #[error("the verify method `{method}` ({place}) of {resource} failed: {source}")]
    Verify {
        /// The method, with its extension.
        method: String,
        /// The method's resource.
        resource: String,
        /// Where the method is declared.
        place: Place,
        /// The error.
        source: Box<CallError>,
    },
    /// A check failed, or its answer is invalid.
    #[error("the check `{check}` ({place}) of {resource} failed: {source}")]
    Check {
        /// The check, with its extension.
        check: String,
        /// The check's resource.
        resource: String,
        /// Where the check is declared.
        place: Place,
        /// The error.
        source: Box<CallError>,
    },
    /// An authorizer failed.
    #[error("the authorizer failed on {resource}: {source}")]
    Authorizer {
        /// The resource of the instances it was asked about.
        resource: String,
        /// The error.
        source: Box<CallError>,
    },
    /// Another [`Cascade`](crate::Cascade) made the plan.
    #[error("another `Cascade` made the plan: plan and apply with the same one")]
    OtherGraph,
    /// An id or the operation could not be serialised.
    #[error("the plan has no digest")]
    Digest(#[from] serde_json::Error),
    /// The plan has more instances than fit into 32 bits.
    #[error("the plan has more than 4 billion instances: start from fewer roots")]
    TooLarge,
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(": did you mean `{name}`?"))
}

fn declared_at(place: Option<Place>) -> String {
    place.map_or_else(String::new, |place| format!(", at {place}"))
}
