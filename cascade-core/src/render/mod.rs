//! Renders plans, reports and the graph.

#[cfg(feature = "document")]
mod escape;
#[cfg(feature = "document")]
mod graph;
#[cfg(feature = "document")]
mod html;
mod number;
mod plan;
#[cfg(feature = "document")]
mod prose;
mod report;
