//! What `cargo cascade` and a program with a graph say to each other.
//!
//! The tool is no part of the program, and knows its graph only by asking: it sets an environment variable, starts the
//! program (or a small one that it writes, which links the same extensions), and reads the answer from a file. The
//! program writes the answer with its own version of this library, so that a document is the same whoever wrote it.

#[cfg(feature = "document")]
mod protocol;

#[cfg(feature = "document")]
use self::protocol::answer_to;
#[cfg(feature = "document")]
pub use self::protocol::{Answer, FaultDocument, Request};

/// The environment variable that holds the request, as JSON.
pub const VARIABLE: &str = "CARGO_CASCADE";

/// Answers `cargo cascade`, and ends the program, if it was started by it; does nothing otherwise. For a package that
/// has only a binary with extensions in it: the first line of its `main`.
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
            complain(&error);
            1
        }
    });
}

#[expect(clippy::print_stderr, reason = "the program was started to answer its starter, and nothing else")]
fn complain(error: &str) {
    eprintln!("error: cargo cascade asked this program for its graph, and it could not answer: {error}");
}

#[cfg(not(feature = "document"))]
fn answer_to(_request: &str) -> Result<(), String> {
    Err(String::from("it was built without the feature `document` of cascade-core"))
}
