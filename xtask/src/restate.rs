//! `cargo xtask restate`: tests `cascade-restate` with real servers, workers and kills.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::done;

/// The server's version.
const VERSION: &str = "1.7.12";

pub(crate) fn run(chosen: &[&str]) -> ExitCode {
    match prove(chosen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Installs the server if it is missing, builds the programs, and runs the chosen proofs; by default all except
/// `larger`. They leave their files in `target/restate`.
pub(crate) fn prove(chosen: &[&str]) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let server = prepare(&root)?;
    run_proofs(&root, &server, chosen)
}

/// The npm package with the server's binary for this platform.
fn package() -> Result<&'static str, String> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Ok("@restatedev/restate-server-linux-x64"),
        ("linux", "aarch64") => Ok("@restatedev/restate-server-linux-arm64"),
        ("macos", "x86_64") => Ok("@restatedev/restate-server-darwin-x64"),
        ("macos", "aarch64") => Ok("@restatedev/restate-server-darwin-arm64"),
        (system, machine) => Err(format!("there is no Restate server for {system} on {machine}")),
    }
}

/// Installs the server if it is missing, and returns the path of its binary.
fn prepare(root: &Path) -> Result<PathBuf, String> {
    let (package, folder) = (package()?, root.join("target/restate-server"));
    let server = folder.join("node_modules").join(package).join("bin/restate-server");
    let stamp = folder.join(VERSION);
    if !(server.exists() && stamp.exists()) {
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let write = |file: &Path, text: &str| {
            std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
        };
        write(&folder.join("package.json"), "{}")?;
        let npm = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", "."];
        let wanted = format!("{package}@{VERSION}");
        done(Command::new("npm").current_dir(&folder).args(npm).arg(wanted))?;
        write(&stamp, "")?;
    }
    server.canonicalize().map_err(|error| format!("{}: {error}", server.display()))
}

fn run_proofs(root: &Path, server: &Path, chosen: &[&str]) -> Result<(), String> {
    let packages = ["--package", "restate-proofs", "--package", "iaas"];
    let mut build = Command::new(env!("CARGO"));
    done(build.current_dir(root).args(["build", "--release", "--quiet"]).args(packages))?;
    let target = root.join("target").canonicalize().map_err(|error| error.to_string())?;
    let mut proofs = Command::new(target.join("release/restate-proofs"));
    done(proofs.arg(server).arg(target.join("release/iaas")).arg(target.join("restate")).args(chosen))
}
