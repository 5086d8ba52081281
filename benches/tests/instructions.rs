//! Guards the performance by counting instructions with `valgrind`, if it is installed. The counts depend on the
//! compiler, so they have a tolerance: they detect another pass over every instance, not another branch. Only
//! optimised code is counted: `cargo test --release -p cascade-benches --test instructions`.

#![cfg(not(debug_assertions))]
#![forbid(unsafe_code)]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use std::process::Command;

use cascade_benches::Failed;
use cascade_benches::cloud::each_instance;

/// The permitted increase in percent.
const TOLERANCE: u64 = 10;

/// Instructions per instance of the cloud with u64 ids and of the cloud as flat arrays, and per step of the driver that
/// ends at once or waits, when this test was written.
const PER_INSTANCE: u64 = 438;
const PER_FLAT_INSTANCE: u64 = 448;
const PER_STEP: u64 = 627;
const PER_WAITING_STEP: u64 = 4900;

/// Instructions of one part of a benchmark per unit of work: all instructions, minus those of the preparation.
fn instructions(all: &str, before: &str, size: u64, per: u64) -> Result<Option<u64>, Failed> {
    let (Some(all), Some(before)) = (counted(all, size)?, counted(before, size)?) else {
        eprintln!("valgrind is not installed: instructions were not counted");
        return Ok(None);
    };
    Ok(Some((all - before) / per))
}

fn counted(benchmark: &str, size: u64) -> Result<Option<u64>, Failed> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", env!("CARGO_BIN_EXE_bench-once")]);
    let Ok(output) = command.arg(benchmark).arg(size.to_string()).output() else { return Ok(None) };
    let stderr = String::from_utf8(output.stderr)?;
    let count = stderr.lines().find_map(|line| line.split("Collected : ").nth(1));
    let count = count.ok_or_else(|| format!("{benchmark} was not counted:\n{stderr}"))?;
    Ok(Some(count.trim().parse()?))
}

fn expect_at_most(what: &str, counted: Option<u64>, expected: u64) {
    if let Some(counted) = counted {
        let most = expected + expected * TOLERANCE / 100;
        assert!(counted <= most, "{what}: {counted} instructions, {expected} when this was written");
    }
}

/// Instructions per instance of a cloud, planned and applied.
fn per_instance(all: &str, before: &str) -> Result<Option<u64>, Failed> {
    let vms = 3000;
    let mut instances = 0;
    each_instance(vms, |_, _, _| instances += 1);
    instructions(all, before, vms, instances)
}

#[test]
fn an_instance_costs_few_instructions() -> Result<(), Failed> {
    expect_at_most("an instance", per_instance("cloud", "cloud-made")?, PER_INSTANCE);
    Ok(())
}

#[test]
fn an_instance_of_flat_arrays_costs_few_instructions() -> Result<(), Failed> {
    expect_at_most("an instance of flat arrays", per_instance("flat", "flat-made")?, PER_FLAT_INSTANCE);
    Ok(())
}

#[test]
fn a_step_costs_few_instructions() -> Result<(), Failed> {
    let steps = 3000;
    let counted = instructions("driver", "driver-planned", steps, steps)?;
    expect_at_most("a step of one instance", counted, PER_STEP);
    Ok(())
}

#[test]
fn a_step_that_waits_costs_few_instructions() -> Result<(), Failed> {
    let steps = 3000;
    let counted = instructions("driver-waiting", "driver-planned", steps, steps)?;
    expect_at_most("a step of one instance that waits", counted, PER_WAITING_STEP);
    Ok(())
}
