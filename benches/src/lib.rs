//! What is measured: the engine beside what people would write instead.
//!
//! Each benchmark runs the engine and its rival in one process, by turns, and answers with medians. The ratio is what
//! counts: the times are those of the machine. Each checks first that both did the work: every instance exactly once,
//! children before parents.
//!
//! `cargo xtask bench` runs them all and writes `benches/RESULTS.md`.

#![forbid(unsafe_code)]
#![expect(clippy::cast_precision_loss, reason = "measured numbers are not exact to 52 bits")]

pub mod attribute;
pub mod by_hand;
pub mod cloud;
pub mod django;
pub mod driver;
pub mod fan_out;
pub mod flat;
pub mod gitlab;
pub mod growth;
pub mod ids;
pub mod journal;
pub mod makespan;
pub mod measure;
pub mod mesh;
pub mod reactor;
pub mod sqlite;
pub mod terraform;

/// What ends a benchmark early: its result would mean nothing.
pub type Failed = Box<dyn std::error::Error>;

/// Runs a future to its end on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    Ok(runtime.block_on(future))
}
