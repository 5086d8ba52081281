//! Files that are no inventory, or cannot be used: each gives a clear error and no panic.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::cloud::{Cloud, Run};

#[test]
fn a_file_that_is_not_a_database() {
    let cloud = Cloud::none();
    fs::write(
        cloud.path("iaas.db"),
        "just a text that is longer than the header of a database, which has 100 bytes ",
    )
    .expect("a file");
    let run = cloud.run(&["show"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr, @r"iaas: iaas.db is not a SQLite database: name another file with --db, or replace it with `seed --force`");
    let run = cloud.run(&["show", "--json"]);
    assert_eq!(run.code, 1);
    assert!(run.document()["error"].as_str().is_some_and(|error| error.contains("is not a SQLite database")));
}

#[test]
fn a_database_of_another_program() {
    let cloud = Cloud::none();
    cloud.execute("CREATE TABLE recipe (name TEXT)");
    let run = cloud.run(&["delete", "Zone", "zone-1", "--yes"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr, @r"iaas: iaas.db is a database, but not an inventory of this version: name another file with --db, or replace it with `seed --force`");
}

#[test]
fn an_empty_file() {
    let cloud = Cloud::none();
    fs::write(cloud.path("iaas.db"), "").expect("a file");
    assert_eq!(cloud.run(&["show"]).code, 1);
    assert_eq!(cloud.run(&["seed", "--vms", "10", "--force"]).code, 0);
    assert_eq!(cloud.run(&["show"]).code, 0);
}

#[test]
fn a_missing_folder() {
    let cloud = Cloud::none();
    let run = cloud.run(&["--db", "nowhere/iaas.db", "seed"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr, @r"iaas: nowhere/iaas.db cannot be opened: check that its folder exists and that you may read and write both");
}

#[test]
fn a_folder_in_place_of_the_file() {
    let cloud = Cloud::none();
    fs::create_dir(cloud.path("iaas.db")).expect("a folder");
    let run = cloud.run(&["show"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr, @r"iaas: iaas.db cannot be opened: check that its folder exists and that you may read and write both");
}

/// Readers work beside a writer; a second writer waits, and then reports the lock.
#[test]
fn a_locked_database() {
    let cloud = Cloud::of(20);
    let other = cloud.connection();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE zone SET state = 'Enabled'").expect("the lock");
    assert_eq!(cloud.run(&["show"]).code, 0);
    let run = cloud.run(&["delete", "Zone", "zone-1", "--yes", "--json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = run.document();
    assert_eq!(report["done"], 0);
    let error = report["failures"][0]["error"].to_string();
    assert!(error.contains("iaas.db is locked by another process: try again after it has ended"), "{error}");
    other.execute_batch("ROLLBACK").expect("the lock is given back");
    assert_eq!(cloud.shown()["VmInstance"]["total"], 20);
}

/// A limit on the size of files simulates a full disk. The new files are removed again.
#[test]
fn a_full_disk() {
    let cloud = Cloud::none();
    let limited = format!("trap '' XFSZ; ulimit -f 300; exec {} seed", env!("CARGO_BIN_EXE_iaas"));
    let output = Command::new("sh").args(["-c", &limited]).current_dir(cloud.path("")).output();
    let run: Run = output.expect("a shell").into();
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.starts_with("iaas: the disk of the inventory iaas.db has failed or is full"),
        "{}",
        run.stderr
    );
    assert_eq!(fs::read_dir(cloud.path("")).expect("a folder").count(), 0);
}

#[test]
fn a_read_only_database() {
    let cloud = Cloud::of(20);
    let run = unprivileged(&cloud, &["delete", "Zone", "zone-1", "--yes"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.stderr,
        "iaas: the inventory iaas.db is read-only: make the file and its folder writable\n"
    );
}

/// Runs a copy of the binary that may read and not write. Root ignores permissions, so root runs it as another user.
fn unprivileged(cloud: &Cloud, arguments: &[&str]) -> Run {
    let binary = cloud.path("iaas");
    fs::copy(env!("CARGO_BIN_EXE_iaas"), &binary).expect("a copy");
    let folder = cloud.path("");
    let allow =
        |path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
    allow(cloud.path("iaas.db"), 0o444);
    allow(folder.clone(), 0o555);
    let mut command = Command::new(binary);
    command.current_dir(&folder).args(arguments).stdin(Stdio::null());
    if rustix::process::geteuid().is_root() {
        command.uid(65_534);
    }
    let run = command.output().expect("the binary runs").into();
    allow(folder, 0o755);
    run
}
