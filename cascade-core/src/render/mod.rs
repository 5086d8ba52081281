//! How plans, reports and the graph are shown.

mod escape;
mod graph;
mod html;
mod number;
mod plan;
mod prose;
mod report;
