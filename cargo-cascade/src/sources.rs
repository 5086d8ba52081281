//! The template for links to the source.

use std::path::Path;

use crate::args::Sources;
use crate::workspace::Workspace;

/// The template for a document that is written to `file`, or printed if it is `None`: the URL of the argument, else
/// that of the workspace, else the relative path from the file to the workspace. A printed document has no relative
/// links.
pub(crate) fn sources_at(sources: &Sources, workspace: &Workspace, file: Option<&Path>) -> String {
    if let Some(url) = &sources.source_url {
        return url.clone();
    }
    let configured = workspace.metadata.workspace_metadata.pointer("/cascade/source-url");
    if let Some(url) = configured.and_then(serde_json::Value::as_str) {
        return url.to_owned();
    }
    file.and_then(|file| path_up(file, workspace.root())).unwrap_or_default()
}

/// The relative path from the folder of a file up to the workspace, if the file is in it.
fn path_up(file: &Path, workspace: &Path) -> Option<String> {
    let folder = std::path::absolute(file.parent()?).ok()?;
    // The path of the workspace is canonical. That of the folder may have symbolic links, and its end may not exist
    // yet.
    let real = folder.ancestors().find_map(|ancestor| {
        let rest = folder.strip_prefix(ancestor).ok()?;
        Some(ancestor.canonicalize().ok()?.join(rest))
    })?;
    let depth = real.strip_prefix(workspace).ok()?.components().count();
    Some(if depth == 0 { String::from(".") } else { vec![".."; depth].join("/") })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::path_up;

    #[test]
    fn the_relative_path_leads_to_the_workspace() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let workspace = folder.path().canonicalize().expect("the folder exists");
        let up = |file: &str| path_up(&folder.path().join(file), &workspace);
        assert_eq!(up("docs/deep/cascade.md").as_deref(), Some("../.."));
        assert_eq!(up("cascade.md").as_deref(), Some("."));
        assert_eq!(path_up(Path::new("/elsewhere/cascade.md"), &workspace), None);
    }
}
