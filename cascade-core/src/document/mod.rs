//! The graph as data: the source of every picture, page and check of the graph.
//!
//! A [`Document`] is made from a [`Graph`](crate::Graph) and holds names instead of types. It serialises to JSON, so that
//! a tool can read the graph of another program, or compare two revisions of one program.

mod collect;
mod decide;
mod difference;
mod document;
mod files;
mod format;
mod further;
mod index;
mod reach;
mod source;
mod view;

pub(crate) use decide::{decide, rule_words, words};
pub use difference::difference;
pub use document::{
    Document, EdgeDocument, EffectDocument, ExtensionDocument, FORMAT, FinderDocument, OperationDocument,
    PhaseDocument, ResourceDocument, RuleDocument,
};
#[cfg(feature = "inventory")]
pub use files::documented;
pub use files::same_but_for_lines;
pub use format::{Format, UnknownFormat};
pub use further::Further;
pub(crate) use index::Index;
pub use reach::{Reach, Reached};
pub use source::Source;
pub(crate) use view::ViewEdge;
pub use view::{UnknownName, View};
