//! Times in the journal file: milliseconds since 1970. All processes of a machine share this clock.

use std::time::{Duration, SystemTime};

pub(crate) fn now() -> i64 {
    i64::try_from(cascade_core::unix_millis(SystemTime::now())).unwrap_or(i64::MAX)
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
