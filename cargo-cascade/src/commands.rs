//! The sub-commands: each gets the graph, and writes its result as text or JSON.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cascade_core::document::Format;
use cascade_core::tool::FaultDocument;
use clap::CommandFactory;
use serde::Serialize;

use crate::args::{Args, Command, Sources};
use crate::ask::{Asked, Wanted, ask, ask_for};
use crate::check::{Warning, further, further_than_documented, list_faults, warnings};
use crate::diff::Diff;
use crate::docs::{self, Status};
use crate::error::Error;
use crate::git;
use crate::sources::sources_at;
use crate::workspace::Workspace;

type Out<'o> = &'o mut Vec<u8>;

/// Runs a sub-command, which writes its output to `out`.
pub(crate) fn run(args: &Args, out: Out<'_>) -> Result<ExitCode, Error> {
    match &args.command {
        Command::Graph { root, operation, format, output, sources } => {
            let drawing = Drawing {
                root: root.as_deref(),
                operation: operation.as_deref(),
                format: *format,
                output: output.as_deref(),
                sources,
            };
            graph(args, &drawing, out)
        }
        Command::Tree { resource, operation } => {
            let drawing = Drawing {
                root: Some(resource),
                operation: operation.as_deref(),
                format: Format::Text,
                output: None,
                sources: &Sources { source_url: None },
            };
            graph(args, &drawing, out)
        }
        Command::Explain { root, child, operation, limit } => {
            let asked = ask(&args.selection, args.json)?;
            let explained = crate::explain(asked.document()?, root, child, operation.as_deref(), *limit)?;
            print(args, out, &explained, |_| explained.to_string())
        }
        Command::Matrix => {
            let asked = ask(&args.selection, args.json)?;
            let document = asked.document()?;
            print(args, out, document, |_| document.to_matrix())
        }
        Command::Check { since, docs, strict } => {
            let baseline = Baseline { revision: since.as_deref(), docs: docs.as_deref() };
            check(args, &baseline, *strict, out)
        }
        Command::Docs { check, dir, sources } => write_docs(args, *check, dir, sources, out),
        Command::Diff { revision } => {
            let asked = ask(&args.selection, args.json)?;
            let diff = diff(args, &asked, revision)?;
            print(args, out, &diff, |_| diff.to_string())
        }
        Command::Completions { shell } => {
            // Not for `cargo`, because they would replace the completions of cargo itself.
            let mut command = Args::command().bin_name("cargo-cascade");
            clap_complete::generate(*shell, &mut command, "cargo-cascade", out);
            Ok(ExitCode::SUCCESS)
        }
        Command::Man => manual(out),
    }
}

/// Writes a value as JSON or as text.
fn print<T: Serialize>(
    args: &Args,
    out: Out<'_>,
    value: &T,
    to_text: impl Fn(&T) -> String,
) -> Result<ExitCode, Error> {
    let text = if args.json { serde_json::to_string_pretty(value)? + "\n" } else { to_text(value) };
    out.extend_from_slice(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// The part of the graph to draw, and how.
struct Drawing<'a> {
    root: Option<&'a str>,
    operation: Option<&'a str>,
    format: Format,
    /// The file to write to; its extension has precedence over `format`.
    output: Option<&'a Path>,
    sources: &'a Sources,
}

fn graph(args: &Args, drawing: &Drawing<'_>, out: Out<'_>) -> Result<ExitCode, Error> {
    let output = drawing.output;
    let format = match output {
        Some(path) => Format::of_file(path).ok_or_else(|| Error::FileExtension(path.to_path_buf()))?,
        None if args.json => Format::Json,
        None => drawing.format,
    };
    let asked = ask(&args.selection, args.json)?;
    let sources_at = sources_at(drawing.sources, &asked.workspace, output);
    let document = asked.document()?.clone().with_sources_at(sources_at);
    let text = document.view(drawing.root, drawing.operation)?.to(format)?;
    match output {
        Some(path) => std::fs::write(path, text).map_err(Error::io("write", path))?,
        None => out.extend_from_slice(text.as_bytes()),
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Checked<'a> {
    faults: &'a [FaultDocument],
    warnings: &'a [Warning],
}

/// The earlier state that `check` compares the graph with. The revision has precedence.
struct Baseline<'a> {
    revision: Option<&'a str>,
    /// The folder of the committed documents, if it is not the default.
    docs: Option<&'a Path>,
}

fn check(args: &Args, baseline: &Baseline<'_>, strict: bool, out: Out<'_>) -> Result<ExitCode, Error> {
    let asked = ask(&args.selection, args.json)?;
    let mut found = Vec::new();
    if let Some(document) = &asked.answer.document {
        found = warnings(document, &asked.answer, &asked.contributors);
        if let Some(revision) = baseline.revision {
            found.extend(further(&diff(args, &asked, revision)?, revision));
        } else if let Some(page) = committed_page(&asked, baseline.docs)? {
            found.extend(further_than_documented(document, &page.file, &page.text));
        }
    }
    let faults = &asked.answer.faults;
    print(args, out, &Checked { faults, warnings: &found }, |checked| check_text(checked, &asked))?;
    let failed = !faults.is_empty() || (strict && !found.is_empty());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn check_text(checked: &Checked<'_>, asked: &Asked) -> String {
    let mut text = list_faults(checked.faults);
    for warning in checked.warnings {
        let gap = if text.is_empty() { "" } else { "\n" };
        text = format!("{text}{gap}{warning}");
    }
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    let graph = asked.answer.document.as_ref();
    let size = graph.map_or_else(String::new, |graph| {
        format!(
            "{}, {}, {}: ",
            counted(graph.resources.len(), "resource"),
            counted(graph.edges.len(), "edge"),
            counted(graph.operations.len(), "operation")
        )
    });
    let (faults, warnings) = (checked.faults.len(), checked.warnings.len());
    format!("{text}{size}{} and {}\n", counted(faults, "fault"), counted(warnings, "warning"))
}

fn counted(count: usize, word: &str) -> String {
    match count {
        0 => format!("no {word}"),
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    }
}

/// A committed page, which lists the resources that each root reaches.
struct CommittedPage {
    /// Its path, relative to the workspace if it is in it.
    file: String,
    text: String,
}

/// Reads the committed page. It is an error if the page does not exist in a folder that was given.
fn committed_page(asked: &Asked, docs: Option<&Path>) -> Result<Option<CommittedPage>, Error> {
    let root = asked.workspace.root();
    let page = |file: &Path, text: String| CommittedPage {
        file: file.strip_prefix(root).unwrap_or(file).display().to_string(),
        text,
    };
    if let Some(docs) = docs {
        let file = root.join(docs).join(docs::PAGE);
        return match std::fs::read_to_string(&file) {
            Ok(text) => Ok(Some(page(&file, text))),
            Err(error) => Err(Error::io("read", file)(error)),
        };
    }
    let folders = std::iter::once(root).chain(asked.chosen.iter().map(PathBuf::as_path));
    let mut files = folders.map(|folder| folder.join("docs").join(docs::PAGE));
    Ok(files.find_map(|file| Some(page(&file, std::fs::read_to_string(&file).ok()?))))
}

fn diff(args: &Args, asked: &Asked, revision: &str) -> Result<Diff, Error> {
    let document = asked.document()?;
    let before = git::answer_of(&asked.workspace, &args.selection, revision, args.json)?;
    match &before.document {
        Some(old) => Ok(Diff::between(old, document)),
        None => Err(Error::Faults(format!("in {revision}:\n{}", list_faults(&before.faults)))),
    }
}

fn write_docs(
    args: &Args,
    only_check: bool,
    folder: &Path,
    sources: &Sources,
    out: Out<'_>,
) -> Result<ExitCode, Error> {
    let template = |workspace: &Workspace| {
        let page = workspace.root().join(folder).join(docs::PAGE);
        sources_at(sources, workspace, Some(&page))
    };
    let wanted = Wanted { formats: &docs::FORMATS, sources_at: Some(&template) };
    let asked = ask_for(&args.selection, &wanted, args.json)?;
    let documents = docs::documents(&asked, folder, only_check)?;
    let failed =
        documents.iter().any(|document| matches!(document.status, Status::Missing | Status::Differs));
    print(args, out, &documents, |documents| {
        let lines = documents.iter().map(|document| {
            let file = document.file.display();
            match document.status {
                Status::Unchanged => format!("{file} is up to date\n"),
                Status::Written => format!("{file} written\n"),
                Status::Missing => format!("{file} is missing: run `cargo cascade docs`\n"),
                Status::Differs => {
                    format!("{file} is out of date: run `cargo cascade docs`\n{}", document.difference)
                }
            }
        });
        lines.collect()
    })?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The manual page of the tool, with a section for each sub-command.
fn manual(out: Out<'_>) -> Result<ExitCode, Error> {
    let mut command = Args::command();
    command.build();
    let page = clap_mangen::Man::new(command.clone()).title("cargo-cascade");
    let io = || Error::io("write", "the manual page");
    page.render(out).map_err(io())?;
    for one in command.get_subcommands().filter(|one| one.get_name() != "help") {
        writeln!(out, ".SH \"CARGO CASCADE {}\"", one.get_name().to_uppercase()).map_err(io())?;
        let page = clap_mangen::Man::new(one.clone());
        page.render_description_section(out).map_err(io())?;
        page.render_synopsis_section(out).map_err(io())?;
        page.render_options_section(out).map_err(io())?;
    }
    Ok(ExitCode::SUCCESS)
}
