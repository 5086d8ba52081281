//! The discovery of the affected set, from the root instances down.
//!
//! Discovery proceeds by groups of resources. A group is one resource, or all resources of a cycle. Finders along an edge
//! out of a group are called only once the group is complete. So each instance is expanded once per edge, in full
//! batches, however many paths lead to it. Answers are processed in a fixed order, regardless of the finders' speed.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::calls::{FinderAnswer, FinderCall, Inbox};
use super::kept::Kept;
use super::late_dependents::LateDependents;
use super::shared::Shared;
use crate::affected::{Affected, Arcs, Block, Column, Disposition, Finished, assemble};
use crate::engine::FindSettings;
use crate::extension::DynExtension;
use crate::graph::{Edge, EdgeRoute, Graph, Group, Reach, Route};
use crate::handler::{DynFound, FindContext, Parents, until_answered};
use crate::ids::{EdgeIx, Index, Indexed, InstanceIx, PackedOption, ResourceIx};
use crate::model::{AnyOperation, CallError};
use crate::observe::{Event, Observers};
use crate::plan::PlanError;

/// The maximum number of instances and blocks. It is half the range of a node, because each may have a second node in the
/// order.
const MAX_NODES: u64 = u32::MAX as u64 / 2;

/// Finds the affected set. `roots` holds exactly the root instances of each root resource of the route.
pub(crate) async fn discover(
    graph: Arc<Graph>,
    extensions: &[Box<dyn DynExtension>],
    operation: Arc<dyn AnyOperation>,
    route: Route,
    roots: Vec<Column>,
    settings: FindSettings,
    observers: &Observers,
) -> Result<Affected, PlanError> {
    let names: Arc<[String]> =
        route.roots.iter().map(|root| graph.resources[root.resource].name().to_owned()).collect();
    let context = |root| FindContext { operation: Arc::clone(&operation), roots: Arc::clone(&names), root };
    let contexts: Vec<FindContext> = (0..names.len()).map(context).collect();
    let mut discovery = Discovery::new(&graph, &route, roots, settings);
    discovery.observers = Some(observers);
    discovery.run(extensions, &contexts).await?;

    let found = discovery.finish();
    Ok(assemble(graph, operation, route, found))
}

/// Extends the affected set by late dependents and by everything that depends on them. Known instances keep their
/// indices.
pub(crate) async fn extend(
    affected: &Affected,
    extensions: &[Box<dyn DynExtension>],
    late: Vec<LateDependents>,
    settings: FindSettings,
) -> Result<Affected, PlanError> {
    let roots = 0..affected.route.roots.len();
    let contexts: Vec<FindContext> = roots.map(|root| FindContext::of(affected, root)).collect();
    let mut discovery = Discovery::resume(affected, settings);
    for LateDependents { edge, route, asked, found, .. } in late {
        let range = 0..asked.len();
        let call = FinderCall { edge, route, number: 0, frontier: Arc::new(asked), range };
        discovery.add(&call, found)?;
    }
    discovery.run(extensions, &contexts).await?;
    let found = discovery.finish();
    let operation = Arc::clone(&affected.operation);
    Ok(assemble(Arc::clone(&affected.graph), operation, affected.route.clone(), found))
}

/// The progress of a group.
#[derive(Default)]
struct GroupProgress {
    /// The edges from other groups into this one, in the order in which their answers are processed.
    inputs: Vec<EdgeIx>,
    /// The position in `inputs` of the edge whose answers are processed now.
    input: usize,
    /// The edges inside the group. Their finders are called in rounds until a round finds nothing new.
    inner: Vec<EdgeIx>,
    /// How many calls of the current round have not been answered.
    outstanding: usize,
    complete: bool,
}

pub(super) struct Discovery<'a> {
    pub(super) graph: &'a Graph,
    pub(super) route: &'a Route,
    settings: FindSettings,
    pub(super) columns: Indexed<ResourceIx, Column>,
    pub(super) arcs: Indexed<EdgeIx, Arcs>,
    groups: Vec<Group>,
    pub(super) group_of: Indexed<ResourceIx, usize>,
    progress: Vec<GroupProgress>,
    pub(super) inboxes: Indexed<EdgeIx, Inbox>,
    /// The instances of cyclic groups that the next round expands, each with the root resource by whose rules.
    pub(super) fresh: Indexed<ResourceIx, Vec<(usize, InstanceIx)>>,
    /// Shared children in cyclic groups, until it is known whether they lose their last owner.
    pub(super) shared: Vec<Shared>,
    queue: VecDeque<FinderCall>,
    /// Notified of each answer. `None` when a plan grows: the run notifies its observers of the growth as a whole.
    observers: Option<&'a Observers>,
    /// The number of roots of each root resource.
    pub(super) root_counts: Vec<u32>,
    /// The number of instances and blocks; each is a node of the order.
    pub(super) nodes: u64,
    /// In a refresh: what is taken from the plan. `None` in every other discovery.
    pub(super) kept: Option<Kept<'a>>,
    /// In a refresh: the children along each edge that were found by answers without their parents.
    pub(super) without_parents: Indexed<EdgeIx, HashSet<InstanceIx>>,
}

impl<'a> Discovery<'a> {
    fn new(graph: &'a Graph, route: &'a Route, roots: Vec<Column>, settings: FindSettings) -> Self {
        let mut discovery = Self::empty(graph, route, route.groups(graph), settings);
        for (position, (root, roots)) in route.roots.iter().zip(roots).enumerate() {
            let count = roots.ids.len();
            discovery.root_counts.push(count as u32);
            discovery.nodes += count as u64;
            discovery.columns[root.resource] = roots;
            discovery.grow(root.resource);
            for index in InstanceIx::all(count) {
                discovery.reach(root.resource, index, root.reach, position);
            }
        }
        discovery
    }

    /// Continues from a known set. All resources form one cyclic group, because any of them may gain instances at any time.
    fn resume(affected: &'a Affected, settings: FindSettings) -> Self {
        let graph = &*affected.graph;
        let group = Group { resources: graph.resources.indices().collect(), cyclic: true };
        let mut discovery = Self::empty(graph, &affected.route, vec![group], settings);
        discovery.columns = affected.columns.iter().map(Column::copied).collect();
        discovery.arcs.clone_from(&affected.arcs);
        discovery.root_counts.clone_from(&affected.roots);
        let blocks: usize = affected.arcs.iter().map(|arcs| arcs.blocks.len()).sum();
        discovery.nodes = (affected.nodes() + blocks) as u64;
        discovery
    }

    pub(super) fn finish(self) -> Finished {
        Finished { columns: self.columns, arcs: self.arcs, roots: self.root_counts }
    }

    pub(super) fn empty(
        graph: &'a Graph,
        route: &'a Route,
        groups: Vec<Group>,
        settings: FindSettings,
    ) -> Self {
        let mut group_of = Indexed::like(&graph.resources, || 0);
        for (index, group) in groups.iter().enumerate() {
            for &resource in &group.resources {
                group_of[resource] = index;
            }
        }
        let mut progress: Vec<GroupProgress> = groups.iter().map(|_| GroupProgress::default()).collect();
        for (index, edge) in graph.edges.enumerate().filter(|(index, _)| route.edges[*index].is_some()) {
            let child = &mut progress[group_of[edge.child]];
            let inside = group_of[edge.parent] == group_of[edge.child];
            if inside { child.inner.push(index) } else { child.inputs.push(index) }
        }
        Self {
            columns: graph.resources.iter().map(|it| Column::new(it.descriptor.new_table())).collect(),
            arcs: graph.edges.iter().map(|_| Arcs::default()).collect(),
            inboxes: graph.edges.iter().map(|_| Inbox::default()).collect(),
            fresh: graph.resources.iter().map(|_| Vec::new()).collect(),
            root_counts: Vec::new(),
            nodes: 0,
            kept: None,
            without_parents: graph.edges.iter().map(|_| HashSet::new()).collect(),
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

    /// `contexts` has one for each root resource.
    pub(super) async fn run(
        &mut self,
        extensions: &[Box<dyn DynExtension>],
        contexts: &[FindContext],
    ) -> Result<(), PlanError> {
        let mut running: FuturesUnordered<BoxFuture<'_, FinderAnswer>> = FuturesUnordered::new();
        for group in 0..self.groups.len() {
            self.advance(group)?;
        }
        loop {
            while running.len() < self.settings.concurrency
                && let Some(call) = self.queue.pop_front()
            {
                let cx = &contexts[call.route.root];
                running.push(self.call(call, extensions, cx));
            }
            let Some((call, answer)) = running.next().await else { return Ok(()) };
            self.receive(call, answer)?;
        }
    }

    /// Calls a finder. The future borrows nothing of `self`: the ids are copied here.
    fn call<'c>(
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

    /// Processes the answers of a group that are next in the fixed order. If the group is complete then, expands it and
    /// continues with the groups below.
    fn advance(&mut self, group: usize) -> Result<(), PlanError> {
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            if self.progress[group].complete || !self.take_inputs(group)? || !self.end_round(group)? {
                continue;
            }
            if self.groups[group].cyclic && self.continue_cyclic(group) {
                continue;
            }
            self.progress[group].complete = true;
            for resource in self.groups[group].resources.clone() {
                self.expand(resource, &mut open);
            }
        }
        Ok(())
    }

    /// Processes the answers along edges from other groups. Returns whether all have been processed.
    fn take_inputs(&mut self, group: usize) -> Result<bool, PlanError> {
        while let Some(&edge) = self.progress[group].inputs.get(self.progress[group].input) {
            if let Some((call, found)) = self.inboxes[edge].take_next() {
                self.add(&call, found)?;
            } else if self.inboxes[edge].is_complete() {
                self.keep_arcs(edge);
                self.progress[group].input += 1;
            } else {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Processes the answers of a round once all have arrived. Returns whether none is outstanding.
    fn end_round(&mut self, group: usize) -> Result<bool, PlanError> {
        if self.progress[group].outstanding > 0 {
            return Ok(false);
        }
        for edge in self.progress[group].inner.clone() {
            while let Some((call, found)) = self.inboxes[edge].take_next() {
                self.add(&call, found)?;
            }
        }
        Ok(true)
    }

    /// Starts another round in a cyclic group: for its new instances; if there are none, for the shared children that have
    /// lost their last owner. Returns whether a round was started.
    fn continue_cyclic(&mut self, group: usize) -> bool {
        loop {
            if self.start_round(group) {
                return true;
            }
            if !self.release_shared(group) {
                return false;
            }
        }
    }

    /// Queues finder calls for the new instances of a cyclic group. Returns whether there were any.
    fn start_round(&mut self, group: usize) -> bool {
        let mut frontiers: BTreeMap<(ResourceIx, usize), Arc<Vec<InstanceIx>>> = BTreeMap::new();
        for resource in self.groups[group].resources.clone() {
            let mut fresh = std::mem::take(&mut self.fresh[resource]);
            fresh.sort_unstable();
            for of_root in fresh.chunk_by(|a, b| a.0 == b.0) {
                let instances = of_root.iter().map(|&(_, index)| index);
                let instances = instances.filter(|&index| !self.is_kept(resource, index)).collect();
                frontiers.insert((resource, of_root[0].0), self.in_batches(resource, instances));
            }
        }
        let mut asked = 0;
        for edge in self.progress[group].inner.clone() {
            let Edge { parent, root, .. } = self.graph.edges[edge];
            if let Some(frontier) = frontiers.get(&(parent, root)) {
                asked += self.enqueue(edge, frontier);
            }
        }
        self.progress[group].outstanding = asked;
        asked > 0
    }

    /// Queues finder calls along the edges from a complete resource to other groups.
    fn expand(&mut self, resource: ResourceIx, open: &mut Vec<usize>) {
        let (graph, group) = (self.graph, self.group_of[resource]);
        let leads_out = |&edge: &EdgeIx| {
            self.route.edges[edge].is_some() && self.group_of[graph.edges[edge].child] != group
        };
        let down: Vec<EdgeIx> = graph.resources[resource].down.iter().copied().filter(leads_out).collect();
        // Without such an edge, sorting the frontier into batches would be wasted.
        if down.is_empty() {
            return;
        }
        let mut frontiers: BTreeMap<usize, Arc<Vec<InstanceIx>>> = BTreeMap::new();
        for edge in down {
            let root = graph.edges[edge].root;
            let frontier = frontiers.entry(root).or_insert_with(|| {
                let expanded = |disposition: Disposition| disposition.is_expanded_for(root);
                let mut expanded = self.columns[resource].dispositions.indices(expanded);
                if self.kept.is_some() {
                    expanded.retain(|&index| !self.is_kept(resource, index));
                }
                self.in_batches(resource, expanded)
            });
            let frontier = Arc::clone(frontier);
            let calls = self.enqueue(edge, &frontier);
            self.inboxes[edge].expected = Some(calls as u32);
            open.push(self.group_of[graph.edges[edge].child]);
        }
    }

    /// Queues the calls of an edge's finder for these parents. Returns their number.
    fn enqueue(&mut self, edge: EdgeIx, frontier: &Arc<Vec<InstanceIx>>) -> usize {
        let Some(route) = self.route.edges[edge] else { return 0 };
        let calls = frontier.len().div_ceil(self.settings.batch);
        // In a cyclic group, an edge is called in several rounds: the numbers continue.
        let inbox = &self.inboxes[edge];
        let first = inbox.processed + inbox.waiting.len() as u32;
        for call in 0..calls {
            let start = call * self.settings.batch;
            let range = start..frontier.len().min(start + self.settings.batch);
            let frontier = Arc::clone(frontier);
            self.queue.push_back(FinderCall { edge, route, number: first + call as u32, frontier, range });
        }
        calls
    }

    /// Adds the answer of a finder to the set.
    fn add(&mut self, call: &FinderCall, found: Box<dyn DynFound>) -> Result<(), PlanError> {
        let edge = &self.graph.edges[call.edge];
        if call.route.shared {
            self.add_owners(edge.parent, &*found);
        }
        let parents = found.parents(&*self.columns[edge.parent].ids, call.asked());
        let parents = parents.map_err(|fault| self.finder_fault(call, fault))?;
        self.check_parents(call, parents.as_ref())?;
        let before = self.columns[edge.child].len();
        let expected = self.expected_children(call, found.len());
        let children = found.intern_children(&mut *self.columns[edge.child].ids, expected);
        let new = self.columns[edge.child].ids.len() - before;
        // All children are new and consecutive, and one change of their dispositions suffices. A refresh does not follow them.
        let may_be_row = !call.route.shared && !self.is_cyclic(edge.child) && self.kept.is_none();
        let is_row = may_be_row && new == children.len();
        if is_row {
            self.columns[edge.child]
                .dispositions
                .grow_to(before + new, |disposition| disposition.after(call.route.reach, call.route.root));
        } else {
            self.grow(edge.child);
        }
        self.nodes += new as u64;
        self.notify_found(edge.child, new);
        match parents {
            Some(owners) if call.route.shared => self.add_shared(call, &owners.indices, &children),
            Some(parents) if is_row => {
                let expected = self.expected_arcs(call, new);
                self.arcs[call.edge].extend_row(&parents.indices, InstanceIx::at(before), expected);
            }
            parents => {
                if !is_row {
                    self.reach_all(edge.child, &children, call.route);
                }
                self.add_arcs(call, parents.map(|parents| parents.indices), children);
            }
        }
        if self.nodes < MAX_NODES { Ok(()) } else { Err(PlanError::TooLarge) }
    }

    /// Adds the owners that an answer along a shared edge names. Owners that were not asked about may turn out to be
    /// affected, and then their shared children are ordered before them.
    fn add_owners(&mut self, resource: ResourceIx, found: &dyn DynFound) {
        let owners = &mut self.columns[resource];
        let before = owners.len();
        found.intern_parents(&mut *owners.ids);
        self.grow(resource);
        self.nodes += (self.columns[resource].len() - before) as u64;
    }

    fn notify_found(&self, resource: ResourceIx, new: usize) {
        let Some(observers) = self.observers else { return };
        observers.notify(|| Event::Found {
            resource: self.graph.resources[resource].name().into(),
            new,
            instances: self.columns.iter().map(Column::len).sum(),
        });
    }

    /// Refuses an answer with parents that were not asked about. An answer along a shared edge must name all owners
    /// instead.
    fn check_parents(&self, call: &FinderCall, parents: Option<&Parents>) -> Result<(), PlanError> {
        let parent = self.graph.edges[call.edge].parent;
        let message = match parents {
            Some(parents) if call.route.shared && parents.are_owners => return Ok(()),
            _ if call.route.shared => owners_not_named(),
            None if self.graph.edges[call.edge].exclusive => self.parents_not_named(call.edge),
            None => return Ok(()),
            Some(parents) => {
                let Some(not_asked) = &parents.not_asked else { return Ok(()) };
                unknown_parent(self.graph.resources[parent].name(), not_asked)
            }
        };
        Err(self.finder_fault(call, message))
    }

    /// The message for an answer of children alone along an edge whose parents steps hold.
    fn parents_not_named(&self, edge: EdgeIx) -> String {
        let Edge { parent, role, .. } = &self.graph.edges[edge];
        let parent = self.graph.resources[*parent].name();
        let named = role.as_deref().unwrap_or(parent);
        format!(
            "its answer names children alone, but with `exclusive = {named}` the parent of each has to be known: it must \
             return pairs of a {parent} and a child, or the children per {parent}"
        )
    }

    /// Adds the arcs of an answer. If it does not say which parent each child belongs to, every child depends on every
    /// parent of the call.
    fn add_arcs(
        &mut self,
        call: &FinderCall,
        parents: Option<Vec<PackedOption<InstanceIx>>>,
        mut children: Vec<InstanceIx>,
    ) {
        let edge = &self.graph.edges[call.edge];
        let inside = self.group_of[edge.parent] == self.group_of[edge.child];
        let expected = self.expected_arcs(call, children.len());
        let arcs = &mut self.arcs[call.edge];
        if let Some(parents) = parents {
            let pairs = parents.iter().zip(children.iter().copied());
            arcs.extend(pairs.filter_map(|(parent, child)| Some((parent.get()?, child))), expected);
            return;
        }
        children.sort_unstable();
        children.dedup();
        if self.kept.is_some() {
            self.without_parents[call.edge].extend(&children);
        }
        // Inside a cyclic group, arcs are stored singly, because some of them may have to be cut.
        if inside || call.asked().len() == 1 {
            for &parent in call.asked() {
                arcs.extend(children.iter().map(|&child| (parent, child)), 0);
            }
        } else if !children.is_empty() {
            arcs.blocks.push(Block { parents: call.asked().to_vec(), children });
            self.nodes += 1;
        }
    }

    /// An estimate of the number of arcs along the edge: as if each call found as many as this one.
    fn expected_arcs(&self, call: &FinderCall, found: usize) -> usize {
        found * self.inboxes[call.edge].expected.unwrap_or(1) as usize
    }

    pub(super) fn is_cyclic(&self, resource: ResourceIx) -> bool {
        self.groups[self.group_of[resource]].cyclic
    }

    /// Adds a disposition for each new instance of a resource.
    pub(super) fn grow(&mut self, resource: ResourceIx) {
        let column = &mut self.columns[resource];
        column.dispositions.resize(column.ids.len());
    }

    /// An estimate of the number of children along the edge: as if each call found as many as this one. Zero for any edge
    /// but the first, because most of its children are known already.
    fn expected_children(&self, call: &FinderCall, found: usize) -> usize {
        let progress = &self.progress[self.group_of[self.graph.edges[call.edge].child]];
        let calls = self.inboxes[call.edge].expected.unwrap_or(0);
        if progress.input == 0 { found * calls as usize } else { 0 }
    }

    /// Applies a rule's reach to these instances.
    fn reach_all(&mut self, resource: ResourceIx, indices: &[InstanceIx], route: EdgeRoute) {
        let EdgeRoute { reach, root, .. } = route;
        // A refresh looks at each instance, too: the plan bounds what it may get.
        if self.is_cyclic(resource) || self.kept.is_some() {
            for &index in indices {
                self.reach(resource, index, reach, root);
            }
        } else {
            self.columns[resource]
                .dispositions
                .change_all(indices, |disposition| disposition.after(reach, root));
        }
    }

    /// Applies a rule's reach to an instance, in addition to those of other paths. The rule is for the root resource at the
    /// position `root`.
    pub(super) fn reach(&mut self, resource: ResourceIx, index: InstanceIx, reach: Reach, root: usize) {
        if self.kept.is_some_and(|kept| kept.exceeds_plan(resource, index, reach, root)) {
            return;
        }
        let column = &mut self.columns[resource];
        let was_expanded = column.is_expanded_for(root, index);
        column.dispositions.change(index, |disposition| disposition.after(reach, root));
        if !was_expanded && column.is_expanded_for(root, index) && self.is_cyclic(resource) {
            self.fresh[resource].push((root, index));
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

    /// The parents in the order of the calls. If there are several batches, the ids determine which parent is in which, so
    /// that batches do not depend on the order in which finders answered. `frontier` must be sorted; each batch is
    /// sorted too.
    fn in_batches(&self, resource: ResourceIx, frontier: Vec<InstanceIx>) -> Arc<Vec<InstanceIx>> {
        let batch = self.settings.batch;
        if frontier.len() <= batch {
            return Arc::new(frontier);
        }
        Arc::new(self.columns[resource].ids.in_batches(frontier, batch))
    }
}

/// The message for an answer with a parent that was not asked about.
pub(crate) fn unknown_parent(resource: &str, id: &str) -> String {
    format!("it answered with the parent {resource} `{id}`, which it was not asked about")
}

/// The message for an answer along a shared edge that does not name the owners.
pub(crate) fn owners_not_named() -> String {
    String::from(
        "its answer does not name the owners: along a shared edge, it must return a pair for every owner of each child",
    )
}
