//! Processes that die at each write.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::world::{ProcessReport, SEQUENTIAL_WRITES, World, options, run_process};
use crate::{POINTS, alone, at};

const DIRECTORY: &str = "CASCADE_FAULTS_DIRECTORY";
const CRASH: &str = "CASCADE_FAULTS_CRASH";

/// The body of the processes that the other tests start. Without their environment variables, it does nothing.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let _alone = alone();
    if let Some((point, number)) = std::env::var(CRASH).ok().as_deref().and_then(|at| at.split_once(' ')) {
        // Like a kill, an abort runs no destructors.
        at(point, number.parse().expect("a number"), || std::process::abort());
    }
    let directory = Path::new(&directory);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().expect("a runtime");
    let report = runtime.block_on(run_process(directory, options()));
    let report = serde_json::to_string(&report).expect("the report is JSON");
    std::fs::write(directory.join("report"), report).expect("the report can be written");
}

/// Runs `command` as a process until it ends. Returns its report, or `None` if it died.
pub(crate) fn process(
    world: &mut World,
    mut command: Command,
    crash: Option<(&str, usize)>,
) -> Option<ProcessReport> {
    command.args(["crash::child", "--exact", "--test-threads=1"]).env(DIRECTORY, world.path());
    if let Some((point, number)) = crash {
        command.env(CRASH, format!("{point} {number}"));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let success = command.status().expect("the process starts").success();
    let file = world.path().join("report");
    let report = std::fs::read(&file).ok().map(|text| serde_json::from_slice(&text).expect("a report"));
    assert_eq!(report.is_some(), success, "a process that lives writes a report");
    if report.is_some() {
        std::fs::remove_file(file).expect("the report can be removed");
    }
    world.process_ended(report.as_ref().unwrap_or(&ProcessReport::default()));
    report
}

pub(crate) fn this_program() -> Command {
    Command::new(std::env::current_exe().expect("the path of this program"))
}

fn crash_at_each(point: &str) {
    for number in 0.. {
        let mut world = World::new();
        if let Some(report) = process(&mut world, this_program(), Some((point, number))) {
            assert!(report.error.is_none(), "{report:?}");
            world.assert_complete();
            assert!(number >= SEQUENTIAL_WRITES, "only {number} crashes at {point}");
            return;
        }
        // The process that resumes the run dies too, at another write.
        if process(&mut world, this_program(), Some((point, number / 3))).is_none() {
            let report = process(&mut world, this_program(), None).expect("no fault is set");
            assert!(report.error.is_none(), "{report:?}");
        }
        world.assert_complete();
    }
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
