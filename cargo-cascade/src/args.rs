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

/// The program to take the graph from, and how to build it.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Program and build")]
pub(crate) struct Selection {
    /// The package to take the graph from; can be repeated. Default: the packages that cargo would build here.
    #[arg(short, long = "package", value_name = "PACKAGE", global = true)]
    pub(crate) packages: Vec<String>,
    /// Take the graph from this binary, whose `main` has to call `cascade_core::tool::hook()` or `hook_with`.
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) bin: Option<String>,
    /// The Cargo.toml of the workspace or package.
    #[arg(long, value_name = "PATH", global = true)]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Features to build with, as for cargo.
    #[arg(short = 'F', long, value_delimiter = ',', global = true)]
    pub(crate) features: Vec<String>,
    /// Build with all features.
    #[arg(long, global = true)]
    pub(crate) all_features: bool,
    /// Build without the default features.
    #[arg(long, global = true)]
    pub(crate) no_default_features: bool,
    /// The profile to build with. With the profile of your own builds, their artifacts are reused.
    #[arg(long, default_value = "dev", value_name = "NAME", global = true)]
    pub(crate) profile: String,
    /// The folder to build in. Default: the target folder of the workspace.
    #[arg(long, value_name = "FOLDER", global = true)]
    pub(crate) target_dir: Option<PathBuf>,
    /// Do not use the network.
    #[arg(long, global = true)]
    pub(crate) offline: bool,
}

/// The targets of links to the source.
#[derive(Debug, ClapArgs)]
pub(crate) struct Sources {
    /// The URL for links to the source: with the placeholders `{file}` and `{line}`, or a folder of a code host such as
    /// `https://host/me/cloud/blob/main`. Default: `source-url` in `[workspace.metadata.cascade]`, else paths relative
    /// to the file that is written.
    #[arg(long, value_name = "URL")]
    pub(crate) source_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Draw the graph, or the part that an operation reaches from a root.
    Graph {
        /// The resource to start from.
        #[arg(long, value_name = "RESOURCE")]
        root: Option<String>,
        /// The operation, by its name or its code.
        #[arg(long)]
        operation: Option<String>,
        /// The output format.
        #[arg(long, default_value = "text", value_parser = formats())]
        format: Format,
        /// Write to this file, whose extension names the format.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        sources: Sources,
    },
    /// Print a resource and everything that depends on it, as a tree.
    Tree {
        /// The resource.
        resource: String,
        /// Print only the resources that this operation reaches.
        #[arg(long)]
        operation: Option<String>,
    },
    /// Print every path from a root to a resource, with the effects of each operation along it and their source
    /// locations.
    Explain {
        /// The resource to start from.
        root: String,
        /// The resource that is reached.
        child: String,
        /// Explain this operation only.
        #[arg(long)]
        operation: Option<String>,
        /// The largest number of paths to print.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Print the effect of each operation along each edge, as a Markdown table.
    Matrix,
    /// Report all faults of the graph, and warnings.
    Check {
        /// Also report roots that reach more resources than in this revision.
        #[arg(long, value_name = "REVISION")]
        since: Option<String>,
        /// The folder of the committed documents, relative to the workspace. Roots that reach more resources than these
        /// documents say are reported. Default: `docs` in the workspace or in the package.
        #[arg(long, value_name = "FOLDER")]
        docs: Option<PathBuf>,
        /// Fail on warnings too.
        #[arg(long)]
        strict: bool,
    },
    /// Write docs/cascade.md and docs/cascade.svg.
    Docs {
        /// Write nothing, but fail and print the difference if a file is out of date.
        #[arg(long)]
        check: bool,
        /// The folder to write to, relative to the workspace.
        #[arg(long, default_value = "docs", value_name = "FOLDER")]
        dir: PathBuf,
        #[command(flatten)]
        sources: Sources,
    },
    /// Print the changes of the graph since a git revision.
    Diff {
        /// The revision to compare with: `main`, `HEAD~3`, a tag.
        revision: String,
    },
    /// Print the completions of `cargo-cascade` for a shell (zsh also uses them for `cargo cascade`).
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page; to read it, pipe it to `man -l -`.
    Man,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| name.parse::<Format>())
}
