//! At each write, another program holds the file's lock, or the writer thread dies.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;

use crate::world::{SEQUENTIAL_WRITES, World, options};
use crate::{POINTS, alone, at};

#[test]
fn lock_is_reported_at_each_write() {
    let _alone = alone();
    for number in 0.. {
        let mut world = World::new();
        let holder = Arc::new(Mutex::new(None));
        let (held, path) = (Arc::clone(&holder), world.journal());
        at(POINTS[0], number, move || {
            let connection = Connection::open(&path).expect("the file opens");
            connection.execute_batch("BEGIN EXCLUSIVE").expect("the lock is free");
            *held.lock().expect("no other panic") = Some(connection);
        });
        let mut was_held = false;
        let impatient = options().busy_timeout(Duration::from_millis(20));
        let report = world.run_process_until(impatient, || {
            was_held = holder.lock().expect("no other panic").take().is_some();
        });
        fail::remove(POINTS[0]);
        if let Some(error) = report.error {
            let message = "is locked by another program: end that program, then resume";
            assert!(was_held && error.contains(message), "{error}");
            assert_eq!(world.run_process().error, None);
        } else {
            // A run does not wait for the writes after its end.
            assert!(number >= SEQUENTIAL_WRITES, "the lock at transaction {number} is not reported");
        }
        world.assert_complete();
        if !was_held {
            return;
        }
    }
}

#[test]
fn death_of_the_writer_thread_is_reported_at_each_write() {
    let _alone = alone();
    for point in POINTS {
        for number in (0..).step_by(3) {
            let mut world = World::new();
            // Panics without a message on the terminal.
            let reached = at(point, number, || std::panic::resume_unwind(Box::new("at a fail point")));
            let report = world.run_process();
            fail::remove(point);
            let was_reached = reached.load(Ordering::Relaxed) > number;
            if let Some(error) = report.error {
                let message = "accepts no writes, because its writer thread has ended";
                assert!(was_reached && error.contains(message), "{error}");
                assert_eq!(world.run_process().error, None);
            } else {
                // A run does not wait for the writes after its end.
                assert!(number >= SEQUENTIAL_WRITES, "the death at {point} {number} is not reported");
            }
            world.assert_complete();
            if !was_reached {
                break;
            }
        }
    }
}
