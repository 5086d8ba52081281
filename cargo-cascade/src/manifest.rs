//! Generates the package that links the user's libraries: its manifest and its two lines of code.

use std::path::Path;

use cargo_metadata::Package;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use crate::args::Selection;
use crate::error::Error;
use crate::select::Program;

/// The name of the package and its binary.
pub(crate) const NAME: &str = "cascade-shim";

/// The `Cargo.toml` of the package. Profiles and patches are copied from the user's workspace, so that cargo reuses
/// artifacts that are already built, and patches stay in effect.
pub(crate) fn manifest(
    users: &DocumentMut,
    root: &Path,
    program: &Program<'_>,
    libraries: &[&Package],
    selection: &Selection,
) -> Result<String, Error> {
    let mut manifest = DocumentMut::new();
    let mut package = Table::new();
    package["name"] = value(NAME);
    package["version"] = value("0.0.0");
    package["edition"] = value("2024");
    package["publish"] = value(false);
    manifest["package"] = Item::Table(package);
    let mut binary = Table::new();
    binary["name"] = value(NAME);
    binary["path"] = value("main.rs");
    let mut binaries = toml_edit::ArrayOfTables::new();
    binaries.push(binary);
    manifest["bin"] = Item::ArrayOfTables(binaries);
    let mut workspace = Table::new();
    workspace["resolver"] = value(resolver(users));
    manifest["workspace"] = Item::Table(workspace);
    let mut dependencies = Table::new();
    let mut core = source(program.core);
    core.insert("default-features", false.into());
    core.insert("features", Value::Array(["document", "inventory"].into_iter().collect()));
    dependencies["cascade-core"] = value(core);
    for (at, library) in libraries.iter().enumerate() {
        let is_chosen = program.chosen.iter().any(|package| package.id == library.id);
        let dependency = if is_chosen { with_features(library, selection)? } else { source(library) };
        dependencies[&alias(at)] = value(dependency);
    }
    manifest["dependencies"] = Item::Table(dependencies);
    for key in ["profile", "patch", "replace"] {
        if let Some(item) = users.get(key) {
            manifest[key] = item.clone();
        }
    }
    make_patch_paths_absolute(&mut manifest, root);
    Ok(manifest.to_string())
}

/// The `main.rs` of the package.
pub(crate) fn code(libraries: usize) -> String {
    let uses = (0..libraries).map(|at| format!("use {} as _; ", alias(at))).collect::<Vec<_>>().concat();
    format!("{uses}\nfn main() {{ cascade_core::tool::hook(); }}\n")
}

/// The name of a dependency in the package. The names of the libraries cannot be used, because two can be equal.
fn alias(at: usize) -> String {
    format!("library_{at}")
}

/// The resolver of the user's workspace: the one that it names, else the default of its edition.
fn resolver(users: &DocumentMut) -> String {
    let named = |table: &str| users.get(table)?.get("resolver")?.as_str();
    let edition = users.get("package").and_then(|package| package.get("edition")).and_then(Item::as_str);
    let by_edition = match edition {
        Some("2024") => "3",
        Some("2021") => "2",
        _ => "1",
    };
    named("workspace").or_else(|| named("package")).unwrap_or(by_edition).to_owned()
}

/// A dependency on exactly this package from its source.
fn source(package: &Package) -> InlineTable {
    let mut dependency = InlineTable::new();
    dependency.insert("package", package.name.as_str().into());
    let source = package.source.as_ref().map(|source| source.repr.as_str());
    match source {
        None => {
            let folder = package.manifest_path.parent().map(ToString::to_string).unwrap_or_default();
            dependency.insert("path", folder.into());
        }
        Some(source) => {
            if let Some(git) = source.strip_prefix("git+") {
                let (url, revision) = git.rsplit_once('#').unwrap_or((git, ""));
                let url = url.split_once('?').map_or(url, |(url, _)| url);
                dependency.insert("git", url.into());
                dependency.insert("rev", revision.into());
            } else {
                dependency.insert("version", format!("={}", package.version).into());
                let index = source.strip_prefix("registry+").unwrap_or(source);
                if !index.contains("crates.io-index") && !index.contains("index.crates.io") {
                    dependency.insert("registry-index", index.into());
                }
            }
        }
    }
    dependency
}

/// A dependency on a selected package, with the features that were requested.
fn with_features(package: &Package, selection: &Selection) -> Result<InlineTable, Error> {
    let mut dependency = source(package);
    let features: Vec<String> = if selection.all_features {
        package.features.keys().filter(|feature| *feature != "default").cloned().collect()
    } else {
        let requested = selection.features.iter().flat_map(|list| list.split_whitespace());
        let of_package = requested.filter_map(|feature| match feature.split_once('/') {
            Some((name, feature)) => (name == package.name.as_str()).then_some(feature),
            None => Some(feature),
        });
        of_package.map(ToOwned::to_owned).collect()
    };
    if let Some(feature) = features.iter().find(|feature| !package.features.contains_key(*feature)) {
        return Err(Error::UnknownFeature { package: package.name.to_string(), feature: feature.clone() });
    }
    if selection.no_default_features {
        dependency.insert("default-features", false.into());
    }
    if !features.is_empty() {
        dependency.insert("features", Value::Array(features.into_iter().collect()));
    }
    Ok(dependency)
}

/// Makes the paths of patches absolute, because they are relative to the user's manifest.
fn make_patch_paths_absolute(manifest: &mut DocumentMut, root: &Path) {
    let patches = manifest.get_mut("patch").and_then(Item::as_table_like_mut);
    let sources = patches.into_iter().flat_map(|patches| patches.iter_mut().map(|(_, source)| source));
    for source in sources.filter_map(Item::as_table_like_mut) {
        source.iter_mut().for_each(|(_, patch)| make_path_absolute(patch.as_table_like_mut(), root));
    }
    let replaced = manifest.get_mut("replace").and_then(Item::as_table_like_mut);
    for (_, replacement) in replaced.into_iter().flat_map(TableLike::iter_mut) {
        make_path_absolute(replacement.as_table_like_mut(), root);
    }
}

fn make_path_absolute(entry: Option<&mut dyn TableLike>, root: &Path) {
    let Some(path) = entry.and_then(|entry| entry.get_mut("path")) else { return };
    if let Some(relative) = path.as_str() {
        *path = value(root.join(relative).display().to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{code, make_patch_paths_absolute, resolver};

    #[test]
    fn relative_paths_of_patches_become_absolute() {
        let text = "[patch.crates-io]\nhost = { path = \"vendor/host\" }\n\n[patch.crates-io.vm]\npath = \"/abs/vm\"\n";
        let mut manifest = text.parse().expect("it is TOML");
        make_patch_paths_absolute(&mut manifest, Path::new("/ws"));
        let text = manifest.to_string();
        assert!(text.contains("\"/ws/vendor/host\"") && text.contains("\"/abs/vm\""), "{text}");
    }

    #[test]
    fn the_resolver_is_that_of_the_users_workspace() {
        let of = |text: &str| resolver(&text.parse().expect("it is TOML"));
        assert_eq!(of("[workspace]\nresolver = \"2\""), "2");
        assert_eq!(of("[package]\nedition = \"2024\""), "3");
        assert_eq!(of("[package]\nedition = \"2018\""), "1");
        assert_eq!(of("[workspace]\nmembers = []"), "1");
    }

    #[test]
    fn the_code_is_two_lines() {
        assert_eq!(
            code(2),
            "use library_0 as _; use library_1 as _; \nfn main() { cascade_core::tool::hook(); }\n"
        );
    }
}
