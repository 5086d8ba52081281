//! What is done to this repository beside building and testing it. With few dependencies, so that it starts at once.

#![forbid(unsafe_code)]
#![expect(clippy::print_stderr, reason = "it speaks to the one who called it")]

mod bench;
mod browser;
mod build_time;
mod restate;

use std::path::Path;
use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask <task>

tasks:
  bench [--large] [--only <benchmark>]…
                    measure everything, print one table and write it to benches/RESULTS.md; beside Django and
                    Terraform where there are Python and Terraform. --large also measures 50 million instances,
                    which takes 20 GB of memory, and what takes many minutes; --only prints a part, and writes nothing
  restate [PROOF]…  prove with real servers, workers and kills what cascade-restate promises: equal, kills, outages,
                    refusals, speed, large; larger, if asked for, is a run of a million
  build-time [--before <git revision>]
                    processor time of a clean dev build of a program with one resource, by crate; beside that revision
  interleavings     try the locks of a run in many orders of the threads that meet there
  browser           drive the pages in a headless Chromium; pictures of them are left in target/browser";

fn main() -> ExitCode {
    if let Some(code) = build_time::wrapped_compiler() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["browser"] => browser::run(),
        ["build-time", arguments @ ..] => build_time::run(arguments),
        ["bench", arguments @ ..] => bench::run(arguments),
        ["restate", chosen @ ..] => restate::run(chosen),
        ["interleavings"] => interleavings(),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).args(arguments);
    command
}

/// With locks of another kind, everything is built anew: in a folder of its own.
fn interleavings() -> ExitCode {
    let mut test = cargo(&["test", "--target-dir", "target/shuttle"]);
    test.args(["--package", "cascade-core", "--test", "interleavings"]).env("RUSTFLAGS", "--cfg shuttle");
    in_turn([&mut test])
}

/// Runs these, up to the first that fails.
fn in_turn<const N: usize>(commands: [&mut Command; N]) -> ExitCode {
    for command in commands {
        match command.status() {
            Ok(status) if status.success() => {}
            Ok(_) => return ExitCode::FAILURE,
            Err(error) => {
                eprintln!("{command:?} did not start: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Runs a command that has to go well.
pub(crate) fn done(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?} did not start: {error}")),
    }
}
