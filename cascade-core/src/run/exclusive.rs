//! The ready instances of exclusive extensions. While a step runs on instances, no other step starts on instances with one
//! of their parents: from its start until it has ended for good, also between its attempts.
//!
//! All instances of a step have the same parents. An instance whose parents the plan does not know may be on any parent: its
//! step is alone, among all steps that hold parents of that resource.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::held_parents::HeldParents;
use super::ready::Ready;
use crate::ids::{Index, Indexed, NodeIx, ParentSetIx, ResourceIx, StepKindIx};

/// The ready instances of exclusive extensions, and the parents that running steps hold.
pub(crate) struct ExclusiveSteps {
    parents: HeldParents,
    /// By node, whether a running step holds it.
    held: Indexed<NodeIx, bool>,
    /// By the resource of the parents.
    holders: BTreeMap<ResourceIx, Holders>,
    /// By step kind; `None` for step kinds of other extensions.
    queues: Indexed<StepKindIx, Option<Queue>>,
    /// The sets with ready instances that wait for a held parent, by that parent and the step kind. A set waits for one of its
    /// held parents. If a parent is free, then no set of a step kind waits for it, or another set with that parent is in the
    /// queue of the step kind.
    waiting: HashMap<(NodeIx, StepKindIx), VecDeque<ParentSetIx>>,
}

/// The running steps that hold parents of one resource.
#[derive(Default)]
struct Holders {
    /// The number of steps on instances with known parents.
    known: usize,
    /// Whether a step runs on an instance whose parents are not known.
    unknown: bool,
    /// The step kinds whose steps hold parents of the resource.
    kinds: Vec<StepKindIx>,
}

/// The ready instances of one step kind.
struct Queue {
    lane: usize,
    resource: ResourceIx,
    /// The ready instances with each set of parents. No entry is empty.
    ready: BTreeMap<ParentSetIx, Ready>,
    /// The sets that do not wait for a parent, as far as is known.
    sets: VecDeque<ParentSetIx>,
    /// The ready instances whose parents are not known.
    unknown: Ready,
    /// Whether the step kind is in its lane.
    is_open: bool,
}

/// The next step of a step kind.
enum Next {
    /// On instances with these parents.
    Known(ParentSetIx),
    Unknown,
}

impl ExclusiveSteps {
    /// `lanes` has the lane of each step kind.
    pub(crate) fn new(parents: HeldParents, lanes: impl Iterator<Item = usize>) -> Self {
        let mut holders: BTreeMap<ResourceIx, Holders> = BTreeMap::new();
        let mut queues = Indexed::new();
        for (position, lane) in lanes.enumerate() {
            let kind = StepKindIx::at(position);
            queues.push(parents.resource(lane).map(|resource| {
                holders.entry(resource).or_default().kinds.push(kind);
                Queue {
                    lane,
                    resource,
                    ready: BTreeMap::new(),
                    sets: VecDeque::new(),
                    unknown: Ready::default(),
                    is_open: false,
                }
            }));
        }
        let held = std::iter::repeat_n(false, parents.nodes()).collect();
        Self { parents, held, holders, queues, waiting: HashMap::new() }
    }

    /// Whether steps of that kind hold parents.
    pub(crate) fn has(&self, kind: StepKindIx) -> bool {
        self.queues[kind].is_some()
    }

    /// Adds a node that is ready for that step kind. `instance` is the node of its instance.
    pub(crate) fn push(&mut self, kind: StepKindIx, node: NodeIx, instance: NodeIx) {
        let Some(queue) = &mut self.queues[kind] else { return };
        let nodes = node..node.plus(1);
        let Some(set) = self.parents.set_of(queue.lane, instance) else {
            return queue.unknown.push(nodes);
        };
        let ready = queue.ready.entry(set).or_default();
        let is_new = ready.is_empty();
        ready.push(nodes);
        if is_new {
            self.enqueue(kind, set);
        }
    }

    /// Whether the step kind must enter its lane: a step of it can start, and it is not there.
    pub(crate) fn open(&mut self, kind: StepKindIx) -> bool {
        if self.queues[kind].as_ref().is_none_or(|queue| queue.is_open) {
            return false;
        }
        !self.close(kind)
    }

    /// Whether the step kind must leave its lane, if it is there: no step of it can start now.
    pub(crate) fn close(&mut self, kind: StepKindIx) -> bool {
        let is_open = self.next(kind).is_some();
        if let Some(queue) = &mut self.queues[kind] {
            queue.is_open = is_open;
        }
        !is_open
    }

    /// Moves the instances of the next step, up to `batch`, to the end of `nodes`. The step holds their parents from now on.
    pub(crate) fn take(&mut self, kind: StepKindIx, batch: usize, nodes: &mut Vec<NodeIx>) {
        let Some(next) = self.next(kind) else { return };
        let Some(queue) = &mut self.queues[kind] else { return };
        let holders = self.holders.entry(queue.resource).or_default();
        let Next::Known(set) = next else {
            holders.unknown = true;
            return queue.unknown.take(1, nodes);
        };
        holders.known += 1;
        for &parent in self.parents.nodes_of(set) {
            self.held[parent] = true;
        }
        queue.sets.pop_front();
        let Some(ready) = queue.ready.get_mut(&set) else { return };
        ready.take(batch, nodes);
        if ready.is_empty() {
            queue.ready.remove(&set);
        } else {
            self.enqueue(kind, set);
        }
    }

    /// Frees the parents that a step of that kind holds, if it holds any. `instance` is one of its instances. Returns the step kinds of which a step may start now.
    pub(crate) fn free(&mut self, kind: StepKindIx, instance: NodeIx) -> Vec<StepKindIx> {
        let Some(queue) = &self.queues[kind] else { return Vec::new() };
        let set = self.parents.set_of(queue.lane, instance);
        let Some(holders) = self.holders.get_mut(&queue.resource) else { return Vec::new() };
        let kinds = holders.kinds.clone();
        let Some(set) = set else {
            holders.unknown = false;
            return kinds;
        };
        holders.known -= 1;
        let parents = self.parents.nodes_of(set).to_vec();
        for &parent in &parents {
            self.held[parent] = false;
        }
        for &parent in &parents {
            for &kind in &kinds {
                self.wake(parent, kind);
            }
        }
        kinds
    }

    /// The nodes that are ready for a step, or wait for a parent.
    pub(crate) fn ready(&self) -> impl Iterator<Item = NodeIx> {
        let queues = self.queues.iter().flatten();
        queues.flat_map(|queue| queue.ready.values().chain([&queue.unknown]).flat_map(Ready::iter))
    }

    /// The next step of a step kind; `None` if none can start now.
    fn next(&mut self, kind: StepKindIx) -> Option<Next> {
        let resource = self.queues[kind].as_ref()?.resource;
        if self.holders.get(&resource)?.unknown {
            return None;
        }
        while let Some(&set) = self.queues[kind].as_ref()?.sets.front() {
            if self.held_parent(set).is_none() {
                return Some(Next::Known(set));
            }
            self.queues[kind].as_mut()?.sets.pop_front();
            self.enqueue(kind, set);
            // Other sets may have waited for this one with a parent that is free.
            for parent in self.parents.nodes_of(set).to_vec() {
                if !self.held[parent] {
                    self.wake(parent, kind);
                }
            }
        }
        let may_be_alone = self.holders.get(&resource)?.known == 0;
        (may_be_alone && !self.queues[kind].as_ref()?.unknown.is_empty()).then_some(Next::Unknown)
    }

    /// A parent of the set that a running step holds.
    fn held_parent(&self, set: ParentSetIx) -> Option<NodeIx> {
        self.parents.nodes_of(set).iter().copied().find(|&parent| self.held[parent])
    }

    /// Puts a set into the queue of a step kind, or lets it wait for a held parent.
    fn enqueue(&mut self, kind: StepKindIx, set: ParentSetIx) {
        match self.held_parent(set) {
            Some(parent) => self.waiting.entry((parent, kind)).or_default().push_back(set),
            None => {
                if let Some(queue) = &mut self.queues[kind] {
                    queue.sets.push_back(set);
                }
            }
        }
    }

    /// A parent is free: moves a set that waits for it into the queue of a step kind. One is enough, because its steps hold
    /// the parent again.
    fn wake(&mut self, parent: NodeIx, kind: StepKindIx) {
        while let Some(waiting) = self.waiting.get_mut(&(parent, kind)) {
            let set = waiting.pop_front();
            if waiting.is_empty() {
                self.waiting.remove(&(parent, kind));
            }
            let Some(set) = set else { return };
            let may_start = self.held_parent(set).is_none();
            self.enqueue(kind, set);
            if may_start {
                return;
            }
        }
    }
}
