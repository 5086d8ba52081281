//! Processes that die at each write.

use std::path::Path;
use std::process::{Command, Stdio};

use cascade_sqlite::Options;

use crate::world::{Said, World, go_on};
use crate::{POINTS, alone, at};

const DIRECTORY: &str = "CASCADE_FAULTS_DIRECTORY";
const CRASH: &str = "CASCADE_FAULTS_CRASH";

/// Not a test by itself: the process that others start, and that dies where it is told to.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let _alone = alone();
    if let Some((point, number)) = std::env::var(CRASH).ok().as_deref().and_then(|at| at.split_once(' ')) {
        // As a kill does: nothing is tidied up.
        at(point, number.parse().expect("a number"), || std::process::abort());
    }
    let directory = Path::new(&directory);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().expect("a runtime");
    let said = runtime.block_on(go_on(directory, Options::default()));
    let said = serde_json::to_string(&said).expect("text");
    std::fs::write(directory.join("said"), said).expect("the others hear of it");
}

/// Runs a process to its end, started by `command`. Answers what it said; `None` if it died.
pub(crate) fn process(world: &mut World, mut command: Command, crash: Option<(&str, usize)>) -> Option<Said> {
    command.args(["crash::child", "--exact", "--test-threads=1"]).env(DIRECTORY, world.path());
    if let Some((point, number)) = crash {
        command.env(CRASH, format!("{point} {number}"));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let lived = command.status().expect("a process").success();
    let file = world.path().join("said");
    let said = std::fs::read(&file).ok().map(|text| serde_json::from_slice(&text).expect("what it said"));
    assert_eq!(said.is_some(), lived);
    let _ = std::fs::remove_file(file);
    world.ended(said.as_ref().unwrap_or(&Said::default()));
    said
}

pub(crate) fn this_program() -> Command {
    Command::new(std::env::current_exe().expect("this program"))
}

fn crash_at_each(point: &str) {
    let mut crashes = 0;
    for number in 0.. {
        let mut world = World::new();
        if let Some(said) = process(&mut world, this_program(), Some((point, number))) {
            assert!(said.error.is_none(), "{said:?}");
            world.check_done();
            break;
        }
        // The one that goes on dies too, somewhere else.
        let again = process(&mut world, this_program(), Some((point, number / 3)));
        crashes += 1 + usize::from(again.is_none());
        if again.is_none() {
            let said = process(&mut world, this_program(), None).expect("nothing stops it");
            assert!(said.error.is_none(), "{said:?}");
        }
        world.check_done();
    }
    eprintln!("{crashes} crashes at {point}");
    assert!(crashes > 10, "{crashes} at {point}");
}

#[test]
fn before_each_transaction() {
    crash_at_each(POINTS[0]);
}

#[test]
fn before_each_record() {
    crash_at_each(POINTS[1]);
}

#[test]
fn before_each_commit() {
    crash_at_each(POINTS[2]);
}

#[test]
fn after_each_commit() {
    crash_at_each(POINTS[3]);
}
