//! Rediscovery: calls finders again during a run, to find children that the plan does not have, and shared children that
//! got another owner.

use std::collections::{BTreeSet, HashSet};

use super::discovery::{owners_not_named, unknown_parent};
use super::late_dependents::{EXAMPLES, LateDependents};
use crate::affected::Affected;
use crate::engine::Engine;
use crate::graph::{EdgeRoute, Reach};
use crate::handler::{DynFound, FindContext, Parents, until_answered};
use crate::ids::{EdgeIx, Indexed, InstanceIx, PackedOption, ResourceIx};
use crate::model::CallError;

/// Calls the finders for the children of these parents again, and returns the answers with late dependents. `parents` must
/// be sorted. `left` has the instances that an effect left as they are: no parent of them may be removed.
pub(crate) async fn rediscover(
    engine: &Engine,
    affected: &Affected,
    left: &HashSet<(ResourceIx, InstanceIx)>,
    resource: ResourceIx,
    parents: &[InstanceIx],
) -> Result<Vec<LateDependents>, CallError> {
    let mut changed = Vec::new();
    for &edge in &affected.graph.resources[resource].down {
        let Some(route) = affected.route.edges[edge].filter(|route| route.reach != Reach::Retained) else {
            continue;
        };
        let column = &affected.columns[resource];
        let expanded: Vec<InstanceIx> =
            parents.iter().copied().filter(|&parent| column.is_expanded_for(route.root, parent)).collect();
        for asked in expanded.chunks(engine.find.batch) {
            let found = call_again(engine, affected, edge, route, asked).await?;
            let late = late_dependents(affected, left, edge, route, asked, found);
            changed.extend(late.map_err(|fault| of_finder(affected, edge, route, CallError::Fault(fault)))?);
        }
    }
    Ok(changed)
}

/// Calls a finder again.
async fn call_again(
    engine: &Engine,
    affected: &Affected,
    edge: EdgeIx,
    route: EdgeRoute,
    parents: &[InstanceIx],
) -> Result<Box<dyn DynFound>, CallError> {
    let cx = FindContext::of(affected, route.root);
    let extension = &*engine.extensions[affected.graph.edges[edge].extension];
    let ids = affected.columns[affected.graph.edges[edge].parent].ids.select(parents);
    let settings = extension.descriptor().settings;
    let found = until_answered(settings, || extension.find(route.finder, &ids, &cx)).await;
    found.map_err(|error| of_finder(affected, edge, route, error))
}

/// Adds the name of the finder to its error, because the error is reported for the step that was about to start.
fn of_finder(affected: &Affected, edge: EdgeIx, route: EdgeRoute, error: CallError) -> CallError {
    let extension = &affected.graph.extensions[affected.graph.edges[edge].extension];
    let finder = format!("{}::{}", extension.name, extension.finders[route.finder].method);
    CallError::Finder { finder, source: Box::new(error) }
}

/// The children along shared edges that are removed because all their owners are.
pub(crate) struct Released(Indexed<EdgeIx, HashSet<InstanceIx>>);

impl Released {
    pub(crate) fn of(affected: &Affected) -> Self {
        Self(affected.arcs.iter().map(|arcs| arcs.released.iter().copied().collect()).collect())
    }
}

/// Calls the finders for the owners of these children again, if the children are removed only with their last owner.
/// Returns the children that now have an owner which is not removed, each with a description of that owner.
pub(crate) async fn rediscover_owners(
    engine: &Engine,
    affected: &Affected,
    Released(released): &Released,
    resource: ResourceIx,
    children: &[InstanceIx],
) -> Result<Vec<(InstanceIx, String)>, CallError> {
    let mut still_owned = Vec::new();
    for &edge in &affected.graph.resources[resource].up {
        let shared: Vec<InstanceIx> =
            children.iter().copied().filter(|child| released[edge].contains(child)).collect();
        let Some(route) = affected.route.edges[edge].filter(|_| !shared.is_empty()) else { continue };
        let owners: BTreeSet<InstanceIx> =
            shared.iter().flat_map(|&child| affected.parents(edge, child)).collect();
        let owners: Vec<InstanceIx> = owners.into_iter().collect();
        let is_shared: HashSet<InstanceIx> = shared.into_iter().collect();
        for asked in owners.chunks(engine.find.batch) {
            let found = call_again(engine, affected, edge, route, asked).await?;
            let owned = children_still_owned(affected, edge, &*found, asked);
            let owned = owned.map_err(|fault| of_finder(affected, edge, route, CallError::Fault(fault)))?;
            still_owned.extend(owned.into_iter().filter(|(child, _)| is_shared.contains(child)));
        }
    }
    Ok(still_owned)
}

/// The children in an answer with an owner that is not removed, each with a description of that owner. The error is the
/// message for an invalid answer.
fn children_still_owned(
    affected: &Affected,
    edge: EdgeIx,
    found: &dyn DynFound,
    asked: &[InstanceIx],
) -> Result<Vec<(InstanceIx, String)>, String> {
    let (parent, child) = (affected.graph.edges[edge].parent, affected.graph.edges[edge].child);
    let named = found.parents(&*affected.columns[parent].ids, asked)?;
    let indices = named.filter(|named| named.are_owners).ok_or_else(owners_not_named)?.indices;
    let children = found.known_children(&*affected.columns[child].ids);
    let pairs = indices.into_iter().zip(children).enumerate();
    let staying = pairs.filter(|&(_, (owner, _))| remains(affected, parent, owner));
    let describe = |position: usize| {
        let owner = affected.resource_name(parent);
        format!(
            "{owner} {} became an owner of it after the plan was made, and is not removed",
            found.printed_parent(position)
        )
    };
    Ok(staying.filter_map(|(position, (_, child))| Some((child?, describe(position)))).collect())
}

/// Whether an owner is not removed by the plan.
fn remains(affected: &Affected, resource: ResourceIx, owner: PackedOption<InstanceIx>) -> bool {
    owner.get().is_none_or(|owner| !affected.columns[resource].is_expanded(owner))
}

/// The printed ids of the children with an owner that is not removed.
fn ids_still_owned(
    affected: &Affected,
    resource: ResourceIx,
    owners: &Parents,
    found: &dyn DynFound,
) -> HashSet<String> {
    let positions = owners.indices.iter().enumerate();
    let owned = positions.filter(|&(_, &owner)| remains(affected, resource, owner));
    owned.map(|(position, _)| found.printed_child(position)).collect()
}

/// The late dependents in the answer of a finder; `None` if there are none. The error is the message for an invalid answer.
fn late_dependents(
    affected: &Affected,
    left: &HashSet<(ResourceIx, InstanceIx)>,
    edge: EdgeIx,
    route: EdgeRoute,
    asked: &[InstanceIx],
    found: Box<dyn DynFound>,
) -> Result<Option<LateDependents>, String> {
    let (parent, child) = (affected.graph.edges[edge].parent, affected.graph.edges[edge].child);
    let ids = &*affected.columns[parent].ids;
    let named = found.parents(ids, asked)?;
    let unknown = named.as_ref().filter(|_| !route.shared).and_then(|named| named.not_asked.clone());
    if let Some(id) = unknown {
        return Err(unknown_parent(affected.resource_name(parent), &id));
    }
    // Along a shared edge, a child with an owner that is not removed stays. A child that the plan retained for such an
    // owner is a late dependent once the owner is gone.
    let owners = named.as_ref().filter(|_| route.shared);
    let still_owned =
        owners.map_or_else(HashSet::new, |owners| ids_still_owned(affected, parent, owners, &*found));
    let mut parents = BTreeSet::new();
    let (mut new, mut stayed) = (BTreeSet::new(), BTreeSet::new());
    let is_left_by_effect = |index: InstanceIx| left.contains(&(child, index));
    let (mut is_removed, mut may_join) = (true, false);
    for (position, known) in found.known_children(&*affected.columns[child].ids).into_iter().enumerate() {
        // If the answer does not say which parent the child belongs to, any of them may be its parent.
        let child_parents = match &named {
            Some(named) => {
                let parent = named.indices[position].get();
                let found = parent.and_then(|parent| asked.binary_search(&parent).ok());
                found.map_or(&[][..], |position| &asked[position..=position])
            }
            None => asked,
        };
        let is_known = |index: InstanceIx| {
            affected.depends_on_any(edge, index, child_parents)
                && (!route.shared || affected.columns[child].is_affected(index))
                && !affected.columns[child].is_left(index)
                && !is_left_by_effect(index)
        };
        if child_parents.is_empty() || known.is_some_and(is_known) {
            continue;
        }
        let printed = found.printed_child(position);
        if !still_owned.contains(&printed) {
            parents.extend(child_parents);
            is_removed &= known.is_some_and(|index| affected.is_going(child, index));
            let by_effect = known.is_some_and(is_left_by_effect);
            may_join |= !by_effect;
            let was_left = by_effect || known.is_some_and(|index| affected.columns[child].is_left(index));
            if was_left { &mut stayed } else { &mut new }.insert(printed);
        }
    }
    let are_left = new.is_empty();
    let of_message = if are_left { stayed } else { new };
    let (count, examples) = (of_message.len(), of_message.into_iter().take(EXAMPLES).collect());
    let asked = asked.to_vec();
    let late = LateDependents {
        edge,
        route,
        asked,
        found,
        parents,
        is_removed,
        may_join,
        are_left,
        examples,
        count,
    };
    Ok((count > 0).then_some(late))
}
