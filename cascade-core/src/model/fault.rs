//! Faults of a graph: each has a stable code, a message, the places concerned, and help.

use std::fmt;

use super::location::Place;

/// The kind of a [`Fault`]; printed as its stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// C001: two resources have the same name.
    ResourceNameTwice,
    /// C002: two extensions own the same resource; at most one may lack `addon`.
    ResourceClaimedTwice,
    /// C003: an add-on extends a resource that no extension owns.
    AddonAlone,
    /// C004: a declaration names a resource that no linked extension extends.
    UnknownResource,
    /// C005: an edge is declared twice.
    EdgeTwice,
    /// C006: an edge and its finders do not match, or an id type is wrong.
    Finder,
    /// C007: a rule names an undeclared edge or effect, or can never apply.
    Rule,
    /// C008: two rules apply to the same case with equal precedence.
    RuleTwice,
    /// C009: an operation has no rule for an edge: one that the extension mentions, or a total one that another extension
    /// mentions.
    Undecided,
    /// C010: `supersedes` names no effect, is cyclic, or lets a leaf effect replace an effect that removes the instance.
    Supersedes,
    /// C011: a batch, a concurrency or a timeout is zero.
    Settings,
    /// C012: a resource has more effects, or begin or cleanup methods, than the engine supports.
    TooManyEffects,
    /// C013: two operations have the same code.
    OperationCodeTwice,
    /// C014: the program provides no value for a field of an extension.
    NotProvided,
    /// C015: a check, begin, cleanup or verify method could never run.
    Phase,
    /// C016: no extension is linked or registered.
    Empty,
    /// C017: an `after` contradicts the edges or another `after`.
    After,
    /// C018: an operation shares a resource along two edges.
    SharedTwice,
    /// C019: the program provides two values of one type under one name, or both without a name.
    ProvidedTwice,
    /// C020: a call on a declaration by hand refers to what is not declared, or contradicts another call.
    Call,
    /// C021: a name is empty, has control characters or white space at an end, or is declared twice in an extension.
    Name,
    /// C022: an edge is declared as one whose order may be given up, but it closes no cycle.
    MayCut,
}

impl FaultKind {
    /// The stable code: `C001`, `C002`, …
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

    /// The kind of the fault.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    /// The problem, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The declarations concerned, the offending one first.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// How to fix it.
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

/// The graph cannot be built. Lists all faults, not only the first.
#[derive(Clone, thiserror::Error)]
#[error("the resource graph has {}\n{}", count(.faults), list(.faults))]
pub struct BuildError {
    faults: Vec<Fault>,
}

// `expect`, and a `main` that returns this error, print its `Debug` form.
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
