//! Gets the graph of an earlier revision: checks the revision out to a temporary folder, builds it in the same target
//! folder, and stores the answer under its commit.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use cascade_core::tool::Answer;

use crate::args::Selection;
use crate::ask::{ask, read};
use crate::build::folder;
use crate::error::Error;
use crate::workspace::Workspace;

/// The answer of the workspace in `revision`.
pub(crate) fn answer_of(
    workspace: &Workspace,
    selection: &Selection,
    revision: &str,
    quiet: bool,
) -> Result<Answer, Error> {
    let root = workspace.root();
    let commit =
        git(root, &["rev-parse", "--verify", "--end-of-options", &format!("{revision}^{{commit}}")])?;
    let top = PathBuf::from(git(root, &["rev-parse", "--show-toplevel"])?);
    let stored = stored_answer(workspace, selection, &commit);
    if let Ok(answer) = std::fs::read(&stored) {
        return read(&answer);
    }
    // Outside of the workspace: cargo would otherwise report the checkout as a package that is missing in its members.
    let checkout = std::env::temp_dir().join(format!("cargo-cascade-{commit}-{}", std::process::id()));
    let path = checkout.display().to_string();
    git(&top, &["worktree", "add", "--quiet", "--force", "--detach", &path, &commit])?;
    let manifest = manifest(workspace, selection);
    let within = manifest.strip_prefix(&top).map(Path::to_path_buf);
    let answer = match within {
        Ok(within) => ask(
            &Selection {
                manifest_path: Some(checkout.join(within)),
                target_dir: Some(workspace.target().to_path_buf()),
                ..selection.clone()
            },
            quiet,
        ),
        Err(_) => Err(Error::Git {
            command: String::from("worktree"),
            message: format!("{} is not in {}", manifest.display(), top.display()),
        }),
    };
    let removed = git(&top, &["worktree", "remove", "--force", &path]);
    let answer = answer?.answer;
    removed?;
    std::fs::write(&stored, serde_json::to_vec(&answer)?).map_err(Error::io("write", stored))?;
    Ok(answer)
}

/// The file for the answer. The graph depends only on the commit and on how it is built.
fn stored_answer(workspace: &Workspace, selection: &Selection, commit: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    let Selection { packages, bin, features, all_features, no_default_features, .. } = selection;
    (manifest(workspace, selection), packages, bin, features, all_features, no_default_features)
        .hash(&mut hasher);
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    folder(workspace).join(format!("graph-{commit}-{:016x}.json", hasher.finish()))
}

/// The manifest that cargo uses: the one that was given, else the one of the root package or the workspace.
fn manifest(workspace: &Workspace, selection: &Selection) -> PathBuf {
    let root =
        || workspace.metadata.root_package().map(|package| package.manifest_path.as_std_path().to_path_buf());
    let given = selection.manifest_path.as_ref().and_then(|path| path.canonicalize().ok());
    given.or_else(root).unwrap_or_else(|| workspace.root().join("Cargo.toml"))
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String, Error> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .map_err(Error::io("start", "git"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Git { command: arguments.first().map_or_else(String::new, ToString::to_string), message })
}
