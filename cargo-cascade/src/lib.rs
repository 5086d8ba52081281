//! The cascade graph of any workspace, without a line of code in it: drawn, explained, checked, documented and compared.
//!
//! The graph is collected by the linker, so that only a program that links the extensions can tell it. This tool writes
//! one: a package of two lines under the workspace's target folder, which depends on the workspace's packages and is
//! built with their lock file, profiles, patches and features.

#![forbid(unsafe_code)]

mod args;
mod ask;
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

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    // Cargo starts it as `cargo-cascade cascade …`; who starts it otherwise need not say so.
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
    // A reader that has seen enough, such as `head`, is no error.
    let _ = std::io::stdout().lock().write_all(&out);
    match result {
        Ok(code) => code,
        Err(error) => error.report(),
    }
}
