//! The graph in the formats that people and tools read.

mod dot;
mod layout;
mod markdown;
mod matrix;
mod mermaid;
mod reach;
mod svg;
mod text;
