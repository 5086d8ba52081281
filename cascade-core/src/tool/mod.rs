//! The protocol between `cargo cascade` and a program with a graph.
//!
//! The tool is a separate program and obtains the graph as follows. It sets an environment variable, starts the program
//! (or a small generated program that links the same extensions), and reads the answer from a file. The program writes
//! the answer with its own version of this library, so that the document does not depend on the version of the tool.

#[cfg(feature = "document")]
mod protocol;

#[cfg(feature = "document")]
use self::protocol::answer_to;
#[cfg(feature = "document")]
pub use self::protocol::{Answer, FaultDocument, Request};

/// The environment variable with the request, as JSON.
pub const VARIABLE: &str = "CARGO_CASCADE";

/// If `cargo cascade` started the program, answers it and exits the process. Otherwise does nothing.
///
/// A package whose extensions are in a binary and not in a library calls it first in `main`.
///
/// ```no_run
/// // First in `main`:
/// cascade_core::tool::hook();
/// ```
pub fn hook() {
    let Some(request) = std::env::var_os(VARIABLE) else { return };
    std::process::exit(match answer_to(&request.to_string_lossy()) {
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
fn answer_to(_request: &str) -> Result<(), String> {
    Err(String::from("it was built without the feature `document` of cascade-core: enable that feature"))
}
