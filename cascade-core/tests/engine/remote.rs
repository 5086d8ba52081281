//! Runs that a driver advances turn by turn, and the serialised forms of their plans, reports and events.

use std::future::pending;
use std::sync::{Arc, Mutex};

use cascade_core::remote::{
    Answer, EventRecord, Fingerprint, PlanHeader, Request, RunMachine, authorize, execute, find, records,
    report_from, report_pages, with_remote,
};
use cascade_core::{
    Cascade, CascadeBuilder, Event, FailurePolicy, FurtherRoots, Record, Report, RunId, StepError,
    StepSettings, place,
};

use crate::loopback::{read_again, through_text};
use crate::support::{Cloud, Kind, Notes, block_on, plan};

/// Two hosts with two VMs each, a batch of one, and a VM that fails at its first attempt.
fn cloud(set: impl FnOnce(CascadeBuilder) -> CascadeBuilder) -> (Cascade, Notes) {
    let flaky = |it: &mut Kind| {
        it.edge("Host", "h1>v1 h1>v2 h2>v3 h2>v4").settings(StepSettings::default().batch(1).retries(2));
        it.declared().effect("destroy", place!(), |_, ids: &[String], cx| {
            let fails = cx.attempt() == 1 && ids.iter().any(|id| id == "v2");
            let answer =
                if fails { Err(StepError::retryable("not yet")) } else { Ok(cascade_core::Outcome::done()) };
            Box::pin(async { answer })
        });
        it.under_declared("Host", "destroy", "");
    };
    let cloud = Cloud::new().kind("Zone", |it| {
        it.root("remove").begin("mark").cleanup("purge");
    });
    let cloud = cloud.kind("Host", |it| {
        it.under("Zone", "remove", "z>h1 z>h2");
    });
    cloud.kind("Vm", flaky).build_with(set)
}

/// The requests of a run and their answers, in order, as a durable engine records them.
#[derive(Default)]
struct Recorded {
    requests: Vec<String>,
    answers: Vec<(u64, Answer)>,
}

fn printed(number: u64, request: &Request) -> String {
    match request {
        Request::Find(call) => format!("{number} {}", serde_json::to_string(call).unwrap()),
        Request::Execute(_, call) => format!("{number} {}", serde_json::to_string(call).unwrap()),
        Request::Authorize(_, call) => format!("{number} {}", serde_json::to_string(call).unwrap()),
        other => format!("{number} {other:?}"),
    }
}

async fn carry_out(there: &Cascade, request: Request) -> Answer {
    match request {
        Request::Find(call) => Answer::Found(find(there, through_text(&call)).await),
        Request::Execute(plan, call) => {
            let answer = execute(there, &read_again(there, &plan), call, pending()).await;
            Answer::Executed(through_text(&answer))
        }
        Request::Authorize(plan, call) => Answer::Authorized(authorize(there, &plan, call).await),
        _ => Answer::Waited,
    }
}

/// Drives a deletion of the zone. Recorded answers are repeated first; then `choose` picks the open request to answer
/// next. `None` interrupts the run.
fn deleted(
    there: &Cascade,
    record: &mut Recorded,
    mut choose: impl FnMut(usize) -> Option<usize>,
) -> Option<(Report, Vec<Event>)> {
    let events = Arc::new(Mutex::new(Vec::new()));
    let mut turns = RunMachine::new(|remote| {
        let (cascade, seen) = (with_remote(there, remote, 3), Arc::clone(&events));
        async move {
            let plan = plan(&cascade, "Zone z").await.unwrap();
            let apply = cascade.apply(plan).policy(FailurePolicy::Isolate).run_as(RunId::from("run-1"));
            apply.on_event(move |event| seen.lock().unwrap().push(event.clone())).await.unwrap()
        }
    });
    let on_record = std::mem::take(&mut record.requests);
    let mut answered = std::mem::take(&mut record.answers).into_iter();
    let mut open = Vec::new();
    loop {
        let ended = turns.turn();
        for (number, request) in turns.take_requests() {
            record.requests.push(printed(number, &request));
            open.push((number, request));
        }
        let common = on_record.len().min(record.requests.len());
        assert_eq!(on_record[..common], record.requests[..common], "the requests are repeated");
        if let Some(report) = ended {
            return Some((report, std::mem::take(&mut events.lock().unwrap())));
        }
        let (number, answer) = if let Some((number, answer)) = answered.next() {
            open.retain(|(at, _)| *at != number);
            (number, answer)
        } else {
            let (number, request) = open.remove(choose(open.len())?);
            (number, block_on(carry_out(there, request)))
        };
        record.answers.push((number, answer.clone()));
        turns.answer(number, answer);
    }
}

/// A generator of choices: equal seeds give equal choices.
fn dice(mut seed: u64) -> impl FnMut(usize) -> Option<usize> {
    move |count| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some((seed >> 33) as usize % count)
    }
}

#[test]
fn a_replayed_run_repeats_its_requests_and_continues() {
    for seed in 0..40 {
        let (there, _) = cloud(|builder| builder);
        let mut whole = Recorded::default();
        let (report, _) = deleted(&there, &mut whole, dice(seed)).unwrap();
        assert!(report.is_complete());
        for interrupted_at in 0..whole.answers.len() {
            let (there, notes) = cloud(|builder| builder);
            let mut record = Recorded::default();
            let mut remaining = interrupted_at;
            let mut first = dice(seed);
            let none = deleted(&there, &mut record, |count| {
                remaining = remaining.checked_sub(1)?;
                first(count)
            });
            assert!(none.is_none());
            let known = record.answers.len();
            let called = notes.calls().len();
            let (again, events) = deleted(&there, &mut record, dice(seed + 100)).unwrap();
            assert_eq!(again.summary(), report.summary());
            assert!(matches!(events.last(), Some(Event::RunEnded { done: 7, .. })));
            assert!(record.answers.len() >= known && notes.calls().len() >= called);
            let mut calls = notes.calls();
            calls.sort();
            calls.dedup();
            assert_eq!(calls.len(), notes.calls().len(), "an answered call is not repeated");
        }
    }
}

#[test]
fn the_driver_waits_before_a_retry() {
    let (there, _) = cloud(|builder| builder);
    let mut record = Recorded::default();
    let (report, events) = deleted(&there, &mut record, dice(1)).unwrap();
    assert!(report.is_complete());
    let waits = record.requests.iter().filter(|request| request.contains("Wait")).count();
    let retried =
        events.iter().filter(|event| matches!(event, Event::StepRetried { attempt: 1, .. })).count();
    assert_eq!((waits, retried), (1, 1));
}

#[test]
fn a_report_survives_serialisation() {
    let deleted = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Host", |it| {
            it.under("Zone", "remove", "z>h1 z>h2 z>h3");
        })
        .failing(&["Host.remove h2", "Host.remove h3"])
        .delete_with("Zone z", |apply| apply.policy(FailurePolicy::Isolate));
    let pages = report_pages(&deleted.report);
    let (there, _) = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Host", |it| {
            it.under("Zone", "remove", "z>h1 z>h2 z>h3");
        })
        .build();
    let plan = block_on(plan(&there, "Zone z")).unwrap();
    let report = report_from(&plan, through_text(&pages)).unwrap();
    assert_eq!(report.summary(), deleted.report.summary());
    assert_eq!(report.to_string(), deleted.report.to_string());
    let short = report_from(&plan, pages.into_iter().take(1)).unwrap_err();
    assert_eq!(short, "the report has 0 instances, but the plan has 4");
}

#[test]
fn events_survive_serialisation() {
    let (there, _) = cloud(|builder| builder);
    let (_, events) = deleted(&there, &mut Recorded::default(), dice(7)).unwrap();
    for event in events {
        let record = through_text(&EventRecord::from(&event));
        let again = record.clone().into_event(there.graph()).unwrap();
        assert_eq!(EventRecord::from(&again), record);
    }
}

#[test]
fn restoring_a_plan_names_a_missing_resource() {
    let (there, _) = cloud(|builder| builder);
    let plan = block_on(plan(&there, "Zone z")).unwrap();
    let header = PlanHeader::of(&plan).unwrap();
    let (other, _) = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .build();
    let records = records(&plan, None).map(Result::unwrap);
    let error = cascade_core::remote::restore(&other, &header, records).unwrap_err();
    assert_eq!(error, "there is no resource Host");
}

#[test]
fn restoring_a_plan_refuses_roots_that_do_not_fit() {
    let (there, _) = cloud(|builder| builder);
    let plan = block_on(plan(&there, "Zone z")).unwrap();
    let header = PlanHeader::of(&plan).unwrap();
    let refused = |header: &PlanHeader, further: &[(&str, u32)]| {
        let further = further
            .iter()
            .map(|&(resource, count)| Record::Roots(FurtherRoots { resource: resource.to_owned(), count }));
        let records = further.chain(records(&plan, None).map(Result::unwrap));
        cascade_core::remote::restore(&there, header, records.collect::<Vec<_>>()).unwrap_err()
    };
    assert_eq!(refused(&header, &[("Zone", 1)]), "Zone is a root resource twice");
    assert_eq!(refused(&header, &[("Rack", 1)]), "no linked extension declares Rack");
    assert_eq!(refused(&header, &[("Host", 1)]), "Host has no rule for `delete` as the root");
    let mut more = header.clone();
    more.roots = 7;
    assert_eq!(refused(&more, &[]), "the run has 7 roots of Zone, but only 1 instances");
}

#[test]
fn a_difference_names_missing_extensions() {
    let (here, _) = cloud(|builder| builder);
    let (there, _) = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove").begin("mark").cleanup("purge");
        })
        .kind("Host", |it| {
            it.under("Zone", "remove", "z>h1 z>h2");
        })
        .build();
    let (here, there) = (Fingerprint::of(&here), Fingerprint::of(&there));
    assert_ne!(here.version(), there.version());
    let difference = here.difference(&there).unwrap().to_string();
    assert!(difference.starts_with("it lacks extension VmCascade of Vm, "), "{difference}");
    assert!(difference.contains("edge from Vm to Host"), "{difference}");

    let (same, _) = cloud(|builder| builder);
    assert_eq!(Fingerprint::of(&same).version(), here.version());
    let (packed, _) = cloud(|builder| builder.finder_batch(7));
    let difference = here.difference(&Fingerprint::of(&packed)).unwrap().to_string();
    assert!(difference.contains("finder calls: 7 parents in one"), "{difference}");
}
