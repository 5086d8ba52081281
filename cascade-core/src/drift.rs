//! Drift: between the plan and a parent's step, the world moves. Before the step, what hangs off the parent may be
//! looked for again.

use std::collections::{BTreeSet, HashSet};

use crate::affected::Affected;
use crate::call::{CallError, until_answered};
use crate::context::FindContext;
use crate::engine::Engine;
use crate::outcome::{DynFound, Parents};
use crate::route::{EdgeRoute, Reach};

/// What a run does about instances that have come to hang off others since the plan was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Drift {
    /// Nothing: the plan is what runs.
    #[default]
    Ignore,
    /// Look again before each parent's step, and fail the step, with the difference, if something is new. What goes with
    /// its last owner is looked at too: if it has got another one that stays, its step fails.
    Refuse,
    /// Look again before each parent's step; what is new joins the plan, with all that hangs off it, until nothing
    /// new is found. Checks, authorizers and limits hold for the newcomers too. A new owner that stays is refused.
    Chase,
}

impl Drift {
    const ALL: [Self; 3] = [Self::Ignore, Self::Refuse, Self::Chase];

    /// The stable name, as a journal keeps it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Refuse => "refuse",
            Self::Chase => "chase",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|drift| drift.name() == name)
    }
}

/// What a finder found along one edge when it was asked again, with something new in it.
pub(crate) struct Newcomers {
    pub(crate) edge: usize,
    pub(crate) route: EdgeRoute,
    /// The parents that were asked about, sorted.
    pub(crate) asked: Vec<u32>,
    pub(crate) found: Box<dyn DynFound>,
    /// Those of them that something new hangs off.
    pub(crate) parents: BTreeSet<u32>,
    /// Some of what is new, for people.
    examples: Vec<String>,
    count: usize,
}

/// Newcomers that are named in an error, at most.
const EXAMPLES: usize = 5;

impl Newcomers {
    /// The difference in words.
    pub(crate) fn describe(&self, affected: &Affected) -> String {
        let child = affected.resource_name(affected.graph.edges[self.edge].child);
        let more = if self.count > self.examples.len() { ", …" } else { "" };
        format!("{} {child} came since the plan was made: {}{more}", self.count, self.examples.join(", "))
    }
}

/// Asks the finders about these parents again. Answers only what has something new in it.
pub(crate) async fn look_again(
    engine: &Engine,
    affected: &Affected,
    resource: usize,
    parents: Vec<u32>,
) -> Result<Vec<Newcomers>, CallError> {
    let cx = FindContext::of(affected);
    let mut changed = Vec::new();
    for &edge in &affected.graph.resources[resource].down {
        let Some(route) = affected.route.edges[edge].filter(|route| route.reach != Reach::Retained) else {
            continue;
        };
        let extension = &*engine.extensions[affected.graph.edges[edge].extension];
        let settings = extension.descriptor().settings;
        for asked in parents.chunks(engine.find.batch) {
            let ids = affected.columns[resource].ids.select(asked);
            let found = until_answered(settings, || extension.find(route.finder, &ids, &cx)).await?;
            changed.extend(what_is_new(affected, (edge, route), asked, found)?);
        }
    }
    Ok(changed)
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
pub(crate) async fn look_at_owners(
    engine: &Engine,
    affected: &Affected,
    Released(released): &Released,
    resource: usize,
    children: &[u32],
) -> Result<Vec<(u32, String)>, CallError> {
    let cx = FindContext::of(affected);
    let mut kept = Vec::new();
    for &edge in &affected.graph.resources[resource].up {
        let shared: Vec<u32> =
            children.iter().copied().filter(|child| released[edge].contains(child)).collect();
        let Some(route) = affected.route.edges[edge].filter(|_| !shared.is_empty()) else { continue };
        let parent = affected.graph.edges[edge].parent;
        let owners: BTreeSet<u32> = shared.iter().flat_map(|&child| affected.parents(edge, child)).collect();
        let owners: Vec<u32> = owners.into_iter().collect();
        let extension = &*engine.extensions[affected.graph.edges[edge].extension];
        let settings = extension.descriptor().settings;
        for asked in owners.chunks(engine.find.batch) {
            let ids = affected.columns[parent].ids.select(asked);
            let found = until_answered(settings, || extension.find(route.finder, &ids, &cx)).await?;
            let staying = owners_that_stay(affected, edge, &*found, asked)?;
            kept.extend(staying.into_iter().filter(|(child, _)| shared.contains(child)));
        }
    }
    Ok(kept)
}

fn owners_that_stay(
    affected: &Affected,
    edge: usize,
    found: &dyn DynFound,
    asked: &[u32],
) -> Result<Vec<(u32, String)>, CallError> {
    let (parent, child) = (affected.graph.edges[edge].parent, affected.graph.edges[edge].child);
    let (owners, held) = (&affected.columns[parent], affected.route.held_back[parent]);
    let named = found.parents(&*owners.ids, asked).map_err(CallError::Fault)?;
    let indices = named.map(|named| named.indices).ok_or_else(|| {
        CallError::Fault(String::from("along a shared edge a finder has to name every owner of each child"))
    })?;
    let stays = |owner: u32| owner == Parents::STRANGER || !owners.goes_for_certain(owner, held);
    let children = found.known_children(&*affected.columns[child].ids);
    let staying = indices.into_iter().zip(children).enumerate().filter(|&(_, (owner, _))| stays(owner));
    let in_words = |position: usize| {
        let owner = affected.resource_name(parent);
        format!(
            "{owner} {} has come to own it since the plan was made, and stays",
            found.printed_parent(position)
        )
    };
    Ok(staying.filter_map(|(position, (_, child))| Some((child?, in_words(position)))).collect())
}

fn what_is_new(
    affected: &Affected,
    (edge, route): (usize, EdgeRoute),
    asked: &[u32],
    found: Box<dyn DynFound>,
) -> Result<Option<Newcomers>, CallError> {
    let (parent, child) = (affected.graph.edges[edge].parent, affected.graph.edges[edge].child);
    let named = found.parents(&*affected.columns[parent].ids, asked).map_err(CallError::Fault)?;
    let children = found.known_children(&*affected.columns[child].ids);
    let mut parents = BTreeSet::new();
    let mut new = BTreeSet::new();
    for (position, known) in children.into_iter().enumerate() {
        let hangs_off = |at: u32| known.is_some_and(|index| affected.parents(edge, index).contains(&at));
        let without: Vec<u32> = match &named {
            Some(named) => {
                let of = asked.iter().copied().filter(|&at| at == named.indices[position]);
                of.filter(|&at| !hangs_off(at)).collect()
            }
            // Of which of the parents it is the child is not said: it is known if it is that of one.
            None if asked.iter().any(|&at| hangs_off(at)) => Vec::new(),
            None => asked.to_vec(),
        };
        if !without.is_empty() {
            new.insert(found.printed_child(position));
            parents.extend(without);
        }
    }
    let (count, examples) = (new.len(), new.into_iter().take(EXAMPLES).collect());
    let newcomers = Newcomers { edge, route, asked: asked.to_vec(), found, parents, examples, count };
    Ok((count > 0).then_some(newcomers))
}
