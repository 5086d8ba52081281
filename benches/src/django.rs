//! The same cloud deleted by Django's ORM, if a Python with Django exists: `cargo xtask bench` installs one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::Failed;
use crate::measure::expect_equal;

/// The environment variable that names the Python.
pub const PYTHON: &str = "CASCADE_BENCH_PYTHON";

/// The answer of the script.
#[derive(Debug, Deserialize)]
struct Answer {
    seconds: f64,
    deleted: u64,
    version: String,
}

/// The Python that has Django, if there is one.
pub fn python() -> Option<String> {
    std::env::var(PYTHON).ok().filter(|python| !python.is_empty())
}

/// The duration of the deletion, and the version of Django.
pub fn delete(
    python: &str,
    file: &Path,
    signals: bool,
    instances: u64,
) -> Result<(Duration, String), Failed> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/django/delete.py");
    let mut command = Command::new(python);
    command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(script)
        .arg(file)
        .args(signals.then_some("--signals"))
        .stderr(Stdio::inherit());
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", output.status).into());
    }
    let answer: Answer = serde_json::from_slice(&output.stdout)?;
    expect_equal("deleted by Django", &answer.deleted, &instances)?;
    Ok((Duration::from_secs_f64(answer.seconds), answer.version))
}
