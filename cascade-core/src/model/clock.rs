//! Points in time as numbers.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; 0 for a time before.
pub fn unix_millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
