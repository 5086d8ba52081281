//! What can go wrong, and the exit code it ends with.

use std::path::PathBuf;
use std::process::ExitCode;

use cascade_core::document::UnknownName;

/// Why there is no answer. 1: what was checked is not so. 2: it could not be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Metadata(String),
    #[error("no package of this workspace depends on cascade-core: there is no graph to look at")]
    NoCascade,
    #[error("there is no package `{0}` in this workspace")]
    UnknownPackage(String),
    #[error("package `{package}` has no feature `{feature}`")]
    UnknownFeature { package: String, feature: String },
    #[error(
        "package `{0}` has no library, and no library that it depends on uses Cascade, so that its extensions can only \
         be asked of the program itself\n  help: write `cascade_core::tool::hook();` as the first line of its `main`"
    )]
    NoLibrary(String),
    #[error("package `{package}` has no binary `{binary}`")]
    UnknownBinary { package: String, binary: String },
    #[error(
        "`{0}` ended without an answer\n  help: write `cascade_core::tool::hook();` as the first line of its `main`"
    )]
    NoAnswer(String),
    #[error("the answer cannot be read (the program has another version of cascade-core?): {0}")]
    BadAnswer(serde_json::Error),
    #[error("the program's graph has format {found}, and this tool reads {read}: update cargo-cascade")]
    NewerFormat { found: u32, read: u32 },
    /// Cargo has printed why.
    #[error("the build failed")]
    Build,
    #[error("{0}")]
    Faults(String),
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error("git {what}: {message}")]
    Git { what: String, message: String },
    #[error("`{0}` has no ending that names a format: .txt, .mmd, .dot, .svg, .md, .html or .json")]
    Ending(PathBuf),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}")]
    Toml { path: PathBuf, source: toml_edit::TomlError },
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }

    /// For a machine that asked for JSON: it gets some, whatever happened.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::json!({ "error": self.to_string() }).to_string().into_bytes();
        json.push(b'\n');
        json
    }

    #[expect(clippy::print_stderr, reason = "it is a command line")]
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::Faults(faults) => {
                eprintln!("{faults}");
                ExitCode::from(1)
            }
            error => {
                eprintln!("error: {error}");
                ExitCode::from(2)
            }
        }
    }
}
