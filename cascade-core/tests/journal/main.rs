//! Runs that are broken off and go on: what a journal is for.

#[path = "../guards/cloud.rs"]
#[expect(dead_code, reason = "it has more than is needed here")]
mod cloud;

mod changed;
mod chased;
mod faults;
mod held;
mod killed;
mod receipts;
mod site;
