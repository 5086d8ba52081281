//! How plans and reports are printed.

mod number;
mod plan;
mod report;
