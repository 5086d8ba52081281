//! The errors of the tool and their exit codes.

use std::error::Error as _;
use std::path::PathBuf;
use std::process::ExitCode;

use cascade_core::document::UnknownName;

/// Why a sub-command failed. Exit code 1: the check failed. Exit code 2: the check could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Metadata(String),
    #[error("no package of this workspace depends on cascade-core, so there is no graph")]
    NoCascade,
    #[error("there is no package `{0}` in this workspace")]
    UnknownPackage(String),
    #[error("package `{package}` has no feature `{feature}`")]
    UnknownFeature { package: String, feature: String },
    #[error(
        "package `{0}` has no library and depends on no library that uses Cascade, so only its binary has the graph\n  \
         help: write `cascade_core::tool::hook();` as the first line of its `main`, or `hook_with(…)` for a graph that it \
         makes at run time"
    )]
    NoLibrary(String),
    #[error("package `{package}` has no binary `{binary}`")]
    UnknownBinary { package: String, binary: String },
    #[error(
        "`{0}` exited without writing its graph\n  \
         help: write `cascade_core::tool::hook();` as the first line of its `main`, or `hook_with(…)` for a graph that it \
         makes at run time"
    )]
    NoAnswer(String),
    #[error(
        "cannot read the graph that the program wrote; its version of cascade-core may differ from that of this tool"
    )]
    BadAnswer(#[source] serde_json::Error),
    #[error(
        "the program's graph has format {found}, but this tool reads formats up to {read}: update cargo-cascade"
    )]
    NewerFormat { found: u32, read: u32 },
    /// Cargo has printed the cause.
    #[error("the build failed")]
    Build,
    #[error("{0}")]
    Faults(String),
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error("git {command}: {message}")]
    Git { command: String, message: String },
    #[error(
        "the extension of `{0}` is not that of a format: use .txt, .mmd, .dot, .svg, .md, .html or .json"
    )]
    FileExtension(PathBuf),
    #[error("cannot {action} {path}")]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{path} is not valid TOML")]
    Toml { path: PathBuf, source: toml_edit::TomlError },
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// An I/O error with what was tried: `Error::io("read", path)`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// The message of the error, followed by those of its sources.
    fn with_sources(&self) -> String {
        let sources = std::iter::successors(self.source(), |&error| error.source());
        sources.fold(self.to_string(), |text, source| format!("{text}: {source}"))
    }

    /// The error as JSON, for a call with `--json`.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::json!({ "error": self.with_sources() }).to_string().into_bytes();
        json.push(b'\n');
        json
    }

    #[expect(clippy::print_stderr, reason = "a command-line tool reports errors on stderr")]
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::Faults(faults) => {
                eprintln!("{faults}");
                ExitCode::from(1)
            }
            error => {
                eprintln!("error: {}", error.with_sources());
                ExitCode::from(2)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn a_message_names_each_source_once() {
        let missing = std::io::Error::other("no such folder");
        let error = Error::io("write", "graph.html")(missing);
        assert_eq!(error.to_string(), "cannot write graph.html");
        assert_eq!(error.with_sources(), "cannot write graph.html: no such folder");
        let error = Error::BadAnswer(serde_json::from_str::<u8>("x").expect_err("not a number"));
        assert_eq!(error.with_sources().matches("expected value").count(), 1);
        assert_eq!(error.to_string().matches("expected value").count(), 0);
    }
}
