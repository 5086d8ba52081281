//! Proves what `cascade-restate` promises with real processes: servers, workers, clients, and `kill -9`.
//!
//! `cargo xtask restate` runs it, after it has installed the server and built the programs.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "results are for the person who runs it")]

mod agent;
mod bare;
mod cloud;
mod dice;
mod equal;
mod graph;
mod guarded;
mod http;
mod journal;
mod kills;
mod large;
mod long;
mod nested;
mod outages;
mod port;
mod private;
mod process;
mod refusals;
mod removals;
mod server;
mod site;
mod speed;
mod traced;
mod undisturbed;
mod wait;
mod worker;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// The programs that a proof runs, and its directory.
pub(crate) struct Environment {
    /// The binary of the Restate server.
    pub(crate) server: PathBuf,
    /// The binary of the example cloud.
    pub(crate) iaas: PathBuf,
    /// The proof's own directory, which is empty at first.
    pub(crate) directory: PathBuf,
}

const SECTIONS: [&str; 11] = [
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
        ["worker", arguments @ ..] => runtime.block_on(worker::main(arguments)),
        [server, iaas, directory, chosen @ ..] => {
            let chosen = if chosen.is_empty() { SECTIONS.as_slice() } else { chosen };
            runtime.block_on(prove(Path::new(server), Path::new(iaas), Path::new(directory), chosen))
        }
        _ => Err(format!("usage: restate-proofs SERVER IAAS DIRECTORY [{}]", SECTIONS.join(" | "))),
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
        if directory.exists() {
            std::fs::remove_dir_all(&directory)
                .map_err(|error| format!("{} cannot be removed: {error}", directory.display()))?;
        }
        std::fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let environment = Environment { server: server.to_owned(), iaas: iaas.to_owned(), directory };
        match prove_section(name, &environment).await {
            Ok(()) => println!("{name}: proven in {:.0?}", since.elapsed()),
            Err(error) => {
                println!("{name}: NOT proven: {error}");
                failed.push(*name);
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("not proven: {}", failed.join(", "))) }
}

async fn prove_section(name: &str, environment: &Environment) -> Result<(), String> {
    match name {
        "equal" => equal::prove(environment).await,
        "kills" => kills::prove(environment).await,
        "outages" => outages::prove(environment).await,
        "refusals" => refusals::prove(environment).await,
        "private" => private::prove(environment).await,
        "guarded" => guarded::prove(environment).await,
        "nested" => nested::prove(environment).await,
        "traced" => traced::prove(environment).await,
        "long" => long::prove(environment).await,
        "speed" => speed::prove(environment).await,
        "large" => large::prove(environment, large::SIZE).await,
        "larger" => large::prove(environment, large::LARGER).await,
        other => Err(format!("there is no section `{other}`: {}", SECTIONS.join(", "))),
    }
}

/// An error unless `holds`.
pub(crate) fn ensure(holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(message()) }
}
