//! Rustdoc shows the resource, the edges, the rules and the effects of an annotated impl, with links to the types,
//! below its doc comments. It gives no warning, whatever the names of the types are.

use std::fs;
use std::path::Path;
use std::process::Command;

type Failed = Box<dyn std::error::Error>;

/// The page of an extension, up to the implementations of traits, which are the same for all extensions.
fn documents(extension: &str) -> Result<String, Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // The target folder of this repository already has the dependencies.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    let cargo = Command::new(env!("CARGO"))
        .args(["doc", "--offline", "--no-deps", "--package", "cascade-tests-documented"])
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTDOCFLAGS", "-D warnings")
        .current_dir(root)
        .output()?;
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let page = target.join(format!("doc/cascade_tests_documented/struct.{extension}.html"));
    let page = fs::read_to_string(page)?.replace('\n', " ");
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

/// One test, because each build of the documents overwrites the one before.
#[test]
fn rustdoc_shows_the_declaration_of_an_annotated_impl() -> Result<(), Failed> {
    let page = documents("HostCascade")?;
    let links = links(&page);
    for link in [
        "struct.Host.html → Host",
        // The start of this path depends on where the documents of the library are.
        "cascade_core/model/operation/struct.Delete.html → Delete",
        "places/struct.Zone.html → Zone",
        // By its imported name, by an alias, and as a type whose name is also that of a derive.
        "places/struct.Cluster.html → Group",
        "type.Pool.html → Pool",
        "places/struct.Copy.html → Copy",
        "places/struct.Room.html → crate::places::Room",
        "struct.Storage.html → self::Storage",
        "places/struct.Zone.html → places::Zone",
    ] {
        assert!(links.iter().any(|there| there.ends_with(link)), "{link} is not among {links:#?}");
    }
    let comment = page.find("Hosts are removed with their zone.").ok_or("the doc comment is missing")?;
    let generated = page.find("<code>of_copies</code>").ok_or("the finders are missing")?;
    assert!(comment < generated, "the generated text is above the doc comment");
    for cell in [
        "<code>may_be_removed</code>, for <code>remove</code>",
        "<code>drain</code> (leaf)",
        "retain",
        "ignore",
        "[<code>Secret</code>]",
        "<td><code>spare</code>: <a ",
        ">crate::places::Room</code></a>, <code>spare</code></td>",
        "<td><code>type</code>: <a ",
        "<td>[<code>Secret</code>], <code>type</code></td>",
    ] {
        assert!(page.contains(cell), "{cell} is missing");
    }
    // Where a method is public, rustdoc shows the impl itself.
    let page = documents("StorageCascade")?;
    assert_eq!(page.matches("Storages are removed with their zone.").count(), 1);
    assert_eq!(page.matches("Adds edges to").count(), 1);
    assert!(page.contains("A public finder."));
    Ok(())
}
