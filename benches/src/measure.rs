//! Medians of alternating runs, and the rows of the table.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Failed;

/// The unit of a row's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// Bytes.
    Memory,
    /// A plain number.
    Number,
}

/// An output of a benchmark, printed as a line of JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// A row of the table.
    Row(Row),
    /// A measurement that was not possible.
    Missing {
        /// The work that would have been measured.
        work: String,
        /// Its size.
        size: String,
        /// The reason, and how to make it possible.
        missing: String,
    },
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        Self::Row(row)
    }
}

/// A row of the table: the numbers of the engine and of its rival.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The measured work.
    pub work: String,
    /// Its size.
    pub size: String,
    /// The unit of the numbers.
    pub unit: Unit,
    /// The engine's number.
    pub ours: f64,
    /// The rival.
    pub against: String,
    /// The rival's number.
    pub rival: f64,
    /// The largest permitted ratio.
    pub bar: f64,
    /// The number of parts of the work; the table also shows the number per part.
    pub per: u64,
}

/// A stopwatch on the processor time of this thread, if the system provides it: other programs then disturb it less.
/// Measured work does not wait and starts no threads.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    #[cfg(unix)]
    start: Duration,
    #[cfg(not(unix))]
    start: std::time::Instant,
}

#[cfg(unix)]
impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self { start: Self::now() }
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        Self::now().saturating_sub(self.start)
    }

    fn now() -> Duration {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        now.try_into().unwrap_or_default()
    }
}

#[cfg(not(unix))]
impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self { start: std::time::Instant::now() }
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Measures `work`. Returns its result too, so that dropping it is not measured.
pub fn time<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Stopwatch::start();
    let made = work();
    (start.elapsed(), made)
}

/// Runs both alternately after one warm-up, and returns the median of each.
pub fn by_turns(
    turns: usize,
    mut ours: impl FnMut() -> Result<Duration, Failed>,
    mut rival: impl FnMut() -> Result<Duration, Failed>,
) -> Result<(Duration, Duration), Failed> {
    ours()?;
    rival()?;
    let (mut of_ours, mut of_rival) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        of_ours.push(ours()?);
        of_rival.push(rival()?);
    }
    Ok((median(of_ours), median(of_rival)))
}

/// The median.
pub fn median<T: Ord + Copy + Default>(mut times: Vec<T>) -> T {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A time in the unit of the table.
pub fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// An error unless both are equal.
pub fn expect_equal<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T) -> Result<(), Failed> {
    if got == expected { Ok(()) } else { Err(format!("{what}: {got:?}, expected {expected:?}").into()) }
}
