//! `iaas graph`

use cascade_core::{Graph, ResourceNode};

use crate::failure::Failure;
use crate::print::print;

/// Prints the flattened tree of each resource.
pub(crate) fn run() -> Result<(), Failure> {
    let graph = Graph::linked().map_err(Failure::failed)?;
    let mut names: Vec<&str> = graph.resources().map(ResourceNode::name).collect();
    names.sort_unstable();
    let trees: Vec<String> =
        names.into_iter().filter_map(|name| graph.tree(name)).map(|tree| tree.to_string()).collect();
    print(trees.join("\n"))
}
