//! The same commands for Restate's runs. These continue on their own; the commands wait for them.

use cascade_core::{Report, RunId, StuckStep};
use cascade_restate::{RemoteRun, RestateError};
use serde::Serialize;

use crate::args::{ResumeArgs, RunArgs, RunsArgs};
use crate::cloud::Workers;
use crate::failure::Failure;
use crate::operate::{on_ctrl_c, verdict};
use crate::print::{print, print_json, say};
use crate::runs::{line, print_report};

/// `iaas runs --restate …`
pub(crate) async fn list(workers: &Workers, args: &RunsArgs) -> Result<(), Failure> {
    if args.forget.is_some() {
        return Err(Failure::Usage(String::from(
            "--forget is for local runs: Restate forgets runs by itself, a week after their end",
        )));
    }
    let runs = workers.client.runs(&workers.admin).await?;
    if args.json {
        return print_json(&runs);
    }
    print(runs.iter().map(text).collect::<String>())
}

fn text(run: &RemoteRun) -> String {
    let trouble = run.trouble.as_ref().map_or_else(String::new, |trouble| format!("  {trouble}\n"));
    line(&run.info) + &trouble
}

/// `iaas run <id> --restate …`
pub(crate) async fn show(workers: &Workers, args: &RunArgs) -> Result<(), Failure> {
    if args.verify {
        return Err(Failure::Usage(String::from("--verify is for local runs")));
    }
    let run = RunId::from(args.id.as_str());
    let (info, stuck) = workers.client.run(&run, &workers.admin).await?;
    let report = if info.info.state.has_ended() { Some(workers.client.attach(&run).await) } else { None };
    // A refused run has no report, but an error with the reason.
    let report: Option<Report> = report.transpose()?;
    if args.json {
        #[derive(Serialize)]
        struct Document<'a> {
            #[serde(flatten)]
            run: &'a RemoteRun,
            stuck: &'a [StuckStep],
            report: Option<cascade_core::ReportSummary>,
        }
        let report = report.as_ref().map(Report::summary);
        return print_json(&Document { run: &info, stuck: &stuck, report });
    }
    print(text(&info))?;
    stuck.iter().try_for_each(|step| print(format_args!("  {step}\n")))?;
    report.iter().try_for_each(print)
}

/// `iaas resume [<id>] --restate …`: waits for the end of the runs.
pub(crate) async fn attach(workers: &Workers, args: ResumeArgs) -> Result<(), Failure> {
    let interrupted = on_ctrl_c()?;
    let runs = if let Some(id) = args.id {
        vec![RunId::from(id)]
    } else {
        let all = workers.client.runs(&workers.admin).await?.into_iter();
        all.filter(|run| !run.info.state.has_ended()).map(|run| run.info.run.id).collect()
    };
    if runs.is_empty() {
        say(format_args!("iaas: no run to wait for"));
    }
    let mut outcome = Ok(());
    for run in runs {
        let client = &workers.client;
        let mut attached = std::pin::pin!(client.attach(&run));
        let report: Result<Report, RestateError> = tokio::select! {
            report = &mut attached => report,
            () = interrupted.cancelled() => {
                client.cancel(&run).await?;
                attached.await
            }
        };
        let report = report?;
        print_report(&report, args.json)?;
        outcome = outcome.and(verdict(&report, &interrupted));
    }
    outcome
}
