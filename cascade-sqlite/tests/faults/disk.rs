//! Disks that are full, that fail, and that write only a part.

use std::process::Command;

use rusqlite::Connection;

use crate::crash::{process, this_program};
use crate::world::{SEQUENTIAL_WRITES, World, options};
use crate::{POINTS, alone};

fn pragma(world: &World, name: &str) -> u32 {
    let connection = Connection::open(world.journal()).expect("the file opens");
    connection.pragma_query_value(None, name, |row| row.get(0)).expect("SQLite knows the pragma")
}

/// A journal without runs.
fn empty_journal() -> World {
    let world = World::new();
    drop(options().open(world.journal()).expect("the journal opens"));
    world
}

/// A journal without runs and without unused pages.
fn filled_journal() -> World {
    let world = empty_journal();
    let connection = Connection::open(world.journal()).expect("the file opens");
    connection.execute_batch("CREATE TABLE filler (page BLOB)").expect("the table is new");
    while pragma(&world, "freelist_count") > 0 {
        connection.execute("INSERT INTO filler VALUES (zeroblob(4000))", []).expect("the file can grow");
    }
    world
}

/// Returns whether the run met a full disk. Completes it in any case.
fn is_full(mut world: World, pages: u32) -> bool {
    let error = world.run_process_with(options().max_pages(pages)).error;
    if let Some(error) = &error {
        let message = "is full: free disk space or raise its maximum size, then resume";
        assert!(error.contains(message), "{pages} pages: {error}");
        assert_eq!(world.run_process().error, None);
    }
    world.assert_complete();
    error.is_some()
}

/// SQLite reports a full disk when the file would grow beyond its maximum size.
#[test]
fn full_disk_is_reported_at_each_size() {
    let _alone = alone();
    let empty = pragma(&empty_journal(), "page_count");
    for pages in 1..empty {
        assert!(is_full(World::new(), pages), "{pages} pages have no room for an empty journal");
    }
    let filled = pragma(&filled_journal(), "page_count");
    assert!(is_full(filled_journal(), filled), "the records of a run need more than one page");
    let mut sizes = filled + 1..;
    while sizes.next().is_some_and(|pages| is_full(filled_journal(), pages)) {}
}

/// A real disk cannot be made to fail at one chosen write, so a fail point returns the error.
#[test]
fn full_or_failing_disk_is_reported_at_each_write() {
    let _alone = alone();
    for (kind, message) in [("full", "is full: free disk space"), ("io", "its disk fails: repair the disk")] {
        for point in POINTS {
            for number in (0..).step_by(2) {
                let mut world = World::new();
                fail::cfg(point, &format!("{number}*off->1*return({kind})->off"))
                    .expect("the point can be set");
                let report = world.run_process();
                fail::remove(point);
                let Some(error) = report.error else {
                    world.assert_complete();
                    assert!(number >= SEQUENTIAL_WRITES, "{kind} at {point} {number} is not reported");
                    break;
                };
                assert!(error.contains(message), "{kind} at {point} {number}: {error}");
                assert_eq!(world.run_process().error, None);
                world.assert_complete();
            }
        }
    }
}

/// A process whose files cannot grow beyond some blocks of 512 bytes: a write ends there. The signal that the process then
/// receives ends it; if the signal is ignored, the write fails.
fn with_file_limit(blocks: usize, ignores_signal: bool) -> Command {
    let mut command = Command::new("sh");
    let trap = if ignores_signal { "trap '' XFSZ; " } else { "" };
    command.args(["-c", &format!("{trap}ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    command.arg(std::env::current_exe().expect("the path of this program"));
    command
}

#[test]
fn partial_write_ends_the_process_or_is_reported() {
    let (mut killed, mut reported) = (0, 0);
    // The shared memory of SQLite alone has 64 blocks.
    for (turn, blocks) in (65..).step_by(9).enumerate() {
        let mut world = World::new();
        let ignores_signal = turn % 2 == 0;
        match process(&mut world, with_file_limit(blocks, ignores_signal), None) {
            None => {
                assert!(!ignores_signal);
                killed += 1;
            }
            Some(report) => {
                let Some(error) = report.error else {
                    world.assert_complete();
                    break;
                };
                assert!(error.contains("its disk fails: repair the disk, then resume"), "{error}");
                reported += 1;
            }
        }
        let report = process(&mut world, this_program(), None).expect("no fault is set");
        assert_eq!(report.error, None);
        world.assert_complete();
    }
    // Each write adds at least two pages, of 8 blocks each, to the log of SQLite: the first limits are too small.
    assert!(killed > 0 && reported > 0, "{killed} processes killed, {reported} errors");
}
