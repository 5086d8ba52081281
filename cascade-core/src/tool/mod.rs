//! The protocol between `cargo cascade` and a program with a graph.
//!
//! The tool is a separate program and obtains the graph as follows. It sets an environment variable, starts the program
//! (or a small generated program that links the same extensions), and reads the answer from a file. The program writes
//! the answer with its own version of this library, so that the document does not depend on the version of the tool.

#[cfg(feature = "document")]
mod protocol;

use std::collections::BTreeSet;

#[cfg(feature = "document")]
use self::protocol::answer_to;
#[cfg(feature = "document")]
pub use self::protocol::{Answer, FaultDocument, Request};
#[cfg(feature = "inventory")]
use crate::extension::linked;
use crate::graph::Graph;
use crate::model::{BuildError, Place};

/// The environment variable with the request, as JSON.
pub const VARIABLE: &str = "CARGO_CASCADE";

/// If `cargo cascade` started the program, answers it with the graph of the linked extensions and exits the process. Otherwise
/// does nothing.
///
/// A package whose extensions are in a binary and not in a library calls it first in `main`.
///
/// ```no_run
/// // First in `main`:
/// cascade_core::tool::hook();
/// ```
#[cfg(feature = "inventory")]
pub fn hook() {
    answer_with(|| {
        let places = linked().into_iter().map(|registration| registration.describe().place);
        (packages(places), Graph::linked())
    });
}

/// Like [`hook`], for a program that makes its graph at run time, such as one with declarations by hand. `place` is where it
/// does so.
///
/// ```no_run
/// use cascade_core::{Declaration, Delete, Graph, Outcome, ResourceDescriptor, Rule, place};
///
/// fn zones() -> Declaration<(), u64> {
///     let zone = ResourceDescriptor::runtime::<u64>("Zone", place!());
///     let mut zones = Declaration::<(), u64>::new("Zones", zone, place!());
///     zones.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
///     zones.rule(Rule::effect::<Delete>("remove", place!()));
///     zones
/// }
///
/// // First in `main`, or after what the graph needs, such as a schema that is read from a file:
/// cascade_core::tool::hook_with(place!(), || Graph::build([zones().descriptor().clone()]));
/// ```
pub fn hook_with(place: Place, graph: impl FnOnce() -> Result<Graph, BuildError>) {
    answer_with(|| {
        let graph = graph();
        let extensions = graph.iter().flat_map(|graph| &graph.extensions);
        (packages(extensions.map(|extension| extension.place).chain([place])), graph)
    });
}

/// The packages that contain the places. A place that is a text has none.
fn packages(places: impl Iterator<Item = Place>) -> BTreeSet<String> {
    places.map(|place| place.package.to_owned()).filter(|package| !package.is_empty()).collect()
}

/// Answers with the packages and the graph that `program` returns, if `cargo cascade` asks.
fn answer_with(program: impl FnOnce() -> (BTreeSet<String>, Result<Graph, BuildError>)) {
    let Some(request) = std::env::var_os(VARIABLE) else { return };
    let (packages, graph) = program();
    std::process::exit(match answer_to(&request.to_string_lossy(), packages, &graph) {
        Ok(()) => 0,
        Err(error) => {
            print_error(&error);
            1
        }
    });
}

#[expect(clippy::print_stderr, reason = "the process runs only to answer `cargo cascade`, and exits")]
fn print_error(error: &str) {
    eprintln!("error: this program could not send its graph to `cargo cascade`: {error}");
}

#[cfg(not(feature = "document"))]
fn answer_to(
    _request: &str,
    _packages: BTreeSet<String>,
    _graph: &Result<Graph, BuildError>,
) -> Result<(), String> {
    Err(String::from("it was built without the feature `document` of cascade-core: enable that feature"))
}
