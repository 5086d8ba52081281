//! `README.md` is correct: its code compiles, its errors are those of the compiler, and its links have targets.
//!
//! The tests of `examples/quickstart` and `examples/iaas/cli` compare the program output that it shows.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

mod code;

type Failed = Box<dyn Error>;

/// The first two commands in the README.
const COMMANDS: [&str; 2] = ["cargo run --release -p iaas -- delete Zone zone-1", "cargo test --workspace"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> Result<String, Failed> {
    let path = root().join(path);
    Ok(fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// A fenced block of the README.
struct Block {
    /// The word after the opening fence.
    language: String,
    text: String,
}

fn blocks() -> Result<Vec<Block>, Failed> {
    let readme = read("README.md")?;
    let fenced = readme.split("```").skip(1).step_by(2);
    let block = |text: &str| {
        let (language, text) = text.split_once('\n')?;
        Some(Block { language: language.to_owned(), text: text.to_owned() })
    };
    Ok(fenced.filter_map(block).collect())
}

fn blocks_of(language: &str) -> Result<Vec<String>, Failed> {
    let blocks = blocks()?.into_iter().filter(|block| block.language == language);
    let texts: Vec<String> = blocks.map(|block| block.text).collect();
    assert!(!texts.is_empty(), "no block of `{language}`");
    Ok(texts)
}

/// The block with each line indented by a number of levels.
fn indented(block: &str, levels: usize) -> String {
    let deeper = |line: &str| {
        if line.is_empty() { String::from("\n") } else { format!("{}{line}\n", "    ".repeat(levels)) }
    };
    block.lines().map(deeper).collect()
}

#[test]
fn code_blocks_are_quoted_from_compiled_files() -> Result<(), Failed> {
    let compiled = [read("examples/quickstart/src/main.rs")?, read("tests/readme/code.rs")?];
    for block in blocks_of("rust")? {
        let is_quoted_from =
            |code: &String| (0..3).any(|levels| code.contains(&format!("\n{}", indented(&block, levels))));
        assert!(compiled.iter().any(is_quoted_from), "in no compiled file:\n{block}");
    }
    Ok(())
}

/// Both pages show the generated picture with the graph's size in its description. A test of the example cloud keeps
/// the picture up to date.
#[test]
fn the_picture_of_the_example_cloud_is_shown_with_its_size() -> Result<(), Failed> {
    let picture = read("examples/iaas/cli/docs/cascade.svg")?;
    let size = picture.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    let shown = format!(
        "[![Resource graph of the example cloud: {}](examples/iaas/cli/docs/cascade.svg)](examples/iaas/cli/docs/cascade.md)",
        size.ok_or("the picture has no title")?
    );
    for file in ["README.md", "ARCHITECTURE.md"] {
        assert!(read(file)?.contains(&shown), "missing in {file}: {shown}");
    }
    Ok(())
}

/// Each block with an error is the start of a stored error of `tests/ui`.
#[test]
fn error_blocks_are_errors_of_the_compiler() -> Result<(), Failed> {
    let mut stored = Vec::new();
    for file in fs::read_dir(root().join("tests/ui/fail"))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "stderr") {
            stored.push(fs::read_to_string(path)?);
        }
    }
    let errors: Vec<String> =
        blocks_of("text")?.into_iter().filter(|text| text.starts_with("error")).collect();
    assert!(errors.len() >= 5, "{errors:?}");
    for error in errors.iter().filter(|error| !error.starts_with("error[C")) {
        assert!(
            stored.iter().any(|text| text.starts_with(&**error)),
            "not the start of any stored error:\n{error}"
        );
    }
    Ok(())
}

#[test]
fn commands_name_existing_packages() -> Result<(), Failed> {
    let consoles = blocks_of("console")?;
    let commands: Vec<&str> =
        consoles.iter().flat_map(|block| block.lines()).filter_map(|line| line.strip_prefix("$ ")).collect();
    assert_eq!(commands[..2], COMMANDS);
    assert!(read(".ci/run")?.lines().any(|line| line == COMMANDS[1]), "`.ci/run` has no such line");
    for command in &commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        let Some(at) = words.iter().position(|word| *word == "-p") else { continue };
        assert!(packages()?.iter().any(|name| Some(&&**name) == words.get(at + 1)), "{command}");
    }
    Ok(())
}

/// The names of the examples' packages.
fn packages() -> Result<Vec<String>, Failed> {
    let manifests = ["examples/quickstart/Cargo.toml", "examples/iaas/cli/Cargo.toml"];
    let name = |manifest: &str| -> Result<String, Failed> {
        let text = read(manifest)?;
        let name = text.lines().find_map(|line| line.strip_prefix("name = "));
        Ok(name.ok_or("a package has a name")?.trim_matches('"').to_owned())
    };
    manifests.into_iter().map(name).collect()
}

#[test]
fn relative_links_have_targets() -> Result<(), Failed> {
    let readme = read("README.md")?;
    let targets =
        readme.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    for target in targets.filter(|target| !target.starts_with("http") && !target.starts_with('#')) {
        assert!(root().join(target).exists(), "{target} does not exist");
    }
    Ok(())
}
