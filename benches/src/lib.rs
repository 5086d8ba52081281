//! Benchmarks: the engine against the programs that people would write or use instead.
//!
//! Each benchmark runs the engine and its rival alternately in one process, and returns medians. The ratio is the
//! result, because times depend on the machine. Each benchmark first checks that both did the work: every instance
//! exactly once, children before parents.
//!
//! `cargo xtask bench` runs them all and writes `benches/RESULTS.md`.

#![forbid(unsafe_code)]
#![expect(clippy::cast_precision_loss, reason = "measured numbers are not exact to 52 bits")]

pub mod attribute;
pub mod by_hand;
pub mod cloud;
pub mod django;
pub mod drift;
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

/// An error that ends a benchmark, because its result would be meaningless.
pub type Failed = Box<dyn std::error::Error>;

/// Runs a future to its end on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    Ok(runtime.block_on(future))
}
