//! Renders plans, reports and the graph.

#[cfg(feature = "document")]
mod escape;
#[cfg(feature = "document")]
mod graph;
#[cfg(feature = "document")]
mod html;
mod number;
mod plan;
mod plan_tree;
#[cfg(feature = "document")]
mod prose;
mod report;
