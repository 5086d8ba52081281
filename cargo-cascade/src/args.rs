//! The command line.

use std::path::PathBuf;

use cascade_core::document::Format;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as ClapArgs, Parser, Subcommand};
use clap_complete::Shell;

/// See, check and document the cascade graph of a workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo-cascade", bin_name = "cargo cascade", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Answer in JSON, for machines.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Which program's graph, and how it is built.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Whose graph")]
pub(crate) struct Selection {
    /// The package whose graph it is; may be given several times. Unless told, what cargo would build.
    #[arg(short, long = "package", value_name = "PACKAGE", global = true)]
    pub(crate) packages: Vec<String>,
    /// Ask this binary, which calls `cascade_core::tool::hook()` first in its `main`.
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) bin: Option<String>,
    /// The workspace's or package's Cargo.toml.
    #[arg(long, value_name = "PATH", global = true)]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Features to build with, as cargo takes them.
    #[arg(short = 'F', long, value_delimiter = ',', global = true)]
    pub(crate) features: Vec<String>,
    /// Build with all features.
    #[arg(long, global = true)]
    pub(crate) all_features: bool,
    /// Build without the default features.
    #[arg(long, global = true)]
    pub(crate) no_default_features: bool,
    /// The profile to build with: the one you build with yourself, so that nothing is built twice.
    #[arg(long, default_value = "dev", value_name = "NAME", global = true)]
    pub(crate) profile: String,
    /// The folder to build in. Unless told, the workspace's own.
    #[arg(long, value_name = "FOLDER", global = true)]
    pub(crate) target_dir: Option<PathBuf>,
    /// Do not ask the network.
    #[arg(long, global = true)]
    pub(crate) offline: bool,
}

/// Where links to the source lead.
#[derive(Debug, ClapArgs)]
pub(crate) struct Sources {
    /// Where sources can be looked at: a URL in which `{file}` and `{line}` stand for file and line, or a folder of a code
    /// host, as `https://host/me/cloud/blob/main`. Unless told, `source-url` in `[workspace.metadata.cascade]`, else the
    /// files beside what is written.
    #[arg(long, value_name = "URL")]
    pub(crate) source_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Draw the graph, or what an operation reaches from a root.
    Graph {
        /// The resource to start from.
        #[arg(long, value_name = "RESOURCE")]
        root: Option<String>,
        /// The operation, by its name or its code.
        #[arg(long)]
        operation: Option<String>,
        /// How to draw it.
        #[arg(long, default_value = "text", value_parser = formats())]
        format: Format,
        /// Write to this file instead; its ending names the format.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        sources: Sources,
    },
    /// Print what hangs off a resource, as a tree.
    Tree {
        /// The resource.
        resource: String,
        /// Only what this operation reaches.
        #[arg(long)]
        operation: Option<String>,
    },
    /// Tell every way from a root to a resource, what each operation does along it, and where that is written.
    Explain {
        /// The resource to start from.
        root: String,
        /// The resource that is reached.
        child: String,
        /// Only this operation.
        #[arg(long)]
        operation: Option<String>,
        /// Ways that are told, at most.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Print the table of what each operation does along each edge, in Markdown.
    Matrix,
    /// Report all faults of the graph, and what is suspicious about it.
    Check {
        /// Also report roots that reach further than they did in this revision.
        #[arg(long, value_name = "REVISION")]
        since: Option<String>,
        /// The folder of the committed documents, relative to the workspace: roots that reach further than those say are
        /// reported. Unless told, `docs` in the workspace, or in the package.
        #[arg(long, value_name = "FOLDER")]
        docs: Option<PathBuf>,
        /// Fail on what is suspicious, too.
        #[arg(long)]
        strict: bool,
    },
    /// Write docs/cascade.md and docs/cascade.svg.
    Docs {
        /// Write nothing; fail, with the difference, if a file does not say what the code says.
        #[arg(long)]
        check: bool,
        /// The folder, relative to the workspace.
        #[arg(long, default_value = "docs", value_name = "FOLDER")]
        dir: PathBuf,
        #[command(flatten)]
        sources: Sources,
    },
    /// Tell what changed in the graph since a git revision.
    Diff {
        /// The revision to compare with: `main`, `HEAD~3`, a tag.
        revision: String,
    },
    /// Print the completions for a shell, for `cargo-cascade` (zsh offers them for `cargo cascade`, too).
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page, for `man -l -`.
    Man,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| name.parse::<Format>())
}
