//! Renders the graph in each format.

mod dot;
mod layout;
mod markdown;
mod matrix;
mod mermaid;
mod reach;
mod svg;
mod text;
