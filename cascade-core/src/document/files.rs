//! Committed documents of the graph, and the test that compares them with the code.

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

/// The environment variable that makes the test write the files instead of comparing them, if it is `write`.
#[cfg(feature = "inventory")]
const VARIABLE: &str = "CASCADE_DOCS";

/// Whether two documents are equal apart from source line numbers, which change when lines are added above a declaration.
///
/// ```
/// use cascade_core::document::same_but_for_lines;
///
/// assert!(same_but_for_lines("`stop` (vm/src/lib.rs:12)", "`stop` (vm/src/lib.rs:13)"));
/// assert!(!same_but_for_lines("`stop` (vm/src/lib.rs:12)", "`stop` (vm/src/vm.rs:12)"));
/// ```
pub fn same_but_for_lines(one: &str, other: &str) -> bool {
    without_line_numbers(one) == without_line_numbers(other)
}

/// The text without source line numbers, and with `\n` as the line ending.
fn without_line_numbers(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace("\"line\": ", "\"line\":");
    let parts = text.split_inclusive(".rs:").flat_map(|part| part.split_inclusive(".rs#L"));
    let mut parts = parts.flat_map(|part| part.split_inclusive("\"line\":"));
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.trim_start_matches(|char: char| char.is_ascii_digit()));
    }
    plain
}

/// Compares the files, named relative to `folder`, with the linked graph, or writes them if `CASCADE_DOCS` is `write`.
///
/// # Errors
///
/// If the graph has faults, or a file differs, or cannot be read or written. The message has the differences and says how
/// to resolve them.
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
            "`{file}` has an unknown file extension: use .md, .svg, .mmd, .dot, .txt, .html or .json"
        ));
    };
    let path = Path::new(folder).join(file);
    let linked = document.clone().with_sources_at(path_to_workspace(&path).unwrap_or_default());
    let rendered = linked.whole().to(format).map_err(|error| format!("{file}: {error}"))?;
    if write {
        let folder = path.parent().unwrap_or(&path);
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, rendered));
        return written.map_err(|error| format!("cannot write {}: {error}", path.display()));
    }
    let help = format!("to update it, run the test with {VARIABLE}=write, and review the changes");
    match std::fs::read_to_string(&path) {
        Ok(committed) if same_but_for_lines(&committed, &rendered) => Ok(()),
        Ok(committed) => {
            let changed = difference(&committed, &rendered);
            Err(format!("{file} does not match the code: {help}\n{changed}"))
        }
        Err(error) => Err(format!("cannot read {} ({error}): {help}", path.display())),
    }
}

/// The relative path from the folder of a file to the workspace: the nearest folder above it that has a `Cargo.lock`.
#[cfg(feature = "inventory")]
fn path_to_workspace(file: &Path) -> Option<String> {
    let folders = file.parent()?.ancestors().enumerate();
    let mut folders = folders.skip_while(|(_, folder)| !folder.join("Cargo.lock").exists());
    let (depth, _) = folders.next()?;
    Some(if depth == 0 { String::from(".") } else { vec![".."; depth].join("/") })
}

/// Declares a test that keeps committed documents of the graph up to date. `cargo test` fails, and prints the difference,
/// while a file does not match the code. Paths are relative to the package. The file extension selects the format: `.md`,
/// `.svg`, `.mmd` (Mermaid), `.dot`, `.txt`, `.html` or `.json`.
///
/// `CASCADE_DOCS=write cargo test` writes the files. Put the macro into a crate that links all extensions, such as the
/// program's `main.rs`. The files contain source line numbers, but the comparison ignores them. Links to sources are
/// relative to the workspace.
///
/// The crate's documentation can include the picture, after an empty line: `#![doc = include_str!("../docs/cascade.svg")]`.
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
        fn the_graph_documents_match_the_code() {
            let result = $crate::__private::documented(env!("CARGO_MANIFEST_DIR"), &[$($file),+]);
            if let Err(difference) = result {
                panic!("{difference}");
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::same_but_for_lines;

    #[test]
    fn only_source_line_numbers_are_ignored() {
        assert!(same_but_for_lines("a.rs:1 b.rs:22\n", "a.rs:333 b.rs:4\r\n"));
        assert!(same_but_for_lines("[`a.rs:1`](../a.rs#L1)", "[`a.rs:20`](../a.rs#L20)"));
        assert!(!same_but_for_lines("[`a.rs:1`](../a.rs#L1)", "[`a.rs:1`](../b.rs#L1)"));
        assert!(same_but_for_lines("{\"line\": 5, \"batch\": 1}", "{\"line\": 66, \"batch\": 1}"));
        assert!(!same_but_for_lines("batch 100", "batch 10"));
        assert!(!same_but_for_lines("a.rs:1", "a.rs:1 "));
    }
}
