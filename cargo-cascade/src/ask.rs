//! Builds the program of a workspace and gets the graph from it.

use std::path::{Path, PathBuf};
use std::process::Command;

use cascade_core::document::{Document, FORMAT, Format};
use cascade_core::tool::{Answer, Request, VARIABLE};

use crate::args::Selection;
use crate::build;
use crate::error::Error;
use crate::select::Program;
use crate::workspace::Workspace;

/// A workspace and the answer of its program.
pub(crate) struct Asked {
    pub(crate) workspace: Workspace,
    pub(crate) answer: Answer,
    /// The names of the packages that can contribute extensions.
    pub(crate) contributors: Vec<String>,
    /// The folders of the selected packages.
    pub(crate) chosen: Vec<PathBuf>,
}

impl Asked {
    /// The graph, or its faults as an error.
    pub(crate) fn document(&self) -> Result<&Document, Error> {
        self.answer
            .document
            .as_ref()
            .ok_or_else(|| Error::Faults(crate::check::list_faults(&self.answer.faults)))
    }
}

/// Builds the selected program and gets its graph.
pub(crate) fn ask(selection: &Selection, quiet: bool) -> Result<Asked, Error> {
    ask_for(selection, &Wanted { formats: &[], sources_at: None }, quiet)
}

/// The renderings that the program has to write.
pub(crate) struct Wanted<'w> {
    pub(crate) formats: &'w [Format],
    /// Returns the template for links to the source; `None` for no links.
    pub(crate) sources_at: Option<&'w dyn Fn(&Workspace) -> String>,
}

/// As [`ask`], and renders the graph in the wanted formats.
pub(crate) fn ask_for(selection: &Selection, wanted: &Wanted<'_>, quiet: bool) -> Result<Asked, Error> {
    let workspace = Workspace::load(selection)?;
    let program = Program::select(&workspace, selection)?;
    let lock = build::lock(&workspace)?;
    let executable = build::build(&workspace, &program, selection, quiet)?;
    let sources_at = wanted.sources_at.map_or_else(String::new, |sources_at| sources_at(&workspace));
    let answer = start(&workspace, &executable, wanted.formats, sources_at)?;
    drop(lock);
    let contributors = program.contributors.iter().map(|package| package.name.to_string());
    let contributors = contributors.collect();
    let folders = program.chosen.iter().filter_map(|package| package.manifest_path.parent());
    let chosen = folders.map(|folder| folder.as_std_path().to_path_buf()).collect();
    Ok(Asked { workspace, answer, contributors, chosen })
}

/// Runs the program, which writes its answer to a file because its `main` may print.
fn start(
    workspace: &Workspace,
    executable: &Path,
    formats: &[Format],
    sources_at: String,
) -> Result<Answer, Error> {
    let path = build::folder(workspace).join(format!("answer-{}.json", std::process::id()));
    let request = Request {
        workspace: workspace.root().display().to_string(),
        answer: path.clone(),
        render: formats.iter().map(|format| format.name().to_owned()).collect(),
        sources_at,
    };
    let request = serde_json::to_string(&request)?;
    let mut command = Command::new(executable);
    let status = command.current_dir(workspace.root()).env(VARIABLE, request).status();
    let status = status.map_err(Error::io("start", executable))?;
    let answer = std::fs::read(&path);
    let name = || executable.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let answer = answer.map_err(|_| Error::NoAnswer(name()))?;
    // The answer was read; a file that cannot be removed has no effect on later runs.
    let _ = std::fs::remove_file(&path);
    if !status.success() {
        return Err(Error::NoAnswer(name()));
    }
    read(&answer)
}

/// Parses an answer, which may be a stored one of an earlier revision.
pub(crate) fn read(answer: &[u8]) -> Result<Answer, Error> {
    let value: serde_json::Value = serde_json::from_slice(answer).map_err(Error::BadAnswer)?;
    let format = value.pointer("/document/format").and_then(serde_json::Value::as_u64);
    match format.map(|format| u32::try_from(format).unwrap_or(u32::MAX)) {
        Some(found) if found > FORMAT => Err(Error::NewerFormat { found, read: FORMAT }),
        _ => serde_json::from_value(value).map_err(Error::BadAnswer),
    }
}
