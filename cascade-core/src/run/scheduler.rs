//! The scheduler: decides which steps may start now.
//!
//! It is a state machine without I/O, clock or lock. The driver takes steps, reports their results, and stops it. The
//! order of those results determines the whole interleaving, so tests can choose it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use super::early_steps::EarlySteps;
use super::exclusive::ExclusiveSteps;
use super::failure_policy::FailurePolicy;
use super::held_parents::HeldParents;
use super::pending_methods::PendingMethods;
use super::ready::Ready;
use crate::affected::{NodeRanges, Order};
use crate::ids::{Index, Indexed, NodeIx, PackedOption, ResourceIx, StepKindIx};
use crate::model::EffectSet;
use crate::report::State;

/// A step kind: one method of one extension on one resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepKind {
    /// The maximum number of instances in one step.
    pub(crate) batch: usize,
    /// The lane whose concurrency limit applies to the step.
    pub(crate) lane: usize,
}

/// A step to run: one method on these instances. The driver returns it to the scheduler when it has ended.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) kind: StepKindIx,
    pub(crate) nodes: Vec<NodeIx>,
}

/// Instances with consecutive nodes that are ready for one step kind: enough for at least one step of `batch` instances.
#[derive(Clone, Debug)]
pub(crate) struct ReadyRange {
    pub(crate) kind: StepKindIx,
    pub(crate) batch: u32,
    pub(crate) nodes: Range<NodeIx>,
}

/// The state that an instance has before a pass starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InitialState {
    pub(crate) node: NodeIx,
    pub(crate) state: State,
    /// The failed instance that blocks this one; the instance itself if it is not blocked.
    pub(crate) cause: NodeIx,
}

/// The effect of a concluded step on the states of instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    /// How many instances of the step have no step left in this pass.
    pub(crate) ended: usize,
    /// How many other instances became blocked by the failed ones.
    pub(crate) blocked: usize,
}

/// The work of a pass: for each instance, the step kinds of its resource that must run on it, lowest bit first.
pub(crate) struct Work {
    pub(crate) order: Arc<Order>,
    /// The number of nodes that each node still waits for.
    pub(crate) waits_for: Vec<u32>,
    pub(crate) pending: PendingMethods,
    pub(crate) early: EarlySteps,
    /// The parents that exclusive steps hold. `None` if no extension of the pass is exclusive.
    pub(crate) held_parents: Option<HeldParents>,
    /// The nodes of the instances.
    pub(crate) base: NodeRanges,
    /// The first step kind of each resource.
    pub(crate) first_step_kind: Indexed<ResourceIx, StepKindIx>,
    pub(crate) step_kinds: Indexed<StepKindIx, StepKind>,
    pub(crate) lanes: Vec<LaneLimit>,
}

/// The limits of a lane: of all steps of one extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneLimit {
    /// How many steps of the lane may run at once.
    pub(crate) concurrency: usize,
    /// Lanes with a higher priority start first when concurrency is limited.
    pub(crate) priority: u32,
}

struct Lane {
    free: usize,
    priority: u32,
    /// The step kinds with ready instances, each once.
    step_kinds: VecDeque<StepKindIx>,
    /// Whether the lane is in `open_lanes`.
    queued: bool,
}

/// The state of one pass over the affected set.
pub(crate) struct Scheduler {
    work: Work,
    policy: FailurePolicy,
    states: Indexed<NodeIx, State>,
    /// Empty for step kinds of exclusive extensions: `exclusive` has what is ready for these.
    ready: Indexed<StepKindIx, Ready>,
    /// `None` if no extension of the pass is exclusive.
    exclusive: Option<Box<ExclusiveSteps>>,
    lanes: Vec<Lane>,
    /// The lanes with both a free place and a ready instance, by priority.
    open_lanes: BinaryHeap<(u32, Reverse<usize>)>,
    running: usize,
    limit: usize,
    /// The failed instance that blocks each node. Empty until the first failure.
    blocked_by: Indexed<NodeIx, PackedOption<NodeIx>>,
    /// Under `Force`: the instances on which a step failed. Empty until the first failure.
    failed_under_force: Indexed<NodeIx, bool>,
    /// Whether an effect left each instance as it is. Empty until the first one.
    left: Indexed<NodeIx, bool>,
    /// Nodes that have ended and whose followers are not notified yet.
    ended: Vec<NodeIx>,
    /// Nodes that wait for no other node any more. Empty between calls.
    freed: Vec<NodeIx>,
    stopping: bool,
    /// The resource that was looked up last, and its nodes.
    last_resource: ResourceIx,
    last_nodes: Range<NodeIx>,
    /// Node lists of ended steps, reused for later steps.
    spare: Vec<Vec<NodeIx>>,
}

/// The maximum number of node lists that are kept for reuse.
const SPARE: usize = 64;

impl Scheduler {
    /// Up to `limit` steps run at once over all lanes. The instances in `before` do not run in this pass: the done ones
    /// release their followers; the failed and blocked ones block them.
    pub(crate) fn new(mut work: Work, policy: FailurePolicy, limit: usize, before: &[InitialState]) -> Self {
        let instances = work.pending.len();
        let held_parents = work.held_parents.take();
        let mut scheduler = Self {
            policy,
            states: std::iter::repeat_n(State::Waiting, instances).collect(),
            ready: work.step_kinds.iter().map(|_| Ready::default()).collect(),
            exclusive: held_parents.map(|parents| {
                Box::new(ExclusiveSteps::new(parents, work.step_kinds.iter().map(|kind| kind.lane)))
            }),
            lanes: work
                .lanes
                .iter()
                .map(|&LaneLimit { concurrency: free, priority }| Lane {
                    free,
                    priority,
                    step_kinds: VecDeque::new(),
                    queued: false,
                })
                .collect(),
            open_lanes: BinaryHeap::new(),
            running: 0,
            limit,
            blocked_by: Indexed::new(),
            failed_under_force: Indexed::new(),
            left: Indexed::new(),
            ended: Vec::new(),
            freed: Vec::new(),
            stopping: false,
            last_resource: ResourceIx::default(),
            last_nodes: NodeIx::default()..NodeIx::default(),
            spare: Vec::new(),
            work,
        };
        for before in before {
            scheduler.states[before.node] = before.state;
            match before.state {
                State::Blocked => scheduler.note_blocked(before.node, before.cause),
                State::Left => scheduler.note_left(before.node),
                _ => {}
            }
        }
        for &InitialState { node, state, cause } in before {
            match state {
                State::Waiting | State::Running => {}
                State::Done | State::Left => scheduler.end_before_pass(node),
                State::Failed if policy == FailurePolicy::Force => scheduler.end_before_pass(node),
                State::Failed | State::Blocked => {
                    scheduler.block_followers_of(node, cause);
                }
            }
        }
        scheduler.start();
        scheduler
    }

    /// Makes every unblocked instance ready, and completes those without work.
    fn start(&mut self) {
        for resource in self.work.first_step_kind.indices() {
            let Range { start: mut first, end } = self.work.base.of(resource);
            while first < end {
                let methods = self.startable(first);
                let next = first.plus(1).up_to(end).find(|&node| self.startable(node) != methods);
                let next = next.unwrap_or(end);
                if let Some(methods) = methods {
                    self.make_ready(resource, methods, first..next);
                }
                first = next;
            }
        }
        for helper in self.work.base.end().up_to(NodeIx::at(self.work.order.nodes())) {
            if self.work.waits_for[helper.position()] == 0 {
                self.unblocked_other(helper);
            }
        }
        self.notify_followers();
    }

    /// The next step that may start; `None` if none may right now.
    pub(crate) fn take(&mut self) -> Option<Step> {
        let kind = self.first_step_kind()?;
        Some(self.take_from(kind))
    }

    /// Takes a step of the step kind that `first_step_kind` returned.
    fn take_from(&mut self, kind: StepKindIx) -> Step {
        let mut nodes = self.spare.pop().unwrap_or_default();
        if self.exclusive.is_none() || !self.take_exclusive(kind, &mut nodes) {
            self.ready[kind].take(self.work.step_kinds[kind].batch, &mut nodes);
        }
        if self.work.early.is_early(kind) {
            for node in &mut nodes {
                *node = self.work.early.instance_of(*node).unwrap_or(*node);
            }
        } else {
            for &node in &nodes {
                self.states[node] = State::Running;
            }
        }
        self.running += 1;
        self.lanes[self.work.step_kinds[kind].lane].free -= 1;
        self.pass_on(kind);
        Step { kind, nodes }
    }

    /// The step kind of the next step that may start.
    fn first_step_kind(&mut self) -> Option<StepKindIx> {
        if self.stopping || self.running >= self.limit {
            return None;
        }
        if self.exclusive.is_some() {
            self.close_held();
        }
        let &(_, Reverse(lane)) = self.open_lanes.peek()?;
        self.lanes[lane].step_kinds.front().copied()
    }

    /// Rotates the step kinds of the first lane after instances were taken from its first one.
    fn pass_on(&mut self, kind: StepKindIx) {
        let is_used_up =
            self.ready[kind].is_empty() && (self.exclusive.is_none() || self.close_exclusive(kind));
        let lane = &mut self.lanes[self.work.step_kinds[kind].lane];
        if is_used_up {
            lane.step_kinds.pop_front();
        } else if lane.step_kinds.len() > 1 {
            lane.step_kinds.rotate_left(1);
        }
        // A lane that can start more steps keeps its position in the heap.
        if lane.free == 0 || lane.step_kinds.is_empty() {
            lane.queued = false;
            self.open_lanes.pop();
        }
    }

    /// Removes step kinds from the lanes that come first, as long as parents are held that their next steps need.
    #[cold]
    fn close_held(&mut self) {
        let Some(exclusive) = &mut self.exclusive else { return };
        while let Some(&(_, Reverse(lane))) = self.open_lanes.peek() {
            let lane = &mut self.lanes[lane];
            if let Some(&kind) = lane.step_kinds.front() {
                if !exclusive.has(kind) || !exclusive.close(kind) {
                    return;
                }
                lane.step_kinds.pop_front();
            }
            if lane.step_kinds.is_empty() {
                lane.queued = false;
                self.open_lanes.pop();
            }
        }
    }

    /// Takes the next step of a step kind, if that is one of an exclusive extension. Returns whether it is.
    #[cold]
    fn take_exclusive(&mut self, kind: StepKindIx, nodes: &mut Vec<NodeIx>) -> bool {
        let batch = self.work.step_kinds[kind].batch;
        let exclusive = self.exclusive.as_mut().filter(|exclusive| exclusive.has(kind));
        exclusive.map(|exclusive| exclusive.take(kind, batch, nodes)).is_some()
    }

    /// Whether no further step of the step kind can start now. `true` for a kind that is not one of an exclusive extension.
    #[cold]
    fn close_exclusive(&mut self, kind: StepKindIx) -> bool {
        let exclusive = self.exclusive.as_mut().filter(|exclusive| exclusive.has(kind));
        exclusive.is_none_or(|exclusive| exclusive.close(kind))
    }

    /// Makes these nodes ready, if the step kind is one of an exclusive extension. Returns whether it is.
    #[cold]
    fn push_exclusive(&mut self, kind: StepKindIx, nodes: Range<NodeIx>) -> bool {
        let Some(exclusive) = self.exclusive.as_mut().filter(|exclusive| exclusive.has(kind)) else {
            return false;
        };
        for node in nodes.start.up_to(nodes.end) {
            exclusive.push(kind, node, self.work.early.instance_of(node).unwrap_or(node));
        }
        self.open_exclusive(kind);
        true
    }

    /// Adds a step kind of an exclusive extension to its lane, if a step of it can start now.
    fn open_exclusive(&mut self, kind: StepKindIx) {
        if self.exclusive.as_mut().is_some_and(|exclusive| exclusive.open(kind)) {
            let lane = self.work.step_kinds[kind].lane;
            self.lanes[lane].step_kinds.push_back(kind);
            self.reopen(lane);
        }
    }

    /// Frees the parents that an exclusive step holds, because it has ended for good.
    #[cold]
    fn free_parents(&mut self, step: &Step) {
        let (Some(exclusive), Some(&instance)) = (&mut self.exclusive, step.nodes.first()) else { return };
        for kind in exclusive.free(step.kind, instance) {
            self.open_exclusive(kind);
        }
    }

    /// The instances of the next steps that may start, if their nodes are consecutive. The caller runs these steps one
    /// after another, each to its end. This call takes nothing: the caller must report the result by [`Self::end_row`] or
    /// [`Self::end_row_before`] before it calls any other method.
    pub(crate) fn row(&mut self) -> Option<ReadyRange> {
        let kind = self.first_step_kind()?;
        if self.work.early.is_early(kind)
            || self.exclusive.as_ref().is_some_and(|exclusive| exclusive.has(kind))
        {
            return None;
        }
        let batch = u32::try_from(self.work.step_kinds[kind].batch).ok()?;
        let nodes = self.ready[kind].row();
        (nodes.end.number() - nodes.start.number() >= batch).then_some(ReadyRange { kind, batch, nodes })
    }

    /// The steps of the range on the instances before `end` have succeeded, and nothing remains to be recorded.
    pub(crate) fn end_row(&mut self, row: &ReadyRange, end: NodeIx) {
        self.ready[row.kind].skip_to(end);
        self.pass_on(row.kind);
        self.advance_row(row.nodes.start..end);
        self.notify_followers();
    }

    /// Like [`Self::end_row`] for the instances before `begun`. The step that starts with `begun` has been started and is
    /// returned as a running step.
    pub(crate) fn end_row_before(&mut self, row: &ReadyRange, begun: NodeIx) -> Step {
        self.ready[row.kind].skip_to(begun);
        let step = self.take_from(row.kind);
        self.advance_row(row.nodes.start..begun);
        self.notify_followers();
        step
    }

    /// A step has ended: frees its place, so that another step may start.
    pub(crate) fn release(&mut self, step: &Step) {
        self.running -= 1;
        let lane = self.work.step_kinds[step.kind].lane;
        self.lanes[lane].free += 1;
        self.reopen(lane);
    }

    /// Keeps the node list of a concluded step for reuse.
    pub(crate) fn reuse(&mut self, step: Step) {
        if self.spare.len() < SPARE {
            let mut nodes = step.nodes;
            nodes.clear();
            self.spare.push(nodes);
        }
    }

    /// The end of a step is durable: frees the parents that it holds, updates its instances, and releases or blocks their
    /// followers. `failed` and `left` have the positions of these instances within the step, in any order.
    pub(crate) fn conclude(&mut self, step: &Step, failed: &[usize], left: &[usize]) -> Completion {
        if self.exclusive.is_some() {
            self.free_parents(step);
        }
        if self.work.early.is_early(step.kind) {
            return self.conclude_early(step, failed, left);
        }
        if failed.is_empty() && left.is_empty() {
            let ended = self.advance_all(&step.nodes);
            self.notify_followers();
            return Completion { ended, blocked: 0 };
        }
        let (has_failed, is_left) = (flags(step.nodes.len(), failed), flags(step.nodes.len(), left));
        let mut completion = Completion::default();
        for (position, &node) in step.nodes.iter().enumerate() {
            if has_failed[position] {
                self.fail(node, &mut completion);
            } else if is_left[position] {
                self.leave(node, &mut completion);
            } else {
                completion.ended += usize::from(self.advance(node));
            }
        }
        self.notify_followers();
        completion
    }

    /// A step has succeeded on all its instances, and nothing remains to be recorded.
    pub(crate) fn end_well(&mut self, step: Step) {
        self.release(&step);
        self.conclude(&step, &[], &[]);
        self.reuse(step);
    }

    /// Returns a step that did not run. Its instances wait, and this scheduler does not take them again: the caller
    /// builds a new pass.
    pub(crate) fn give_back(&mut self, step: &Step) {
        self.running -= 1;
        if self.exclusive.is_some() {
            self.free_parents(step);
        }
        if !self.work.early.is_early(step.kind) {
            for &node in &step.nodes {
                self.states[node] = State::Waiting;
            }
        }
    }

    /// The instances that are ready for a step, each with whether that is one of an early effect.
    pub(crate) fn ready(&self) -> impl Iterator<Item = (NodeIx, bool)> {
        let exclusive = self.exclusive.iter().flat_map(|exclusive| exclusive.ready());
        let nodes = self.ready.iter().flat_map(Ready::iter).chain(exclusive);
        nodes.map(|node| match self.work.early.instance_of(node) {
            Some(instance) => (instance, true),
            None => (node, false),
        })
    }

    /// Makes the current step of an instance, which is of that kind, its last one.
    pub(crate) fn end_with_this_step(&mut self, kind: StepKindIx, node: NodeIx) {
        match self.work.early.node_of(node).filter(|_| self.work.early.is_early(kind)) {
            Some(early) => {
                let first = self.work.early.pending(Some(early)).first();
                self.work.early.set_pending(early, first.map(EffectSet::of).unwrap_or_default());
                self.work.pending.clear(node);
            }
            None => self.work.pending.keep_first(node),
        }
    }

    /// The methods that have not yet ended on an instance.
    pub(crate) fn pending_methods(&self, node: NodeIx) -> EffectSet {
        self.work.pending.get(node).union(self.work.early.pending(self.work.early.node_of(node)))
    }

    /// Whether the steps of that kind are those of early effects.
    pub(crate) fn is_early(&self, kind: StepKindIx) -> bool {
        self.work.early.is_early(kind)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// A step has failed but is not concluded yet: under `Stop`, no further step starts.
    pub(crate) fn foresee_failure(&mut self) {
        self.stopping |= self.policy == FailurePolicy::Stop;
    }

    /// Starts no further step. Running steps end normally.
    pub(crate) fn stop(&mut self) {
        self.stopping = true;
    }

    pub(crate) fn states(&self) -> &Indexed<NodeIx, State> {
        &self.states
    }

    pub(crate) fn into_states(self) -> Indexed<NodeIx, State> {
        self.states
    }

    /// The blocked instances, each with the failed instance that blocks it.
    pub(crate) fn blocked(&self) -> impl Iterator<Item = (NodeIx, NodeIx)> {
        let instances = self.blocked_by.enumerate().take(self.states.len());
        instances.filter_map(|(node, cause)| Some((node, cause.get()?)))
    }

    /// The failed instance that blocks this node, if it is blocked.
    pub(crate) fn blocked_by(&self, node: NodeIx) -> Option<NodeIx> {
        self.blocked_by.at(node)?.get()
    }

    /// The pending methods of an instance that waits for no other node and has not started; `None` for any other node.
    fn startable(&self, node: NodeIx) -> Option<EffectSet> {
        let is_startable =
            self.states.at(node) == Some(&State::Waiting) && self.work.waits_for[node.position()] == 0;
        is_startable.then(|| self.work.pending.get(node))
    }

    /// These nodes wait for no other node any more. Instances with consecutive nodes and the same methods become ready
    /// together: mostly, these are all instances that ended steps have freed.
    fn unblocked(&mut self, nodes: &[NodeIx]) {
        let mut rest = nodes;
        while let Some((&first, others)) = rest.split_first() {
            rest = others;
            let Some(methods) = self.startable(first) else {
                self.unblocked_other(first);
                continue;
            };
            let resource = self.resource_of(first);
            let mut end = first.plus(1);
            while let Some((&node, others)) = rest.split_first()
                && node == end
                && node < self.last_nodes.end
                && self.startable(node) == Some(methods)
            {
                (end, rest) = (end.plus(1), others);
            }
            self.make_ready(resource, methods, first..end);
        }
    }

    /// A node that no step can start on waits for no other node any more: a helper node, or an instance that has ended.
    fn unblocked_other(&mut self, node: NodeIx) {
        match self.states.at(node) {
            None => match self.work.early.instance_of(node) {
                Some(instance) => self.start_early(node, instance),
                // The node of a block has no work.
                None => self.ended.push(node),
            },
            // It is done since its early effects, which are its only ones. Only now, all that depends on it has ended.
            Some(State::Done | State::Failed | State::Left) if self.ends_after_its_effects(node) => {
                self.ended.push(node);
            }
            Some(_) => {}
        }
    }

    /// Makes an instance ready for its next step kind. Returns whether none was left.
    fn next_step_kind(&mut self, node: NodeIx) -> bool {
        let methods = self.work.pending.get(node);
        let resource = self.resource_of(node);
        self.make_ready(resource, methods, node..node.plus(1))
    }

    /// Like `next_step_kind`, for instances of one resource that have the same pending `methods`.
    fn make_ready(&mut self, resource: ResourceIx, methods: EffectSet, nodes: Range<NodeIx>) -> bool {
        let Some(first) = methods.first() else {
            for node in nodes.start.up_to(nodes.end) {
                self.states[node] = self.end_state(node);
                self.ended.push(node);
            }
            return true;
        };
        let kind = self.work.first_step_kind[resource].plus(first);
        self.states.row_mut(&nodes).fill(State::Waiting);
        self.push_ready(kind, nodes);
        false
    }

    fn push_ready(&mut self, kind: StepKindIx, nodes: Range<NodeIx>) {
        if self.exclusive.is_some() && self.push_exclusive(kind, nodes.clone()) {
            return;
        }
        let ready = &mut self.ready[kind];
        let was_empty = ready.is_empty();
        ready.push(nodes);
        if was_empty {
            let lane = self.work.step_kinds[kind].lane;
            self.lanes[lane].step_kinds.push_back(kind);
            self.reopen(lane);
        }
    }

    /// Makes an early node ready for its next effect. Returns whether none was left: then the node has ended.
    fn next_early(&mut self, early: NodeIx, instance: NodeIx) -> bool {
        let resource = self.resource_of(instance);
        let Some(kind) = self.work.early.next_kind(early, resource) else {
            self.end_early(early);
            if self.work.early.is_alone(instance) {
                self.states[instance] = self.end_state(instance);
            }
            return true;
        };
        self.push_ready(kind, early..early.plus(1));
        false
    }

    /// Whether the instance has only early effects, and they have ended before all that depends on it.
    fn ends_after_its_effects(&self, node: NodeIx) -> bool {
        let early = self.work.early.node_of(node).filter(|_| self.work.early.is_alone(node));
        early.is_some() && self.blocked_by(node).is_none() && self.work.early.pending(early).is_empty()
    }

    /// An early node waits for no other node any more. An instance that failed, is blocked or is done since an earlier
    /// pass has no early step.
    fn start_early(&mut self, early: NodeIx, instance: NodeIx) {
        let is_over = matches!(self.states[instance], State::Done | State::Failed | State::Left);
        if !is_over && self.blocked_by(early).is_none() {
            self.next_early(early, instance);
        } else if is_over && self.work.early.have_succeeded(early) {
            // A later effect of the instance failed. What waits for its early effects alone goes on.
            self.end_early(early);
        }
    }

    fn end_early(&mut self, early: NodeIx) {
        if self.work.early.end(early) {
            self.ended.push(early);
        }
    }

    /// Like [`conclude`](Self::conclude), for a step of an early effect.
    fn conclude_early(&mut self, step: &Step, failed: &[usize], left: &[usize]) -> Completion {
        let mut completion = Completion::default();
        let (has_failed, is_left) = (flags(step.nodes.len(), failed), flags(step.nodes.len(), left));
        for (position, &instance) in step.nodes.iter().enumerate() {
            let Some(early) = self.work.early.node_of(instance) else { continue };
            // An instance that has only early effects may be blocked already by what its end waits for.
            let was_counted = self.states[instance] == State::Blocked;
            if has_failed[position] {
                if self.policy != FailurePolicy::Force {
                    self.fail(instance, &mut completion);
                    completion.ended -= usize::from(was_counted);
                    continue;
                }
                self.note_failed_under_force(instance);
            }
            if is_left[position] {
                self.note_left(instance);
                self.states[instance] = self.end_state(instance);
                self.end_early(early);
                completion.ended += usize::from(!was_counted);
                continue;
            }
            let rest = self.work.early.pending(Some(early)).without_first();
            self.work.early.set_pending(early, rest);
            let has_ended = self.next_early(early, instance) && self.work.pending.get(instance).is_empty();
            completion.ended += usize::from(has_ended && !was_counted);
        }
        self.notify_followers();
        completion
    }

    /// The instance has ended before this pass.
    fn end_before_pass(&mut self, node: NodeIx) {
        if let Some(early) = self.work.early.node_of(node) {
            self.work.early.set_pending(early, EffectSet::EMPTY);
            self.end_early(early);
        }
        // An instance that has only early effects may end after them.
        if !self.work.early.is_alone(node) {
            self.ended.push(node);
        }
    }

    /// A step succeeded on an instance. Returns whether it was the instance's last step.
    fn advance(&mut self, node: NodeIx) -> bool {
        self.work.pending.close_first(&[node]);
        self.next_step_kind(node)
    }

    /// A step succeeded on these instances. Returns for how many of them it was the last step; usually for all.
    fn advance_all(&mut self, nodes: &[NodeIx]) -> usize {
        let remaining = self.work.pending.close_first(nodes);
        if !remaining.is_empty() || !self.failed_under_force.is_empty() {
            return nodes.iter().filter(|&&node| self.next_step_kind(node)).count();
        }
        for &node in nodes {
            self.states[node] = State::Done;
        }
        self.ended.extend_from_slice(nodes);
        nodes.len()
    }

    /// Like `advance_all`, for consecutive nodes.
    fn advance_row(&mut self, nodes: Range<NodeIx>) {
        let remaining = self.work.pending.close_first_in_row(&nodes);
        if remaining.is_empty() && self.failed_under_force.is_empty() {
            self.states.row_mut(&nodes).fill(State::Done);
            self.ended.extend(nodes.start.up_to(nodes.end));
        } else {
            for node in nodes.start.up_to(nodes.end) {
                self.next_step_kind(node);
            }
        }
    }

    /// A step failed on an instance.
    fn fail(&mut self, node: NodeIx, completion: &mut Completion) {
        if self.policy == FailurePolicy::Force {
            // The remaining steps of the instance run as after a success.
            self.note_failed_under_force(node);
            completion.ended += usize::from(self.advance(node));
            return;
        }
        self.states[node] = State::Failed;
        self.stopping |= self.policy == FailurePolicy::Stop;
        completion.ended += 1;
        completion.blocked += self.block_followers_of(node, node);
    }

    /// An effect left an instance as it is.
    fn leave(&mut self, node: NodeIx, completion: &mut Completion) {
        self.note_left(node);
        self.next_step_kind(node);
        completion.ended += 1;
    }

    /// Notes that an instance is left, and gets no further step. If that was an early step, the instance ends once all that
    /// depends on it has ended.
    fn note_left(&mut self, node: NodeIx) {
        if self.left.is_empty() {
            self.left = Indexed::like(&self.states, || false);
        }
        self.left[node] = true;
        self.work.pending.clear(node);
        if let Some(early) = self.work.early.node_of(node) {
            self.work.early.give_up(early);
        }
    }

    /// The state of an instance that has no step left.
    fn end_state(&self, node: NodeIx) -> State {
        let is_set = |flags: &Indexed<NodeIx, bool>| flags.at(node).copied().unwrap_or(false);
        if is_set(&self.failed_under_force) {
            State::Failed
        } else if is_set(&self.left) {
            State::Left
        } else {
            State::Done
        }
    }

    fn note_failed_under_force(&mut self, node: NodeIx) {
        if self.failed_under_force.is_empty() {
            self.failed_under_force = Indexed::like(&self.states, || false);
        }
        self.failed_under_force[node] = true;
    }

    /// Blocks every node that waits for an instance or for its early effects. Its early effects do not run either, unless
    /// they have begun.
    fn block_followers_of(&mut self, node: NodeIx, cause: NodeIx) -> usize {
        let mut blocked = self.block_followers(node, cause);
        if let Some(early) = self.work.early.node_of(node)
            && !self.work.early.have_succeeded(early)
        {
            self.note_blocked(early, cause);
            blocked += self.block_followers(early, cause);
        }
        blocked
    }

    /// Blocks every node that waits for `node`, directly or not. Returns the number of blocked instances.
    fn block_followers(&mut self, node: NodeIx, cause: NodeIx) -> usize {
        let mut blocked = 0;
        let mut to_visit: Vec<NodeIx> = self.work.order.followers(node).collect();
        while let Some(node) = to_visit.pop() {
            if self.blocked_by(node).is_some() {
                continue;
            }
            match self.states.at_mut(node) {
                None => {}
                Some(state @ State::Waiting) => {
                    *state = State::Blocked;
                    blocked += 1;
                }
                // Its effects have ended, but not all that depends on it.
                Some(_) if self.work.early.is_alone(node) && self.work.waits_for[node.position()] > 0 => {}
                Some(_) => continue,
            }
            self.note_blocked(node, cause);
            to_visit.extend(self.work.order.followers(node));
        }
        blocked
    }

    /// Records the cause of a block. Allocates the list at the first failure.
    fn note_blocked(&mut self, node: NodeIx, cause: NodeIx) {
        if self.blocked_by.is_empty() {
            self.blocked_by = std::iter::repeat_n(PackedOption::NONE, self.work.order.nodes()).collect();
        }
        self.blocked_by[node] = PackedOption::some(cause);
    }

    /// Notifies the followers of all ended nodes, and of those that end thereby. This is a loop, not a recursion, because
    /// chains can be long. It keeps the order of the nodes, so that followers become ready in their order too.
    fn notify_followers(&mut self) {
        let mut freed = std::mem::take(&mut self.freed);
        while !self.ended.is_empty() {
            let mut ended = std::mem::take(&mut self.ended);
            let mut rest = ended.as_slice();
            while let Some(&node) = rest.first() {
                let resource = self.resource_of(node);
                let alike = rest.iter().take_while(|&node| self.last_nodes.contains(node)).count();
                let (alike, others) = rest.split_at(alike);
                let Work { order, waits_for, .. } = &mut self.work;
                order.for_each_follower(resource, alike, |follower, ended| {
                    let waits_for = &mut waits_for[follower.position()];
                    *waits_for -= ended;
                    if *waits_for == 0 {
                        freed.push(follower);
                    }
                });
                rest = others;
            }
            ended.clear();
            self.unblocked(&freed);
            freed.clear();
            if self.ended.is_empty() {
                // Reuse the allocation.
                self.ended = ended;
                break;
            }
        }
        self.freed = freed;
    }

    fn reopen(&mut self, lane: usize) {
        let state = &mut self.lanes[lane];
        if state.free > 0 && !state.step_kinds.is_empty() && !state.queued {
            state.queued = true;
            self.open_lanes.push((state.priority, Reverse(lane)));
        }
    }

    /// The resource of a node; for a helper node, the index after that of the last resource. Caches the last resource, because most calls
    /// repeat it.
    fn resource_of(&mut self, node: NodeIx) -> ResourceIx {
        if !self.last_nodes.contains(&node) {
            let base = &self.work.base;
            self.last_resource = base.resource_of(node);
            self.last_nodes = if node < base.end() {
                base.of(self.last_resource)
            } else {
                base.end()..NodeIx::at(self.work.order.nodes())
            };
        }
        self.last_resource
    }
}

/// A flag for each of `len` positions: whether it is one of these.
fn flags(len: usize, positions: &[usize]) -> Vec<bool> {
    let mut flags = vec![false; len];
    for &position in positions {
        flags[position] = true;
    }
    flags
}
