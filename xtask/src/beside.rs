//! `cargo xtask beside`: builds and runs cascade-sqlite beside other libraries that link SQLite.
//!
//! A build can hold only one version of `libsqlite3-sys`, because it links a native library. cascade-sqlite therefore
//! accepts a range of rusqlite's versions. This task proves that the range overlaps with the range of each other library,
//! and that the oldest version in the range passes cascade-sqlite's tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::done;

/// A library that links SQLite, and a program that uses it beside cascade-sqlite.
struct Neighbour {
    name: &'static str,
    dependencies: &'static str,
    /// Defines `count_runs`, which reads the journal's file with the other library.
    source: &'static str,
}

const NEIGHBOURS: [Neighbour; 3] = [
    Neighbour {
        name: "diesel",
        dependencies: r#"diesel = { version = "2.3", default-features = false, features = ["sqlite"] }"#,
        source: r#"
use diesel::{Connection, RunQueryDsl, SqliteConnection};

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    runs: i64,
}

async fn count_runs(path: &str) -> Result<i64, Box<dyn Error>> {
    let mut connection = SqliteConnection::establish(path)?;
    let count: Count = diesel::sql_query("SELECT count(*) AS runs FROM run").get_result(&mut connection)?;
    Ok(count.runs)
}
"#,
    },
    Neighbour {
        name: "sqlx",
        dependencies: r#"sqlx = { version = "0.9", default-features = false, features = ["runtime-tokio", "sqlite"] }"#,
        source: r#"
use sqlx::{Connection, SqliteConnection};

async fn count_runs(path: &str) -> Result<i64, Box<dyn Error>> {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{path}")).await?;
    let runs = sqlx::query_scalar("SELECT count(*) FROM run").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(runs)
}
"#,
    },
    Neighbour {
        name: "sea-orm",
        dependencies: r#"sea-orm = { version = "2", default-features = false, features = ["runtime-tokio", "sqlx-sqlite"] }"#,
        source: r#"
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};

async fn count_runs(path: &str) -> Result<i64, Box<dyn Error>> {
    let database = Database::connect(format!("sqlite://{path}")).await?;
    let query = Statement::from_string(DbBackend::Sqlite, "SELECT count(*) AS runs FROM run");
    let row = database.query_one_raw(query).await?.ok_or("no row")?;
    let runs = row.try_get("", "runs")?;
    database.close().await?;
    Ok(runs)
}
"#,
    },
];

/// Opens a journal, and reads its file with the other library while it is open.
const PROGRAM: &str = r#"
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = "runs.db";
    let journal = SqliteJournal::open(path)?;
    let _log = journal.create(NewRun::new(RunId::from("a"), "delete", "Zone")).await?;
    assert_eq!(count_runs(path).await?, 1);
    assert_eq!(journal.runs().await?.len(), 1);
    Ok(())
}
"#;

pub(crate) fn run() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let neighbours = NEIGHBOURS.iter().try_for_each(|neighbour| run_beside(&root, neighbour));
    match neighbours.and_then(|()| test_oldest(&root)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes a package that depends on cascade-sqlite and on the other library, resolves it anew, and runs it.
fn run_beside(root: &Path, neighbour: &Neighbour) -> Result<(), String> {
    let Neighbour { name, dependencies, source } = neighbour;
    let folder = empty_folder(root, name)?;
    let manifest = format!(
        r#"[package]
name = "beside-{name}"
version = "0.0.0"
edition = "2024"

[dependencies]
cascade-core = {{ path = "../../../cascade-core" }}
cascade-sqlite = {{ path = "../../../cascade-sqlite" }}
tokio = {{ version = "1", features = ["macros", "rt"] }}
{dependencies}

[profile.dev]
debug = false

[workspace]
"#
    );
    let imports = "use std::error::Error;\n\nuse cascade_core::{Journal, NewRun, RunId};\nuse cascade_sqlite::SqliteJournal;\n";
    write(&folder.join("Cargo.toml"), &manifest)?;
    write(&folder.join("src/main.rs"), &format!("{imports}{source}{PROGRAM}"))?;
    done(cargo(&folder).args(["generate-lockfile", "--quiet"])).map_err(|error| {
        format!(
            "cascade-sqlite does not resolve beside {name}: {error}\n  help: let the range of rusqlite in \
             cascade-sqlite/Cargo.toml overlap with the versions of libsqlite3-sys that cargo names above"
        )
    })?;
    eprintln!("beside {name}: {}", resolved(&folder, &[*name, "rusqlite", "libsqlite3-sys"])?);
    done(cargo(&folder).args(["run", "--quiet", "--locked"]))
        .map_err(|error| format!("cascade-sqlite does not work beside {name}: {error}"))
}

/// Tests cascade-sqlite with the oldest rusqlite that it accepts: in a copy, because the workspace's lock file holds the
/// newest.
fn test_oldest(root: &Path) -> Result<(), String> {
    let folder = empty_folder(root, "oldest")?;
    let package = root.join("cascade-sqlite");
    let oldest = oldest_rusqlite(&read(&package.join("Cargo.toml"))?)?;
    write(&folder.join("Cargo.toml"), &workspace_of_one(&read(&root.join("Cargo.toml"))?)?)?;
    write(&folder.join("Cargo.lock"), &read(&root.join("Cargo.lock"))?)?;
    copy(&package, &folder.join("cascade-sqlite"))?;
    done(cargo(&folder).args(["update", "--quiet", "--package", "rusqlite", "--precise", &oldest])).map_err(
        |error| {
            format!(
                "cascade-sqlite does not resolve with rusqlite {oldest}: {error}\n  help: raise the lower bound \
                 of rusqlite in cascade-sqlite/Cargo.toml"
            )
        },
    )?;
    eprintln!("oldest: {}", resolved(&folder, &["rusqlite", "libsqlite3-sys"])?);
    done(cargo(&folder).args(["test", "--quiet", "--locked"]))
        .map_err(|error| format!("cascade-sqlite does not work with rusqlite {oldest}: {error}"))
}

/// One target folder for all packages, so that they share what they have in common.
fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder).env("CARGO_TARGET_DIR", "../target");
    command
}

fn empty_folder(root: &Path, name: &str) -> Result<PathBuf, String> {
    let folder = root.join("target/beside").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| at(&folder, &error))?;
    }
    fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
    Ok(folder)
}

/// The lower bound of the range of rusqlite's versions, as a full version.
fn oldest_rusqlite(manifest: &str) -> Result<String, String> {
    let range = manifest.lines().find_map(|line| line.strip_prefix("rusqlite = \">="));
    let bound = range.and_then(|range| range.split_once(',')).map(|(bound, _)| bound);
    bound.map(|bound| format!("{bound}.0")).ok_or_else(|| {
        String::from("cascade-sqlite/Cargo.toml has no line `rusqlite = \">=<major>.<minor>, <…\"`: add it")
    })
}

/// The workspace's manifest, with cascade-sqlite as its only member. Other packages stay where they are.
fn workspace_of_one(manifest: &str) -> Result<String, String> {
    let members = manifest.split_once("members = [").and_then(|(before, rest)| {
        let (_, after) = rest.split_once(']')?;
        Some(format!("{before}members = [\"cascade-sqlite\"]{after}"))
    });
    let members = members.ok_or("Cargo.toml has no list `members = […]`: add it")?;
    let elsewhere = members.replace("{ path = \"", "{ path = \"../../../");
    Ok(elsewhere.replace("../../../cascade-sqlite\"", "cascade-sqlite\""))
}

/// The versions of these packages in the lock file, for people to read.
fn resolved(folder: &Path, names: &[&str]) -> Result<String, String> {
    let lock = read(&folder.join("Cargo.lock"))?;
    let version = |name: &&str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        let (version, _) = rest.split_once('"')?;
        Some(format!("{name} {version}"))
    };
    let versions: Option<Vec<String>> = names.iter().map(version).collect();
    versions
        .map(|versions| versions.join(", "))
        .ok_or_else(|| format!("{}: one of {} is not in the lock file", folder.display(), names.join(", ")))
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|error| at(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| at(from, &error))? {
        let entry = entry.map_err(|error| at(from, &error))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(|error| at(&path, &error))?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| at(path, &error))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).and_then(|()| fs::write(path, text)).map_err(|error| at(path, &error))
}

fn at(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
