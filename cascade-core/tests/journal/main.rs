//! Runs that are interrupted and resumed.

#[path = "../guards/cloud.rs"]
mod cloud;

mod changed_program;
mod failed_writes;
mod formats;
mod interrupted;
mod kept_settings;
mod late_dependents;
mod receipts;
#[path = "../schemas/mod.rs"]
mod schemas;
mod site;
