//! Extensions whose steps run one at a time per parent, by examples. Time is that of a clock that only the test moves.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cascade_core::{
    Cascade, CascadeBuilder, Declaration, Delete, Found, Outcome, PlanError, Report, ResourceDescriptor,
    RootSet, Rule, StepSettings, place,
};
use tokio::time::{Instant, sleep};

use crate::model::drive::on_paused_clock;

/// How long a step takes, unless the number of its first instance has thousands: then that much longer.
const STEP: Duration = Duration::from_millis(50);

/// A step: when it started, in steps since the start of the run, and its instances.
type StepSeen = (u128, Vec<u64>);

/// The steps that have started.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<StepSeen>>>);

impl Seen {
    /// The steps of each round. No step of a round ends before another one of the round starts.
    fn rounds(&self) -> BTreeMap<u128, Vec<Vec<u64>>> {
        let mut rounds: BTreeMap<u128, Vec<Vec<u64>>> = BTreeMap::new();
        for (round, instances) in self.0.lock().unwrap().clone() {
            rounds.entry(round).or_default().push(instances);
        }
        rounds
    }
}

fn resource(name: &str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<u64>(name, place!())
}

/// The links of an edge: parent and child.
type Links = Vec<(u64, u64)>;

/// An extension that removes its instances.
fn removed(name: &str, settings: StepSettings, seen: &Seen, start: Instant) -> Declaration<(), u64> {
    let mut declared = Declaration::new(format!("{name}s"), resource(name), place!());
    let seen = seen.clone();
    declared.settings(settings).rule(Rule::effect::<Delete>("remove", place!())).effect(
        "remove",
        place!(),
        move |(), ids: &[u64], _| {
            let round = start.elapsed().as_millis() / STEP.as_millis();
            seen.0.lock().unwrap().push((round, ids.to_vec()));
            let rounds = u32::try_from(ids[0] / 1000).unwrap() + 1;
            Box::pin(async move {
                sleep(STEP * rounds).await;
                Ok(Outcome::done())
            })
        },
    );
    declared
}

/// Adds an edge with these links. Its children are removed.
fn under(declared: &mut Declaration<(), u64>, parent: &str, links: &Links) {
    let links = links.clone();
    let mut edge = declared.edge_with(resource(parent), place!());
    edge.finder("find", move |(), asked: &[u64], _| {
        let found = links.iter().filter(|link| asked.contains(&link.0)).copied().collect();
        Box::pin(async move { Ok(Found::Pairs(found)) })
    });
    edge.on::<Delete>("remove");
}

/// A resource whose instances only lead to others.
fn bare(name: &str) -> Declaration<(), u64> {
    let mut declared = Declaration::new(format!("{name}s"), resource(name), place!());
    declared.rule(Rule::effect::<Delete>("remove", place!())).effect(
        "remove",
        place!(),
        |(), _: &[u64], _| Box::pin(async { Ok(Outcome::done()) }),
    );
    declared
}

fn settings(batch: usize) -> StepSettings {
    StepSettings::default().batch(batch).concurrency(100)
}

/// Deletes these roots. Returns the report and the number of rounds.
async fn delete(builder: CascadeBuilder, resource: &str, roots: &[u64]) -> (Report, u128) {
    let cascade = builder.build().unwrap();
    let roots = RootSet::new().and_named(resource, roots.iter().map(u64::to_string));
    let plan = cascade.plan_all(Delete, roots).await.unwrap();
    let start = Instant::now();
    let report = cascade.apply(plan).await.unwrap();
    (report, start.elapsed().as_millis() / STEP.as_millis())
}

/// Balancers of 5 listeners each. The number of a listener without its last digit is that of its balancer.
fn listeners(balancers: u64) -> Links {
    (0..balancers).flat_map(|balancer| (0..5).map(move |number| (balancer, balancer * 10 + number))).collect()
}

#[test]
fn ten_balancers_of_five_listeners_take_five_rounds() {
    on_paused_clock(async {
        let seen = Seen::default();
        let mut listener = removed("Listener", settings(1), &seen, Instant::now());
        under(&mut listener, "Balancer", &listeners(10));
        listener.exclusive(resource("Balancer"));
        let builder = Cascade::builder().declare((), bare("Balancer")).declare((), listener);
        let balancers: Vec<u64> = (0..10).collect();
        let (report, rounds) = delete(builder, "Balancer", &balancers).await;
        assert!(report.is_complete(), "{report}");
        assert_eq!(rounds, 5);
        assert_eq!(seen.rounds().len(), 5);
        for (round, steps) in seen.rounds() {
            let balancers: Vec<u64> = steps.iter().flatten().map(|listener| listener / 10).collect();
            let distinct: BTreeSet<u64> = balancers.iter().copied().collect();
            assert_eq!((balancers.len(), distinct.len()), (10, 10), "round {round}: {steps:?}");
        }
    });
}

#[test]
fn a_step_has_instances_of_one_parent_only() {
    on_paused_clock(async {
        let seen = Seen::default();
        let mut listener = removed("Listener", settings(3), &seen, Instant::now());
        under(&mut listener, "Balancer", &listeners(2));
        listener.exclusive(resource("Balancer"));
        let builder = Cascade::builder().declare((), bare("Balancer")).declare((), listener);
        assert!(delete(builder, "Balancer", &[0, 1]).await.0.is_complete());
        let rounds =
            BTreeMap::from([(0, vec![vec![0, 1, 2], vec![10, 11, 12]]), (1, vec![vec![3, 4], vec![13, 14]])]);
        assert_eq!(seen.rounds(), rounds);
    });
}

/// The order of two resources under one balancer does not matter, but their steps must not overlap there.
#[test]
fn extensions_that_name_the_same_resource_exclude_each_other() {
    on_paused_clock(async {
        let seen = Seen::default();
        let start = Instant::now();
        let mut builder = Cascade::builder().declare((), bare("Balancer"));
        for (at, name) in [(100, "Listener"), (200, "Pool")] {
            let mut declared = removed(name, settings(10), &seen, start);
            under(&mut declared, "Balancer", &vec![(1, at + 1), (2, at + 2)]);
            declared.exclusive(resource("Balancer"));
            builder = builder.declare((), declared);
        }
        let (report, rounds) = delete(builder, "Balancer", &[1, 2]).await;
        assert!(report.is_complete());
        assert_eq!(rounds, 2);
        for steps in seen.rounds().values() {
            let mut balancers: Vec<u64> = steps.iter().flatten().map(|at| at % 100).collect();
            balancers.sort_unstable();
            assert_eq!(balancers, [1, 2]);
        }
    });
}

#[test]
fn a_step_holds_all_parents_of_its_instance() {
    on_paused_clock(async {
        let seen = Seen::default();
        let mut listener = removed("Listener", settings(10), &seen, Instant::now());
        under(&mut listener, "Balancer", &vec![(1, 10), (1, 12), (2, 12), (2, 20), (3, 30)]);
        listener.exclusive(resource("Balancer"));
        let builder = Cascade::builder().declare((), bare("Balancer")).declare((), listener);
        assert!(delete(builder, "Balancer", &[1, 2, 3]).await.0.is_complete());
        let rounds = BTreeMap::from([(0, vec![vec![10], vec![20], vec![30]]), (1, vec![vec![12]])]);
        assert_eq!(seen.rounds(), rounds);
    });
}

/// Listener 10 waits for balancer 1, and then for balancer 2, which another step takes before the listener has a place. Listener 11
/// needs only balancer 1.
#[test]
fn an_instance_starts_although_another_one_waited_longer_for_its_parent() {
    on_paused_clock(async {
        let seen = Seen::default();
        let start = Instant::now();
        let one = settings(1).concurrency(1);
        let mut address = removed("Address", one, &seen, start);
        under(&mut address, "Balancer", &vec![(1, 100), (2, 2000)]);
        let mut listener = removed("Listener", one, &seen, start);
        under(&mut listener, "Balancer", &vec![(3, 1000), (1, 10), (2, 10), (1, 11)]);
        let mut builder = Cascade::builder().declare((), bare("Balancer"));
        for mut declared in [address, listener] {
            declared.exclusive(resource("Balancer"));
            builder = builder.declare((), declared);
        }
        assert!(delete(builder, "Balancer", &[3, 1, 2]).await.0.is_complete());
        let rounds = BTreeMap::from([
            (0, vec![vec![100], vec![1000]]),
            (1, vec![vec![2000]]),
            (2, vec![vec![11]]),
            (4, vec![vec![10]]),
        ]);
        assert_eq!(seen.rounds(), rounds);
    });
}

/// The operation does not come from the balancers, so the plan does not know them.
#[test]
fn instances_without_a_known_parent_run_alone() {
    on_paused_clock(async {
        let seen = Seen::default();
        let start = Instant::now();
        let mut listener = removed("Listener", settings(10), &seen, start);
        under(&mut listener, "Balancer", &Vec::new());
        under(&mut listener, "Certificate", &vec![(1, 10), (1, 11), (1, 20)]);
        listener.exclusive(resource("Balancer"));
        let builder = Cascade::builder().declare((), bare("Balancer")).declare((), bare("Certificate"));
        let (report, rounds) = delete(builder.declare((), listener), "Certificate", &[1]).await;
        assert!(report.is_complete());
        assert_eq!(rounds, 3);
        let rounds = BTreeMap::from([(0, vec![vec![10]]), (1, vec![vec![11]]), (2, vec![vec![20]])]);
        assert_eq!(seen.rounds(), rounds);
    });
}

/// An error with its sources.
fn in_full(error: &PlanError) -> String {
    let sources = std::iter::successors(error.source(), |&error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

#[test]
fn an_answer_of_children_alone_is_refused_and_the_error_says_what_to_return() {
    let refusal = |in_role: bool| {
        let parent =
            || if in_role { resource("Balancer").in_role("main") } else { resource("Balancer").into() };
        let mut listener = bare("Listener");
        let mut edge = listener.edge_with(parent(), place!());
        edge.finder("on_balancers", |(), _: &[u64], _| Box::pin(async { Ok(Found::Children(vec![7_u64])) }));
        edge.on::<Delete>("remove").exclusive();
        let builder = Cascade::builder().declare((), bare("Balancer")).declare((), listener);
        let cascade = builder.build().unwrap();
        let planning = cascade.plan_all(Delete, RootSet::new().and_named("Balancer", ["1"]));
        in_full(&on_paused_clock(planning).unwrap_err())
    };
    let expected = |named: &str| {
        format!(
            "its answer names children alone, but with `exclusive = {named}` the parent of each has to be known: it must \
             return pairs of a Balancer and a child, or the children per Balancer"
        )
    };
    for (in_role, named) in [(false, "Balancer"), (true, "main")] {
        let refusal = refusal(in_role);
        assert!(
            refusal.contains("Listeners::on_balancers") && refusal.ends_with(&expected(named)),
            "{refusal}"
        );
    }
}

#[test]
fn an_edge_may_be_exclusive_before_it_is_declared_and_the_documents_say_so() {
    let graph = |exclusive: bool| {
        let mut listener = bare("Listener");
        if exclusive {
            listener.exclusive(resource("Balancer"));
        }
        under(&mut listener, "Balancer", &Vec::new());
        assert_eq!(listener.descriptor().edges[0].exclusive, exclusive);
        let builder = Cascade::builder().declare((), bare("Balancer")).declare((), listener);
        let cascade = builder.build().unwrap();
        let document = cascade.graph().document();
        let fingerprint = cascade_core::remote::Fingerprint::of(&cascade);
        let json = serde_json::to_string(&document).unwrap();
        (cascade.graph().version(), json, document.to_markdown(), fingerprint)
    };
    let (with, without) = (graph(true), graph(false));
    // It decides when steps run, not which: a plan in a journal stays valid.
    assert_eq!(with.0, without.0);
    assert!(with.1.contains("\"exclusive\":true") && !without.1.contains("\"exclusive\":"));
    assert!(
        with.2.contains("; one step at a time per parent\n") && !without.2.contains("one step at a time")
    );
    let difference = with.3.difference(&without.3).unwrap();
    assert_eq!(difference.lacks, ["steps of Listeners: one at a time per Balancer"]);
}
