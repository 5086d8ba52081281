//! `cargo xtask bench`: builds and runs the benchmarks, with a Python environment for Django if possible.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::{cargo, in_turn};

/// The variable that tells the benchmarks which Python has Django.
const PYTHON: &str = "CASCADE_BENCH_PYTHON";

/// Builds and runs the benchmarks. The arguments are those of `bench-table`.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    let package = ["--release", "--package", "cascade-benches"];
    // `bench-table` starts the other binaries, which have to be built before it.
    let mut build = cargo(&["build", "--bins"]);
    let mut table = cargo(&["run", "--quiet", "--bin", "bench-table"]);
    table.args(package).args(["--", "benches/RESULTS.md"]).args(arguments);
    if std::env::var_os(PYTHON).is_none()
        && let Some(python) = django(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/django"))
    {
        table.env(PYTHON, python);
    }
    in_turn([build.args(package), &mut table])
}

/// A virtual environment with the newest Django, which is created once. `None` without Python or network: the table
/// then says that Django was not measured.
fn django(directory: &Path) -> Option<PathBuf> {
    let python = directory.join("bin/python");
    let has_django = || {
        Command::new(&python)
            .args(["-c", "import django"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if python.exists() && has_django() {
        return Some(python);
    }
    eprintln!("creating a Python environment with Django in {}", directory.display());
    let made = succeeds(Command::new("python3").args(["-m", "venv"]).arg(directory))
        && succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet", "django"]));
    made.then_some(python)
}

fn succeeds(command: &mut Command) -> bool {
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("{command:?} did not start: {error}");
            false
        }
    }
}
