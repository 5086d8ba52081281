//! The parent end of an edge: a resource, and a role if the child has several edges to it.

use std::fmt;

use super::name::Name;
use super::resource::ResourceDescriptor;

/// The parent end of an edge. Without a role it is the resource alone, and a [`ResourceDescriptor`] converts into it.
///
/// Two references from one resource to another are two edges, told apart by their roles. In the database of a forge, for
/// example, a project lies in a folder, and has another folder as the root of its repository:
///
/// ```
/// use cascade_core::{Declaration, ResourceDescriptor, place};
///
/// let folder = ResourceDescriptor::runtime::<u64>("Folder", place!());
/// let project = ResourceDescriptor::runtime::<u64>("Project", place!());
/// let mut projects = Declaration::<(), u64>::new("Projects", project, place!());
/// projects.edge(folder.clone(), place!()).edge(folder.in_role("git_root"), place!());
///
/// let edges = &projects.descriptor().edges;
/// assert_eq!((edges[0].parent.to_string(), edges[0].parent.role()), (String::from("Folder"), None));
/// assert_eq!((edges[1].parent.to_string(), edges[1].parent.role()), (String::from("git_root: Folder"), Some("git_root")));
/// ```
#[derive(Clone, Debug)]
pub struct EdgeParent {
    resource: ResourceDescriptor,
    role: Option<Name>,
}

impl EdgeParent {
    pub(crate) fn new(resource: ResourceDescriptor, role: Option<Name>) -> Self {
        Self { resource, role }
    }

    /// The resource.
    pub fn resource(&self) -> &ResourceDescriptor {
        &self.resource
    }

    /// The role; `None` for an edge that has none.
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// The name of the resource.
    pub fn name(&self) -> &str {
        self.resource.name()
    }

    /// The name by which declarations refer to the edge: its role, or the name of the resource.
    pub fn label(&self) -> &str {
        self.role().unwrap_or_else(|| self.name())
    }

    /// Whether both are the parent end of one edge.
    pub fn is_same(&self, other: &Self) -> bool {
        self.role == other.role && self.resource.is_same(&other.resource)
    }

    /// Whether both have the same role and name. Two resources of one name are a fault of their own.
    pub(crate) fn has_names_of(&self, other: &Self) -> bool {
        self.role == other.role && self.name() == other.name()
    }

    /// Whether both cannot be edges of one resource: they are one edge, or have one role.
    pub(crate) fn collides_with(&self, other: &Self) -> bool {
        self.is_same(other) || (self.role.is_some() && self.role == other.role)
    }

    pub(crate) fn set_role(&mut self, role: Name) {
        self.role = Some(role);
    }

    pub(crate) fn role_name(&self) -> Option<&Name> {
        self.role.as_ref()
    }
}

impl ResourceDescriptor {
    /// The resource as the parent of an edge with that role. The role must differ from the other roles of the child, and from the
    /// names of the resources.
    pub fn in_role(&self, role: impl Into<Name>) -> EdgeParent {
        EdgeParent::new(self.clone(), Some(role.into()))
    }
}

impl From<ResourceDescriptor> for EdgeParent {
    fn from(resource: ResourceDescriptor) -> Self {
        Self::new(resource, None)
    }
}

impl fmt::Display for EdgeParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role() {
            Some(role) => write!(f, "{role}: {}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}
