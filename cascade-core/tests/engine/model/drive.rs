//! Runs the engine on a world. The test picks which waiting method continues next, and how it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc as Shared;
use std::time::Duration;

use cascade_core::{
    ApplyError, CallError, CancellationToken, Cascade, CutSummary, Drift, Event, Failure, FailurePolicy,
    Fault, FaultKind, InstanceName, Operation, Phase, Plan, PlanError, Report, RootSet, Verdict,
};
use serde_json::{Value, json};

use super::reference::{self, Arc, Cut, Expected, Fate, Order};
use super::script::{Answer, Call, Detach, Entry, NotDone, Script, cascade};
use super::tape::Tape;
use super::trace::{self, Judge, Judged, Terms};
use super::world::{EdgeSpec, Instance, OperationSpec, World, closes_cycle};
use crate::schemas::{DIFFERENCE, PLAN, REPORT, assert_conforms};

/// The settings of a run, and what happens to it.
#[derive(Clone, Debug)]
pub(crate) struct RunSpec {
    pub(crate) policy: FailurePolicy,
    pub(crate) forced: bool,
    /// Whether the run may give up the order of cycles.
    pub(crate) allow_cuts: bool,
    /// Of 16 calls, this many fail.
    pub(crate) trouble: usize,
    /// How the run handles late dependents.
    pub(crate) drift: Drift,
    /// How long a run relies on a discovery of everything.
    pub(crate) fresh_for: Duration,
    /// The test cancels the run after this many released calls.
    pub(crate) cancel_after: Option<usize>,
    /// Whether an event listener is registered. Without one, steps use the fast path.
    pub(crate) observed: bool,
}

impl RunSpec {
    /// What the judge needs to know of the run and of its report.
    pub(crate) fn terms(&self, drifted: BTreeSet<Instance>, not_begun: BTreeSet<Instance>) -> Terms {
        let refreshes_always = self.drift != Drift::Ignore && self.fresh_for.is_zero();
        Terms { policy: self.policy, drift: self.drift, drifted, not_begun, refreshes_always }
    }
}

/// Runs on a clock that jumps to the next timer when no task can continue.
pub(crate) fn on_paused_clock<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test)
}

/// Polls the future until it waits for the test, answers a waiting call, and repeats until the future ends.
async fn drive<T>(
    script: &Script,
    tape: &mut Tape,
    mut answer: impl FnMut(&mut Tape, &Call) -> Answer,
    mut before_each: impl FnMut(),
    future: impl Future<Output = T>,
) -> T {
    let mut future = std::pin::pin!(future);
    let (mut idle, mut progress) = (0, 0);
    loop {
        // The clock advances only when no task can continue.
        if let Ok(ended) = tokio::time::timeout(Duration::from_millis(1), &mut future).await {
            return ended;
        }
        let known = script.state().entries.len();
        if known > progress {
            idle = 0;
        }
        script.state().entries.push(Entry::Quiet);
        progress = known + 1;
        if script.state().waiting.is_empty() {
            // A method that hangs needs thousands of rounds until its timeout.
            idle += 1;
            assert!(idle < 10_000, "no call waits for the test, and the engine makes no progress");
            // The run waits for a retry or a timeout.
            if let Ok(ended) = tokio::time::timeout(Duration::from_secs(20 * 60), &mut future).await {
                return ended;
            }
            continue;
        }
        idle = 0;
        before_each();
        let at_once = 1 + tape.below(3);
        for _ in 0..at_once {
            let count = script.state().waiting.len();
            if count == 0 {
                break;
            }
            let waiting = script.state().waiting.remove(tape.below(count));
            let answer = waiting.call.map_or(Answer::Well, |(_, call)| answer(tape, &call));
            // A dropped call no longer listens.
            let _ = waiting.release.send(answer);
        }
    }
}

/// The plan of a world. Its finders answer in the order of the tape.
pub(crate) async fn plan(
    world: &World,
    cascade: &Cascade,
    script: &Script,
    tape: &mut Tape,
) -> Result<Plan, PlanError> {
    let well = |_: &mut Tape, _: &Call| Answer::Well;
    match world.operation {
        OperationSpec::Delete => {
            let planning = cascade.plan_all(cascade_core::Delete, roots(world));
            drive(script, tape, well, || {}, planning).await
        }
        OperationSpec::Detach => {
            let planning = cascade.plan_all(Detach { from: String::from("x") }, roots(world));
            drive(script, tape, well, || {}, planning).await
        }
    }
}

fn roots<O: Operation>(world: &World) -> RootSet<O> {
    world.roots.iter().fold(RootSet::new(), |all, (resource, roots)| {
        let ids = roots.iter().map(|&number| world.printed((*resource, number)));
        all.and_named(&world.resources[*resource].name, ids)
    })
}

/// A plan that matches the model.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) expected: Expected,
    pub(crate) order: Order,
}

/// Plans and compares with the model. `None` if the model also expects no plan.
pub(crate) async fn plan_as_expected(
    world: &World,
    cascade: &Cascade,
    script: &Script,
    tape: &mut Tape,
) -> Option<Planned> {
    let plan = plan(world, cascade, script, tape).await;
    let Some(mut expected) = reference::plan(world) else {
        assert!(matches!(plan, Err(PlanError::NoRule { .. })), "{plan:?}");
        return None;
    };
    if reference::leaves_out_parents(world, &expected) {
        let Err(PlanError::Finder { source, .. }) = plan else { panic!("{plan:?}") };
        assert!(source.to_string().contains("names children alone, but with `exclusive = "), "{source}");
        return None;
    }
    let plan = plan.unwrap();
    let calls = script.state().finder_calls.clone();
    reference::check_calls(world, &expected, &calls);
    expected.arcs = reference::arcs(world, &expected, &calls);
    reference::put_early_effects_first(world, &mut expected);
    let order = reference::check_cut(world, &expected, &cut(world, &expected, &plan));
    compare(world, &expected, &plan);
    compare_vetoes(world, &expected, &plan, script);
    Some(Planned { plan, expected, order })
}

/// The cuts of the plan.
fn cut(world: &World, expected: &Expected, plan: &Plan) -> Cut {
    let summary = plan.summary().unwrap();
    let cycles = reference::cycles(world, expected);
    let mut found = Cut::default();
    for cut in &summary.cut {
        let (parent, child) = (find(world, &cut.parent), find(world, &cut.child));
        let is_cut =
            |edge: &EdgeSpec| (edge.parent, edge.child, &edge.role) == (parent.0, child.0, &cut.role);
        let edge = world.edges.iter().position(is_cut);
        assert_eq!(cut.may_cut, world.edges[edge.unwrap()].may_cut, "{cut}");
        let arcs = if cut.end_only { &mut found.ends } else { &mut found.whole };
        // The plan lists an arc once, for whatever root resource it is cut.
        for copy in world.copies_of(edge.unwrap()) {
            let arc = Arc { edge: copy, parent, child };
            let may_be_cut = reference::may_be_cut(world, expected, &cycles, &arc);
            assert!(!may_be_cut || arcs.insert(arc), "an arc is cut twice");
        }
    }
    found
}

fn find(world: &World, name: &InstanceName) -> Instance {
    let resource = world.resources.iter().position(|spec| spec.name == name.resource).unwrap();
    let instance = (resource, name.text.trim_start_matches('i').parse().unwrap());
    assert_eq!(name.id, id(world, instance));
    instance
}

/// The id in JSON.
fn id(world: &World, instance: Instance) -> Value {
    if world.resources[instance.0].text_ids { world.printed(instance).into() } else { instance.1.into() }
}

/// The instance in JSON.
fn named(world: &World, instance: Instance) -> Value {
    let resource = &world.resources[instance.0].name;
    json!({ "resource": resource, "id": id(world, instance), "text": world.printed(instance) })
}

fn compare(world: &World, expected: &Expected, plan: &Plan) {
    let mut resources = BTreeMap::new();
    let mut affected = serde_json::Map::new();
    for (at, resource) in world.resources.iter().enumerate() {
        let mut instances: Vec<_> =
            expected.instances.iter().filter(|(instance, _)| instance.0 == at).collect();
        let retained = expected.retained.iter().filter(|instance| instance.0 == at).count();
        if instances.len() + retained == 0 {
            continue;
        }
        if resource.text_ids {
            instances.sort_by_key(|(instance, _)| world.printed(**instance));
        }
        let name_of =
            |&(extension, effect): &(usize, usize)| world.extensions[extension].effects[effect].name.clone();
        let mut effects: BTreeMap<String, usize> = BTreeMap::new();
        let mut entries = Vec::new();
        for &(&instance, fate) in &instances {
            let names: Vec<String> = fate.effects.iter().map(name_of).collect();
            let distinct: BTreeSet<&String> = names.iter().collect();
            for name in distinct {
                *effects.entry(name.clone()).or_default() += 1;
            }
            let mut parents: BTreeMap<(&str, String, Option<&str>), Value> = BTreeMap::new();
            for arc in expected.arcs.iter().filter(|arc| arc.child == instance) {
                let resource = world.resources[arc.parent.0].name.as_str();
                let role = world.edge(arc.edge).role.as_deref();
                let mut parent = named(world, arc.parent);
                if let Some(role) = role {
                    parent["role"] = role.into();
                }
                parents.insert((resource, world.printed(arc.parent), role), parent);
            }
            let (id, text) = (id(world, instance), world.printed(instance));
            let parents: Vec<Value> = parents.into_values().collect();
            entries.push(json!({ "id": id, "text": text, "effects": names, "parents": parents }));
        }
        let going = instances.iter().filter(|(_, fate)| fate.removed).count();
        resources.insert(
            &resource.name,
            json!({ "instances": instances.len(), "effects": effects, "going": going, "retained": retained }),
        );
        if !entries.is_empty() {
            affected.insert(resource.name.clone(), entries.into());
        }
    }
    assert_conforms(&PLAN, plan);
    let found = serde_json::to_value(plan).unwrap();
    assert_eq!(found["operation"], world.code());
    assert_eq!(found["affected"], Value::Object(affected));
    assert_eq!(found["resources"], serde_json::to_value(resources).unwrap());
    assert_eq!(found["instances"], expected.instances.len());
    assert_eq!(plan.len(), expected.instances.len());
    let roots: BTreeSet<String> = world.root_instances().map(|root| named(world, root).to_string()).collect();
    let found: Vec<String> = found["roots"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(found.len(), roots.len(), "{found:?}");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), roots);
}

fn compare_vetoes(world: &World, expected: &Expected, plan: &Plan, script: &Script) {
    let mut vetoes = BTreeSet::new();
    let mut asked = BTreeSet::new();
    for (at, extension) in world.extensions.iter().enumerate() {
        let Some(protected) = extension.check.as_ref().filter(|_| world.mentions(at, world.operation)) else {
            continue;
        };
        for (&instance, fate) in &expected.instances {
            let meant = extension.check_only.is_none_or(|only| fate.effects.contains(&(at, only)));
            if instance.0 == extension.resource && meant {
                asked.insert((at, instance.1));
                if protected.contains(&instance.1) {
                    vetoes.insert((extension.resource, world.printed(instance), format!("X{at}::may")));
                }
            }
        }
    }
    for &(edge, instance) in &expected.restricted {
        let EdgeSpec { extension, parent, role, .. } = world.edge(edge);
        let parent = role.as_ref().unwrap_or(&world.resources[*parent].name);
        let check = format!("X{extension}, restrict from {parent}");
        vetoes.insert((instance.0, world.printed(instance), check));
    }
    let checked = std::mem::take(&mut script.state().checked);
    assert_eq!(checked.len(), asked.len(), "instances that checks were asked about");
    assert_eq!(checked.into_iter().collect::<BTreeSet<_>>(), asked, "instances that checks were asked about");
    let found: Vec<_> = plan
        .vetoes()
        .iter()
        .map(|veto| {
            let (resource, _) = find(world, &veto.instance);
            (resource, veto.instance.text.clone(), veto.check.clone())
        })
        .collect();
    assert_eq!(found, vetoes.into_iter().collect::<Vec<_>>());
}

/// Applies the plan and compares with the model. `None` if the model also expects a veto.
pub(crate) async fn apply_as_expected(
    world: &World,
    run: &RunSpec,
    cascade: &Cascade,
    script: &Script,
    tape: &mut Tape,
    planned: Planned,
) -> Option<(Report, Judged)> {
    let Planned { plan, mut expected, mut order } = planned;
    let cuts = cuts_to_allow(&plan);
    if !cuts.is_empty() && !run.allow_cuts {
        assert_cuts_refused(run, cascade, script, plan, &cuts).await;
        return None;
    }
    let mut vetoes = plan.vetoes().to_vec();
    let planned = (world, expected.clone(), order.clone(), vetoes.clone());
    script.state().moving = true;
    let now = script.world_at_start();
    let at_start = plan_at_start(run.drift, now, &planned.1, &cuts, cascade, script, tape).await;
    let (mut world, mut growth) = (world, None);
    if let Some(AtStart { world: now, planned, refused }) = &at_start {
        growth = refused.as_ref();
        if growth.is_none() {
            // The run is that of the plan of now.
            world = now;
            vetoes = planned.plan.vetoes().to_vec();
            (expected, order) = (planned.expected.clone(), planned.order.clone());
        }
    }
    script.state().counted = 0;
    let token = CancellationToken::new();
    script.state().cancel = run.cancel_after.map(|calls| (calls, token.clone()));
    script.state().entries.clear();
    script.state().moving = true;
    let observed = script.clone();
    let mut applying = cascade
        .apply(plan)
        .policy(run.policy)
        .forced(run.forced)
        .drift(run.drift)
        .fresh_for(run.fresh_for)
        .cancelled_by(token.clone());
    if run.allow_cuts {
        applying = applying.allow_cuts();
    }
    if run.observed || run.drift != Drift::Ignore {
        applying = applying.on_event(move |event| match event {
            Event::StepEnded { step, ended, blocked, .. } if step.phase == Phase::Effect => {
                observed.state().counted += ended + blocked;
            }
            event => observed.observe(event),
        });
    }
    let answer = |tape: &mut Tape, call: &Call| answer(tape, call, run.trouble);
    let report = drive(script, tape, answer, || script.one_more(), applying.into_future()).await;
    let mut entries = std::mem::take(&mut script.state().entries);
    let (counted, grew) = (script.state().counted, entries.iter().any(|it| matches!(it, Entry::Grown)));
    assert!(grew || counted <= expected.instances.len(), "events count an instance twice");
    // A cancelled run starts nothing, so it need not be refused.
    let is_begun = |entry: &Entry| matches!(entry, Entry::Begun);
    let mut before = entries.iter().take_while(|entry| !is_begun(entry));
    let cancelled = before.any(|entry| matches!(entry, Entry::Cancelled));
    if let Some(growth) = growth
        && (!cancelled || matches!(report, Err(ApplyError::Drifted { .. })))
    {
        assert_refused(world, &report, &entries, growth);
        return None;
    }
    // A cancellation may come before the comparison: then the run is that of the plan, and starts nothing.
    let is_of_plan = match &report {
        Ok(report) => {
            let instances = reported(world, report);
            instances.iter().eq(planned.1.instances.keys()) && report.summary().overridden == planned.3
        }
        Err(ApplyError::Vetoed { vetoes }) => *vetoes == planned.3,
        Err(_) => false,
    };
    if cancelled && is_of_plan {
        (world, expected, order, vetoes) = planned;
    }
    // The discovery before the run replaces no rediscovery of the run.
    let begun = entries.iter().position(is_begun).unwrap_or(0);
    let before: Vec<Entry> = entries.drain(..begun).collect();
    entries
        .splice(0..0, before.into_iter().filter(|entry| !matches!(entry, Entry::Found(..) | Entry::Quiet)));
    if !vetoes.is_empty() && !run.forced {
        let Err(ApplyError::Vetoed { vetoes: found }) = report else { panic!("{report:?}") };
        assert_eq!(found, vetoes);
        assert!(!entries.iter().any(|entry| matches!(entry, Entry::Started(..))), "a vetoed plan ran");
        return None;
    }
    let report = report.unwrap();
    let rediscovers = run.drift != Drift::Ignore;
    // A step that rediscovers holds its slot, but has not started.
    let entries: Vec<Entry> =
        entries.into_iter().filter(|entry| !(rediscovers && matches!(entry, Entry::Quiet))).collect();
    let failed = |is_it: &dyn Fn(&Failure) -> bool| -> BTreeSet<Instance> {
        let failures = report.failures().filter(|(_, failure)| is_it(failure));
        failures.map(|(at, _)| find(world, &at.name())).collect()
    };
    let drifted = failed(&|failure| matches!(*failure.error, CallError::Drifted(_)));
    let forces = run.policy == FailurePolicy::Force;
    let not_begun = failed(&|failure| forces && failure.phase == Phase::Begin);
    let terms = run.terms(drifted, not_begun);
    let judged = Judge::new(world, &expected, &order, terms).judge(&entries);
    compare_report(world, &judged, &report);
    assert_eq!(report.summary().overridden, vetoes);
    assert_eq!(report.is_cancelled(), token.is_cancelled());
    Some((report, judged))
}

/// A run that may not give up the order of cycles refuses the plan, and calls no method.
async fn assert_cuts_refused(
    run: &RunSpec,
    cascade: &Cascade,
    script: &Script,
    plan: Plan,
    cuts: &[CutSummary],
) {
    script.state().entries.clear();
    let applying = cascade.apply(plan).policy(run.policy).forced(run.forced).drift(run.drift);
    let Err(ApplyError::Cuts { cuts: found }) = applying.await else { panic!("{cuts:?} were not allowed") };
    assert_eq!(found, cuts);
    assert!(script.state().entries.is_empty(), "a refused plan called a method");
}

/// The instances of a report.
fn reported(world: &World, report: &Report) -> BTreeSet<Instance> {
    report.verdicts().map(|(instance, _)| find(world, &instance.name())).collect()
}

/// The cuts that a run has to allow. A child without a step may end later: that need not be allowed. Nor need cuts of edges that
/// are declared so.
pub(crate) fn cuts_to_allow(plan: &Plan) -> Vec<CutSummary> {
    let cuts = plan.summary().unwrap().cut.into_iter();
    cuts.filter(|cut| !cut.end_only && !cut.may_cut).collect()
}

/// The world and the plan when a run starts.
pub(crate) struct AtStart {
    pub(crate) world: World,
    pub(crate) planned: Planned,
    /// The difference for which the run is refused.
    pub(crate) refused: Option<Growth>,
}

/// Plans in the world of now, and compares with the older plan. `None` if the run ignores drift.
pub(crate) async fn plan_at_start(
    drift: Drift,
    now: World,
    before: &Expected,
    cuts: &[CutSummary],
    cascade: &Cascade,
    script: &Script,
    tape: &mut Tape,
) -> Option<AtStart> {
    if drift == Drift::Ignore {
        return None;
    }
    script.state().finder_calls.clear();
    let planned = plan_as_expected(&now, cascade, script, tape).await.expect("links change no rule");
    let known = |cut: &CutSummary| {
        let mut arcs = cuts.iter().map(|cut| (&cut.parent, &cut.child, &cut.role));
        arcs.any(|arc| arc == (&cut.parent, &cut.child, &cut.role))
    };
    let new_cuts = cuts_to_allow(&planned.plan).into_iter().filter(|cut| !known(cut)).count();
    let growth = growth(before, &planned.expected, new_cuts);
    let refused = growth.is_refused(drift).then_some(growth);
    Some(AtStart { world: now, planned, refused })
}

/// How a plan differs if it is made when the run starts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Growth {
    added: usize,
    gone: usize,
    changed: usize,
    extended: usize,
    cuts: usize,
}

impl Growth {
    fn is_refused(&self, drift: Drift) -> bool {
        let adds = self.added + self.extended > 0;
        let differs = adds || self.gone + self.changed > 0;
        self.cuts > 0
            || match drift {
                Drift::Ignore | Drift::Follow => false,
                Drift::Exact => differs,
                _ => adds,
            }
    }
}

/// Compares two plans: instances, and what is done to them.
fn growth(before: &Expected, now: &Expected, cuts: usize) -> Growth {
    let mut growth = Growth { added: 0, gone: 0, changed: 0, extended: 0, cuts };
    let effects = |fate: &Fate| fate.effects.iter().copied().collect::<BTreeSet<_>>();
    for (instance, fate) in &now.instances {
        let Some(before) = before.instances.get(instance) else {
            growth.added += 1;
            continue;
        };
        let further = !effects(fate).is_subset(&effects(before));
        let removed = fate.removed && !before.removed;
        growth.extended += usize::from(further || removed);
        growth.changed += usize::from(effects(fate) != effects(before) || fate.removed != before.removed);
    }
    growth.gone = before.instances.keys().filter(|instance| !now.instances.contains_key(instance)).count();
    growth
}

/// The run was refused with that difference, and no method was called that changes something.
pub(crate) fn assert_refused(
    world: &World,
    report: &Result<Report, ApplyError>,
    entries: &[Entry],
    growth: &Growth,
) {
    let Err(ApplyError::Drifted { difference, plan }) = report else { panic!("{growth:?}, and {report:?}") };
    let found = Growth {
        added: difference.added,
        gone: difference.gone,
        changed: difference.changed,
        extended: difference.extended,
        cuts: difference.cuts,
    };
    assert_eq!(found, *growth, "{world:?}: {difference}");
    assert_eq!(difference.digest, plan.digest().unwrap());
    assert_conforms(&DIFFERENCE, difference);
    assert!(!entries.iter().any(|entry| matches!(entry, Entry::Started(..))), "a refused plan ran");
}

/// How a call ends.
pub(crate) fn answer(tape: &mut Tape, call: &Call, trouble: usize) -> Answer {
    if tape.below(16) < 16 - trouble {
        return Answer::Well;
    }
    match tape.below(8) {
        0 | 1 => Answer::Fail { terminal: false },
        2 => Answer::Fail { terminal: true },
        3 => Answer::Panic,
        4 => Answer::Hang,
        _ => {
            let mut not_done = Vec::new();
            let failed = |terminal: bool| NotDone::Failed { terminal };
            for &id in &call.instances {
                match tape.below(8) {
                    0 => not_done.push((id, failed(false))),
                    1 => not_done.push((id, failed(true))),
                    2 => not_done.extend([(id, failed(false)), (id, failed(false))]),
                    3 => not_done.extend([(id, NotDone::Left), (id, failed(false)), (id, NotDone::Left)]),
                    4 | 5 => not_done.push((id, NotDone::Left)),
                    _ => {}
                }
            }
            Answer::NotAll(not_done)
        }
    }
}

pub(crate) fn compare_report(world: &World, judged: &Judged, report: &Report) {
    let mut found = BTreeMap::new();
    for (instance, verdict) in report.verdicts() {
        let at = find(world, &instance.name());
        let fate = match verdict {
            Verdict::Done => trace::Fate::Done,
            Verdict::Failed(_) => trace::Fate::Failed,
            Verdict::Blocked { by } => {
                let by = find(world, &by.name());
                assert_eq!(
                    judged.fates[&by],
                    trace::Fate::Failed,
                    "{instance} is blocked by an instance that did not fail"
                );
                assert!(judged.causes[&at].contains(&by), "{by:?} cannot block {instance}");
                trace::Fate::Blocked
            }
            Verdict::NotStarted => trace::Fate::NotStarted,
            Verdict::Left { reason } => {
                assert!(!reason.is_empty(), "{instance} is left without a reason");
                trace::Fate::Left
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(found.insert(at, fate), None, "{instance} has two verdicts");
    }
    assert_eq!(found, judged.fates);
    compare_json(world, judged, report);
    let summary = report.summary();
    let count = |fate: trace::Fate| judged.fates.values().filter(|it| **it == fate).count();
    assert_eq!(
        [summary.done, summary.failed, summary.blocked, summary.not_started, summary.left],
        [
            trace::Fate::Done,
            trace::Fate::Failed,
            trace::Fate::Blocked,
            trace::Fate::NotStarted,
            trace::Fate::Left
        ]
        .map(count)
    );
    assert_eq!(summary.failures.len(), summary.failed);
    let left: BTreeSet<Instance> = report.left().map(|(instance, _)| find(world, &instance.name())).collect();
    let expected: BTreeSet<Instance> = judged
        .fates
        .iter()
        .filter(|(_, fate)| **fate == trace::Fate::Left)
        .map(|(instance, _)| *instance)
        .collect();
    assert_eq!(left, expected);
    assert_eq!(summary.left_instances.len(), expected.len().min(100));
    assert_eq!(summary.roots_left, judged.roots_left);
    assert_eq!(summary.is_complete(), judged.is_complete());
    assert_eq!(summary.not_cleaned_up, judged.not_cleaned_up);
    assert_eq!(summary.done_below_left, judged.done_below_left);
    assert_eq!(report.is_complete(), judged.is_complete());
}

/// The report's JSON has the same verdicts, and names the failed instances twice: among all, and among the failures.
fn compare_json(world: &World, judged: &Judged, report: &Report) {
    assert_conforms(&REPORT, report);
    let found = serde_json::to_value(report).unwrap();
    let (mut fates, mut failed, mut named_failed) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    for (resource, entries) in found["affected"].as_object().unwrap() {
        for entry in entries.as_array().unwrap() {
            let mut name = entry.clone();
            name["resource"] = resource.as_str().into();
            let at = find(world, &serde_json::from_value(name).unwrap());
            let fate = match entry["verdict"].as_str().unwrap() {
                "done" => trace::Fate::Done,
                "failed" => trace::Fate::Failed,
                "blocked" => {
                    let by = find(world, &serde_json::from_value(entry["by"].clone()).unwrap());
                    assert!(judged.causes[&at].contains(&by), "{by:?} cannot block {entry}");
                    trace::Fate::Blocked
                }
                "not_started" => trace::Fate::NotStarted,
                "left" => trace::Fate::Left,
                other => panic!("{other}"),
            };
            if fate == trace::Fate::Failed {
                failed.insert((at, entry["error"].to_string()));
            }
            assert_eq!(fates.insert(at, fate), None, "{entry} is listed twice");
        }
    }
    for failure in found["failures"].as_array().unwrap() {
        let at = find(world, &serde_json::from_value(failure.clone()).unwrap());
        named_failed.insert((at, failure["error"].to_string()));
    }
    assert_eq!(fates, judged.fates);
    assert_eq!(failed, named_failed);
    assert_eq!((&found["format"], &found["complete"]), (&1.into(), &report.is_complete().into()));
}

/// The engine for a world; it answers in the order of the tape. `None` if the model also expects a contradicting
/// `after`, or an edge that may be cut and closes no cycle.
pub(crate) fn engine(world: &World, tape: &mut Tape) -> Option<(Script, Cascade)> {
    let world = Shared::new(world.clone());
    let script = Script::new(&world);
    script.state().rows = tape.clone();
    let built = cascade(&world, &script, tape);
    let contradicts = reference::contradicts(&world);
    let is_idle = |at: usize| world.edges[at].may_cut && !closes_cycle(&world, at);
    let idle = (0..world.edges.len()).filter(|&at| is_idle(at)).count();
    if contradicts || idle > 0 {
        let error = built.unwrap_err();
        let (cuts, others): (Vec<&Fault>, Vec<&Fault>) =
            error.faults().iter().partition(|fault| fault.kind() == FaultKind::MayCut);
        assert_eq!(cuts.len(), idle, "{error}");
        assert!(others.iter().all(|fault| fault.kind() == FaultKind::After), "{error}");
        assert_eq!(!others.is_empty(), contradicts, "{error}");
        return None;
    }
    Some((script, built.unwrap()))
}
