//! Draws, explains, checks, documents and compares the cascade graph of any workspace, without changes to its code.
//!
//! The linker collects the extensions, so that only a program that links them has the graph. This tool generates such a
//! program: a package of two lines in the workspace's target folder, which depends on the workspace's packages and is
//! built with their lock file, profiles, patches and features.

#![forbid(unsafe_code)]

mod args;
mod ask;
mod blocked;
mod build;
mod check;
mod commands;
mod diff;
mod docs;
mod error;
mod explain;
mod git;
mod manifest;
mod select;
mod sources;
mod workspace;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

pub use crate::check::{Warning, WarningKind, further_than_documented, warnings};
pub use crate::diff::{Change, Diff};
pub use crate::explain::{Explanation, Way, explain};

/// Parses the command line and runs the sub-command.
pub fn main() -> ExitCode {
    // Cargo starts the tool as `cargo-cascade cascade …`. In a direct call, the word `cascade` is optional.
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == "cascade") {
        arguments.remove(1);
    }
    let args = args::Args::parse_from(arguments);
    let mut out = Vec::new();
    let result = commands::run(&args, &mut out);
    if let (Err(error), true) = (&result, args.json) {
        out.extend(error.to_json());
    }
    // The reader, such as `head`, may have closed the pipe. That is not an error.
    let _ = std::io::stdout().lock().write_all(&out);
    match result {
        Ok(code) => code,
        Err(error) => error.report(),
    }
}
