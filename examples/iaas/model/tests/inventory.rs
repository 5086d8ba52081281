//! The inventory's file: its content, and its errors.

use iaas_model::seed::{Size, fill};
use iaas_model::write::Writer;
use iaas_model::{Db, DbError, Overwrite};
use tempfile::TempDir;

fn directory() -> TempDir {
    TempDir::new().expect("a temporary directory")
}

fn empty(directory: &TempDir) -> Db {
    Db::create(directory.path().join("iaas.db"), Overwrite::No, |_| Ok(())).expect("a new inventory")
}

#[test]
fn an_interrupted_seed_leaves_no_file() {
    let directory = directory();
    let file = directory.path().join("iaas.db");
    let interrupted = Db::create(&file, Overwrite::No, |transaction| {
        fill(transaction, Size { vms: 10, zones: 1 })?;
        Writer::new(transaction).zone("zone-1")
    });
    assert!(matches!(interrupted, Err(DbError::Sql { .. })), "{interrupted:?}");
    assert!(!file.exists());
    Db::create(&file, Overwrite::No, |_| Ok(())).expect("the next attempt starts from the beginning");
}

#[test]
fn an_inventory_is_replaced_as_a_whole() {
    let directory = directory();
    let file = directory.path().join("iaas.db");
    let with = |vms| move |transaction: &rusqlite::Transaction<'_>| fill(transaction, Size { vms, zones: 1 });
    let old = Db::create(&file, Overwrite::No, with(10)).expect("a new inventory");
    drop(old);
    assert!(matches!(Db::create(&file, Overwrite::No, with(20)), Err(DbError::Exists { .. })));
    Db::create(&file, Overwrite::Yes, with(20)).expect("another inventory");
    let connection = rusqlite::Connection::open(&file).expect("it opens");
    let vms: u64 =
        connection.query_row("SELECT count(*) FROM vm_instance", [], |row| row.get(0)).expect("it counts");
    assert_eq!(vms, 20);
}

#[test]
fn opening_a_missing_inventory_does_not_create_it() {
    let directory = directory();
    let file = directory.path().join("iaas.db");
    assert!(matches!(Db::open(&file), Err(DbError::Missing { .. })));
    assert!(!file.exists());
}

/// A change is made completely or not at all, and does not affect the next one.
#[tokio::test]
async fn a_change_that_fails_changes_nothing() {
    let directory = directory();
    let db = empty(&directory);
    let zone = |transaction: &rusqlite::Transaction<'_>| Writer::new(transaction).zone("zone-1");
    let failed = db
        .write(move |transaction| {
            zone(transaction)?;
            zone(transaction)
        })
        .await;
    assert!(matches!(failed, Err(DbError::Sql { .. })), "{failed:?}");
    db.write(zone).await.expect("the row was not there");
}

/// A limit on the file's pages simulates a full disk.
#[tokio::test]
async fn a_full_disk_is_named() {
    let directory = directory();
    let db = empty(&directory);
    let full = db
        .write(|transaction| {
            transaction.pragma_update(None, "max_page_count", 1)?;
            fill(transaction, Size { vms: 1000, zones: 1 })
        })
        .await;
    assert!(matches!(full, Err(DbError::Full { .. })), "{full:?}");
    let error = full.expect_err("no space").to_string();
    assert!(error.contains("free some on its disk and run the command again"), "{error}");
    assert_eq!(db.counts().await.expect("it can be read")["VmInstance"].total, 0);
}

/// A panic fails only its own query.
#[tokio::test]
async fn a_panicking_query_is_an_error() {
    let directory = directory();
    let db = empty(&directory);
    let interrupted = db.read::<(), _>(|_| panic!("simulated panic")).await;
    assert!(matches!(interrupted, Err(DbError::Interrupted { .. })), "{interrupted:?}");
    db.counts().await.expect("the next one runs");
}
