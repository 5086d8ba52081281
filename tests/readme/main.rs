//! `README.md` says what is so: its code compiles, its errors are those of the compiler, its links lead somewhere.
//!
//! What it shows of a program is compared with what the program prints beside that program: in the tests of
//! `examples/quickstart` and of `examples/iaas/cli`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

mod code;

type Failed = Box<dyn Error>;

/// The first two commands of a newcomer.
const COMMANDS: [&str; 2] = ["cargo run --release -p iaas -- delete Zone zone-1", "cargo test --workspace"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> Result<String, Failed> {
    let path = root().join(path);
    Ok(fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// The fenced blocks of the README, each with the word behind its opening fence.
fn blocks() -> Result<Vec<(String, String)>, Failed> {
    let readme = read("README.md")?;
    let fenced = readme.split("```").skip(1).step_by(2);
    let block = |text: &str| text.split_once('\n').map(|(word, text)| (word.to_owned(), text.to_owned()));
    Ok(fenced.filter_map(block).collect())
}

fn blocks_of(language: &str) -> Result<Vec<String>, Failed> {
    let blocks: Vec<_> = blocks()?.into_iter().filter(|(word, _)| word == language).collect();
    assert!(!blocks.is_empty(), "no block of `{language}`");
    Ok(blocks.into_iter().map(|(_, text)| text).collect())
}

/// The block as it stands in code: each of its lines so many levels deeper.
fn indented(block: &str, levels: usize) -> String {
    let deeper = |line: &str| {
        if line.is_empty() { String::from("\n") } else { format!("{}{line}\n", "    ".repeat(levels)) }
    };
    block.lines().map(deeper).collect()
}

#[test]
fn code_is_quoted_from_what_compiles() -> Result<(), Failed> {
    let compiled = [read("examples/quickstart/src/main.rs")?, read("tests/readme/code.rs")?];
    for block in blocks_of("rust")? {
        let stands =
            |code: &String| (0..3).any(|levels| code.contains(&format!("\n{}", indented(&block, levels))));
        assert!(compiled.iter().any(stands), "in no file that is compiled:\n{block}");
    }
    Ok(())
}

/// The generated picture, which a test of the cloud keeps true, stands in both, under the size that it tells of itself.
#[test]
fn the_clouds_picture_is_shown() -> Result<(), Failed> {
    let picture = read("examples/iaas/cli/docs/cascade.svg")?;
    let size = picture.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    let shown = format!(
        "[![Resource graph of the example cloud: {}](examples/iaas/cli/docs/cascade.svg)](examples/iaas/cli/docs/cascade.md)",
        size.ok_or("the picture has no title")?
    );
    for file in ["README.md", "ARCHITECTURE.md"] {
        assert!(read(file)?.contains(&shown), "{file} lacks: {shown}");
    }
    Ok(())
}

/// Each block is the first lines of what a case of `tests/ui` stores.
#[test]
fn errors_are_those_of_the_compiler() -> Result<(), Failed> {
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
        assert!(stored.iter().any(|text| text.starts_with(&**error)), "no case says so:\n{error}");
    }
    Ok(())
}

#[test]
fn commands_are_what_is_there() -> Result<(), Failed> {
    let consoles = blocks_of("console")?;
    let commands: Vec<&str> =
        consoles.iter().flat_map(|block| block.lines()).filter_map(|line| line.strip_prefix("$ ")).collect();
    assert_eq!(commands[..2], COMMANDS);
    assert!(read(".ci/run")?.lines().any(|line| line == COMMANDS[1]), "`.ci/run` tests otherwise");
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
fn links_lead_somewhere() -> Result<(), Failed> {
    let readme = read("README.md")?;
    let targets =
        readme.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    for target in targets.filter(|target| !target.starts_with("http") && !target.starts_with('#')) {
        assert!(root().join(target).exists(), "{target} is not there");
    }
    Ok(())
}
