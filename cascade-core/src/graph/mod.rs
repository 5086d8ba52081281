//! The resource graph: built from all declarations, validated, and restricted to one operation.

mod components;
mod graph;
mod methods;
mod order_faults;
mod route;
mod tree;
mod validate;
mod version;

pub(crate) use components::components;
pub(crate) use graph::{Edge, extension_order};
pub use graph::{EdgeRef, Graph, ResourceNode};
pub(crate) use methods::effect_methods;
pub(crate) use methods::methods_of;
pub(crate) use methods::{Method, labels};
pub(crate) use route::{EdgeRoute, Group, Reach, RootRoute, Route};
pub use tree::{Tree, TreeNode};
