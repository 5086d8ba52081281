//! `iaas runs`, `iaas run` and `iaas resume`: list runs, show one, resume.

use std::time::Duration;

use cascade_core::{
    CancellationToken, InstanceName, Journal, JournalError, PlanDifference, Receipt, Report, ResumeError,
    RunDetails, RunId, RunInfo, RunState,
};
use indicatif::{HumanCount, HumanDuration};
use serde::Serialize;

use crate::args::{ResumeArgs, RunArgs, RunsArgs};
use crate::cloud::Cloud;
use crate::failure::Failure;
use crate::operate::{on_ctrl_c, verdict};
use crate::print::{print, print_json, say};
use crate::remote_runs;

/// Prints how to resume each interrupted run.
pub(crate) async fn remind(cloud: &Cloud) -> Result<(), Failure> {
    if cloud.workers.is_some() {
        return Ok(());
    }
    for info in cloud.cascade.runs().await? {
        if info.is_resumable() && info.state == RunState::Unfinished {
            let (what, progress, id) = (what(&info), progress(&info), &info.run.id);
            say(format_args!(
                "iaas: {what} was interrupted at {progress}: resume it with `iaas resume {id}`"
            ));
        }
    }
    Ok(())
}

/// `iaas runs`
pub(crate) async fn list(cloud: &Cloud, args: RunsArgs) -> Result<(), Failure> {
    if let Some(workers) = &cloud.workers {
        return remote_runs::list(workers, &args).await;
    }
    if let Some(age) = args.forget {
        let forgotten = cloud.journal().forget_ended(age).await?;
        say(format_args!(
            "iaas: forgot {forgotten} runs that ended more than {} ago",
            humantime::format_duration(age)
        ));
    }
    let runs = cloud.cascade.runs().await?;
    if args.json {
        return print_json(&runs);
    }
    print(runs.iter().map(line).collect::<String>())
}

pub(crate) fn line(info: &RunInfo) -> String {
    let owner = info.owner.as_ref().map_or_else(String::new, |owner| format!("  {owner}"));
    let (id, state, progress) = (&info.run.id, state(info), progress(info));
    let age = HumanDuration(info.age());
    format!("{id}  {state:<10}  {progress:<24}  {}  {age} ago{owner}\n", what(info))
}

/// `iaas run <id>`
pub(crate) async fn show(cloud: &Cloud, args: RunArgs) -> Result<(), Failure> {
    if let Some(workers) = &cloud.workers {
        return remote_runs::show(workers, &args).await;
    }
    let run = RunId::from(args.id);
    let details = cloud.cascade.run_details(&run).await?;
    let receipt = if args.verify { Some(cloud.cascade.verify(&run).await?) } else { None };
    if args.json {
        #[derive(Serialize)]
        struct Document<'a> {
            #[serde(flatten)]
            details: &'a RunDetails,
            #[serde(skip_serializing_if = "Option::is_none")]
            receipt: Option<&'a Receipt>,
        }
        let document = Document { details: &details, receipt: receipt.as_ref() };
        print_json(&document)?;
    } else {
        print(text(&details))?;
        if let Some(receipt) = &receipt {
            print(format_args!("{receipt}\n"))?;
        }
    }
    if receipt.is_some_and(|receipt| !receipt.is_clean()) { Err(Failure::Incomplete) } else { Ok(()) }
}

fn text(details: &RunDetails) -> String {
    let info = &details.info;
    let mut lines = vec![
        format!("{}: {}", info.run.id, what(info)),
        format!("  {}, {}, started {} ago", state(info), progress(info), HumanDuration(info.age())),
    ];
    lines.extend(info.confirmed_by.as_ref().map(|by| format!("  confirmed by {by}")));
    if info.takeovers > 0 {
        lines.push(format!("  resumed {} times", info.takeovers));
    }
    lines.extend(info.owner.as_ref().map(|owner| format!("  owned by {owner}")));
    lines.extend(details.steps.iter().map(|step| {
        let failed = if step.failed > 0 { format!(", {} failed", step.failed) } else { String::new() };
        let left = if step.left > 0 { format!(", {} left", step.left) } else { String::new() };
        format!(
            "  {:<8} {:<22} {:<24} {:>9}{failed}{left}",
            step.phase.to_string(),
            step.resource,
            step.effect,
            step.done
        )
    }));
    lines.extend(details.under_way.iter().map(|it| format!("  not ended: {} {}", it.instance, it.effect)));
    lines.extend(
        details.failures.iter().map(|it| format!("  failed: {}: {}: {}", it.instance, it.effect, it.error)),
    );
    lines.join("\n") + "\n"
}

/// `iaas resume`
pub(crate) async fn resume(cloud: &Cloud, args: ResumeArgs) -> Result<(), Failure> {
    if let Some(workers) = &cloud.workers {
        return remote_runs::attach(workers, args).await;
    }
    let interrupted = on_ctrl_c()?;
    match args.id {
        Some(id) => {
            let run = RunId::from(id);
            let report = match resume_one(cloud, &run, args.accept, &interrupted).await {
                Err(ResumeError::Unrecorded { error, report }) => {
                    print_report(&report, args.json)?;
                    return Err(Failure::Unrecorded(error));
                }
                report => report?,
            };
            print_report(&report, args.json)?;
            verdict(&report, &interrupted)
        }
        None => resume_all(cloud, args.json, &interrupted).await,
    }
}

async fn resume_one(
    cloud: &Cloud,
    run: &RunId,
    accept: Option<String>,
    interrupted: &CancellationToken,
) -> Result<Report, ResumeError> {
    // A plan that does more than was confirmed needs the user's acceptance.
    let show = move |difference: &PlanDifference| {
        let is_accepted = accept.as_deref().is_some_and(|digest| digest == short(difference));
        let accepted = is_accepted || (difference.added == 0 && difference.changed == 0);
        if accepted {
            say(format_args!(
                "iaas: the resources have changed since the plan was made, resuming with: {difference}"
            ));
        }
        accepted
    };
    cloud.cascade.resume(run).cancelled_by(interrupted.clone()).on_difference(show).await
}

/// The part of the new plan's digest that the user has to type.
pub(crate) fn short(difference: &PlanDifference) -> &str {
    difference.digest.get(..12).unwrap_or(&difference.digest)
}

/// The result of one of several runs.
#[derive(Serialize)]
struct Resumed {
    run: RunId,
    report: Option<cascade_core::ReportSummary>,
    error: Option<String>,
}

/// The error, with the command that solves it.
pub(crate) fn text_with_help(error: &ResumeError) -> String {
    match error {
        ResumeError::Differs { run, difference } => {
            format!("{error}\nto accept the difference: `iaas resume {run} --accept {}`", short(difference))
        }
        _ => error.to_string(),
    }
}

/// Resumes all interrupted runs without an owner. The first failure decides the exit code.
async fn resume_all(cloud: &Cloud, json: bool, interrupted: &CancellationToken) -> Result<(), Failure> {
    let mut outcome = Ok(());
    let mut document = Vec::new();
    let mut nothing = true;
    for info in cloud.cascade.runs().await? {
        let run = info.run.id.clone();
        if info.state.has_ended() || interrupted.is_cancelled() {
            continue;
        }
        nothing = false;
        if let Some(owner) = &info.owner {
            say(format_args!("iaas: run {run} is running: {owner} owns it"));
            continue;
        }
        say(format_args!("iaas: resuming {run}: {}", what(&info)));
        let (report, error) = match resume_one(cloud, &run, None, interrupted).await {
            Ok(report) => {
                if !json {
                    print(&report)?;
                }
                outcome = outcome.and(verdict(&report, interrupted));
                (Some(report.summary()), None)
            }
            // Another process was quicker, or the run never changed anything: not a failure of this command.
            Err(
                error @ (ResumeError::Journal(JournalError::Owned { .. })
                | ResumeError::HasEnded { .. }
                | ResumeError::NeverStarted { .. }),
            ) => {
                say(format_args!("iaas: {error}"));
                (None, Some(error.to_string()))
            }
            Err(error) => {
                let text = text_with_help(&error);
                say(format_args!("iaas: {text}"));
                // The report shows the progress before the journal failed.
                let report =
                    if let ResumeError::Unrecorded { report, .. } = &error { Some(&**report) } else { None };
                if let Some(report) = report.filter(|_| !json) {
                    print(report)?;
                }
                let summary = report.map(Report::summary);
                outcome = outcome.and(Err(Failure::Reported(Box::new(error.into()))));
                (summary, Some(text))
            }
        };
        document.push(Resumed { run, report, error });
    }
    if json {
        print_json(&document)?;
    } else if nothing {
        say(format_args!("iaas: no run to resume"));
    }
    outcome
}

pub(crate) fn print_report(report: &Report, json: bool) -> Result<(), Failure> {
    if json { print_json(&report.summary()) } else { print(report) }
}

/// `delete Zone zone-1`
fn what(info: &RunInfo) -> String {
    let run = &info.run;
    let of_resource = |resource: &str, roots: &[InstanceName], count: u64| {
        let more = count.saturating_sub(roots.len() as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let roots: Vec<&str> = roots.iter().map(|root| root.text.as_str()).collect();
        format!("{resource} {}{more}", roots.join(" "))
    };
    let first = of_resource(&run.root, &run.roots, run.root_count);
    let further = run.further_roots.iter().map(|of| of_resource(&of.resource, &of.roots, of.count));
    let roots: Vec<String> = std::iter::once(first).chain(further).collect();
    format!("{} {}", run.operation, roots.join("; "))
}

/// `1,204 of 10,234`
fn progress(info: &RunInfo) -> String {
    let failed =
        if info.failed > 0 { format!(", {} failed", HumanCount(info.failed)) } else { String::new() };
    format!("{} of {}{failed}", HumanCount(info.ended), HumanCount(info.run.instances))
}

fn state(info: &RunInfo) -> String {
    match (info.state, &info.owner) {
        (RunState::Unfinished, Some(_)) => String::from("running"),
        (state, _) => state.to_string(),
    }
}

/// Parses an age: `30d`, `12h`.
pub(crate) fn age(text: &str) -> Result<Duration, humantime::DurationError> {
    humantime::parse_duration(text)
}
