//! Builds the program that has the graph, in the user's target folder.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_metadata::{Message, Package};
use toml_edit::DocumentMut;

use crate::args::Selection;
use crate::error::Error;
use crate::manifest::{self, NAME};
use crate::select::{Executable, Program};
use crate::workspace::Workspace;

/// The folder for all files of this tool, in the target folder.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("cascade")
}

/// Locks the folder until the file is dropped, so that two runs of the tool do not write the same program.
pub(crate) fn lock(workspace: &Workspace) -> Result<File, Error> {
    let folder = folder(workspace);
    std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    let path = folder.join("lock");
    let file = File::create(&path).map_err(Error::io("create", &path))?;
    file.lock().map_err(Error::io("lock", &path))?;
    Ok(file)
}

/// Builds the program and returns its path.
pub(crate) fn build(
    workspace: &Workspace,
    program: &Program<'_>,
    selection: &Selection,
    quiet: bool,
) -> Result<PathBuf, Error> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace.root()).arg("build").args(["--profile", &selection.profile]);
    cargo.arg("--target-dir").arg(workspace.target());
    cargo.args(["--message-format", "json-render-diagnostics"]);
    if selection.offline {
        cargo.arg("--offline");
    }
    if quiet {
        cargo.arg("--quiet");
    }
    let binary = match &program.executable {
        Executable::Shim(libraries) => {
            cargo.arg("--manifest-path").arg(write_shim(workspace, program, libraries, selection)?);
            NAME
        }
        Executable::Binary(package, binary) => {
            cargo.arg("--manifest-path").arg(&package.manifest_path).args(["--bin", binary]);
            cargo.args(features(selection));
            cargo.args(document_feature(package));
            binary
        }
    };
    run(cargo, binary)
}

fn features(selection: &Selection) -> Vec<String> {
    let mut arguments = Vec::new();
    if selection.all_features {
        arguments.push(String::from("--all-features"));
    }
    if selection.no_default_features {
        arguments.push(String::from("--no-default-features"));
    }
    if !selection.features.is_empty() {
        arguments.extend([String::from("--features"), selection.features.join(",")]);
    }
    arguments
}

/// The argument that turns on the feature `document` of `cascade-core`, which the program needs to answer. `None` for a
/// package that does not depend on `cascade-core` itself.
fn document_feature(package: &Package) -> Option<String> {
    let core = package.dependencies.iter().find(|dependency| dependency.name == "cascade-core")?;
    Some(format!("--features={}/document", core.rename.as_deref().unwrap_or(&core.name)))
}

/// Runs cargo. Its stderr is inherited; its JSON messages name the path of the binary.
fn run(mut cargo: Command, binary: &str) -> Result<PathBuf, Error> {
    let cannot_start = Error::io("start", PathBuf::from(cargo.get_program()));
    let mut child = cargo.stdout(Stdio::piped()).spawn().map_err(cannot_start)?;
    let mut executable = None;
    if let Some(stdout) = child.stdout.take() {
        for message in Message::parse_stream(BufReader::new(stdout)).map_while(Result::ok) {
            if let Message::CompilerArtifact(artifact) = message
                && artifact.target.name == binary
                && artifact.target.is_bin()
            {
                executable = artifact.executable;
            }
        }
    }
    let status = child.wait().map_err(Error::io("wait for", "cargo"))?;
    match executable {
        Some(executable) if status.success() => Ok(executable.into_std_path_buf()),
        _ => Err(Error::Build),
    }
}

/// Writes the package and returns the path of its manifest. Writes only files that changed, so that cargo does not
/// rebuild without need.
fn write_shim(
    workspace: &Workspace,
    program: &Program<'_>,
    libraries: &[&Package],
    selection: &Selection,
) -> Result<PathBuf, Error> {
    let mut hasher = DefaultHasher::new();
    workspace.root().hash(&mut hasher);
    // A folder for each workspace, because several workspaces can share a target folder.
    let folder = folder(workspace).join(format!("shim-{:016x}", hasher.finish()));
    std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    let users = workspace.root().join("Cargo.toml");
    let text = std::fs::read_to_string(&users).map_err(Error::io("read", &users))?;
    let users = text.parse::<DocumentMut>().map_err(|source| Error::Toml { path: users, source })?;
    let manifest = manifest::manifest(&users, workspace.root(), program, libraries, selection)?;
    write(&folder.join("Cargo.toml"), &manifest)?;
    write(&folder.join("main.rs"), &manifest::code(libraries.len()))?;
    copy_lock(&workspace.root().join("Cargo.lock"), &folder)?;
    Ok(folder.join("Cargo.toml"))
}

/// Copies the user's lock file whenever it changed. In the copy, cargo adds the generated package and removes unused
/// packages.
fn copy_lock(users: &Path, folder: &Path) -> Result<(), Error> {
    let Ok(lock) = std::fs::read_to_string(users) else { return Ok(()) };
    let (ours, seen) = (folder.join("Cargo.lock"), folder.join("Cargo.lock.seen"));
    if ours.exists() && std::fs::read_to_string(&seen).is_ok_and(|seen| seen == lock) {
        return Ok(());
    }
    write(&ours, &lock)?;
    write(&seen, &lock)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    std::fs::write(path, text).map_err(Error::io("write", path))
}
