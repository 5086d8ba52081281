//! The documented promises, on random worlds.

use std::time::Duration;

use cascade_core::{Drift, FailurePolicy};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use crate::loopback::behind_text;
use crate::model::drive::{self, RunSpec, apply_as_expected, on_paused_clock, plan_as_expected};
use crate::model::script::AtOnce;
use crate::model::tape::Tape;
use crate::model::world::{SMALL, Size, World, drifting_worlds, exclusive_worlds, moving_worlds, worlds};

/// Cases of the main property. `CASCADE_CASES` overrides it; other properties scale in proportion.
const CASES: u32 = 2000;

/// Checks the property for `few` cases, or a multiple of them if `CASCADE_CASES` is set.
pub(crate) fn check<S: Strategy>(strategy: &S, few: u32, test: impl Fn(S::Value)) {
    let all = std::env::var("CASCADE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let cases = (u64::from(few) * u64::from(all)).div_ceil(u64::from(CASES));
    let cases = u32::try_from(cases).unwrap_or(u32::MAX);
    let seed = std::env::var("CASCADE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        max_shrink_time: 20_000,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(strategy, |value| {
        test(value);
        Ok::<(), TestCaseError>(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, shrunk)) => panic!("{reason}\nwith {shrunk:?}"),
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn tapes(length: usize) -> impl Strategy<Value = Vec<u16>> {
    vec(any::<u16>(), 0..length)
}

pub(crate) fn runs() -> impl Strategy<Value = RunSpec> {
    let policy =
        prop_oneof![Just(FailurePolicy::Stop), Just(FailurePolicy::Isolate), Just(FailurePolicy::Force)];
    let drift = prop_oneof![4 => Just(Drift::Ignore), 1 => Just(Drift::Refuse), 1 => Just(Drift::Exact), 1 => Just(Drift::Follow)];
    let cancel_after = proptest::option::weighted(0.2, 0..12_usize);
    let may = (any::<bool>(), proptest::bool::weighted(0.8));
    (policy, may, 0..7_usize, drift, cancel_after, any::<bool>()).prop_map(
        |(policy, (forced, allow_cuts), trouble, drift, cancel_after, observed)| RunSpec {
            policy,
            forced,
            allow_cuts,
            trouble,
            drift,
            fresh_for: Duration::from_secs(10),
            cancel_after,
            observed,
        },
    )
}

fn plan_and_run(world: &World, run: &RunSpec, tape: Vec<u16>) {
    let mut tape = Tape::new(tape);
    let Some((script, cascade)) = drive::engine(world, &mut tape) else { return };
    on_paused_clock(async {
        let planned = plan_as_expected(world, &cascade, &script, &mut tape).await;
        if let Some(planned) = planned {
            apply_as_expected(world, run, &cascade, &script, &mut tape, planned).await;
        }
    });
}

#[test]
fn plans_and_runs_match_the_model() {
    check(&(worlds(SMALL), runs(), tapes(80)), CASES, |(world, run, tape)| plan_and_run(&world, &run, tape));
}

/// Runs without an event listener; half of them are cancelled.
fn unobserved_runs() -> impl Strategy<Value = RunSpec> {
    (runs(), proptest::option::of(0..30_usize)).prop_map(|(run, cancel_after)| RunSpec {
        cancel_after,
        drift: Drift::Ignore,
        observed: false,
        trouble: run.trouble / 2,
        ..run
    })
}

/// The same with methods of which most answer at their first poll: without a listener, their steps use the fast path.
#[test]
fn runs_on_the_fast_path_match_the_model() {
    let large = Size { resources: 4, edges: 6, links: 60, instances: 30 };
    for (size, cases) in [(SMALL, CASES / 2), (large, CASES / 10)] {
        check(&(worlds(size), unobserved_runs(), tapes(200)), cases, |(world, run, tape)| {
            let mut tape = Tape::new(tape);
            let Some((script, cascade)) = drive::engine(&world, &mut tape) else { return };
            on_paused_clock(async {
                let planned = plan_as_expected(&world, &cascade, &script, &mut tape).await;
                if let Some(planned) = planned {
                    let tape_of_methods = std::mem::take(&mut tape);
                    let trouble = run.trouble;
                    script.state().at_once = Some(AtOnce { tape: tape_of_methods, trouble });
                    apply_as_expected(&world, &run, &cascade, &script, &mut tape, planned).await;
                }
            });
        });
    }
}

/// The same engine with remote methods, whose calls pass through text.
#[test]
fn remote_runs_match_the_model() {
    check(&(worlds(SMALL), runs(), tapes(80)), CASES / 4, |(world, run, tape)| {
        let mut tape = Tape::new(tape);
        let Some((script, cascade)) = drive::engine(&world, &mut tape) else { return };
        let cascade = behind_text(&cascade);
        on_paused_clock(async {
            let planned = plan_as_expected(&world, &cascade, &script, &mut tape).await;
            if let Some(planned) = planned {
                apply_as_expected(&world, &run, &cascade, &script, &mut tape, planned).await;
            }
        });
    });
}

/// Many instances share parents, and have several of them: steps wait for each other in all ways.
#[test]
fn runs_of_exclusive_extensions_match_the_model() {
    let sizes = [(3, 4, 14, 6), (2, 2, 24, 10)];
    for (resources, edges, links, instances) in sizes {
        let size = Size { resources, edges, links, instances };
        let run = runs().prop_map(|run| RunSpec { forced: true, trouble: run.trouble / 2, ..run });
        check(&(exclusive_worlds(size), run, tapes(200)), CASES / 4, |(world, run, tape)| {
            plan_and_run(&world, &run, tape);
        });
    }
}

/// Half of the runs refresh their view before every step.
pub(crate) fn fresh_for() -> impl Strategy<Value = Duration> {
    prop_oneof![3 => Just(0), 2 => 1..8_u64, 1 => Just(1000)].prop_map(Duration::from_millis)
}

/// During the run, instances appear and disappear, and known instances get further parents or lose some.
#[test]
fn runs_in_a_changing_world_match_the_model() {
    let drift = prop_oneof![1 => Just(Drift::Ignore), 2 => Just(Drift::Refuse), 1 => Just(Drift::Exact), 4 => Just(Drift::Follow)];
    let run = (runs(), drift, fresh_for()).prop_map(|(run, drift, fresh_for)| RunSpec {
        drift,
        fresh_for,
        trouble: run.trouble / 2,
        ..run
    });
    check(&(moving_worlds(SMALL), run, tapes(80)), 1000, |(world, run, tape)| {
        plan_and_run(&world, &run, tape);
    });
}

/// The world changes between the plan and the run: with cycles, shared children, `restrict`, checks and cuts.
#[test]
fn runs_whose_world_changed_since_the_plan_match_the_model() {
    let drift = prop_oneof![1 => Just(Drift::Ignore), 3 => Just(Drift::Refuse), 2 => Just(Drift::Exact), 3 => Just(Drift::Follow)];
    let run = (runs(), drift).prop_map(|(run, drift)| RunSpec {
        drift,
        allow_cuts: true,
        trouble: run.trouble / 2,
        ..run
    });
    check(&(drifting_worlds(SMALL), run, tapes(80)), CASES, |(world, run, tape)| {
        plan_and_run(&world, &run, tape);
    });
}

/// The plan in all its forms. The tape orders registrations and answers.
fn forms(world: &World, tape: Vec<u16>) -> Option<[String; 3]> {
    let mut tape = Tape::new(tape);
    let (script, cascade) = drive::engine(world, &mut tape)?;
    let plan = on_paused_clock(drive::plan(world, &cascade, &script, &mut tape)).ok()?;
    Some([plan.digest().unwrap(), plan.to_string(), serde_json::to_string(&plan).unwrap()])
}

#[test]
fn a_plan_does_not_depend_on_the_order_of_registrations_and_answers() {
    check(&(worlds(SMALL), vec(tapes(60), 3)), 300, |(world, tapes)| {
        let [first, others @ ..] = tapes.as_slice() else { return };
        let first = forms(&world, first.clone());
        for other in others {
            assert_eq!(forms(&world, other.clone()), first);
        }
    });
}

/// One large world in 50 orders.
#[test]
fn fifty_orders_give_one_plan() {
    let size = Size { resources: 8, edges: 24, links: 60, instances: 25 };
    check(&(worlds(size), vec(tapes(500), 50)), 2, |(world, tapes)| {
        let all: Vec<_> = tapes.into_iter().map(|tape| forms(&world, tape)).collect();
        assert!(all.iter().all(|forms| *forms == all[0]));
    });
}
