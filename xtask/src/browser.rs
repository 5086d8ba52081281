//! `cargo xtask browser`: the pages in a real browser, driven by a script that checks what a person would.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Writes the pages, gets the browser and its driver if they are not there, and runs the script. The pictures it takes
/// are left in `target/browser` to be looked at.
pub(crate) fn run() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    match prepare(&root).and_then(|folder| drive(&root, &folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn prepare(root: &Path) -> Result<PathBuf, String> {
    if !Path::new("/usr/bin/chromium").exists() && std::env::var_os("CHROMIUM").is_none() {
        done(Command::new("apt-get").args(["install", "--yes", "--quiet", "chromium"]))?;
    }
    let target = root.join("target");
    let (pages, folder) = (target.join("tmp"), target.join("browser"));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let cargo = || {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(root);
        cargo
    };
    // The tests write their pages where the browser finds them.
    done(cargo().args(["test", "--quiet", "--package", "cascade-core", "--test", "rendering", "pages"]))?;
    done(cargo().args(["test", "--quiet", "--package", "cascade-core", "--test", "plan_page"]))?;
    let cascade = ["run", "--quiet", "--package", "cargo-cascade", "--", "cascade", "--package", "iaas"];
    done(cargo().args(cascade).args(["graph", "--output"]).arg(pages.join("cloud.html")))?;
    if !folder.join("node_modules/playwright-core").exists() {
        let npm = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", "."];
        std::fs::write(folder.join("package.json"), "{}").map_err(|error| error.to_string())?;
        done(Command::new("npm").current_dir(&folder).args(npm).arg("playwright-core@1.64.1"))?;
    }
    Ok(folder)
}

fn drive(root: &Path, folder: &Path) -> Result<(), String> {
    let absolute = |path: &Path| path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    let (script, pages) =
        (absolute(&root.join("xtask/browser/pages.mjs"))?, absolute(&root.join("target/tmp"))?);
    done(Command::new("node").current_dir(folder).arg(script).arg(pages).arg("."))
}

fn done(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?} did not start: {error}")),
    }
}
