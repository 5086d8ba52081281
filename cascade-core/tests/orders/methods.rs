//! The extensions of a world: methods that wait until the test releases them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cascade_core::{
    Cascade, Declaration, Delete, EdgeParent, Event, Found, Outcome, ResourceDescriptor, Rule, place,
};
use tokio::sync::oneshot;

use crate::journal::HeldJournal;
use crate::judge::Judge;
use crate::now::Now;
use crate::world::{Id, Link, World};

/// A step on these instances.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) resource: Id,
    pub(crate) effect: Id,
    pub(crate) ids: Vec<Id>,
    /// The instances that it left; `None` before it acts.
    pub(crate) left: Option<Vec<Id>>,
}

/// A method that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// `None` for a finder.
    pub(crate) step: Option<Step>,
    /// The edge and the parents, for a finder.
    pub(crate) finder: Option<(usize, Vec<Id>)>,
    /// Releases the method. An effect answers that it left these instances.
    pub(crate) release: oneshot::Sender<Vec<Id>>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) now: Now,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) judge: Judge,
}

/// The state that all methods of a world share.
#[derive(Clone, Debug)]
pub(crate) struct Methods {
    pub(crate) world: Arc<World>,
    state: Arc<Mutex<State>>,
}

impl Methods {
    pub(crate) fn new(world: World) -> Self {
        Self { world: Arc::new(world), state: Arc::default() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new process starts.
    pub(crate) fn restart(&self, now: Now, judge: Judge) {
        *self.state() = State { now, judge, ..State::default() };
    }

    pub(crate) fn observe(&self, event: &Event) {
        match event {
            Event::RefreshStarted => self.state().judge.refresh_started(),
            Event::RefreshEnded { .. } => self.state().judge.refresh_ended(),
            _ => {}
        }
    }

    /// The engine, with a declaration for each resource.
    pub(crate) fn engine(&self, journal: &HeldJournal) -> Cascade {
        let mut effects: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
        for edge in &self.world.edges {
            effects.entry(edge.parent).or_default();
            effects.entry(edge.child).or_default().extend(edge.decision.effect());
        }
        for root in &self.world.roots {
            effects.entry(root.resource).or_default().insert(root.effect);
        }
        let mut builder = Cascade::builder().journal(journal.clone());
        for (resource, effects) in effects {
            builder = builder.declare(self.clone(), declaration(&self.world, resource, &effects));
        }
        builder.build().expect("the graph is valid")
    }

    fn ids(&self, ids: &[String]) -> Vec<Id> {
        let known = |id: &String| *self.world.ids.get(id.as_str()).expect("an instance of the world");
        ids.iter().map(known).collect()
    }

    async fn wait(&self, step: Option<Step>, finder: Option<(usize, Vec<Id>)>) -> Vec<Id> {
        let (release, released) = oneshot::channel();
        self.state().waiting.push(Waiting { step, finder, release });
        released.await.expect("the test releases each method, or drops the run")
    }

    async fn find(&self, edge: usize, parents: &[String]) -> Found<String, String> {
        let parents = self.ids(parents);
        self.wait(None, Some((edge, parents.clone()))).await;
        let mut state = self.state();
        let links = state.now.links.clone();
        let along = || links.iter().filter(|link| link.0 == edge);
        let is_child = |child: Id| along().any(|link| link.2 == child && parents.contains(&link.1));
        let names_all = self.world.edges[edge].decision.is_shared();
        let is_answered = |link: &&Link| parents.contains(&link.1) || names_all && is_child(link.2);
        let found: Vec<Link> = along().filter(is_answered).copied().collect();
        state.judge.found(edge, &parents, &found);
        Found::Pairs(found.iter().map(|link| (link.1.to_owned(), link.2.to_owned())).collect())
    }

    async fn act(&self, resource: Id, effect: Id, ids: &[String]) -> Outcome<String> {
        let ids = self.ids(ids);
        {
            let mut state = self.state();
            let State { judge, waiting, .. } = &mut *state;
            let running = waiting.iter().filter_map(|waiting| waiting.step.as_ref());
            judge.started(&self.world, resource, effect, &ids, running);
        }
        let left = self.wait(Some(Step { resource, effect, ids: ids.clone(), left: None }), None).await;
        self.state().judge.ended(effect, &ids, &left);
        left.into_iter().fold(Outcome::done(), |outcome, id| outcome.left(id.to_owned(), "it is elsewhere"))
    }
}

fn declaration(world: &World, resource: Id, effects: &BTreeSet<Id>) -> Declaration<Methods, String> {
    let mut declared = Declaration::new(format!("{resource}Cascade"), descriptor(resource), place!());
    declared.settings(world.settings);
    for &effect in effects {
        declared.effect(effect, place!(), move |methods: &Methods, ids: &[String], _| {
            Box::pin(async move { Ok(methods.act(resource, effect, ids).await) })
        });
    }
    for &(_, effect, other) in world.supersedes.iter().filter(|it| it.0 == resource) {
        declared.supersedes(effect, [String::from(other)]);
    }
    for root in world.roots.iter().filter(|root| root.resource == resource) {
        declared.rule(Rule::effect::<Delete>(root.effect, place!()));
    }
    for (at, edge) in world.edges.iter().enumerate().filter(|(_, edge)| edge.child == resource) {
        let parent: EdgeParent = match edge.role {
            Some(role) => descriptor(edge.parent).in_role(role),
            None => descriptor(edge.parent).into(),
        };
        declared.edge(parent.clone(), place!());
        let name = format!("find_{at}");
        declared.finder(
            name,
            parent.clone(),
            None,
            place!(),
            move |methods: &Methods, parents: &[String], _| {
                Box::pin(async move { Ok(methods.find(at, parents).await) })
            },
        );
        declared.rule(edge.decision.rule().from(parent.clone()));
        if edge.is_exclusive {
            declared.exclusive(parent.clone());
        }
        if edge.may_cut {
            declared.may_cut(parent);
        }
    }
    declared
}

fn descriptor(name: Id) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<String>(name, place!())
}
