//! The committed documents.

use std::path::{Path, PathBuf};

use cascade_core::document::{Format, difference, same_but_for_lines};
use serde::Serialize;

use crate::ask::Asked;
use crate::error::Error;

/// The files and their formats.
const FILES: [(&str, Format); 2] = [("cascade.md", Format::Markdown), ("cascade.svg", Format::Svg)];

/// The file that lists the resources that each root reaches.
pub(crate) const PAGE: &str = FILES[0].0;

/// The formats that the program has to render.
pub(crate) const FORMATS: [Format; 2] = [FILES[0].1, FILES[1].1];

/// A file and its status.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    pub(crate) file: PathBuf,
    pub(crate) status: Status,
    /// The necessary changes of the file; empty if there are none.
    pub(crate) difference: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    Unchanged,
    Written,
    Missing,
    Differs,
}

/// Writes the documents, or with `only_check` compares them.
pub(crate) fn documents(asked: &Asked, folder: &Path, only_check: bool) -> Result<Vec<Document>, Error> {
    asked.document()?;
    let files = FILES.iter().map(|(name, format)| {
        let rendered = asked.answer.rendered.get(format.name()).map_or("", String::as_str);
        document(asked.workspace.root(), &folder.join(name), rendered, only_check)
    });
    files.collect()
}

fn document(root: &Path, file: &Path, rendered: &str, only_check: bool) -> Result<Document, Error> {
    let path = root.join(file);
    let committed = std::fs::read_to_string(&path).ok();
    let (status, difference) = match &committed {
        Some(text) if text == rendered => (Status::Unchanged, String::new()),
        Some(text) if only_check && same_but_for_lines(text, rendered) => (Status::Unchanged, String::new()),
        Some(text) if only_check => (Status::Differs, difference(text, rendered)),
        None if only_check => (Status::Missing, String::new()),
        _ => {
            let folder = path.parent().unwrap_or(root);
            std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
            std::fs::write(&path, rendered).map_err(Error::io("write", &path))?;
            (Status::Written, String::new())
        }
    };
    Ok(Document { file: file.to_path_buf(), status, difference })
}
