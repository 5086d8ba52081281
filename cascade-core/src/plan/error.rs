//! Why there is no plan.

use crate::model::{CallError, Place};

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The operation was started on nothing.
    #[error("no root instance was given: name at least one {resource} to start from")]
    NoRoots {
        /// The resource to start from.
        resource: String,
    },
    /// No resource has that name.
    #[error("there is no resource `{name}`{}", did_you_mean(.nearest.as_deref()))]
    UnknownResource {
        /// The name that was given.
        name: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// The text is no id of that resource.
    #[error("`{text}` is no id of {resource} (it takes {id_type}): {source}")]
    BadId {
        /// The resource.
        resource: String,
        /// What was given.
        text: String,
        /// The type of its ids.
        id_type: &'static str,
        /// Why it is none.
        source: serde_json::Error,
    },
    /// The operation does not start from that resource.
    #[error("{operation} starts from {allowed}, not from {resource}")]
    WrongRoot {
        /// The operation.
        operation: &'static str,
        /// The resource it was started on.
        resource: String,
        /// The resources it may start from.
        allowed: String,
    },
    /// No rule says what the operation does to its root.
    #[error(
        "{resource} has no rule for {operation} as the root: write `#[on({operation})]` on one of its effects{}",
        declared_at(*.place)
    )]
    NoRule {
        /// The operation.
        operation: &'static str,
        /// The resource it was started on.
        resource: String,
        /// Where its extension is.
        place: Option<Place>,
    },
    /// A finder did not answer, or not what it was asked.
    #[error("the finder `{finder}` ({place}), which finds {child} under {parent}, failed: {source}")]
    Finder {
        /// The finder, with its extension.
        finder: String,
        /// The resource it was asked about.
        parent: String,
        /// The resource it finds.
        child: String,
        /// Where it was written.
        place: Place,
        /// What it answered.
        source: Box<CallError>,
    },
    /// A verify method did not answer, or not what it was asked.
    #[error("the verify method `{method}` ({place}) of {resource} failed: {source}")]
    Verify {
        /// The method, with its extension.
        method: String,
        /// Its resource.
        resource: String,
        /// Where it was written.
        place: Place,
        /// What it answered.
        source: Box<CallError>,
    },
    /// A check did not answer, or not what it was asked.
    #[error("the check `{check}` ({place}) of {resource} failed: {source}")]
    Check {
        /// The check, with its extension.
        check: String,
        /// Its resource.
        resource: String,
        /// Where it was written.
        place: Place,
        /// What it answered.
        source: Box<CallError>,
    },
    /// An authorizer did not answer.
    #[error("the authorizer failed on {resource}: {source}")]
    Authorizer {
        /// The resource it was asked about.
        resource: String,
        /// What it answered.
        source: Box<CallError>,
    },
    /// Another [`Cascade`](crate::Cascade) made the plan.
    #[error("another `Cascade` made the plan: plan and apply with the same one")]
    OtherGraph,
    /// An id or the operation could not be serialised.
    #[error("the plan has no digest")]
    Digest(#[from] serde_json::Error),
    /// More instances than the engine counts.
    #[error("the plan has more than 4 billion instances: start from fewer roots")]
    TooLarge,
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(": did you mean `{name}`?"))
}

fn declared_at(place: Option<Place>) -> String {
    place.map_or_else(String::new, |place| format!(", at {place}"))
}
