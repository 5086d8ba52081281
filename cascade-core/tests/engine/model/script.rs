//! The extensions of a world: methods that wait until the test releases them with an answer.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cascade_core::{
    BuildError, CancellationToken, Cascade, CascadeBuilder, Declaration, Delete, Event, FindContext, Found,
    HandlerFuture, Operation, Outcome, Phase, Place, ResourceDescriptor, ResourceId, Rule, StepContext,
    StepError, StepSettings, Veto,
};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::drive;
use super::reference::{self, FinderCall};
use super::tape::Tape;
use super::world::{Answers, DecisionSpec, EdgeSpec, Instance, OperationSpec, RuleSpec, World};

/// An operation beside `Delete`.
#[derive(cascade_core::Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "model.detach")]
pub(crate) struct Detach {
    pub(crate) from: String,
}

/// Ids that carry a number: `u32` and text.
pub(crate) trait NumberedId: ResourceId {
    fn of(number: u32) -> Self;
    fn number(&self) -> u32;
}

impl NumberedId for u64 {
    fn of(number: u32) -> Self {
        Self::from(number)
    }

    fn number(&self) -> u32 {
        u32::try_from(*self).unwrap()
    }
}

impl NumberedId for String {
    fn of(number: u32) -> Self {
        format!("i{number}")
    }

    fn number(&self) -> u32 {
        self[1..].parse().unwrap()
    }
}

/// The answer that the test gives to a waiting method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Well,
    /// The whole call fails.
    Fail {
        terminal: bool,
    },
    /// Some instances are not done. An instance that is named twice has the worse result.
    NotAll(Vec<(u32, NotDone)>),
    Panic,
    /// The method never answers; its timeout ends it.
    Hang,
}

/// The answer for one instance, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NotDone {
    Left,
    Failed { terminal: bool },
}

impl NotDone {
    /// Only an effect may leave an instance.
    pub(crate) fn in_phase(self, phase: Phase) -> Self {
        match self {
            Self::Left if phase != Phase::Effect => Self::Failed { terminal: true },
            other => other,
        }
    }
}

/// One attempt of one step.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) phase: Phase,
    pub(crate) extension: usize,
    /// The number of the effect; 0 in other phases.
    pub(crate) effect: usize,
    pub(crate) instances: Vec<u32>,
    pub(crate) attempt: u32,
}

/// The events of a run, in order.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// The call with that number.
    Started(usize, Call),
    Ended(usize, Answer),
    /// The test cancelled the run.
    Cancelled,
    /// No task can continue: every step that may start has started.
    Quiet,
    /// A finder was called during the run: the edge, the parents it was asked about, its answer.
    Found(FinderCall, Vec<(u32, u32)>),
    /// Everything was discovered again, no objection was left, and the run began.
    Begun,
    /// Late dependents joined the plan.
    Grown,
    /// The run began to discover everything again.
    Refreshing,
    /// It has discovered everything again.
    Refreshed,
    /// Instances departed from the plan.
    Departed,
    /// A call began that has no end on record: its process died.
    Unrecorded(Call),
    /// These instances failed because of drift, according to the records.
    Drifted(BTreeSet<Instance>),
    /// The process died: the answers of its finders are lost.
    Died,
}

/// A method that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// The number of the call; `None` for a finder.
    pub(crate) call: Option<(usize, Call)>,
    pub(crate) release: oneshot::Sender<Answer>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) finder_calls: Vec<FinderCall>,
    /// The instances that checks were asked about, with the extension.
    pub(crate) checked: Vec<(usize, u32)>,
    calls: usize,
    /// The instances that the events of effects call ended or blocked.
    pub(crate) counted: usize,
    /// Whether a run is in progress: only then the world changes.
    pub(crate) moving: bool,
    /// Orders the rows of finder answers.
    pub(crate) rows: Tape,
    /// The test cancels the run after this many further calls.
    pub(crate) cancel: Option<(usize, CancellationToken)>,
    /// Methods that answer without waiting for the test. Without it, all wait.
    pub(crate) at_once: Option<AtOnce>,
}

/// Most methods answer at their first poll, some wait.
#[derive(Clone, Debug)]
pub(crate) struct AtOnce {
    pub(crate) tape: Tape,
    /// Of 16 calls, this many fail.
    pub(crate) trouble: usize,
}

/// The state that all methods of a world share.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    world: Arc<World>,
    state: Arc<Mutex<State>>,
}

impl Script {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self { world: Arc::clone(world), state: Arc::default() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a released call; cancels the run when its turn comes.
    pub(crate) fn one_more(&self) {
        let mut state = self.state();
        match &mut state.cancel {
            Some((left @ 1.., _)) => *left -= 1,
            Some((0, token)) => {
                let token = token.clone();
                state.cancel = None;
                state.entries.push(Entry::Cancelled);
                drop(state);
                token.cancel();
            }
            None => {}
        }
    }

    /// The answer of a method that does not wait for the test.
    fn answer_at_once(&self, call: &Call) -> Option<Answer> {
        let mut state = self.state();
        let AtOnce { tape, trouble } = state.at_once.as_mut()?;
        let answer = (tape.below(16) < 15).then(|| drive::answer(tape, call, *trouble))?;
        drop(state);
        self.one_more();
        Some(answer)
    }

    /// Waits for the test.
    async fn wait(&self, call: Option<(usize, Call)>) -> Answer {
        let (release, released) = oneshot::channel();
        self.state().waiting.push(Waiting { call, release });
        // If the test ends without an answer, the method ends too.
        released.await.unwrap_or(Answer::Hang)
    }

    /// The world when a run starts.
    pub(crate) fn world_at_start(&self) -> World {
        self.world.after(0)
    }

    /// The world with the links that exist by now.
    pub(crate) fn now(&self) -> World {
        let state = self.state();
        // The world also changes while no process runs.
        let moves = |entry: &&Entry| matches!(entry, Entry::Ended(..) | Entry::Died);
        // A refresh sees the world as it is when it starts: its answers form one picture.
        let refreshing = state.entries.iter().rposition(|entry| matches!(entry, Entry::Refreshing));
        let refreshing = refreshing.filter(|&at| {
            !state.entries[at..].iter().any(|entry| matches!(entry, Entry::Refreshed | Entry::Died))
        });
        let entries = &state.entries[..refreshing.unwrap_or(state.entries.len())];
        if state.moving {
            self.world.after(entries.iter().filter(moves).count())
        } else {
            World::clone(&self.world)
        }
    }

    /// Notes an event of a run.
    pub(crate) fn observe(&self, event: &Event) {
        let entry = match event {
            Event::RunStarted { .. } => Entry::Begun,
            Event::Chased { .. } => Entry::Grown,
            Event::RefreshStarted => Entry::Refreshing,
            Event::RefreshEnded { .. } => Entry::Refreshed,
            Event::Departed { .. } => Entry::Departed,
            _ => return,
        };
        self.state().entries.push(entry);
    }

    async fn find<P: NumberedId, C: NumberedId>(
        &self,
        edge: usize,
        parents: &[P],
        cx: &FindContext,
    ) -> Result<Found<P, C>, StepError> {
        let name = |root: &(usize, Vec<u32>)| self.world.resources[root.0].name.as_str();
        assert!(cx.roots().eq(self.world.roots.iter().map(name)), "the roots of the context");
        let root = self.world.roots.iter().position(|root| name(root) == cx.root());
        let copy = root.expect("the root of the context is among its roots") * self.world.edges.len() + edge;
        let parents: Vec<u32> = parents.iter().map(NumberedId::number).collect();
        let call = FinderCall { edge: copy, parents: parents.clone() };
        self.state().finder_calls.push(call.clone());
        self.wait(None).await;
        let mut rows = reference::answer(&self.now(), copy, &call.parents);
        let mut state = self.state();
        state.rows.shuffle(&mut rows);
        if state.moving {
            state.entries.push(Entry::Found(call, rows.clone()));
        }
        drop(state);
        Ok(match self.world.edge(copy).answers {
            Answers::Pairs => {
                Found::Pairs(rows.into_iter().map(|(parent, child)| (P::of(parent), C::of(child))).collect())
            }
            Answers::PerParent => Found::PerParent(
                parents
                    .iter()
                    .map(|asked| {
                        let of = rows.iter().filter(move |(parent, _)| parent == asked);
                        of.map(|(_, child)| C::of(*child))
                    })
                    .collect(),
            ),
            Answers::ChildrenAlone => {
                Found::Children(rows.into_iter().map(|(_, child)| C::of(child)).collect())
            }
        })
    }

    async fn act<Id: NumberedId>(
        &self,
        extension: usize,
        effect: usize,
        ids: &[Id],
        cx: &StepContext,
    ) -> Result<Outcome<Id>, StepError> {
        let call = Call {
            phase: cx.phase(),
            extension,
            effect,
            instances: ids.iter().map(NumberedId::number).collect(),
            attempt: cx.attempt(),
        };
        let number = {
            let mut state = self.state();
            let number = state.calls;
            state.calls += 1;
            state.entries.push(Entry::Started(number, call.clone()));
            number
        };
        let mut end = End { script: self, number, answer: Answer::Hang };
        let answer = match self.answer_at_once(&call) {
            Some(answer) => answer,
            None => self.wait(Some((number, call))).await,
        };
        if answer == Answer::Hang {
            std::future::pending::<()>().await;
        }
        end.answer = answer.clone();
        drop(end);
        match answer {
            Answer::Well | Answer::Hang => Ok(Outcome::done()),
            Answer::Fail { terminal: true } => Err(StepError::terminal("scripted")),
            Answer::Fail { terminal: false } => Err(StepError::retryable("scripted")),
            Answer::NotAll(not_done) => {
                Ok(not_done.into_iter().fold(Outcome::done(), |outcome, (id, answer)| match answer {
                    NotDone::Left => outcome.left(Id::of(id), format!("{id} is elsewhere")),
                    NotDone::Failed { terminal: true } => {
                        outcome.fail(Id::of(id), StepError::terminal("one"))
                    }
                    NotDone::Failed { terminal: false } => {
                        outcome.fail(Id::of(id), StepError::retryable("one"))
                    }
                }))
            }
            // Like `panic!`, but prints no message.
            Answer::Panic => std::panic::resume_unwind(Box::new("scripted")),
        }
    }
}

/// Records the end of a call, also if it is dropped before it answers.
struct End<'a> {
    script: &'a Script,
    number: usize,
    answer: Answer,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.script.state().entries.push(Entry::Ended(self.number, self.answer.clone()));
    }
}

/// The engine for a world. The tape decides the order of registration.
pub(crate) fn cascade(world: &Arc<World>, script: &Script, order: &mut Tape) -> Result<Cascade, BuildError> {
    cascade_with(world, script, order, |builder| builder)
}

/// The same, with further settings.
pub(crate) fn cascade_with(
    world: &Arc<World>,
    script: &Script,
    order: &mut Tape,
    set: impl FnOnce(CascadeBuilder) -> CascadeBuilder,
) -> Result<Cascade, BuildError> {
    let mut builder =
        Cascade::builder().finder_batch(world.finder_batch).finder_concurrency(world.finder_concurrency);
    if let Some(steps) = world.concurrency {
        builder = builder.concurrency(steps);
    }
    let mut extensions: Vec<usize> = (0..world.extensions.len()).collect();
    order.shuffle(&mut extensions);
    for extension in extensions {
        let resource = world.extensions[extension].resource;
        builder = if world.resources[resource].text_ids {
            register::<String>(builder, world, script, extension)
        } else {
            register::<u64>(builder, world, script, extension)
        };
    }
    set(builder).build()
}

fn register<Id: NumberedId>(
    builder: CascadeBuilder,
    world: &World,
    script: &Script,
    extension: usize,
) -> CascadeBuilder {
    builder.declare(script.clone(), declaration::<Id>(world, extension))
}

fn place(line: usize) -> Place {
    Place::new("model", "model.rs", u32::try_from(line).unwrap())
}

fn resource(world: &World, resource: usize) -> ResourceDescriptor {
    let spec = &world.resources[resource];
    if spec.text_ids {
        ResourceDescriptor::runtime::<String>(&spec.name, place(resource))
    } else {
        ResourceDescriptor::runtime::<u64>(&spec.name, place(resource))
    }
}

fn declaration<Id: NumberedId>(world: &World, extension: usize) -> Declaration<Script, Id> {
    let spec = &world.extensions[extension];
    let at = place(100 + extension);
    let mut declared = Declaration::new(format!("X{extension}"), resource(world, spec.resource), at);
    if spec.addon {
        declared.addon();
    }
    declared.settings(
        StepSettings::default()
            .batch(spec.batch)
            .concurrency(spec.concurrency)
            .retries(spec.retries)
            .timeout(Some(std::time::Duration::from_secs(1000 * 60 * 60))),
    );
    for (effect, one) in spec.effects.iter().enumerate() {
        declared.effect(one.name.clone(), at, move |script: &Script, ids: &[Id], cx| {
            Box::pin(script.act(extension, effect, ids, cx))
        });
    }
    for one in &spec.effects {
        let others = one.supersedes.iter().map(|&other| spec.effects[other].name.clone());
        declared.supersedes(&one.name, others);
    }
    for &first in &spec.after {
        declared.after(resource(world, first), at);
    }
    for rule in &spec.root_rules {
        declared.rule(lowered(world, extension, rule));
    }
    for (at, edge) in world.edges.iter().enumerate().filter(|(_, edge)| edge.extension == extension) {
        if world.resources[edge.parent].text_ids {
            add_edge::<String, Id>(&mut declared, world, at, edge);
        } else {
            add_edge::<u64, Id>(&mut declared, world, at, edge);
        }
    }
    if world.mentions(extension, world.operation) {
        match world.operation {
            OperationSpec::Delete => add_phases::<Delete, Id>(&mut declared, world, extension),
            OperationSpec::Detach => add_phases::<Detach, Id>(&mut declared, world, extension),
        }
    }
    declared
}

fn lowered(world: &World, extension: usize, rule: &RuleSpec) -> Rule {
    match rule.operation {
        OperationSpec::Delete => lowered_for::<Delete>(world, extension, rule),
        OperationSpec::Detach => lowered_for::<Detach>(world, extension, rule),
    }
}

fn lowered_for<O: Operation>(world: &World, extension: usize, rule: &RuleSpec) -> Rule {
    let at = place(100 + extension);
    let lowered = match rule.decision {
        DecisionSpec::Effect { effect, leaf } => {
            let effect = Rule::effect::<O>(world.extensions[extension].effects[effect].name.clone(), at);
            if leaf { effect.leaf() } else { effect }
        }
        DecisionSpec::Ignore => Rule::ignore::<O>(at),
        DecisionSpec::Retain => Rule::retain::<O>(at),
        DecisionSpec::Restrict => Rule::restrict::<O>(at),
        DecisionSpec::WithParent => Rule::with_parent::<O>(at),
        DecisionSpec::Shared { effect: None } => Rule::shared::<O>(at),
        DecisionSpec::Shared { effect: Some(effect) } => {
            let name = world.extensions[extension].effects[effect].name.clone();
            Rule::effect::<O>(name, at).with_last_owner()
        }
    };
    match rule.root {
        Some(root) => lowered.root(resource(world, root)),
        None => lowered,
    }
}

fn add_edge<P: NumberedId, Id: NumberedId>(
    declared: &mut Declaration<Script, Id>,
    world: &World,
    at: usize,
    edge: &EdgeSpec,
) {
    let parent = match &edge.role {
        Some(role) => resource(world, edge.parent).in_role(role.clone()),
        None => resource(world, edge.parent).into(),
    };
    declared.edge(parent.clone(), place(1000 + at));
    if edge.may_cut {
        declared.may_cut(parent.clone());
    }
    if edge.exclusive {
        declared.exclusive(parent.clone());
    }
    declared.finder("find", parent.clone(), None, place(1000 + at), finder::<P, Id>(at));
    // A finder of an operation that does not propagate along the edge would be a fault.
    let propagates = |rule: &RuleSpec| {
        matches!(rule.operation, OperationSpec::Detach) && !matches!(rule.decision, DecisionSpec::Ignore)
    };
    if edge.detach_links.is_some() && edge.rules.iter().any(propagates) {
        let only = Some(Detach::DESCRIPTOR);
        declared.finder("find_detached", parent.clone(), only, place(1000 + at), finder::<P, Id>(at));
    }
    for rule in &edge.rules {
        declared.rule(lowered(world, edge.extension, rule).from(parent.clone()));
    }
}

fn finder<P: NumberedId, Id: NumberedId>(
    at: usize,
) -> impl for<'a> Fn(&'a Script, &'a [P], &'a FindContext) -> HandlerFuture<'a, Found<P, Id>> + Send + Sync {
    move |script, parents, cx| Box::pin(script.find(at, parents, cx))
}

fn add_phases<O: Operation, Id: NumberedId>(
    declared: &mut Declaration<Script, Id>,
    world: &World,
    extension: usize,
) {
    let spec = &world.extensions[extension];
    let at = place(100 + extension);
    if let Some(vetoed) = spec.check.clone() {
        declared.check::<O, _>("may", at, move |script: &Script, ids: &[Id], _| {
            let asked = ids.iter().map(NumberedId::number);
            script.state().checked.extend(asked.clone().map(|id| (extension, id)));
            let vetoes = asked.filter(|id| vetoed.contains(id)).map(|id| Veto::new(Id::of(id), "scripted"));
            let vetoes = vetoes.collect();
            Box::pin(async move { Ok(vetoes) })
        });
        if let Some(only) = spec.check_only {
            declared.only::<O>(Phase::Check, "may", [spec.effects[only].name.clone()]);
        }
    }
    if spec.begin {
        declared.begin::<O, _>("mark", at, move |script: &Script, ids: &[Id], cx| {
            Box::pin(script.act(extension, 0, ids, cx))
        });
    }
    if spec.cleanup {
        declared.cleanup::<O, _>("purge", at, move |script: &Script, ids: &[Id], cx| {
            Box::pin(script.act(extension, 0, ids, cx))
        });
    }
}
