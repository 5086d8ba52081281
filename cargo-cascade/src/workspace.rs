//! The user's workspace, read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use crate::args::Selection;
use crate::error::Error;

/// The package that every user of Cascade depends on, possibly under another name.
const CORE: &str = "cascade-core";

/// A workspace and the dependencies of its packages.
pub(crate) struct Workspace {
    pub(crate) metadata: Metadata,
    depends_on: BTreeMap<PackageId, Vec<PackageId>>,
}

impl Workspace {
    pub(crate) fn load(selection: &Selection) -> Result<Self, Error> {
        let mut command = MetadataCommand::new();
        if let Some(path) = &selection.manifest_path {
            command.manifest_path(path);
        }
        if let Some(target) = &selection.target_dir {
            command.env("CARGO_TARGET_DIR", target);
        }
        if selection.all_features {
            command.features(CargoOpt::AllFeatures);
        } else if selection.no_default_features {
            command.features(CargoOpt::NoDefaultFeatures);
        }
        if !selection.features.is_empty() && !selection.all_features {
            command.features(CargoOpt::SomeFeatures(selection.features.clone()));
        }
        let mut options = Vec::new();
        if selection.offline {
            options.push(String::from("--offline"));
        }
        // Without the filter, cargo downloads the dependencies for all other platforms, which the build does not need.
        if let Some(host) = host_platform() {
            options.extend([String::from("--filter-platform"), host]);
        }
        command.other_options(options);
        let metadata = command.exec().map_err(|error| Error::Metadata(message(&error)))?;
        let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        let depends_on = nodes.map(|node| {
            let is_normal = |dependency: &&cargo_metadata::NodeDep| {
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
            };
            let dependencies = node.deps.iter().filter(is_normal).map(|dependency| dependency.pkg.clone());
            (node.id.clone(), dependencies.collect())
        });
        let depends_on = depends_on.collect();
        Ok(Self { metadata, depends_on })
    }

    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    pub(crate) fn target(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    /// The `cascade-core` among `packages`.
    pub(crate) fn core(&self, packages: &BTreeSet<PackageId>) -> Option<&Package> {
        packages.iter().map(|id| &self.metadata[id]).find(|package| package.name.as_str() == CORE)
    }

    /// Whether the package depends on Cascade directly.
    pub(crate) fn uses_cascade(&self, package: &PackageId) -> bool {
        self.dependencies(package).iter().any(|id| self.metadata[id].name.as_str() == CORE)
    }

    fn dependencies(&self, package: &PackageId) -> &[PackageId] {
        self.depends_on.get(package).map_or(&[], Vec::as_slice)
    }

    /// The packages and their transitive dependencies.
    pub(crate) fn closure<'p>(&self, packages: impl IntoIterator<Item = &'p Package>) -> BTreeSet<PackageId> {
        let mut open: Vec<PackageId> = packages.into_iter().map(|package| package.id.clone()).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id.clone()) {
                open.extend_from_slice(self.dependencies(&id));
            }
        }
        seen
    }
}

/// The platform that the program is built for and runs on; `None` if rustc does not tell.
fn host_platform() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().find_map(|line| line.strip_prefix("host: ")).map(ToOwned::to_owned)
}

/// The message that cargo printed, without the prefix that `cargo_metadata` adds.
fn message(error: &cargo_metadata::Error) -> String {
    match error {
        cargo_metadata::Error::CargoMetadata { stderr } => {
            let stderr = stderr.trim();
            stderr.strip_prefix("error: ").unwrap_or(stderr).to_owned()
        }
        error => error.to_string(),
    }
}
