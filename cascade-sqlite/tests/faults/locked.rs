//! Another program holds the file's lock at each write; and the writing thread dies at each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cascade_sqlite::Options;
use rusqlite::Connection;

use crate::world::World;
use crate::{POINTS, alone, at};

#[test]
fn a_lock_is_said_so_at_each_write() {
    let _alone = alone();
    let mut refused = 0;
    for number in 0.. {
        let mut world = World::new();
        let holder = Arc::new(Mutex::new(None));
        let (held, path) = (Arc::clone(&holder), world.journal());
        at(POINTS[0], number, move || {
            let connection = Connection::open(&path).expect("it opens");
            connection.execute_batch("BEGIN EXCLUSIVE").expect("it is free");
            *held.lock().expect("nobody panics") = Some(connection);
        });
        let mut was_held = false;
        let patience = Options::default().busy_timeout(Duration::from_millis(20));
        let said =
            world.go_on_until(patience, || was_held = holder.lock().expect("nobody panics").take().is_some());
        fail::remove(POINTS[0]);
        match said.error {
            Some(error) => {
                assert!(
                    was_held && error.contains("is locked by another program: end that, then resume"),
                    "{error}"
                );
                refused += 1;
                assert_eq!(world.go_on().error, None);
            }
            // What comes after the last write of a run, nobody waits for.
            None if was_held => {}
            None => break,
        }
        world.check_done();
    }
    eprintln!("{refused} writes met a lock");
    assert!(refused > 10, "{refused}");
}

#[test]
fn a_writing_thread_that_dies_is_said_so_at_each_write() {
    let _alone = alone();
    for point in POINTS {
        let mut refused = 0;
        for number in (0..).step_by(3) {
            let mut world = World::new();
            // As `panic!` does, without a message on the terminal.
            let reached = at(point, number, || std::panic::resume_unwind(Box::new("at a fail point")));
            let said = world.go_on();
            fail::remove(point);
            let was_met = reached.load(std::sync::atomic::Ordering::Relaxed) > number;
            match said.error {
                Some(error) => {
                    assert!(
                        was_met && error.contains("is not written any more: its thread has ended"),
                        "{error}"
                    );
                    refused += 1;
                    assert_eq!(world.go_on().error, None);
                }
                None if was_met => {}
                None => break,
            }
            world.check_done();
        }
        assert!(refused > 3, "{refused} at {point}");
    }
}
