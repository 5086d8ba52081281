//! Asks a workspace for its graph.

use std::path::{Path, PathBuf};
use std::process::Command;

use cascade_core::document::{Document, FORMAT, Format};
use cascade_core::tool::{Answer, Request, VARIABLE};

use crate::args::Selection;
use crate::build;
use crate::error::Error;
use crate::select::Program;
use crate::workspace::Workspace;

/// What a workspace answered.
pub(crate) struct Asked {
    pub(crate) workspace: Workspace,
    pub(crate) answer: Answer,
    /// The packages that could contribute extensions, by name.
    pub(crate) contributors: Vec<String>,
    /// The folders of the packages that were chosen.
    pub(crate) chosen: Vec<PathBuf>,
}

impl Asked {
    /// The graph; its faults, if it has any.
    pub(crate) fn document(&self) -> Result<&Document, Error> {
        self.answer
            .document
            .as_ref()
            .ok_or_else(|| Error::Faults(crate::check::list_faults(&self.answer.faults)))
    }
}

/// Builds the program that `selection` names and asks it.
pub(crate) fn ask(selection: &Selection, quiet: bool) -> Result<Asked, Error> {
    ask_for(selection, (&[], None), quiet)
}

/// The formats that are wanted, and where their links to the source lead: `None` for nowhere.
pub(crate) type Wanted<'w> = (&'w [Format], Option<&'w dyn Fn(&Workspace) -> String>);

/// The same, also for its graph in some formats.
pub(crate) fn ask_for(
    selection: &Selection,
    (render, sources): Wanted<'_>,
    quiet: bool,
) -> Result<Asked, Error> {
    let workspace = Workspace::load(selection)?;
    let program = Program::select(&workspace, selection)?;
    let lock = build::lock(&workspace)?;
    let executable = build::build(&workspace, &program, selection, quiet)?;
    let sources_at = sources.map_or_else(String::new, |sources| sources(&workspace));
    let answer = start(&workspace, &executable, render, sources_at)?;
    drop(lock);
    let contributors = program.contributors.iter().map(|package| package.name.to_string());
    let contributors = contributors.collect();
    let folders = program.chosen.iter().filter_map(|package| package.manifest_path.parent());
    let chosen = folders.map(|folder| folder.as_std_path().to_path_buf()).collect();
    Ok(Asked { workspace, answer, contributors, chosen })
}

fn start(
    workspace: &Workspace,
    executable: &Path,
    render: &[Format],
    sources_at: String,
) -> Result<Answer, Error> {
    let path = build::folder(workspace).join(format!("answer-{}.json", std::process::id()));
    let request = Request {
        workspace: workspace.root().display().to_string(),
        answer: path.clone(),
        render: render.iter().map(|format| format.name().to_owned()).collect(),
        sources_at,
    };
    let request = serde_json::to_string(&request)?;
    let mut command = Command::new(executable);
    let status = command.current_dir(workspace.root()).env(VARIABLE, request).status();
    let status = status.map_err(Error::io(executable))?;
    let answer = std::fs::read(&path);
    let name = || executable.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let answer = answer.map_err(|_| Error::NoAnswer(name()))?;
    // It was read: that it cannot be removed harms nobody.
    let _ = std::fs::remove_file(&path);
    if !status.success() {
        return Err(Error::NoAnswer(name()));
    }
    read(&answer)
}

/// Reads an answer, also one that was kept from an earlier revision.
pub(crate) fn read(answer: &[u8]) -> Result<Answer, Error> {
    let value: serde_json::Value = serde_json::from_slice(answer).map_err(Error::BadAnswer)?;
    let format = value.pointer("/document/format").and_then(serde_json::Value::as_u64);
    match format.map(|format| u32::try_from(format).unwrap_or(u32::MAX)) {
        Some(found) if found > FORMAT => Err(Error::NewerFormat { found, read: FORMAT }),
        _ => serde_json::from_value(value).map_err(Error::BadAnswer),
    }
}
