//! Refreshes a plan while its run is under way: discovers everything again from the roots down, and takes from the plan
//! what the run may have changed itself.

use std::collections::HashSet;

use super::discovery::Discovery;
use super::kept::Kept;
use crate::affected::{Affected, Begun, Column, Pair, Refreshed};
use crate::engine::Engine;
use crate::graph::{Edge, Reach};
use crate::handler::FindContext;
use crate::ids::{EdgeIx, Index, InstanceIx, ResourceIx};
use crate::plan::PlanError;

/// Discovers again what the plan affects. Known instances keep their indices; further ones follow them.
pub(crate) async fn refresh(
    engine: &Engine,
    affected: &Affected,
    begun: &Begun,
) -> Result<Refreshed, PlanError> {
    let roots = 0..affected.route.roots.len();
    let contexts: Vec<FindContext> = roots.map(|root| FindContext::of(affected, root)).collect();
    let mut discovery = Discovery::again(affected, begun, engine);
    discovery.run(&engine.extensions, &contexts).await?;
    let without_parents = std::mem::take(&mut discovery.without_parents);
    Ok(Refreshed { found: discovery.finish(), without_parents })
}

impl<'a> Discovery<'a> {
    /// Starts from the roots and from the instances that have begun.
    fn again(affected: &'a Affected, begun: &'a Begun, engine: &Engine) -> Self {
        let (graph, route) = (&*affected.graph, &affected.route);
        let mut discovery = Self::empty(graph, route, route.groups(graph), engine.find);
        discovery.kept = Some(Kept { affected, begun });
        discovery.root_counts.clone_from(&affected.roots);
        for (resource, known) in affected.columns.enumerate() {
            discovery.columns[resource] = Column::new(known.ids.clone_box());
            discovery.grow(resource);
            discovery.nodes += known.len() as u64;
        }
        for (position, (root, count)) in affected.roots().enumerate() {
            for index in InstanceIx::all(count as usize) {
                discovery.reach(root.resource, index, root.reach, position);
            }
        }
        for resource in graph.resources.indices() {
            for index in begun.all(resource) {
                discovery.keep(affected, resource, index);
            }
        }
        for (index, edge) in graph.edges.enumerate() {
            if discovery.group_of[edge.parent] == discovery.group_of[edge.child] {
                discovery.keep_arcs(index);
            }
        }
        discovery
    }

    /// Gives an instance the disposition that it has in the plan.
    fn keep(&mut self, affected: &Affected, resource: ResourceIx, index: InstanceIx) {
        let disposition = affected.columns[resource].dispositions.get(index);
        let known = self.columns[resource].dispositions.get(index);
        self.columns[resource].dispositions.change(index, |_| disposition);
        if self.is_cyclic(resource) {
            let is_new = |&root: &usize| disposition.is_expanded_for(root) && !known.is_expanded_for(root);
            let expanded = (0..affected.roots.len()).filter(is_new);
            self.fresh[resource].extend(expanded.map(|root| (root, index)));
        }
    }

    /// Whether the dependents of the instance are taken from the plan.
    pub(super) fn is_kept(&self, resource: ResourceIx, index: InstanceIx) -> bool {
        self.kept.is_some_and(|kept| kept.begun.may_be_gone(resource, index))
    }

    /// Adds the arcs of an edge whose parents may be gone, as if finders had answered them.
    pub(super) fn keep_arcs(&mut self, index: EdgeIx) {
        let Some((Kept { affected, .. }, route)) = self.kept.zip(self.route.edges[index]) else { return };
        let Edge { parent, child, .. } = self.graph.edges[index];
        let known = &affected.arcs[index];
        let mut pairs: Vec<Pair> = known.pairs().filter(|&(above, _)| self.is_kept(parent, above)).collect();
        for block in &known.blocks {
            let parents = block.parents.iter().filter(|&&above| self.is_kept(parent, above));
            pairs.extend(parents.flat_map(|&above| block.children.iter().map(move |&below| (above, below))));
        }
        if pairs.is_empty() {
            return;
        }
        // An answer along a shared edge names all owners, and so decides about the child.
        let answered: HashSet<InstanceIx> =
            if route.shared { self.arcs[index].children().into_iter().collect() } else { HashSet::new() };
        let released: HashSet<InstanceIx> = known.released.iter().copied().collect();
        for &(_, below) in &pairs {
            if !route.shared {
                self.reach(child, below, route.reach, route.root);
            } else if !answered.contains(&below) {
                let is_released = released.contains(&below);
                let reach = if is_released { route.reach } else { Reach::Retained };
                self.reach(child, below, reach, route.root);
                self.arcs[index].released.extend(is_released.then_some(below));
            }
        }
        self.arcs[index].extend(pairs.iter().copied(), 0);
    }
}
