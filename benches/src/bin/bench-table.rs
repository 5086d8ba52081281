//! Runs all benchmarks, each in a process of its own, prints the table and writes it to the file that is named:
//! `bench-table <file> [--large]`.

#![expect(clippy::cast_precision_loss, reason = "measured numbers are not exact to 52 bits")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is its output")]

use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use cascade_benches::Failed;
use cascade_benches::measure::{Row, Unit};

/// Program, benchmark and sizes.
const BENCHMARKS: [(&str, &str, &[u64]); 13] = [
    ("bench-time", "mesh", &[5, 50, 200]),
    ("bench-time", "sqlite", &[10_000]),
    ("bench-time", "driver", &[100_000]),
    ("bench-time", "journal", &[10_000, 40_000]),
    ("bench-time", "journal-batch", &[100_000]),
    ("bench-time", "cloud-u64", &[10_000, 100_000, 1_000_000]),
    ("bench-time", "cloud-uuid", &[10_000, 100_000, 1_000_000]),
    ("bench-time", "cloud-string", &[10_000, 100_000, 1_000_000]),
    ("bench-memory", "cloud-u64", &[10_000, 100_000, 1_000_000]),
    ("bench-memory", "cloud-uuid", &[1_000_000]),
    ("bench-memory", "cloud-string", &[1_000_000]),
    ("bench-memory", "preview", &[1_000_000]),
    ("bench-memory", "journal", &[1_000_000]),
];

/// What takes 20 GB and some minutes.
const LARGE: [(&str, &str, &[u64]); 2] =
    [("bench-time", "cloud-u64", &[10_000_000]), ("bench-memory", "cloud-u64", &[10_000_000])];

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("name the file to write the table to")?;
    let large = arguments.next().is_some_and(|argument| argument == "--large");
    let more: &[_] = if large { &LARGE } else { &[] };
    let mut rows = Vec::new();
    for (program, benchmark, sizes) in BENCHMARKS.iter().chain(more) {
        for size in *sizes {
            eprintln!("{program} {benchmark} {size}");
            rows.extend(run(program, benchmark, *size)?);
        }
    }
    let table = table(&rows);
    println!("{table}");
    std::fs::write(file, format!("{}\n{table}", heading()?))?;
    Ok(())
}

/// Runs a program that stands beside this one.
fn run(program: &str, benchmark: &str, size: u64) -> Result<Vec<Row>, Failed> {
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
        String::from("# What was measured"),
        String::new(),
        String::from(
            "Written by `cargo xtask bench`; do not edit. The ratios count, the times are this machine's. Each",
        ),
        String::from(
            "number is a median; the engine and its rival ran by turns in one process, on one thread. Times are the",
        ),
        String::from("thread's time on the processor."),
        String::new(),
        format!("- machine: {}, {cores} cores, {}", field("/proc/cpuinfo", "model name"), memory()),
        format!("- {}", String::from_utf8(rustc.stdout)?.trim()),
        format!("- date: {}", date()),
    ];
    Ok(lines.join("\n") + "\n")
}

/// The value of a field in one of Linux's files of fields.
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

fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| work | size | cascade | rival | rival is | ratio | bar | |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let ratio = row.ours / row.rival;
        let met = if ratio <= row.bar { "met" } else { "**missed**" };
        let (ours, rival) = (quantity(row.ours, row), quantity(row.rival, row));
        let (Row { work, size, against, bar, .. }, each) = (row, each(row));
        let _ = writeln!(
            table,
            "| {work} | {size} | {ours} ({each} each) | {rival} | {against} | {ratio:.2} | {bar} | {met} |"
        );
    }
    table
}

fn quantity(value: f64, row: &Row) -> String {
    match row.unit {
        Unit::Time if value >= 1e9 => format!("{:.2} s", value / 1e9),
        Unit::Time => format!("{:.2} ms", value / 1e6),
        Unit::Memory => format!("{:.1} MB", value / 1e6),
    }
}

fn each(row: &Row) -> String {
    let value = row.ours / row.per as f64;
    match row.unit {
        Unit::Time => format!("{value:.0} ns"),
        Unit::Memory => format!("{value:.0} B"),
    }
}
