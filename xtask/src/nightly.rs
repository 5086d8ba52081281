//! `cargo xtask nightly`: the long tests, which do not fit into the time of `.ci/run`.

use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::{cargo, done, interleavings, restate};

/// The random worlds for each seed of the model.
const CASES: &str = "1000000";
const MODEL_SEEDS: u64 = 3;
/// Each seed gives 3,000 schedules per test.
const SCHEDULE_SEEDS: u64 = 10;
const KILLS: &str = "5000";

/// No two nights have a seed in common.
const SEEDS_PER_NIGHT: u64 = 10;
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// A long test.
struct Part {
    name: &'static str,
    /// Gets the first seed of the night.
    run: fn(u64) -> Result<(), String>,
}

const PARTS: [Part; 4] = [
    Part { name: "model", run: check_model },
    Part { name: "kills", run: kill_processes },
    Part { name: "interleavings", run: try_schedules },
    Part { name: "restate", run: run_on_workers },
];

/// Runs the named parts, or all of them, and reports every part that failed. Arguments: `[--seed <number>] [PART]…`.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    let failed = parse(arguments).and_then(|(seed, parts)| run_parts(seed, &parts));
    match failed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[&str]) -> Result<(u64, Vec<&'static Part>), String> {
    let (seed, names) = match arguments {
        ["--seed", seed, names @ ..] => {
            (seed.parse().map_err(|_| format!("`{seed}` is not a seed: pass a number"))?, names)
        }
        names => (seed_of_today()?, names),
    };
    if names.is_empty() {
        return Ok((seed, PARTS.iter().collect()));
    }
    let known = || PARTS.map(|part| part.name).join(", ");
    let part = |name: &&str| {
        let part = PARTS.iter().find(|part| part.name == *name);
        part.ok_or_else(|| format!("there is no part `{name}`: choose from {}", known()))
    };
    Ok((seed, names.iter().map(part).collect::<Result<_, _>>()?))
}

fn seed_of_today() -> Result<u64, String> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.map_err(|_| String::from("the clock is before 1970: set it, or pass --seed"))?;
    Ok(since.as_secs() / SECONDS_PER_DAY * SEEDS_PER_NIGHT)
}

fn run_parts(seed: u64, parts: &[&Part]) -> Result<(), String> {
    let start = Instant::now();
    eprintln!("seed {seed}: to repeat this night, pass --seed {seed}");
    let mut failures = Vec::new();
    for part in parts {
        eprintln!("\n==== {} (at {} s)", part.name, start.elapsed().as_secs());
        if let Err(error) = (part.run)(seed) {
            eprintln!("{}: {error}", part.name);
            failures.push(format!("{}: {error}", part.name));
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!("{} of {} parts failed:\n{}", failures.len(), parts.len(), failures.join("\n")))
}

/// Compares the engine with its model.
fn check_model(first: u64) -> Result<(), String> {
    for seed in first..first + MODEL_SEEDS {
        let mut test = cargo(&["test", "--release", "--package", "cascade-core", "--test", "engine"]);
        test.args(["--", "properties::", "resumed::"]);
        done(test.env("CASCADE_CASES", CASES).env("CASCADE_SEED", seed.to_string()))?;
    }
    Ok(())
}

/// Kills processes of the example cloud and resumes their runs. The test has seeds of its own.
fn kill_processes(_first: u64) -> Result<(), String> {
    let mut test = cargo(&["test", "--package", "iaas", "--test", "cli"]);
    test.args(["--", "--nocapture", "killed::a_killed_run_resumes_with_the_result_of_an_undisturbed_run"]);
    done(test.env("CASCADE_KILLS", KILLS))
}

fn try_schedules(first: u64) -> Result<(), String> {
    (first..first + SCHEDULE_SEEDS)
        .try_for_each(|seed| done(interleavings().env("CASCADE_SEED", seed.to_string())))
}

/// Runs a million instances on workers, and measures their throughput.
fn run_on_workers(_first: u64) -> Result<(), String> {
    restate::prove(&["larger", "speed"])
}
