//! Tests of the command line: they run the binary.

mod bad_database;
mod changed;
mod cloud;
mod deletes;
mod detaches;
mod drifts;
mod help;
mod interrupted;
mod killed;
mod readme;
mod refusals;
mod runs;
#[path = "../../../../../cascade-core/tests/schemas/mod.rs"]
mod schemas;
mod seed_and_show;
mod wait;
