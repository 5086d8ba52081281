//! The tasks of this repository besides build and test. With few dependencies, so that it builds fast.

#![forbid(unsafe_code)]
#![expect(clippy::print_stderr, reason = "a command-line tool reports errors on stderr")]

mod bench;
mod beside;
mod browser;
mod build_time;
mod nightly;
mod restate;

use std::path::Path;
use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask <task>

tasks:
  bench [--large] [--only <benchmark>]…
                    run all benchmarks, print one table and write it to benches/RESULTS.md; compares with Django and
                    Terraform if Python and Terraform are installed. --large adds the slow benchmarks, among them one
                    of 50 million instances, which needs 20 GB of memory; --only prints a part and writes no file
  beside            build and run cascade-sqlite beside Diesel, sqlx and SeaORM, and test it with the oldest rusqlite that it
                    accepts; resolves versions anew, in target/beside
  restate [PROOF]…  test cascade-restate with real servers, workers and kills. Proofs: private, equal, kills, outages, refusals,
                    guarded, nested, traced, long, speed, large, which are the default, and larger, a run of a million
  build-time [--before <git revision>]
                    measure the processor time of a clean dev build of a program with one resource, by crate; with
                    --before also of that revision, and the ratio
  interleavings     test the locks of a run in many orders of the threads
  orders            run small worlds in every order of their calls, with changes of the world and a death at every moment
  nightly [--seed <number>] [PART]…
                    run the tests that take hours. Parts: model, kills, interleavings, restate. The default is all
                    parts, with seeds that depend on the date; --seed repeats an earlier night
  browser           test the pages in a headless Chromium, and leave screenshots in target/browser";

fn main() -> ExitCode {
    if let Some(code) = build_time::wrapped_compiler() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["beside"] => beside::run(),
        ["browser"] => browser::run(),
        ["build-time", arguments @ ..] => build_time::run(arguments),
        ["bench", arguments @ ..] => bench::run(arguments),
        ["restate", chosen @ ..] => restate::run(chosen),
        ["interleavings"] => in_turn([&mut interleavings()]),
        ["orders"] => in_turn([&mut orders()]),
        ["nightly", arguments @ ..] => nightly::run(arguments),
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

/// Builds with instrumented locks, in a target folder of its own because every crate is rebuilt.
fn interleavings() -> Command {
    let mut test = cargo(&["test", "--target-dir", "target/shuttle"]);
    test.args(["--package", "cascade-core", "--test", "interleavings"]).env("RUSTFLAGS", "--cfg shuttle");
    test
}

/// Explores small worlds without bounds, in an optimised build.
fn orders() -> Command {
    let mut test = cargo(&["test", "--release", "--package", "cascade-core", "--test", "orders"]);
    test.args(["--", "--nocapture"]).env("CASCADE_ORDERS", "all");
    test
}

/// Runs the commands in order and stops at the first failure.
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

/// Runs a command and returns its failure as an error.
pub(crate) fn done(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?} did not start: {error}")),
    }
}
