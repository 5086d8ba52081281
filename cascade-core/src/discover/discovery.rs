//! Pass 1: from the root instances down, all that is affected.
//!
//! The resources are taken in groups: each alone, or together with those that it forms a cycle with. A group's
//! parents are complete before its children are asked for, so that each instance is expanded once per edge, in full
//! batches, however many paths lead to it. Answers are taken in a fixed order, whichever finder is the fastest.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::calls::{FinderAnswer, FinderCall, Inbox};
use super::late_dependents::LateDependents;
use super::shared::Shared;
use crate::affected::{Affected, Arcs, Block, Column, Disposition, Finished, Marks, assemble};
use crate::engine::FindSettings;
use crate::extension::DynExtension;
use crate::graph::{Graph, Group, Reach, Route};
use crate::handler::{DynFound, FindContext, Parents, until_answered};
use crate::model::{AnyOperation, CallError};
use crate::observe::{Event, Observers};
use crate::plan::PlanError;

/// Instances and blocks, at most: each may have a second node in the order.
const MOST_NODES: u64 = u32::MAX as u64 / 2;

/// Finds the affected set. `roots` holds the root instances and nothing else.
pub(crate) async fn discover(
    graph: Arc<Graph>,
    extensions: &[Box<dyn DynExtension>],
    operation: Arc<dyn AnyOperation>,
    route: Route,
    roots: Column,
    settings: FindSettings,
    observers: &Observers,
) -> Result<Affected, PlanError> {
    let root_name = graph.resources[route.root].name().to_owned();
    let cx = FindContext { operation: Arc::clone(&operation), root: root_name };
    let mut discovery = Discovery::new(&graph, &route, roots, settings);
    discovery.observers = Some(observers);
    discovery.run(extensions, &cx).await?;

    let found = discovery.finish();
    Ok(assemble(graph, operation, route, found))
}

/// The affected set with newcomers, and with all that hangs off them. Known instances keep their indices.
pub(crate) async fn extend(
    affected: &Affected,
    extensions: &[Box<dyn DynExtension>],
    newcomers: Vec<LateDependents>,
    settings: FindSettings,
) -> Result<Affected, PlanError> {
    let cx = FindContext::of(affected);
    let mut discovery = Discovery::resume(affected, settings);
    for LateDependents { edge, route, asked, found, .. } in newcomers {
        let range = 0..asked.len();
        let call = FinderCall { edge, route, number: 0, frontier: Arc::new(asked), range };
        discovery.take(&call, found)?;
    }
    discovery.run(extensions, &cx).await?;
    let found = discovery.finish();
    let operation = Arc::clone(&affected.operation);
    Ok(assemble(Arc::clone(&affected.graph), operation, affected.route.clone(), found))
}

/// How far a group is.
#[derive(Default)]
struct ResourceProgress {
    /// The edges that lead into the group from others, in the order their answers are taken.
    inputs: Vec<usize>,
    input: usize,
    /// The edges inside the group: asked round by round until nothing new is found.
    inner: Vec<usize>,
    outstanding: usize,
    complete: bool,
}

pub(super) struct Discovery<'a> {
    pub(super) graph: &'a Graph,
    route: &'a Route,
    settings: FindSettings,
    pub(super) columns: Vec<Column>,
    pub(super) arcs: Vec<Arcs>,
    groups: Vec<Group>,
    pub(super) group_of: Vec<usize>,
    progress: Vec<ResourceProgress>,
    inboxes: Vec<Inbox>,
    /// The instances of cyclic groups that are to be expanded in the next round.
    fresh: Vec<Vec<u32>>,
    /// Children in cyclic groups of which it is not yet known whether they lose their last owner.
    pub(super) shared: Vec<Shared>,
    queue: VecDeque<FinderCall>,
    /// Who is told of what was found; nobody where a plan grows, for that is told as a whole.
    observers: Option<&'a Observers>,
    root_count: u32,
    /// Instances and blocks: each is a node of the order.
    nodes: u64,
}

impl<'a> Discovery<'a> {
    fn new(graph: &'a Graph, route: &'a Route, roots: Column, settings: FindSettings) -> Self {
        let mut discovery = Self::empty(graph, route, route.groups(graph), settings);
        discovery.root_count = roots.ids.len() as u32;
        discovery.nodes = roots.ids.len() as u64;
        discovery.columns[route.root] = roots;
        discovery.grow(route.root);
        for root in 0..discovery.root_count {
            discovery.reach(route.root, root, route.root_reach);
        }
        discovery
    }

    /// Goes on from a set that is known. All resources are one group: each may gain something at any time.
    fn resume(affected: &'a Affected, settings: FindSettings) -> Self {
        let graph = &*affected.graph;
        let group = Group { resources: (0..graph.resources.len()).collect(), cyclic: true };
        let mut discovery = Self::empty(graph, &affected.route, vec![group], settings);
        discovery.columns = affected.columns.iter().map(Column::copied).collect();
        discovery.arcs.clone_from(&affected.arcs);
        discovery.root_count = affected.roots;
        let blocks: usize = affected.arcs.iter().map(|arcs| arcs.blocks.len()).sum();
        discovery.nodes = (affected.nodes() + blocks) as u64;
        discovery
    }

    fn finish(self) -> Finished {
        Finished { columns: self.columns, arcs: self.arcs, roots: self.root_count }
    }

    fn empty(graph: &'a Graph, route: &'a Route, groups: Vec<Group>, settings: FindSettings) -> Self {
        let mut group_of = vec![0; graph.resources.len()];
        for (index, group) in groups.iter().enumerate() {
            for &resource in &group.resources {
                group_of[resource] = index;
            }
        }
        let mut progress: Vec<ResourceProgress> =
            groups.iter().map(|_| ResourceProgress::default()).collect();
        for (index, edge) in graph.edges.iter().enumerate().filter(|(index, _)| route.edges[*index].is_some())
        {
            let child = &mut progress[group_of[edge.child]];
            let inside = group_of[edge.parent] == group_of[edge.child];
            if inside { child.inner.push(index) } else { child.inputs.push(index) }
        }
        Self {
            columns: graph.resources.iter().map(|it| Column::new(it.descriptor.new_table())).collect(),
            arcs: graph.edges.iter().map(|_| Arcs::default()).collect(),
            inboxes: graph.edges.iter().map(|_| Inbox::default()).collect(),
            fresh: graph.resources.iter().map(|_| Vec::new()).collect(),
            root_count: 0,
            nodes: 0,
            shared: Vec::new(),
            queue: VecDeque::new(),
            observers: None,
            graph,
            route,
            settings,
            groups,
            group_of,
            progress,
        }
    }

    async fn run(&mut self, extensions: &[Box<dyn DynExtension>], cx: &FindContext) -> Result<(), PlanError> {
        let mut running: FuturesUnordered<BoxFuture<'_, FinderAnswer>> = FuturesUnordered::new();
        for group in 0..self.groups.len() {
            self.advance(group)?;
        }
        loop {
            while running.len() < self.settings.concurrency
                && let Some(call) = self.queue.pop_front()
            {
                running.push(self.ask(call, extensions, cx));
            }
            let Some((call, answer)) = running.next().await else { return Ok(()) };
            self.receive(call, answer)?;
        }
    }

    /// Makes a call. The future borrows nothing of `self`: the ids are taken out of the table here.
    fn ask<'c>(
        &self,
        call: FinderCall,
        extensions: &'c [Box<dyn DynExtension>],
        cx: &'c FindContext,
    ) -> BoxFuture<'c, FinderAnswer> {
        let edge = &self.graph.edges[call.edge];
        let extension = &*extensions[edge.extension];
        let parents = self.columns[edge.parent].ids.select(call.asked());
        Box::pin(async move {
            let settings = extension.descriptor().settings;
            let answer = until_answered(settings, || extension.find(call.route.finder, &parents, cx)).await;
            (call, answer)
        })
    }

    fn receive(
        &mut self,
        call: FinderCall,
        answer: Result<Box<dyn DynFound>, CallError>,
    ) -> Result<(), PlanError> {
        let found = answer.map_err(|error| self.finder_error(&call, error))?;
        let group = self.group_of[self.graph.edges[call.edge].child];
        if self.progress[group].inner.contains(&call.edge) {
            self.progress[group].outstanding -= 1;
        }
        self.inboxes[call.edge].waiting.insert(call.number, (call, found));
        self.advance(group)
    }

    /// Takes what can be taken for a group, in the fixed order, and goes on to those below it that this completes.
    fn advance(&mut self, group: usize) -> Result<(), PlanError> {
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            if self.progress[group].complete || !self.take_inputs(group)? || !self.end_round(group)? {
                continue;
            }
            if self.groups[group].cyclic && self.goes_on(group) {
                continue;
            }
            self.progress[group].complete = true;
            for resource in self.groups[group].resources.clone() {
                self.expand(resource, &mut open);
            }
        }
        Ok(())
    }

    /// Takes answers from outside; says whether all have been taken.
    fn take_inputs(&mut self, group: usize) -> Result<bool, PlanError> {
        while let Some(&edge) = self.progress[group].inputs.get(self.progress[group].input) {
            if let Some((call, found)) = self.inboxes[edge].take_next() {
                self.take(&call, found)?;
            } else if self.inboxes[edge].is_complete() {
                self.progress[group].input += 1;
            } else {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the answers of a round, once all are there; says whether none is outstanding.
    fn end_round(&mut self, group: usize) -> Result<bool, PlanError> {
        if self.progress[group].outstanding > 0 {
            return Ok(false);
        }
        for edge in self.progress[group].inner.clone() {
            while let Some((call, found)) = self.inboxes[edge].take_next() {
                self.take(&call, found)?;
            }
        }
        Ok(true)
    }

    /// Another round in a cyclic group: about what is new there, else about what has now lost its last owner.
    fn goes_on(&mut self, group: usize) -> bool {
        loop {
            if self.start_round(group) {
                return true;
            }
            if !self.release_shared(group) {
                return false;
            }
        }
    }

    /// Asks inside a cyclic group about what is new there; says whether anything was asked.
    fn start_round(&mut self, group: usize) -> bool {
        let mut frontiers: BTreeMap<usize, Arc<Vec<u32>>> = BTreeMap::new();
        for resource in self.groups[group].resources.clone() {
            let mut fresh = std::mem::take(&mut self.fresh[resource]);
            fresh.sort_unstable();
            frontiers.insert(resource, self.in_calls(resource, fresh));
        }
        let mut asked = 0;
        for edge in self.progress[group].inner.clone() {
            asked += self.enqueue(edge, &frontiers[&self.graph.edges[edge].parent]);
        }
        self.progress[group].outstanding = asked;
        asked > 0
    }

    /// Asks along the edges that lead from a complete resource to other groups.
    fn expand(&mut self, resource: usize, open: &mut Vec<usize>) {
        let (graph, group) = (self.graph, self.group_of[resource]);
        let leads_out = |&edge: &usize| {
            self.route.edges[edge].is_some() && self.group_of[graph.edges[edge].child] != group
        };
        let down: Vec<usize> = graph.resources[resource].down.iter().copied().filter(leads_out).collect();
        // Parting those that nobody asks about would be for nothing.
        if down.is_empty() {
            return;
        }
        let frontier =
            self.in_calls(resource, self.columns[resource].dispositions.indices(Disposition::is_expanded));
        for edge in down {
            let calls = self.enqueue(edge, &frontier);
            self.inboxes[edge].expected = Some(calls as u32);
            open.push(self.group_of[graph.edges[edge].child]);
        }
    }

    fn enqueue(&mut self, edge: usize, frontier: &Arc<Vec<u32>>) -> usize {
        let Some(route) = self.route.edges[edge] else { return 0 };
        let calls = frontier.len().div_ceil(self.settings.batch);
        // In a cyclic group an edge is asked in several rounds: its calls go on counting.
        let inbox = &self.inboxes[edge];
        let first = inbox.taken + inbox.waiting.len() as u32;
        for call in 0..calls {
            let start = call * self.settings.batch;
            let range = start..frontier.len().min(start + self.settings.batch);
            let frontier = Arc::clone(frontier);
            self.queue.push_back(FinderCall { edge, route, number: first + call as u32, frontier, range });
        }
        calls
    }

    /// Adds what a finder found to the set.
    fn take(&mut self, call: &FinderCall, found: Box<dyn DynFound>) -> Result<(), PlanError> {
        let edge = &self.graph.edges[call.edge];
        if call.route.shared {
            // Owners that were not asked about may turn out to be affected, and then what they share is ordered.
            let owners = &mut self.columns[edge.parent];
            let before = owners.len();
            found.intern_parents(&mut *owners.ids);
            self.grow(edge.parent);
            self.nodes += (self.columns[edge.parent].len() - before) as u64;
        }
        let parents = found.parents(&*self.columns[edge.parent].ids, call.asked());
        let parents = parents.map_err(|fault| self.finder_fault(call, fault))?;
        self.admit(call, parents.as_ref())?;
        let before = self.columns[edge.child].len();
        let expected = self.expected(call, found.len());
        let children = found.intern_children(&mut *self.columns[edge.child].ids, expected);
        let new = self.columns[edge.child].ids.len() - before;
        let is_row = new == children.len() && !call.route.shared && !self.is_cyclic(edge.child);
        if is_row {
            self.columns[edge.child]
                .dispositions
                .grow_to(before + new, |kind| reached(kind, call.route.reach));
        } else {
            self.grow(edge.child);
        }
        self.nodes += new as u64;
        if let Some(observers) = self.observers {
            let instances = || self.columns.iter().map(Column::len).sum();
            let resource = || self.graph.resources[edge.child].name().into();
            observers.notify(|| Event::Found { resource: resource(), new, instances: instances() });
        }
        match parents {
            Some(owners) if call.route.shared => self.take_shared(call, &owners.indices, &children),
            Some(parents) if is_row => {
                let expected = self.expected_arcs(call, new);
                self.arcs[call.edge].extend_row(&parents.indices, before as u32, expected);
            }
            parents => {
                if !is_row {
                    self.reach_all(edge.child, &children, call.route.reach);
                }
                self.tie(call, parents.map(|parents| parents.indices), children);
            }
        }
        if self.nodes < MOST_NODES { Ok(()) } else { Err(PlanError::TooLarge) }
    }

    /// Refuses an answer with parents that were not asked about. Along a shared edge every owner is named, and has to
    /// be.
    fn admit(&self, call: &FinderCall, parents: Option<&Parents>) -> Result<(), PlanError> {
        let parent = self.graph.edges[call.edge].parent;
        let message = match parents {
            Some(parents) if call.route.shared && parents.are_owners => return Ok(()),
            _ if call.route.shared => not_all_owners(),
            None => return Ok(()),
            Some(parents) => {
                let Some(not_asked) = &parents.not_asked else { return Ok(()) };
                strange_parent(self.graph.resources[parent].name(), not_asked)
            }
        };
        Err(self.finder_fault(call, message))
    }

    fn tie(&mut self, call: &FinderCall, parents: Option<Vec<u32>>, mut children: Vec<u32>) {
        let edge = &self.graph.edges[call.edge];
        let inside = self.group_of[edge.parent] == self.group_of[edge.child];
        let expected = self.expected_arcs(call, children.len());
        let arcs = &mut self.arcs[call.edge];
        if let Some(parents) = parents {
            arcs.extend(parents.iter().copied().zip(children.iter().copied()), expected);
            return;
        }
        children.sort_unstable();
        children.dedup();
        // Inside a cyclic group the arcs stand each for itself: some of them may have to be cut.
        if inside || call.asked().len() == 1 {
            for &parent in call.asked() {
                arcs.extend(children.iter().map(|&child| (parent, child)), 0);
            }
        } else if !children.is_empty() {
            arcs.blocks.push(Block { parents: call.asked().to_vec(), children });
            self.nodes += 1;
        }
    }

    /// As many as all calls along the edge will bring, if they bring as many as this one.
    fn expected_arcs(&self, call: &FinderCall, found: usize) -> usize {
        found * self.inboxes[call.edge].expected.unwrap_or(1) as usize
    }

    fn is_cyclic(&self, resource: usize) -> bool {
        self.groups[self.group_of[resource]].cyclic
    }

    fn grow(&mut self, resource: usize) {
        let column = &mut self.columns[resource];
        column.dispositions.resize(column.ids.len());
    }

    /// How many children there will be, if all calls along the edge find as many as this one. Nothing is expected of a
    /// second edge: what it finds is mostly known.
    fn expected(&self, call: &FinderCall, found: usize) -> usize {
        let progress = &self.progress[self.group_of[self.graph.edges[call.edge].child]];
        let calls = self.inboxes[call.edge].expected.unwrap_or(0);
        if progress.input == 0 { found * calls as usize } else { 0 }
    }

    /// Notes that a rule reached these instances.
    fn reach_all(&mut self, resource: usize, indices: &[u32], reach: Reach) {
        if self.is_cyclic(resource) {
            for &index in indices {
                self.reach(resource, index, reach);
            }
        } else {
            self.columns[resource].dispositions.change_all(indices, |kind| reached(kind, reach));
        }
    }

    /// Notes that a rule reached an instance. What a second path brings is added.
    pub(super) fn reach(&mut self, resource: usize, index: u32, reach: Reach) {
        let column = &mut self.columns[resource];
        let was_expanded = column.is_expanded(index);
        column.dispositions.change(index, |kind| reached(kind, reach));
        if !was_expanded && column.is_expanded(index) && self.is_cyclic(resource) {
            self.fresh[resource].push(index);
        }
    }

    fn finder_error(&self, call: &FinderCall, error: CallError) -> PlanError {
        let edge = &self.graph.edges[call.edge];
        let extension = &self.graph.extensions[edge.extension];
        let finder = &extension.finders[call.route.finder];
        PlanError::Finder {
            finder: format!("{}::{}", extension.name, finder.method),
            parent: self.graph.resources[edge.parent].name().to_owned(),
            child: self.graph.resources[edge.child].name().to_owned(),
            place: finder.place,
            source: Box::new(error),
        }
    }

    fn finder_fault(&self, call: &FinderCall, message: String) -> PlanError {
        self.finder_error(call, CallError::Fault(message))
    }

    /// Parents in the order in which they are asked about. Where they take several calls, these part them by their ids,
    /// so that it does not show in which order finders answered. They come sorted, and are so within each call.
    fn in_calls(&self, resource: usize, frontier: Vec<u32>) -> Arc<Vec<u32>> {
        let batch = self.settings.batch;
        if frontier.len() <= batch {
            return Arc::new(frontier);
        }
        Arc::new(self.columns[resource].ids.in_batches(frontier, batch))
    }
}

/// The fault of an answer with a parent that was not asked about.
pub(crate) fn strange_parent(resource: &str, id: &str) -> String {
    format!("it answered with the parent {resource} `{id}`, which it was not asked about")
}

/// The fault of an answer along a shared edge that does not name all owners.
pub(crate) fn not_all_owners() -> String {
    String::from(
        "it answered without naming owners: along a shared edge it has to name every owner of each child, in pairs",
    )
}

/// What becomes of a kind that a rule reaches.
fn reached(kind: Disposition, reach: Reach) -> Disposition {
    match reach {
        Reach::Effect { effect, leaf } => Disposition {
            given: kind.given | 1 << effect,
            through: kind.through | u32::from(!leaf) << effect,
            ..kind
        },
        Reach::WithParent => Disposition { marks: kind.marks.with(Marks::WITH_PARENT), ..kind },
        Reach::Retained => Disposition { marks: kind.marks.with(Marks::RETAINED), ..kind },
        // What it is in the way of is seen when the whole set is known.
        Reach::Restricts => kind,
    }
}
