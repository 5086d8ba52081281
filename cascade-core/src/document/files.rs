//! Committed documents, kept true by a test of the program that they are about.

#[cfg(feature = "inventory")]
use std::path::Path;

#[cfg(feature = "inventory")]
use super::difference::difference;
#[cfg(feature = "inventory")]
use super::document::Document;
#[cfg(feature = "inventory")]
use super::format::Format;
#[cfg(feature = "inventory")]
use crate::graph::Graph;

/// Set to `write`, it makes the test write the files instead of comparing them.
#[cfg(feature = "inventory")]
const VARIABLE: &str = "CASCADE_DOCS";

/// Whether two documents say the same. The lines of sources are left out: a comment that is added somewhere above a
/// declaration makes no document untrue.
///
/// ```
/// use cascade_core::document::same_but_for_lines;
///
/// assert!(same_but_for_lines("`stop` (vm/src/lib.rs:12)", "`stop` (vm/src/lib.rs:13)"));
/// assert!(!same_but_for_lines("`stop` (vm/src/lib.rs:12)", "`stop` (vm/src/vm.rs:12)"));
/// ```
pub fn same_but_for_lines(one: &str, other: &str) -> bool {
    without_lines(one) == without_lines(other)
}

/// The text without the numbers of source lines, and with one kind of line end.
fn without_lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace("\"line\": ", "\"line\":");
    let parts = text.split_inclusive(".rs:").flat_map(|part| part.split_inclusive(".rs#L"));
    let mut parts = parts.flat_map(|part| part.split_inclusive("\"line\":"));
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.trim_start_matches(|char: char| char.is_ascii_digit()));
    }
    plain
}

/// Compares the files, which are named relative to `folder`, with the linked graph; or writes them, where the environment
/// says so. The error says which differ, how, and what to do.
#[cfg(feature = "inventory")]
pub fn documented(folder: &str, files: &[&str]) -> Result<(), String> {
    let document = Graph::linked().map_err(|error| error.to_string())?.document();
    let write = std::env::var(VARIABLE).is_ok_and(|value| value == "write");
    let faults: Vec<String> =
        files.iter().filter_map(|file| documented_in(&document, folder, file, write).err()).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

#[cfg(feature = "inventory")]
fn documented_in(document: &Document, folder: &str, file: &str, write: bool) -> Result<(), String> {
    let Some(format) = Format::of_file(file) else {
        return Err(format!(
            "`{file}` has no ending that names a format: .md, .svg, .mmd, .dot, .txt, .html or .json"
        ));
    };
    let path = Path::new(folder).join(file);
    let linked = document.clone().with_sources_at(up_to_workspace(&path).unwrap_or_default());
    let rendered = linked.whole().to(format).map_err(|error| format!("{file}: {error}"))?;
    if write {
        let folder = path.parent().unwrap_or(&path);
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, rendered));
        return written.map_err(|error| format!("{} cannot be written: {error}", path.display()));
    }
    let help = format!("run the test with {VARIABLE}=write to write it, and read what changed");
    match std::fs::read_to_string(&path) {
        Ok(committed) if same_but_for_lines(&committed, &rendered) => Ok(()),
        Ok(committed) => {
            let changed = difference(&committed, &rendered);
            Err(format!("{file} does not say what the code says: {help}\n{changed}"))
        }
        Err(error) => Err(format!("{} cannot be read ({error}): {help}", path.display())),
    }
}

/// From the folder of a file up to the workspace, which is where the lock file is.
#[cfg(feature = "inventory")]
fn up_to_workspace(file: &Path) -> Option<String> {
    let folders = file.parent()?.ancestors().enumerate();
    let mut folders = folders.skip_while(|(_, folder)| !folder.join("Cargo.lock").exists());
    let (depth, _) = folders.next()?;
    Some(if depth == 0 { String::from(".") } else { vec![".."; depth].join("/") })
}

/// A test that keeps documents of the graph true: `cargo test` fails, with the difference, while a file does not say what
/// the code says. Named relative to the package, each written in the format of its ending: `.md`, `.svg`, `.mmd`
/// (Mermaid), `.dot`, `.txt`, `.html`, `.json`.
///
/// `CASCADE_DOCS=write cargo test` writes the files. Put it where all extensions are linked, such as the program's
/// `main.rs`; numbers of source lines are written, but do not count as a difference. Sources are linked by their place
/// in the workspace.
///
/// The picture can also stand on the page of the crate, below an empty line: `#![doc = include_str!("../docs/cascade.svg")]`.
///
/// ```
/// cascade_core::graph_test!("docs/cascade.md", "docs/cascade.svg");
/// ```
#[cfg(feature = "inventory")]
#[macro_export]
macro_rules! graph_test {
    ($($file:literal),+ $(,)?) => {
        #[cfg(test)]
        #[test]
        fn the_documents_of_the_graph_are_true() {
            let documented = $crate::__private::documented(env!("CARGO_MANIFEST_DIR"), &[$($file),+]);
            if let Err(difference) = documented {
                panic!("{difference}");
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::same_but_for_lines;

    #[test]
    fn only_numbers_of_source_lines_are_left_out() {
        assert!(same_but_for_lines("a.rs:1 b.rs:22\n", "a.rs:333 b.rs:4\r\n"));
        assert!(same_but_for_lines("[`a.rs:1`](../a.rs#L1)", "[`a.rs:20`](../a.rs#L20)"));
        assert!(!same_but_for_lines("[`a.rs:1`](../a.rs#L1)", "[`a.rs:1`](../b.rs#L1)"));
        assert!(same_but_for_lines("{\"line\": 5, \"batch\": 1}", "{\"line\": 66, \"batch\": 1}"));
        assert!(!same_but_for_lines("batch 100", "batch 10"));
        assert!(!same_but_for_lines("a.rs:1", "a.rs:1 "));
    }
}
