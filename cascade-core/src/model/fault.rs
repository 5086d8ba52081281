//! What can be wrong with a graph, each with its code, its places and its mend.

use std::fmt;

use super::location::Place;

/// The kind of a [`Fault`]; printed as its stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// C001: two resources have one name.
    ResourceNameTwice,
    /// C002: two extensions claim one resource, and neither is an add-on.
    ResourceClaimedTwice,
    /// C003: an add-on extends a resource that no extension owns.
    AddonAlone,
    /// C004: something names a resource that no linked extension declares.
    UnknownResource,
    /// C005: an edge is claimed twice.
    EdgeTwice,
    /// C006: an edge and its finders do not fit together.
    Finder,
    /// C007: a rule names an edge or an effect that is not there.
    Rule,
    /// C008: two rules match equally well.
    RuleTwice,
    /// C009: an edge that an operation leaves undecided.
    Undecided,
    /// C010: `supersedes` names no effect, goes in a circle, or lets a leaf keep what another rule takes.
    Supersedes,
    /// C011: a batch or a concurrency of zero.
    Settings,
    /// C012: more effects on one resource than the engine takes.
    TooManyEffects,
    /// C013: two operations have one code.
    OperationCodeTwice,
    /// C014: a field of an extension for which the program provides no value.
    NotProvided,
    /// C015: a check, begin or cleanup method that could never run.
    Phase,
    /// C016: no extension is linked at all.
    Empty,
    /// C017: an `after` that contradicts the edges or another `after`.
    After,
    /// C018: an instance that would go with the last of two kinds of owners.
    SharedTwice,
}

impl FaultKind {
    /// The stable code, `C001` and on.
    pub fn code(self) -> String {
        format!("C{:03}", self as u16 + 1)
    }
}

/// One fault of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    message: String,
    places: Vec<Place>,
    help: String,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind, message: message.into(), places: Vec::new(), help: help.into() }
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    /// What kind of fault it is.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The declarations concerned, the offending one first.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// What to do.
    pub fn help(&self) -> &str {
        &self.help
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.kind.code(), self.message)?;
        for place in &self.places {
            write!(f, "\n  --> {place}")?;
        }
        write!(f, "\n  help: {}", self.help)
    }
}

/// A graph that cannot be built: every fault of it, not the first only.
#[derive(Clone, thiserror::Error)]
#[error("the resource graph has {}\n{}", count(.faults), list(.faults))]
pub struct BuildError {
    faults: Vec<Fault>,
}

// A `main` that returns it, and an `expect`, print this: people read it there.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl BuildError {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self { faults }
    }

    /// The faults, in a fixed order.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

fn count(faults: &[Fault]) -> String {
    match faults.len() {
        1 => String::from("1 fault"),
        n => format!("{n} faults"),
    }
}

fn list(faults: &[Fault]) -> String {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    faults.join("\n")
}
