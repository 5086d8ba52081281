//! The sub-commands: what each asks, and how it tells the answer.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cascade_core::document::Format;
use cascade_core::tool::FaultDocument;
use clap::CommandFactory;
use serde::Serialize;

use crate::args::{Args, Command, Sources};
use crate::ask::{Asked, ask, ask_for};
use crate::check::{Warning, further, further_than_documented, list_faults, warnings};
use crate::diff::Diff;
use crate::docs::{self, Status};
use crate::error::Error;
use crate::git;
use crate::sources::sources_at;
use crate::workspace::Workspace;

type Out<'o> = &'o mut Vec<u8>;

/// Runs a sub-command. What it prints goes to `out`.
pub(crate) fn run(args: &Args, out: Out<'_>) -> Result<ExitCode, Error> {
    match &args.command {
        Command::Graph { root, operation, format, output, sources } => {
            let view = (root.as_deref(), operation.as_deref());
            graph(args, view, (*format, output.as_deref(), sources), out)
        }
        Command::Tree { resource, operation } => {
            let nowhere = &Sources { source_url: None };
            graph(args, (Some(resource), operation.as_deref()), (Format::Text, None, nowhere), out)
        }
        Command::Explain { root, child, operation, limit } => {
            let asked = ask(&args.selection, args.json)?;
            let explained = crate::explain(asked.document()?, root, child, operation.as_deref(), *limit)?;
            tell(args, out, &explained, |_| explained.to_string())
        }
        Command::Matrix => {
            let asked = ask(&args.selection, args.json)?;
            let document = asked.document()?;
            tell(args, out, document, |_| document.to_matrix())
        }
        Command::Check { since, docs, strict } => {
            check(args, (since.as_deref(), docs.as_deref()), *strict, out)
        }
        Command::Docs { check, dir, sources } => write_docs(args, *check, (dir, sources), out),
        Command::Diff { revision } => {
            let asked = ask(&args.selection, args.json)?;
            let diff = diff(args, &asked, revision)?;
            tell(args, out, &diff, |_| diff.to_string())
        }
        Command::Completions { shell } => {
            // Not for `cargo`, whose own completions it would replace.
            let mut command = Args::command().bin_name("cargo-cascade");
            clap_complete::generate(*shell, &mut command, "cargo-cascade", out);
            Ok(ExitCode::SUCCESS)
        }
        Command::Man => manual(out),
    }
}

/// One value, as JSON or in words.
fn tell<T: Serialize>(
    args: &Args,
    out: Out<'_>,
    value: &T,
    words: impl Fn(&T) -> String,
) -> Result<ExitCode, Error> {
    let text = if args.json { serde_json::to_string_pretty(value)? + "\n" } else { words(value) };
    out.extend_from_slice(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn graph(
    args: &Args,
    (root, operation): (Option<&str>, Option<&str>),
    (format, output, sources): (Format, Option<&Path>, &Sources),
    out: Out<'_>,
) -> Result<ExitCode, Error> {
    let format = match output {
        Some(path) => Format::of_file(path).ok_or_else(|| Error::Ending(path.to_path_buf()))?,
        None if args.json => Format::Json,
        None => format,
    };
    let asked = ask(&args.selection, args.json)?;
    let sources_at = sources_at(sources, &asked.workspace, output);
    let document = asked.document()?.clone().with_sources_at(sources_at);
    let text = document.view(root, operation)?.to(format)?;
    match output {
        Some(path) => std::fs::write(path, text).map_err(Error::io(path))?,
        None => out.extend_from_slice(text.as_bytes()),
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Checked<'a> {
    faults: &'a [FaultDocument],
    warnings: &'a [Warning],
}

fn check(
    args: &Args,
    (since, docs): (Option<&str>, Option<&Path>),
    strict: bool,
    out: Out<'_>,
) -> Result<ExitCode, Error> {
    let asked = ask(&args.selection, args.json)?;
    let mut suspicions = Vec::new();
    if let Some(document) = &asked.answer.document {
        suspicions = warnings(document, &asked.answer, &asked.contributors);
        if let Some(revision) = since {
            suspicions.extend(further(&diff(args, &asked, revision)?, revision));
        } else if let Some((file, page)) = committed_page(&asked, docs)? {
            suspicions.extend(further_than_documented(document, &file, &page));
        }
    }
    let faults = &asked.answer.faults;
    tell(args, out, &Checked { faults, warnings: &suspicions }, |checked| in_words(checked, &asked))?;
    let bad = !faults.is_empty() || (strict && !suspicions.is_empty());
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn in_words(checked: &Checked<'_>, asked: &Asked) -> String {
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
            "{} resources, {} edges, {} operations: ",
            graph.resources.len(),
            graph.edges.len(),
            graph.operations.len()
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

/// The committed page that says how far roots reach; one that was named must be there.
fn committed_page(asked: &Asked, docs: Option<&Path>) -> Result<Option<(String, String)>, Error> {
    let root = asked.workspace.root();
    let named = |file: &Path| file.strip_prefix(root).unwrap_or(file).display().to_string();
    if let Some(docs) = docs {
        let file = root.join(docs).join(docs::PAGE);
        return match std::fs::read_to_string(&file) {
            Ok(page) => Ok(Some((named(&file), page))),
            Err(error) => Err(Error::io(file)(error)),
        };
    }
    let folders = std::iter::once(root).chain(asked.chosen.iter().map(PathBuf::as_path));
    let mut files = folders.map(|folder| folder.join("docs").join(docs::PAGE));
    Ok(files.find_map(|file| Some((named(&file), std::fs::read_to_string(&file).ok()?))))
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
    (folder, sources): (&Path, &Sources),
    out: Out<'_>,
) -> Result<ExitCode, Error> {
    let sources = |workspace: &Workspace| {
        let page = workspace.root().join(folder).join(docs::PAGE);
        sources_at(sources, workspace, Some(&page))
    };
    let asked = ask_for(&args.selection, (&docs::FORMATS, Some(&sources)), args.json)?;
    let documents = docs::documents(&asked, folder, only_check)?;
    let untrue = |document: &&docs::Document| matches!(document.status, Status::Missing | Status::Differs);
    let failed = documents.iter().any(|document| untrue(&document));
    tell(args, out, &documents, |documents| {
        let lines = documents.iter().map(|document| {
            let file = document.file.display();
            match document.status {
                Status::Unchanged => format!("{file} says what the code says\n"),
                Status::Written => format!("{file} written\n"),
                Status::Missing => format!("{file} is missing: run `cargo cascade docs`\n"),
                Status::Differs => {
                    format!(
                        "{file} does not say what the code says: run `cargo cascade docs`\n{}",
                        document.difference
                    )
                }
            }
        });
        lines.collect()
    })?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The manual page of the whole tool, and a section for each sub-command.
fn manual(out: Out<'_>) -> Result<ExitCode, Error> {
    let mut command = Args::command();
    command.build();
    let page = clap_mangen::Man::new(command.clone()).title("cargo-cascade");
    let io = || Error::io("standard output");
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
