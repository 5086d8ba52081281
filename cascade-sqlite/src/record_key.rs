//! The primary key of a record, in the column `place`: the run's row, then the record's position in the run.

/// A run has room for four billion records. Records of a run are adjacent, so that reading them needs no index.
pub(crate) const fn record_key(row: i64, position: u64) -> i64 {
    (row << 32).wrapping_add(position.cast_signed())
}
