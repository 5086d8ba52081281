//! What `cascade-restate` promises, proven with real processes: servers, workers, clients, and `kill -9`.
//!
//! Run by `cargo xtask restate`, which installs the server and builds what is needed.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it speaks to the one who called it")]

mod cloud;
mod equal;
mod guarded;
mod http;
mod journal;
mod kills;
mod large;
mod long;
mod nested;
mod outages;
mod own;
mod private;
mod process;
mod refusals;
mod server;
mod site;
mod speed;
mod traced;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// What a proof needs.
pub(crate) struct Setting {
    pub(crate) server: PathBuf,
    pub(crate) iaas: PathBuf,
    /// An empty directory, for each proof its own.
    pub(crate) directory: PathBuf,
}

const ALL: [&str; 11] = [
    "equal", "kills", "outages", "refusals", "private", "guarded", "nested", "traced", "long", "speed",
    "large",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["worker", arguments @ ..] => runtime.block_on(own::worker(arguments)),
        [server, iaas, directory, chosen @ ..] => {
            let chosen = if chosen.is_empty() { ALL.as_slice() } else { chosen };
            runtime.block_on(prove(Path::new(server), Path::new(iaas), Path::new(directory), chosen))
        }
        _ => Err(format!("usage: restate-proofs SERVER IAAS DIRECTORY [{}]", ALL.join(" | "))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("restate: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn prove(server: &Path, iaas: &Path, directory: &Path, chosen: &[&str]) -> Result<(), String> {
    let mut failed = Vec::new();
    for name in chosen {
        println!("\n== {name}");
        let since = Instant::now();
        let directory = directory.join(name);
        // What an earlier time left is of no use.
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let setting = Setting { server: server.to_owned(), iaas: iaas.to_owned(), directory };
        let result = match *name {
            "equal" => equal::prove(&setting).await,
            "kills" => kills::prove(&setting).await,
            "outages" => outages::prove(&setting).await,
            "refusals" => refusals::prove(&setting).await,
            "private" => private::prove(&setting).await,
            "guarded" => guarded::prove(&setting).await,
            "nested" => nested::prove(&setting).await,
            "traced" => traced::prove(&setting).await,
            "long" => long::prove(&setting).await,
            "speed" => speed::prove(&setting).await,
            "large" => large::prove(&setting, large::SIZE).await,
            "larger" => large::prove(&setting, large::LARGER).await,
            other => Err(format!("there is no proof `{other}`: {}", ALL.join(", "))),
        };
        match result {
            Ok(()) => println!("{name}: proven in {:.0?}", since.elapsed()),
            Err(error) => {
                println!("{name}: NOT proven: {error}");
                failed.push(*name);
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("not proven: {}", failed.join(", "))) }
}

/// An error unless it holds.
pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
