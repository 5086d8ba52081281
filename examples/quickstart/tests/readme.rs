//! `README.md` shows the output of the quickstart.

use std::error::Error;
use std::process::Command;

const README: &str = include_str!("../../../README.md");

/// The output in the README's console block with this command.
fn shown_after(command: &str) -> Option<&'static str> {
    let (_, behind) = README.split_once(&format!("```console\n$ {command}\n"))?;
    behind.split_once("```").map(|(shown, _)| shown)
}

#[test]
fn the_readme_shows_the_output() -> Result<(), Box<dyn Error>> {
    let output = Command::new(env!("CARGO_BIN_EXE_quickstart")).output()?;
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout)?;
    let shown = shown_after("cargo run -p quickstart").ok_or("the README shows no run of the quickstart")?;
    assert_eq!(printed.trim_end(), shown.trim_end());
    Ok(())
}
