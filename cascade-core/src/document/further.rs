//! A root from which an operation reaches more resources than a committed page lists.

/// A root from which an operation reaches more resources than a committed page lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Further {
    /// The code of the operation.
    pub operation: String,
    /// The root resource.
    pub root: String,
    /// The reached resources that the page does not list; empty if the page only has their number.
    pub gained: Vec<String>,
    /// The number of reached resources: on the page, and now.
    pub counts: (usize, usize),
}
