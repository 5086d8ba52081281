//! `cargo xtask browser`: tests the pages in a real browser, and the generated graphs in the parsers of their formats.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::done;

/// The required programs, each with the Debian packages that install it.
const PROGRAMS: [(&str, &[&str]); 4] = [
    // Without a font, screenshots show boxes in place of letters.
    ("chromium", &["chromium", "fonts-liberation"]),
    ("dot", &["graphviz"]),
    ("node", &["nodejs"]),
    ("npm", &["npm"]),
];

/// Installs missing programs, writes the pages, and runs the scripts. Screenshots are left in `target/browser`.
pub(crate) fn run() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let done = install_programs()
        .and_then(|()| install_modules(&root))
        .and_then(|folder| write_pages(&root).map(|()| folder))
        .and_then(|folder| drive(&root, &folder));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Installs missing programs with apt-get.
fn install_programs() -> Result<(), String> {
    let missing: Vec<_> = PROGRAMS.iter().filter(|(program, _)| !is_installed(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|(program, _)| *program).collect();
    eprintln!("installing missing programs: {}", names.join(", "));
    let packages = missing.iter().flat_map(|(_, packages)| packages.iter().copied());
    let help =
        |error| format!("{error}\n  help: install {}, or run this task as root on Debian", names.join(", "));
    // On a fresh machine, the list of packages is missing or outdated.
    quietly(apt_get().args(["update"])).map_err(help)?;
    quietly(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(packages)).map_err(help)?;
    match names.iter().find(|program| !is_installed(program)) {
        None => Ok(()),
        Some(program) => Err(help(format!("`{program}` is missing although its package was installed"))),
    }
}

fn apt_get() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").args(["--quiet", "--quiet", "-o", "Acquire::Retries=3"]);
    apt
}

/// Whether the program is installed. The variable `CHROMIUM` can name another browser.
fn is_installed(program: &str) -> bool {
    if program == "chromium" && std::env::var_os("CHROMIUM").is_some() {
        return true;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Installs the browser driver and the parser from npm, in the versions of `browser/package.json`, and returns their
/// folder.
fn install_modules(root: &Path) -> Result<PathBuf, String> {
    let folder = root.join("target/browser");
    let wanted = root.join("xtask/browser/package.json");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let wanted = std::fs::read(&wanted).map_err(|error| format!("{}: {error}", wanted.display()))?;
    let installed = folder.join("installed.json");
    if std::fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    let write = |path: PathBuf| {
        std::fs::write(&path, &wanted).map_err(|error| format!("{}: {error}", path.display()))
    };
    write(folder.join("package.json"))?;
    let npm =
        ["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"];
    quietly(Command::new("npm").current_dir(&folder).args(npm))?;
    write(installed)?;
    Ok(folder)
}

/// Writes the pages: most of them by tests, the page of the example cloud by `cargo cascade`, and its documentation by
/// rustdoc.
fn write_pages(root: &Path) -> Result<(), String> {
    let cargo = |arguments: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(root).args(arguments);
        cargo
    };
    quietly(&mut cargo(&["test", "--quiet", "--package", "cascade-core", "--test", "rendering", "pages"]))?;
    quietly(&mut cargo(&["test", "--quiet", "--package", "cascade-core", "--test", "plan_page"]))?;
    let cascade = ["run", "--quiet", "--package", "cargo-cascade", "--", "cascade", "--package", "iaas"];
    let mut cloud = cargo(&cascade);
    done(cloud.args(["graph", "--output"]).arg(root.join("target/tmp/cloud.html")))?;
    quietly(&mut cargo(&["doc", "--quiet", "--no-deps", "--package", "iaas"]))
}

fn drive(root: &Path, folder: &Path) -> Result<(), String> {
    let absolute = |path: &Path| path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    let (scripts, target) = (absolute(&root.join("xtask/browser"))?, absolute(&root.join("target"))?);
    let (pages, cloud) = (target.join("tmp"), absolute(&root.join("examples/iaas/cli/docs"))?);
    let node = |script: &str| {
        let mut node = Command::new("node");
        node.current_dir(folder).arg(scripts.join(script));
        node
    };
    // Both scripts run, even if the first one fails.
    let formats = done(node("formats.mjs").arg(cloud).arg(&pages));
    let pages = done(node("pages.mjs").arg(pages).arg(target.join("doc")).arg("."));
    formats.and(pages)
}

/// Runs a command and shows its output only if it fails.
fn quietly(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?} did not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    Err(format!("{command:?} ended with {}\n{out}{err}", output.status))
}
