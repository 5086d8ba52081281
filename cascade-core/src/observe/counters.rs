//! Metrics of runs, sent to the recorder that the program installs with the `metrics` crate. Feature `metrics`.

use metrics::{counter, histogram};

use super::event::{Event, StepName};

/// Counts an event. Pass this function to [`Apply::on_event`](crate::Apply::on_event).
///
/// | metric | kind | labels |
/// | --- | --- | --- |
/// | `cascade_runs_total` | counter | `operation` |
/// | `cascade_steps_total` | counter | `phase`, `resource`, `effect`, `outcome` (`ok`, `failed`) |
/// | `cascade_step_instances_total` | counter | `phase`, `resource`, `effect`, `outcome` (`ok`, `failed`, `left`) |
/// | `cascade_step_seconds` | histogram | `phase`, `resource`, `effect` |
/// | `cascade_retries_total` | counter | `phase`, `resource`, `effect` |
/// | `cascade_newcomers_total` | counter | |
/// | `cascade_verdicts_total` | counter | `verdict` (`done`, `failed`, `blocked`, `not_started`, `left`) |
///
/// ```no_run
/// # async fn run(cascade: cascade_core::Cascade, plan: cascade_core::Plan) -> Result<(), cascade_core::ApplyError> {
/// let report = cascade.apply(plan).on_event(cascade_core::count).await?;
/// # Ok(())
/// # }
/// ```
pub fn count(event: &Event) {
    match event {
        Event::RunStarted { operation, .. } => {
            counter!("cascade_runs_total", "operation" => *operation).increment(1);
        }
        Event::StepEnded { step, failed, left, elapsed, .. } => {
            let outcomes = [("ok", step.instances - failed - left), ("failed", *failed), ("left", *left)];
            for (outcome, instances) in outcomes.into_iter().filter(|(_, instances)| *instances > 0) {
                counter!("cascade_step_instances_total", &with_outcome(step, outcome))
                    .increment(instances as u64);
            }
            let outcome = if *failed == 0 { "ok" } else { "failed" };
            counter!("cascade_steps_total", &with_outcome(step, outcome)).increment(1);
            histogram!("cascade_step_seconds", &labels(step)).record(elapsed.as_secs_f64());
        }
        Event::StepRetried { step, .. } => {
            counter!("cascade_retries_total", &labels(step)).increment(1);
        }
        Event::Chased { newcomers } => counter!("cascade_newcomers_total").increment(*newcomers as u64),
        Event::Departed { instances } => counter!("cascade_departed_total").increment(*instances as u64),
        Event::RunEnded { done, failed, blocked, not_started, left } => {
            let verdicts = [
                ("done", done),
                ("failed", failed),
                ("blocked", blocked),
                ("not_started", not_started),
                ("left", left),
            ];
            for (verdict, instances) in verdicts {
                counter!("cascade_verdicts_total", "verdict" => verdict).increment(*instances as u64);
            }
        }
        Event::Found { .. }
        | Event::PhaseStarted { .. }
        | Event::StepStarted { .. }
        | Event::RefreshStarted
        | Event::RefreshEnded { .. }
        | Event::Replanned { .. }
        | Event::Cancelled => {}
    }
}

fn labels(step: &StepName) -> Vec<(&'static str, String)> {
    vec![
        ("phase", step.phase.to_string()),
        ("resource", step.resource.to_string()),
        ("effect", step.effect.to_string()),
    ]
}

fn with_outcome(step: &StepName, outcome: &str) -> Vec<(&'static str, String)> {
    let mut labels = labels(step);
    labels.push(("outcome", outcome.to_owned()));
    labels
}
