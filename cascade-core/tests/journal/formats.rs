//! Records of earlier versions are still read: a run that an earlier version began can be resumed.

use cascade_core::Record;

/// Each line is a record that the version of commit `c95c686` wrote.
const RECORDS: &str = include_str!("../data/records-c95c686.jsonl");

#[test]
fn records_of_an_earlier_version_are_read_and_written_alike() {
    for line in RECORDS.lines() {
        let record: Record = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let written = serde_json::to_value(&record).expect("a record serialises");
        let read: serde_json::Value = serde_json::from_str(line).expect("the line is JSON");
        assert_eq!(written, read);
    }
    assert_eq!(RECORDS.lines().count(), 10);
}
