//! `cargo xtask build-time`: the processor time of a clean dev build of a program with one annotated resource, by crate,
//! beside that of another revision.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use crate::done;

/// Names the file to which this program, started by cargo in place of the compiler, appends the time of each crate.
const LOG: &str = "CASCADE_BUILD_TIME_LOG";

/// Builds of each revision. They alternate, so that other load on the machine affects both alike.
const BUILDS: usize = 3;

const MANIFEST: &str = r#"[package]
name = "program"
version = "0.0.0"
edition = "2024"
publish = false

[[bin]]
name = "program"
path = "main.rs"

[dependencies]
cascade-core = { path = "CASCADE_CORE" }
tokio = { version = "1", default-features = false, features = ["rt", "time"] }

[workspace]
"#;

const PROGRAM: &str = r#"use cascade_core::prelude::*;

#[derive(Resource)]
#[resource(id = u64)]
struct Host;

#[derive(Extension)]
struct HostCascade;

#[cascade(resource = Host)]
impl HostCascade {
    #[on(Delete)]
    async fn remove(&self, hosts: &[u64]) -> Result<(), StepError> {
        println!("removed {hosts:?}");
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let cascade = Cascade::linked().build()?;
        let plan = cascade.plan(Delete, Host::roots([1_u64])).await?;
        print!("{plan}");
        let report = cascade.apply(plan).await?;
        assert!(report.is_complete());
        Ok(())
    })
}
"#;

/// Measures this checkout and, with `--before <revision>`, that revision too.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    let before = match arguments {
        [] => None,
        ["--before", revision] => Some(*revision),
        _ => {
            eprintln!("usage: cargo xtask build-time [--before <git revision>]");
            return ExitCode::from(2);
        }
    };
    match measure(before) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the compiler if cargo started this program in its place, and answers its exit code.
pub(crate) fn wrapped_compiler() -> Option<ExitCode> {
    let log = std::env::var_os(LOG)?;
    Some(match compile(Path::new(&log)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    })
}

/// The first argument is the compiler, the others are its own.
fn compile(log: &Path) -> Result<ExitCode, String> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [compiler, arguments @ ..] = arguments.as_slice() else {
        return Err(format!("cargo named no compiler, although {LOG} is set"));
    };
    let mut command = Command::new(compiler);
    let status = command
        .args(arguments)
        .status()
        .map_err(|error| format!("{} did not start: {error}", Path::new(compiler).display()))?;
    if let Some(name) = crate_name(arguments) {
        let line = format!("{name} {}\n", children_seconds()?);
        let file = fs::OpenOptions::new().create(true).append(true).open(log);
        // One call for the whole line: cargo may run several compilers at once.
        file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(cannot_write(log))?;
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The crate that the compiler builds; `None` where cargo only asks for its version or settings.
fn crate_name(arguments: &[OsString]) -> Option<String> {
    let position = arguments.iter().position(|argument| argument == "--crate-name")?;
    let name = arguments.get(position + 1)?.to_string_lossy().into_owned();
    (name != "___").then_some(name)
}

/// The user and system time of all processes that this one started and waited for, and of theirs.
fn children_seconds() -> Result<f64, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)
        .map_err(|error| format!("the processor time of child processes cannot be read: {error}"))?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    let microseconds =
        u64::try_from(microseconds).map_err(|_| format!("{microseconds} µs is no processor time"))?;
    Ok(Duration::from_micros(microseconds).as_secs_f64())
}

/// A revision of the library and a program that depends on it.
struct Variant {
    name: String,
    program: PathBuf,
    builds: Vec<Build>,
}

/// The processor seconds of one clean build.
struct Build {
    total: f64,
    crates: BTreeMap<String, f64>,
}

fn measure(before: Option<&str>) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
    let folder = root.join("target/build-time");
    let mut variants = Vec::new();
    if let Some(revision) = before {
        let source = extract(&root, revision, &folder)?;
        variants.push(Variant::new(revision.to_owned(), folder.join("program-before"), &source)?);
    }
    variants.push(Variant::new(String::from("this checkout"), folder.join("program"), &root)?);
    for number in 1..=BUILDS {
        for variant in &mut variants {
            let build = variant.build()?;
            eprintln!("build {number} of {BUILDS}, {}: {:.1} s", variant.name, build.total);
            variant.builds.push(build);
        }
    }
    print_crates(&variants);
    print_totals(&variants);
    Ok(())
}

/// The files of a revision, in a folder of their own.
fn extract(root: &Path, revision: &str, folder: &Path) -> Result<PathBuf, String> {
    let source = folder.join("before");
    if source.exists() {
        fs::remove_dir_all(&source).map_err(cannot_write(&source))?;
    }
    fs::create_dir_all(&source).map_err(cannot_write(&source))?;
    let archive = folder.join("before.tar");
    let mut git = Command::new("git");
    done(git.current_dir(root).args(["archive", "--format=tar", "--output"]).arg(&archive).arg(revision))?;
    done(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&source))?;
    Ok(source)
}

impl Variant {
    /// Writes the program, with the lock file of the revision: both are built with the versions that they were tested
    /// with.
    fn new(name: String, program: PathBuf, source: &Path) -> Result<Self, String> {
        fs::create_dir_all(&program).map_err(cannot_write(&program))?;
        let core = source.join("cascade-core");
        let manifest = MANIFEST.replace("CASCADE_CORE", &core.display().to_string());
        for (file, text) in [("Cargo.toml", manifest.as_str()), ("main.rs", PROGRAM)] {
            let file = program.join(file);
            fs::write(&file, text).map_err(cannot_write(&file))?;
        }
        let lock = source.join("Cargo.lock");
        fs::copy(&lock, program.join("Cargo.lock"))
            .map_err(|error| format!("{}: {error}", lock.display()))?;
        let mut fetch = Command::new(env!("CARGO"));
        done(fetch.current_dir(&program).args(["fetch", "--quiet"]))?;
        Ok(Self { name, program, builds: Vec::new() })
    }

    fn build(&self) -> Result<Build, String> {
        let target = self.program.join("target");
        if target.exists() {
            fs::remove_dir_all(&target).map_err(cannot_write(&target))?;
        }
        let log = self.program.join("crates.log");
        fs::write(&log, "").map_err(cannot_write(&log))?;
        let wrapper = std::env::current_exe().map_err(|error| format!("no path to this program: {error}"))?;
        let before = children_seconds()?;
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(&self.program).args(["build", "--quiet", "--offline", "--jobs", "1"]);
        cargo.arg("--target-dir").arg(&target);
        cargo.env("RUSTC_WRAPPER", wrapper).env(LOG, &log).env_remove("RUSTC_WORKSPACE_WRAPPER");
        // Cargo does so for packages from a registry, which is where programs get this library from.
        cargo.env("CARGO_INCREMENTAL", "0");
        done(&mut cargo)?;
        let total = children_seconds()? - before;
        done(Command::new(target.join("debug/program")).stdout(Stdio::null()))?;
        let log = fs::read_to_string(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        Ok(Build { total, crates: crates(&log)? })
    }

    fn total(&self) -> f64 {
        median(self.builds.iter().map(|build| build.total))
    }

    /// A crate that a build does not have takes no time there.
    fn seconds(&self, name: &str) -> f64 {
        median(self.builds.iter().map(|build| build.crates.get(name).copied().unwrap_or(0.0)))
    }
}

/// The seconds by crate. Versions of one crate count together, and so do all build scripts.
fn crates(log: &str) -> Result<BTreeMap<String, f64>, String> {
    let mut crates = BTreeMap::new();
    for line in log.lines() {
        let entry =
            line.split_once(' ').and_then(|(name, seconds)| Some((name, seconds.parse::<f64>().ok()?)));
        let (name, seconds) = entry.ok_or_else(|| format!("`{line}` is not a crate and its seconds"))?;
        let name = if name.starts_with("build_script_") { "build scripts" } else { name };
        *crates.entry(name.to_owned()).or_insert(0.0) += seconds;
    }
    Ok(crates)
}

fn median(seconds: impl Iterator<Item = f64>) -> f64 {
    let mut seconds: Vec<f64> = seconds.collect();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn print_crates(variants: &[Variant]) {
    let builds = variants.iter().flat_map(|variant| &variant.builds);
    let names: BTreeSet<&str> = builds.flat_map(|build| build.crates.keys()).map(String::as_str).collect();
    let mut rows: Vec<(&str, Vec<f64>)> = names
        .into_iter()
        .map(|name| (name, variants.iter().map(|variant| variant.seconds(name)).collect()))
        .collect();
    rows.sort_by(|(_, a), (_, b)| b[0].total_cmp(&a[0]));
    eprintln!("\nprocessor seconds by crate, the median of {BUILDS} builds");
    print_row("crate", variants.iter().map(|variant| variant.name.clone()));
    for (name, seconds) in rows {
        print_row(name, seconds.iter().map(|seconds| format!("{seconds:.2}")));
    }
}

fn print_totals(variants: &[Variant]) {
    print_row("whole build", variants.iter().map(|variant| format!("{:.2}", variant.total())));
    if let [before, now] = variants {
        eprintln!("\n{} is {:.2} times {}", now.name, now.total() / before.total(), before.name);
    }
}

fn print_row(first: &str, others: impl Iterator<Item = String>) {
    let mut row = format!("{first:<24}");
    for column in others {
        // Writing to a string cannot fail.
        let _ = write!(row, " {column:>16}");
    }
    eprintln!("{row}");
}

fn cannot_write(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{} cannot be written: {error}", path.display())
}
