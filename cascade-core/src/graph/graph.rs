//! The resource graph: all extensions, combined and validated.
//!
//! All lists are sorted by name, so that nothing depends on the order in which the linker collected the extensions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::validate::validate;
use crate::ids::{EdgeIx, Index, Indexed, ResourceIx};
use crate::model::{
    BuildError, Decision, EdgeParent, EffectSet, ExtensionDescriptor, Name, OperationDescriptor, Place,
    ResourceDescriptor, nearest,
};

/// The validated resource graph. It has a node for each resource, and an arc from parent to child for each edge.
///
/// ```
/// # use cascade_core::{Declaration, Graph, ResourceDescriptor, Rule, Outcome, Delete, place};
/// let zone = ResourceDescriptor::runtime::<u64>("Zone", place!());
/// let mut zones = Declaration::<(), u64>::new("Zones", zone, place!());
/// zones.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
/// zones.rule(Rule::effect::<Delete>("remove", place!()));
///
/// let graph = Graph::build([zones.descriptor().clone()])?;
/// assert_eq!(graph.resources().map(|resource| resource.name()).collect::<Vec<_>>(), ["Zone"]);
/// # Ok::<(), cascade_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Graph {
    /// The same for all graphs that are made from one: see [`Graph::for_roots`].
    identity: Arc<()>,
    pub(crate) extensions: Vec<ExtensionDescriptor>,
    pub(crate) resources: Indexed<ResourceIx, ResourceNode>,
    pub(crate) edges: Indexed<EdgeIx, Edge>,
    pub(crate) operations: Vec<OperationDescriptor>,
}

/// A resource in the graph.
#[derive(Clone, Debug)]
pub struct ResourceNode {
    pub(crate) descriptor: ResourceDescriptor,
    /// The edges to its parents.
    pub(crate) up: Vec<EdgeIx>,
    /// The edges to its children.
    pub(crate) down: Vec<EdgeIx>,
    /// Its effects in the order in which they run: those of the owning extension first, each extension's in source order.
    pub(crate) effects: Vec<Effect>,
    pub(crate) root_rules: Vec<GraphRule>,
    /// The resources whose instances complete before steps on this resource start, although they are not its children.
    pub(crate) after: Vec<ResourceIx>,
    /// The indices of its extensions, the owner first.
    pub(crate) extensions: Vec<usize>,
}

/// An edge of the graph: the child declares that it depends on the parent.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EdgeRef<'g> {
    /// The resource that the child depends on.
    pub parent: &'g ResourceNode,
    /// The resource that declares the edge.
    pub child: &'g ResourceNode,
    /// Its role; `None` if it has none.
    pub role: Option<&'g str>,
    /// Where it was declared.
    pub place: Place,
}

#[derive(Clone, Debug)]
pub(crate) struct Edge {
    pub(crate) parent: ResourceIx,
    pub(crate) child: ResourceIx,
    pub(crate) role: Option<Name>,
    /// The position of the root resource that this copy of the edge is for; 0 in a graph without copies.
    pub(crate) root: usize,
    pub(crate) extension: usize,
    pub(crate) finders: Vec<EdgeFinder>,
    pub(crate) rules: Vec<GraphRule>,
    /// Whether the order along it may be given up where instances depend on each other in a cycle.
    pub(crate) may_cut: bool,
    /// Whether steps on instances with the same parent along it never overlap.
    pub(crate) exclusive: bool,
    pub(crate) place: Place,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct EdgeFinder {
    pub(crate) method: usize,
    pub(crate) operation: Option<usize>,
}

/// A rule whose names are resolved to indices.
#[derive(Clone, Debug)]
pub(crate) struct GraphRule {
    pub(crate) operation: usize,
    pub(crate) root: Option<ResourceIx>,
    pub(crate) decision: GraphDecision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GraphDecision {
    Effect { effect: usize, leaf: bool },
    Ignore,
    Retain,
    Restrict,
    WithParent,
    Shared { effect: Option<usize> },
}

/// An effect of a resource.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) name: String,
    pub(crate) extension: usize,
    pub(crate) method: usize,
    /// The effects that it supersedes.
    pub(crate) supersedes: EffectSet,
}

impl ResourceNode {
    /// The resource's name.
    pub fn name(&self) -> &str {
        self.descriptor.name()
    }

    /// The descriptor of the resource.
    pub fn descriptor(&self) -> &ResourceDescriptor {
        &self.descriptor
    }

    /// The names of its effects, in the order in which they run.
    pub fn effects(&self) -> impl Iterator<Item = &str> {
        self.effects.iter().map(|effect| effect.name.as_str())
    }

    /// The effects that run if rules give these: without those that another given effect supersedes.
    pub(crate) fn not_superseded(&self, given: EffectSet) -> EffectSet {
        if given.len() < 2 {
            return given;
        }
        let supersedes = |all: EffectSet, effect: usize| all.union(self.effects[effect].supersedes);
        given.without(given.iter().fold(EffectSet::EMPTY, supersedes))
    }

    /// Whether one of the effects that `ran` supersedes the effect, directly or through others of the given ones.
    pub(crate) fn has_run_superseding(&self, given: EffectSet, ran: EffectSet, effect: usize) -> bool {
        let mut below = EffectSet::of(effect);
        loop {
            let is_above = |&other: &usize| self.effects[other].supersedes.intersects(below);
            let above: EffectSet = given.without(below).iter().filter(is_above).collect();
            if above.is_empty() || above.intersects(ran) {
                return !above.is_empty();
            }
            below = below.union(above);
        }
    }

    /// The position of an effect, by its extension and its position there.
    pub(crate) fn effect_of(&self, extension: usize, method: usize) -> Option<usize> {
        self.effects.iter().position(|effect| (effect.extension, effect.method) == (extension, method))
    }

    pub(crate) fn effect_named(&self, extension: usize, name: &str) -> Option<usize> {
        self.effects.iter().position(|effect| effect.extension == extension && effect.name == name)
    }
}

impl Graph {
    /// Combines and validates extensions. The error lists all faults.
    pub fn build(extensions: impl IntoIterator<Item = ExtensionDescriptor>) -> Result<Self, BuildError> {
        let mut extensions: Vec<ExtensionDescriptor> = extensions.into_iter().collect();
        extensions.sort_by(|a, b| extension_order(a).cmp(&extension_order(b)));
        let faults = validate(&extensions);
        if faults.is_empty() { Ok(Self::assemble(extensions)) } else { Err(BuildError::new(faults)) }
    }

    /// The graph for a plan with roots of `count` resources: it has a copy of each edge for each of them, because each may have
    /// rules of its own.
    pub(crate) fn for_roots(self: &Arc<Self>, count: usize) -> Arc<Self> {
        if count < 2 {
            return Arc::clone(self);
        }
        let mut graph = Self::clone(self);
        let copies = |edge: &Edge| (0..count).map(|root| Edge { root, ..edge.clone() }).collect::<Vec<_>>();
        let edges = std::mem::take(&mut graph.edges);
        graph.set_edges(edges.iter().flat_map(copies).collect());
        Arc::new(graph)
    }

    /// Splits edges, which are sorted, into those that one declaration made: the copies for different root resources.
    pub(crate) fn by_declaration<'e>(&self, edges: &'e [EdgeIx]) -> impl Iterator<Item = &'e [EdgeIx]> {
        let declared = |edge: EdgeIx| {
            let Edge { parent, child, role, .. } = &self.edges[edge];
            (*parent, *child, role)
        };
        edges.chunk_by(move |&a, &b| declared(a) == declared(b))
    }

    /// The copies of an edge for different root resources, itself included.
    pub(crate) fn copies_of(&self, edge: EdgeIx) -> impl Iterator<Item = EdgeIx> {
        let up = &self.resources[self.edges[edge].child].up;
        let copies = self.by_declaration(up).find(|copies| copies.contains(&edge));
        copies.unwrap_or_default().iter().copied()
    }

    /// Whether both are made from the same graph.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.identity, &other.identity)
    }

    /// The resources, by name.
    pub fn resources(&self) -> impl ExactSizeIterator<Item = &ResourceNode> {
        self.resources.iter()
    }

    /// The edges, by child, then by parent, then by role.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = EdgeRef<'_>> {
        self.edges.iter().map(|edge| EdgeRef {
            parent: &self.resources[edge.parent],
            child: &self.resources[edge.child],
            role: edge.role.as_deref(),
            place: edge.place,
        })
    }

    /// The operations that have at least one rule, by code.
    pub fn operations(&self) -> impl ExactSizeIterator<Item = &OperationDescriptor> {
        self.operations.iter()
    }

    /// The resource with this name.
    pub fn resource(&self, name: &str) -> Option<&ResourceNode> {
        self.find_resource(name).map(|index| &self.resources[index])
    }

    pub(crate) fn find_resource(&self, name: &str) -> Option<ResourceIx> {
        self.resources.binary_search_by(|resource| resource.name().cmp(name)).ok().map(ResourceIx::at)
    }

    pub(crate) fn find_operation(&self, code: &str) -> Option<usize> {
        self.operations.binary_search_by(|operation| operation.code().cmp(code)).ok()
    }

    /// A suggestion for a mistyped name.
    pub(crate) fn nearest_resource(&self, name: &str) -> Option<&str> {
        nearest(self.resources.iter().map(ResourceNode::name), name)
    }

    /// Assembles the graph. Validation found no faults, so every name resolves.
    fn assemble(extensions: Vec<ExtensionDescriptor>) -> Self {
        let mut graph = Self {
            identity: Arc::default(),
            resources: resource_nodes(&extensions),
            operations: operations(&extensions),
            edges: Indexed::new(),
            extensions,
        };
        graph.add_effects();
        graph.add_edges();
        graph.add_after();
        graph.add_root_rules();
        graph
    }

    fn add_effects(&mut self) {
        for resource in &mut self.resources {
            for &extension in &resource.extensions {
                let declared = &self.extensions[extension].effects;
                let first = resource.effects.len();
                let position = |name: &str| {
                    declared.iter().position(|effect| effect.method == name).map(|position| first + position)
                };
                resource.effects.extend(declared.iter().enumerate().map(|(method, effect)| Effect {
                    name: effect.method.to_string(),
                    extension,
                    method,
                    supersedes: effect.supersedes.iter().filter_map(|name| position(name)).collect(),
                }));
            }
        }
    }

    fn add_edges(&mut self) {
        let mut edges = Vec::new();
        for (index, extension) in self.extensions.iter().enumerate() {
            let Some(child) = self.find_resource(extension.resource.name()) else { continue };
            for declared in &extension.edges {
                let Some(parent) = self.find_resource(declared.parent.name()) else { continue };
                edges.push(Edge {
                    parent,
                    child,
                    role: declared.parent.role_name().cloned(),
                    root: 0,
                    extension: index,
                    finders: self.finders_of(extension, &declared.parent),
                    rules: self.rules_of(index, child, Some(&declared.parent)),
                    may_cut: declared.may_cut,
                    exclusive: declared.exclusive,
                    place: declared.place,
                });
            }
        }
        self.set_edges(edges);
    }

    fn set_edges(&mut self, mut edges: Vec<Edge>) {
        edges.sort_by(|a, b| (a.child, a.parent, &a.role, a.root).cmp(&(b.child, b.parent, &b.role, b.root)));
        for resource in &mut self.resources {
            resource.up.clear();
            resource.down.clear();
        }
        let edges: Indexed<EdgeIx, Edge> = edges.into_iter().collect();
        for (index, edge) in edges.enumerate() {
            self.resources[edge.child].up.push(index);
            self.resources[edge.parent].down.push(index);
        }
        self.edges = edges;
    }

    fn add_after(&mut self) {
        for resource in self.resources.indices() {
            let extensions = self.resources[resource].extensions.iter();
            let declared = extensions.flat_map(|&extension| &self.extensions[extension].after);
            let mut after: Vec<ResourceIx> =
                declared.filter_map(|declared| self.find_resource(declared.parent.name())).collect();
            after.sort_unstable();
            after.dedup();
            self.resources[resource].after = after;
        }
    }

    fn add_root_rules(&mut self) {
        for resource in self.resources.indices() {
            let extensions = self.resources[resource].extensions.clone();
            self.resources[resource].root_rules = extensions
                .into_iter()
                .flat_map(|extension| self.rules_of(extension, resource, None))
                .collect();
        }
    }

    fn finders_of(&self, extension: &ExtensionDescriptor, parent: &EdgeParent) -> Vec<EdgeFinder> {
        let mut finders = Vec::new();
        for (method, finder) in extension.finders.iter().enumerate() {
            if !finder.parent.is_same(parent) {
                continue;
            }
            let operation = finder.operation.map(|operation| self.find_operation(operation.code()));
            match operation {
                None => finders.push(EdgeFinder { method, operation: None }),
                Some(Some(operation)) => finders.push(EdgeFinder { method, operation: Some(operation) }),
                // No rule is for this operation, so the finder is never called.
                Some(None) => {}
            }
        }
        finders
    }

    /// The extension's rules for the edge from `parent`; if `None`, its rules for an instance that is itself the root.
    fn rules_of(
        &self,
        extension: usize,
        resource: ResourceIx,
        parent: Option<&EdgeParent>,
    ) -> Vec<GraphRule> {
        let mut rules = Vec::new();
        for rule in &self.extensions[extension].rules {
            let is_for_edge = match parent {
                Some(parent) => rule.from.iter().any(|from| from.is_same(parent)),
                None => rule.from.is_empty(),
            };
            let (true, Some(operation)) = (is_for_edge, self.find_operation(rule.operation.code())) else {
                continue;
            };
            let effect = rule.decision.effect();
            let effect = effect.and_then(|name| self.resources[resource].effect_named(extension, name));
            let decision = match (&rule.decision, effect) {
                (Decision::Effect { leaf, .. }, Some(effect)) => {
                    GraphDecision::Effect { effect, leaf: *leaf }
                }
                (Decision::Effect { .. }, None) => continue,
                (Decision::Ignore, _) => GraphDecision::Ignore,
                (Decision::Retain, _) => GraphDecision::Retain,
                (Decision::Restrict, _) => GraphDecision::Restrict,
                (Decision::WithParent, _) => GraphDecision::WithParent,
                (Decision::Shared { .. }, effect) => GraphDecision::Shared { effect },
            };
            let roots = rule.roots.iter().map(|root| self.find_resource(root.name()));
            let roots = if rule.roots.is_empty() { vec![None] } else { roots.collect() };
            rules.extend(roots.into_iter().map(|root| GraphRule { operation, root, decision }));
        }
        rules
    }
}

/// The sort key of extensions, independent of the link order: by resource, owners before add-ons.
pub(crate) fn extension_order(extension: &ExtensionDescriptor) -> (&str, bool, Place, &str) {
    (extension.resource.name(), extension.addon, extension.place, &extension.name)
}

fn resource_nodes(extensions: &[ExtensionDescriptor]) -> Indexed<ResourceIx, ResourceNode> {
    let mut by_name: BTreeMap<&str, ResourceNode> = BTreeMap::new();
    for (index, extension) in extensions.iter().enumerate() {
        let node = by_name.entry(extension.resource.name()).or_insert_with(|| ResourceNode {
            descriptor: extension.resource.clone(),
            up: Vec::new(),
            down: Vec::new(),
            effects: Vec::new(),
            root_rules: Vec::new(),
            after: Vec::new(),
            extensions: Vec::new(),
        });
        node.extensions.push(index);
    }
    by_name.into_values().collect()
}

fn operations(extensions: &[ExtensionDescriptor]) -> Vec<OperationDescriptor> {
    let with_rule = extensions.iter().flat_map(|extension| &extension.rules).map(|rule| rule.operation);
    let by_code: BTreeMap<&str, OperationDescriptor> =
        with_rule.map(|operation| (operation.code(), operation)).collect();
    by_code.into_values().collect()
}
