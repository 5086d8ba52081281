//! The scheduler: which steps may start now. A state machine without I/O, clock or lock: take steps, complete them,
//! cancel. The order in which steps complete is the whole interleaving, so that tests can choose it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use super::failure_policy::FailurePolicy;
use super::pending_methods::PendingMethods;
use super::ready::Ready;
use crate::affected::Order;
use crate::report::State;

/// A kind of step: one method of one extension. What its instances share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepKind {
    /// Instances in one step, at most.
    pub(crate) batch: usize,
    /// The lane whose concurrency it counts against.
    pub(crate) lane: usize,
}

/// A step to run: one method on these instances. It is given back when it has ended.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) kind: usize,
    pub(crate) nodes: Vec<u32>,
}

/// Instances that stand in a row and are ready for one kind: enough for one step or more, each of `batch` of them.
#[derive(Clone, Debug)]
pub(crate) struct ReadyRange {
    pub(crate) kind: usize,
    pub(crate) batch: u32,
    pub(crate) nodes: Range<u32>,
}

/// What became of an instance before a pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) node: u32,
    pub(crate) state: State,
    /// What it is blocked by; itself where it is not.
    pub(crate) cause: u32,
}

/// What came of a step that was given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    /// How many of its instances have no kind left.
    pub(crate) ended: usize,
    /// How many other instances are blocked by those that failed.
    pub(crate) blocked: usize,
}

/// What is to be done: for each instance the kinds of its resource that it goes through, lowest bit first.
pub(crate) struct Work {
    pub(crate) order: Arc<Order>,
    /// For each node, for how many others it still waits.
    pub(crate) waits_for: Vec<u32>,
    pub(crate) pending: PendingMethods,
    /// For each resource its first node, and behind the last one the number of instances.
    pub(crate) base: Vec<u32>,
    /// For each resource, the number of its first kind.
    pub(crate) first_step_kind: Vec<usize>,
    pub(crate) step_kinds: Vec<StepKind>,
    pub(crate) lanes: Vec<LaneLimit>,
}

/// What holds for the steps of a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneLimit {
    /// How many of them may run at once.
    pub(crate) concurrency: usize,
    /// The higher comes first, where not all may run.
    pub(crate) priority: u32,
}

struct Lane {
    free: usize,
    priority: u32,
    /// The kinds with instances that are ready, each once.
    step_kinds: VecDeque<usize>,
    queued: bool,
}

/// The state of one pass over the affected set.
pub(crate) struct Scheduler {
    work: Work,
    policy: FailurePolicy,
    states: Vec<State>,
    ready: Vec<Ready>,
    lanes: Vec<Lane>,
    /// The lanes with both a free place and something ready.
    open_lanes: BinaryHeap<(u32, Reverse<usize>)>,
    running: usize,
    limit: usize,
    blocked_by: Vec<u32>,
    /// Under `Force`: the instances that a step failed on. Empty until there is one.
    left_behind: Vec<bool>,
    /// Nodes that have ended, whose followers are still to be told.
    ended: Vec<u32>,
    /// Nodes that nothing holds back any more: empty between calls.
    freed: Vec<u32>,
    stopping: bool,
    /// The resource that was looked up last, and its nodes.
    last_resource: usize,
    last_nodes: Range<u32>,
    /// Lists of steps that have ended, for those to come.
    spare: Vec<Vec<u32>>,
}

/// Lists that are kept for steps to come, at most.
const SPARE: usize = 64;

impl Scheduler {
    /// Up to `limit` steps run at once, over all lanes. The instances in `before` are not to
    /// run in this pass: what is done is done, and what failed or is blocked blocks what waits for it.
    pub(crate) fn new(work: Work, policy: FailurePolicy, limit: usize, before: &[Before]) -> Self {
        let instances = work.pending.len();
        let mut scheduler = Self {
            policy,
            states: vec![State::Waiting; instances],
            ready: work.step_kinds.iter().map(|_| Ready::default()).collect(),
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
            blocked_by: Vec::new(),
            left_behind: Vec::new(),
            ended: Vec::new(),
            freed: Vec::new(),
            stopping: false,
            last_resource: 0,
            last_nodes: 0..0,
            spare: Vec::new(),
            work,
        };
        for before in before {
            scheduler.states[before.node as usize] = before.state;
            if before.state == State::Blocked {
                scheduler.note_blocked(before.node, before.cause);
            }
        }
        for &Before { node, state, cause } in before {
            match state {
                State::Waiting | State::Running => {}
                State::Done => scheduler.ended.push(node),
                State::Failed if policy == FailurePolicy::Force => scheduler.ended.push(node),
                State::Failed | State::Blocked => {
                    scheduler.block_followers(node, cause);
                }
            }
        }
        scheduler.start();
        scheduler
    }

    /// Comes to all that wait for nothing, and that way to what only waits for those that have nothing to do.
    fn start(&mut self) {
        for resource in 0..self.work.first_step_kind.len() {
            let mut first = self.work.base[resource];
            let end = self.work.base[resource + 1];
            while first < end {
                let Work { pending, waits_for, .. } = &self.work;
                let mask = pending.get(first as usize);
                let is_alike = |&node: &usize| {
                    pending.get(node) == mask && waits_for[node] == 0 && self.states[node] == State::Waiting
                };
                let alike = (first as usize..end as usize).take_while(is_alike).count() as u32;
                if alike > 0 {
                    self.make_ready(resource, mask, first..first + alike);
                }
                first += alike.max(1);
            }
        }
        let instances = self.states.len() as u32;
        let between = instances..self.work.order.nodes() as u32;
        self.ended.extend(between.filter(|&node| self.work.waits_for[node as usize] == 0));
        self.settle();
    }

    /// The next step that may start; `None` if none may right now.
    pub(crate) fn take(&mut self) -> Option<Step> {
        let kind = self.first_step_kind()?;
        Some(self.take_from(kind))
    }

    /// The next step of the kind that comes first.
    fn take_from(&mut self, kind: usize) -> Step {
        let mut nodes = self.spare.pop().unwrap_or_default();
        self.ready[kind].take(self.work.step_kinds[kind].batch, &mut nodes);
        for &node in &nodes {
            self.states[node as usize] = State::Running;
        }
        self.running += 1;
        self.lanes[self.work.step_kinds[kind].lane].free -= 1;
        self.pass_on(kind);
        Step { kind, nodes }
    }

    /// The kind of the next step that may start.
    fn first_step_kind(&self) -> Option<usize> {
        if self.stopping || self.running >= self.limit {
            return None;
        }
        let &(_, Reverse(lane)) = self.open_lanes.peek()?;
        self.lanes[lane].step_kinds.front().copied()
    }

    /// Instances have been taken from the first kind of the first lane: others have their turn.
    fn pass_on(&mut self, kind: usize) {
        let lane = &mut self.lanes[self.work.step_kinds[kind].lane];
        if self.ready[kind].is_empty() {
            lane.step_kinds.pop_front();
        } else if lane.step_kinds.len() > 1 {
            lane.step_kinds.rotate_left(1);
        }
        // A lane that goes on stays where it is.
        if lane.free == 0 || lane.step_kinds.is_empty() {
            lane.queued = false;
            self.open_lanes.pop();
        }
    }

    /// The instances of the next steps that may start, if they stand in a row: for steps that run one after the other, each
    /// to its end before the next begins. Nothing is taken yet: what became of them is told before anything else is asked.
    pub(crate) fn row(&mut self) -> Option<ReadyRange> {
        let kind = self.first_step_kind()?;
        let batch = u32::try_from(self.work.step_kinds[kind].batch).ok()?;
        let nodes = self.ready[kind].row();
        (nodes.len() as u32 >= batch).then_some(ReadyRange { kind, batch, nodes })
    }

    /// The steps of a row on the instances before `end` have ended well, and that is certain.
    pub(crate) fn end_row(&mut self, row: &ReadyRange, end: u32) {
        self.ready[row.kind].skip_to(end);
        self.pass_on(row.kind);
        self.advance_row(row.nodes.start..end);
        self.settle();
    }

    /// The same, and the step behind them has been begun, and goes on.
    pub(crate) fn end_row_before(&mut self, row: &ReadyRange, begun: u32) -> Step {
        self.ready[row.kind].skip_to(begun);
        let step = self.take_from(row.kind);
        self.advance_row(row.nodes.start..begun);
        self.settle();
        step
    }

    /// A step has ended: others may start in its place.
    pub(crate) fn release(&mut self, step: &Step) {
        self.running -= 1;
        let lane = self.work.step_kinds[step.kind].lane;
        self.lanes[lane].free += 1;
        self.reopen(lane);
    }

    /// A step is over and done with: its list serves another.
    pub(crate) fn reuse(&mut self, step: Step) {
        if self.spare.len() < SPARE {
            let mut nodes = step.nodes;
            nodes.clear();
            self.spare.push(nodes);
        }
    }

    /// That a step has ended is certain: what waits for its instances may start. `failed` are the positions in it of the
    /// instances that failed, in any order.
    pub(crate) fn conclude(&mut self, step: &Step, failed: &[usize]) -> Completion {
        if failed.is_empty() {
            let ended = self.advance_all(&step.nodes);
            self.settle();
            return Completion { ended, blocked: 0 };
        }
        let mut has_failed = vec![false; step.nodes.len()];
        for &position in failed {
            has_failed[position] = true;
        }
        let mut completion = Completion::default();
        for (position, &node) in step.nodes.iter().enumerate() {
            if has_failed[position] {
                self.fail(node, &mut completion);
            } else {
                completion.ended += usize::from(self.advance(node));
            }
        }
        self.settle();
        completion
    }

    /// A step has ended, all went well, and that is certain.
    pub(crate) fn end_well(&mut self, step: Step) {
        self.release(&step);
        self.conclude(&step, &[]);
        self.reuse(step);
    }

    /// A step is given back that did not run. Its instances are not taken again: the pass is to be made anew.
    pub(crate) fn give_back(&mut self, step: &Step) {
        self.running -= 1;
        for &node in &step.nodes {
            self.states[node as usize] = State::Waiting;
        }
    }

    /// The instances that are ready for a step.
    pub(crate) fn ready(&self) -> impl Iterator<Item = u32> {
        self.ready.iter().flat_map(Ready::iter)
    }

    /// The step that an instance is in is to be its last.
    pub(crate) fn end_with_this_step(&mut self, node: u32) {
        self.work.pending.keep_first(node as usize);
    }

    /// The kinds that an instance has still to go through.
    pub(crate) fn pending_methods(&self, node: u32) -> u32 {
        self.work.pending.get(node as usize)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// A step has failed, and is not concluded yet.
    pub(crate) fn foresee_failure(&mut self) {
        self.stopping |= self.policy == FailurePolicy::Stop;
    }

    /// Starts nothing new; what runs ends.
    pub(crate) fn stop(&mut self) {
        self.stopping = true;
    }

    pub(crate) fn states(&self) -> &[State] {
        &self.states
    }

    pub(crate) fn into_states(self) -> Vec<State> {
        self.states
    }

    /// The instances that are blocked, each with the failed one that it waits for.
    pub(crate) fn blocked(&self) -> impl Iterator<Item = (u32, u32)> {
        let instances = &self.blocked_by[..self.blocked_by.len().min(self.states.len())];
        (0..).zip(instances.iter().copied()).filter(|&(_, cause)| cause != u32::MAX)
    }

    /// The failed instance that a blocked one waits for.
    pub(crate) fn blocked_by(&self, node: u32) -> Option<u32> {
        self.blocked_by.get(node as usize).copied().filter(|&cause| cause != u32::MAX)
    }

    /// Nothing holds `node` back any more.
    fn unblocked(&mut self, node: u32) {
        match self.states.get(node as usize) {
            // A block's node has nothing to do.
            None => self.ended.push(node),
            Some(State::Waiting) => {
                self.next_step_kind(node);
            }
            Some(_) => {}
        }
    }

    /// Makes an instance ready for its next kind; answers whether it has none left.
    fn next_step_kind(&mut self, node: u32) -> bool {
        let mask = self.work.pending.get(node as usize);
        let resource = self.resource_of(node);
        self.make_ready(resource, mask, node..node + 1)
    }

    /// The same for instances of a resource that all have these kinds to go through.
    fn make_ready(&mut self, resource: usize, mask: u32, nodes: Range<u32>) -> bool {
        if mask == 0 {
            for node in nodes {
                let failed = self.left_behind.get(node as usize).copied().unwrap_or(false);
                self.states[node as usize] = if failed { State::Failed } else { State::Done };
                self.ended.push(node);
            }
            return true;
        }
        let kind = self.work.first_step_kind[resource] + mask.trailing_zeros() as usize;
        self.states[nodes.start as usize..nodes.end as usize].fill(State::Waiting);
        let ready = &mut self.ready[kind];
        let was_empty = ready.is_empty();
        ready.push(nodes);
        if was_empty {
            let lane = self.work.step_kinds[kind].lane;
            self.lanes[lane].step_kinds.push_back(kind);
            self.reopen(lane);
        }
        false
    }

    /// A step of an instance ended well; answers whether it was the last one.
    fn advance(&mut self, node: u32) -> bool {
        self.work.pending.close_first(&[node]);
        self.next_step_kind(node)
    }

    /// A step of these instances ended well; answers for how many it was the last one. Mostly for all of them.
    fn advance_all(&mut self, nodes: &[u32]) -> usize {
        let open = self.work.pending.close_first(nodes);
        if open != 0 || !self.left_behind.is_empty() {
            return nodes.iter().filter(|&&node| self.next_step_kind(node)).count();
        }
        for &node in nodes {
            self.states[node as usize] = State::Done;
        }
        self.ended.extend_from_slice(nodes);
        nodes.len()
    }

    /// The same for instances that stand in a row.
    fn advance_row(&mut self, nodes: Range<u32>) {
        let positions = nodes.start as usize..nodes.end as usize;
        let open = self.work.pending.close_first_in_row(positions.clone());
        if open == 0 && self.left_behind.is_empty() {
            self.states[positions].fill(State::Done);
            self.ended.extend(nodes);
        } else {
            nodes.for_each(|node| {
                self.next_step_kind(node);
            });
        }
    }

    /// A step of an instance failed.
    fn fail(&mut self, node: u32, completion: &mut Completion) {
        if self.policy == FailurePolicy::Force {
            // As if the step had ended well: further steps of the instance run.
            self.left_behind.resize(self.states.len(), false);
            self.left_behind[node as usize] = true;
            completion.ended += usize::from(self.advance(node));
            return;
        }
        self.states[node as usize] = State::Failed;
        self.stopping |= self.policy == FailurePolicy::Stop;
        completion.ended += 1;
        completion.blocked += self.block_followers(node, node);
    }

    /// Blocks all that waits for `node`; answers how many instances that are.
    fn block_followers(&mut self, node: u32, cause: u32) -> usize {
        let mut blocked = 0;
        let mut open: Vec<u32> = self.work.order.followers(node).collect();
        while let Some(node) = open.pop() {
            if self.blocked_by(node).is_some() {
                continue;
            }
            match self.states.get_mut(node as usize) {
                None => {}
                Some(state @ State::Waiting) => {
                    *state = State::Blocked;
                    blocked += 1;
                }
                Some(_) => continue,
            }
            self.note_blocked(node, cause);
            open.extend(self.work.order.followers(node));
        }
        blocked
    }

    /// Kept only once something has failed.
    fn note_blocked(&mut self, node: u32, cause: u32) {
        if self.blocked_by.is_empty() {
            self.blocked_by = vec![u32::MAX; self.work.order.nodes()];
        }
        self.blocked_by[node as usize] = cause;
    }

    /// Tells the followers of all that have ended. A loop, not a recursion: chains can be long. In their order, so that
    /// what hangs above becomes ready in its own.
    fn settle(&mut self) {
        let mut freed = std::mem::take(&mut self.freed);
        while !self.ended.is_empty() {
            let mut ended = std::mem::take(&mut self.ended);
            let mut left = ended.as_slice();
            while let Some(&node) = left.first() {
                let resource = self.resource_of(node);
                let alike = left.iter().take_while(|&node| self.last_nodes.contains(node)).count();
                let (alike, others) = left.split_at(alike);
                let Work { order, waits_for, .. } = &mut self.work;
                order.for_each_follower(resource, alike, |follower, ended| {
                    let waits_for = &mut waits_for[follower as usize];
                    *waits_for -= ended;
                    if *waits_for == 0 {
                        freed.push(follower);
                    }
                });
                left = others;
            }
            ended.clear();
            for node in freed.drain(..) {
                self.unblocked(node);
            }
            if self.ended.is_empty() {
                // The same list serves again.
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

    /// Mostly that of the one before. Nodes that are no instance have the number behind the last one.
    fn resource_of(&mut self, node: u32) -> usize {
        if !self.last_nodes.contains(&node) {
            let base = &self.work.base;
            self.last_resource = base.partition_point(|&first| first <= node) - 1;
            let next = base.get(self.last_resource + 1).copied().unwrap_or(u32::MAX);
            self.last_nodes = base[self.last_resource]..next;
        }
        self.last_resource
    }
}
