//! Selects the program that has the graph.

use std::collections::BTreeSet;

use cargo_metadata::{Package, PackageId, Target};

use crate::args::Selection;
use crate::error::Error;
use crate::workspace::Workspace;

/// The calls in the `main` of a program that can write its own graph.
const HOOKS: [&str; 2] = ["tool::hook(", "tool::hook_with("];

/// The program to get the graph from.
pub(crate) struct Program<'w> {
    /// The selected packages.
    pub(crate) chosen: Vec<&'w Package>,
    pub(crate) executable: Executable<'w>,
    /// The packages that can contribute extensions: they depend on Cascade, and the program depends on them.
    pub(crate) contributors: Vec<&'w Package>,
    pub(crate) core: &'w Package,
}

/// The executable to build.
pub(crate) enum Executable<'w> {
    /// A generated program that links these libraries.
    Shim(Vec<&'w Package>),
    /// A binary of the user, by its package and name.
    Binary(&'w Package, &'w str),
}

impl<'w> Program<'w> {
    pub(crate) fn select(workspace: &'w Workspace, selection: &Selection) -> Result<Self, Error> {
        let chosen = chosen(workspace, selection)?;
        let chosen: Vec<&Package> = chosen
            .into_iter()
            .filter(|package| workspace.core(&workspace.closure([*package])).is_some())
            .collect();
        let closure = workspace.closure(chosen.iter().copied());
        let Some(core) = workspace.core(&closure) else { return Err(Error::NoCascade) };
        let executable = executable(workspace, selection, &chosen, core)?;
        let contributors = contributors(workspace, &closure, &executable);
        Ok(Self { chosen, executable, contributors, core })
    }
}

/// The packages that the selection names, else those that cargo would build here.
fn chosen<'w>(workspace: &'w Workspace, selection: &Selection) -> Result<Vec<&'w Package>, Error> {
    let metadata = &workspace.metadata;
    if !selection.packages.is_empty() {
        let named = |name: &String| {
            let mut members = metadata.workspace_packages().into_iter();
            members
                .find(|package| package.name.as_str() == name)
                .ok_or_else(|| Error::UnknownPackage(name.clone()))
        };
        return selection.packages.iter().map(named).collect();
    }
    Ok(match metadata.root_package() {
        Some(package) => vec![package],
        None => metadata.workspace_default_packages(),
    })
}

fn executable<'w>(
    workspace: &'w Workspace,
    selection: &Selection,
    chosen: &[&'w Package],
    core: &Package,
) -> Result<Executable<'w>, Error> {
    if let Some(name) = &selection.bin {
        let with_it = chosen.iter().find_map(|package| Some((*package, binary(package, name)?)));
        let package = chosen.first().map_or_else(String::new, |package| package.name.to_string());
        let error = || Error::UnknownBinary { package, binary: name.clone() };
        return with_it.map(|(package, target)| Executable::Binary(package, &target.name)).ok_or_else(error);
    }
    let programs: Vec<&Package> = chosen.iter().copied().filter(|package| !has_library(package)).collect();
    if let [package] = programs.as_slice()
        && let Some(target) = package.targets.iter().find(|target| target.is_bin() && is_hooked(target))
    {
        return Ok(Executable::Binary(package, &target.name));
    }
    let mut libraries: Vec<&Package> = Vec::new();
    for package in chosen.iter().filter(|package| package.id != core.id) {
        if has_library(package) {
            libraries.push(package);
            continue;
        }
        let below = workspace.closure([*package]);
        let handlers = below.iter().map(|id| &workspace.metadata[id]).filter(|package| {
            package.source.is_none() && workspace.uses_cascade(&package.id) && has_library(package)
        });
        let before = libraries.len();
        libraries.extend(handlers);
        if libraries.len() == before && chosen.len() == 1 {
            return Err(Error::NoLibrary(package.name.to_string()));
        }
    }
    libraries.sort_by(|a, b| a.id.cmp(&b.id));
    libraries.dedup_by(|a, b| a.id == b.id);
    Ok(Executable::Shim(libraries))
}

fn contributors<'w>(
    workspace: &'w Workspace,
    closure: &BTreeSet<PackageId>,
    executable: &Executable<'_>,
) -> Vec<&'w Package> {
    let is_linked = |package: &Package| match executable {
        // The generated program can link only libraries.
        Executable::Shim(_) => has_library(package),
        Executable::Binary(..) => true,
    };
    let handles = |package: &Package| {
        package.metadata.pointer("/cascade/handlers").and_then(serde_json::Value::as_bool).unwrap_or(true)
    };
    let packages = closure.iter().map(|id| &workspace.metadata[id]);
    packages
        .filter(|package| workspace.uses_cascade(&package.id) && is_linked(package) && handles(package))
        .collect()
}

fn has_library(package: &Package) -> bool {
    package.targets.iter().any(|target| target.is_lib() || target.is_rlib())
}

fn binary<'p>(package: &'p Package, name: &str) -> Option<&'p Target> {
    package.targets.iter().find(|target| target.is_bin() && target.name == name)
}

fn is_hooked(target: &Target) -> bool {
    std::fs::read_to_string(&target.src_path)
        .is_ok_and(|source| HOOKS.iter().any(|hook| source.contains(hook)))
}
