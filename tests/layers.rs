//! The modules of each crate lie in layers: each uses the modules before it, never a later one. The files of one module
//! use each other without a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The modules of each crate, the lowest first.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "cascade-core",
        &[
            "ids",
            "model",
            "graph",
            "affected",
            "plan",
            "report",
            "handler",
            "extension",
            "journal",
            "observe",
            "engine",
            "discover",
            "run",
            "cascade",
            "remote",
            "document",
            "render",
            "conformance",
            "tool",
            "__private",
        ],
    ),
    (
        "cascade-sqlite",
        &[
            "checksum",
            "clock",
            "error",
            "fault",
            "options",
            "owned_run",
            "record_key",
            "owner_lock",
            "request",
            "schema",
            "read",
            "statements",
            "writer",
            "journal",
        ],
    ),
    (
        "cascade-restate",
        &[
            "error",
            "event_page",
            "http",
            "names",
            "options",
            "record_pages",
            "serve",
            "state",
            "trace",
            "graph_service",
            "ingress",
            "wire",
            "cancellation",
            "found_pages",
            "plans",
            "progress",
            "plan_cache",
            "remote",
            "client",
            "shared",
            "apply",
            "driver",
            "plan_object",
            "runs",
            "step",
            "watch",
            "workflow",
            "worker",
        ],
    ),
    (
        "cascade-macros",
        &[
            "docs",
            "errors",
            "place",
            "types",
            "keys",
            "provided_field",
            "extension",
            "signature",
            "edge",
            "args",
            "method_attributes",
            "conditions",
            "operation",
            "resource",
            "impl_block",
            "methods",
            "edges",
            "model",
            "total",
            "adapter",
            "annotated",
            "check",
            "declaration_items",
            "rustdoc",
            "expand",
            "cascade",
        ],
    ),
    (
        "cargo-cascade",
        &[
            "args",
            "diff",
            "error",
            "explain",
            "blocked",
            "check",
            "workspace",
            "select",
            "sources",
            "manifest",
            "build",
            "ask",
            "docs",
            "git",
            "commands",
        ],
    ),
];

/// The macros that modules of a crate use. Macros lie at the root of their crate.
const MACROS: &[&str] = &["place"];

/// Files that belong to another module than their path says.
const PLACED: &[(&str, &str)] = &[("cascade-core/src/private.rs", "__private")];

#[test]
fn no_module_uses_a_later_one() {
    let mut faults = Vec::new();
    for (name, layers) in LAYERS {
        let crate_ = Crate::read(name);
        for module in crate_.modules() {
            if !layers.contains(&module.as_str()) {
                faults.push(format!("{name}: the module `{module}` has no place in the layers"));
            }
        }
        for usage in &crate_.usages {
            faults.extend(usage.against(layers));
        }
    }
    assert!(faults.is_empty(), "{} paths point the wrong way:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn no_files_of_a_module_use_each_other_in_a_circle() {
    let mut faults = Vec::new();
    for (name, _) in LAYERS {
        for (module, uses) in Crate::read(name).files_by_module() {
            faults.extend(circles(&uses).into_iter().map(|circle| format!("{name}/{module}: {circle}")));
        }
    }
    assert!(faults.is_empty(), "{} circles:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_path_is_found_however_it_is_written() {
    let source = "
        use crate::{plan::Plan, graph::{self, Route}};
        use crate::*;
        // crate::comment::Left
        fn f() -> super::sibling::T { println!(\"{}\", crate::run::start()); $crate::left::out!() }
        mod tests { use super::super::left; }
        mod inner { use super::own; use super::super::other::X; }
    ";
    let mut found = Vec::new();
    let tokens: TokenStream = source.parse().expect("it parses");
    paths(tokens, 0, &mut |path| found.push(path.segments.join("::")));
    assert_eq!(
        found,
        [
            "crate::plan::Plan",
            "crate::graph::self",
            "crate::graph::Route",
            "crate::*",
            "super::sibling::T",
            "crate::run::start",
            "own",
            "super::other::X"
        ]
    );
}

#[test]
fn a_circle_of_files_is_named_once() {
    let uses = |pairs: &[(&str, &str)]| {
        let mut uses: Uses = BTreeMap::new();
        for (from, to) in pairs {
            uses.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        uses
    };
    assert_eq!(circles(&uses(&[("a", "b"), ("b", "c"), ("a", "c")])), [""; 0]);
    assert_eq!(circles(&uses(&[("a", "b"), ("b", "c"), ("c", "b"), ("d", "a")])), ["b, c"]);
}

/// For each file of a module, the files of that module that it uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

struct Crate {
    usages: Vec<Usage>,
    root: PathBuf,
}

/// A path in a file.
struct Usage {
    /// The file, from the root of the repository.
    file: String,
    /// The modules that the file is in, itself last.
    from: Vec<String>,
    /// The path, from the root of the crate.
    to: Vec<String>,
    written: String,
}

impl Crate {
    fn read(name: &str) -> Self {
        let repository =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the repository");
        let root = repository.join(name).join("src");
        let mut usages = Vec::new();
        for file in files(&root) {
            let within = file.strip_prefix(repository).expect("it lies in the repository");
            let shown = within.to_string_lossy().replace('\\', "/");
            let relative = file.strip_prefix(&root).expect("it lies in the crate").with_extension("");
            let mut from: Vec<String> =
                relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            from.retain(|part| part != "mod");
            if let Some((_, module)) = PLACED.iter().find(|(placed, _)| *placed == shown) {
                from = vec![(*module).to_owned()];
            }
            // The root of a crate names everything.
            if matches!(from[0].as_str(), "lib" | "main") {
                continue;
            }
            let source = fs::read_to_string(&file).expect("the file can be read");
            let tokens: TokenStream = source.parse().expect("the file can be parsed");
            paths(tokens, 0, &mut |path| {
                if let Some(to) = path.in_crate(&from) {
                    let written = path.segments.join("::");
                    usages.push(Usage { file: shown.clone(), from: from.clone(), to, written });
                }
            });
        }
        Self { usages, root }
    }

    /// The top modules, `__private` among them.
    fn modules(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(&self.root).expect("the folder can be read");
        let names = entries.map(|entry| entry.expect("it can be read").path());
        let mut modules: BTreeSet<String> = names
            .filter(|path| !PLACED.iter().any(|(placed, _)| path.ends_with(placed)))
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .filter(|name| !matches!(name.as_str(), "lib" | "main" | "bin" | "snapshots"))
            .collect();
        modules.extend(
            PLACED.iter().filter(|(file, _)| self.root.ends_with(parent(file))).map(|p| p.1.to_owned()),
        );
        modules
    }

    /// For each folder of a top module, which of its files use which.
    fn files_by_module(&self) -> BTreeMap<String, Uses> {
        let mut modules: BTreeMap<String, Uses> = BTreeMap::new();
        for usage in &self.usages {
            let common = usage.from.iter().zip(&usage.to).take_while(|(a, b)| a == b).count();
            let (Some(from), Some(to)) = (usage.from.get(common), usage.to.get(common)) else { continue };
            let folder = self.root.join(usage.from[..common].join("/"));
            if folder.join(format!("{to}.rs")).is_file() || folder.join(to).is_dir() {
                let module = usage.from[..common].join("/");
                modules.entry(module).or_default().entry(from.clone()).or_default().insert(to.clone());
            }
        }
        modules
    }
}

fn parent(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Usage {
    /// What is wrong with the path, if it points to a later layer or passes its module by.
    fn against(&self, layers: &[&str]) -> Option<String> {
        let Self { file, from, to, written } = self;
        let place = |module: &str| layers.iter().position(|layer| *layer == module);
        let own = place(&from[0])?;
        let is_macro = to.len() == 1 && MACROS.contains(&to[0].as_str());
        let wrong = match place(&to[0]) {
            Some(other) if other > own => format!("`{}` is a later layer than `{}`", to[0], from[0]),
            Some(_) if to[0] == from[0] && to.len() == 2 && is_item(&to[1]) && from.len() > 1 => {
                format!("inside `{}` a path names the file of `{}`", from[0], to[1])
            }
            None if !is_macro && (from.len() > 1 || written.starts_with("crate")) => {
                format!("`{}` is named by the root of the crate, not by its module", to[0])
            }
            _ => return None,
        };
        Some(format!("{file}: {written}: {wrong}"))
    }
}

fn is_item(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// All source files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// A path that starts with `crate` or `super`.
struct Written {
    segments: Vec<String>,
}

impl Written {
    /// The path from the root of the crate; `None` for one that stays in its own file.
    fn in_crate(&self, from: &[String]) -> Option<Vec<String>> {
        let supers = self.segments.iter().take_while(|segment| *segment == "super").count();
        let rest = if self.segments[0] == "crate" { &self.segments[1..] } else { &self.segments[supers..] };
        let base = match self.segments[0].as_str() {
            "crate" => &[][..],
            "super" => &from[..from.len().checked_sub(supers)?],
            _ => return None,
        };
        let path: Vec<String> = base.iter().chain(rest).cloned().collect();
        (!path.is_empty()).then_some(path)
    }
}

/// Hands each path that starts with `crate` or `super` to `found`. `depth` counts the modules written inside the file
/// around these tokens: each of them spends one `super`. Modules of tests may use anything.
fn paths(tokens: TokenStream, depth: usize, found: &mut impl FnMut(Written)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(ident) if ident == "mod" => {
                if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(group))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    if name != "tests" {
                        paths(group.stream(), depth + 1, found);
                    }
                    at += 2;
                }
            }
            TokenTree::Ident(ident)
                if (ident == "crate" || ident == "super") && !follows(&tokens, at, "$") =>
            {
                at = path(&tokens, at, Vec::new(), &mut |mut segments: Vec<String>| {
                    let spent = segments.iter().take(depth).take_while(|segment| *segment == "super").count();
                    segments.drain(..spent);
                    if !segments.is_empty() {
                        found(Written { segments });
                    }
                });
                continue;
            }
            TokenTree::Group(group) => paths(group.stream(), depth, found),
            _ => {}
        }
        at += 1;
    }
}

fn follows(tokens: &[TokenTree], at: usize, text: &str) -> bool {
    at.checked_sub(1).is_some_and(|before| tokens[before].to_string() == text)
}

/// Reads the path at a position, each branch of it that braces open. Answers the position behind it.
fn path(
    tokens: &[TokenTree],
    mut at: usize,
    mut segments: Vec<String>,
    found: &mut impl FnMut(Vec<String>),
) -> usize {
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => segments.push(ident.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                branches(group, &segments, found);
                return at + 1;
            }
            // A glob of the root hides what it uses.
            Some(TokenTree::Punct(punct)) if punct.as_char() == '*' && segments == ["crate"] => {
                segments.push(String::from("*"));
                found(segments);
                return at;
            }
            // A glob, or a path inside `<…>`.
            _ => {
                found(segments);
                return at;
            }
        }
        at += 1;
        if !is_separator(tokens, at) {
            found(segments);
            return at;
        }
        at += 2;
    }
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon =
        |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(at) && is_colon(at + 1)
}

fn branches(group: &Group, segments: &[String], found: &mut impl FnMut(Vec<String>)) {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        if matches!(tokens[at], TokenTree::Ident(_)) {
            at = path(&tokens, at, segments.to_vec(), found);
            // A new name.
            while at < tokens.len()
                && !matches!(&tokens[at], TokenTree::Punct(punct) if punct.as_char() == ',')
            {
                at += 1;
            }
        }
        at += 1;
    }
}

/// The groups of files that use each other in a circle, each as a list.
fn circles(uses: &Uses) -> Vec<String> {
    let reached = |from: &str| {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = vec![from];
        while let Some(file) = open.pop() {
            for next in uses.get(file).into_iter().flatten() {
                if reached.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        reached
    };
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|file| (file.as_str(), reached(file))).collect();
    let mut found = BTreeSet::new();
    for (file, below) in &reach {
        let back = |other: &&&str| reach.get(**other).is_some_and(|reach| reach.contains(file));
        let circle: BTreeSet<&str> = below.iter().filter(back).copied().collect();
        if circle.len() > 1 {
            found.insert(circle.into_iter().collect::<Vec<_>>().join(", "));
        }
    }
    found.into_iter().collect()
}
