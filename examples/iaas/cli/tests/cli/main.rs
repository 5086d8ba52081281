//! Tests of the command line: they run the binary.

mod bad_database;
mod changed;
mod cloud;
mod deletes;
mod detaches;
mod help;
mod interrupted;
mod killed;
mod readme;
mod refusals;
mod runs;
mod seed_and_show;
mod wait;
