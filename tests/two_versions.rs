//! Two versions of `cascade-core` in one program would have two registries, each with some of the extensions, without
//! any error. The key `links` of the package makes cargo refuse them.

use std::fs;
use std::path::Path;
use std::process::Command;

type Failed = Box<dyn std::error::Error>;

/// Writes a minimal package; `manifest` is the end of its manifest.
fn package(folder: &Path, name: &str, version: &str, manifest: &str) -> Result<(), Failed> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    fs::write(folder.join("build.rs"), "fn main() {}")?;
    let manifest =
        format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2024\"\n{manifest}");
    Ok(fs::write(folder.join("Cargo.toml"), manifest)?)
}

/// The line with `links` in the manifest of `cascade-core`.
fn links() -> Result<String, Failed> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cascade-core/Cargo.toml");
    let manifest = fs::read_to_string(manifest)?;
    let line = manifest.lines().find(|line| line.starts_with("links = "));
    Ok(line.ok_or("cascade-core has no `links`")?.to_owned())
}

#[test]
fn cargo_refuses_two_versions_in_one_program() -> Result<(), Failed> {
    let root = tempfile::tempdir()?;
    let links = links()?;
    package(&root.path().join("old"), "cascade-core", "0.1.0", &links)?;
    package(&root.path().join("new"), "cascade-core", "0.2.0", &links)?;
    let dependencies = "[dependencies]\n\
        old = { package = \"cascade-core\", path = \"../old\" }\n\
        new = { package = \"cascade-core\", path = \"../new\" }\n";
    package(&root.path().join("program"), "program", "0.1.0", dependencies)?;

    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version=1"])
        .current_dir(root.path().join("program"))
        .output()?;
    let stderr = String::from_utf8_lossy(&cargo.stderr);
    assert!(!cargo.status.success(), "cargo accepted both versions");
    assert!(stderr.contains("links to the native library `cascade-core`"), "{stderr}");
    Ok(())
}
