//! `cargo xtask bench`: builds the benchmarks, makes a Python with Django if it can, and runs them all.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::{cargo, in_turn};

/// Names the Python that has Django to the benchmarks.
const PYTHON: &str = "CASCADE_BENCH_PYTHON";

/// Builds and runs. The arguments are those of `bench-table`.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    let package = ["--release", "--package", "cascade-benches"];
    // The table runs the other programs, which stand beside it: build them all first.
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

/// A Python of its own with the newest Django, made once. `None` where there is no Python or no network: the table says
/// then that Django was not measured.
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
    eprintln!("making a Python with Django in {}", directory.display());
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
