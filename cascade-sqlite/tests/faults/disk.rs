//! Disks that are full, that fail, and that take only a part of what is written.

use std::process::Command;

use cascade_sqlite::Options;

use crate::crash::process;
use crate::world::World;
use crate::{POINTS, alone};

/// The file may not grow beyond so many pages: SQLite says what it says on a full disk.
#[test]
fn a_full_disk_is_said_so_at_whatever_page_it_is_full() {
    let _alone = alone();
    let mut refused = 0;
    for pages in 1..60 {
        let mut world = World::new();
        let said = world.go_on_with(Options::default().max_pages(pages));
        match said.error {
            Some(error) => {
                assert!(
                    error.contains("is full: make room on its disk, then resume"),
                    "{pages} pages: {error}"
                );
                refused += 1;
                assert_eq!(world.go_on().error, None);
                world.check_done();
            }
            None => break,
        }
    }
    eprintln!("full at {refused} sizes");
    assert!(refused > 5, "{refused}");
}

/// What no file can be made to do at just that write, a fail point answers in the place of SQLite.
#[test]
fn a_disk_that_is_full_or_fails_is_said_so_at_each_write() {
    let _alone = alone();
    for (kind, words) in [("full", "is full: make room on its disk"), ("io", "its disk fails: mend that")] {
        for point in POINTS {
            let mut refused = 0;
            for number in (0..).step_by(2) {
                let mut world = World::new();
                fail::cfg(point, &format!("{number}*off->1*return({kind})->off"))
                    .expect("the point can be set");
                let said = world.go_on();
                fail::remove(point);
                let Some(error) = said.error else {
                    world.check_done();
                    break;
                };
                assert!(error.contains(words), "{kind} at {point} {number}: {error}");
                refused += 1;
                assert_eq!(world.go_on().error, None);
                world.check_done();
            }
            assert!(refused > 3, "{kind}: {refused} at {point}");
        }
    }
}

/// No file of the process may grow beyond so many blocks of 512 bytes: the write that does is cut off there. The signal
/// that then comes ends the process, or is ignored, and the write fails.
fn limited(blocks: usize, ignored: bool) -> Command {
    let mut command = Command::new("sh");
    let ignore = if ignored { "trap '' XFSZ; " } else { "" };
    command.args(["-c", &format!("{ignore}ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    command.arg(std::env::current_exe().expect("this program"));
    command
}

#[test]
fn a_short_write_ends_the_process_or_is_said_so() {
    let (mut killed, mut refused) = (0, 0);
    // SQLite's shared memory alone has 64 blocks.
    for (turn, blocks) in (65..).step_by(9).enumerate() {
        let mut world = World::new();
        let ignored = turn % 2 == 0;
        match process(&mut world, limited(blocks, ignored), None) {
            None => {
                assert!(!ignored);
                killed += 1;
            }
            Some(said) if said.error.is_none() => {
                world.check_done();
                break;
            }
            Some(said) => {
                let error = said.error.unwrap_or_default();
                assert!(error.contains("its disk fails: mend that, then resume"), "{error}");
                refused += 1;
            }
        }
        let said = process(&mut world, crate::crash::this_program(), None).expect("nothing stops it");
        assert_eq!(said.error, None);
        world.check_done();
    }
    eprintln!("{killed} processes killed in a write, {refused} writes cut off");
    assert!(killed > 5 && refused > 5, "{killed} and {refused}");
}
