//! Runs all benchmarks, each in a process of its own, prints the table and writes it to a file: `bench-table <file>
//! [--large] [--only <benchmark>]…`. With `--only`, it writes nothing.

#![expect(clippy::cast_precision_loss, reason = "measured numbers are not exact to 52 bits")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is its output")]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use cascade_benches::Failed;
use cascade_benches::growth;
use cascade_benches::measure::{Line, Row, Unit};

/// Program, benchmark and sizes.
type Benchmark = (&'static str, &'static str, &'static [u64]);

const BENCHMARKS: [Benchmark; 28] = [
    ("bench-time", "cloud-u64", &[10_000, 100_000, 1_000_000]),
    ("bench-memory", "cloud-u64", &[10_000, 100_000, 1_000_000]),
    ("bench-time", "flat", &[10_000, 100_000, 1_000_000]),
    ("bench-memory", "flat", &[1_000_000]),
    ("bench-time", "cloud-spread", &[10_000, 100_000, 1_000_000]),
    ("bench-memory", "cloud-spread", &[1_000_000]),
    ("bench-time", "cloud-uuid", &[10_000, 100_000, 1_000_000]),
    ("bench-memory", "cloud-uuid", &[10_000, 100_000, 1_000_000]),
    ("bench-time", "cloud-string", &[10_000, 100_000, 1_000_000]),
    ("bench-memory", "cloud-string", &[10_000, 100_000, 1_000_000]),
    ("bench-time", "fan-out-string", &[1_000_000]),
    ("bench-time", "fan-out-shared", &[1_000_000]),
    ("bench-time", "mesh", &[5, 50, 200]),
    ("bench-time", "mesh-growth", &[0]),
    ("bench-time", "gitlab", &[0]),
    ("bench-sqlite", "delete", &[1000, 10_000, 100_000]),
    ("bench-sqlite", "delete-default-cache", &[10_000, 100_000]),
    ("bench-outside", "terraform", &[1000]),
    ("bench-time", "makespan", &[20, 100, 1000]),
    ("bench-time", "drift", &[10_000, 100_000]),
    ("bench-memory", "drift", &[100_000]),
    ("bench-time", "fresh", &[50_000]),
    ("bench-time", "driver", &[100_000]),
    ("bench-time", "journal", &[10_000, 40_000]),
    ("bench-time", "journal-batch", &[100_000]),
    ("bench-memory", "preview", &[1_000_000]),
    ("bench-memory", "journal", &[1_000_000]),
    ("bench-outside", "attribute", &[300]),
];

/// Benchmarks that need 20 GB of memory, or many minutes.
const LARGE: [Benchmark; 6] = [
    ("bench-time", "cloud-u64", &[10_000_000]),
    ("bench-memory", "cloud-u64", &[10_000_000]),
    ("bench-time", "flat", &[10_000_000]),
    ("bench-sqlite", "delete", &[1_000_000]),
    ("bench-sqlite", "delete-default-cache", &[1_000_000]),
    ("bench-outside", "terraform", &[3000]),
];

const USAGE: &str = "usage: bench-table <file> [--large] [--only <benchmark>]…";

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or(USAGE)?;
    let (mut large, mut only) = (false, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--large" => large = true,
            "--only" => only.push(arguments.next().ok_or(USAGE)?),
            _ => return Err(USAGE.into()),
        }
    }
    let more: &[_] = if large { &LARGE } else { &[] };
    let (mut lines, mut failed) = (Vec::new(), false);
    for (program, benchmark, sizes) in BENCHMARKS.iter().chain(more) {
        if !only.is_empty() && !only.iter().any(|only| only == benchmark) {
            continue;
        }
        for size in *sizes {
            eprintln!("{program} {benchmark} {size}");
            match run(program, benchmark, *size) {
                Ok(rows) => lines.extend(rows),
                // A failed benchmark must not discard the results of the others.
                Err(error) => {
                    let (work, size) = (format!("{program} {benchmark}"), size.to_string());
                    lines.push(Line::Missing { work, size, missing: error.to_string() });
                    failed = true;
                }
            }
        }
    }
    lines.extend(growth::lines(&lines));
    let table = table(&lines);
    println!("{table}");
    // A part of the table is not written.
    if only.is_empty() {
        std::fs::write(&file, format!("{}\n{table}", heading()?))?;
        std::fs::write(Path::new(&file).with_file_name("growth.svg"), growth::plot(&lines))?;
    }
    if failed { Err("some benchmarks failed: the table lists them".into()) } else { Ok(()) }
}

/// Runs a program from the folder of this one.
fn run(program: &str, benchmark: &str, size: u64) -> Result<Vec<Line>, Failed> {
    let path = std::env::current_exe()?.with_file_name(format!("{program}{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(path).arg(benchmark).arg(size.to_string()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{program} {benchmark} {size} failed: {}", output.status).into());
    }
    let lines = String::from_utf8(output.stdout)?;
    lines.lines().map(|line| serde_json::from_str(line).map_err(Failed::from)).collect()
}

fn heading() -> Result<String, Failed> {
    let rustc = Command::new("rustc").arg("--version").output()?;
    let cores = std::thread::available_parallelism()?;
    let lines = [
        String::from("# Benchmark results"),
        String::new(),
        String::from(
            "Generated by `cargo xtask bench`; do not edit. Compare the ratios: times depend on the machine.",
        ),
        String::from(
            "Each number is a median. The engine and its rival ran alternately in one process, on one thread.",
        ),
        String::from("Times are the processor time of that thread."),
        String::new(),
        format!("- machine: {}, {cores} cores, {}", field("/proc/cpuinfo", "model name"), memory()),
        format!("- {}", String::from_utf8(rustc.stdout)?.trim()),
        format!("- date: {}", date()),
    ];
    Ok(lines.join("\n") + "\n")
}

/// The value of a field in a file of Linux's proc file system.
fn field(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix(':'));
    value.map_or_else(|| String::from("unknown"), |value| value.trim().to_owned())
}

fn memory() -> String {
    let kilobytes = field("/proc/meminfo", "MemTotal");
    let number: Option<f64> = kilobytes.strip_suffix(" kB").and_then(|number| number.trim().parse().ok());
    number.map_or(kilobytes, |number| format!("{:.0} GB", number * 1024.0 / 1e9))
}

fn date() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

fn table(lines: &[Line]) -> String {
    let mut table = String::from(
        "| work | size | cascade | rival | compared with | ratio | maximum | |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for line in lines {
        let _ = match line {
            Line::Missing { work, size, missing } => {
                writeln!(table, "| {work} | {size} | | | not measured: {missing} | | | |")
            }
            Line::Row(row) => {
                let ratio = row.ours / row.rival;
                let met = if ratio <= row.bar {
                    String::from("met")
                } else {
                    format!("**missed**: {} times the maximum", factor(ratio / row.bar))
                };
                let (ours, rival) = (quantity(row.ours, row), quantity(row.rival, row));
                let (Row { work, size, against, bar, .. }, each) = (row, each(row));
                let (ratio, bar) = (factor(ratio), factor(*bar));
                writeln!(
                    table,
                    "| {work} | {size} | {ours}{each} | {rival} | {against} | {ratio} | {bar} | {met} |"
                )
            }
        };
    }
    table
}

/// Two digits after the point, and more for smaller numbers.
fn factor(value: f64) -> String {
    match value {
        ..0.001 => format!("{value:.1e}"),
        ..0.1 => format!("{value:.4}"),
        _ => format!("{value:.2}"),
    }
}

fn quantity(value: f64, row: &Row) -> String {
    match row.unit {
        Unit::Time if value >= 1e9 => format!("{:.2} s", value / 1e9),
        Unit::Time if value < 1e4 => format!("{value:.0} ns"),
        Unit::Time => format!("{:.2} ms", value / 1e6),
        Unit::Memory if value < 1e5 => format!("{value:.0} B"),
        Unit::Memory => format!("{:.1} MB", value / 1e6),
        Unit::Number => format!("{value:.2}"),
    }
}

fn each(row: &Row) -> String {
    let value = row.ours / row.per as f64;
    match row.unit {
        _ if row.per <= 1 => String::new(),
        Unit::Time => format!(" ({value:.0} ns each)"),
        Unit::Memory => format!(" ({value:.0} B each)"),
        Unit::Number => String::new(),
    }
}
