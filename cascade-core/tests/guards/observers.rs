//! Observing runs: events, progress bars, counters.

use std::sync::{Arc, Mutex};

use cascade_core::prelude::*;
use cascade_core::{Event, Phase};

use crate::cloud::{Rack, World};

fn world() -> World {
    World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1"), ("vm-2", "host-1")])
}

#[tokio::test]
async fn events_have_the_order_of_the_run() {
    let cascade = world().builder().build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let run = cascade.apply(plan).on_event(move |event| {
        let line = match event {
            Event::RunStarted { operation, instances } => format!("{operation} of {instances}"),
            Event::PhaseStarted { phase } => format!("phase {phase}"),
            Event::StepStarted { step } => format!("{} {} of {}", step.effect, step.resource, step.instances),
            Event::StepEnded { step, failed, ended, blocked, .. } => {
                format!("{} ended: {ended}, {failed} failed, {blocked} blocked", step.resource)
            }
            Event::RunEnded { done, .. } => format!("{done} done"),
            other => format!("{other:?}"),
        };
        log.lock().expect("no thread panics while it holds the lock").push(line);
    });
    assert!(run.await.expect("the plan can be applied").is_complete());
    assert_eq!(
        *seen.lock().expect("no thread panics while it holds the lock"),
        [
            "delete of 4",
            "phase begin",
            "close Host of 1",
            "Host ended: 1, 0 failed, 0 blocked",
            "phase effect",
            "remove Vm of 2",
            "Vm ended: 2, 0 failed, 0 blocked",
            "remove Host of 1",
            "Host ended: 1, 0 failed, 0 blocked",
            "remove Rack of 1",
            "Rack ended: 1, 0 failed, 0 blocked",
            "4 done",
        ]
    );
}

#[tokio::test]
async fn a_listener_of_the_cascade_sees_planning_and_runs() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let observed = world().builder().on_event(move |event| {
        let line = match event {
            Event::Found { resource, new, instances } => format!("{new} {resource}, {instances} in all"),
            Event::RunEnded { done, .. } => format!("{done} done"),
            _ => return,
        };
        log.lock().expect("no thread panics while it holds the lock").push(line);
    });
    let cascade = observed.build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let found = ["1 Host, 2 in all", "2 Vm, 4 in all"];
    assert_eq!(*seen.lock().expect("no thread panics while it holds the lock"), found);
    assert!(cascade.apply(plan).await.expect("the plan can be applied").is_complete());
    assert_eq!(
        seen.lock().expect("no thread panics while it holds the lock").last().map(String::as_str),
        Some("4 done")
    );
}

/// Deeper resources have priority: of two hosts without VMs and a VM, the VM starts first.
#[tokio::test]
async fn deeper_resources_start_first() {
    let hosts = [("host-1", "rack-1"), ("host-2", "rack-1"), ("host-3", "rack-1")];
    let world = World::new(&hosts, &[("vm-1", "host-3")]);
    let cascade = world.builder().concurrency(1).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let first = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&first);
    let run = cascade.apply(plan).on_event(move |event| {
        if let Event::StepStarted { step } = event
            && step.phase == Phase::Effect
        {
            seen.lock()
                .expect("no thread panics while it holds the lock")
                .get_or_insert(step.resource.to_string());
        }
    });
    assert!(run.await.expect("the plan can be applied").is_complete());
    assert_eq!(first.lock().expect("no thread panics while it holds the lock").as_deref(), Some("Vm"));
}

#[tokio::test]
async fn a_panicking_listener_does_not_stop_the_run() {
    let cascade = world().builder().build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let run = cascade.apply(plan).on_event(|_| std::panic::panic_any("no more"));
    assert!(run.await.expect("the plan can be applied").is_complete());
}

#[cfg(feature = "progress")]
#[tokio::test]
async fn each_resource_has_a_bar_that_fills() {
    use cascade_core::ProgressBars;
    use indicatif::{InMemoryTerm, ProgressDrawTarget};

    let cascade = world().builder().build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let terminal = InMemoryTerm::new(10, 80);
    let bars = ProgressBars::new(&plan, ProgressDrawTarget::term_like(Box::new(terminal.clone())));
    let run = cascade.apply(plan).on_event(move |event| bars.see(event));
    assert!(run.await.expect("the plan can be applied").is_complete());
    let lines: Vec<String> = terminal.contents().lines().map(|line| line.replace('█', "")).collect();
    let ends: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    assert_eq!(ends.len(), 3, "{ends:?}");
    for (line, (name, count)) in ends.iter().zip([("Vm", 2), ("Host", 1), ("Rack", 1)]) {
        assert!(line.starts_with(name) && line.ends_with(&format!("{count} of {count}")), "{line}");
    }
}

#[cfg(feature = "metrics")]
#[test]
fn counters_add_up() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
        runtime.block_on(async {
            let cascade = world().builder().build().expect("the graph has no faults");
            let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
            let run = cascade.apply(plan).on_event(cascade_core::count);
            assert!(run.await.expect("the plan can be applied").is_complete());
        });
    });
    let mut counted: Vec<String> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter_map(|(key, _, _, value)| {
            let labels: Vec<String> = key.key().labels().map(|label| label.value().to_owned()).collect();
            let DebugValue::Counter(count) = value else { return None };
            Some(format!("{}{labels:?} {count}", key.key().name()))
        })
        .collect();
    counted.sort();
    assert_eq!(
        counted,
        [
            r#"cascade_runs_total["delete"] 1"#,
            r#"cascade_step_instances_total["begin", "Host", "close", "ok"] 1"#,
            r#"cascade_step_instances_total["effect", "Host", "remove", "ok"] 1"#,
            r#"cascade_step_instances_total["effect", "Rack", "remove", "ok"] 1"#,
            r#"cascade_step_instances_total["effect", "Vm", "remove", "ok"] 2"#,
            r#"cascade_steps_total["begin", "Host", "close", "ok"] 1"#,
            r#"cascade_steps_total["effect", "Host", "remove", "ok"] 1"#,
            r#"cascade_steps_total["effect", "Rack", "remove", "ok"] 1"#,
            r#"cascade_steps_total["effect", "Vm", "remove", "ok"] 1"#,
            r#"cascade_verdicts_total["blocked"] 0"#,
            r#"cascade_verdicts_total["done"] 4"#,
            r#"cascade_verdicts_total["failed"] 0"#,
            r#"cascade_verdicts_total["left"] 0"#,
            r#"cascade_verdicts_total["not_started"] 0"#,
        ]
    );
}
