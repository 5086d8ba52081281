//! How much further an operation reaches than a stored page says.

/// A root from which an operation gets further than a committed page says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Further {
    /// The code of the operation.
    pub operation: String,
    /// The root.
    pub root: String,
    /// The resources that the page does not list; empty where the page only counts them.
    pub gained: Vec<String>,
    /// How many it reaches, by the page and now.
    pub counts: (usize, usize),
}
