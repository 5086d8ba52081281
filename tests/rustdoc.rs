//! What rustdoc shows of an annotated impl: its resource, edges, rules and effects, with links to the types, below what
//! its author wrote; and no warning, whatever the types are called.

use std::fs;
use std::path::Path;
use std::process::Command;

type Failed = Box<dyn std::error::Error>;

fn documents(extension: &str, features: &[&str]) -> Result<String, Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // What this repository was built with is not built again.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    let cargo = Command::new(env!("CARGO"))
        .args(["doc", "--offline", "--no-deps", "--package", "cascade-tests-documented"])
        .args(features)
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTDOCFLAGS", "-D warnings")
        .current_dir(root)
        .output()?;
    let said = String::from_utf8_lossy(&cargo.stderr);
    assert!(cargo.status.success() && !said.contains("warning"), "{said}");
    let page = target.join(format!("doc/cascade_tests_documented/struct.{extension}.html"));
    let page = fs::read_to_string(page)?.replace('\n', " ");
    // What comes of traits says nothing of the extension.
    Ok(page.split("id=\"trait-implementations\"").next().unwrap_or_default().to_owned())
}

/// The links in a page, as `path → text`.
fn links(page: &str) -> Vec<String> {
    let links = page.split("<a href=\"").skip(1).filter_map(|link| {
        let (path, rest) = link.split_once('"')?;
        let text = rest.split_once("<code>")?.1.split_once("</code>")?.0;
        rest.split("</a>").next()?.contains("<code>").then(|| format!("{path} → {text}"))
    });
    links.collect()
}

/// One test: all write the same documents.
#[test]
fn an_annotated_impl_says_what_it_declares() -> Result<(), Failed> {
    let page = documents("HostCascade", &[])?;
    let links = links(&page);
    for link in [
        "struct.Host.html → Host",
        // Wherever the library's own documents are.
        "cascade_core/operation/struct.Delete.html → Delete",
        "places/struct.Zone.html → Zone",
        // By the name that it has here, by the name of an alias, and as a type where a derive has its name too.
        "places/struct.Cluster.html → Group",
        "type.Pool.html → Pool",
        "places/struct.Copy.html → Copy",
        "places/struct.Room.html → crate::places::Room",
        "struct.Storage.html → self::Storage",
        "places/struct.Zone.html → places::Zone",
    ] {
        assert!(links.iter().any(|there| there.ends_with(link)), "{link} is not among {links:#?}");
    }
    let author = page.find("Hosts go with what they stand in.").ok_or("what the author wrote is gone")?;
    let ours = page.find("<code>of_copies</code>").ok_or("the finders are not told")?;
    assert!(author < ours, "ours stands above the author's");
    for cell in ["<code>may_go</code>, with <code>remove</code>", "retain", "ignore", "[<code>Secret</code>]"]
    {
        assert!(page.contains(cell), "{cell} is missing");
    }
    assert!(!page.contains("<code>drain</code>"), "what is not compiled is not told");
    // Where a method is public, rustdoc shows the impl itself.
    let page = documents("StorageCascade", &[])?;
    assert_eq!(page.matches("Storages go with their zone.").count(), 1);
    assert_eq!(page.matches("Adds edges to").count(), 1);
    assert!(page.contains("Anybody may ask it."));
    let drained = documents("HostCascade", &["--features", "drained"])?;
    assert!(drained.contains("<code>drain</code>, and no further"));
    Ok(())
}
