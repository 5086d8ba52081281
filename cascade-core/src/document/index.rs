//! Maps names to indices, so that a traversal of thousands of resources compares no strings.

use std::collections::HashMap;

use super::document::Document;

/// A document with its names resolved to indices. An edge to or from an unknown resource is ignored. Only a document that
/// was read from JSON can have such an edge.
#[derive(Clone, Debug)]
pub(crate) struct Index<'d> {
    pub(crate) document: &'d Document,
    /// For each edge, its parent and child; `None` if one of them is not a resource of the document.
    pub(crate) ends: Vec<Option<(usize, usize)>>,
    /// For each resource, the edges to its children.
    pub(crate) down: Vec<Vec<usize>>,
    /// For each resource, the edges to its parents.
    pub(crate) up: Vec<Vec<usize>>,
    by_name: HashMap<&'d str, usize>,
}

impl<'d> Index<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        let names = document.resources.iter().enumerate();
        let by_name: HashMap<&str, usize> =
            names.map(|(at, resource)| (resource.name.as_str(), at)).collect();
        let end = |name: &String| by_name.get(name.as_str()).copied();
        let ends = document.edges.iter().map(|edge| Some((end(&edge.parent)?, end(&edge.child)?)));
        let ends: Vec<Option<(usize, usize)>> = ends.collect();
        let mut down = vec![Vec::new(); document.resources.len()];
        let mut up = down.clone();
        for (edge, &(parent, child)) in
            ends.iter().enumerate().filter_map(|(at, ends)| Some((at, ends.as_ref()?)))
        {
            down[parent].push(edge);
            up[child].push(edge);
        }
        Self { document, ends, down, up, by_name }
    }

    pub(crate) fn resource(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn name(&self, resource: usize) -> &'d str {
        &self.document.resources[resource].name
    }
}
