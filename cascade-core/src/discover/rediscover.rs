//! Asks finders again while a run is under way: which children of given parents the plan does not have, and which shared
//! children have got another owner.

use std::collections::{BTreeSet, HashSet};

use super::discovery::{not_all_owners, strange_parent};
use super::late_dependents::{EXAMPLES, LateDependents};
use crate::affected::Affected;
use crate::engine::Engine;
use crate::graph::{EdgeRoute, Reach};
use crate::handler::{DynFound, FindContext, Parents, until_answered};
use crate::model::CallError;

/// Asks the finders about these parents again, which are sorted. Answers only what has something new in it.
pub(crate) async fn rediscover(
    engine: &Engine,
    affected: &Affected,
    resource: usize,
    parents: &[u32],
) -> Result<Vec<LateDependents>, CallError> {
    let mut changed = Vec::new();
    for &edge in &affected.graph.resources[resource].down {
        let Some(route) = affected.route.edges[edge].filter(|route| route.reach != Reach::Retained) else {
            continue;
        };
        for asked in parents.chunks(engine.find.batch) {
            let found = ask(engine, affected, (edge, route), asked).await?;
            let new = what_is_new(affected, (edge, route), asked, found);
            changed.extend(new.map_err(|fault| of_finder(affected, (edge, route), CallError::Fault(fault)))?);
        }
    }
    Ok(changed)
}

/// Asks a finder about these parents again.
async fn ask(
    engine: &Engine,
    affected: &Affected,
    (edge, route): (usize, EdgeRoute),
    parents: &[u32],
) -> Result<Box<dyn DynFound>, CallError> {
    let cx = FindContext::of(affected);
    let extension = &*engine.extensions[affected.graph.edges[edge].extension];
    let ids = affected.columns[affected.graph.edges[edge].parent].ids.select(parents);
    let settings = extension.descriptor().settings;
    let found = until_answered(settings, || extension.find(route.finder, &ids, &cx)).await;
    found.map_err(|error| of_finder(affected, (edge, route), error))
}

/// Says which finder it was: the step that was about to start has its own name.
fn of_finder(affected: &Affected, (edge, route): (usize, EdgeRoute), error: CallError) -> CallError {
    let extension = &affected.graph.extensions[affected.graph.edges[edge].extension];
    let finder = format!("{}::{}", extension.name, extension.finders[route.finder].method);
    CallError::Finder { finder, source: Box::new(error) }
}

/// The children along shared edges that would go with their last owner.
pub(crate) struct Released(Vec<HashSet<u32>>);

impl Released {
    pub(crate) fn of(affected: &Affected) -> Self {
        Self(affected.arcs.iter().map(|arcs| arcs.released.iter().copied().collect()).collect())
    }
}

/// Asks who owns these children now, those among them that go with their last owner. Answers the ones that have got
/// another owner, which stays, each with that in words.
pub(crate) async fn rediscover_owners(
    engine: &Engine,
    affected: &Affected,
    Released(released): &Released,
    resource: usize,
    children: &[u32],
) -> Result<Vec<(u32, String)>, CallError> {
    let mut kept = Vec::new();
    for &edge in &affected.graph.resources[resource].up {
        let shared: Vec<u32> =
            children.iter().copied().filter(|child| released[edge].contains(child)).collect();
        let Some(route) = affected.route.edges[edge].filter(|_| !shared.is_empty()) else { continue };
        let owners: BTreeSet<u32> = shared.iter().flat_map(|&child| affected.parents(edge, child)).collect();
        let owners: Vec<u32> = owners.into_iter().collect();
        let is_shared: HashSet<u32> = shared.into_iter().collect();
        for asked in owners.chunks(engine.find.batch) {
            let found = ask(engine, affected, (edge, route), asked).await?;
            let staying = owners_that_stay(affected, edge, &*found, asked);
            let staying =
                staying.map_err(|fault| of_finder(affected, (edge, route), CallError::Fault(fault)))?;
            kept.extend(staying.into_iter().filter(|(child, _)| is_shared.contains(child)));
        }
    }
    Ok(kept)
}

fn owners_that_stay(
    affected: &Affected,
    edge: usize,
    found: &dyn DynFound,
    asked: &[u32],
) -> Result<Vec<(u32, String)>, String> {
    let (parent, child) = (affected.graph.edges[edge].parent, affected.graph.edges[edge].child);
    let named = found.parents(&*affected.columns[parent].ids, asked)?;
    let indices = named.filter(|named| named.are_owners).ok_or_else(not_all_owners)?.indices;
    let children = found.known_children(&*affected.columns[child].ids);
    let staying = indices.into_iter().zip(children).enumerate();
    let staying = staying.filter(|&(_, (owner, _))| stays(affected, parent, owner));
    let in_words = |position: usize| {
        let owner = affected.resource_name(parent);
        format!(
            "{owner} {} has come to own it since the plan was made, and stays",
            found.printed_parent(position)
        )
    };
    Ok(staying.filter_map(|(position, (_, child))| Some((child?, in_words(position)))).collect())
}

/// Whether an owner may keep what it shares.
fn stays(affected: &Affected, resource: usize, owner: u32) -> bool {
    owner == Parents::UNKNOWN_PARENT || !affected.columns[resource].is_expanded(owner)
}

/// The children that another owner keeps, as they print.
fn kept(affected: &Affected, resource: usize, named: &Parents, found: &dyn DynFound) -> HashSet<String> {
    let owners = named.indices.iter().enumerate();
    let staying = owners.filter(|&(_, &owner)| stays(affected, resource, owner));
    staying.map(|(position, _)| found.printed_child(position)).collect()
}

/// The error is a fault of the finder, in words.
fn what_is_new(
    affected: &Affected,
    (edge, route): (usize, EdgeRoute),
    asked: &[u32],
    found: Box<dyn DynFound>,
) -> Result<Option<LateDependents>, String> {
    let (parent, child) = (affected.graph.edges[edge].parent, affected.graph.edges[edge].child);
    let ids = &*affected.columns[parent].ids;
    let named = found.parents(ids, asked)?;
    let strange = named.as_ref().filter(|_| !route.shared).and_then(|named| named.not_asked.clone());
    if let Some(stranger) = strange {
        return Err(strange_parent(affected.resource_name(parent), &stranger));
    }
    // Along a shared edge, what another owner keeps stays; and what was kept, and is no longer, goes now.
    let owners = named.as_ref().filter(|_| route.shared);
    let kept = owners.map_or_else(HashSet::new, |owners| kept(affected, parent, owners, &*found));
    let mut parents = BTreeSet::new();
    let mut new = BTreeSet::new();
    let mut goes_too = true;
    for (position, known) in found.known_children(&*affected.columns[child].ids).into_iter().enumerate() {
        // Of which of the parents it is the child is not always said: then it is known if it is that of one.
        let above = match &named {
            Some(named) => {
                asked.binary_search(&named.indices[position]).map_or(&[][..], |at| &asked[at..=at])
            }
            None => asked,
        };
        let is_known = |index: u32| {
            affected.depends_on_any(edge, index, above)
                && (!route.shared || affected.columns[child].is_affected(index))
        };
        if above.is_empty() || known.is_some_and(is_known) {
            continue;
        }
        let printed = found.printed_child(position);
        if !kept.contains(&printed) {
            new.insert(printed);
            parents.extend(above);
            goes_too &= known.is_some_and(|index| affected.is_going(child, index));
        }
    }
    let (count, examples) = (new.len(), new.into_iter().take(EXAMPLES).collect());
    let asked = asked.to_vec();
    let newcomers = LateDependents { edge, route, asked, found, parents, goes_too, examples, count };
    Ok((count > 0).then_some(newcomers))
}
