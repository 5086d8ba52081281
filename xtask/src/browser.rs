//! `cargo xtask browser`: the pages in a real browser, driven by a script that checks what a person would, and the
//! pictures in the parsers of their own formats.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::done;

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
    let is_missing = |program: &str| !Path::new("/usr/bin").join(program).exists();
    if (is_missing("chromium") && std::env::var_os("CHROMIUM").is_none()) || is_missing("dot") {
        done(Command::new("apt-get").args(["install", "--yes", "--quiet", "chromium", "graphviz"]))?;
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
    if !folder.join("node_modules/mermaid").exists() {
        let npm = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", "."];
        std::fs::write(folder.join("package.json"), "{}").map_err(|error| error.to_string())?;
        done(
            Command::new("npm")
                .current_dir(&folder)
                .args(npm)
                .args(["playwright-core@1.64.1", "mermaid@12.3"]),
        )?;
    }
    Ok(folder)
}

fn drive(root: &Path, folder: &Path) -> Result<(), String> {
    let absolute = |path: &Path| path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    let (scripts, pages) = (absolute(&root.join("xtask/browser"))?, absolute(&root.join("target/tmp"))?);
    let cloud = absolute(&root.join("examples/iaas/cli/docs"))?;
    let node = |script: &str| {
        let mut node = Command::new("node");
        node.current_dir(folder).arg(scripts.join(script));
        node
    };
    done(node("formats.mjs").arg(cloud).arg(&pages))?;
    done(node("pages.mjs").arg(pages).arg("."))
}
