//! Judges each step when it starts, and the report: plain statements about what finders answered and what was called.

use std::collections::{BTreeMap, BTreeSet};

use cascade_core::{Report, Verdict};

use crate::methods::Step;
use crate::now::Now;
use crate::world::{Decision, Edge, Id, Link, World};

/// The calls of an effect for one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Calls {
    started: usize,
    /// The first call that is not lost with a process: whether it left the instance.
    left: Option<bool>,
    /// Whether its end is certainly on record.
    is_recorded: bool,
    /// Whether its end may be lost with the process.
    may_be_lost: bool,
}

/// What happened, for people.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "the trace of a fault prints the fields")]
pub(crate) enum Entry {
    Moved,
    Arrived,
    Refreshing,
    Refreshed,
    Found(usize, Vec<Id>, Vec<Link>),
    Started(Id, Vec<Id>),
    Acted(Id, Vec<Id>),
    Ended(Id, Vec<Id>, Vec<Id>),
    Died,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Judge {
    /// The pairs that finders ever answered.
    known: BTreeSet<Link>,
    /// Those of the plan.
    planned: BTreeSet<Link>,
    /// Those of the discovery when the run started.
    at_start: BTreeSet<Link>,
    /// Those of the last complete discovery.
    last_view: BTreeSet<Link>,
    /// Those since the last discovery began.
    view: BTreeSet<Link>,
    /// The last answer for each edge and parent since then.
    looks: BTreeMap<(usize, Id), Vec<Link>>,
    refreshes: usize,
    steps: usize,
    calls: BTreeMap<(Id, Id), Calls>,
    /// The instances on which an earlier process may have begun.
    may_have_begun: BTreeSet<Id>,
    /// The parents that the step on an instance holds along exclusive edges.
    held: BTreeMap<Id, BTreeSet<Id>>,
    has_died: bool,
    pub(crate) faults: Vec<String>,
    pub(crate) trace: Vec<Entry>,
}

impl Judge {
    /// What decides about later verdicts of this judge.
    pub(crate) fn state(&self) -> impl std::hash::Hash + '_ {
        (&self.known, &self.at_start, &self.calls, &self.may_have_begun)
    }

    /// What the run has seen since its last discovery began.
    pub(crate) fn view(&self) -> impl std::hash::Hash + '_ {
        (
            &self.view,
            &self.last_view,
            &self.looks,
            &self.held,
            self.refreshes - self.steps.min(self.refreshes),
            self.has_died,
        )
    }

    fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    pub(crate) fn refresh_started(&mut self) {
        self.trace.push(Entry::Refreshing);
        if self.refreshes == 0 && !self.has_died && self.at_start.is_empty() {
            self.at_start.clone_from(&self.view);
        }
        self.view.clear();
        self.looks.clear();
    }

    pub(crate) fn refresh_ended(&mut self) {
        self.trace.push(Entry::Refreshed);
        self.refreshes += 1;
        self.last_view.clone_from(&self.view);
    }

    pub(crate) fn found(&mut self, edge: usize, parents: &[Id], found: &[Link]) {
        self.trace.push(Entry::Found(edge, parents.to_vec(), found.to_vec()));
        self.known.extend(found);
        self.view.extend(found);
        for &parent in parents {
            let is_child = |child: Id| found.iter().any(|link| link.1 == parent && link.2 == child);
            let of_parent = found.iter().filter(|link| is_child(link.2)).copied().collect();
            self.looks.insert((edge, parent), of_parent);
        }
    }

    /// A step starts.
    pub(crate) fn started<'a>(
        &mut self,
        world: &World,
        resource: Id,
        effect: Id,
        ids: &[Id],
        running: impl Iterator<Item = &'a Step>,
    ) {
        self.trace.push(Entry::Started(effect, ids.to_vec()));
        self.steps += 1;
        if self.refreshes < self.steps {
            self.fault(format!("{effect} {ids:?} starts without a discovery before it"));
        }
        self.test_exclusive(world, ids, running);
        for &id in ids {
            if !self.has_begun(world, id) && !self.depends(world, id, Some(effect), &mut BTreeSet::new()) {
                self.fault(format!(
                    "{effect} {id} starts, but nothing that the run removes gives it that effect"
                ));
            }
            let calls = self.calls.entry((id, effect)).or_default();
            calls.started += 1;
            (calls.left, calls.may_be_lost) = (None, false);
            if calls.is_recorded || calls.started > 1 && !self.has_died || calls.started > 2 {
                self.fault(format!("{effect} {id} starts again"));
            }
            if world.removes(resource, effect) {
                self.test_children(world, resource, id);
            }
        }
    }

    /// A step holds the parents that its instances had when it started.
    fn test_exclusive<'a>(&mut self, world: &World, ids: &[Id], running: impl Iterator<Item = &'a Step>) {
        // A run does not judge what an earlier process may have begun: it may hold parents that such an instance has left.
        let is_judged = |id: &Id| !self.may_have_begun.contains(id);
        let is_held =
            |link: &&Link| world.edges[link.0].is_exclusive && ids.contains(&link.2) && is_judged(&link.2);
        let held: BTreeSet<Id> = self.view.iter().filter(is_held).map(|link| link.1).collect();
        for other in running.flat_map(|step| &step.ids).filter_map(|id| self.held.get(id)) {
            if !held.is_disjoint(other) {
                self.faults.push(format!("{ids:?} start while a step holds one of {held:?}"));
            }
        }
        self.held.extend(ids.iter().map(|&id| (id, held.clone())));
    }

    /// Whether a step may have begun on the instance, or on a parent that it ends with.
    fn has_begun(&self, world: &World, id: Id) -> bool {
        let ends_with = |link: &&Link| {
            link.2 == id && matches!(world.edges[link.0].decision, Decision::WithParent | Decision::Shared)
        };
        self.may_have_begun.contains(id)
            || self.calls.iter().any(|(call, calls)| call.0 == id && calls.started > 0)
            || self.known.iter().filter(ends_with).any(|link| self.has_begun(world, link.1))
    }

    /// Whether an effect that removes it may have begun.
    fn may_be_gone(&self, world: &World, id: Id) -> bool {
        let resource = world.resource_of(id);
        let ends_with = |link: &&Link| {
            link.2 == id && matches!(world.edges[link.0].decision, Decision::WithParent | Decision::Shared)
        };
        let removed = |(call, calls): (&(Id, Id), &Calls)| {
            call.0 == id && calls.started > 0 && world.removes(resource, call.1)
        };
        self.may_have_begun.contains(id)
            || self.calls.iter().any(removed)
            || self.known.iter().filter(ends_with).any(|link| self.may_be_gone(world, link.1))
    }

    /// Whether the last discovery reaches the instance along an edge that gives it that effect, or, without an effect, along one
    /// that removes it.
    fn depends(&self, world: &World, id: Id, effect: Option<Id>, seen: &mut BTreeSet<Id>) -> bool {
        if world.roots.iter().any(|root| root.ids.contains(&id) && effect.is_none_or(|it| it == root.effect))
        {
            return true;
        }
        if !seen.insert(id) {
            return false;
        }
        self.known.iter().any(|link| {
            let decision = world.edges[link.0].decision;
            let gives = match effect {
                Some(effect) => decision.effect() == Some(effect),
                None => decision.removes(),
            };
            let parent = link.1;
            let is_seen = self.view.contains(link);
            link.2 == id
                && gives
                && (self.may_be_gone(world, parent)
                    || is_seen
                        && (self.has_begun(world, parent)
                            || self.depends(world, parent, None, &mut seen.clone())))
                && (!decision.is_shared() || self.loses_all_owners(world, link.0, id))
        })
    }

    fn loses_all_owners(&self, world: &World, edge: usize, child: Id) -> bool {
        let mut owners = self.view.iter().filter(|link| link.0 == edge && link.2 == child);
        owners.all(|link| {
            self.has_begun(world, link.1) || self.depends(world, link.1, None, &mut BTreeSet::from([child]))
        })
    }

    /// What the finders last answered about the instance has ended.
    fn test_children(&mut self, world: &World, resource: Id, id: Id) {
        let is_below = |edge: &Edge| edge.parent == resource && edge.decision != Decision::Retain;
        for (at, edge) in world.edges.iter().enumerate().filter(|(_, edge)| is_below(edge)) {
            let Some(found) = self.looks.get(&(at, id)).cloned() else {
                self.fault(format!(
                    "{id} is removed, but the finder of {} was not asked about it",
                    edge.child
                ));
                continue;
            };
            for link in found.iter().filter(|link| link.1 == id && link.2 != id) {
                if edge.decision == Decision::WithParent {
                    self.test_children(world, edge.child, link.2);
                } else if !self.has_ended(world, at, edge, &found, link.2) {
                    self.fault(format!("{id} is removed, but its {} {} has not ended", edge.child, link.2));
                }
            }
        }
    }

    fn has_ended(&self, world: &World, at: usize, edge: &Edge, found: &[Link], child: Id) -> bool {
        let has_ended = self.calls.iter().any(|(call, calls)| {
            let is_enough = edge.decision.is_leaf() || world.removes(edge.child, call.1);
            call.0 == child && is_enough && calls.left == Some(false)
        });
        let is_called = |id: Id| self.calls.keys().any(|call| call.0 == id);
        let has_other_owner = || found.iter().any(|link| link.2 == child && !is_called(link.1));
        match edge.decision {
            _ if has_ended || edge.may_cut => true,
            Decision::Retain | Decision::Shared => true,
            Decision::RemovesWithLastOwner(_) => {
                let owners = found.iter().filter(|link| (link.0, link.2) == (at, child)).count();
                owners > 1 && has_other_owner()
            }
            _ => false,
        }
    }

    pub(crate) fn ended(&mut self, effect: Id, ids: &[Id], left: &[Id]) {
        self.trace.push(Entry::Ended(effect, ids.to_vec(), left.to_vec()));
        for &id in ids {
            self.calls.entry((id, effect)).or_default().left = Some(left.contains(&id));
        }
    }

    /// Everything that has ended by now is on record.
    pub(crate) fn recorded(&mut self) {
        for calls in self.calls.values_mut() {
            calls.is_recorded |= calls.left.is_some() && !calls.may_be_lost;
        }
    }

    /// The process dies. Everything that could start may have begun.
    pub(crate) fn died(&mut self, world: &World) {
        self.trace.push(Entry::Died);
        self.has_died = true;
        let links = [&self.planned, &self.at_start, &self.known, &self.last_view, &self.view];
        let is_ready =
            |id: Id| links.iter().any(|links| is_in_cycle(links, id) || !self.waits(world, links, id));
        let ready: Vec<Id> = world.ids.iter().copied().filter(|&id| is_ready(id)).collect();
        self.may_have_begun.extend(ready);
        self.held.clear();
        for calls in self.calls.values_mut() {
            calls.may_be_lost = !calls.is_recorded;
        }
        (self.refreshes, self.steps) = (0, 0);
        self.view.clear();
        self.last_view.clear();
        self.looks.clear();
    }

    /// Whether an instance has to wait for one of these dependents.
    fn waits(&self, world: &World, links: &BTreeSet<Link>, id: Id) -> bool {
        let is_done = |id: Id| self.calls.iter().any(|(call, calls)| call.0 == id && calls.left.is_some());
        links.iter().filter(|link| link.1 == id && link.2 != id && !is_done(link.2)).any(|link| {
            let edge = &world.edges[link.0];
            match edge.decision {
                Decision::WithParent | Decision::Shared => self.waits(world, links, link.2),
                decision => decision.affects() && !(edge.may_cut && world.is_root(link.2)),
            }
        })
    }

    /// The plan is complete.
    pub(crate) fn has_planned(&mut self) {
        self.planned.clone_from(&self.known);
    }

    /// Nothing was called.
    pub(crate) fn has_called_nothing(&self) -> bool {
        self.calls.is_empty()
    }

    /// Tests the report of a run and describes it.
    pub(crate) fn reported(&mut self, world: &World, now: &Now, report: &Report) -> String {
        let mut verdicts = Vec::new();
        for (instance, verdict) in report.verdicts() {
            let id = world.ids.get(instance.to_string().split(' ').nth(1).unwrap_or_default()).copied();
            let id = id.expect("an instance of the world");
            let calls: Vec<&Calls> =
                self.calls.iter().filter(|(call, _)| call.0 == id).map(|it| it.1).collect();
            let has_ended_well = calls.iter().any(|calls| calls.left == Some(false));
            let resource = world.resource_of(id);
            let was_removed = self.calls.iter().any(|(call, calls)| {
                call.0 == id
                    && world.removes(resource, call.1)
                    && calls.left == Some(false)
                    && !calls.may_be_lost
            });
            let is_left = calls.iter().any(|calls| calls.left == Some(true));
            let changed = now.has_moved || now.has_arrived || !world.stays.is_empty();
            let ends_with = |link: &&Link| {
                link.2 == id
                    && matches!(world.edges[link.0].decision, Decision::WithParent | Decision::Shared)
            };
            let (called, is_right) = match verdict {
                Verdict::Done if calls.is_empty() => {
                    ("done", self.known.iter().filter(ends_with).any(|link| self.may_be_gone(world, link.1)))
                }
                Verdict::Done => {
                    ("done", has_ended_well && !is_left && calls.iter().all(|it| it.left.is_some()))
                }
                Verdict::Left { .. } => ("left", changed && (calls.is_empty() || is_left)),
                Verdict::Failed(_) => ("failed", changed && !was_removed),
                Verdict::Blocked { .. } => ("blocked", changed && !was_removed),
                _ => ("not started", changed && !was_removed),
            };
            if !is_right {
                self.faults.push(format!("{id} is called {called}: {verdict:?}, after {calls:?}"));
            }
            verdicts.push(format!("{id} {called}"));
        }
        if report.is_complete() {
            self.test_dangling(world, now);
        }
        let complete = if report.is_complete() { "complete" } else { "not complete" };
        format!("{}; {complete}", verdicts.join(", "))
    }

    /// After a complete run, nothing refers to a removed instance, except what came after its last look.
    fn test_dangling(&mut self, world: &World, now: &Now) {
        let came =
            |link: &Link| world.arrives == Some(*link) || world.moves.is_some_and(|(_, to)| to == *link);
        for link in &now.links {
            if now.gone.contains(link.1) && !now.gone.contains(link.2) && !came(link) {
                let keeps = matches!(world.edges[link.0].decision, Decision::Stops(_));
                if !keeps {
                    self.faults.push(format!("{} is gone, but {} still refers to it", link.1, link.2));
                }
            }
        }
    }
}

/// Whether an instance depends on one of its dependents: then one of its effects may start early.
fn is_in_cycle(links: &BTreeSet<Link>, id: Id) -> bool {
    let is_back = |above: &Link| links.iter().any(|below| (below.1, below.2) == (id, above.1));
    links.iter().any(|link| link.2 == id && link.1 != id && is_back(link))
}
