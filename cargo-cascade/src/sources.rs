//! Where links to the source lead.

use std::path::Path;

use crate::args::Sources;
use crate::workspace::Workspace;

/// The template for a document that is written to `file`, or printed: as it was told, else as the workspace says, else the
/// way from the file to the workspace. What is printed has nothing beside it.
pub(crate) fn sources_at(told: &Sources, workspace: &Workspace, file: Option<&Path>) -> String {
    if let Some(url) = &told.source_url {
        return url.clone();
    }
    let said = workspace.metadata.workspace_metadata.pointer("/cascade/source-url");
    if let Some(url) = said.and_then(serde_json::Value::as_str) {
        return url.to_owned();
    }
    file.and_then(|file| way_up(file, workspace.root())).unwrap_or_default()
}

/// From the folder of a file up to the workspace that it is in.
fn way_up(file: &Path, workspace: &Path) -> Option<String> {
    let folder = std::path::absolute(file.parent()?).ok()?;
    // The workspace is known by its real name: the folder may come by another, and may not be there yet.
    let real = folder.ancestors().find_map(|there| {
        let rest = folder.strip_prefix(there).ok()?;
        Some(there.canonicalize().ok()?.join(rest))
    })?;
    let depth = real.strip_prefix(workspace).ok()?.components().count();
    Some(if depth == 0 { String::from(".") } else { vec![".."; depth].join("/") })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::way_up;

    #[test]
    fn the_way_up_ends_at_the_workspace() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let workspace = folder.path().canonicalize().expect("it is there");
        let up = |file: &str| way_up(&folder.path().join(file), &workspace);
        assert_eq!(up("docs/deep/cascade.md").as_deref(), Some("../.."));
        assert_eq!(up("cascade.md").as_deref(), Some("."));
        assert_eq!(way_up(Path::new("/elsewhere/cascade.md"), &workspace), None);
    }
}
