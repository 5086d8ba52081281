//! Medians, turns, and the rows of the table.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Failed;

/// What a row's numbers are.
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

/// What a benchmark prints, each as a line of JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// A line of the table.
    Row(Row),
    /// What could not be measured.
    Missing {
        /// What would have been done.
        work: String,
        /// On how much.
        size: String,
        /// Why it was not, and what it would take.
        missing: String,
    },
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        Self::Row(row)
    }
}

/// A line of the table: what the engine took, and what its rival took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// What was done.
    pub work: String,
    /// On how much.
    pub size: String,
    /// What the numbers are.
    pub unit: Unit,
    /// The engine's number.
    pub ours: f64,
    /// What it is measured against.
    pub against: String,
    /// The rival's number.
    pub rival: f64,
    /// The ratio that must not be exceeded.
    pub bar: f64,
    /// How many things the work is spread over, to give the number for one of them.
    pub per: u64,
}

/// A stopwatch on the time that this thread has the processor, where the system tells it: what else runs on the machine
/// then disturbs less. Nothing that is measured waits or starts a thread.
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

    /// The time since it was started.
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

    /// The time since it was started.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// How long `work` takes, with what it made, so that dropping that is not counted.
pub fn time<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Stopwatch::start();
    let made = work();
    (start.elapsed(), made)
}

/// Runs both by turns, after one turn that is not counted, and answers the median of each.
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

/// The one in the middle.
pub fn median<T: Ord + Copy + Default>(mut times: Vec<T>) -> T {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A time as the table takes it.
pub fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// An error, unless both are equal.
pub fn expect_equal<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T) -> Result<(), Failed> {
    if got == expected { Ok(()) } else { Err(format!("{what}: {got:?}, expected {expected:?}").into()) }
}
