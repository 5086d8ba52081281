//! Damaged bytes, pages and records in the file.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::alone;
use crate::crash::{process, this_program};
use crate::world::{SEQUENTIAL_WRITES, World};

const PAGE: usize = 4096;

/// A run that died before its last writes, with the whole journal in one file.
fn interrupted_run() -> World {
    let mut world = World::new();
    let crash = ("journal-commit", SEQUENTIAL_WRITES - 1);
    assert!(process(&mut world, this_program(), Some(crash)).is_none());
    let connection = Connection::open(world.journal()).expect("the file opens");
    connection.pragma_update(None, "journal_mode", "DELETE").expect("no other process has the file open");
    world
}

/// The pages of the tables, from 0. Resuming the run reads all of them.
fn table_pages(world: &World) -> rusqlite::Result<BTreeSet<usize>> {
    let connection = Connection::open(world.journal())?;
    let mut pages = connection.prepare("SELECT pageno - 1 FROM dbstat WHERE name IN ('run', 'record')")?;
    pages.query_map([], |row| row.get::<_, i64>(0))?.map(|page| Ok(page?.cast_unsigned() as usize)).collect()
}

/// Each error contains one of these: it says that the file is damaged, or that a part of its content is missing.
const MESSAGES: [&str; 7] = [
    "is damaged",
    "is no journal",
    "cannot be read at position",
    "has schema version",
    "the journal has no run",
    "SQLite cannot use the journal",
    "its disk fails",
];

/// Either the damage is reported, or it is harmless: then the run completes. Returns whether it is reported.
fn is_reported(damaged: &mut World, damage: &str) -> bool {
    let Some(error) = damaged.run_process().error else {
        damaged.assert_complete();
        return false;
    };
    assert!(MESSAGES.iter().any(|message| error.contains(message)), "{damage}: {error}");
    true
}

/// Damages a page in the way `kind`. Returns a description.
fn damage(bytes: &mut [u8], page: usize, kind: usize, random: &mut u64) -> String {
    let start = page * PAGE;
    match kind {
        0 => {
            bytes[start..start + PAGE].fill(0xEE);
            format!("page {page} is filled")
        }
        1 => {
            bytes[start..start + PAGE].fill(0);
            format!("page {page} is zeroed")
        }
        2 => {
            let next = (page + 1) % (bytes.len() / PAGE) * PAGE;
            bytes.copy_within(next..next + PAGE, start);
            format!("page {page} is overwritten with the next page")
        }
        _ => {
            *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (at, bit) = (start + (*random >> 33) as usize % PAGE, *random >> 60 & 7);
            bytes[at] ^= 1 << bit;
            format!("bit {bit} of byte {at} is flipped")
        }
    }
}

#[test]
fn damaged_page_is_reported_or_harmless() {
    let _alone = alone();
    let world = interrupted_run();
    let tables = table_pages(&world).expect("SQLite reports the pages");
    assert!(tables.len() >= 2, "each table has a page: {tables:?}");
    let whole = std::fs::read(world.journal()).expect("the file is readable");
    for page in 0..whole.len() / PAGE {
        let mut random = page as u64 + 1;
        for kind in 0..12 {
            let mut bytes = whole.clone();
            let damage = damage(&mut bytes, page, kind, &mut random);
            let mut damaged = world.copy();
            std::fs::write(damaged.journal(), &bytes).expect("the file is writable");
            let is_reported = is_reported(&mut damaged, &damage);
            let is_lost = kind < 2 && (page == 0 || tables.contains(&page));
            assert!(is_reported || !is_lost, "{damage}, and no error reports it");
        }
    }
}

#[test]
fn missing_record_is_reported() {
    let _alone = alone();
    let world = interrupted_run();
    let count: i64 = Connection::open(world.journal())
        .and_then(|file| file.query_row("SELECT count(*) FROM record", [], |row| row.get(0)))
        .expect("the records can be counted");
    assert!(count > 0);
    for number in 0..count {
        let mut damaged = world.copy();
        let file = Connection::open(damaged.journal()).expect("the file opens");
        let delete =
            "DELETE FROM record WHERE place = (SELECT place FROM record ORDER BY place LIMIT 1 OFFSET ?1)";
        assert_eq!(file.execute(delete, [number]), Ok(1));
        drop(file);
        let error = damaged.run_process().error.expect("the record is missed");
        assert!(error.ends_with("the file is damaged"), "{error}");
    }
}
