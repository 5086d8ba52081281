//! Runs that are broken off and go on: what a journal is for.

#[path = "../guards/cloud.rs"]
mod cloud;

mod changed;
mod chased;
mod faults;
mod held;
mod killed;
mod receipts;
mod site;
