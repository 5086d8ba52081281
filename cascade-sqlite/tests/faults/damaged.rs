//! Bytes of the file that are not what was written.

use rusqlite::Connection;

use crate::alone;
use crate::crash::{process, this_program};
use crate::world::World;

const PAGE: usize = 4096;

/// A run that was broken off, all of its journal in one file.
fn broken_off() -> World {
    let mut world = World::new();
    assert!(process(&mut world, this_program(), Some(("journal-commit", 9))).is_none());
    let connection = Connection::open(world.journal()).expect("it opens");
    connection.pragma_update(None, "journal_mode", "DELETE").expect("nobody else is there");
    world
}

/// Words of which each error has one: they say what is wrong with the file, or what is not in it any more.
const WORDS: [&str; 8] = [
    "is damaged",
    "is no journal",
    "cannot be read at position",
    "has schema version",
    "the journal has no run",
    "cannot be used",
    "its disk fails",
    "there is no state",
];

/// Either it is seen, and said, or it did no harm: the run is done as if nothing had been.
fn check(damaged: &mut World, what: &str) -> bool {
    let Some(error) = damaged.go_on().error else {
        damaged.check_done();
        return false;
    };
    assert!(WORDS.iter().any(|word| error.contains(word)), "{what}: {error}");
    true
}

#[test]
fn a_damaged_page_is_said_so_or_does_no_harm() {
    let _alone = alone();
    let world = broken_off();
    let whole = std::fs::read(world.journal()).expect("a file");
    let mut seen = 0;
    let pages = whole.len() / PAGE;
    for page in 0..pages {
        let page_at = page * PAGE;
        let mut dice = page as u64 + 1;
        for kind in 0..12 {
            let mut bytes = whole.clone();
            let what = match kind {
                0 => {
                    bytes[page_at..page_at + PAGE].fill(0xEE);
                    format!("page {page} filled")
                }
                1 => {
                    bytes[page_at..page_at + PAGE].fill(0);
                    format!("page {page} zeroed")
                }
                // A page in the place of another.
                2 => {
                    let other = (page + 1) % pages * PAGE;
                    bytes.copy_within(other..other + PAGE, page_at);
                    format!("page {page} is its neighbour")
                }
                _ => {
                    dice =
                        dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let (at, bit) = (page_at + (dice >> 33) as usize % PAGE, dice >> 60 & 7);
                    bytes[at] ^= 1 << bit;
                    format!("bit {bit} of byte {at}")
                }
            };
            let mut damaged = world.copy();
            std::fs::write(damaged.journal(), &bytes).expect("a file");
            seen += usize::from(check(&mut damaged, &what));
        }
    }
    eprintln!("{seen} damages seen, on {pages} pages");
    assert!(seen > pages, "{seen} on {pages} pages");
}

#[test]
fn a_record_that_is_gone_is_missed() {
    let _alone = alone();
    let world = broken_off();
    let count = Connection::open(world.journal())
        .and_then(|file| file.query_row("SELECT count(*) FROM record", [], |row| row.get::<_, i64>(0)));
    for number in 0..count.expect("records") {
        let mut damaged = world.copy();
        let file = Connection::open(damaged.journal()).expect("it opens");
        let delete =
            "DELETE FROM record WHERE place = (SELECT place FROM record ORDER BY place LIMIT 1 OFFSET ?1)";
        file.execute(delete, [number]).expect("it is gone");
        drop(file);
        let error = damaged.go_on().error.expect("it is missed");
        assert!(error.ends_with("the file is damaged"), "{error}");
    }
}
